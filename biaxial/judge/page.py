"""The judge's page: one HTML file with all that it found, which needs nothing else to be read.

Here numbers become coordinates; what they look like stands in ``page.html.j2``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from biaxial.judge.compare import compare, most_common_cut, number, ranked
from biaxial.judge.judge import Judgement, oddness
from biaxial.judge.measures import GROUPS, MEASURES
from biaxial.judge.reference import Reference
from biaxial.judge.wording import broken_rules, copies, moment_text, voice_names
from biaxial.likelihood.surprise import Moment
from biaxial.metrics.writing.slices import Places, place_text
from biaxial.music.constants import NUM_VOICES, VOICE_NAMES
from biaxial.music.score import Note, Score
from biaxial.music.spelling import pitch_name

ROW = 5
"""Height of a pitch in a piano roll."""
QUARTER = 14
"""Width of a quarter note."""
TOP = 14
"""Room for the numbers of the bars."""
MAX_LISTED = 8
"""Surprising moments that are marked and listed, and measures that are listed."""

Curve = dict[str, list[tuple[int, float]]]
"""Epoch and value of each metric of a training run."""
NUM_BINS: Final = 30
WIDTH, MIDDLE, TALL = 240.0, 40.0, 36.0
"""Width of a distribution, height of its axis, and the most that a bar rises above or falls below it."""
MAP_WIDTH, MAP_HEIGHT, MAP_MARGIN = 720.0, 440.0, 10.0
FARTHEST: Final = 4.0
"""Standard deviations of the corpus that a picture shows to either side; what lies beyond stands at its edge."""


def page(judgements: Sequence[Judgement], reference: Reference, title: str, curve: Curve | None = None) -> str:
    """The page of some judged pieces.

    Parameters
    ----------
    judgements
        The pieces.
    reference
        What they were judged against.
    title
        The page's heading.
    curve
        Metrics of the run that trained the network, by name, to be drawn as a learning curve.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("biaxial", "judge"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    cut = most_common_cut(judgements)
    return environment.get_template("page.html.j2").render(
        title=title,
        subtitle=f"{len(judgements)} pieces beside {reference.name}, up to {cut} bars of each",
        corpus=reference.name,
        remarks=sorted({remark for each in judgements for remark in each.remarks}),
        groups=_groups(judgements),
        measures=list(_measures(judgements, reference, cut)),
        map=_map(judgements, reference, cut),
        curve=None if curve is None else _curve(curve),
        voices=[*((f"v{voice}", name.lower()) for voice, name in enumerate(VOICE_NAMES)), ("none", "no voice")],
        pieces=[_piece(each) for each in ranked(judgements)],
    )


def _groups(judgements: Sequence[Judgement]) -> list[dict[str, Any]]:
    """The grade and each group: mean, nearest, median and farthest piece."""
    rows = [("grade", [each.grade for each in judgements])]
    rows += [(group, [each.groups.get(group, math.nan) for each in judgements]) for group in GROUPS]
    found = []
    for label, values in rows:
        there = np.array([value for value in values if not math.isnan(value)])
        if len(there):
            figures = (there.mean(), there.min(), np.median(there), there.max())
            found.append({"label": label, "cells": [number(float(value)) for value in figures]})
    return found


def _measures(
    judgements: Sequence[Judgement], reference: Reference, cut: int
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    rows = compare(judgements, reference)
    for group in GROUPS:
        plots = []
        for row in rows:
            if row.group != group:
                continue
            values = np.array([each.values.get(row.measure, math.nan) for each in judgements])
            shape = mirrored(reference.values(row.measure, cut), values[~np.isnan(values)])
            plots.append(
                {
                    "label": MEASURES[row.measure].label,
                    "unit": MEASURES[row.measure].unit,
                    "mean": number(row.mean),
                    "corpus_mean": number(row.corpus_mean),
                    **asdict(shape),
                    "low": number(shape.low),
                    "high": number(shape.high),
                }
            )
        if plots:
            yield group, plots


def _map(judgements: Sequence[Judgement], reference: Reference, cut: int) -> dict[str, Any]:
    """The pieces among those of the corpus; of the measures that all of the corpus' training pieces were asked for."""
    columns = [name for name, values in reference.tables[cut].items() if len(values) == len(reference.pieces)]
    columns = [name for name in columns if MEASURES[name].of is not None or name.startswith("distance_")]
    corpus = np.array(
        [[reference.standard(name, cut, value) for value in reference.tables[cut][name]] for name in columns]
    ).T
    pieces = np.array([[each.standard.get(name, math.nan) for name in columns] for each in judgements])
    found = principal_map(corpus, pieces)
    return {
        "corpus": [(*place, name) for place, name in zip(found.corpus, reference.pieces, strict=True)],
        "pieces": [(*place, each.name) for place, each in zip(found.pieces, judgements, strict=True)],
        "explained": f"{100 * found.explained:.0f} %",
    }


def _curve(curve: Curve) -> dict[str, Any]:
    """Training and held-out nats of a run."""
    held_out = curve.get("valid_nats", [])
    points = [point for name in ("train_nats", "valid_nats") for point in curve.get(name, [])]
    epochs = [epoch for epoch, _ in points]
    values = [value for _, value in points]
    best = min((value for _, value in held_out), default=min(values))
    low, high = min(values), min(max(values), 4 * best)
    across, down = (min(epochs), max(epochs)), (low, high)
    return {
        "caption": f"Nats per step up to epoch {max(epochs)}; the best on held-out pieces is {best:.3f}.",
        "lines": [
            {"kind": kind, "points": polyline(curve.get(name, []), across, down)}
            for name, kind in (("train_nats", "train"), ("valid_nats", "valid"))
        ],
        "ticks": [
            {"y": round(280 - 270 * (value - low) / max(high - low, 1e-9), 1), "text": f"{value:.2f}"}
            for value in np.linspace(low, high, 5)
        ],
        "first": f"epoch {min(epochs)}",
        "last": f"epoch {max(epochs)}",
    }


def _piece(found: Judgement) -> dict[str, Any]:
    worst = sorted(found.standard, key=lambda name: -oddness(name, found.standard[name]))[:MAX_LISTED]
    moments = found.surprising(MAX_LISTED)
    return {
        "name": found.name,
        "grade": number(found.grade),
        "groups": ", ".join(f"{group} {number(value)}" for group, value in found.groups.items()),
        "roll": _roll(found, moments),
        "surprising": [moment_text(moment, found.reading.key) for moment in moments],
        "broken": [f"{rule}: {'; '.join(places)}" for rule, places in broken_rules(found)],
        "copies": copies(found.novelty),
        "odd": [
            f"{MEASURES[name].label}: {number(found.values[name])} {MEASURES[name].unit} "
            f"({number(found.standard[name], signed=True)} deviations)"
            for name in worst
        ],
        "remarks": found.remarks,
    }


def _roll(found: Judgement, moments: Sequence[Moment]) -> dict[str, Any]:
    """Notes, bars and marks of a piano roll, in the coordinates of its picture."""
    score = found.reading.score
    quarter, places = score.ticks_per_quarter, Places(score)
    low, high = min(note.pitch for note in score.notes), max(note.pitch for note in score.notes)

    def box(note: Note, margin: float = 0) -> dict[str, float]:
        return {
            "x": round(QUARTER * note.onset_ticks / quarter - margin, 1),
            "y": TOP + ROW * (high + 1 - note.pitch) - margin,
            "width": round(max(2, QUARTER * note.length_ticks / quarter - 1) + 2 * margin, 1),
            "height": ROW + 2 * margin,
        }

    def title(note: Note) -> str:
        who = "" if note.voice is None else f"{voice_names((note.voice,))} "
        return f"{who}{pitch_name(note.pitch, found.reading.key)}, {place_text(*places.at(note.onset_ticks))}"

    unit = found.surprise.unit if found.surprise is not None else 1
    surprising = [
        note for moment in moments for note in _sounding(score, moment.step * unit) if note.pitch == moment.pitch
    ]
    broken = [
        note
        for faults in found.reading.faults.values()
        for fault in faults
        for note in _sounding(score, fault.tick)
        if note.voice in fault.voices
    ]
    return {
        "width": round(QUARTER * score.length_ticks / quarter, 1),
        "height": TOP + ROW * (high - low + 3),
        "row": ROW,
        "bars": [(round(QUARTER * tick / quarter, 1), n + 1) for n, tick in enumerate(score.bar_starts())],
        "notes": [
            {**box(note), "kind": "vn" if note.voice is None else f"v{note.voice % NUM_VOICES}", "title": title(note)}
            for note in score.notes
        ],
        "marks": [
            *({"kind": "surprise", **box(note, 1)} for note in dict.fromkeys(surprising)),
            *({"kind": "broken", **box(note, 2)} for note in dict.fromkeys(broken)),
        ],
    }


def _sounding(score: Score, tick: int) -> list[Note]:
    return [note for note in score.notes if note.onset_ticks <= tick < note.end_ticks]


@dataclass(frozen=True)
class Mirrored:
    """Two histograms on one axis, the corpus above it and the pieces below: paths, and the values at both ends."""

    above: str
    below: str
    low: float
    high: float


def mirrored(corpus: NDArray[np.float64], pieces: NDArray[np.float64]) -> Mirrored:
    """Draw the distribution of the corpus above that of the pieces, both as high.

    Parameters
    ----------
    corpus, pieces
        Values, at least one in all.
    """
    everything = np.concatenate([corpus, pieces])
    low, high = float(everything.min()), float(everything.max())
    if len(corpus) > 1:
        middle, spread = float(corpus.mean()), float(corpus.std())
        low = max(low, min(float(corpus.min()), middle - FARTHEST * spread))
        high = min(high, max(float(corpus.max()), middle + FARTHEST * spread))
    if high <= low:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, NUM_BINS + 1)
    above, below = (np.histogram(values.clip(low, high), edges)[0] for values in (corpus, pieces))
    return Mirrored(_bars(above, -TALL), _bars(below, TALL), low, high)


def _bars(counts: NDArray[np.int64], tall: float) -> str:
    """A path of bars that rise from the axis, as high as the root of their counts: most faults are rare."""
    width = WIDTH / len(counts)
    heights = np.sqrt(counts / max(1, int(counts.max(initial=0))))
    return "".join(
        f"M{place * width:.1f} {MIDDLE:g}v{tall * height:.1f}h{width - 1:.1f}v{-tall * height:.1f}z"
        for place, height in enumerate(heights.tolist())
        if height
    )


@dataclass(frozen=True)
class Map:
    """Pieces in two dimensions: places of the corpus and of the pieces, and the share of variance that they show."""

    corpus: list[tuple[float, float]]
    pieces: list[tuple[float, float]]
    explained: float


def principal_map(corpus: NDArray[np.float64], pieces: NDArray[np.float64]) -> Map:
    """Project standardised measures on the two principal components of the corpus (Pearson 1901).

    Parameters
    ----------
    corpus, pieces
        Standard deviations, shape ``(p, m)``; a measure that a piece does not have is NaN and counts as the mean.
    """
    known, asked = np.nan_to_num(corpus), np.nan_to_num(pieces)
    middle = known.mean(axis=0)
    _, scales, axes = np.linalg.svd(known - middle, full_matrices=False)
    places = [(values - middle) @ axes[:2].T for values in (known, asked)]
    everything = np.concatenate(places)
    low, high = everything.min(axis=0), everything.max(axis=0)
    room = np.array([MAP_WIDTH, MAP_HEIGHT]) - 2 * MAP_MARGIN
    scaled = [MAP_MARGIN + (values - low) / np.maximum(high - low, 1e-9) * room for values in places]
    total = float((scales**2).sum())
    explained = float((scales[:2] ** 2).sum()) / total if total else 0.0
    first, second = ([(round(x, 1), round(y, 1)) for x, y in values.tolist()] for values in scaled)
    return Map(first, second, explained)


def polyline(points: Sequence[tuple[float, float]], x_range: tuple[float, float], y_range: tuple[float, float]) -> str:
    """Coordinates of a line in the learning curve's picture, 720 by 300 with a margin for its labels."""
    (left, right), (low, high) = x_range, y_range
    found = []
    for x, y in points:
        across = 40 + 680 * (x - left) / max(right - left, 1e-9)
        down = 280 - 270 * (min(y, high) - low) / max(high - low, 1e-9)
        found.append(f"{across:.1f},{down:.1f}")
    return " ".join(found)
