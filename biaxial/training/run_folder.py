"""The folder of a run: what it was started with, what is needed to go on, and what is written at its end.

``config.json`` is the last file of a beginning and says that there is a run. All that it needs to begin stands there or
beside it, and every file appears whole, so that a run that was broken off at any moment can go on: from the last
finished epoch in ``last.ckpt``, or from the beginning if there is none.

At its end density biases are fitted, which keep the number of notes when a temperature changes the draw. A cell sounds
with a probability far below one half, so dividing its logits by T < 1 thins the music out and T > 1 litters it with
notes. For each temperature two biases, one for sounding outcomes and one for struck ones, are fitted on held-out pieces
so that the expected numbers of sounding and of struck cells stay those of T = 1.
"""

from __future__ import annotations

import io
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.fabric.utilities.types import _PATH
from torch import Tensor

from biaxial.corpora.corpus import Corpus, CorpusPiece
from biaxial.files.atomic import atomic_write
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.music.constants import SILENT, STRIKE
from biaxial.music.errors import InputError
from biaxial.training.config import TrainConfig
from biaxial.training.crops import collate, whole_pieces
from biaxial.training.curve import draw_learning_curve
from biaxial.training.devices import Machine
from biaxial.training.mixing import Mix
from biaxial.weights import AnyConfig, any_config, load_network, save_weights

START = "start.safetensors"
"""The weights that a run goes on from; kept in its folder, since it may have to begin once more."""

TEMPERATURES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0)
_FITTED_STEPS = 20_000
"""Steps that are looked at, about: more would take memory and hardly move the biases."""


@dataclass(frozen=True)
class Plan:
    """What a run was started with.

    Parameters
    ----------
    config, train
        The network and how it is trained.
    corpus
        Where the corpus came from.
    machine
        Devices and precision.
    mix, mix_share
        Where an old corpus came from that is mixed in, and its share; empty and 0 without one.
    """

    config: AnyConfig
    train: TrainConfig
    corpus: str
    machine: Machine
    mix: str = ""
    mix_share: float = 0.0


class WholeCheckpoints(TorchCheckpointIO):
    """Writes Lightning's checkpoints whole or not at all.

    Lightning's own way goes through the folder for temporary files, from which a file is copied, not moved, if that is
    another disk.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: _PATH, storage_options: Any | None = None) -> None:
        """Write a checkpoint."""
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        atomic_write(path, buffer.getvalue())


def new_document(corpus: Corpus, plan: Plan, mix: Mix | None, started_from: str) -> dict[str, Any]:
    """What ``config.json`` says of a run."""
    document = {
        "config": asdict(plan.config),
        "train": asdict(plan.train),
        "machine": asdict(plan.machine),
        "corpus": plan.corpus,
        "corpus_sha256": corpus.checksum,
        "started_from": started_from,
    }
    if mix is not None:
        document["mix"] = {"corpus": mix.path, "corpus_sha256": mix.corpus.checksum, "share": mix.share}
    return document


def begin(folder: Path, document: dict[str, Any], start_from: Path | None) -> None:
    """Make the folder of a new run.

    Raises
    ------
    InputError
        If there is a run in it.
    """
    if (folder / "config.json").exists():
        raise InputError(f"{folder}: a run is there already; go on with --resume {folder}, or give another -o")
    folder.mkdir(parents=True, exist_ok=True)
    tidy(folder)
    if start_from is not None:
        atomic_write(folder / START, start_from.read_bytes())
    write_document(folder, document)


def write_document(folder: Path, document: dict[str, Any]) -> None:
    """Write ``config.json``."""
    atomic_write(folder / "config.json", json.dumps(document, indent=2).encode() + b"\n")


def read_document(folder: Path) -> dict[str, Any]:
    """The content of ``config.json``.

    Raises
    ------
    InputError
        If there is none.
    """
    try:
        return dict(json.loads((folder / "config.json").read_text()))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{folder}: not the folder of a run (config.json: {error}); give one below runs/") from error


def read_plan(folder: Path) -> Plan:
    """What a run is to be resumed with.

    Raises
    ------
    InputError
        If the folder is not that of a run that can be resumed.
    """
    document = read_document(folder)
    try:
        mix = document.get("mix", {"corpus": "", "share": 0.0})
        plan = Plan(
            any_config(document["config"]),
            TrainConfig(**document["train"]),
            str(document["corpus"]),
            Machine(**document.get("machine", {})),
            str(mix["corpus"]),
            float(mix["share"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder}: not the folder of a run (config.json: {error}); give one below runs/") from error
    if (checkpoint := last_checkpoint(folder)) is not None:
        _check(checkpoint)
    elif document.get("started_from") and not (folder / START).is_file():
        raise InputError(f"{folder}: no epoch of this run was finished, and {START} is missing; start it anew")
    return plan


def _check(checkpoint: Path) -> None:
    try:
        names = torch.load(checkpoint, map_location="cpu", weights_only=True)["state_dict"]
    except (RuntimeError, EOFError, ValueError, KeyError, UnpicklingError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{checkpoint}: damaged ({reason}); start the run anew") from error
    if not any(name.startswith(("model.walks.", "model.stack.")) for name in names):
        raise InputError(f"{checkpoint}: made by an older version; start the run anew")


def check_unchanged(folder: Path, document: dict[str, Any], corpus: Corpus, mix: Mix | None) -> None:
    """Refuse to go on with another corpus than that of the run.

    Raises
    ------
    InputError
        With the checksum that was expected.
    """
    mixed = document.get("mix", {}).get("corpus_sha256")
    for name, left, now in (
        ("corpus", document["corpus_sha256"], corpus.checksum),
        ("corpus that is mixed in", mixed, None if mix is None else mix.corpus.checksum),
    ):
        if left != now:
            raise InputError(
                f"{folder}: its {name} has changed since (checksum {str(left)[:8]}); train on the old one or anew"
            )


def last_checkpoint(folder: Path) -> Path | None:
    """Where a run goes on from, if an epoch of it was finished."""
    path = folder / "last.ckpt"
    return path if path.is_file() else None


def tidy(folder: Path) -> None:
    """Remove what a killed process left of files that it was writing."""
    for place in (folder, folder / "samples"):
        for path in place.glob("." + "[0-9a-f]" * 16 + ".tmp"):
            with suppress(OSError):
                path.unlink()


def finish(folder: Path, corpus: Corpus) -> None:
    """Fit the density biases of the best biaxial weights, and draw the learning curve; either may be there already."""
    if (folder / "model.safetensors").exists():
        network, made = load_network(folder / "model.safetensors")
        if isinstance(network, BiaxialLSTM):
            made["density_biases"] = density_biases(network, corpus.split("valid"))
            save_weights(folder / "model.safetensors", network, made)
    if (folder / "metrics.csv").exists():
        draw_learning_curve(folder)


@torch.inference_mode()
def density_biases(network: BiaxialLSTM, pieces: tuple[CorpusPiece, ...]) -> list[list[float]]:
    """Fit the biases.

    Parameters
    ----------
    network
        The network, in evaluation mode on the CPU.
    pieces
        Held-out pieces; of many, every second, third and so on is looked at.

    Returns
    -------
    Rows of temperature, sounding bias, striking bias.
    """
    log_probs = []
    every = max(1, -(-sum(piece.num_steps for piece in pieces) // _FITTED_STEPS))
    for crops in whole_pieces(pieces[::every], 4):
        batch = collate(crops, network.config)
        log_probs.append(network(batch)[0][batch.mask].flatten(0, 1))
    cells = torch.cat(log_probs).double()
    cells = cells[cells[:, 0] < -1e-6]  # the rest is silent whatever the temperature
    states = torch.from_numpy(network.config.alphabet.states)
    groups = torch.stack([states != SILENT, states == STRIKE], dim=1).double()  # k 2
    return [[t, *fit_biases(cells, groups, t).tolist()] for t in TEMPERATURES]


def fit_biases(log_probs: Tensor, groups: Tensor, temperature: float, iterations: int = 10) -> Tensor:
    """Newton's method, its steps bounded, for the biases of groups of outcomes.

    The expected counts are the gradient of a convex function of the biases, so there is one solution.

    Parameters
    ----------
    log_probs
        Log-probabilities at T = 1, shape ``(cells, k)``.
    groups
        1 where an outcome belongs to a group, shape ``(k, g)``; an empty group keeps a bias of 0.
    temperature
        The temperature.

    Returns
    -------
    Biases ``(g,)`` with which the expected count of every group is that of T = 1.
    """
    used = groups.any(0).nonzero().squeeze(1)
    columns = groups[:, used]
    if len(used) == 2 and torch.equal(columns[:, 0], columns[:, 1]):
        used, columns = used[:1], columns[:, :1]
    wanted = (log_probs.exp() @ columns).sum(0)
    biases = torch.zeros(len(used), dtype=log_probs.dtype)
    for _ in range(iterations):
        q = (log_probs / temperature + columns @ biases).softmax(-1)
        expected = q @ columns  # cells g
        both = torch.einsum("ck,kg,kh->gh", q, columns, columns) - expected.T @ expected
        both = both + 1e-6 * torch.eye(len(used), dtype=both.dtype)
        biases = biases - torch.linalg.solve(both, expected.sum(0) - wanted).clamp(-1, 1)
    result = torch.zeros(groups.shape[1], dtype=log_probs.dtype)
    result[used] = biases
    return result
