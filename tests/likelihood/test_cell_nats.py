"""Nats of cells: they are the plain pass's, they add up to the model's, and the mixture of two walks is shared out."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from biaxial.features.conditions import outline_conditions
from biaxial.likelihood.cell_nats import cell_nats
from biaxial.likelihood.scored_cells import CellNats
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Key, Note, Score

Q = 480
CONFIGS: dict[str, dict[str, Any]] = {
    "voices": {},
    "upwards": {"order": "low-to-high"},
    "unvoiced": {"num_voices": 0, "voice_neighbourhood": False, "voice_intervals": False, "parallels": False},
    "two states": {"num_states": 2},
    "two walks": {"order": "both"},
    "echo": {"order": "both", "num_states": 2, "echo": True},
}


def score(*melody: int, key: str = "G major", bass: bool = True) -> Score:
    notes = [Note(i * Q, Q, pitch, 0) for i, pitch in enumerate(melody)]
    notes += [Note(0, len(melody) * Q, pitch, voice) for voice, pitch in ((1, 67), (2, 59))]
    notes += [Note(0 if bass else Q, Q, 43, 3)]  # the bass rests after one beat
    return Score(tuple(notes), key=Key.from_name(key), fermatas=(len(melody) * Q - Q,))


PIECES = [score(71, 72, 74), score(74, 67), score(79, 78, 76, 74, 74, key="A minor", bass=False), score(67)]


def network(seed: int = 0, **fields: Any) -> BiaxialLSTM:
    """An untrained network with opinions."""
    torch.manual_seed(seed)
    found = BiaxialLSTM(replace(PRESETS["tiny"], **fields)).eval()
    for parameter in found.parameters():
        parameter.data *= 2
    return found


def arrays(net: BiaxialLSTM, piece: Score) -> tuple[NDArray[np.uint8], NDArray[np.int16]]:
    config, grid = net.config, Grid(4)
    roll = Roll.from_score(piece, grid, config.low_pitch, config.num_notes)
    return config.alphabet.encode(roll.states, roll.voices), outline_conditions(roll.outline, grid)


def scored(net: BiaxialLSTM, *pieces: Score, **ways: Any) -> list[CellNats]:
    rolls, conditions = zip(*(arrays(net, piece) for piece in pieces), strict=True)
    return cell_nats(net, rolls, conditions, **ways)


def plain(net: BiaxialLSTM, piece: Score) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Outcomes, and log-probabilities of all outcomes under each walk, shape ``(w, t, n, k)``."""
    outcomes, conditions = arrays(net, piece)
    batch = torch.from_numpy(outcomes).unsqueeze(0)
    with torch.inference_mode():
        log_probs = net(Batch.whole(batch, torch.from_numpy(conditions).unsqueeze(0)))
    return outcomes, log_probs[:, 0].double().numpy()


def frames_of(log_probs: NDArray[np.float64], outcomes: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Log-probability of every frame under the mean of some walks, shape ``(t,)``."""
    index = np.broadcast_to(outcomes[None, ..., None].astype(np.int64), (len(log_probs), *outcomes.shape, 1))
    own = np.take_along_axis(log_probs, index, -1)[..., 0].sum(-1)  # w t
    return np.asarray(np.logaddexp.reduce(own) - math.log(len(own)))


@pytest.mark.parametrize("name", CONFIGS)
def test_cells_add_up_to_the_frames_of_the_plain_pass(name: str) -> None:
    net = network(**CONFIGS[name])
    states = net.config.alphabet.states
    for piece, cells in zip(PIECES, scored(net, *PIECES), strict=True):
        outcomes, log_probs = plain(net, piece)
        np.testing.assert_allclose(cells.nats.sum(axis=1), -frames_of(log_probs, outcomes), rtol=2e-6)
        assert (cells.nats >= 0).all()
        same = states == states[outcomes][..., None]  # t n k
        roll = np.log((np.exp(log_probs) * same).sum(-1)).sum(-1)  # w t
        np.testing.assert_allclose(cells.roll_nats, math.log(len(roll)) - np.logaddexp.reduce(roll), rtol=4e-6)


@pytest.mark.parametrize("name", ["voices", "upwards", "unvoiced", "two states"])
def test_cells_of_one_walk_are_those_of_the_plain_pass(name: str) -> None:
    net = network(**CONFIGS[name])
    states, before_struck = net.config.alphabet.states, net.config.alphabet.struck_after
    for piece, cells in zip(PIECES, scored(net, *PIECES), strict=True):
        outcomes, log_probs = plain(net, piece)
        p, index = np.exp(log_probs[0]), outcomes[..., None].astype(np.int64)
        np.testing.assert_allclose(cells.nats, -np.take_along_axis(log_probs[0], index, -1)[..., 0], atol=2e-6)
        np.testing.assert_allclose(cells.sounds, p[..., states != 0].sum(-1), atol=1e-6)
        before = np.concatenate([np.zeros_like(outcomes[:1]), outcomes[:-1]])
        np.testing.assert_allclose(cells.strikes, (p * before_struck[before]).sum(-1), atol=1e-6)


def test_what_strikes_after_what() -> None:
    three, two = (network(**CONFIGS[name]).config.alphabet for name in ("voices", "two states"))
    assert (three.struck_after == (three.states == 2)).all(), "articulation is in the outcome itself"
    soprano, alto, both = 1, 2, 3
    assert [two.struck_after[soprano, now] for now in (0, soprano, alto, both)] == [False, False, True, True]
    assert not two.struck_after[both, soprano]


def test_two_walks_share_a_frame_by_how_probable_each_made_it() -> None:
    net = network(order="both")
    (cells,) = scored(net, PIECES[2])
    outcomes, log_probs = plain(net, PIECES[2])
    index = np.broadcast_to(outcomes[None, ..., None].astype(np.int64), (2, *outcomes.shape, 1))
    own = np.take_along_axis(log_probs, index, -1)[..., 0]  # w t n
    frames = own.sum(-1)
    likelihood = np.logaddexp(*frames) - math.log(2)
    share = np.exp(frames - math.log(2) - likelihood)  # w t
    assert share.sum(0) == pytest.approx(1)
    mean = -(share[..., None] * own).sum(0)
    told = (share * np.log(2 * share)).sum(0)  # how much the frame tells about which walk made it
    assert told.max() > 1e-3
    np.testing.assert_allclose(mean.sum(1) + told, -likelihood, rtol=1e-6)
    np.testing.assert_allclose(cells.nats, mean * (-likelihood / mean.sum(1))[:, None], rtol=1e-4, atol=1e-6)
    sounds = (share[..., None] * np.exp(log_probs)[..., 1:].sum(-1)).sum(0)
    np.testing.assert_allclose(cells.sounds, sounds, atol=1e-5)


def test_walks_of_one_direction_are_averaged_cell_by_cell_and_directions_frame_by_frame() -> None:
    nets = [network(seed, order=order) for seed, order in enumerate(("both", "high-to-low", "low-to-high", "both"))]
    rolls, conditions = zip(*(arrays(nets[0], piece) for piece in PIECES), strict=True)
    for piece, cells in zip(PIECES, cell_nats(nets, rolls, conditions), strict=True):
        outcomes, _ = arrays(nets[0], piece)
        both, down, up, other = (plain(net, piece)[1] for net in nets)
        ways = [(both[0], down[0], other[0]), (both[1], up[0], other[1])]
        mixed = np.stack([np.logaddexp.reduce(way) - math.log(3) for way in ways])
        np.testing.assert_allclose(cells.nats.sum(axis=1), -frames_of(mixed, outcomes), rtol=2e-6)


@pytest.mark.parametrize(("name", "down"), [("voices", True), ("upwards", False), ("unvoiced", True)])
def test_silence_is_put_down_to_the_next_note_of_the_walk(name: str, down: bool) -> None:
    net = network(**CONFIGS[name])
    (cells,) = scored(net, PIECES[2])
    outcomes, _ = arrays(net, PIECES[2])
    for step, frame in enumerate(outcomes):
        waiting = 0.0
        for n in range(len(frame))[:: -1 if down else 1]:
            if frame[n]:
                assert cells.passed[step, n] == pytest.approx(waiting, abs=1e-9)
                waiting = 0.0
            else:
                assert cells.passed[step, n] == 0
                waiting += cells.nats[step, n]


def test_nothing_is_open_once_all_voices_are_placed() -> None:
    (cells,) = scored(network(), PIECES[0])
    bass = 43 - 36
    assert (cells.nats[:4, :bass] == 0).all()
    assert (cells.sounds[:4, :bass] == 0).all()
    assert (cells.nats[4:, :bass] > 0).all(), "the bass rests"


def test_neither_batch_nor_threads_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    net = network(order="both")
    together = scored(net, *PIECES, threads=1)
    monkeypatch.setattr("biaxial.likelihood.cell_nats._BATCH_STEPS", 1)
    monkeypatch.setattr("biaxial.likelihood.cell_nats._CELLS", 5 * 46)
    for one, other in zip(together, scored(net, *PIECES, threads=3), strict=True):
        np.testing.assert_allclose(one.nats, other.nats, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(one.passed, other.passed, rtol=1e-4, atol=1e-5)


def test_bfloat16_is_near() -> None:
    net = network()
    exact, rough = (scored(net, *PIECES, precision=precision) for precision in ("float32", "bfloat16"))
    assert next(net.parameters()).dtype == torch.float32, "the network itself stays as it is"
    for one, other in zip(exact, rough, strict=True):
        assert not np.array_equal(one.nats, other.nats)
        assert other.nats.sum() == pytest.approx(one.nats.sum(), rel=0.02)


def test_progress_counts_frames_and_may_end_it() -> None:
    done: list[int] = []
    scored(network(), *PIECES, progress=done.append)
    assert sum(done) == sum(piece.length_ticks * 4 // Q for piece in PIECES)

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scored(network(), *PIECES, progress=stop)


def test_no_pieces_have_no_nats() -> None:
    assert cell_nats(network(), [], []) == []
