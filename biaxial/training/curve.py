"""The learning curve of a run as a picture."""

from __future__ import annotations

import csv
import math
from io import BytesIO
from pathlib import Path

from biaxial.files.atomic import atomic_write


def read_metrics(path: Path) -> dict[str, list[tuple[int, float]]]:
    """Epoch and value of every metric in a ``metrics.csv``."""
    metrics: dict[str, list[tuple[int, float]]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
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
