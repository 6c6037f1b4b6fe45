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
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
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
from biaxial.training.config import MOST_EPOCHS
from biaxial.training.crops import collate, whole_pieces
from biaxial.training.curve import draw_learning_curve
from biaxial.training.mixing import Mix
from biaxial.training.run_plan import START, Plan, last_checkpoint, planned, write_document
from biaxial.weights import load_network, save_weights

_PARTS = {
    "state_dict": dict,
    "optimizer_states": list,
    "lr_schedulers": list,
    "loops": dict,
    "callbacks": dict,
    "epoch": int,
    "global_step": int,
}
"""What a checkpoint has to hold, and of what kind."""

TEMPERATURES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0)
_FITTED_STEPS = 20_000
"""Steps that are looked at, about: more would take memory and hardly move the biases."""


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
    if plan.styles:
        document["styles"] = plan.styles
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


def read_plan(folder: Path) -> Plan:
    """What a run is to be resumed with, and that it can be: its plan, its history and its checkpoint are whole.

    Raises
    ------
    InputError
        If one of them is not, in one line that names it.
    """
    plan = planned(folder)
    if (checkpoint := last_checkpoint(folder)) is not None:
        _check(checkpoint)
    return plan


def _check(checkpoint: Path) -> None:
    try:
        found = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises whatever a damaged file leads it to
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise damaged(checkpoint, reason) from error
    for name, kind in _PARTS.items():
        if not isinstance(found, dict) or not isinstance(found.get(name), kind):
            raise damaged(checkpoint, f"there is no {name} in it")
    if not 0 <= found["epoch"] <= MOST_EPOCHS or not 0 <= found["global_step"] < 2**40:
        raise damaged(checkpoint, f"it says epoch {found['epoch']} and update {found['global_step']}"[:100])
    weights = found["state_dict"]
    if not any(str(name).startswith(("model.walks.", "model.stack.")) for name in weights):
        raise InputError(f"{checkpoint}: made by an older version; start the run anew")
    if not all(isinstance(weight, Tensor) and weight.isfinite().all() for weight in weights.values()):
        raise damaged(checkpoint, "its weights are not all finite numbers")


def damaged(checkpoint: Path, reason: str) -> InputError:
    """What to say of a checkpoint from which a run cannot go on."""
    return InputError(f"{checkpoint}: damaged ({reason}); start the run anew")


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
