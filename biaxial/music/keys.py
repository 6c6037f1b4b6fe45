"""The key of a piece: as it sounds, and in today's terms from the signature that its file prints and its last note.

Pitch classes are 0 (C) to 11.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from biaxial.music.constants import NUM_VOICES
from biaxial.music.score import Key, Mode, Note, Score

MODES: Final[tuple[Mode, ...]] = ("major", "minor")

PROFILES: Final = {
    "major": (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
    "minor": (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
}
"""How much each pitch class, from the tonic upwards, sounds in a key: J. Albrecht and D. Shanahan, "The use of large
corpora to train a new type of key-finding algorithm", Music Perception 31 (2013)."""

FINAL_BONUS = 0.25
"""How much nearer a key is held to be if the piece ends on its tonic, in units of correlation. Chosen on the train
split, where 271 of 292 keys are found with it (271 with 0.3 and 0.35 too) and 255 without; of the 72 others 65 and
61."""

_CHURCH_MODES: Final[dict[str, tuple[Mode, int]]] = {
    "ionian": ("major", 0),
    "mixolydian": ("major", 1),
    "lydian": ("major", -1),
    "aeolian": ("minor", 0),
    "dorian": ("minor", -1),
    "phrygian": ("minor", 1),
    "locrian": ("minor", 2),
}
"""The mode with the same tonic and third, and the sharps that its signature has more."""


def musical_key(fifths: int, mode: str | None, notes: Sequence[Note]) -> Key:
    """Key of a chorale in today's terms, from its printed signature and its last bass note.

    Old signatures leave out the sixth degree's flat (dorian) or the leading note's sharp (mixolydian); a minor key may
    be printed as its relative major. The last bass note of a chorale is its final and decides:

    - printed minor, final a fourth above the stated tonic: dorian notation, minor on the final;
    - printed major, final a sixth above: the relative minor; a fifth above: mixolydian, major on the final;
    - no mode printed: major or minor by the final, and where the final is neither tonic by the better correlation
      with :data:`PROFILES`;
    - anything else: as printed (a phrygian final, a close on the dominant).

    Parameters
    ----------
    fifths, mode
        The printed signature; the mode is ``"major"``, ``"minor"`` or ``None``.
    notes
        The piece.
    """
    bass = max((note for note in notes if note.voice == NUM_VOICES - 1), key=lambda note: note.onset_ticks)
    major, minor = Key(fifths, "major"), Key(fifths, "minor")
    final = bass.pitch % 12
    if mode == "minor" and (final - minor.tonic) % 12 == 5 and fifths > -7:
        return Key(fifths - 1, "minor")
    if mode == "minor":
        return minor
    if mode == "major" and (final - major.tonic) % 12 == 7 and fifths < 7:
        return Key(fifths + 1, "major")
    if final == minor.tonic:
        return minor
    return major if mode == "major" else _by_final(fifths, final, notes)


def stated_key(fifths: int, mode: str | None, notes: Sequence[Note]) -> Key:
    """Key of any piece, which is taken at its word where it states a mode.

    Major and minor are kept; a church mode becomes the major or minor key on its own tonic (D dorian: D minor), since
    its signature says less than its name. Without a mode the lowest of the notes that end last is the final, and
    decides as in :func:`musical_key`.

    Parameters
    ----------
    fifths, mode
        The printed signature; the mode is any of the names that editors use, or ``None``.
    notes
        The piece; it may be empty, which makes a key without a mode major.
    """
    if mode == "major" or not -7 <= fifths <= 7:
        return Key(min(max(fifths, -7), 7), "major")
    if mode == "minor":
        return Key(fifths, "minor")
    if mode in _CHURCH_MODES:
        today, more = _CHURCH_MODES[mode]
        if -7 <= fifths + more <= 7:
            return Key(fifths + more, today)
    if not notes:
        return Key(fifths, "major")
    return _by_final(fifths, _last_lowest(notes), notes)


def pitch_class_durations(score: Score) -> NDArray[np.float64]:
    """Quarter notes that each pitch class sounds, summed over notes, shape ``(12,)``."""
    pitches = np.array([note.pitch for note in score.notes], dtype=np.int64)
    lengths = np.array([note.length_ticks for note in score.notes], dtype=np.float64)
    return np.bincount(pitches % 12, weights=lengths, minlength=12) / score.ticks_per_quarter


def key_correlations(durations: NDArray[np.float64]) -> NDArray[np.float64]:
    """How well each key fits, by Pearson's correlation with its profile.

    Parameters
    ----------
    durations
        How long each pitch class sounds, in any unit, shape ``(..., 12)``.

    Returns
    -------
    Shape ``(..., 24)``: the major keys on C, C# and so on, then the minor ones; NaN where all sound equally long.
    """
    keys = np.array([np.roll(PROFILES[mode], tonic) for mode in MODES for tonic in range(12)])
    keys = keys - keys.mean(axis=1, keepdims=True)
    durations = durations - durations.mean(axis=-1, keepdims=True)
    sizes = np.linalg.norm(durations, axis=-1, keepdims=True) * np.linalg.norm(keys, axis=1)
    with np.errstate(invalid="ignore"):
        correlations: NDArray[np.float64] = (durations @ keys.T) / sizes
    return correlations


def nearest_key(durations: NDArray[np.float64], final: int | None = None) -> Key | None:
    """The key that fits best how long each pitch class sounds.

    The algorithm of Krumhansl and Schmuckler (Krumhansl, *Cognitive Foundations of Musical Pitch*, 1990, chapter 4):
    the durations of the twelve pitch classes are correlated (Pearson) with the profiles of all 24 keys, and the
    highest wins. Keys are spelled with at most six accidentals.

    Parameters
    ----------
    durations
        In any unit, shape ``(12,)``.
    final
        Pitch class whose keys are favoured by :data:`FINAL_BONUS`.

    Returns
    -------
    The key; ``None`` where none is nearer than another, because nothing sounds or all pitch classes sound equally
    long.
    """
    if np.ptp(durations) == 0:
        return None
    correlations = key_correlations(durations)
    if final is not None:
        correlations[[final, final + 12]] += FINAL_BONUS
    minor, tonic = divmod(int(np.argmax(correlations)), 12)
    return (Key(-3, "minor") if minor else Key(0)).transposed(tonic)


def detect_key(score: Score) -> Key | None:
    """The key of a whole piece or of a tune, from its notes alone: :func:`nearest_key`.

    The lowest of the notes that end last counts for more: it is the tonic more often than the pitch classes tell. The
    signature and ``score.key`` are not looked at.

    Returns
    -------
    The key; ``None`` where no key is nearer than another.
    """
    return nearest_key(pitch_class_durations(score), _last_lowest(score.notes) if score.notes else None)


def key_of(score: Score) -> Key | None:
    """The key that a score states, else the one it sounds in, :func:`detect_key`."""
    return detect_key(score) if score.key is None else score.key


def _last_lowest(notes: Sequence[Note]) -> int:
    """Pitch class of the lowest of the notes that end last."""
    return min(notes, key=lambda note: (-note.end_ticks, note.pitch)).pitch % 12


def _by_final(fifths: int, final: int, notes: Sequence[Note]) -> Key:
    """Major or minor of a signature: the one on the final, else the nearer one."""
    major, minor = Key(fifths, "major"), Key(fifths, "minor")
    for key in (minor, major):
        if key.tonic == final:
            return key
    fits = key_correlations(pitch_class_durations(Score(tuple(notes))))
    return minor if fits[minor.tonic + 12] > fits[major.tonic] else major
