"""Held-out likelihood: the floors are distributions, the network's nats are its own, the figures are ratios of sums."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from biaxial.features.conditions import GROUPS, hidden, outline_conditions
from biaxial.likelihood.cell_nats import cell_nats
from biaxial.likelihood.frame_nats import (
    IndependentNotes,
    RepeatFrame,
    figures_of,
    frame_nats,
    ratio,
    still_frames,
)
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.cells import CellAlphabet
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Key, Note, Score
from biaxial.tasks.model import Model

Q = 480
UNVOICED = CellAlphabet(3, 0)
SILENT, HOLD, STRIKE = 0, 1, 2


def column(*outcomes: int) -> NDArray[np.uint8]:
    """A roll of one note."""
    return np.array(outcomes, dtype=np.uint8)[:, None]


def score(*melody: int, key: str = "G major") -> Score:
    notes = [Note(i * Q, Q, pitch, 0) for i, pitch in enumerate(melody)]
    notes += [Note(0, len(melody) * Q, pitch, voice) for voice, pitch in ((1, 67), (2, 59), (3, 43))]
    return Score(tuple(notes), key=Key.from_name(key), fermatas=(len(melody) * Q - Q,))


def arrays(piece: Score) -> tuple[NDArray[np.uint8], NDArray[np.int16]]:
    config, grid = PRESETS["tiny"], Grid(4)
    roll = Roll.from_score(piece, grid, config.low_pitch, config.num_notes)
    return config.alphabet.encode(roll.states, roll.voices), outline_conditions(roll.outline, grid)


@pytest.fixture(scope="module")
def network() -> BiaxialLSTM:
    torch.manual_seed(0)
    return BiaxialLSTM(PRESETS["tiny"]).eval()


@pytest.mark.parametrize("alphabet", [CellAlphabet(2, 0), CellAlphabet(3, 0), CellAlphabet(2, 2), CellAlphabet(3, 2)])
def test_floors_give_all_frames_that_can_follow_a_probability_and_these_sum_to_one(alphabet: CellAlphabet) -> None:
    rng = np.random.default_rng(0)
    training = rng.integers(len(alphabet), size=(40, 3)).astype(np.uint8)
    independent = IndependentNotes.fit(training, alphabet)
    frames = np.array(list(product(range(len(alphabet)), repeat=3)), dtype=np.uint8)
    matrix = alphabet.voice_matrix[frames].sum(axis=1)
    clashes = (matrix > 1).any(axis=1)
    first = np.exp([independent.log_probs(frame[None])[0] for frame in frames])
    assert first.sum() == pytest.approx(1)
    for before in frames[first > 0][:: max(1, len(frames) // 20)]:
        possible = ~clashes & alphabet.may_follow[before[None], frames].all(axis=1)
        for floor in (independent, RepeatFrame(0.3, independent)):
            p = np.exp([floor.log_probs(np.stack([before, frame]))[1] for frame in frames])
            assert p.sum() == pytest.approx(1)
            assert np.array_equal(p > 0, possible)


def test_independent_notes_by_hand() -> None:
    floor = IndependentNotes.fit(column(STRIKE, HOLD, HOLD, SILENT), UNVOICED)
    assert floor.marginals.tolist() == [[1.5 / 5.5, 2.5 / 5.5, 1.5 / 5.5]]
    # after silence nothing can be held
    found = np.exp(floor.log_probs(column(STRIKE, HOLD, STRIKE)))
    assert found.tolist() == pytest.approx([1.5 / 3, 2.5 / 5.5, 1.5 / 5.5])


def test_the_repeated_frame_by_hand() -> None:
    floor = RepeatFrame.fit([column(STRIKE, HOLD), column(SILENT, STRIKE, SILENT)], UNVOICED)
    # three of five frames change something: two strikes and an end
    assert floor.share == 2.5 / 6
    assert floor.otherwise.marginals.tolist() == [[1.5 / 4.5, 0.5 / 4.5, 2.5 / 4.5]]
    found = np.exp(floor.log_probs(column(STRIKE, HOLD, SILENT)))
    again, anew = 2.5 / 6, 3.5 / 6
    assert found.tolist() == pytest.approx([anew * 2.5 / 4, again + anew * 0.5 / 4.5, anew * 1.5 / 4.5])


def test_a_voice_is_placed_once_from_the_top_note_down() -> None:
    alphabet = CellAlphabet(2, 1)  # silent, or the one voice
    floor = IndependentNotes.fit(np.array([[0, 1], [1, 0], [0, 0], [0, 0]], dtype=np.uint8), alphabet)
    low, high, both = ([[1, 0]], [[0, 1]], [[1, 1]])
    share = 1.5 / 5
    assert np.exp(floor.log_probs(np.array(high, dtype=np.uint8))) == pytest.approx([share])
    assert np.exp(floor.log_probs(np.array(low, dtype=np.uint8))) == pytest.approx([(1 - share) * share])
    assert floor.log_probs(np.array(both, dtype=np.uint8)).tolist() == [-np.inf]


def test_a_repeated_note_is_no_still_frame() -> None:
    assert still_frames(column(SILENT, STRIKE, HOLD, STRIKE, SILENT, SILENT), UNVOICED).tolist() == [
        True,
        False,
        True,
        False,
        False,
        True,
    ]


def test_a_networks_nats_are_those_of_the_model_for_any_batch(
    network: BiaxialLSTM, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = [score(71, 72, 74), score(74), score(79, 78, 76, 74, 74, key="A minor")]
    rolls, conditions = zip(*map(arrays, pieces), strict=True)
    done: list[int] = []
    monkeypatch.setattr("biaxial.likelihood.cell_nats._BATCH_STEPS", 40)
    together = cell_nats(network, rolls, conditions, progress=done.append)
    monkeypatch.setattr("biaxial.likelihood.cell_nats._BATCH_STEPS", 1)
    alone = cell_nats(network, rolls, conditions)
    model = Model(network, {}, "noise")
    for piece, outcomes, batched, single in zip(pieces, rolls, together, alone, strict=True):
        frames = batched.nats.sum(axis=1)
        assert len(frames) == len(outcomes)
        np.testing.assert_allclose(frames, single.nats.sum(axis=1), rtol=1e-5)
        np.testing.assert_allclose(batched.roll_nats, single.roll_nats, rtol=1e-5)
        assert batched.roll_nats.sum() < frames.sum()  # the voices are left out
        likelihood = model.log_likelihood(piece)
        assert -frames.sum() == pytest.approx(likelihood.nats, rel=1e-6)
        figures = figures_of([frame_nats(outcomes, -frames, network.config.alphabet)])
        assert figures["frame"].value == pytest.approx(likelihood.nats_per_step, rel=1e-6)
        assert figures["note"].value == pytest.approx(likelihood.nats_per_note, rel=1e-6)
    assert done == [16, 20]


def test_hidden_conditions_change_the_nats(network: BiaxialLSTM) -> None:
    rolls, conditions = zip(*map(arrays, [score(71, 72, 74)]), strict=True)
    secret = [hidden(rows, *GROUPS) for rows in conditions]
    known, unknown = (cell_nats(network, rolls, rows)[0].nats for rows in (conditions, secret))
    assert not np.allclose(known, unknown)


def test_figures_are_ratios_of_sums_over_pieces() -> None:
    rolls = [column(STRIKE, HOLD, HOLD), column(STRIKE)]
    log_probs = [np.array([-3.0, -1.0, -2.0]), np.array([-4.0])]
    figures = figures_of([frame_nats(*piece, UNVOICED) for piece in zip(rolls, log_probs, strict=True)])
    assert (figures["frame"].value, figures["note"].value) == (10 / 4, 10 / 2)
    assert (figures["still"].value, figures["moving"].value) == (3 / 2, 7 / 2)
    assert figures["still"].count + figures["moving"].count == figures["frame"].count
    # residuals of nats per step: 6 - 2.5 * 3 and 4 - 2.5 * 1
    assert figures["frame"].standard_error == pytest.approx(np.sqrt(2 * (1.5**2 + 1.5**2)) / 4)


def test_a_ratio_without_a_denominator_is_no_number() -> None:
    assert np.isnan(ratio("", "", [1, 2], [0, 0]).value)
    assert np.isnan(ratio("", "", [1], [2]).standard_error)
    assert ratio("", "", [1], [2]).value == 0.5
