"""Train the weights of the token LSTMs that ship with the package.

``python scripts/make/train_events.py melody tunes`` trains ``biaxial/assets/hymn-tunes-v1.safetensors`` on a folder
made by ``scripts/make/hymn_tunes.py``; ``python scripts/make/train_events.py chord chorales`` trains
``chords-v1.safetensors`` on one made by ``biaxial-chorales`` (or on a file made by ``scripts/make/prepare.py``): each
in one run below ``runs/`` with the settings of its preset but for :data:`WORDS`, of which the best weights are stored
in half precision. They take ten to twenty minutes of one CPU core. A run that was stopped goes on with ``--resume``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from biaxial.cli.train import main as biaxial_train
from biaxial.files.weights_file import pretrained_path
from biaxial.weights import load_network, save_weights

NAMES = {"melody": "hymn-tunes-v1", "chord": "chords-v1"}
WORDS = {"melody": ["--epochs", "40", "--batch-size", "8", "--dropout", "0.15", "--patience", "8"], "chord": []}
"""Settings other than the preset's: hymn tunes are few, and the network needs some three thousand updates."""
SOURCES = {
    "melody": "sopranos of Open Hymnal (public domain) and of Bach's chorales (public domain, encoded by music21)",
    "chord": "Bach's chorales (public domain, encoded by music21)",
}


def main() -> None:
    """Train with the command that users have, then store the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=sorted(NAMES), help="kind of model")
    parser.add_argument("corpus", type=Path, help="folder of music, or a prepared .npz file")
    parser.add_argument("--resume", action="store_true", help="go on with the run below runs/")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=None, help="where the weights go (default: the package)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    run = Path("runs") / NAMES[options.kind]
    words = [str(options.corpus), "--resume", str(run)]
    if not (options.resume and (run / "config.json").exists()):
        words = [str(options.corpus), "--model", options.kind, *WORDS[options.kind], "--output", str(run)]
    if status := biaxial_train(words):
        raise SystemExit(status)
    output = options.output or pretrained_path(NAMES[options.kind])
    network, history = load_network(run / "model.safetensors")
    save_weights(output, network, history | {"source": SOURCES[options.kind], "licence": "MIT"}, torch.float16)
    print(f"{output}: {output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
