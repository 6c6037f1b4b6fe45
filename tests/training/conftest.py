"""A small corpus made of scales and cadences."""

from __future__ import annotations

import pytest

from biaxial.corpora.corpus import Corpus
from biaxial.corpora.splits import FolderItem, Split
from biaxial.music.grid import Grid
from biaxial.music.score import Key, Note, Score

Q = 480


def scale(shift: int, bars: int = 3) -> Score:
    """Four voices that move up a scale together, with a repeated bass."""
    steps = (0, 2, 4, 5, 7, 9, 11, 12)
    notes = []
    for quarter in range(4 * bars):
        for voice, root in enumerate((65, 60, 55, 48)):
            pitch = root + shift + (steps[quarter % 8] if voice < 3 else 0)
            notes.append(Note(quarter * Q, Q, min(pitch, 81), voice))
    return Score(tuple(notes), key=Key(0).transposed(shift), fermatas=(4 * bars * Q - Q,))


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    """Eight pieces to train on, two held out, one for testing."""
    splits: dict[Split, int] = {"train": 8, "valid": 2, "test": 1}
    order = [split for split, count in splits.items() for _ in range(count)]
    items = [FolderItem(f"piece-{i:02d}", split, scale(i % 4, 3 + i % 3)) for i, split in enumerate(order)]
    return Corpus.from_items(items, Grid(4))
