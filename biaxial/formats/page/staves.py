"""Which notes of a score stand on which staff, and in which line of it.

A staff holds lines: chords, or single notes, one after the other. Where music has voices each is a line of its own, and
one that sounds with itself as many as it takes; other music is laid out for a keyboard, or on one staff if it is one
line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from biaxial.music.constants import NUM_VOICES, VOICE_NAMES
from biaxial.music.performance.instruments import Clef, Preset, Seat
from biaxial.music.score import Note, Score

MAX_LINES: Final = 4
"""Most lines of a staff on which chords are laid out freely; notation programs have no more."""

_MIDDLE_C = 60
_MIN_TREBLE_PITCH = 57
"""Mean pitch from which a staff gets a treble clef."""
_FAR = 6
"""Semitones that the mean of two voices of a choir must be further off."""


@dataclass(frozen=True, slots=True)
class Chord:
    """Notes that are written as one: they have one onset and one end, which may be those of pieces of longer notes.

    Parameters
    ----------
    start, end
        Ticks.
    notes
        Places in the notes of the score, from the lowest pitch up; empty for a rest.
    goes_on, came_from
        Those of ``notes`` that sound on after the end, or before the start: they are tied.
    """

    start: int
    end: int
    notes: tuple[int, ...] = ()
    goes_on: frozenset[int] = frozenset()
    came_from: frozenset[int] = frozenset()

    def cut(self, edges: Iterable[int]) -> list[Chord]:
        """The same music in pieces that end at the edges, which are in order."""
        pieces, start = [], self.start
        whole = frozenset(self.notes)
        for edge in (*(edge for edge in edges if self.start < edge < self.end), self.end):
            before = self.came_from if start == self.start else whole
            after = self.goes_on if edge == self.end else whole
            pieces.append(Chord(start, edge, self.notes, after, before))
            start = edge
        return pieces


@dataclass(frozen=True, slots=True)
class Staff:
    """Five lines of a page and what stands on them.

    Parameters
    ----------
    clef
        How it is read.
    lines
        The chords of each line, in order and apart from each other, from the highest line down.
    fixed
        Whether each line keeps its stems, up or down, and shows its rests, as the voices of a choir do.
    """

    clef: Clef
    lines: tuple[tuple[Chord, ...], ...]
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Player:
    """What one player, or one pair of voices, reads, and what it is played on where that is known of each voice."""

    name: str
    staves: tuple[Staff, ...]
    preset: Preset | None = None


def players_of(score: Score, staves: Literal[2, 4] = 2, seats: Sequence[Seat] = ()) -> tuple[Player, ...]:
    """The page of a score, from top to bottom.

    Parameters
    ----------
    score
        Any music.
    staves
        For music in four voices: two staves of two voices, or four of one.
    seats
        What each voice is played on, or one for music without voices; then each has a staff of its own.
    """
    if seats:
        return _seated(score, seats)
    by_voice: dict[int | None, list[int]] = {}
    for place, note in enumerate(score.notes):
        by_voice.setdefault(note.voice, []).append(place)
    count = score.num_voices
    if count == NUM_VOICES:
        lines = [by_voice.get(voice, []) for voice in range(NUM_VOICES)]
        if staves == 2 and all(_is_line(score, line) for line in lines):
            pairs = (lines[:2], VOICE_NAMES[:2]), (lines[2:], VOICE_NAMES[2:])
            usual_clefs: tuple[Clef, ...] = ("treble", "bass")
            return tuple(
                Player(" ".join(names), (_pair(score, pair, usual),))
                for (pair, names), usual in zip(pairs, usual_clefs, strict=True)
            )
        clefs: tuple[Clef | None, ...] = (None, None, "tenor", None)
        named = zip(VOICE_NAMES, lines, clefs, strict=True)
        return tuple(Player(name, (_staff(score, line, clef),)) for name, line, clef in named)
    if count > 1:
        names = [f"Voice {voice + 1}" for voice in range(count)]
        return tuple(Player(name, (_staff(score, by_voice.get(voice, [])),)) for voice, name in enumerate(names))
    places = range(len(score.notes))
    if _is_line(score, places):
        return (Player("Melody", (_staff(score, places),)),)
    return (Player("Piano", _two_hands(score, places)),)


def _two_hands(score: Score, places: Sequence[int]) -> tuple[Staff, Staff]:
    right = [place for place in places if score.notes[place].pitch >= _MIDDLE_C]
    left = [place for place in places if score.notes[place].pitch < _MIDDLE_C]
    return _staff(score, right, "treble"), _staff(score, left, "bass")


def _seated(score: Score, seats: Sequence[Seat]) -> tuple[Player, ...]:
    """A player for each voice, or one for music that has none."""
    if not score.num_voices:
        (player,) = players_of(score)
        return (Player(seats[0].title, player.staves, seats[0].preset),)
    players = []
    for voice, seat in enumerate(seats):
        places = [place for place, note in enumerate(score.notes) if note.voice == voice]
        two = seat.has_keys and not _is_line(score, places)
        staves = _two_hands(score, places) if two else (_staff(score, places, seat.clef),)
        players.append(Player(seat.title, staves, seat.preset))
    return tuple(players)


def _is_line(score: Score, places: Sequence[int]) -> bool:
    notes = [score.notes[place] for place in places]
    return all(a.end_ticks <= b.onset_ticks for a, b in pairwise(notes))


def _clef(notes: Sequence[Note], lowest: int = _MIN_TREBLE_PITCH) -> Clef:
    mean = sum(note.pitch for note in notes) / len(notes) if notes else _MIDDLE_C
    return "treble" if mean >= lowest else "bass"


def _pair(score: Score, lines: Sequence[Sequence[int]], usual: Clef) -> Staff:
    """Two voices, in the clef that choirs expect unless they are far off it."""
    notes = [score.notes[place] for line in lines for place in line]
    off = _FAR if usual == "bass" else -_FAR
    clef = _clef(notes, _MIN_TREBLE_PITCH + off)
    return Staff(clef, tuple(tuple(_chords(score, line)) for line in lines), fixed=True)


def _staff(score: Score, places: Sequence[int], clef: Clef | None = None) -> Staff:
    chosen = clef or _clef([score.notes[place] for place in places])
    return Staff(chosen, tuple(tuple(line) for line in _lines(score, places)))


def _lines(score: Score, places: Sequence[int]) -> list[list[Chord]]:
    """Notes in as few lines as it takes, each taken by the first that is free; the last takes whatever is left."""
    groups: dict[tuple[int, int], list[int]] = {}
    for place in sorted(places, key=lambda place: (score.notes[place].onset_ticks, -score.notes[place].pitch)):
        note = score.notes[place]
        groups.setdefault((note.onset_ticks, note.end_ticks), []).append(place)
    lines: list[list[int]] = [[]]
    ends = [0]
    for (onset, end), group in groups.items():
        free = next((number for number, until in enumerate(ends) if until <= onset), len(lines))
        if free == MAX_LINES:
            free -= 1
        elif free == len(lines):
            lines.append([])
            ends.append(0)
        lines[free] += group
        ends[free] = max(ends[free], end)
    return [_chords(score, line) for line in lines]


def _chords(score: Score, places: Sequence[int]) -> list[Chord]:
    """The chords of a line: notes that overlap are cut wherever one of them begins or ends."""
    spans = _apart(score, places)
    edges = sorted({tick for _, *span in spans for tick in span})
    index = {tick: number for number, tick in enumerate(edges)}
    found: dict[tuple[int, int], list[Chord]] = {}
    for place, start, end in spans:
        for piece in Chord(start, end, (place,)).cut(edges[index[start] + 1 : index[end]]):
            found.setdefault((piece.start, piece.end), []).append(piece)
    return [_joined(score, pieces) for _, pieces in sorted(found.items())]


def _apart(score: Score, places: Sequence[int]) -> list[tuple[int, int, int]]:
    """Place, start and end of notes: one that is struck again while it sounds ends there, and is not written twice."""
    begun: dict[tuple[int, int], int] = {}  # (pitch, onset): the longest that begins there
    for place in places:
        note = score.notes[place]
        other = begun.setdefault((note.pitch, note.onset_ticks), place)
        if note.length_ticks > score.notes[other].length_ticks:
            begun[note.pitch, note.onset_ticks] = place
    spans = []
    following: dict[int, int] = {}
    for (pitch, onset), place in sorted(begun.items(), reverse=True):
        end = min(score.notes[place].end_ticks, following.get(pitch, score.notes[place].end_ticks))
        spans.append((place, onset, end))
        following[pitch] = onset
    return spans


def _joined(score: Score, pieces: Sequence[Chord]) -> Chord:
    """One chord out of notes that sound together."""
    notes = sorted((piece.notes[0] for piece in pieces), key=lambda place: score.notes[place].pitch)
    goes_on, came_from = (
        frozenset[int]().union(*sets) for sets in zip(*((p.goes_on, p.came_from) for p in pieces), strict=True)
    )
    return Chord(pieces[0].start, pieces[0].end, tuple(notes), goes_on, came_from)
