"""Letters and accidentals for pitches that are only numbers, and names for a single pitch.

Spellings stand on the line of fifths: ... Bb F C G D A E B F# ..., with C at 0, as :class:`~biaxial.music.score.Key`
counts signatures. Places 12 apart sound the same. A note takes the place that is nearest to where the music is: the
mean of the spellings around it, drawn towards the middle of the key. Where a voice moves on by a semitone the two notes
get neighbouring letters if they can, so that what rises is a sharp and what falls a flat: F F# G, but A Ab G. Notes
that sound together keep near each other: C# E# G# and not C# F G#.

Source: the line of fifths and its centre of gravity are those of D. Temperley, *The Cognition of Basic Musical
Structures* (2001), chapter 5; the way to the answer is simpler. The constants are round numbers out of a wide range
that does as well (``scripts/tables/spelling_table.py``).

In names of pitches ``C4`` is middle C, MIDI number 60.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from biaxial.music.constants import MAX_PITCH, MIN_PITCH
from biaxial.music.errors import InputError
from biaxial.music.keys import key_of
from biaxial.music.score import Key, Score

MIN_PLACE: Final = -15
MAX_PLACE: Final = 19
"""Fbb and B##: no note has more than two accidentals."""

_LETTERS = "FCGDAEB"
_CENTRES: Final = {"major": 2.5, "minor": 3.5}
"""Middle of what a key uses, in fifths above its signature: in C major Eb to G#, in A minor Bb to D#."""
_WINDOW_QUARTERS = 2
_PULL = 10
"""How many notes the key weighs against those that sound within the window."""
_STEP = 2.0
"""What a semitone written in one letter costs, in fifths."""
_REPEATED = 1.0
"""What a note costs that is written otherwise when it is repeated."""
_APART = 1.0
"""What each place costs that sounds at the same time and lies further than a tritone."""
_WIDEST = 6
_MAX_ROUNDS = 4
_RISING, _FALLING = -5, 5
"""Fifths of a semitone between two letters, B to C and C to B."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a note is written.

    Parameters
    ----------
    letter
        ``"A"`` to ``"G"``.
    alter
        Semitones by which its accidental changes the letter, -2 to 2.
    octave
        4 for the notes that are written from middle C up to the next B.
    """

    letter: str
    alter: int
    octave: int

    @property
    def class_name(self) -> str:
        """Letter and accidental, such as ``"F#"`` or ``"Bb"``."""
        return self.letter + ("b" * -self.alter if self.alter < 0 else "#" * self.alter)


def spell(score: Score, key: Key | None = None) -> tuple[Spelling, ...]:
    """A spelling for each note of a score, in its order.

    Parameters
    ----------
    score
        Any music. Voices, where there are some, say which note goes on to which.
    key
        The key to spell in: by default the score's own, or the likeliest.
    """
    places = places_of(score, key or key_of(score) or Key(0))
    return tuple(spelled(note.pitch, place) for note, place in zip(score.notes, places, strict=True))


def spelled(pitch: int, place: int) -> Spelling:
    """The spelling of a MIDI number at a place of the line of fifths that sounds so."""
    alter, letter = divmod(place + 1, 7)
    return Spelling(_LETTERS[letter], alter, (pitch - alter) // 12 - 1)


def altered(letter: str, key: Key) -> int:
    """What the signature of a key does to a letter: -1, 0 or 1."""
    return (key.fifths + 6 - _LETTERS.index(letter)) // 7


def nearest_place(pitch: int, centre: float) -> int:
    """The place that sounds as a MIDI number and is nearest to a point on the line of fifths."""
    place = pitch * 7 % 12
    place += 12 * round((centre - place) / 12)
    return place - 12 if place > MAX_PLACE else place + 12 if place < MIN_PLACE else place


def _centre(key: Key) -> float:
    return key.fifths + _CENTRES[key.mode]


def places_of(score: Score, key: Key) -> list[int]:
    """Place of each note on the line of fifths.

    Each begins with the place nearest to the middle of the key. Then, note by note, whichever of the places that sound
    so is cheapest replaces it: its distance to the mean of the notes around it, and what its neighbours make of it.
    Rounds follow until nothing changes.
    """
    centre = _centre(key)
    places = [nearest_place(note.pitch, centre) for note in score.notes]
    neighbours = _neighbours(score)
    onsets = [note.onset_ticks for note in score.notes]
    reach = _WINDOW_QUARTERS * score.ticks_per_quarter
    around = [(bisect_left(onsets, onset - reach), bisect_left(onsets, onset + reach + 1)) for onset in onsets]
    for _ in range(_MAX_ROUNDS):
        before = places[:]
        for index, (first, end) in enumerate(around):
            now = places[index]
            mean = (sum(places[first:end]) - now + _PULL * centre) / (end - first - 1 + _PULL)
            cheapest = abs(now - mean) + neighbours[index].price(now, places)
            for place in (now - 12, now + 12):
                if MIN_PLACE <= place <= MAX_PLACE and abs(place - mean) < cheapest:
                    price = abs(place - mean) + neighbours[index].price(place, places)
                    if price < cheapest:
                        places[index], cheapest = place, price
        if places == before:
            break
    return places


@dataclass(slots=True)
class _Neighbours:
    """The notes on which the spelling of one depends.

    Parameters
    ----------
    next_up, next_down
        Notes of its voice a semitone away that begin where it ends.
    repeated
        Notes of its pitch and voice that begin where it ends, or end where it begins.
    together
        Notes that begin while it sounds, or sound when it begins.
    """

    next_up: int | None
    next_down: int | None
    repeated: list[int]
    together: list[int]

    def price(self, place: int, places: Sequence[int]) -> float:
        """What a place costs beside those of the neighbours."""
        price = _REPEATED * sum(places[index] != place for index in self.repeated)
        price += _APART * sum(abs(other - place) > _WIDEST for other in {places[index] for index in self.together})
        if self.next_up is not None and places[self.next_up] - place != _RISING:
            price += _STEP
        if self.next_down is not None and places[self.next_down] - place != _FALLING:
            price += _STEP
        return price


def _neighbours(score: Score) -> list[_Neighbours]:
    begins = {(note.voice, note.onset_ticks, note.pitch): index for index, note in enumerate(score.notes)}
    found: list[_Neighbours] = []
    sounding: list[int] = []
    for index, note in enumerate(score.notes):
        up, down = (begins.get((note.voice, note.end_ticks, note.pitch + semitones)) for semitones in (1, -1))
        sounding = [other for other in sounding if score.notes[other].end_ticks > note.onset_ticks]
        found.append(_Neighbours(up, down, [], sounding[:]))
        for other in sounding:
            found[other].together.append(index)
        sounding.append(index)
    for index, note in enumerate(score.notes):
        again = begins.get((note.voice, note.end_ticks, note.pitch))
        if again is not None:
            found[index].repeated.append(again)
            found[again].repeated.append(index)
    return found


_ALL_SHARPS = 4.5
"""Middle of C, G, D ... A#: what is written where no key is known."""
_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_NAME = re.compile(r"([A-Ga-g])(##|#|♯|bb|b|♭)?(-?\d{1,2})")
_ALTERED = {None: 0, "#": 1, "♯": 1, "##": 2, "b": -1, "♭": -1, "bb": -2}


def class_name(pitch_class: int, key: Key | None = None) -> str:
    """The name of a pitch class, 0 (C) to 11, nearest to the middle of a key; without one with sharps."""
    return _spelled_in(pitch_class % 12, key).class_name


def pitch_name(pitch: int, key: Key | None = None) -> str:
    """The name of a MIDI number, such as ``"F#4"``; spelled as :func:`class_name` does."""
    spelling = _spelled_in(pitch, key)
    return f"{spelling.class_name}{spelling.octave}"


def _spelled_in(pitch: int, key: Key | None) -> Spelling:
    return spelled(pitch, nearest_place(pitch, _ALL_SHARPS if key is None else _centre(key)))


def read_pitch(text: str) -> int:
    """Read ``"G4"``, ``"f#4"``, ``"Bb3"`` or a MIDI number.

    Raises
    ------
    InputError
        If it is neither, or lies outside the MIDI range.
    """
    text = text.strip()
    match = _NAME.fullmatch(text)
    if match is not None:
        pitch = _CLASSES[match[1].upper()] + _ALTERED[match[2]] + 12 * (int(match[3]) + 1)
    elif re.fullmatch(r"\d{1,3}", text, flags=re.ASCII):
        pitch = int(text)
    else:
        raise InputError(f"{text!r} is not a pitch; give a name with its octave, such as G4 or Bb3, or a MIDI number")
    if not MIN_PITCH <= pitch <= MAX_PITCH:
        raise InputError(f"{text!r} is not a MIDI pitch; give {MIN_PITCH} (C-1) to {MAX_PITCH} (G9)")
    return pitch
