"""Runs that are broken off, at every file and by every way to end a process; biases that keep the density."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from biaxial.cli.train import main
from biaxial.corpora.corpus import Corpus
from biaxial.models.config import PRESETS
from biaxial.tasks.drawing.sampling_options import density_biases as interpolate
from biaxial.training import run_folder as runs
from biaxial.training.config import TrainConfig
from biaxial.training.devices import Machine
from biaxial.training.fit import train
from biaxial.training.run_folder import fit_biases
from biaxial.weights import load_weights

ROOT = Path(__file__).parents[2]
WORDS = "--preset tiny --epochs 2 --crop-steps 32 --average-decay 0.5 --sample-every 2 --learning-rate 0.02"
HERE = "--accelerator cpu --precision 32-true --quiet"

GROUPS = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)  # silent, hold, strike


@pytest.fixture(scope="module")
def whole(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run beside its corpus."""
    folder = tmp_path_factory.mktemp("unbroken")
    corpus.save(folder / "corpus.npz")
    assert main([str(folder / "corpus.npz"), *WORDS.split(), *HERE.split(), "-o", str(folder / "run")]) == 0
    return folder


def contents(run: Path) -> dict[str, object]:
    """What a run leaves, without times."""
    network, made = load_weights(run / "model.safetensors")
    tensors = {name: tensor.numpy().tobytes() for name, tensor in network.state_dict().items()}
    lines = [line.split(",") for line in (run / "metrics.csv").read_text().splitlines()]
    made = {name: value for name, value in made.items() if name not in ("date", "training_seconds")}
    names = sorted(path.name for path in run.rglob("*") if "tfevents" not in path.name)
    return {**tensors, "made": made, "metrics": [line[:2] + line[3:] for line in lines], "files": names}


FILES = [
    ("config.json", 1),
    ("model.safetensors", 1),
    ("metrics.csv", 1),
    ("last.ckpt", 1),
    ("model.safetensors", 2),
    ("epoch-002.mid", 1),
    ("metrics.csv", 2),
    ("last.ckpt", 2),
    ("model.safetensors", 3),  # with the density biases
    ("learning-curve.png", 1),
]


@pytest.mark.parametrize(
    ("name", "time"),
    [pytest.param(*each, marks=() if each == ("last.ckpt", 1) else pytest.mark.slow) for each in FILES],
)
def test_a_full_disk_ends_in_one_line_and_the_run_goes_on_when_there_is_room(
    whole: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    time: int,
) -> None:
    count, plain = 0, os.replace

    def replace(source: Path, target: Path) -> None:
        nonlocal count
        count += Path(target).name == name
        if (Path(target).name, count) == (name, time):
            raise OSError(errno.ENOSPC, "No space left on device")
        plain(source, target)

    run = tmp_path / "run"
    words = [str(whole / "corpus.npz"), *WORDS.split(), "-o", str(run)]
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        assert main([*words, *HERE.split()]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines()[-1].endswith(f"{name}: no space left on device; make room, or write somewhere else")
    assert told.err.count("\n") == 1
    assert not list(run.rglob(".*.tmp"))
    again = ["--resume", str(run)] if (run / "config.json").exists() else words
    assert main([*again, *HERE.split()]) == 0
    assert contents(run) == contents(whole / "run")


def test_what_a_killed_process_was_writing_is_removed(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "samples"):
        place.mkdir(exist_ok=True)
        (place / ".0123456789abcdef.tmp").write_bytes(b"half")
        (place / ".mine.tmp").write_bytes(b"kept")
    runs.tidy(tmp_path)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.tmp")) == [
        ".mine.tmp",
        "samples/.mine.tmp",
    ]


@pytest.mark.slow
def test_weights_to_go_on_from_are_kept_until_they_are_needed(
    corpus: Corpus, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes((whole / "run" / "model.safetensors").read_bytes())
    settings, cpu = TrainConfig(epochs=1, crop_steps=32, sample_every=0), Machine("cpu", precision="32-true")
    train(corpus, PRESETS["tiny"], settings, tmp_path / "whole", cpu, start_from=weights, quiet=True)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", _stop_at("metrics.csv"))
        result = train(corpus, PRESETS["tiny"], settings, tmp_path / "broken", cpu, start_from=weights, quiet=True)
    assert result.interrupted
    weights.unlink()
    train(corpus, PRESETS["tiny"], settings, tmp_path / "broken", cpu, resume=True, quiet=True)
    assert contents(tmp_path / "broken") == contents(tmp_path / "whole")


def _stop_at(name: str) -> object:
    plain = os.replace

    def replace(source: Path, target: Path) -> None:
        if Path(target).name == name:
            raise KeyboardInterrupt
        plain(source, target)

    return replace


@pytest.mark.slow
def test_a_run_that_is_killed_at_random_moments_ends_as_the_unbroken_one() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "drills" / "kill_training.py"), "--kills", "4", "--pause", "0.02"],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert "4 kills in" in done.stdout


@pytest.mark.parametrize("temperature", [0.5, 0.8, 1.0, 1.5])
def test_expected_counts_stay_those_of_temperature_one(temperature: float) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(500, 3, generator=generator, dtype=torch.float64)
    log_probs = (logits + torch.tensor([2.0, 1.0, 0.0])).log_softmax(-1)  # silence is likely, as it is in music
    biases = fit_biases(log_probs, GROUPS, temperature)
    tempered = (log_probs / temperature + GROUPS @ biases).softmax(-1)
    assert torch.allclose((tempered @ GROUPS).sum(0), (log_probs.exp() @ GROUPS).sum(0), atol=1e-6)
    if temperature == 1.0:
        assert biases.abs().max() < 1e-8
    else:
        bare = (log_probs / temperature).softmax(-1)
        assert not torch.allclose((bare @ GROUPS).sum(0), (log_probs.exp() @ GROUPS).sum(0), rtol=0.01)


def test_two_states_need_one_bias() -> None:
    log_probs = torch.tensor([[0.9, 0.1], [0.8, 0.2]], dtype=torch.float64).log()
    biases = fit_biases(log_probs, torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=torch.float64), 0.5)
    assert biases[1] == 0
    assert biases[0] > 0  # cooling thins out, so the bias lifts


def test_biases_are_interpolated_and_nothing_is_added_at_one() -> None:
    table = [[0.5, 0.4, 0.2], [1.0, 0.0, 0.0], [1.5, -0.3, -0.1]]
    assert interpolate(table, 0.75) == pytest.approx((0.2, 0.1))
    assert interpolate(table, 1.0) == (0.0, 0.0)
    assert interpolate(table, 3.0) == pytest.approx((-0.3, -0.1))
    assert interpolate([], 0.5) == (0.0, 0.0)
