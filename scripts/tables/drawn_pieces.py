"""Pieces that a model draws for a table, kept in a folder so that another table, or the same one later, need not.

A folder holds the pieces of one way of drawing, as JSON scores, and ``drawn.json``, which says which way that was; what
was drawn otherwise is refused, never mixed in. Piece by piece the next run goes on where the last one ended.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from biaxial.corpora.splits import FolderItem
from biaxial.files.atomic import atomic_write
from biaxial.formats.json_score import read_json, write_json
from biaxial.judge.reference import checksum
from biaxial.music.errors import InputError
from biaxial.music.score import Score
from biaxial.tasks.model import Model
from biaxial.tasks.plans.plan import Plan


def composed(model: Model, count: int, seed: int, bars: int, changes: dict[str, Any], keep: Path | None) -> list[Score]:
    """Compose a piece for each seed from ``seed`` on."""
    keep = _folder(keep, "composed", {"weights": checksum(model.network), "bars": bars, **changes})

    def plan(first: int, n: int) -> Plan:
        return model.plan_composition(bars, n=n, seed=first, **changes)

    return _drawn(model, plan, range(seed, seed + count), keep)


def harmonised(
    model: Model, items: Sequence[FolderItem], count: int, seed: int, changes: dict[str, Any], keep: Path | None
) -> list[list[Score]]:
    """Harmonise the soprano of each chorale, once for each seed from ``seed`` on."""
    found = []
    for item in items:
        melody = soprano(item.score)

        def plan(first: int, n: int, melody: Score = melody) -> Plan:
            return model.plan_harmonisation(melody, n=n, seed=first, **changes)

        folder = _folder(keep, f"harmonised/{item.name}", {"weights": checksum(model.network), **changes})
        found.append(_drawn(model, plan, range(seed, seed + count), folder))
    return found


def soprano(score: Score) -> Score:
    """The first voice alone, with everything else that is known of a piece."""
    return replace(score, notes=tuple(replace(note, voice=None) for note in score.voice_notes(0)))


def _folder(keep: Path | None, name: str, way: dict[str, Any]) -> Path | None:
    """Make a folder of one way of drawing, or see that the one that is there is of the same.

    Raises
    ------
    InputError
        If its pieces were drawn in another way.
    """
    if keep is None:
        return None
    folder, text = keep / name, json.dumps(way, indent=1, default=str)
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / "drawn.json"
    if not record.exists():
        atomic_write(record, text.encode())
    elif record.read_text() != text:
        raise InputError(f"{folder} holds pieces drawn in another way, see drawn.json; name another folder")
    return folder


def _drawn(model: Model, plan: Callable[[int, int], Plan], seeds: range, keep: Path | None) -> list[Score]:
    """The pieces of all seeds: those that are kept, and the others drawn, each run of seeds together."""
    found: dict[int, Score] = {}
    if keep is not None:
        found = {seed: read_json(path) for seed in seeds if (path := keep / f"{seed}.json").exists()}
    missing = [seed for seed in seeds if seed not in found]
    while missing:
        run = next((n for n in range(1, len(missing)) if missing[n] != missing[0] + n), len(missing))
        for piece in model.draw(plan(missing[0], run)):
            found[piece.seed] = piece.score
            if keep is not None:
                write_json(piece.score, keep / f"{piece.seed}.json")
        missing = missing[run:]
    return [found[seed] for seed in seeds]
