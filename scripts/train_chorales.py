"""Train the weights that ship with the package, ``biaxial/assets/chorales-v1.safetensors``.

``python scripts/train_chorales.py chorales/`` trains the default preset on a folder made by ``biaxial-chorales`` (or on
a file made by ``scripts/prepare.py``) and stores the best weights in half precision. It takes about an hour on one
CPU core with AMX. A run that was stopped goes on where it was with ``--resume``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from biaxial.cli.train import main as biaxial_train
from biaxial.models.checkpoint import load_weights, save_weights
from biaxial.models.pretrained import pretrained_path

RUN = Path("runs/chorales-v1")
DENSITY = 0.05
"""Shift of the log-odds of sounding with which composed pieces have as many voices as Bach's; found by trying -- see
docs/model-card.md."""


def main() -> None:
    """Train with the command that users have, then store the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder of chorales, or a prepared .npz file")
    parser.add_argument("--resume", action="store_true", help=f"go on with the run in {RUN}")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=pretrained_path(), help="where the weights go")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    arguments = [str(options.corpus), "--resume" if options.resume else "--output", str(RUN)]
    if status := biaxial_train(arguments):
        raise SystemExit(status)
    network, made = load_weights(RUN / "model.safetensors")
    made["density"] = DENSITY
    save_weights(options.output, network, made, torch.float16)
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
