"""What a finished phrase is charged for: faults of writing and of harmony, counted on the grid, and their prices.

A phrase that is being drawn is followed by several particles; when it is over each of them pays for its faults, and the
survivors go on (:mod:`biaxial.sampling.loop`). The prices are nats, fitted so that what is drawn breaks each rule as
often as Bach does (``scripts/make/fit_charges.py``): with as many particles as one likes this draws from the network's
distribution tilted by ``exp(-charges)``, which of all distributions with Bach's mean counts is the nearest to it.

What counts as a fault is said here once more, in fewer words and by other means than in :mod:`biaxial.metrics`, which
measures whole scores: a sampler is not graded by what steers it. Pitches are MIDI numbers, shape ``(t, v)`` with the
highest voice first, ``REST`` in silence; a set of pitch classes is twelve bits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biaxial.music.cells import CellAlphabet

REST: Final = -1
CADENCES: Final = ("authentic", "half", "plagal", "deceptive")
"""Kinds of cadence."""
OPEN: Final = "open"
"""What is planned where no kind of cadence is wished for."""
CONTEXT_QUARTERS: Final = 4
"""So much before a phrase, or before its last note, is looked at besides."""

_TRIADS: Final = (1 << 4 | 1 << 7 | 1, 1 << 3 | 1 << 7 | 1)
_SCALES: Final = (
    sum(1 << degree for degree in (0, 2, 4, 5, 7, 9, 11)),
    sum(1 << degree for degree in (0, 2, 3, 5, 7, 8, 9, 10, 11)),
)
"""Degrees of major, and of minor with both of its sixths and sevenths."""
_PASSING: Final = 1 | 1 << 9
"""Degrees that pass above a dominant at a cadence: its anticipated tonic, and the sixth."""
_NEAR: Final = (0, 2, 4, 5, 7, 9), (0, 3, 5, 7, 8, 10)
"""Degrees of the tonics of the home key and of those around it, in major and in minor."""
_CHROMATIC: Final = ((0, 1), (3, 4), (5, 6), (7, 8), (10, 11)), ((1, 2), (3, 4), (5, 6), (8, 9), (10, 11))
"""Degrees with one letter, in major and in minor: a false relation if two voices have one after the other."""


@dataclass(frozen=True)
class Charges:
    """Prices in nats, 0 or more, of one fault each; 0 leaves a fault free.

    Parameters
    ----------
    no_cadence
        A phrase end without cadence.
    other_cadence
        A cadence of another kind, or in another key, than is planned.
    dissonance
        A strong beat with a second or seventh of which neither voice was there before.
    weak_dissonance
        The same on any other beat.
    direct
        A direct fifth or octave of the outer voices, the highest one leaping.
    contrary
        A perfect interval followed by the same one in contrary motion.
    doubled_leading_tone, unresolved_leading_tone
        Two voices on the leading tone; an outer voice that leaves it for another note than the tonic.
    false_relation
        A note and its chromatic neighbour, one after the other in different voices.
    lone_bass, lone_rest
        The lowest voice, or another one, rests while all others sound, once for each rest.
    bare_fermata
        A phrase end at which a voice or the third is missing.
    """

    no_cadence: float = 0.0
    other_cadence: float = 0.0
    dissonance: float = 0.0
    weak_dissonance: float = 0.0
    direct: float = 0.0
    contrary: float = 0.0
    doubled_leading_tone: float = 0.0
    unresolved_leading_tone: float = 0.0
    false_relation: float = 0.0
    lone_bass: float = 0.0
    lone_rest: float = 0.0
    bare_fermata: float = 0.0

    def __post_init__(self) -> None:
        for name, price in self.prices().items():
            if not 0 <= price < math.inf:
                raise ValueError(f"the charge for {name} is 0 nats or more, and finite, not {price}")

    def prices(self) -> dict[str, float]:
        """Each price by its name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


FAULTS: Final = tuple(field.name for field in fields(Charges))
"""Names of the faults, in the order of the counts."""


class Phrase(NamedTuple):
    """One phrase of a piece that is to be drawn; times are steps of the grid.

    Parameters
    ----------
    first, end
        Where it begins, and where it is over.
    fermata
        Onset of its last note; ``None`` for a passage that does not end with a phrase.
    cadence
        One of :data:`CADENCES`, or :data:`OPEN`, if that is planned.
    tonic
        Pitch class of the tonic of the planned key.
    source
        Where an earlier phrase begins that returns here.
    returning
        Voices that return, as a bit mask.
    """

    first: int
    end: int
    fermata: int | None = None
    cadence: str | None = None
    tonic: int | None = None
    source: int | None = None
    returning: int = 0

    def heard_from(self, piece: Piece) -> int:
        """The step from which on a piece must be known for the faults of the phrase to be counted."""
        first = self.first - 1
        if self.fermata is not None:
            first = min(first, self.fermata - CONTEXT_QUARTERS * piece.steps_per_quarter)
        return max(0, first)

    def moved(self, steps: int) -> Phrase:
        """The same phrase at another place; what it returns to is left out."""
        fermata = None if self.fermata is None else self.fermata + steps
        return Phrase(self.first + steps, self.end + steps, fermata, self.cadence, self.tonic)


class Piece(NamedTuple):
    """What the faults of a piece depend on besides its notes.

    Parameters
    ----------
    tonic
        Pitch class of the tonic, ``None`` where it is unknown.
    minor
        Whether the key is minor.
    beats
        Of each step: 2 on a strong beat, 1 on any other, 0 between beats; shape ``(t,)``.
    steps_per_quarter
        The grid.
    """

    tonic: int | None
    minor: bool
    beats: NDArray[np.int8]
    steps_per_quarter: int


def voice_pitches(outcomes: NDArray[np.uint8], alphabet: CellAlphabet, low_pitch: int) -> NDArray[np.int64]:
    """The pitch of each voice, shape ``(..., t, v)``, of rolls of shape ``(..., t, n)``."""
    sounds = alphabet.voice_matrix[outcomes]  # ... t n v
    pitches = sounds.argmax(axis=-2) + low_pitch
    return np.where(sounds.any(axis=-2), pitches, REST)


def count_faults(pitches: NDArray[np.int64], phrase: Phrase, piece: Piece) -> NDArray[np.float64]:
    """Faults of a phrase, shape ``(len(FAULTS),)``.

    Parameters
    ----------
    pitches
        The piece as far as it goes, shape ``(t, v)``, at least to the end of the phrase.
    phrase, piece
        Which phrase of what piece.
    """
    start = max(0, phrase.first - 1)  # with the step before, so that a fault between two phrases is one of the second
    window = pitches[start : phrase.end]
    counts = dict.fromkeys(FAULTS, 0.0)
    if len(window) > 1:
        before, after = window[:-1], window[1:]
        changes = np.flatnonzero((before != after).any(axis=1))
        _count_motion(before[changes], after[changes], counts)
        _count_leading_tones(before[changes], after[changes], phrase, piece, counts)
        counts["false_relation"] = _false_relations(before[changes], after[changes], piece)
    _count_dissonance(pitches, phrase, piece.beats, counts)
    _count_rests(pitches, phrase, counts)
    if phrase.fermata is not None:
        last = pitches[phrase.fermata : phrase.end]
        counts["bare_fermata"] = float((last[0] == REST).any() or not any(_has_third(_classes(row)) for row in last))
        kind, tonic = cadence_of(pitches, phrase, piece)
        counts["no_cadence"] = float(kind is None)
        wrong_kind = phrase.cadence not in (None, OPEN, kind)
        wrong_key = phrase.tonic is not None and tonic != phrase.tonic
        counts["other_cadence"] = float(kind is not None and (wrong_kind or wrong_key))
    return np.array([counts[name] for name in FAULTS])


def _classes(row: NDArray[np.int64]) -> int:
    """The pitch classes of a chord as bits."""
    bits = 0
    for pitch in row.tolist():
        if pitch != REST:
            bits |= 1 << pitch % 12
    return bits


def _above(bits: int, tonic: int) -> int:
    """A set of pitch classes as degrees above a tonic."""
    return (bits >> tonic | bits << 12 - tonic) & 0xFFF


def _has(degrees: int, *wanted: int) -> bool:
    return all(degrees >> degree & 1 for degree in wanted)


def _has_third(classes: int) -> bool:
    return any(_has(_above(classes, root), 0, 3) or _has(_above(classes, root), 0, 4) for root in range(12))


def _count_motion(before: NDArray[np.int64], after: NDArray[np.int64], counts: dict[str, float]) -> None:
    """Direct fifths and octaves of the outer voices, and perfect intervals in contrary motion."""
    moves = np.where((before == REST) | (after == REST), 0, after - before)
    contrary = 0
    for high, low in combinations(range(before.shape[1]), 2):
        first = np.abs(before[:, high] - before[:, low]) % 12
        second = np.abs(after[:, high] - after[:, low]) % 12
        motion = moves[:, high] * moves[:, low]
        perfect = np.isin(second, (0, 7))
        contrary += int(((first == second) & perfect & (motion < 0)).sum())
        if (high, low) == (0, before.shape[1] - 1):
            reached = perfect & (first != second) & (motion > 0) & (np.abs(moves[:, high]) > 2)
            found = np.flatnonzero(reached).tolist()
            counts["direct"] = float(sum(_classes(before[i]) != _classes(after[i]) for i in found))
    counts["contrary"] = float(contrary)


def _is_dominant(degrees: int, passing: int = 0) -> bool:
    """Whether the degrees above a tonic make it expected: V, V7, or a diminished chord on the leading tone."""
    inside = degrees & ~(1 << 7 | 1 << 11 | 1 << 2 | 1 << 5 | 1 << 8 | passing) == 0
    return inside and _has(degrees, 11) and (_has(degrees, 7) or _has(degrees, 2, 5) or _has(degrees, 5, 8))


def _is_tonic(degrees: int) -> bool:
    return _has(degrees, 0) and (degrees & ~_TRIADS[0] == 0 or degrees & ~_TRIADS[1] == 0) and bool(degrees & 0b11000)


def _count_leading_tones(
    before: NDArray[np.int64], after: NDArray[np.int64], phrase: Phrase, piece: Piece, counts: dict[str, float]
) -> None:
    """Leading tones that are doubled, or left in an outer voice, where the tonic follows or the key says what it is."""
    for one, other in zip(before, after, strict=True):
        classes, following = _classes(one), _classes(other)
        for tonic in range(12):
            degrees = _above(classes, tonic)
            if not _has(degrees, 11) or not _is_dominant(degrees):
                continue
            resolves = _is_tonic(_above(following, tonic))
            if tonic not in (piece.tonic, phrase.tonic) and not (resolves and _has(degrees, 5)):
                continue  # of another key than the home key and the planned one: II in minor is VII of its relative
            leading = [voice for voice, pitch in enumerate(one.tolist()) if pitch != REST and (pitch + 1) % 12 == tonic]
            counts["doubled_leading_tone"] += len(leading) > 1
            for voice in {0, before.shape[1] - 1} & set(leading):
                left = other[voice] not in (REST, one[voice] + 1)
                counts["unresolved_leading_tone"] += resolves and left


def _false_relations(before: NDArray[np.int64], after: NDArray[np.int64], piece: Piece) -> float:
    """A degree in one voice, and then its chromatic neighbour in another that strikes it, no voice going between."""
    if piece.tonic is None:
        return 0.0
    found = 0
    for one, other in zip(before, after, strict=True):
        had, has = _above(_classes(one), piece.tonic), _above(_classes(other), piece.tonic)
        for low, high in _CHROMATIC[piece.minor]:
            for old, new in ((low, high), (high, low)):
                if not _has(had, old) or _has(had, new) or not _has(has, new) or _has(has, old):
                    continue
                voices = [v for v, pitch in enumerate(one.tolist()) if (pitch - piece.tonic) % 12 == old]
                found += all((int(other[voice]) - piece.tonic) % 12 != new for voice in voices)
    return float(found)


def _count_dissonance(
    pitches: NDArray[np.int64], phrase: Phrase, beats: NDArray[np.int8], counts: dict[str, float]
) -> None:
    """Beats with a second or seventh of which neither voice was there before."""
    steps = np.arange(max(1, phrase.first), phrase.end)
    steps = steps[beats[steps] > 0]
    now, earlier = pitches[steps], pitches[steps - 1]
    unprepared = np.zeros(len(steps), dtype=bool)
    for one, other in combinations(range(pitches.shape[1]), 2):
        sounds = (now[:, one] != REST) & (now[:, other] != REST)
        dissonant = np.isin(np.abs(now[:, one] - now[:, other]) % 12, (1, 2, 10, 11))
        new = (now[:, one] != earlier[:, one]) & (now[:, other] != earlier[:, other])
        unprepared |= sounds & dissonant & new
    strong = beats[steps] == 2
    counts["dissonance"], counts["weak_dissonance"] = (
        float((unprepared & strong).sum()),
        float((unprepared & ~strong).sum()),
    )


def _count_rests(pitches: NDArray[np.int64], phrase: Phrase, counts: dict[str, float]) -> None:
    """Rests of one voice alone that begin in the phrase."""
    silent = pitches[: phrase.end] == REST
    alone = silent & (silent.sum(axis=1, keepdims=True) == 1)  # t v
    begins = alone.copy()
    begins[1:] &= ~alone[:-1]
    rests = begins[phrase.first :].sum(axis=0)
    counts["lone_bass"], counts["lone_rest"] = float(rests[-1]), float(rests[:-1].sum())


def misses_dominant(pitches: NDArray[np.int64], phrase: Phrase, piece: Piece) -> bool:
    """Whether nothing leads to the last note of a phrase that is to close on a tonic, as far as its onset.

    A dominant sounds in the quarter note before: of the planned key, or where none is planned of one that is near to
    the home key. A half or plagal cadence needs none.
    """
    assert phrase.fermata is not None
    if phrase.cadence in ("half", "plagal"):
        return False
    half = max(1, piece.steps_per_quarter // 2)
    steps = [step for step in (phrase.fermata - half, phrase.fermata - 2 * half) if step >= 0]
    chords = [_classes(pitches[step]) for step in steps]
    near = range(12) if piece.tonic is None else [(piece.tonic + degree) % 12 for degree in _NEAR[piece.minor]]
    tonics = near if phrase.tonic is None else [phrase.tonic]
    return not any(_is_dominant(_above(bits, tonic)) for bits in chords for tonic in tonics)


def cadence_of(pitches: NDArray[np.int64], phrase: Phrase, piece: Piece) -> tuple[str | None, int | None]:
    """The kind of cadence at the end of a phrase and the pitch class of its tonic; ``None`` twice for no cadence.

    The last chord is a triad in root position that sounds at some time of the last note, above the bass that is there
    when it begins; the chord before is what sounded last, half a beat and more before, and is not part of it.
    """
    assert phrase.fermata is not None
    quarter, first = piece.steps_per_quarter, phrase.fermata
    bass = int(pitches[first, -1])
    if bass == REST:
        return None, None
    root = bass % 12
    last = [_above(_classes(row), root) for row in pitches[first : phrase.end]]
    third = next((row & 0b11000 for row in last if _is_tonic(row)), 0)
    if not third:
        return None, None
    half = max(1, quarter // 2)
    approach = [_classes(pitches[step]) for step in range(first - half, first - 2 * quarter - 1, -half) if step >= 0]
    before = next((bits for bits in approach if _above(bits, root) & ~(_TRIADS[0] | _TRIADS[1])), None)
    if before is None:
        return None, None
    context = pitches[max(0, first - CONTEXT_QUARTERS * quarter) : phrase.end]
    classes = [_classes(row) for row in context]

    def strange(tonic: int) -> int:
        """Steps with something outside the key on that tonic, of the mode with fewer of them."""
        return min(sum((_above(bits, tonic) & ~scale) != 0 for bits in classes) for scale in _SCALES)

    major = bool(third & 0b10000)
    fourth, fifth = (root + 5) % 12, (root + 7) % 12
    dominant = next((degrees for bits in approach if _is_dominant(degrees := _above(bits, root), _PASSING)), 0)
    # V - I may be I - IV of the key above, and I - V the IV - I of the key below: the key that fits better has it
    if dominant and (_has(dominant, 5) or strange(root) <= strange(fifth)):
        return "authentic", root
    degrees = _above(before, root)
    if _has(degrees, 5) and degrees & ~(1 << 5 | 1 << 8 | 1 << 9 | 1) == 0 and strange(root) <= strange(fourth):
        return "plagal", root
    if major and strange(fourth) <= strange(root):
        return "half", fourth
    above = (root + 4) % 12 if major else (root + 3) % 12
    if _is_dominant(_above(before, above), _PASSING) and strange(above) <= strange(root):
        return "deceptive", above
    return None, None
