"""Refine weights with their own best pieces: rounds of composing, judging and training on (docs/refine.md).

``python scripts/make/refine.py FOLDER WEIGHTS -o runs/refined --rounds 2`` goes through rounds 1 and 2. A round
composes pieces with the weights so far, judges them beside the folder, keeps the best that are no copies, and trains on
with them mixed in (``biaxial-train --init --mix``). It is kept if the held-out pieces cost no more nats per step than
before, :data:`TOLERANCE` aside; else the weights before it stay, and that is the end. The same command goes on after
Ctrl-C or a kill, or with more rounds: what is finished is not done again. Options that are not known here go to
``biaxial-train``.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from biaxial.cli.common import command
from biaxial.cli.reading import read_corpus
from biaxial.cli.train import main as biaxial_train
from biaxial.corpora.corpus import Corpus
from biaxial.corpora.reading.music_folder import read_folder
from biaxial.corpora.splits import FolderItem
from biaxial.files.atomic import atomic_write
from biaxial.judge.judge import Judge, Judgement
from biaxial.judge.reference import Reference, measure_corpus
from biaxial.likelihood.corpus_nats import evaluate
from biaxial.models.config import ModelConfig
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.tasks.loading import load_model
from biaxial.weights import load_weights

BARS: Final = 16
"""Length of a composed piece."""
COPIED: Final = 3.0
"""Standard deviations from which on a passage is a copy, above those that held-out pieces share with the others."""
TOLERANCE: Final = 0.001
"""Nats per step by which the held-out pieces may get dearer in a round that is kept."""


@command("refine.py")
def main(argv: Sequence[str] | None) -> None:
    """Go through the rounds that are left, and print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("source", type=Path, help="folder of music to train on and to judge by")
    parser.add_argument("weights", type=Path, help="weights to start from")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/refined"), help="(default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=2, help="rounds at most (default: %(default)s)")
    parser.add_argument("--pieces", type=int, default=100, help="pieces composed in each (default: %(default)s)")
    parser.add_argument("--keep", type=float, default=0.25, help="share that is kept (default: %(default)s)")
    parser.add_argument("--share", type=float, default=0.2, help="their share of the crops (default: %(default)s)")
    options, words = parser.parse_known_args(argv)
    if options.rounds < 1 or options.pieces < 1 or not 0 < options.keep <= 1:
        raise InputError("--rounds and --pieces are at least 1, --keep is above 0 and at most 1; give such values")
    config = load_weights(options.weights)[0].config
    if not isinstance(config, ModelConfig) or not config.num_voices:
        raise InputError(f"{options.weights}: a model without voices; voice leading is judged, give one with voices")
    if not options.source.is_dir():
        raise InputError(f"{options.source}: no scores to judge by; give a folder of music")
    pitches = (config.low_pitch, config.high_pitch)
    corpus = read_corpus(options.source, config.steps_per_quarter, True, pitches=pitches)
    reference = reference_of(corpus, read_folder(options.source)[0])
    weights = options.weights
    for number in range(1, options.rounds + 1):
        place = options.output / str(number)
        if not (place / "round.json").exists():
            seed = (number - 1) * options.pieces
            found = harvest(weights, place, reference, range(seed, seed + options.pieces), options.keep)
            train(options.source, weights, place, options.share, words)
            before = held_out_nats(weights, corpus)
            after = held_out_nats(place / "run" / "model.safetensors", corpus)
            kept = after <= before + TOLERANCE
            write(place / "round.json", {**found, "nats_before": before, "nats_after": after, "round_kept": kept})
        done = json.loads((place / "round.json").read_text())
        values = ", ".join(f"{name} {value:.5g}" for name, value in done.items() if name != "round_kept")
        print(f"round {number}: {values}; {'kept' if done['round_kept'] else 'given up'}", flush=True)
        if not done["round_kept"]:
            break
        weights = place / "run" / "model.safetensors"
    print(f"the weights that stay: {weights}")


def reference_of(corpus: Corpus, items: Sequence[FolderItem]) -> Reference:
    """Measure the music that a corpus was made of, with the splits of the corpus."""
    splits = {piece.name: piece.split for piece in corpus.pieces}
    own = [FolderItem(item.name, splits[item.name], item.score) for item in items if item.name in splits]
    return measure_corpus("the corpus", own, (BARS,))


def harvest(weights: Path, place: Path, reference: Reference, seeds: range, keep: float) -> dict[str, float]:
    """Compose, judge and keep the best, unless that is done already, and count what came of it.

    The likelihood is not judged: that of the very network that composed says nothing.
    """
    if not (place / "composed.json").exists():
        model = load_model(weights)
        plan = model.plan_composition(BARS, n=len(seeds), seed=seeds[0])
        pieces = {f"seed-{piece.seed}": piece for piece in model.draw(plan) if piece.score.notes}
        judged = Judge(reference).judge([(name, piece.score) for name, piece in pieces.items()])
        ranked = sorted(
            (each for each in judged if not is_copy(each)), key=lambda each: (math.isnan(each.grade), each.grade)
        )
        best = [each.name for each in ranked[: max(1, round(keep * len(seeds)))]]
        if not best:
            raise InputError(f"{weights}: all {len(seeds)} pieces that it composed are silent or copies; refine others")
        (place / "composed").mkdir(parents=True, exist_ok=True)
        for name in best:
            pieces[name].save(place / "composed" / f"{name}.mid")
        items = [FolderItem(name, "train", pieces[name].score) for name in best]
        Corpus.from_items(items, Grid(model.network.config.steps_per_quarter)).save(place / "composed.npz")
        rows = [
            {
                "name": each.name,
                "grade": each.grade,
                "copy": is_copy(each),
                "kept": each.name in best,
                "longest_copy": each.values["copied_chords"],
                **each.groups,
            }
            for each in judged
        ]
        write(place / "composed.json", rows)
    rows = json.loads((place / "composed.json").read_text())
    grades = [row["grade"] for row in rows]
    return {
        "composed": len(rows),
        "copies": sum(row["copy"] for row in rows),
        "grade": statistics.fmean(grades),
        "grade_error": statistics.stdev(grades) / math.sqrt(len(grades)) if len(grades) > 1 else math.nan,
        "kept": sum(row["kept"] for row in rows),
        "kept_grade": statistics.fmean(row["grade"] for row in rows if row["kept"]),
        "longest_copy": statistics.median(row["longest_copy"] for row in rows),
    }


def is_copy(judgement: Judgement) -> bool:
    """Whether a piece shares more with the corpus than chance explains."""
    return any(judgement.standard.get(name, 0.0) >= COPIED for name in ("copied_line", "copied_chords"))


def train(source: Path, weights: Path, place: Path, share: float, words: Sequence[str]) -> None:
    """Train on with the kept pieces of a round, or go on with that."""
    run, mixed = place / "run", ["--mix", str(place / "composed.npz"), "--mix-share", str(share)]
    if (run / "config.json").exists():
        status = biaxial_train(["--resume", str(run)])
    else:
        begin = [str(source), "--init", str(weights), *mixed, "-o", str(run), "--epochs", "3", *words]
        status = biaxial_train(begin)
    if status:
        raise SystemExit(status)


def held_out_nats(weights: Path, corpus: Corpus) -> float:
    """Nats per step on the validation pieces of a corpus, in float32; no weights are worse than any."""
    if not weights.is_file():
        return math.inf
    return evaluate([load_weights(weights)[0]], corpus, ("valid",))[0].nats_per("frame")


def write(path: Path, content: Any) -> None:
    """Write JSON whole or not at all."""
    atomic_write(path, json.dumps(content, indent=2).encode() + b"\n")


if __name__ == "__main__":
    raise SystemExit(main(None))
