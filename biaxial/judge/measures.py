"""The measures of the judge: one table of what is measured in a piece, with its group, its unit and what is odd in it.

A piece is read once (:class:`Reading`) and every measure looks at that. A measure that does not apply to a piece, such
as parallels in music without voices, is NaN. Definitions and sources stand with the functions of
:mod:`biaxial.metrics` that are called here; distances are those of :mod:`biaxial.judge.profiles`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal, NamedTuple

from biaxial.judge.chord_counts import Chords, chords_of
from biaxial.judge.profiles import FEATURES, Profile, profile
from biaxial.likelihood.surprise import Surprise
from biaxial.metrics.figures.statistics import (
    STATISTICS,
    first_bars,
    longest_chord_bars,
    longest_silence_bars,
    sounding_share,
)
from biaxial.metrics.harmony.agreement import distinct_chord_share
from biaxial.metrics.harmony.endings import cadence_shares, final_chord
from biaxial.metrics.harmony.local_harmony import non_chord_share
from biaxial.metrics.novelty.passages import Novelty
from biaxial.metrics.writing.dissonance import dissonant_beat_share, unprepared_beat_share
from biaxial.metrics.writing.slices import Slices
from biaxial.metrics.writing.voice_leading import RULES, Fault, faults
from biaxial.music.keys import key_of
from biaxial.music.score import Key, Score

Group = Literal["likelihood", "voice leading", "harmony", "distances", "statistics", "novelty"]
GROUPS: Final[tuple[Group, ...]] = ("likelihood", "voice leading", "harmony", "distances", "statistics", "novelty")


@dataclass(frozen=True, eq=False)
class Reading:
    """A piece as the measures see it.

    Parameters
    ----------
    whole
        All of it.
    score
        Its first bars, which are measured; the key and the end are those of the whole.
    """

    whole: Score
    score: Score

    @classmethod
    def of(cls, score: Score, num_bars: int | None = None) -> Reading:
        """Read a piece, cut to so many bars.

        Raises
        ------
        ValueError
            If two notes of one voice sound at once.
        """
        whole = replace(score, key=key_of(score))
        return cls(whole, whole if num_bars is None else first_bars(whole, num_bars))

    @property
    def key(self) -> Key | None:
        """The key as stated, or else as it sounds."""
        return self.whole.key

    @cached_property
    def slices(self) -> Slices | None:
        """The cut piece in slices; ``None`` where it has no voices."""
        return Slices.from_score(self.score) if self.score.num_voices > 1 else None

    @cached_property
    def faults(self) -> dict[str, list[Fault]]:
        """Every place where a rule of voice leading is broken, by the name of the rule; none without voices."""
        return {} if self.slices is None else faults(self.slices)

    @property
    def music(self) -> Score | Slices:
        """The cut piece, in slices where it has voices."""
        return self.slices or self.score

    @cached_property
    def cadences(self) -> dict[str, float]:
        """Share of phrase ends with each kind of cadence; NaN where no phrase end is known."""
        return cadence_shares(self.music)

    @cached_property
    def chords(self) -> Chords:
        """The chords of the cut piece, counted."""
        return chords_of(self.score, self.key)

    @cached_property
    def profile(self) -> Profile:
        """The distributions of the cut piece."""
        return profile(self.score, self.key, self.slices)

    def rate(self, rule: str) -> float:
        """Faults of a rule per 100 chord changes."""
        if self.slices is None or rule not in self.faults or not self.slices.num_changes:
            return math.nan
        return 100 * len(self.faults[rule]) / self.slices.num_changes


class Measure(NamedTuple):
    """One measure.

    Parameters
    ----------
    group
        Where it belongs; each group weighs the same in the grade.
    label, unit
        What it is, in words.
    of
        Reads it; ``None`` for what is not in the piece alone (distances, likelihood, novelty).
    only_more
        Whether only more than the corpus is odd, as with faults and distances; otherwise less is too.
    """

    group: Group
    label: str
    unit: str
    of: Callable[[Reading], float] | None = None
    only_more: bool = False


def _rule(name: str) -> Measure:
    return Measure("voice leading", name.replace("_", " "), "per 100 chord changes", lambda r: r.rate(name), True)


def _statistic(name: str, label: str, unit: str) -> Measure:
    return Measure("statistics", label, unit, lambda r: STATISTICS[name](r.music))


def _in_slices(group: Group, label: str, unit: str, of: Callable[[Slices], float], only_more: bool = False) -> Measure:
    return Measure(group, label, unit, lambda r: math.nan if r.slices is None else of(r.slices), only_more)


def _without_cadence(reading: Reading) -> float:
    return 1 - sum(reading.cadences.values())


def _other_ending(reading: Reading) -> float:
    ending = final_chord(reading.whole) if reading.slices is not None else None
    return math.nan if ending is None or reading.key is None else float(not ending.is_tonic_triad(reading.key.tonic))


def _distinct_chords(reading: Reading) -> float:
    return distinct_chord_share(reading.score, reading.key) if reading.key and reading.chords else math.nan


_TIME, _NOTES, _BEATS = "share of time", "share of notes", "share of strong beats"

MEASURES: Final[dict[str, Measure]] = {
    "nats_per_step": Measure("likelihood", "negative log-likelihood", "nats per step"),
    **{name: _rule(name) for name in RULES},
    "non_chord_share": Measure("harmony", "tones outside the chord", _TIME, lambda r: non_chord_share(r.music)),
    "dissonant_beat_share": _in_slices("harmony", "dissonance", _BEATS, dissonant_beat_share),
    "unprepared_beat_share": _in_slices("harmony", "unprepared dissonance", _BEATS, unprepared_beat_share, True),
    "authentic_cadence_share": Measure(
        "harmony", "authentic cadences", "share of phrase ends", lambda r: r.cadences["authentic"]
    ),
    "no_cadence_share": Measure("harmony", "no cadence", "share of phrase ends", _without_cadence, True),
    "final_chord_other": Measure("harmony", "final chord no tonic triad", "share of pieces", _other_ending, True),
    "distinct_chord_share": Measure("harmony", "different chords", "share of beats", _distinct_chords),
    "chord_unigrams": Measure("harmony", "Jensen-Shannon distance of chords", "bits", None, True),
    "chord_bigrams": Measure("harmony", "Jensen-Shannon distance of pairs of chords", "bits", None, True),
    **{
        f"distance_{name}": Measure("distances", f"distance, {feature.label}", feature.unit, None, True)
        for name, feature in FEATURES.items()
    },
    "pitch_class_entropy": _statistic("pitch_class_entropy", "pitch-class entropy", "bits"),
    "pitch_entropy": _statistic("pitch_entropy", "pitch entropy", "bits"),
    "scale_consistency": _statistic("scale_consistency", "scale consistency", _NOTES),
    "groove_consistency": _statistic("groove_consistency", "groove consistency", "share of places in a bar"),
    "empty_beat_rate": _statistic("empty_beat_rate", "empty beats", "share of beats"),
    "empty_measure_rate": _statistic("empty_measure_rate", "empty bars", "share of bars"),
    "polyphony": _statistic("polyphony", "polyphony", "pitches at once"),
    "polyphony_rate": _statistic("polyphony_rate", "more than two pitches at once", _TIME),
    "pitch_range": _statistic("pitch_range", "pitch range", "semitones"),
    "n_pitches_used": _statistic("n_pitches_used", "pitches used", "pitches"),
    "n_pitch_classes_used": _statistic("n_pitch_classes_used", "pitch classes used", "pitch classes"),
    "mean_note_length": _statistic("mean_note_length", "mean note length", "quarter notes"),
    "note_length_entropy": _statistic("note_length_entropy", "entropy of note lengths", "bits"),
    "sounding_share": _in_slices("statistics", "four voices sounding", _TIME, sounding_share),
    "longest_chord_bars": _in_slices("statistics", "longest chord", "bars", longest_chord_bars, True),
    "longest_silence_bars": _in_slices("statistics", "longest silence", "bars", longest_silence_bars, True),
    "copied_line": Measure("novelty", "longest copy, one voice", "notes", None, True),
    "copied_chords": Measure("novelty", "longest copy, all voices", "chords", None, True),
}
"""Every measure, by the name that ``--json`` has, in the order of the tables."""


def in_piece(reading: Reading) -> dict[str, float]:
    """The measures that are in the piece alone."""
    return {name: measure.of(reading) for name, measure in MEASURES.items() if measure.of is not None}


def copied(novelty: Novelty) -> dict[str, float]:
    """The measures of novelty: lengths of the longest passages that a corpus has too."""
    passages = {"copied_line": novelty.one_voice, "copied_chords": novelty.all_voices}
    return {name: float(passage.length) if passage else 0.0 for name, passage in passages.items()}


def num_steps(surprise: Surprise, reading: Reading) -> int:
    """Steps of the part of a piece that was measured."""
    return -(-reading.score.length_ticks // surprise.unit)


def nats_per_step(surprise: Surprise, reading: Reading) -> float:
    """Negative log-likelihood of a step of the part that was measured."""
    return float(surprise.per_step[: num_steps(surprise, reading)].mean())
