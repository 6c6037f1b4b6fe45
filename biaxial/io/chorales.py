"""The four-part Bach chorales that music21 carries, read into :class:`~biaxial.score.Score`.

music21 is imported inside the functions, since only the commands that prepare a corpus need it. Notes are merged over
ties, grace notes are dropped, repeats stay as written. What the files leave open is decided here, in one place each:
bars (:func:`_time_signatures`), keys (:func:`musical_key`), fermatas, titles.

Source: the `music21 corpus <https://www.music21.org>`_, files ``bach/bwv*``; titles from its list of chorales by
Riemenschneider, Kalmus and BWV numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from biaxial.constants import NUM_VOICES, TICKS_PER_QUARTER
from biaxial.score import Key, Note, Score, TimeSignature

DEFAULT_TEMPO_BPM = 80.0
"""Quarter notes a minute where the file says nothing (none of the chorales does)."""

_MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


class NotFourPartsError(ValueError):
    """The file has more or fewer than four parts.

    Parameters
    ----------
    num_parts
        How many it has.
    """

    def __init__(self, num_parts: int) -> None:
        super().__init__(f"it has {num_parts} parts, a chorale four")
        self.num_parts = num_parts


def chorale_paths() -> list[Path]:
    """The files of music21's corpus that may be chorales: all its ``bwv`` files by Bach, in order of their names."""
    from music21 import corpus

    paths = [Path(path) for path in corpus.getComposer("bach") if Path(path).name.startswith("bwv")]
    return sorted(paths, key=lambda path: (path.stem, path.suffix))


def read_chorale(path: Path) -> Score:
    """Read one four-part chorale.

    Parameters
    ----------
    path
        A file from :func:`chorale_paths`, named for its BWV number.

    Returns
    -------
    The piece, its parts as voices 0 (soprano) to 3 (bass), 480 ticks a quarter.

    Raises
    ------
    NotFourPartsError
        If the file has not exactly four parts.
    """
    return read_with_signature(path)[0]


def read_with_signature(path: Path) -> tuple[Score, str]:
    """Read one chorale, as :func:`read_chorale`, and its key signature as the file prints it.

    The signature is the name of the key that it states: ``"A minor"`` also where the music is D minor with its flat
    left out. Without a mode it is the number of sharps, such as ``"-1"``.
    """
    from music21 import converter

    piece = converter.parse(path, forceSource=True)
    parts = list(piece.parts)
    if len(parts) != NUM_VOICES:
        raise NotFourPartsError(len(parts))
    notes: list[Note] = []
    fermatas: list[set[int]] = []
    for voice, part in enumerate(parts):
        voice_notes, voice_fermatas = _read_part(part, voice)
        notes += voice_notes
        fermatas.append(voice_fermatas)
    pickup, signatures = _time_signatures(_bars(parts[0]))
    chosen = fermatas[0] or set().union(*fermatas)
    printed = parts[0].recurse().getElementsByClass("KeySignature")
    mode = next((mode for mode in (getattr(key, "mode", None) for key in printed) if mode in ("major", "minor")), None)
    sharps = int(printed[0].sharps) if printed else 0
    score = Score(
        notes=tuple(notes),
        length_ticks=max(_ticks(part.highestTime) for part in parts),
        time_signatures=signatures,
        pickup_ticks=pickup,
        key=musical_key(sharps, mode, notes),
        fermatas=tuple(chosen) or None,
        tempo_bpm=_tempo(piece),
        title=_title(path.stem),
    )
    return score, f"{sharps:+d}" if mode is None else Key(sharps, mode).name


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
    if mode == "major" or final == major.tonic:
        return major
    return max((major, minor), key=lambda key: _profile_correlation(key, notes))


def _profile_correlation(key: Key, notes: Sequence[Note]) -> float:
    weights = [0.0] * 12
    for note in notes:
        weights[(note.pitch - key.tonic) % 12] += note.length_ticks
    profile = _MAJOR_PROFILE if key.mode == "major" else _MINOR_PROFILE
    mean_weight, mean_profile = sum(weights) / 12, sum(profile) / 12
    covariance = sum((w - mean_weight) * (p - mean_profile) for w, p in zip(weights, profile, strict=True))
    return covariance / math.sqrt(sum((p - mean_profile) ** 2 for p in profile))


def _ticks(quarters: float | Fraction) -> int:
    ticks = Fraction(quarters) * TICKS_PER_QUARTER
    if ticks.denominator != 1:
        raise ValueError(f"{quarters} quarters are no whole number of ticks at {TICKS_PER_QUARTER} a quarter")
    return int(ticks)


def _bars(part: Any) -> list[tuple[int, int, TimeSignature]]:
    """Onset, length and metre of each measure as it is written."""
    bars, metre = [], TimeSignature()
    for measure in part.getElementsByClass("Measure"):
        if measure.timeSignature is not None:
            metre = TimeSignature.from_name(measure.timeSignature.ratioString)
        bars.append((_ticks(measure.offset), _ticks(measure.highestTime), metre))
    return bars


def _read_part(part: Any, voice: int) -> tuple[list[Note], set[int]]:
    """Notes of one part, tied ones merged, and the onsets of those with a fermata (anywhere under the tie)."""
    notes: list[Note] = []
    fermatas: set[int] = set()
    tied = False
    for element in part.flatten().notes:
        if element.duration.isGrace:
            continue
        onset, length = _ticks(element.offset), _ticks(element.duration.quarterLength)
        pitch = int(element.pitch.midi)
        joins = element.tie is not None and element.tie.type in ("stop", "continue")
        if joins and tied and notes[-1].pitch == pitch and notes[-1].end_ticks == onset:
            onset, length = notes[-1].onset_ticks, length + notes[-1].length_ticks
            notes.pop()
        notes.append(Note(onset, length, pitch, voice))
        tied = element.tie is not None and element.tie.type in ("start", "continue")
        if any(type(expression).__name__ == "Fermata" for expression in element.expressions):
            fermatas.add(onset)
    return notes, fermatas


def _time_signatures(bars: Sequence[tuple[int, int, TimeSignature]]) -> tuple[int, tuple[TimeSignature, ...]]:
    """Pickup and metres from bars given as (onset, length, metre that holds there).

    A short first bar is the pickup. Two short bars that fill one together are one bar with a repeat sign inside. A
    short bar that stays alone in the middle gets a metre of its own, and so does what is left over of a bar that is
    too long, so that the bars counted from the result are those of the score.
    """
    signatures: list[TimeSignature] = []

    def holds(metre: TimeSignature, onset: int) -> None:
        if not signatures or signatures[-1].name != metre.name:
            signatures.append(replace(metre, onset_ticks=onset))

    pickup, index = 0, 0
    while index < len(bars):
        onset, length, metre = bars[index]
        full = metre.bar_ticks(TICKS_PER_QUARTER)
        first, index = index == 0, index + 1
        if first and length < full:
            pickup = length
            holds(metre, 0)
            continue
        while index < len(bars) and length + bars[index][1] <= full and bars[index][2] == metre:
            length += bars[index][1]
            index += 1
        if length >= full or index == len(bars):
            holds(metre, onset)
        rest = length % full
        if rest and index < len(bars):
            beats = Fraction(rest * metre.denominator, 4 * TICKS_PER_QUARTER)
            holds(TimeSignature(beats.numerator, metre.denominator * beats.denominator), onset + length - rest)
    return pickup, tuple(signatures)


def _tempo(piece: Any) -> float:
    marks = (mark.getQuarterBPM() for mark in piece.recurse().getElementsByClass("MetronomeMark") if mark.number)
    return next((float(bpm) for bpm in marks if bpm and 20 <= bpm <= 300), DEFAULT_TEMPO_BPM)


def _title(name: str) -> str:
    """``"BWV 269: Aus meines Herzens Grunde"``; the number alone where music21 lists no title for it."""
    number = name.removeprefix("bwv")
    entry = _listed().get(number) or _listed().get(number.split("-")[0])
    return f"BWV {number}: {entry['title']}" if entry else f"BWV {number}"


@cache
def _listed() -> Mapping[str, Mapping[str, str]]:
    from music21.corpus.chorales import ChoraleListRKBWV

    by_number: Mapping[str, Mapping[str, str]] = ChoraleListRKBWV().byBWV
    return by_number
