"""The pieces of one round: composed, judged beside the corpus, the copies and all but the best left out.

They are judged without the likelihood: that of the very network that composed them says nothing of them, and its scale
would move from round to round. A piece is a copy if its longest passage that the corpus has too is :data:`COPIED`
standard deviations longer than those that the held-out pieces of the corpus share with the others.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from biaxial.corpora.corpus import Corpus
from biaxial.corpora.splits import FolderItem
from biaxial.files.atomic import atomic_write
from biaxial.judge.judge import Judge, Judgement
from biaxial.judge.reference import Reference, measure_corpus
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.tasks.model import load

BARS: Final = 16
"""Length of a composed piece."""
COPIED: Final = 3.0
"""Standard deviations above chance from which on a passage is taken for a copy."""
_DOCUMENT: Final = "composed.json"


@dataclass(frozen=True)
class Harvest:
    """What was composed in a round, and what is kept of it.

    Parameters
    ----------
    composed, copies, kept
        How many pieces were composed (those without a note are not counted), how many of them are copies, and how many
        are kept.
    grade, kept_grade
        Mean grade of all, and of those that are kept; the lower, the nearer to the corpus.
    grade_error
        Standard error of the first; none of a single piece. Other seeds move it by so much.
    longest_copy, kept_longest_copy
        Median length of the longest passage, in all voices, that the corpus has too.
    """

    composed: int
    copies: int
    kept: int
    grade: float
    kept_grade: float
    grade_error: float | None
    longest_copy: float
    kept_longest_copy: float


def reference_of(corpus: Corpus, items: Sequence[FolderItem]) -> Reference:
    """Measure the music that a corpus was made of, with the splits of the corpus.

    Raises
    ------
    InputError
        If none of its pieces is among the music.
    """
    splits = {piece.name: piece.split for piece in corpus.pieces}
    own = [FolderItem(item.name, splits[item.name], item.score) for item in items if item.name in splits]
    if not own:
        raise InputError("none of the pieces that are trained on can be read as a score to judge by")
    return measure_corpus("the corpus", own, (BARS,))


def harvest(
    weights: Path,
    folder: Path,
    reference: Reference,
    pieces: int,
    keep: float,
    seed: int,
    device: str = "auto",
) -> Harvest:
    """Compose, judge and keep the best, unless that is done already.

    Parameters
    ----------
    weights
        What composes.
    folder
        Where ``composed.npz``, ``composed.json`` and ``composed/`` go.
    reference
        What the pieces are judged beside.
    pieces, keep
        How many are composed, and the share of them that is kept at most.
    seed
        Of the first piece; the others have those that follow.
    device
        As for :func:`biaxial.tasks.model.load`.

    Raises
    ------
    InputError
        If all pieces are silent or copies.
    """
    if (folder / _DOCUMENT).is_file():
        return read_harvest(folder)
    model = load(weights, device)
    composed = list(model.draw(model.plan_composition(BARS, seed=seed, n=pieces)))
    sounding = [(f"seed-{piece.seed}", piece.score) for piece in composed if piece.score.notes]
    judged = Judge(reference).judge(sounding)
    ranked = sorted(
        ((each, score) for each, (_, score) in zip(judged, sounding, strict=True) if not is_copy(each)),
        key=lambda pair: (math.isnan(pair[0].grade), pair[0].grade),
    )
    best = ranked[: max(1, round(keep * pieces))]
    if not best:
        raise InputError(f"{weights}: all {pieces} pieces that it composed are silent or copies of the corpus")
    kept = [FolderItem(each.name, "train", score) for each, score in best]
    (folder / "composed").mkdir(parents=True, exist_ok=True)
    by_name = {f"seed-{piece.seed}": piece for piece in composed}
    for item in kept:
        by_name[item.name].save(folder / "composed" / f"{item.name}.mid")
    Corpus.from_items(kept, Grid(model.network.config.steps_per_quarter)).save(folder / "composed.npz")
    found = Harvest(
        len(judged),
        len(judged) - len(ranked),
        len(kept),
        statistics.fmean(_grades(judged)),
        statistics.fmean(_grades([each for each, _ in best])),
        _standard_error(_grades(judged)),
        _median_copy(judged),
        _median_copy([each for each, _ in best]),
    )
    names = {item.name for item in kept}
    rows = [
        {"name": each.name, "grade": each.grade, "copy": is_copy(each), "kept": each.name in names, **each.groups}
        for each in judged
    ]
    document = {"harvest": asdict(found), "pieces": rows}
    atomic_write(folder / _DOCUMENT, json.dumps(document, indent=2).encode() + b"\n")
    return found


def read_harvest(folder: Path) -> Harvest:
    """What was composed in a round that has got so far.

    Raises
    ------
    InputError
        If its file is damaged.
    """
    try:
        return Harvest(**json.loads((folder / _DOCUMENT).read_text())["harvest"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / _DOCUMENT}: damaged ({error}); remove {folder} and go on") from error


def is_copy(judgement: Judgement) -> bool:
    """Whether a piece shares more with the corpus than chance explains."""
    measures = ("copied_line", "copied_chords")
    return any(judgement.standard.get(name, 0.0) >= COPIED for name in measures)


def _grades(judged: Sequence[Judgement]) -> list[float]:
    return [each.grade for each in judged if not math.isnan(each.grade)]


def _standard_error(values: Sequence[float]) -> float | None:
    return statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None


def _median_copy(judged: Sequence[Judgement]) -> float:
    return statistics.median(each.values["copied_chords"] for each in judged)
