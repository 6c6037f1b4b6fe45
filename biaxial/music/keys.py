"""The key of a piece in today's terms, from the signature that its file prints and the note that it ends on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from biaxial.music.constants import NUM_VOICES
from biaxial.music.score import Key, Mode, Note

MODES: Final[tuple[Mode, ...]] = ("major", "minor")

_MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)

_FINAL = 0.5
"""What the last bass note weighs, in spreads of the fit over all keys; 269 of the 292 keys in train are found, 213
without it."""

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
      with the key profiles of Krumhansl and Kessler (1982);
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
    last = min(notes, key=lambda note: (-note.end_ticks, note.pitch))
    return _by_final(fifths, last.pitch % 12, notes)


def likely_key(notes: Sequence[Note]) -> Key:
    """The key whose profile (Krumhansl and Kessler 1982) the notes fit best, for music that states none.

    The lowest of the notes that end last counts for more: it is the tonic more often than not.

    Parameters
    ----------
    notes
        The piece; without any it is C major.
    """
    if not notes:
        return Key(0)
    final = min(notes, key=lambda note: (-note.end_ticks, note.pitch)).pitch % 12
    keys = [Key(fifths, mode) for fifths in range(-5, 7) for mode in MODES]
    fits = {key: _profile_correlation(key, notes) for key in keys}
    spread = math.sqrt(sum(fit * fit for fit in fits.values()) / len(fits))
    return max(keys, key=lambda key: fits[key] + _FINAL * spread * (key.tonic == final))


def _by_final(fifths: int, final: int, notes: Sequence[Note]) -> Key:
    major, minor = Key(fifths, "major"), Key(fifths, "minor")
    for key in (minor, major):
        if key.tonic == final:
            return key
    return max((major, minor), key=lambda key: _profile_correlation(key, notes))


def likeliest_key(weights: Sequence[float]) -> Key:
    """The key that fits best how long each pitch class sounds, twelve numbers from C up; C major for silence.

    Keys are spelled with at most six accidentals.
    """
    candidates = [home.transposed(shift) for home in (Key(0), Key(-3, "minor")) for shift in range(12)]
    if max(weights) == min(weights):
        return candidates[0]
    return max(candidates, key=lambda key: _correlation(key, [weights[(c + key.tonic) % 12] for c in range(12)]))


def _profile_correlation(key: Key, notes: Sequence[Note]) -> float:
    weights = [0.0] * 12
    for note in notes:
        weights[(note.pitch - key.tonic) % 12] += note.length_ticks
    return _correlation(key, weights)


def _correlation(key: Key, weights: Sequence[float]) -> float:
    """Pearson's correlation of weights, from the tonic up, with the profile of a key's mode."""
    profile = _MAJOR_PROFILE if key.mode == "major" else _MINOR_PROFILE
    mean_weight, mean_profile = sum(weights) / 12, sum(profile) / 12
    covariance = sum((w - mean_weight) * (p - mean_profile) for w, p in zip(weights, profile, strict=True))
    return covariance / math.sqrt(sum((p - mean_profile) ** 2 for p in profile))
