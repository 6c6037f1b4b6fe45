"""The trials of a search as a picture: the loss against every searched field, and the best so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from biaxial.files.atomic import atomic_write
from biaxial.training.search.space import Kind
from biaxial.training.search.trials import TrialResult, best_trial


def draw_trials(trials: Sequence[TrialResult], kinds: Mapping[str, Kind], path: Path) -> None:
    """Draw the loss against every searched field, and the best so far against the number of the trial."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    names = list(kinds)
    columns = min(3, len(names) + 1)
    rows = -(-(len(names) + 1) // columns)
    figure = Figure(figsize=(3.6 * columns, 3.1 * rows), layout="constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    counted = [trial for trial in trials if trial.loss is not None]
    failed = [trial for trial in trials if trial.loss is None]
    best = best_trial(trials)
    for axes, name in zip(panels, names, strict=False):
        places = {trial.number: _place(trial.settings[name]) for trial in trials}
        for (part, state), (colour, marker, label) in _MARKS.items():
            some = [trial for trial in counted if (trial.part, trial.state == "finished") == (part, state)]
            axes.scatter(
                [places[trial.number] for trial in some],
                [trial.loss for trial in some],
                marker=marker,
                facecolors=colour if state else "none",
                edgecolors=colour,
                label=label,
            )
        for trial in failed:
            axes.axvline(places[trial.number], color="tab:red", linewidth=0.8, linestyle=":")
        if best is not None and best.loss is not None:
            axes.scatter([places[best.number]], [best.loss], marker="*", s=160, color="tab:red", zorder=3)
        if kinds[name] != "share" and len(set(places.values())) > 1:
            axes.set_xscale("log")
            ticks = _ticks(sorted(set(places.values())))
            axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            axes.minorticks_off()
        is_stack = isinstance(trials[0].settings[name], tuple)
        axes.set_xlabel(name.replace("_", " ") + (", first layer" if is_stack else ""))
        axes.set_ylabel("held-out loss, nats")
    _draw_progress(panels[len(names)], counted)
    panels[len(names)].xaxis.set_major_locator(MaxNLocator(integer=True))
    panels[0].legend(fontsize="x-small")
    for axes in panels[len(names) + 1 :]:
        axes.set_axis_off()
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=130)
    atomic_write(path, picture.getvalue())


_MARKS = {
    ("coarse", True): ("tab:blue", "o", "coarse"),
    ("coarse", False): ("tab:blue", "o", "coarse, stopped"),
    ("fine", True): ("tab:orange", "s", "fine"),
    ("fine", False): ("tab:orange", "s", "fine, stopped"),
}


def _place(value: Any) -> float:
    return float(value[0] if isinstance(value, tuple) else value)


def _ticks(values: Sequence[float]) -> list[float]:
    """Some of the values that were tried, far enough apart on a logarithmic scale to be written side by side."""
    gap = (values[-1] / values[0]) ** 0.19
    ticks = [values[0]]
    for value in values:
        if value >= gap * ticks[-1]:
            ticks.append(value)
    return ticks


def _draw_progress(axes: Any, trials: Sequence[TrialResult]) -> None:
    """The best so far of each part, as steps."""
    for part, colour in (("coarse", "tab:blue"), ("fine", "tab:orange")):
        some = [trial for trial in trials if trial.part == part]
        lowest = [min(trial.loss or 0.0 for trial in some[: index + 1]) for index in range(len(some))]
        numbers = [trial.number for trial in some]
        axes.plot(numbers, [trial.loss for trial in some], ".", color=colour, alpha=0.4)
        axes.step(numbers, lowest, where="post", color=colour, label=f"best {part}")
    axes.set_xlabel("trial")
    axes.set_ylabel("held-out loss, nats")
    axes.legend(fontsize="x-small")
