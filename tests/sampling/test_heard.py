"""What the compiled stepper remembers gives the echoes of the memory that is written to be read."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from biaxial.features.echo import EchoMemory
from biaxial.features.input_layout import LENGTH_BOUNDS
from biaxial.sampling.heard import NO_ECHO, Echoes, Heard, echoes_of_piece

NUM_NOTES = 5


def assert_same(found: Echoes, memory: EchoMemory) -> None:
    echo = memory.echo()
    assert np.array_equal(found.frames, echo.frame[:, 0].numpy())
    assert found.from_start.tolist() == echo.from_start[:, 0].tolist()
    reached = [sum(length >= bound for bound in LENGTH_BOUNDS) for length in echo.length[:, 0].tolist()]
    assert [length_class + 1 for length_class in found.classes.tolist()] == reached


def test_pasts_that_part_have_the_echoes_of_their_own_memories() -> None:
    rng = np.random.default_rng(0)
    frames: NDArray[np.uint8] = rng.integers(0, 31, (3, NUM_NOTES)).astype(np.uint8)
    heard, memory = Heard.nothing(4), EchoMemory.empty(4, NUM_NOTES)
    classes, from_start = set[int](), 0
    for step in range(120):
        found = heard.echoes(NUM_NOTES)
        assert_same(found, memory)
        classes |= set(found.classes.tolist())
        from_start += int(found.from_start.sum())
        pasts = np.sort(rng.integers(0, 4, 4)) if step % 10 == 9 else np.arange(4)
        played = frames[rng.integers(0, 3, 4) if step < 20 or step % 40 == 0 else (step + pasts) % 3]
        heard = heard.then(pasts.tolist(), played)
        memory = memory.take(torch.from_numpy(pasts)).heard(torch.from_numpy(played))
    assert classes >= {NO_ECHO, 0, 1, 2, 5, 8}
    assert from_start > 0


def test_what_was_heard_does_not_change_when_more_is() -> None:
    first = Heard.nothing(1).then([0], np.full((1, NUM_NOTES), 1, np.uint8))
    second = first.then([0, 0], np.array([[1] * NUM_NOTES, [2] * NUM_NOTES], np.uint8))
    assert first.frames.shape == (1, 1)
    assert first.echoes(NUM_NOTES).classes.tolist() == [NO_ECHO]
    assert second.echoes(NUM_NOTES).frames.tolist() == [[1] * NUM_NOTES, [0] * NUM_NOTES]
    assert second.frames[0, 0] == second.frames[0, 1] == second.frames[1, 0] != second.frames[1, 1]


def test_the_echoes_of_a_piece_are_those_of_its_steps() -> None:
    rng = np.random.default_rng(1)
    few: NDArray[np.uint8] = rng.integers(0, 31, (3, NUM_NOTES)).astype(np.uint8)
    piece = few[np.concatenate([rng.integers(0, 3, 20), np.arange(40) % 3, rng.integers(0, 3, 60)])]
    found, heard = echoes_of_piece(piece), Heard.nothing(1)
    for step, frame in enumerate(piece):
        expected = heard.echoes(NUM_NOTES)
        assert np.array_equal(found.frames[step], expected.frames[0])
        assert found.classes[step] == expected.classes[0]
        assert found.from_start[step] == expected.from_start[0]
        heard = heard.then([0], frame[None])
    assert set(found.classes.tolist()) >= {NO_ECHO, 0, 1, 2, 5}
    assert found.from_start.any()
    assert len(echoes_of_piece(piece[:0]).classes) == 0
