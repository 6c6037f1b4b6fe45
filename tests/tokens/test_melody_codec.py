"""Lines as strings: exact in both directions, whatever the line."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Note, Score
from biaxial.tokens.codec import TokenString
from biaxial.tokens.melody_codec import END, HOLD, REST, START, MelodyCodec, top_line, voice_lines

CODEC = MelodyCodec()


def states(*notes: tuple[int, int, int], length: int = 0) -> NDArray[np.int8]:
    """A roll of notes (onset, length, pitch) in steps."""
    score = Score(tuple(Note(120 * on, 120 * size, pitch) for on, size, pitch in notes), 120 * length)
    return Roll.from_score(score, Grid(4), 0, 128).states


def test_a_line_is_a_token_a_step() -> None:
    roll = states((0, 2, 60), (2, 1, 60), (4, 2, 67), length=7)
    (tokens,) = CODEC.encode(roll, np.zeros(roll.shape, np.uint8), 0)
    assert tokens.tolist() == [60, HOLD, 60, REST, 67, HOLD, REST, END]


def test_random_lines_come_back() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        notes, now = [], int(rng.integers(0, 3))
        for _ in range(int(rng.integers(1, 12))):
            length = int(rng.integers(1, 6))
            notes.append((now, length, int(rng.integers(40, 90))))
            now += length + int(rng.integers(0, 3))
        roll = states(*notes, length=now)
        (tokens,) = CODEC.encode(roll, np.zeros(roll.shape, np.uint8), -3)
        string = TokenString.of(tokens, CODEC.walk())
        walk = CODEC.walk()
        for token in tokens.tolist():
            walk.push(token)
        assert [(on, size, pitch + 3) for on, size, pitch in walk.notes()] == notes
        assert (walk.time, walk.done) == (now, True)
        assert string.times.tolist() == [*range(now + 1), now]
        assert string.num_notes == len(notes)


def test_each_voice_is_a_line() -> None:
    notes = (
        Note(0, 240, 72, 0),
        Note(0, 120, 60, 1),
        Note(120, 120, 62, 1),
        Note(240, 120, 67, 0),
        Note(240, 120, 67, 1),
    )
    roll = Roll.from_score(Score(notes), Grid(4), 0, 128)
    assert roll.voices is not None
    upper, lower = voice_lines(roll.states, roll.voices)
    assert upper.tolist() == [72, HOLD, 67]
    assert lower.tolist() == [60, 62, 67]


def test_without_voices_the_highest_line_is_taken() -> None:
    # a lower note that begins under a held one is left out; a higher one takes over, and the held one does not return
    assert top_line(states((0, 4, 60), (1, 1, 55), (2, 1, 64), (5, 1, 50))).tolist() == [60, HOLD, 64, REST, REST, 50]
    assert top_line(states((0, 1, 60), (0, 3, 48))).tolist() == [60, REST, REST]


def test_the_grammar_forbids_to_hold_what_does_not_sound() -> None:
    walk = CODEC.walk()
    with pytest.raises(ValueError, match="cannot follow"):
        walk.push(HOLD)
    walk.push(REST)
    assert not CODEC.allowed[walk.state, HOLD]
    walk.push(60)
    assert CODEC.allowed[walk.state, HOLD]
    assert not CODEC.allowed[:, START].any()
    walk.push(END)
    with pytest.raises(ValueError, match="cannot follow"):
        walk.push(60)


def test_a_pitch_that_leaves_the_range_is_refused() -> None:
    roll = states((0, 1, 126))
    with pytest.raises(ValueError, match="leaves 0 to 127"):
        CODEC.encode(roll, np.zeros(roll.shape, np.uint8), 2)
