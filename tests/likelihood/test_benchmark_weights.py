"""The stored benchmark weights give the nats that they were stored with, by two roads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from biaxial.corpora.corpus import Corpus, outcomes_of
from biaxial.likelihood.corpus_nats import evaluate
from biaxial.music.grid import Grid
from biaxial.sampling.reference_stepper import Stepper
from biaxial.weights import load_weights

FOLDER = Path(__file__).parents[2] / "data" / "benchmarks"
WEIGHTS = sorted(path.stem for path in FOLDER.glob("*.safetensors"))
EXPECTED: dict[str, list[float]] = json.loads((Path(__file__).parent / "benchmark-nats.json").read_text())

QUARTERS = [
    [[48, 64, 67, 72], [53, 60, 69, 77], [55, 62, 67, 71], [48, 64, 67, 72]] * 2,
    [[60, 63, 67, 72], [56, 63, 68, 72], [53, 65, 68, 72], [55, 62, 67, 71], [], [48, 63, 67, 72]],
    [[62, 66, 69], [62, 66, 69], [61, 64, 69, 76], [21, 108]],
]
SIXTEENTHS = [
    [[72, 67, 64, 48]] * 4 + [[74, 67, 59, 55]] * 2 + [[74, 65, 59, 55]] * 2 + [[72, 64, 60, 48]] * 4,
    [[69, 64, 60, -1]] * 3 + [[68, 64, 64, 40]] * 2 + [[69, 60, 60, 45]],
]


def corpus_of(name: str, tmp_path: Path) -> Corpus:
    pieces, steps = (SIXTEENTHS, 4) if "16th" in name else (QUARTERS, 1)
    path = tmp_path / "pieces.json"
    path.write_text(json.dumps(pieces))
    return Corpus.read(path, Grid(steps))[0]


def test_there_are_five_weights_and_one() -> None:
    assert WEIGHTS == ["jsb-16th", *(f"jsb-quarter-seed{seed}" for seed in range(5))]


@pytest.mark.parametrize("name", WEIGHTS)
def test_nats_are_those_that_were_stored(name: str, tmp_path: Path) -> None:
    network, _ = load_weights(FOLDER / f"{name}.safetensors")
    assert sum(parameter.numel() for parameter in network.parameters()) <= 5_000_000
    (found,) = evaluate([network], corpus_of(name, tmp_path), ["test"])
    assert found.impossible == ()
    assert [found.nats_per("frame"), found.nats_per("note"), found.figures["roll"].value] == pytest.approx(
        EXPECTED[name], abs=1e-4
    )


@pytest.mark.parametrize("name", ["jsb-quarter-seed0", "jsb-16th"])
@pytest.mark.slow
def test_nats_are_those_of_frames_that_are_forced_one_by_one(name: str, tmp_path: Path) -> None:
    """In float64, cell by cell, by the stepper that draws."""
    network, _ = load_weights(FOLDER / f"{name}.safetensors")
    corpus, stepper, total = corpus_of(name, tmp_path), Stepper(network), 0.0
    for piece in corpus.pieces:
        state = stepper.start(1)
        roll = torch.from_numpy(outcomes_of(piece, network.config)).unsqueeze(0)
        rows = torch.from_numpy(piece.conditions).unsqueeze(0)
        for step in range(piece.num_steps):
            randoms = torch.zeros(1, network.config.num_notes, dtype=torch.float64)
            wanted = torch.nn.functional.one_hot(roll[:, step].long(), len(network.config.alphabet)).bool()
            bias = torch.zeros(wanted.shape, dtype=torch.float64).masked_fill(~wanted, -torch.inf)
            _, _, state = stepper.step(state, rows[:, step], randoms, bias=bias)
        total -= float(state.log_likelihood)
    (found,) = evaluate([network], corpus, ["test"])
    assert total / found.num_frames == pytest.approx(found.nats_per("frame"), abs=1e-4)
