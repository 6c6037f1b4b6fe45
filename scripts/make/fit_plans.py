"""Learn plans of phrases from the chorales: ``python scripts/make/fit_plans.py chorales``.

Writes ``biaxial/assets/plans-v1.json``: counts over the training chorales, no music. Prints nats of the validation
chorales, beside two floors that know the length of the piece too: everything that is possible equally likely, and each
part of a plan by itself. Takes ten seconds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from biaxial.corpora.reading.music_folder import read_folder
from biaxial.corpora.splits import FolderItem
from biaxial.files.atomic import atomic_write
from biaxial.metrics.harmony.phrase_plans import known_plan, phrase_plan_of
from biaxial.music.constants import TICKS_PER_QUARTER, VERSION
from biaxial.music.errors import InputError
from biaxial.music.keys import key_of
from biaxial.music.phrases import CADENCES, PhrasePlan, home_numeral
from biaxial.music.score import Mode, TimeSignature
from biaxial.tasks.plans.backoff import Backoff
from biaxial.tasks.plans.plan_lengths import LengthChain
from biaxial.tasks.plans.plan_model import KEYS, PlanModel, in_units, shipped_path
from biaxial.tasks.plans.tune_plan import close_context

Read = tuple[PhrasePlan, TimeSignature, Mode]
Closes = list[tuple[tuple[str, int, int], str]]
"""Of each phrase what its melody tells of its close, and key and cadence."""


def plans_of(items: Sequence[FolderItem]) -> tuple[list[Read], list[str]]:
    """Plans of pieces with metre and mode, and the names of those that have none that can be counted."""
    found, left_out = list[Read](), list[str]()
    for item in items:
        key = key_of(item.score)
        try:
            plan = phrase_plan_of(item.score)
            in_units(plan, item.score.time_signatures[0])
        except InputError:
            left_out.append(item.name)
            continue
        if key is None or len(item.score.time_signatures) > 1:
            left_out.append(item.name)
        else:
            found.append((plan, item.score.time_signatures[0], key.mode))
    return found, left_out


def closes_of(items: Sequence[FolderItem]) -> Closes:
    """How the phrases of pieces close, given their tunes; all voices that come again close as they did."""
    found: Closes = []
    for item in items:
        plan, key = known_plan(item.score), key_of(item.score)
        if plan is None or key is None:
            continue
        melody, per_tick = item.score.voice_notes(0), TICKS_PER_QUARTER // item.score.ticks_per_quarter
        for tick, phrase in zip(plan.last_onsets, plan.phrases, strict=True):
            if not phrase.whole:
                found.append((close_context(melody, tick // per_tick, key), f"{phrase.key} {phrase.cadence}"))
    return found


def tune_nats(model: PlanModel, closes: Closes) -> float:
    """Nats of a close given the tune."""
    support = {mode: [f"{key} {cadence}" for key in KEYS[mode] for cadence in CADENCES] for mode in KEYS}
    each = [
        model.tunes.probability(context, support["minor" if context[0] == "minor" else "major"], close)
        for context, close in closes
    ]
    return float(-np.mean(np.log(each)))


def unigram(model: PlanModel) -> PlanModel:
    """The same counts without any context but the metre and the mode."""
    flat = PlanModel()
    for name in ("pickups", "lasts", "returns", "wholes", "agree", "keys", "cadences"):
        setattr(flat, name, _flattened(getattr(model, name), name in ("pickups", "lasts", "keys")))
    flat.chain = LengthChain(_flattened(model.chain.stops, False), _flattened(model.chain.lengths, True))
    return flat


def _flattened(factor: Backoff, keep_first: bool) -> Backoff:
    return Backoff((tuple(context[: int(keep_first)]), x, n) for context, x, n in factor.rows)


def figures(plans: Sequence[Read]) -> dict[str, float]:
    """What plans are like, as shares of pieces."""
    first: dict[str, list[bool]] = {"major": [], "minor": []}
    for plan, _, mode in plans:
        first[mode].append(plan.phrases[0].key == home_numeral(mode))
    return {
        "with a pickup": float(np.mean([plan.pickup_ticks > 0 for plan, *_ in plans])),
        "with a returning melody": float(np.mean([_returns(plan) for plan, *_ in plans])),
        **{f"first phrase at home, {mode}": float(np.mean(each)) for mode, each in first.items() if each},
        "phrases": float(np.mean([len(plan.phrases) for plan, *_ in plans])),
    }


def _returns(plan: PhrasePlan) -> bool:
    return any(phrase.repeats is not None for phrase in plan.phrases)


def main() -> None:
    """Read the command line, count, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chorales", type=Path, help="what biaxial-chorales wrote")
    parser.add_argument("--output", type=Path, default=shipped_path())
    options = parser.parse_args()
    items, _ = read_folder(options.chorales)
    plans, left_out = plans_of([item for item in items if item.split == "train"])
    held_out, strange = plans_of([item for item in items if item.split == "valid"])
    model = PlanModel()
    for read in plans:
        model.count(*read)
    for item in items:
        if item.split == "train":
            for context, close in dict.fromkeys(closes_of([item])):  # what a piece says often counts once
                model.tunes.add(context, close)
    models = {"model": model, "unigram": unigram(model), "uniform": PlanModel()}
    nats = {
        name: {
            part: float(-np.mean([each.parts(*read)[part] for read in held_out])) for part in each.parts(*held_out[0])
        }
        for name, each in models.items()
    }
    model.made = {
        "version": VERSION,
        "script": "scripts/make/fit_plans.py",
        "corpus": "four-part chorales of J. S. Bach, training pieces",
        "licence": "MIT; the chorales are in the public domain, and none of their notes is in this file",
        "num_pieces": {"train": len(plans), "valid": len(held_out)},
        "left_out": {"train": len(left_out), "valid": len(strange)},
        "valid_nats_per_plan": {name: round(sum(parts.values()), 4) for name, parts in nats.items()},
    }
    rows = json.dumps(model.to_dict(), separators=(",", ":"))
    atomic_write(options.output, rows.encode() + b"\n")
    print(f"{options.output}: {len(plans)} plans, {len(rows)} bytes; left out {', '.join(left_out)}")
    for name, parts in nats.items():
        each = ", ".join(f"{part} {value:.2f}" for part, value in parts.items())
        print(f"{name}: {sum(parts.values()):.2f} nats a plan of {len(held_out)} held out ({each})")
    sung = closes_of([item for item in items if item.split == "valid"])
    print(f"closes given the tune: {tune_nats(model, sung):.2f} nats each of {len(sung)} held out")
    for split, those in (("train", plans), ("valid", held_out)):
        print(f"{split}: " + ", ".join(f"{name} {value:.3f}" for name, value in figures(those).items()))


if __name__ == "__main__":
    main()
