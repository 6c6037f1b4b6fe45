"""The outcomes of a cell."""

from __future__ import annotations

import numpy as np
import pytest

from biaxial.music.cells import CellAlphabet
from biaxial.music.constants import HOLD, SILENT, STRIKE


@pytest.mark.parametrize(("states", "voices", "size"), [(2, 0, 2), (3, 0, 3), (2, 4, 16), (3, 4, 31), (3, 2, 7)])
def test_every_outcome_is_encoded_and_decoded(states: int, voices: int, size: int) -> None:
    alphabet = CellAlphabet(states, voices)
    assert len(alphabet) == size
    outcomes = np.arange(size, dtype=np.uint8)
    assert (alphabet.encode(*alphabet.decode(outcomes)) == outcomes).all()
    pairs = {(int(s), int(v)) for s, v in zip(alphabet.states, alphabet.voices, strict=True)}
    assert len(pairs) == size


def test_with_two_states_a_strike_is_a_sounding_cell() -> None:
    alphabet = CellAlphabet(2, 0)
    assert alphabet.encode(np.array([SILENT, HOLD, STRIKE], np.int8), None).tolist() == [0, 1, 1]


def test_a_hold_needs_its_voices_to_have_sounded() -> None:
    alphabet = CellAlphabet(3, 2)

    def outcome(state: int, voices: int) -> int:
        return int(alphabet.encode(np.array(state, np.int8), np.array(voices, np.uint8)))

    follow = alphabet.may_follow
    unison = outcome(STRIKE, 0b11)
    assert follow[unison, outcome(HOLD, 0b11)]
    assert follow[unison, outcome(HOLD, 0b10)]
    assert follow[outcome(HOLD, 0b01), outcome(HOLD, 0b01)]
    assert not follow[outcome(HOLD, 0b01), outcome(HOLD, 0b10)]
    assert not follow[outcome(STRIKE, 0b01), outcome(HOLD, 0b11)]
    assert not follow[outcome(SILENT, 0), outcome(HOLD, 0b01)]
    assert follow[:, [0, outcome(STRIKE, 0b01), outcome(STRIKE, 0b11)]].all()


def test_an_outcome_fits_while_its_voices_are_to_come() -> None:
    alphabet = CellAlphabet(3, 2)
    assert alphabet.fits[0].sum() == 1  # silence alone
    assert alphabet.fits[0b01].sum() == 3
    assert alphabet.fits[0b11].all()


def test_holding_and_taking_voices_out() -> None:
    alphabet = CellAlphabet(3, 2)
    both = int(alphabet.encode(np.array(STRIKE, np.int8), np.array(3, np.uint8)))
    held = alphabet.held[both]
    assert (alphabet.states[held], alphabet.voices[held]) == (HOLD, 3)
    left = alphabet.without[0b01, both]
    assert (alphabet.states[left], alphabet.voices[left]) == (STRIKE, 0b10)
    assert alphabet.without[0b11, both] == 0
    assert CellAlphabet(3, 0).without[0].tolist() == [0, 1, 2]


def test_a_voice_too_many_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 2 voices"):
        CellAlphabet(3, 2).encode(np.array([STRIKE], np.int8), np.array([0b100], np.uint8))


@pytest.mark.parametrize(("states", "voices"), [(1, 0), (4, 4), (3, -1), (3, 7)])
def test_impossible_alphabets_are_refused(states: int, voices: int) -> None:
    with pytest.raises(ValueError, match="2 or 3 states"):
        CellAlphabet(states, voices)
