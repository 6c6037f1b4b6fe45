"""A piece that commands have drawn: its files, and the lines or the JSON that say what was written."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biaxial.files.atomic import write_new
from biaxial.render.files import Rendering, midi_of, unplayable, write_file

if TYPE_CHECKING:
    from biaxial.cli.writing import WritingOptions
    from biaxial.tasks.piece import Candidate, Piece


@dataclass(frozen=True)
class Written:
    """A piece that was written; the fields are the keys of ``--json``."""

    path: str
    files: tuple[str, ...]
    seed: int
    key: str | None
    model: str
    num_steps: int
    nats: float
    nats_per_step: float
    remarks: tuple[str, ...]
    ranking: tuple[dict[str, Any], ...] = ()
    plan: dict[str, Any] | None = None
    style: str | None = None


def written_piece(
    piece: Piece, number: int, paths: Sequence[Path], options: WritingOptions, rendering: Rendering
) -> Written:
    """Write the files of a piece."""
    music = piece.score if options.title is None else replace(piece.score, title=_title(options, number))
    rendering = rendering.played_on(piece.instruments)
    if options.num_outputs > 1 or options.output:
        files = [str(path) for name in paths for path in write_file(music, name, rendering, piece.plan)]
    else:
        files = [str(write_new(paths[0], midi_of(music, rendering)))]
    found, ranking = piece.likelihood, tuple(_ranked(candidate) for candidate in piece.ranking)
    key = None if music.key is None else music.key.name
    of = (piece.seed, key, piece.model, found.num_steps, found.nats, piece.nats_per_step)
    plan = None if piece.plan is None else piece.plan.to_dict()
    remarks = (*piece.remarks, *unplayable(music, rendering))
    return Written(files[0], tuple(files), *of, remarks, ranking, plan, piece.style)


def report(pieces: Sequence[tuple[Written, Piece]], options: WritingOptions, computing: float, started: float) -> None:
    """Print what was written."""
    written = [done for done, _ in pieces]
    if options.json:
        times = {"compute_seconds": round(computing, 3), "seconds": round(time.perf_counter() - started, 3)}
        print(json.dumps({"pieces": [asdict(piece) for piece in written], **times}))
        return
    for remark in dict.fromkeys(remark for done in written for remark in done.remarks):
        print(f"note: {remark}", file=sys.stderr)
    for done, piece in pieces:
        key = "" if done.key is None else f"{done.key}, "
        print(f"{', '.join(done.files)}: seed {done.seed}, {key}{done.nats_per_step:.3f} nats per step")
        if piece.plan is not None:
            print(f"  plan: {piece.plan.summary}")
        for place, each in enumerate(done.ranking, start=1):
            parts = ", ".join(f"{name} {value:.2f}" for name, value in each["parts"].items())
            score = "no score" if each["score"] is None else f"score {each['score']:.2f} ({parts})"
            print(f"{place:>4}. candidate {each['number']}: {score}, {each['nats_per_step']:.3f} nats per step")


def _title(options: WritingOptions, number: int) -> str:
    assert options.title is not None
    return f"{options.title} {number}" if options.title and options.num_outputs > 1 else options.title


def _ranked(candidate: Candidate) -> dict[str, Any]:
    """A candidate in plain values."""
    values = asdict(candidate)
    return {**values, "score": None if math.isnan(candidate.score) else candidate.score}
