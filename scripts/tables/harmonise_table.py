"""Harmonise the held-out sopranos of the chorales and print how the settings compare with Bach's, as a markdown table.

``python scripts/tables/harmonise_table.py CHORALES`` writes, for each soprano of a split, one setting for each of five
seeds, unselected: with the shipped weights, and with the same weights whose context encoder is switched off, so that
the melody is merely clamped. CHORALES is a folder made by ``biaxial-chorales``. Key, metre, phrase ends and length are
given with the soprano. All settings, Bach's own among them, go through the same detectors. With 36 sopranos a column
takes about half an hour of one core; ``--systems`` leaves columns out.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import biaxial
from biaxial import Model, SamplingOptions, Score, VoiceLeading
from biaxial.corpora.corpus import CorpusPiece, outcomes_of
from biaxial.corpora.reading.music_folder import read_folder
from biaxial.corpora.splits import FolderItem
from biaxial.features.conditions import hidden
from biaxial.features.known import Known
from biaxial.likelihood.cell_nats import log_mean
from biaxial.metrics.harmony.agreement import agreement, distinct_chords, jensen_shannon, total_bigrams, voice_moves
from biaxial.metrics.writing.slices import Slices
from biaxial.metrics.writing.voice_leading import faults
from biaxial.models.batch import Batch
from biaxial.music.grid import Grid
from biaxial.music.score import Key
from biaxial.tasks.drawing.sampling_options import HARMONISING
from biaxial.training.crops import Given

SYSTEMS = ("encoder", "clamped")
Figures = dict[str, float]


def melody_of(score: Score) -> Score:
    """The soprano alone, with everything else that is known."""
    return replace(score, notes=tuple(replace(note, voice=None) for note in score.voice_notes(0)))


def clamped(model: Model) -> Model:
    """The same model without its context encoder."""
    network = copy.deepcopy(model.in_style())
    network.context, network.config = None, replace(network.config, context_hidden=0)
    return Model(network, model.history, model.name)


def key_of(item: FolderItem) -> Key:
    """The key of a chorale; all of them state one."""
    assert item.score.key is not None
    return item.score.key


def measure(settings: Sequence[Score], bach: Sequence[FolderItem], training: Sequence[FolderItem]) -> Figures:
    """All figures of one setting of each soprano."""
    found = [agreement(setting, item.score) for setting, item in zip(settings, bach, strict=True)]
    beats, pitches = sum(a.beats for a in found), sum(a.pitches_of for a in found)
    rules: dict[str, int] = {}
    changes = 0
    for setting in settings:
        slices = Slices.from_score(setting)
        changes += slices.num_changes
        for name, places in faults(slices).items():
            rules[name] = rules.get(name, 0) + len(places)
    corpus = total_bigrams((item.score for item in training), [key_of(item) for item in training])
    ours = total_bigrams(settings, [key_of(item) for item in bach])
    moves = [voice_moves(setting) for setting in settings]

    def rate(*names: str) -> float:
        return 100 * sum(rules[name] for name in names) / changes

    return {
        "agreement in pitch": sum(a.pitches for a in found) / pitches,
        "agreement in chord": sum(a.chords for a in found) / beats,
        "agreement in bass": sum(a.basses for a in found) / beats,
        "parallels per 100 changes": rate("parallel_fifths", "parallel_octaves"),
        "crossings per 100 changes": rate("crossings"),
        "spacing per 100 changes": rate("spacing"),
        "leaps per 100 changes": rate("leaps"),
        "notes out of range per 100 changes": rate("out_of_range"),
        "distinct chords a piece": float(np.mean([distinct_chords(setting) for setting in settings])),
        "chord-bigram distance": jensen_shannon(ours, corpus),
        "voice moves per 100 beats": 100 * sum(m for m, _ in moves) / sum(b for _, b in moves),
    }


@torch.inference_mode()
def nats_given_melody(model: Model, items: Sequence[FolderItem]) -> float:
    """Nats of Bach's own lower voices, per frame, given the soprano: exact, by the parallel pass."""
    network = model.in_style()
    config = network.config
    nats = steps = 0.0
    for item in items:
        piece = CorpusPiece.from_score(item.name, item.split, item.score, Grid(config.steps_per_quarter))
        frames = outcomes_of(piece, config)
        known = Known.of(frames, Given("melody").voices(frames, config.alphabet), config.alphabet)
        outcomes = torch.from_numpy(frames).unsqueeze(0)
        conditions = torch.from_numpy(hidden(piece.conditions, "plan")).unsqueeze(0)
        batch = Batch.whole(outcomes, conditions, Known(*(x.unsqueeze(0) for x in known)))
        found = log_mean(network.walk_log_likelihood(batch).sum(-1))
        nats, steps = nats - float(found.double().sum()), steps + len(frames)
    return nats / steps


def table(columns: dict[str, list[Figures]]) -> str:
    """Mean and standard deviation over seeds of every figure, a column for each system."""
    lines = [["", *columns]]
    for name in next(iter(columns.values()))[0]:
        cells = []
        for runs in columns.values():
            values = np.array([run[name] for run in runs])
            cells.append(f"{values.mean():.3f}" + (f" ± {values.std(ddof=1):.3f}" if len(values) > 1 else ""))
        lines.append([name, *cells])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    texts = ["| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in lines]
    texts.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(texts)


def main() -> None:
    """Read the command line, harmonise, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chorales", type=Path, help="folder made by biaxial-chorales")
    parser.add_argument("--split", choices=("valid", "test"), default="test", help="default: %(default)s")
    parser.add_argument("--checkpoint", type=Path, help="weights (default: the shipped ones)")
    parser.add_argument("--seeds", type=int, default=5, help="settings of each soprano (default: %(default)s)")
    parser.add_argument("--pieces", type=int, help="only the first so many sopranos")
    parser.add_argument("--systems", nargs="*", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--temperature", type=float, help="default: that of harmonising")
    parser.add_argument("--best-of", type=int, help="draws for each setting that is kept")
    parser.add_argument("--particles", type=int, help="default: that of harmonising")
    parser.add_argument("--density", type=float, help="shift of the log-odds of sounding")
    for field in dataclasses.fields(VoiceLeading):
        parser.add_argument(f"--{field.name}", type=float, help=f"weight of {field.name}, nats")
    parser.add_argument("--json", type=Path, help="write all figures there too")
    options = parser.parse_args()
    weights = {
        f.name: getattr(options, f.name)
        for f in dataclasses.fields(VoiceLeading)
        if getattr(options, f.name) is not None
    }
    changes = {
        name: getattr(options, name)
        for name in ("temperature", "best_of", "particles", "density")
        if getattr(options, name) is not None
    }
    leading = HARMONISING.voice_leading
    drawing: SamplingOptions = replace(HARMONISING, **changes, voice_leading=leading and replace(leading, **weights))
    items, _ = read_folder(options.chorales)
    training = [item for item in items if item.split == "train"]
    bach = [item for item in items if item.split == options.split][: options.pieces]
    shipped = biaxial.load(options.checkpoint, "cpu")
    columns: dict[str, list[Figures]] = {}
    for system in options.systems:
        model = shipped if system == "encoder" else clamped(shipped)
        settings: list[list[Score]] = []
        for item in bach:
            pieces = model.draw(
                model.plan_harmonisation(melody_of(item.score), seed=0, drawing=drawing, n=options.seeds)
            )
            settings.append([piece.score for piece in pieces])
            print(f"{system}: {item.name}", file=sys.stderr)
        columns[system] = [measure(list(run), bach, training) for run in zip(*settings, strict=True)]
        nats = nats_given_melody(model, bach)
        for run in columns[system]:
            run["nats of Bach's lower voices per frame"] = nats
    columns["Bach"] = [measure([item.score for item in bach], bach, training)]
    for run in columns["Bach"]:
        run["nats of Bach's lower voices per frame"] = float("nan")
    print(f"{len(bach)} sopranos of {options.split}, {options.seeds} seeds, {drawing}")
    print(table(columns))
    if options.json:
        options.json.write_text(json.dumps(columns, indent=1))


if __name__ == "__main__":
    main()
