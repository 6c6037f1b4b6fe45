"""Train the weights of the package, ``biaxial/assets/chorales-v3.safetensors``.

``python scripts/make/train_chorales.py chorales/ hymns/`` trains on a folder made by ``biaxial-chorales``, mixed with
one made by ``scripts/make/hymns.py``, in three runs below ``runs/``: first the network that composes, without a context
encoder; then the same weights with one, on crops of which something is known in most cases; then with the styles
``bach`` and ``hymn``. The best weights of the third run are stored in half precision. The runs take about an hour,
three quarters of one and one and a half of a CPU core with bfloat16 units. One that was stopped goes on with
``--resume``. What faults cost is fitted afterwards (``scripts/make/fit_charges.py``).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from biaxial.cli.train import main as biaxial_train
from biaxial.files.weights_file import pretrained_path
from biaxial.weights import load_weights, save_weights

COMPOSING, LISTENING, STYLED = (Path(f"runs/chorales-{name}") for name in ("composing", "listening", "styled"))
MIXED = ["--mix-share", "0.35", "--sample-every", "0"]
FIRST = ["--context-hidden", "0", "--epochs", "12", "--patience", "12"]
SECOND = [
    *("--start-from", str(COMPOSING / "model.safetensors")),
    *("--epochs", "6", "--patience", "6", "--learning-rate", "0.001", "--average-decay", "0.997"),
]
THIRD = [
    *("--start-from", str(LISTENING / "model.safetensors"), "--styles", "bach,hymn"),
    *("--epochs", "12", "--patience", "12", "--learning-rate", "0.0012"),
]
DENSITY = 0.4
"""Shift of the log-odds of sounding with which composed pieces have as many voices as Bach's; found by trying -- see
docs/model-card.md."""
STYLE_DENSITY = {"hymn": -0.3}
"""The same of another style; hymns have more rests and unisons (docs/styles.md)."""


def main() -> None:
    """Train with the command that users have, then store the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder of chorales, or a prepared .npz file")
    parser.add_argument("hymns", type=Path, help="folder of hymns to mix in")
    parser.add_argument(
        "--resume", action="store_true", help=f"go on with the runs {COMPOSING}, {LISTENING} and {STYLED}"
    )
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=pretrained_path("chorales-v3"), help="where the weights go")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    runs = [(COMPOSING, FIRST), (LISTENING, SECOND), (STYLED, THIRD)]
    if options.resume:  # those before the last one that was begun are over
        begun = [number for number, (folder, _) in enumerate(runs) if (folder / "config.json").exists()]
        runs = runs[max(begun, default=0) :]
    for folder, settings in runs:
        if options.resume and (folder / "config.json").exists():
            words = [str(options.corpus), "--resume", str(folder)]
        else:
            words = [str(options.corpus), "--mix", str(options.hymns), "--output", str(folder), *MIXED, *settings]
        if status := biaxial_train(words):
            raise SystemExit(status)
    network, made = load_weights(STYLED / "model.safetensors")
    made |= {"density": DENSITY, "style_density": STYLE_DENSITY, "style": "bach", "licence": "MIT"}
    made |= {"started_from": ""}  # which was one of the runs before
    save_weights(options.output, network, made, torch.float16)
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
