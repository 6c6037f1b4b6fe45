"""How often each model falls into a loop, as a markdown table.

``python scripts/tables/loops_table.py hymn-tunes-v1 chords-v1 --corpus tunes chorales`` composes 200 pieces of 200
events with each of the weights, in six ways: as by default, at temperature 0.6, and by always taking the likeliest
token, each with and without the repetition guard. :mod:`biaxial.metrics.figures.statistics` defines a loop. With
``--corpus`` it also counts the training pieces of folders or prepared files, as the model of the same place reads them.
About fifteen minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Hashable, Sequence
from pathlib import Path

from biaxial.corpora.corpus import Corpus
from biaxial.metrics.figures.statistics import events_of, find_loop
from biaxial.music.grid import Grid
from biaxial.tasks.loading import load_token_model
from biaxial.tasks.token_model import TokenModel
from biaxial.tokens.strings import cells_of, codec_of
from biaxial.tokens.token_stepper import TokenOptions

WAYS = {
    "default": TokenOptions(),
    "no guard": TokenOptions(guard=False),
    "T = 0.6": TokenOptions(temperature=0.6),
    "T = 0.6, no guard": TokenOptions(temperature=0.6, guard=False),
    "argmax, no guard": TokenOptions(temperature=0, guard=False),
    "argmax": TokenOptions(temperature=0),
}
HEADINGS = ("weights", "way", "pieces", "with a loop, %", "events in loops, %", "mean cycle")


def row(name: str, way: str, pieces: Sequence[Sequence[Hashable]]) -> str:
    """A line of the table."""
    loops = [find_loop(events) for events in pieces]
    found = [loop for loop in loops if loop is not None]
    total = sum(map(len, pieces))
    share = 100 * sum(loop.num_events for loop in found) / max(1, total)
    cycle = f"{sum(loop.cycle for loop in found) / len(found):.1f}" if found else ""
    cells = (name, way, str(len(pieces)), f"{100 * len(found) / len(pieces):.1f}", f"{share:.1f}", cycle)
    return f"| {' | '.join(cells)} |"


def composed(model: TokenModel, way: TokenOptions, seeds: int, events: int) -> list[list[Hashable]]:
    """The events of pieces."""
    return [events_of(piece.score) for piece in model.draw(model.plan_composition(events, n=seeds, drawing=way))]


def trained_on(model: TokenModel, source: Path) -> list[list[Hashable]]:
    """The events of the training pieces of a corpus, as the model reads them."""
    corpus, _ = Corpus.read(source, Grid(model.config.steps_per_quarter))
    codec, found = codec_of(model.config), list[list[Hashable]]()
    for piece in corpus.split("train"):
        for string in cells_of(piece).strings(model.config):
            walk = codec.walk()
            for token in string.string.tokens.tolist():
                walk.push(token)
            moments: dict[int, list[tuple[int, int]]] = {}
            for onset, length, pitch in walk.notes():
                moments.setdefault(onset, []).append((pitch, length))
            onsets = sorted(moments)
            waits = [b - a for a, b in zip(onsets, [*onsets[1:], walk.time], strict=True)]
            found.append([(*sorted(moments[o]), wait) for o, wait in zip(onsets, waits, strict=True)])
    return found


def main() -> None:
    """Read the command line, compose, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs="+", help="files, or names of shipped weights")
    parser.add_argument("--corpus", type=Path, nargs="*", default=[], help="what each of them was trained on")
    parser.add_argument("--seeds", type=int, default=200, help="pieces of each way (default: %(default)s)")
    parser.add_argument("--events", type=int, default=200, help="events of a piece (default: %(default)s)")
    options = parser.parse_args()
    print(f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}")
    for index, weights in enumerate(options.weights):
        model = load_token_model(weights)
        for way, drawing in WAYS.items():
            print(row(model.name, way, composed(model, drawing, options.seeds, options.events)), flush=True)
        if index < len(options.corpus):
            print(row(model.name, "its training pieces", trained_on(model, options.corpus[index])), flush=True)


if __name__ == "__main__":
    main()
