"""The document of the studio: a piece as the page has it, and cells of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

STEPS_PER_QUARTER = 4

Source = Literal["you", "machine"]


@dataclass(frozen=True, slots=True)
class Note:
    """A note of the document.

    Parameters
    ----------
    id
        Unique in the document: a letter, then up to 39 letters, digits, hyphens or underscores. The page names the
        notes that it makes; those of the machine are named after seed, voice and onset.
    voice
        0 to 3.
    onset, duration
        Steps; the notes of a voice do not overlap.
    pitch
        MIDI number.
    lock
        Whether it stays as it is whatever is written.
    source
        ``from`` in JSON: who wrote it.
    velocity
        MIDI velocity, 1 to 127; ``None`` where nobody says how loud it is.
    """

    id: str
    voice: int
    onset: int
    duration: int
    pitch: int
    lock: bool
    source: Source = field(metadata={"json": "from"})
    velocity: int | None = None


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord symbol such as ``"D7/F#"``, which holds until the next one; ``"N.C."`` asks for nothing."""

    onset: int
    name: str


@dataclass(frozen=True, slots=True)
class Forbid:
    """A pitch that a voice (``None`` for every voice) is not to sing from one step to before another."""

    first: int
    end: int
    pitch: int
    voice: int | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """A syllable under the melody; ``goes_on`` if the next one belongs to the same word."""

    onset: int
    text: str
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A piece as the page has it.

    Parameters
    ----------
    metre
        Such as ``"4/4"``; it holds all through.
    pickup
        Steps before the first full bar.
    length
        Steps of the whole piece, rests at its end too; at least the end of its last note, 0 for that end.
    tempo
        Quarter notes a minute, 10 to 400.
    key
        Such as ``"G major"`` or ``"F# minor"``; ``None`` where it is not known, and then verbs guess it.
    notes
        In any order; answers have them by onset and voice.
    chords, forbidden, words
        What stands over, against and under them.
    fermatas
        Onsets of notes that end phrases; ``None`` where nobody said.
    seed
        The seed of the take that the document is; for the page to keep, verbs have their own.
    title
        Of the piece.
    style
        That it is written and explained in, or a mixture such as ``"bach:0.7,hymn:0.3"``; ``"none"`` for none, empty
        for that of the weights.
    """

    metre: str = "4/4"
    pickup: int = 0
    length: int = 0
    tempo: float = 76.0
    key: str | None = None
    notes: tuple[Note, ...] = ()
    chords: tuple[Chord, ...] = ()
    forbidden: tuple[Forbid, ...] = ()
    words: tuple[Word, ...] = ()
    fermatas: tuple[int, ...] | None = None
    seed: int = 0
    title: str = ""
    style: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """Cells of one voice from a step to before another. A selection is a list of them; an empty one is everything."""

    voice: int
    first: int
    end: int
