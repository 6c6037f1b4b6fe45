"""Lines as strings: exact in both directions, whatever the line."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Note, Score
from biaxial.tokens.codec import TokenString
from biaxial.tokens.melody_codec import END, HOLD, PHRASE_END, REST, START, MelodyCodec, top_line, voice_lines

CODEC = MelodyCodec()
PHRASED = MelodyCodec(phrases=True)


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


def test_a_phrase_end_stands_before_the_note_that_ends_the_phrase() -> None:
    roll = states((0, 2, 60), (2, 1, 62), (3, 2, 64), length=5)
    (tokens,) = PHRASED.encode(roll, np.zeros(roll.shape, np.uint8), 0, [2, 3])
    assert tokens.tolist() == [60, HOLD, PHRASE_END, 62, PHRASE_END, 64, HOLD, END]
    string = TokenString.of(tokens, PHRASED.walk())
    assert string.times.tolist() == [0, 1, 2, 2, 3, 3, 4, 5, 5]
    assert (string.num_events, string.num_notes) == (3, 3)
    walk = PHRASED.walk()
    for token in tokens.tolist():
        walk.push(token)
    assert walk.phrase_ends == (2, 3)
    assert CODEC.walk().phrase_ends is None


def test_marked_steps_come_back_wherever_they_fall() -> None:
    rng = np.random.default_rng(2)
    for _ in range(30):
        roll = states((1, 3, 60), (4, 2, 64), (8, 4, 67), length=13)
        ends = sorted(rng.choice(13, size=int(rng.integers(0, 6)), replace=False).tolist())
        (tokens,) = PHRASED.encode(roll, np.zeros(roll.shape, np.uint8), 0, ends)
        walk = PHRASED.walk()
        for token in tokens.tolist():
            walk.push(token)
        assert (list(walk.phrase_ends or ()), walk.time) == (ends, 13)
        assert walk.notes() == [(1, 3, 60), (4, 2, 64), (8, 4, 67)]


def test_where_no_phrase_ends_are_known_none_can_be_written() -> None:
    roll = states((0, 2, 60), length=3)
    (tokens,) = PHRASED.encode(roll, np.zeros(roll.shape, np.uint8), 0, None)
    rows = TokenString.of(tokens, PHRASED.walk(phrased=False)).rows
    assert not PHRASED.allowed[rows, PHRASE_END].any()
    assert PHRASED.allowed[rows[1], HOLD]
    assert (PHRASED.allowed[:2, : START + 1] == CODEC.allowed).all()
    assert PHRASED.walk(phrased=False).phrase_ends is None


def test_a_mark_stands_before_a_step_and_is_drawn_before_a_note_only() -> None:
    walk = PHRASED.walk()
    walk.push(60)
    walk.push(PHRASE_END)
    for token in (PHRASE_END, END):
        with pytest.raises(ValueError, match="cannot follow"):
            walk.push(token)
    assert PHRASED.allowed[walk.state, [HOLD, REST, 60]].all()
    assert PHRASED.drawable[walk.state].tolist() == [True] * 128 + [False] * 5
