"""Polyphony as strings: the vocabulary, what it lacks, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Note, Score
from biaxial.tokens.chord_codec import ChordCodec, Moment, learnt_vocabulary, moments
from biaxial.tokens.codec import TokenString
from biaxial.tokens.config import MAX_LENGTH, SequenceConfig

CONFIG = SequenceConfig(kind="chord", chords=((48,), (60, 64, 67), (62, 65)), lengths=(1, 2, 4))
CODEC = ChordCodec(CONFIG)


def states(*notes: tuple[int, int, int], length: int = 0) -> NDArray[np.int8]:
    """A roll of notes (onset, length, pitch) in steps."""
    score = Score(tuple(Note(120 * on, 120 * size, pitch) for on, size, pitch in notes), 120 * length)
    return Roll.from_score(score, Grid(4), 0, 128).states


def back(tokens: NDArray[np.int32], codec: ChordCodec = CODEC) -> tuple[list[tuple[int, int, int]], int]:
    """The notes of a string, sorted, and its length."""
    walk = codec.walk()
    for token in tokens.tolist():
        assert codec.allowed[walk.state, token]
        walk.push(token)
    assert walk.done
    return sorted(walk.notes()), walk.time


def test_known_chords_and_lengths_are_one_token_each() -> None:
    notes = [(0, 4, 48), (0, 2, 60), (0, 2, 64), (0, 2, 67), (2, 2, 62), (2, 2, 65)]
    (tokens,) = CODEC.encode(states(*notes, length=8), np.zeros((8, 128), np.uint8), 0)
    # bass, its length, the chord, its length, a wait; the next chord, its length; a wait to the end, which is spelt
    assert len(tokens) == 4 + 1 + 2 + 3 + 1
    assert back(tokens) == (sorted(notes), 8)
    assert TokenString.of(tokens, CODEC.walk()).num_events == 3 + 1  # and a rest at the end


@pytest.mark.parametrize("shift", [0, 5])
def test_any_polyphony_comes_back(shift: int) -> None:
    rng = np.random.default_rng(2)
    for _ in range(40):
        ends: dict[int, int] = {}
        notes, now = [], int(rng.integers(0, 30))
        for _ in range(int(rng.integers(1, 20))):
            for pitch in rng.choice(np.arange(40, 80), int(rng.integers(1, 6)), replace=False).tolist():
                if ends.get(pitch, 0) <= now:
                    length = int(rng.integers(1, 40))
                    notes.append((now, length, pitch))
                    ends[pitch] = now + length
            now += int(rng.integers(1, 6))
        length = max(ends.values()) + int(rng.integers(0, 5))
        (tokens,) = CODEC.encode(states(*notes, length=length), np.zeros((length, 128), np.uint8), shift)
        found, time = back(tokens)
        assert [(on, size, pitch - shift) for on, size, pitch in found] == sorted(notes)
        assert time == length


def test_the_longest_length_can_be_written() -> None:
    tokens = CODEC.tokens([(0, [((60,), MAX_LENGTH)])], MAX_LENGTH)
    assert back(tokens) == ([(0, MAX_LENGTH, 60)], MAX_LENGTH)


def test_every_row_of_the_grammar_leaves_something_and_forbids_something() -> None:
    walk, rng, seen = CODEC.walk(), np.random.default_rng(3), set()
    for _ in range(3000):
        if walk.done:
            walk = CODEC.walk()
        seen.add(walk.state)
        possible = np.flatnonzero(CODEC.allowed[walk.state])
        assert 0 < len(possible) < CODEC.size
        walk.push(int(rng.choice(possible)))
    assert len(seen) > 50
    with pytest.raises(ValueError, match="cannot follow"):
        CODEC.walk().push(CODEC.start)


def test_the_vocabulary_is_what_is_frequent() -> None:
    often: list[Moment] = [(step, [((60, 64), 2)]) for step in range(0, 20, 4)]
    pieces: list[list[Moment]] = [often, [(0, [((50,), 3)]), (7, [((60, 64), 2)])]]
    assert learnt_vocabulary(pieces, 10, 4) == (((60, 64),), (2, 4))
    assert learnt_vocabulary(pieces, 10, 1) == (((50,), (60, 64)), (2, 3, 4, 7))
    assert learnt_vocabulary(pieces, 1, 1)[0] == ((60, 64),)
    assert moments(states((0, 2, 60), (0, 2, 64)), 1) == [(0, [((61, 65), 2)])]


def test_the_nearest_chord_shares_most_pitches() -> None:
    assert CODEC.nearest((60, 64, 67)) == (60, 64, 67)
    assert CODEC.nearest((60, 64, 70)) == (60, 64, 67)
    assert CODEC.nearest((47,)) == (48,)  # none is shared: the least movement
    with pytest.raises(ValueError, match="no chords"):
        ChordCodec(SequenceConfig(kind="chord")).nearest((60,))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "drum"}, "kind of a token LSTM"),
        ({"chords": ((64, 60),)}, "is not a chord"),
        ({"chords": ((60,), (60,))}, "stands twice"),
        ({"lengths": (2, 1)}, "lengths ascend"),
        ({"hidden": ()}, "at least one layer"),
        ({"dropout": 1.0}, "dropout is a share"),
        ({"most_chords": 10**9}, "most_chords"),
        ({"least_count": 0}, "least_count"),
    ],
)
def test_a_config_that_cannot_be(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SequenceConfig(**fields)  # type: ignore[arg-type]
