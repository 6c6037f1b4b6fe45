"""A small corpus of chorales out of music21, and pieces that are no chorales."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from biaxial.corpora.splits import FolderItem, Split
from biaxial.judge.reference import Reference, measure_corpus, shipped_reference
from biaxial.music.score import Key, Note, Score
from biaxial.tasks.loading import load_model
from biaxial.tasks.model import Model

Q = 480


def hymn(seed: int, num_bars: int = 5) -> Score:
    """A plain piece in four voices, another one for each seed."""
    triads = {0: (72, 67, 64, 48), 1: (69, 65, 60, 53), 2: (71, 67, 62, 55), 3: (72, 69, 64, 45)}
    notes = []
    drawn = [*np.random.default_rng(seed).integers(4, size=4 * num_bars - 1).tolist(), 0]
    for beat, kind in enumerate(drawn):
        for voice, pitch in enumerate(triads[kind]):
            notes.append(Note(beat * Q, Q, pitch, voice))
    return Score(tuple(notes), key=Key(0, "major"), fermatas=((4 * num_bars - 1) * Q,))


@pytest.fixture(scope="session")
def bach() -> Reference:
    return shipped_reference()


@pytest.fixture(scope="session")
def model() -> Model:
    return load_model()


@pytest.fixture(scope="session")
def hymns() -> list[FolderItem]:
    def item(number: int, split: Split) -> FolderItem:
        return FolderItem(f"{split}/{number}", split, hymn(number))

    return [*(item(number, "train") for number in range(6)), *(item(number, "valid") for number in (6, 7))]


@pytest.fixture(scope="session")
def reference(hymns: list[FolderItem]) -> Reference:
    return measure_corpus("hymns", hymns, cuts=(4, 8))


@pytest.fixture
def tune() -> Score:
    """A single line."""
    return Score(tuple(Note(i * Q, Q, pitch, 0) for i, pitch in enumerate((67, 69, 71, 72, 71, 69, 67, 67))))


@pytest.fixture
def piano(tune: Score) -> Score:
    """Music without voices, outside the range of the chorales."""
    low = tuple(Note(i * Q, Q, 24, None) for i in range(8))
    return Score((*low, *(replace(note, voice=None) for note in tune.notes)))
