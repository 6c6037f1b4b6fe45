"""Train the weights ``biaxial/assets/quartets-v1.safetensors``: string quartets, with composers and dynamics.

``python scripts/make/train_quartets.py quartets.npz`` trains on a corpus of ``scripts/make/quartets.py`` below
``runs/quartets``, about a hundred minutes of a CPU core with bfloat16 units, and stores the best weights in half
precision. A run that was stopped goes on with ``--resume``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the package is
from biaxial.cli.train import main as biaxial_train
from biaxial.files.weights_file import pretrained_path
from biaxial.weights import load_weights, save_weights

RUN = Path("runs/quartets")
DENSITY = 0.35
"""Shift of the log-odds of sounding at temperature 1."""
COLDER = (-2.75, 3.0)
"""What is added to the density biases, for sounding and for striking, for each unit of temperature below 1: they are
fitted to frames that follow the composer's, and music that follows its own frames would stand still. Both were found by
trying, so that notes at once and notes struck come near those of held-out quartets."""


def main() -> None:
    """Train with the command that users have, then store the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="prepared corpus of scripts/make/quartets.py")
    parser.add_argument("--resume", action="store_true", help=f"go on with the run {RUN}")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=pretrained_path("quartets-v1"), help="where the weights go")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.resume and (RUN / "config.json").exists():
        words = [str(options.corpus), "--resume", str(RUN)]
    else:
        words = [str(options.corpus), "--preset", "deepj", "--styles", "folders", "--output", str(RUN)]
    if status := biaxial_train(words):
        raise SystemExit(status)
    network, made = load_weights(RUN / "model.safetensors")
    biases = [
        [temperature, *(bias + max(0.0, 1 - temperature) * more for bias, more in zip(fitted, COLDER, strict=True))]
        for temperature, *fitted in made["density_biases"]
    ]
    made |= {"instruments": "quartet", "density": DENSITY, "density_biases": biases, "licence": "MIT"}
    save_weights(options.output, network, made, torch.float16)
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
