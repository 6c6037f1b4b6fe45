"""Nats per quarter note of every kind of model on the same pieces, with sizes and training times, as a markdown table.

``python scripts/tables/models_table.py chorales chorales-v3 chords-v1 runs/voices/model.safetensors`` scores the
validation and the test pieces of a folder made by ``biaxial-chorales`` (or a file made by ``scripts/make/prepare.py``),
all conditions known as far as a model takes them: the biaxial one knows key, metre, phrase ends and length, the others
key and metre. A ``melody`` model scores each voice by itself, and the four are added; the weights for that row are
trained on the same folder, ``biaxial-train chorales --model melody -o runs/voices``. A ``chord`` model does not see
voices: the last column is the biaxial model's part for the roll alone, which is what it compares with. About two
minutes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from biaxial.cli.reading import read_corpus
from biaxial.corpora.corpus import Corpus
from biaxial.corpora.splits import SPLITS
from biaxial.files.weights_file import weights_path
from biaxial.likelihood.corpus_nats import evaluate
from biaxial.metrics.figures.report import Figure
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.tokens.network import Network
from biaxial.weights import load_network

HEADINGS = (
    "weights",
    "kind",
    "numbers",
    "training",
    "split",
    "nats per quarter",
    "per note",
    "roll alone, per quarter",
)


def text(figure: Figure, times: int = 1) -> str:
    """A figure, or so many times it."""
    return f"{times * figure.value:.2f} ± {times * figure.standard_error:.2f}"


def rows(name: str, network: Network, made: dict[str, Any], corpus: Corpus) -> list[str]:
    """The lines of one model."""
    splits = [split for split in SPLITS if split != "train"]
    size = sum(weight.numel() for weight in network.parameters())
    kind = "biaxial" if isinstance(network, BiaxialLSTM) else network.config.kind
    seconds = made.get("training_seconds")
    about = (name, kind, f"{size:,}", f"{seconds / 60:.0f} min" if seconds else "")
    spq = network.config.steps_per_quarter
    found = []
    for one in evaluate([network], corpus, splits):
        if one.label in splits:
            frame, note, roll = one.figures["frame"], one.figures["note"], one.figures.get("roll")
            alone = text(roll, spq) if roll else text(frame, spq) if kind == "chord" else ""
            found.append((one.label, text(frame, spq), text(note), alone))
    return [f"| {' | '.join((*about, *cells))} |" for cells in found]


def main() -> None:
    """Read the command line, score, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder of chorales, or a prepared .npz file")
    parser.add_argument("weights", nargs="+", help="files, or names of shipped weights")
    options = parser.parse_args()
    print(f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}")
    for name in options.weights:
        network, made = load_network(weights_path(name))
        corpus = read_corpus(options.corpus, network.config.steps_per_quarter, quiet=True)
        for line in rows(Path(name).parent.name if Path(name).suffix else name, network, made, corpus):
            print(line, flush=True)


if __name__ == "__main__":
    main()
