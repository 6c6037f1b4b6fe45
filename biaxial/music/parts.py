"""Parts and voices: a piece in named parts, as its file has it, and voices for music that comes without them.

Nobody has said yet which of the parts is which voice. Where there are no parts, voices are given by least movement; the
faithful loss of voices is the test of that. Voices are counted from the top, 0 for the highest. Pitches are MIDI
numbers, costs are in semitones of movement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from biaxial.music.constants import NUM_VOICES
from biaxial.music.score import Note, Score, Syllable


@dataclass(frozen=True)
class Part:
    """What one player plays.

    Parameters
    ----------
    name
        As the file has it; may be empty.
    notes
        At least one, sorted by onset and pitch, without voices.
    """

    name: str
    notes: tuple[Note, ...]

    @property
    def mean_pitch(self) -> float:
        """Mean MIDI number of its notes."""
        return sum(note.pitch for note in self.notes) / len(self.notes)

    @property
    def is_line(self) -> bool:
        """Whether no two of its notes sound together."""
        return all(first.end_ticks <= second.onset_ticks for first, second in pairwise(self.notes))


@dataclass(frozen=True)
class Parts:
    """A piece in parts.

    Parameters
    ----------
    outline
        Everything but the notes.
    parts
        Those that have notes, in the order of the file.
    remarks
        What a user should know of how it was read, one line each.
    more_verses
        The words from the second verse on, each as ``lyrics`` of a score.
    """

    outline: Score
    parts: tuple[Part, ...]
    remarks: tuple[str, ...] = ()
    more_verses: tuple[tuple[Syllable, ...], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names to show to a person: ``"Part 2"`` where the file has none."""
        return tuple(part.name or f"Part {number}" for number, part in enumerate(self.parts, 1))


def parts_of(outline: Score, named: Iterable[tuple[str, Iterable[Note]]], remarks: Iterable[str] = ()) -> Parts:
    """Parts with their notes in order and without voices; those without notes are left out."""
    parts = [
        Part(name.strip(), tuple(sorted((replace(note, voice=None) for note in notes), key=_reading_order)))
        for name, notes in named
    ]
    return Parts(outline, tuple(part for part in parts if part.notes), tuple(remarks))


def _reading_order(note: Note) -> tuple[int, int, int]:
    return note.onset_ticks, note.pitch, note.length_ticks


def as_score(piece: Parts) -> Score:
    """The piece as one score: four parts with one note at a time each are S A T B, others have no voices."""
    voices: Sequence[int | None] = [None] * len(piece.parts)
    if len(piece.parts) == NUM_VOICES and all(part.is_line for part in piece.parts):
        voices = range(NUM_VOICES)
    notes = (replace(note, voice=voice) for voice, part in zip(voices, piece.parts, strict=True) for note in part.notes)
    return replace(piece.outline, notes=tuple(notes))


def phrase_ends(fermatas: Sequence[set[int]]) -> tuple[int, ...] | None:
    """Onsets under a fermata: those of the first part, or of any where it has none; ``None`` where no part has."""
    chosen = (fermatas[0] if fermatas else set()) or set().union(*fermatas)
    return tuple(sorted(chosen)) or None


MAX_VOICES = 5
"""The search looks at every distribution of voices over notes, which grows too fast beyond this."""
_REST = -1


@dataclass(frozen=True, slots=True)
class VoiceCosts:
    """What it costs to give voices to sounding notes, beside one for each semitone that a voice moves.

    Measured on Bach's chorales, anything from a fourth of these values upwards recovers the same share of voices within
    0.2 points, as does a square root or a logarithm of the movement: the cost is plain for that reason.

    Parameters
    ----------
    crossing
        Each pair of voices of which the lower sounds higher, in each slice.
    rest
        Each voice that is silent while others sound, in each slice.
    """

    crossing: float = 8.0
    rest: float = 24.0


def erase_voices(score: Score) -> Score:
    """Take the voices off a score, as a keyboard that has one key for each pitch would play it.

    Notes of one pitch that begin together in two voices become one, as long as the longest. A note that is still held
    when another voice strikes its pitch ends there, and the later one sounds on for as long as either does.
    """
    by_pitch: dict[int, list[Note]] = {}
    for note in sorted(score.notes, key=lambda note: note.onset_ticks):
        line = by_pitch.setdefault(note.pitch, [])
        end = note.end_ticks
        if line and line[-1].end_ticks > note.onset_ticks:
            before = line.pop()
            end = max(end, before.end_ticks)
            if before.onset_ticks < note.onset_ticks:
                line.append(replace(before, length_ticks=note.onset_ticks - before.onset_ticks))
        line.append(replace(note, length_ticks=end - note.onset_ticks, voice=None))
    return replace(score, notes=tuple(note for line in by_pitch.values() for note in line))


def assign_voices(score: Score, num_voices: int = NUM_VOICES, costs: VoiceCosts | None = None) -> Score:
    """Give every note a voice, or several.

    Music is cut wherever a note begins or ends. In each slice every sounding note gets at least one voice, and a
    voice left over doubles one in unison: such a note comes out once for each of its voices. A voice keeps a note
    that it holds, or leaves it for one that is struck; only a struck note takes new voices. Among all ways to do so
    the cheapest is found, by dynamic programming (Viterbi) over the slices: each voice pays for its movement since it
    last sounded, for crossings and for rests. Voices begin at home, the mean pitch of their rank among the chords of
    this piece that have a note for every voice. The voices that the notes may have already are not looked at.

    Parameters
    ----------
    score
        Any music in which at most ``num_voices`` pitches sound at once.
    num_voices
        1 to 5.
    costs
        :class:`VoiceCosts` by default.

    Raises
    ------
    ValueError
        If more pitches sound at once than there are voices, or ``num_voices`` is out of bounds.
    """
    if not 1 <= num_voices <= MAX_VOICES:
        raise ValueError(f"voices are assigned to 1 to {MAX_VOICES} parts, not {num_voices}")
    notes = erase_voices(score).notes
    if not notes:
        return score
    slices = _sounding_notes(notes, num_voices)
    path = _cheapest_path(notes, slices, num_voices, costs or VoiceCosts())
    voiced: list[Note] = []
    begun: dict[tuple[int, int], int] = {}  # (note, voice) -> where it is in `voiced`
    for (_, end, _), voices in zip(slices, path, strict=True):
        for voice, index in enumerate(voices.tolist()):
            if index == _REST:
                continue
            place = begun.setdefault((index, voice), len(voiced))
            onset = notes[index].onset_ticks
            note = replace(notes[index], voice=voice, length_ticks=end - onset)
            voiced[place : place + 1] = [note]
    return replace(score, notes=tuple(voiced))


_Slice = tuple[int, int, list[int]]
"""Start, end, and the indices of the notes that sound, from the highest down."""


def _sounding_notes(notes: tuple[Note, ...], num_voices: int) -> list[_Slice]:
    edges = sorted({note.onset_ticks for note in notes} | {note.end_ticks for note in notes})
    place = {tick: index for index, tick in enumerate(edges)}
    sounding: list[list[int]] = [[] for _ in edges[1:]]
    for index in sorted(range(len(notes)), key=lambda index: -notes[index].pitch):
        for members in sounding[place[notes[index].onset_ticks] : place[notes[index].end_ticks]]:
            members.append(index)
    for start, members in zip(edges, sounding, strict=False):
        if len(members) > num_voices:
            raise ValueError(f"{len(members)} pitches sound at once at tick {start}: more than {num_voices} voices")
    return [(start, end, members) for start, end, members in zip(edges, edges[1:], sounding, strict=False)]


@lru_cache(maxsize=64)
def _distributions(num_notes: int, num_voices: int) -> NDArray[np.int64]:
    """Every way to give ``num_notes`` notes at least one voice each: the note of each voice or a rest, ``(k, v)``."""
    everything = product(range(_REST, num_notes), repeat=num_voices)
    return np.array([one for one in everything if len({*one} - {_REST}) == num_notes], dtype=np.int64)


def _homes(pitches: NDArray[np.int64], slices: list[_Slice], num_voices: int) -> NDArray[np.float64]:
    """Usual pitch of each voice, shape ``(v,)``: by rank in full chords, or spread over the piece without any."""
    full = [pitches[members] for _, _, members in slices if len(members) == num_voices]
    if full:
        return np.asarray(np.mean(full, axis=0), dtype=np.float64)
    return np.asarray(np.quantile(pitches, 1 - (np.arange(num_voices) + 0.5) / num_voices), dtype=np.float64)


def _cheapest_path(
    notes: tuple[Note, ...], slices: list[_Slice], num_voices: int, costs: VoiceCosts
) -> list[NDArray[np.int64]]:
    """Index of the note of each voice in each slice, ``(v,)`` per slice.

    The last pitch of a resting voice is that of the cheapest way to its state, which makes the search
    approximate where voices rest and exact where none does.
    """
    pitches = np.array([note.pitch for note in notes], dtype=np.int64)
    onsets = np.array([note.onset_ticks for note in notes], dtype=np.int64)
    homes = _homes(pitches, slices, num_voices)
    total = np.zeros(1)
    before = np.full((1, num_voices), _REST)  # k v: the note of each voice in each state of the slice before
    last = np.broadcast_to(homes, (1, num_voices))  # k v: its last pitch
    states, origins = [], []
    for start, _, members in slices:
        ways = _distributions(len(members), num_voices)
        state = np.array([*members, _REST], dtype=np.int64)[ways]  # a rest, -1, picks the last entry
        sounds = state != _REST
        pitch = np.where(sounds, pitches[state], 0)
        struck = sounds & (onsets[state] == start)
        moved = np.where(sounds[None], np.abs(pitch[None] - last[:, None]), 0.0)  # before now v
        joins = (sounds & ~struck)[None] & (before[:, None] != state[None])
        local = costs.rest * (~sounds).sum(axis=1) * bool(members)
        for high in range(num_voices):
            for low in range(high + 1, num_voices):
                crossed = sounds[:, high] & sounds[:, low] & (pitch[:, low] > pitch[:, high])
                local = local + costs.crossing * crossed
        price = total[:, None] + np.where(joins.any(axis=2), np.inf, moved.sum(axis=2)) + local
        origin = np.argmin(price, axis=0)
        total = price[origin, np.arange(len(state))]
        last = np.where(sounds, pitch, last[origin])
        states.append(state)
        origins.append(origin)
        before = state
    path, best = [], int(np.argmin(total))
    for state, origin in zip(reversed(states), reversed(origins), strict=True):
        path.append(state[best])
        best = int(origin[best])
    return path[::-1]
