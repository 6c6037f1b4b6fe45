"""Several devices: each crop of a batch on one of them, and the training of one device on two."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from biaxial.cli.train import main
from biaxial.corpora.corpus import Corpus
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.errors import InputError
from biaxial.training.batches import Share
from biaxial.training.config import TrainConfig
from biaxial.training.crops import collate, epoch_crops, whole_pieces
from biaxial.training.devices import Machine
from biaxial.training.fit import train
from biaxial.weights import load_weights

CONFIG = PRESETS["tiny"]


@pytest.mark.parametrize("world", [1, 2, 3, 5])
def test_every_crop_is_on_one_device_and_all_devices_have_as_many_batches(corpus: Corpus, world: int) -> None:
    batches = list(epoch_crops(corpus.split("train"), CONFIG, TrainConfig(batch_size=3, crop_steps=24), 0))
    shares = [Share(rank, world).of_each(batches) for rank in range(world)]
    for index, batch in enumerate(batches):
        parts = [crop for share in shares for crop in share[index]]
        assert sorted(map(id, parts)) == sorted(map(id, batch))
    pieces = whole_pieces(corpus.pieces, 2)
    shares = [Share(rank, world).of_all(pieces) for rank in range(world)]
    assert len({len(share) for share in shares}) == 1
    assert sorted(id(batch) for share in shares for batch in share if batch) == sorted(map(id, pieces))


def test_an_empty_batch_counts_for_nothing() -> None:
    batch = collate([], CONFIG)
    assert batch.outcomes.shape == (1, 1, CONFIG.num_notes)
    assert not batch.mask.any()
    with torch.no_grad():
        cells = BiaxialLSTM(CONFIG).walk_log_likelihood(batch)
    assert float((cells.sum(-1) * batch.mask).sum()) == 0


SCRIPT = """
from biaxial.cli.train import main

if __name__ == "__main__":
    raise SystemExit(main())
"""


@pytest.mark.slow
def test_two_processes_train_as_one_does(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven pieces in batches of four: the last batch has crops for one process only in some epochs."""
    pieces = tuple(piece for piece in corpus.pieces if piece.name != "piece-00")
    dataclasses.replace(corpus, pieces=pieces).save(tmp_path / "corpus.npz")
    (tmp_path / "train.py").write_text(SCRIPT)
    words = "corpus.npz --preset tiny --epochs 2 --batch-size 4 --crop-steps 16 --warmup-steps 2 --learning-rate 0.01"
    words += " --average-decay 0.5 --forget-share 0 --sample-every 0 --accelerator cpu --precision 32-true --quiet"
    folders = [tmp_path / "one", tmp_path / "two"]
    monkeypatch.chdir(tmp_path)
    assert main([*words.split(), "-o", "one"]) == 0
    done = subprocess.run(
        [sys.executable, "train.py", *words.split(), "--devices", "2", "-o", "two", "--json"],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["epochs"] == 2  # said once
    one, two = (dict(zip(*_rows(folder / "metrics.csv")[::2], strict=True)) for folder in folders)
    assert one.keys() == two.keys()
    for name in ("updates", "valid_nats", "valid_nats_per_note", "valid_nats_given_melody", "train_nats"):
        assert float(one[name]) == pytest.approx(float(two[name]), abs=2e-4), name
    (a, made), (b, other) = (load_weights(folder / "model.safetensors") for folder in folders)
    assert made["updates"] == other["updates"]
    for name, tensor in a.state_dict().items():
        torch.testing.assert_close(tensor, b.state_dict()[name], rtol=0, atol=2e-4, msg=name)


def _rows(path: Path) -> list[list[str]]:
    return [line.split(",") for line in path.read_text().splitlines()]


def test_a_batch_is_not_smaller_than_its_devices(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine("cpu", 2, "32-true")
    with pytest.raises(InputError, match="2 devices share each batch, which has 1 crops; give --batch-size 2 or more"):
        train(corpus, CONFIG, TrainConfig(batch_size=1), tmp_path / "run", machine, quiet=True)
    monkeypatch.setenv("RANK", "1")
    with pytest.raises(InputError, match="several processes were started for one device"):
        train(corpus, CONFIG, TrainConfig(), tmp_path / "run", Machine("cpu"), quiet=True)
    assert not (tmp_path / "run").exists()
