"""Voice leading: where a piece breaks the textbook's rules for two or more parts, and how often.

Conventions, for all rules. Voices are counted from the top (0 soprano). Music is seen chord by chord
(:mod:`biaxial.metrics.writing.slices`): two chords are successive when nothing else sounds between them, so that a note
of passing between two fifths hides them from these detectors as it does from the ear that listens chord by chord. A
rest in a voice breaks its line. Every fault is counted once for each pair of voices (or each voice) and each chord in
which it occurs; a crossing that lasts over three chords is three faults. Ends of phrases are not looked for: what
follows a fermata is judged like anything else. Bach breaks each of these rules now and then: the rates to compare with
are his, not zero.

The *leading tone* is the third of a dominant or the root of a diminished chord, a semitone below the tonic. It counts
as one only in a *dominant chord* on a tonic ``x``, which is one of these sets of pitch classes above ``x``, complete
and with nothing else: V (7 11 2); V7 (7 11 2 5), also without its fifth; V9 without fifth (7 11 5 8); the diminished
triad on the leading tone (11 2 5), and its sevenths (8 or 9 besides), the diminished one also without its third. And
``x`` must be a tonic there, since the same notes have another meaning in another key: either the key of the music
around it, :data:`AROUND_QUARTERS` quarter notes before and after the beginning of the chord, is on ``x``; or the chord
has the tritone (11 and 5) that only a dominant has, and the tonic triad on ``x`` follows at once: an applied dominant.
A triad alone proves nothing by what follows, since I - IV sounds as V - I does.

Sources: E. Aldwell and C. Schachter, *Harmony and Voice Leading*, chapters on four-part writing; W. Piston, *Harmony*
(the leading tone rises to the tonic in an outer voice, may fall to the fifth in an inner one, and is not doubled); D.
Huron, "Tone and Voice: A Derivation of the Rules of Voice-Leading from Perceptual Principles", Music Perception 19
(2001).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from biaxial.metrics.harmony.endings import pitch_classes
from biaxial.metrics.harmony.local_harmony import local_keys
from biaxial.metrics.writing.slices import REST, Slices
from biaxial.music.constants import VOICE_RANGES
from biaxial.music.score import Score


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where a rule is broken.

    Parameters
    ----------
    tick
        Where: the beginning of the later chord of a parallel, of the chord or of the note.
    voices
        The voices concerned, highest first.
    """

    tick: int
    voices: tuple[int, ...]


def faults_of(found: Iterable[tuple[int, int, int]]) -> list[Fault]:
    """Faults of pairs of voices, each a tick and two voices, in order."""
    return [Fault(tick, (high, low)) for tick, high, low in sorted(found)]


AROUND_QUARTERS = 8
"""Quarter notes before and after a chord that tell its key: two bars of 4/4 each way."""

TRIADS_OF_THE_DOMINANT = ((7, 11, 2),)
TRITONES_OF_THE_DOMINANT = (
    (7, 11, 2, 5),
    (7, 11, 5),
    (11, 2, 5),
    (11, 2, 5, 8),
    (11, 2, 5, 9),
    (11, 5, 8),
    (7, 11, 5, 8),
)
TONICS = ((0, 4, 7), (0, 3, 7), (0, 4), (0, 3))
"""The triads on a tonic, of either mode; the fifth may be missing."""


def _codes(sets: tuple[tuple[int, ...], ...]) -> list[int]:
    """Each set as one number, a bit for each pitch class."""
    return [sum(1 << degree for degree in degrees) for degrees in sets]


def _dominants(chords: Slices) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of each chord and tonic, shape ``(s, 12)``: whether it is a dominant chord there; whether the tonic follows."""
    degrees = np.where(chords.sounding, 1 << (chords.pitches % 12), 0)
    sounding = np.bitwise_or.reduce(degrees, axis=1)[:, None]
    tonics = np.arange(12)
    above = ((sounding >> tonics) | (sounding << (12 - tonics))) & 0xFFF  # bits of the degrees above each tonic
    follows = np.zeros(above.shape, dtype=bool)
    follows[:-1] = np.isin(above[1:], _codes(TONICS))
    tritone = np.isin(above, _codes(TRITONES_OF_THE_DOMINANT))
    around = AROUND_QUARTERS * chords.score.ticks_per_quarter
    keys = local_keys(chords.score, chords.onsets - around, chords.onsets + around)
    in_key = keys.tonics[:, None] == tonics
    dominant = (tritone | np.isin(above, _codes(TRIADS_OF_THE_DOMINANT))) & in_key | tritone & follows
    return dominant, follows


def unresolved_leading_tones(music: Score | Slices) -> list[Fault]:
    """The leading tone of a dominant chord, in an outer voice, does not rise to the tonic although the tonic follows.

    The first or the last voice sounds the leading tone in a dominant chord on some tonic, the very next chord is the
    triad on that tonic, and the voice is then anywhere but a semitone higher. Inner voices are free. No fault is a
    leading tone with anything between it and the tonic triad, be it a passing note, nor one that is followed by a
    rest. After the end of a phrase a new one may begin with the tonic wherever it likes; this is counted all the same.
    """
    chords = Slices.of(music).chords
    found = []
    dominant, follows = _dominants(chords)
    for place, tonic in np.argwhere(dominant & follows).tolist():
        for voice in (0, chords.num_voices - 1):
            before, after = chords.pitches[place, voice], chords.pitches[place + 1, voice]
            if before != REST and after != REST and (before + 1) % 12 == tonic and after != before + 1:
                found.append((int(chords.onsets[place + 1]), voice))
    return [Fault(tick, (voice,)) for tick, voice in sorted(found)]


def doubled_leading_tones(music: Score | Slices) -> list[Fault]:
    """Two voices sound the leading tone of a dominant chord, in unison or octaves apart; every pair, every chord."""
    chords = Slices.of(music).chords
    found: set[tuple[int, int, int]] = set()
    for place, tonic in np.argwhere(_dominants(chords)[0]).tolist():
        row = chords.pitches[place].tolist()
        doubling = [voice for voice, pitch in enumerate(row) if pitch != REST and (pitch + 1) % 12 == tonic]
        found.update((int(chords.onsets[place]), high, low) for high, low in combinations(doubling, 2))
    return faults_of(found)


FIFTH = 7
OCTAVE = 12
MAX_SPACING = (12, 12)
"""Semitones that may lie between soprano and alto, alto and tenor; tenor and bass may be any distance apart."""
SEVENTHS = (10, 11)
"""Semitones of a minor and a major seventh."""
STEP = 2
"""Semitones of the largest step; more is a leap."""

__all__ = ["RULES", "Fault", "faults", "rates"]


def _interval_pairs(music: Score | Slices, size: int) -> tuple[list[Fault], list[Fault]]:
    """Where two voices move from one perfect interval to the next: in the same direction, and in contrary motion."""
    chords = Slices.of(music).chords
    before, after = chords.pitches[:-1], chords.pitches[1:]
    motion = np.where((before == REST) | (after == REST), 0, np.sign(after - before))  # s v; a rest is no motion
    same: list[tuple[int, int, int]] = []
    contrary: list[tuple[int, int, int]] = []
    for high, low in combinations(range(chords.num_voices), 2):
        first, second = np.abs(before[:, high] - before[:, low]), np.abs(after[:, high] - after[:, low])
        perfect = (first % OCTAVE == size % OCTAVE) & (second % OCTAVE == size % OCTAVE)
        product = motion[:, high] * motion[:, low]
        same += [(int(chords.onsets[i + 1]), high, low) for i in np.flatnonzero(perfect & (product > 0))]
        contrary += [(int(chords.onsets[i + 1]), high, low) for i in np.flatnonzero(perfect & (product < 0))]
    return faults_of(same), faults_of(contrary)


def parallel_fifths(music: Score | Slices) -> list[Fault]:
    """Consecutive perfect fifths.

    Two voices a perfect fifth apart (or a fifth and octaves) in one chord and in the next, both of which strike a
    different pitch at that moment and move in the same direction. A diminished fifth before or after is none, nor is
    a fifth that is approached from another interval (a "hidden" one), nor a repeated fifth, nor one across a rest.
    Fifths by contrary motion are counted by :func:`contrary_perfects`. Where the lower voice has crossed above the
    higher one, the interval that sounds is measured.
    """
    return _interval_pairs(music, FIFTH)[0]


def parallel_octaves(music: Score | Slices) -> list[Fault]:
    """Consecutive unisons, octaves and their compounds, under the same conditions as :func:`parallel_fifths`."""
    return _interval_pairs(music, OCTAVE)[0]


def contrary_perfects(music: Score | Slices) -> list[Fault]:
    """Consecutive fifths or octaves by contrary motion, as from a fifth to a twelfth; Bach has them at cadences."""
    slices = Slices.of(music)
    found = _interval_pairs(slices, FIFTH)[1] + _interval_pairs(slices, OCTAVE)[1]
    return sorted(found, key=lambda fault: (fault.tick, fault.voices))


def _direct(music: Score | Slices, size: int) -> list[Fault]:
    """Where the outer voices come to a perfect interval in similar motion, from another one, the soprano by a leap."""
    chords = Slices.of(music).chords
    if chords.num_voices < 2:
        return []
    low = chords.num_voices - 1
    before, after = chords.pitches[:-1, [0, low]], chords.pitches[1:, [0, low]]
    heard = ((before != REST) & (after != REST)).all(axis=1)
    moves = np.where(heard, (after - before).T, 0)  # 2 s; a rest is no motion
    first, second = (np.abs(pair[:, 0] - pair[:, 1]) % OCTAVE for pair in (before, after))
    reached = (second == size % OCTAVE) & (first != size % OCTAVE)
    found = np.flatnonzero(reached & (moves[0] * moves[1] > 0) & (np.abs(moves[0]) > STEP))
    same = [pitch_classes(chords.pitches[i]) == pitch_classes(chords.pitches[i + 1]) for i in found]
    return [Fault(int(chords.onsets[i + 1]), (0, low)) for i, stays in zip(found, same, strict=True) if not stays]


def direct_fifths(music: Score | Slices) -> list[Fault]:
    """Direct (hidden) fifths: the outer voices move in the same direction to a perfect fifth, the soprano by a leap.

    The rule for four parts (Aldwell and Schachter, on the motion of outer voices; Piston): only soprano and bass are
    looked at, a soprano that moves by a step (up to two semitones) makes it good, and so does a chord that stays: where
    all pitch classes are those of the chord before, the voices only change places. The interval before is not a fifth,
    or this would be a parallel.
    """
    return _direct(music, FIFTH)


def direct_octaves(music: Score | Slices) -> list[Fault]:
    """Direct (hidden) octaves and unisons, under the same conditions as :func:`direct_fifths`."""
    return _direct(music, OCTAVE)


def crossings(music: Score | Slices) -> list[Fault]:
    """A lower voice sounds above a higher one; a unison is no crossing. Every pair of voices, every chord."""
    chords = Slices.of(music).chords
    found = []
    for high, low in combinations(range(chords.num_voices), 2):
        both = chords.sounding[:, high] & chords.sounding[:, low]
        crossed = both & (chords.pitches[:, low] > chords.pitches[:, high])
        found += [(int(tick), high, low) for tick in chords.onsets[crossed]]
    return faults_of(found)


def overlaps(music: Score | Slices) -> list[Fault]:
    """A voice moves beyond where its neighbour has just been.

    The lower of two neighbouring voices comes to a pitch above the one that the higher voice left, or the higher one
    to a pitch below the one that the lower voice left, and the two are not crossed in either chord.
    """
    chords = Slices.of(music).chords
    before, after = chords.pitches[:-1], chords.pitches[1:]
    found = []
    for high in range(chords.num_voices - 1):
        low = high + 1
        heard = (np.stack([before[:, high], before[:, low], after[:, high], after[:, low]]) != REST).all(axis=0)
        ordered = (before[:, high] >= before[:, low]) & (after[:, high] >= after[:, low])
        passed = (after[:, low] > before[:, high]) | (after[:, high] < before[:, low])
        found += [(int(tick), high, low) for tick in chords.onsets[1:][heard & ordered & passed]]
    return faults_of(found)


def spacing(music: Score | Slices, widest: tuple[int, ...] = MAX_SPACING) -> list[Fault]:
    """Neighbouring voices too far apart: soprano and alto, or alto and tenor, by more than an octave. Every chord.

    Parameters
    ----------
    music
        A voiced score.
    widest
        Semitones allowed below voice 0, below voice 1, and so on; pairs beyond the end of the tuple are free.
    """
    chords = Slices.of(music).chords
    found = []
    for high, limit in enumerate(widest[: max(chords.num_voices - 1, 0)]):
        both = chords.sounding[:, high] & chords.sounding[:, high + 1]
        apart = both & (np.abs(chords.pitches[:, high] - chords.pitches[:, high + 1]) > limit)
        found += [(int(tick), high, high + 1) for tick in chords.onsets[apart]]
    return faults_of(found)


def leaps(music: Score | Slices) -> list[Fault]:
    """A voice moves by a seventh or by more than an octave, from one chord to the next.

    These are the melodic intervals that the textbooks advise against by their size (Aldwell and Schachter; Piston). The
    augmented and diminished ones that they advise against too cannot be told from others by the number of semitones:
    a tritone may be a diminished fifth, which is allowed.
    """
    chords = Slices.of(music).chords
    before, after = chords.pitches[:-1], chords.pitches[1:]
    size = np.where((before == REST) | (after == REST), 0, np.abs(after - before))  # s v
    wide = np.isin(size, SEVENTHS) | (size > OCTAVE)
    return [Fault(int(chords.onsets[i + 1]), (int(voice),)) for i, voice in np.argwhere(wide)]


def out_of_range(music: Score | Slices, ranges: tuple[tuple[int, int], ...] = VOICE_RANGES) -> list[Fault]:
    """Notes below the lowest or above the highest pitch of their voice; each struck note is one fault.

    The ranges of :data:`biaxial.music.constants.VOICE_RANGES` are the widest that Bach uses, so that his own rate is 0.
    """
    score = music.score if isinstance(music, Slices) else music
    return [
        Fault(note.onset_ticks, (note.voice,))
        for note in score.notes
        if note.voice is not None
        and note.voice < len(ranges)
        and not ranges[note.voice][0] <= note.pitch <= ranges[note.voice][1]
    ]


RULES: dict[str, Callable[[Score | Slices], list[Fault]]] = {
    "parallel_fifths": parallel_fifths,
    "parallel_octaves": parallel_octaves,
    "contrary_perfects": contrary_perfects,
    "direct_fifths": direct_fifths,
    "direct_octaves": direct_octaves,
    "unresolved_leading_tones": unresolved_leading_tones,
    "doubled_leading_tones": doubled_leading_tones,
    "crossings": crossings,
    "overlaps": overlaps,
    "spacing": spacing,
    "leaps": leaps,
    "out_of_range": out_of_range,
}
"""Every detector, by name."""


def faults(music: Score | Slices) -> dict[str, list[Fault]]:
    """All faults of all :data:`RULES`."""
    slices = Slices.of(music)
    return {name: rule(slices) for name, rule in RULES.items()}


def rates(music: Score | Slices) -> dict[str, float]:
    """Faults of each rule per 100 chord changes; NaN in a piece whose chord never changes."""
    slices = Slices.of(music)
    changes = slices.num_changes
    return {name: 100 * len(found) / changes if changes else float("nan") for name, found in faults(slices).items()}
