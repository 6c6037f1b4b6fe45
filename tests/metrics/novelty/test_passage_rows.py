"""Longest common runs, against looking everywhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from biaxial.metrics.novelty.passage_rows import Suffixes

END = 0


def plain(corpus: Sequence[int], row: Sequence[int], allowed: Sequence[bool]) -> list[int]:
    """Compare every place with every place."""
    longest = []
    for place in range(len(row)):
        best = 0
        for start in range(len(corpus)):
            count = 0
            while (
                place + count < len(row)
                and start + count < len(corpus)
                and row[place + count] == corpus[start + count] != END
            ):
                count += 1
            best = max(best, count if allowed[start] else 0)
        longest.append(best)
    return longest


@pytest.mark.parametrize("letters", [1, 2, 3, 30])
def test_as_looking_everywhere(letters: int) -> None:
    random = np.random.default_rng(letters)
    for _ in range(60):
        rows = [random.integers(1, letters + 1, random.integers(0, 12)) for _ in range(random.integers(0, 6))]
        corpus = np.concatenate([np.append(row, END) for row in rows] or [np.zeros(0, dtype=np.int64)])
        suffixes = Suffixes(corpus.astype(np.uint32), END)
        row = random.integers(1, letters + 2, random.integers(0, 15)).astype(np.uint32)
        everywhere = np.ones(len(corpus), dtype=bool)
        assert suffixes.longest(row).tolist() == plain(corpus.tolist(), row.tolist(), everywhere.tolist())
        some = random.random(len(corpus)) < 0.5
        assert suffixes.longest(row, some).tolist() == plain(corpus.tolist(), row.tolist(), some.tolist())


def test_a_run_does_not_go_on_into_the_next_row() -> None:
    suffixes = Suffixes(np.array([1, 2, END, 3, 4, END]), END)
    assert suffixes.longest(np.array([1, 2, 3, 4])).tolist() == [2, 1, 2, 1]
    assert suffixes.longest(np.array([1, 2])).tolist() == [2, 1]


def test_a_long_repetition() -> None:
    suffixes = Suffixes(np.array([7] * 100 + [END]), END)
    assert suffixes.longest(np.array([7] * 150)).tolist() == [min(100, 150 - place) for place in range(150)]
