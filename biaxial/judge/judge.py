"""Judging pieces: every measure beside those of a corpus, what is most surprising, what is broken, what was copied.

The *grade* of a piece says how far it is from the corpus, and 0 would be its very middle. Each measure is turned into
standard deviations from the mean of corpus pieces of the same length, at most ten. Where only more is odd (faults,
distances, copied passages) less counts as none; elsewhere either direction counts, also for the likelihood, since music
that is much easier to predict than the corpus is unlike it too. The grade is the mean over the groups of measures of
the means within each group. No weight in it was fitted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from biaxial.files.machine import available_threads, in_threads
from biaxial.judge.measures import GROUPS, MEASURES, Group, Reading, copied, in_piece, nats_per_step, num_steps
from biaxial.judge.reference import Reference, Teller, checksum, cut_of, refusal
from biaxial.likelihood.scored_cells import Precision
from biaxial.likelihood.surprise import Moment, Surprise, surprises
from biaxial.metrics.novelty.passages import Novelty
from biaxial.models.network_arrays import NetworkArrays
from biaxial.music.errors import InputError
from biaxial.music.score import Score
from biaxial.sampling.piece_scorer import PieceScorer


@dataclass(frozen=True, eq=False)
class Judgement:
    """What the judge says of one piece.

    Parameters
    ----------
    name
        What it is called.
    reading
        The piece, whole and as it was measured.
    cut
        Bars of the corpus pieces that it is compared with.
    values
        Every measure that applies, by the names of :data:`~biaxial.judge.measures.MEASURES`.
    standard
        By how many standard deviations each lies above the mean of the corpus.
    novelty
        The longest passages that it shares with the corpus.
    surprise
        How likely the network finds each note; ``None`` where it cannot read the piece.
    remarks
        What could not be judged, and why; one line each.
    """

    name: str
    reading: Reading
    cut: int
    values: dict[str, float]
    standard: dict[str, float]
    novelty: Novelty
    surprise: Surprise | None
    remarks: tuple[str, ...]

    def surprising(self, count: int) -> tuple[Moment, ...]:
        """The most surprising moments of the part that was measured; none without a likelihood."""
        if self.surprise is None:
            return ()
        return self.surprise.most_surprising(count, slice(num_steps(self.surprise, self.reading)))

    @property
    def groups(self) -> dict[Group, float]:
        """How far each group of measures is from the corpus, for the groups that have any."""
        found = {group: group_distance(group, self.standard) for group in GROUPS}
        return {group: value for group, value in found.items() if not math.isnan(value)}

    @property
    def grade(self) -> float:
        """How far the piece is from the corpus; the lower, the nearer."""
        return grade(self.standard)


def oddness(measure: str, standard: float) -> float:
    """What a measure adds to its group: its standard deviations, those that count."""
    return float(np.maximum(0.0, standard)) if MEASURES[measure].only_more else abs(standard)


def group_distance(group: Group, standard: dict[str, float]) -> float:
    """Mean of what the measures of a group add; NaN where none applies."""
    return mean_of(oddness(name, value) for name, value in standard.items() if MEASURES[name].group == group)


def grade(standard: dict[str, float]) -> float:
    """Mean of the groups that apply; NaN where none does."""
    return mean_of(group_distance(group, standard) for group in GROUPS)


def mean_of(values: Iterable[float]) -> float:
    """Mean of the values that are not NaN; NaN where there are none."""
    there = [value for value in values if not math.isnan(value)]
    return sum(there) / len(there) if there else math.nan


class Judge:
    """Judges pieces against a corpus.

    Parameters
    ----------
    reference
        The corpus.
    network
        Whose likelihood is taken: arrays, by the kernels and the walk that draw, or a network of PyTorch; ``None`` for
        a judgement without it. It counts in the grade if the corpus was measured with the same weights.
    precision
        As for :func:`~biaxial.likelihood.cell_nats.cell_nats`.
    """

    def __init__(self, reference: Reference, network: Teller | None = None, precision: Precision = "float32") -> None:
        self.reference = reference
        self.network = network
        self.precision: Precision = precision
        self._teller = PieceScorer(network, precision) if isinstance(network, NetworkArrays) else network
        self._same_weights = checksum(network) == reference.weights

    def judge(
        self, pieces: Sequence[tuple[str, Score]], progress: Callable[[int], None] | None = None
    ) -> list[Judgement]:
        """Judge pieces, as many at once as there are processors.

        Parameters
        ----------
        pieces
            Names and music; every piece has notes.
        progress
            Called with the number of frames that were scored since its last call. What it raises ends the judging.

        Returns
        -------
        A judgement of each, in order.
        """
        if isinstance(teller := self._teller, PieceScorer):
            return self._judge_each(teller, pieces, progress)
        refusals = [refusal(self.network, score) for _, score in pieces]
        scores = [score for (_, score), reason in zip(pieces, refusals, strict=True) if not reason]
        told = surprises(teller, scores, precision=self.precision, progress=progress) if teller and scores else []
        found = iter(told)
        return [
            self._judgement(name, score, None if reason else next(found), reason)
            for (name, score), reason in zip(pieces, refusals, strict=True)
        ]

    def _judge_each(
        self, teller: PieceScorer, pieces: Sequence[tuple[str, Score]], progress: Callable[[int], None] | None
    ) -> list[Judgement]:
        """Score a piece and measure it, one on each processor: the kernels leave Python to the others."""

        def judged(piece: tuple[str, Score]) -> Judgement:
            name, score = piece
            try:
                (surprise,) = surprises(teller, [score], threads=1)
            except InputError as error:  # the network cannot read it
                return self._judgement(name, score, None, str(error))
            return self._judgement(name, score, surprise, "")

        def advance(done: Judgement) -> None:
            if progress is not None and done.surprise is not None:
                progress(done.surprise.roll.num_steps)

        return in_threads(judged, pieces, available_threads(), advance)

    def _judgement(self, name: str, score: Score, surprise: Surprise | None, reason: str) -> Judgement:
        cut = cut_of(len(score.bar_starts()), self.reference.tables)
        reading, remarks = Reading.of(score, cut), []
        itself = self.reference.passages.containing(score)
        if itself:
            remarks.append(f"it is in the corpus itself: {', '.join(itself)}")
        novelty = self.reference.passages.longest(reading.score, self.reference.left_out(itself))
        values = in_piece(reading) | self.reference.distances(reading) | copied(novelty)
        if surprise is None:
            remarks.append(f"no likelihood: {reason}")
        else:
            values["nats_per_step"] = nats_per_step(surprise, reading)
        values = {measure: value for measure, value in values.items() if not math.isnan(value)}
        standard = {measure: self.reference.standard(measure, cut, value) for measure, value in values.items()}
        if surprise is not None and not self._same_weights:
            standard.pop("nats_per_step")
            remarks.append("the likelihood is not in the grade: the corpus was measured with other weights, or none")
        if missing := [group for group in GROUPS if math.isnan(group_distance(group, standard))]:
            remarks.append(f"not in the grade, since nothing of it applies: {', '.join(missing)}")
        return Judgement(name, reading, cut, values, standard, novelty, surprise, tuple(remarks))
