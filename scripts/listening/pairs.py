"""Pairs of excerpts for a blind test: one from a folder of music, one from a corpus, made alike in all but the notes.

An excerpt is the pickup and the first bars of a piece, as one keyboard would play it: voices, dynamics and the
fermatas are taken off on both sides, and unisons are one note, so that nothing but the notes can tell the sides apart.
A piece must go on after the cut: no excerpt of a test has an ending. Times are in units of :data:`UNITS` a quarter.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from biaxial.corpora.splits import piece_name
from biaxial.formats.read import read_score
from biaxial.metrics.figures.statistics import first_bars
from biaxial.music.errors import InputError
from biaxial.music.keys import detect_key
from biaxial.music.parts import erase_voices
from biaxial.music.score import Key, Score
from scripts.listening.floors import diatonic

UNITS: Final = 24
"""Units of time in a quarter note: thirty-seconds and triplets of sixteenths are whole."""
TUNE_NOTES: Final = 9
"""Notes by whose intervals a tune is known again."""
FLOOR_NAME: Final = "random triads"
"""What the key calls the floor of a catch pair."""


@dataclass(frozen=True)
class Excerpt:
    """The beginning of a piece.

    Parameters
    ----------
    name
        Of the piece; for the key only.
    score
        Its first bars.
    """

    name: str
    score: Score

    @property
    def notes(self) -> list[tuple[int, int, int]]:
        """Onset and length in units, and pitch, of every note, in this order."""
        quarter = self.score.ticks_per_quarter
        found = set()
        for note in erase_voices(self.score).notes:
            start, end = (round(tick * UNITS / quarter) for tick in (note.onset_ticks, note.end_ticks))
            found.add((start, max(1, end - start), note.pitch))
        return sorted(found)

    @property
    def length(self) -> int:
        """Units from the beginning to the cut."""
        return round(self.score.length_ticks * UNITS / self.score.ticks_per_quarter)

    @property
    def tune(self) -> tuple[int, ...]:
        """The first intervals of the highest voice, or of the highest notes where there are no voices."""
        notes = self.score.voice_notes(0) if self.score.num_voices else self.score.notes
        highest: dict[int, int] = {}
        for note in notes:
            highest[note.onset_ticks] = max(note.pitch, highest.get(note.onset_ticks, 0))
        return tuple(b - a for a, b in pairwise([highest[tick] for tick in sorted(highest)][:TUNE_NOTES]))

    @property
    def metre(self) -> tuple[str, float]:
        """Time signature, and length of the pickup in quarter notes."""
        score = self.score
        return score.time_signatures[0].name, score.pickup_ticks / score.ticks_per_quarter

    @property
    def mode(self) -> str | None:
        """Major, minor, or ``None`` where nobody can say."""
        return self.score.key.mode if self.score.key else None


class Pair(NamedTuple):
    """Two excerpts.

    Parameters
    ----------
    corpus
        By the composer.
    other
        From the folder; in a catch pair a floor.
    right
        The side on which the first one is, ``"A"`` or ``"B"``.
    catch
        Whether anyone who listens should get it right.
    """

    corpus: Excerpt
    other: Excerpt
    right: str
    catch: bool = False

    @property
    def sides(self) -> tuple[Excerpt, Excerpt]:
        """A and B."""
        return (self.corpus, self.other) if self.right == "A" else (self.other, self.corpus)


def read_excerpts(folder: Path, paths: Iterable[Path], bars: int) -> list[Excerpt]:
    """The beginnings of the pieces that go on after the cut; a file that cannot be read is named on stderr.

    The key is taken from the notes where the file does not say it.
    """
    excerpts, short = [], 0
    for path in paths:
        try:
            score = read_score(path)
        except ValueError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        if len(score.bar_starts()) <= bars or not (cut := first_bars(score, bars)).notes:
            short += 1
            continue
        excerpts.append(Excerpt(piece_name(folder, path), replace(cut, key=cut.key or detect_key(cut))))
    if short:
        print(f"left out: {short} pieces of {folder} that do not go on after bar {bars}", file=sys.stderr)
    return excerpts


def draw_pairs(
    others: Sequence[Excerpt], corpus: Sequence[Excerpt], num_pairs: int, num_catches: int, random: np.random.Generator
) -> list[Pair]:
    """Draw pairs in random order, each with its right side by the toss of a coin; no tune comes twice in a test.

    The pieces of the folder are drawn at random; each is given a piece of the corpus of the same metre and pickup, and
    of the same mode while there is one left. A piece for which there is none is passed over: where all chorales begin
    with an upbeat, one without would be known by that. The coin is fair and independent of the other pairs, so that
    whatever a listener does without hearing a difference is right with probability one half. The floor of a catch pair
    is that of :func:`scripts.listening.floors.diatonic` in the outline of its chorale.

    Raises
    ------
    InputError
        If there are not enough pieces.
    """
    tunes = {excerpt.tune for excerpt in others}
    left = list(
        {e.tune: e for e in (corpus[i] for i in random.permutation(len(corpus))) if e.tune not in tunes}.values()
    )
    drawn: set[tuple[int, ...]] = set()
    pairs: list[Pair] = []
    for other in (others[index] for index in random.permutation(len(others))):
        fitting = [excerpt for excerpt in left if excerpt.metre == other.metre]
        if len(pairs) < num_pairs and fitting and other.tune not in drawn:
            partner = next((excerpt for excerpt in fitting if excerpt.mode == other.mode), fitting[0])
            left.remove(partner)
            drawn.add(other.tune)
            pairs.append(Pair(partner, other, _toss(random)))
    if len(pairs) < num_pairs or len(left) < num_catches:
        raise InputError(
            f"{len(others)} pieces of the folder and {len(corpus)} of the corpus are long enough, and make "
            f"{len(pairs)} pairs of one metre and pickup without a tune twice, not {num_pairs} and {num_catches} to "
            "catch; ask for fewer pairs or bars, or give more music"
        )
    for excerpt in left[:num_catches]:
        key = excerpt.score.key or Key(0)
        floor = Excerpt(FLOOR_NAME, diatonic(replace(excerpt.score, key=key), random))
        pairs.append(Pair(excerpt, floor, _toss(random), catch=True))
    return [pairs[index] for index in random.permutation(len(pairs))]


def _toss(random: np.random.Generator) -> str:
    return "AB"[random.integers(2)]
