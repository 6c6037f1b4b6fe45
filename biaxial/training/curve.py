"""The learning curve of a run as a picture."""

from __future__ import annotations

import csv
import math
from io import BytesIO, StringIO
from pathlib import Path
from typing import Final

from biaxial.files.atomic import atomic_write
from biaxial.files.limits import MEBIBYTE, read_within
from biaxial.music.errors import InputError

MAX_BYTES: Final = 64 * MEBIBYTE
"""Largest history; a row has a hundred bytes."""


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a ``metrics.csv``, one for each epoch.

    Raises
    ------
    InputError
        If it is something else, or damaged.
    OSError
        If it cannot be opened.
    """
    try:
        rows = list(csv.DictReader(StringIO(read_within(path, MAX_BYTES).decode("utf-8"), newline=""), strict=True))
        for row in rows:
            if None in row or None in row.values() or not int(row["epoch"]) > 0 <= int(row["updates"]):
                raise ValueError(f"a row of epoch {row['epoch'][:20]} that is not whole")
            for value in row.values():
                float(value or 0)
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        reason = " ".join(str(error).split())[:100]
        raise InputError(f"{path}: not the history of a run ({reason}); move it away, or correct it") from error
    return rows


def read_metrics(path: Path) -> dict[str, list[tuple[int, float]]]:
    """Epoch and value of every metric in a ``metrics.csv``; errors as in :func:`read_rows`."""
    metrics: dict[str, list[tuple[int, float]]] = {}
    for row in read_rows(path):
        for name, value in row.items():
            if name not in ("epoch", "updates") and value:
                metrics.setdefault(name, []).append((int(row["epoch"]), float(value)))
    return metrics


def draw_learning_curve(run: Path) -> Path:
    """Draw training and validation nats of a run folder, and return the picture's path."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    metrics = read_metrics(run / "metrics.csv")
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    for name, label in (("train_nats", "training crops, with dropout"), ("valid_nats", "held-out pieces")):
        points = metrics.get(name, [])
        axes.plot([epoch for epoch, _ in points], [value for _, value in points], marker=".", label=label)
    held_out = [value for _, value in metrics.get("valid_nats", []) if math.isfinite(value)]
    if held_out:
        best = min(held_out)
        axes.axhline(best, color="grey", linewidth=0.8, linestyle=":")
        axes.set_ylim(0, min(1.05 * max(held_out), 4 * best))
        axes.set_title(f"{run.name}: best {best:.3f} nats per step on held-out pieces")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("nats per step")
    axes.legend()
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=150)
    atomic_write(run / "learning-curve.png", picture.getvalue())
    return run / "learning-curve.png"
