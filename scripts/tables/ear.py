"""Print what an ear hears, ours beside Bach, as a markdown table: ``python scripts/tables/ear.py CHORALES``.

CHORALES is a folder made by ``biaxial-chorales``. 200 pieces of 16 bars are composed, and the 36 sopranos of the
validation split harmonised five times each, all unselected. Beside each of the two stands the Bach that it can be
compared with:

- beside what is composed, all his chorales that are as long or longer, cut to the same number of bars;
- beside what is harmonised, his own settings of the same sopranos. Neither is cut.

Nats, copies and the judge know the training chorales: in these rows only held-out ones stand for Bach. The judge is
always that of the shipped weights, reads what was composed or harmonised whole (and compares at 4, 8, 12 or 16 bars by
itself), and looks for copies in the training chorales alone. The last chord of a piece that is longer than the cut is
no ending, so that his phrases lack some of the best cadences.

Every figure is a ratio of sums over pieces, but for the area under the curve: how often a piece of ours is farther from
the corpus than one of Bach's in what the judge calls harmony, 0.5 if it cannot tell. Behind it stands its standard
error by the jackknife (B. Efron and C. Stein, Annals of Statistics 9, 1981). All settings of one soprano are left out
together, since they resemble each other.

``--keep FOLDER`` keeps what was drawn, and the next run reads it there. Of one core drawing takes a minute and a half
for 200 pieces and seven for 180 settings, measuring two and a half for all of them.
"""

from __future__ import annotations

import argparse
import ast
import math
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the siblings are

from biaxial.corpora.reading.music_folder import read_folder
from biaxial.corpora.splits import FolderItem
from biaxial.judge.compare import area_under_curve
from biaxial.judge.judge import Judge, Judgement
from biaxial.judge.reference import shipped_reference
from biaxial.metrics.figures.report import COMPOSITION_BARS, markdown_table
from biaxial.metrics.figures.statistics import first_bars
from biaxial.metrics.harmony.agreement import agreement, distinct_chord_share
from biaxial.metrics.harmony.endings import cadences
from biaxial.metrics.harmony.phrase_ends import fermata_chords, first_phrase_at_home, returning_phrases
from biaxial.metrics.novelty.passages import PassageIndex
from biaxial.metrics.writing.dissonance import unprepared_beat_share
from biaxial.metrics.writing.lone_rests import lone_rests
from biaxial.metrics.writing.slices import Slices
from biaxial.metrics.writing.voice_leading import (
    direct_fifths,
    doubled_leading_tones,
    parallel_fifths,
    parallel_octaves,
)
from biaxial.music.keys import key_of
from biaxial.music.score import Score
from biaxial.tasks.loading import load_model
from scripts.tables.drawn_pieces import composed, harmonised

BASS = 3
Share = tuple[float, float]
"""What a piece adds to the two sums of a ratio."""
NOTHING: Share = (0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Heard:
    """One piece as it is heard.

    Parameters
    ----------
    name
        What was drawn with it has the same name: one soprano, or nothing else.
    score
        The music that is measured.
    judgement
        What the judge says; ``None`` of a training piece.
    original
        Bach's own setting of the melody, where it is one.
    """

    name: str
    score: Score
    judgement: Judgement | None = None
    original: Score | None = None

    @cached_property
    def slices(self) -> Slices:
        """The music in slices."""
        return Slices.from_score(self.score)

    def changes(self, *rules: Callable[[Slices], Sequence[object]]) -> Share:
        """Where rules are broken, per 100 chord changes."""
        return 100 * sum(len(rule(self.slices)) for rule in rules), self.slices.num_changes

    def judged(self, measure: str) -> Share:
        """A value of the judge."""
        return NOTHING if self.judgement is None else _mean(self.judgement.values.get(measure, math.nan))


def _mean(value: float | None, scale: float = 1) -> Share:
    """What a piece adds to a mean over pieces: nothing where it has no value."""
    return NOTHING if value is None or math.isnan(value) else (scale * value, 1)


def _without_cadence(heard: Heard) -> Share:
    ends = cadences(heard.slices)
    return 100 * sum(end.kind is None for end in ends), len(ends)


def _bare(heard: Heard) -> Share:
    chords = fermata_chords(heard.score)
    return 100 * sum(chord.bare for chord in chords), len(chords)


def _pickup(heard: Heard) -> bool:
    return any(note.onset_ticks < heard.score.pickup_ticks for note in heard.score.notes)


def _bass_rests(heard: Heard) -> bool:
    return any(rest.voice == BASS for rest in lone_rests(heard.slices))


def _variety(heard: Heard) -> Share:
    key = key_of(heard.score)
    return NOTHING if key is None else _mean(distinct_chord_share(heard.score, key))


def _agreement(heard: Heard, what: str) -> Share:
    if heard.original is None:
        return NOTHING
    found = agreement(heard.score, heard.original)
    return (found.pitches, found.pitches_of) if what == "pitch" else (found.chords, found.beats)


class Row(NamedTuple):
    """One line of the table: its words, its decimals, and what a piece adds to it."""

    label: str
    unit: str
    digits: int
    of: Callable[[Heard], Share]


_PIECES, _ENDS, _CHANGES = "% of pieces", "% of phrase ends", "per 100 chord changes"
ROWS = (
    Row("phrase ends without cadence", _ENDS, 1, _without_cadence),
    Row("bare chords at fermatas", _ENDS, 1, _bare),
    Row("unprepared dissonance", "% of strong beats", 2, lambda h: _mean(unprepared_beat_share(h.slices), 100)),
    Row("first phrase at home", "% in major", 1, lambda h: _mean(first_phrase_at_home(h.score), 100)),
    Row("a phrase of the soprano returns", _PIECES, 1, lambda h: _mean(returning_phrases(h.score) > 0, 100)),
    Row("a pickup", _PIECES, 1, lambda h: _mean(_pickup(h), 100)),
    Row("the bass rests alone", _PIECES, 1, lambda h: _mean(_bass_rests(h), 100)),
    Row("direct fifths", _CHANGES, 2, lambda h: h.changes(direct_fifths)),
    Row("doubled leading tones", _CHANGES, 2, lambda h: h.changes(doubled_leading_tones)),
    Row("parallel fifths and octaves", _CHANGES, 2, lambda h: h.changes(parallel_fifths, parallel_octaves)),
    Row("different chords", "per beat", 3, _variety),
    Row("longest copy of a training piece", "chords", 2, lambda h: h.judged("copied_chords")),
    Row("nats", "per step", 3, lambda h: h.judged("nats_per_step")),
    Row("grade", "deviations", 3, lambda h: _mean(h.judgement.grade) if h.judgement else NOTHING),
    Row("agreement with Bach in pitch", "share", 3, lambda h: _agreement(h, "pitch")),
    Row("agreement with Bach in chord", "share", 3, lambda h: _agreement(h, "chord")),
)


def jackknife(groups: Sequence[Sequence[str]], estimate: Callable[[str | None], float]) -> tuple[float, float]:
    """A value and its standard error.

    Parameters
    ----------
    groups
        Names that can be left out, one at a time; the pieces of one group were drawn independently of the others'. A
        group of one name has no error, and then there is none.
    estimate
        The value without what has a name; of everything where that is ``None``.
    """
    if any(len(names) < 2 for names in groups):
        return estimate(None), math.nan
    variances = [(len(names) - 1) * np.var([estimate(name) for name in names]) for names in groups]
    return estimate(None), math.sqrt(sum(variances))


def ratio(pieces: Sequence[Heard], of: Callable[[Heard], Share]) -> tuple[float, float]:
    """Ratio of sums over pieces and its standard error; NaN where nothing is counted."""
    sums: dict[str, NDArray[np.float64]] = {}
    for piece in pieces:
        share = np.array(of(piece), dtype=np.float64)
        if share[1]:
            sums[piece.name] = sums.get(piece.name, np.zeros(2)) + share
    if not sums:
        return math.nan, math.nan
    total = np.sum(list(sums.values()), axis=0)

    def estimate(left_out: str | None) -> float:
        above, below = total if left_out is None else total - sums[left_out]
        return float(above / below)

    return jackknife([list(sums)], estimate)


def harmony_area(ours: Sequence[Heard], bach: Sequence[Heard]) -> tuple[float, float]:
    """How often a piece of the first is farther from the corpus in harmony, and the standard error."""
    first, second = (
        [(each.name, each.judgement.groups.get("harmony", math.nan)) for each in pieces if each.judgement is not None]
        for pieces in (ours, bach)
    )

    def without(name: str | None, distances: Sequence[tuple[str, float]]) -> NDArray[np.float64]:
        return np.array([distance for of, distance in distances if of != name and not math.isnan(distance)])

    names, others = (dict.fromkeys(name for name, _ in distances) for distances in (first, second))
    groups = [
        [name for name in names if name in others],
        [name for name in names if name not in others],
        [name for name in others if name not in names],
    ]
    return jackknife(
        [group for group in groups if group],
        lambda left_out: area_under_curve(without(left_out, first), without(left_out, second)),
    )


def ear_table(columns: Mapping[str, tuple[Sequence[Heard], Sequence[Heard]]]) -> str:
    """Markdown: for each column of ours, and the Bach beside it, all figures."""
    lines = [["", "unit"], ["pieces", ""], *([row.label, row.unit] for row in ROWS)]
    lines.append(["harmony told from Bach's", "area under the curve"])
    for name, (ours, bach) in columns.items():
        for heading, pieces in ((name, ours), ("Bach", bach)):
            lines[0].append(heading)
            lines[1].append(str(len(pieces)))
            for line, row in zip(lines[2:], ROWS, strict=False):
                line.append(cell(*ratio(pieces, row.of), row.digits))
        lines[-1] += [cell(*harmony_area(ours, bach), 3), "-"]
    return markdown_table(lines)


def cell(value: float, error: float, digits: int) -> str:
    """A figure with its standard error; a dash for what does not apply."""
    return "-" if math.isnan(value) else f"{value:.{digits}f} ± {error:.{digits}f}"


def setting(text: str) -> tuple[str, Any]:
    """Read ``temperature=.9``, ``draft=true`` or ``ranges=none``.

    Raises
    ------
    ValueError
        If it has no ``=``.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is not a setting; write for example temperature=0.9")
    words = {"true": True, "false": False, "none": None}
    if value.lower() in words:
        return name, words[value.lower()]
    try:
        return name, ast.literal_eval(value)
    except (SyntaxError, ValueError):
        return name, value


def main(words: Sequence[str] | None = None) -> None:
    """Read the command line, draw, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chorales", type=Path, help="folder made by biaxial-chorales")
    parser.add_argument("--checkpoint", type=Path, help="weights that draw (default: the shipped ones)")
    parser.add_argument("--pieces", type=int, default=200, help="composed; 0 for none (default: %(default)s)")
    parser.add_argument("--bars", type=int, default=COMPOSITION_BARS, help="of each (default: %(default)s)")
    parser.add_argument("--split", choices=("valid", "test"), default="valid", help="default: %(default)s")
    parser.add_argument("--sopranos", type=int, default=36, help="harmonised; 0 for none (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=5, help="settings of each soprano (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=9000, help="the first one (default: %(default)s)")
    parser.add_argument("--set", type=setting, action="append", default=[], help="NAME=VALUE: how to compose")
    parser.add_argument("--set-harmonising", type=setting, action="append", default=[], help="how to harmonise")
    parser.add_argument("--keep", type=Path, help="folder of what was drawn (default: it is not kept)")
    options = parser.parse_args(words)
    started = time.perf_counter()
    try:
        items, _ = read_folder(options.chorales)
        model = load_model(options.checkpoint, "cpu")
        seed, keep = options.seed, options.keep
        ours = composed(model, options.pieces, seed, options.bars, dict(options.set), keep)
        sung = [item for item in items if item.split == options.split][: options.sopranos]
        settings = harmonised(model, sung, options.seeds, seed, dict(options.set_harmonising), keep)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    drawn = time.perf_counter()
    judge = judge_of(items)
    held_out = [item for item in items if item.split != "train"]
    judged = judge.judge([(item.name, item.score) for item in held_out])
    known = {item.name: judgement for item, judgement in zip(held_out, judged, strict=True)}
    columns = {}
    if ours:
        numbered = [(str(seed + i), score, None) for i, score in enumerate(ours)]
        long = [item for item in items if len(item.score.bar_starts()) >= options.bars]
        columns["composed"] = (heard(judge, numbered), bach(long, known, options.bars))
    if sung and options.seeds:
        every = [(item.name, one, item.score) for item, of in zip(sung, settings, strict=True) for one in of]
        columns["harmonised"] = (heard(judge, every), bach(sung, known))
    print(f"python {shlex.join(sys.argv if words is None else ['scripts/tables/ear.py', *words])}")
    print(f"{drawn - started:.0f} s to read and draw, {time.perf_counter() - drawn:.0f} s to measure\n")
    print(ear_table(columns))


def judge_of(items: Sequence[FolderItem]) -> Judge:
    """The judge of the shipped weights, who looks for copies in the training pieces alone."""
    training = PassageIndex.from_scores((item.name, item.score) for item in items if item.split == "train")
    return Judge(replace(shipped_reference(), passages=training), load_model(None, "cpu").teller())


def heard(judge: Judge, pieces: Sequence[tuple[str, Score, Score | None]]) -> list[Heard]:
    """What was drawn: names, music, and Bach's own setting of the melody."""
    judged = judge.judge([(name, score) for name, score, _ in pieces])
    return [
        Heard(name, score, judgement, original)
        for (name, score, original), judgement in zip(pieces, judged, strict=True)
    ]


def bach(items: Sequence[FolderItem], known: Mapping[str, Judgement], bars: int | None = None) -> list[Heard]:
    """Bach's pieces, cut to so many bars, with what the judge says of those that he may judge."""
    scores = [item.score if bars is None else first_bars(item.score, bars) for item in items]
    return [Heard(item.name, score, known.get(item.name)) for item, score in zip(items, scores, strict=True)]


if __name__ == "__main__":
    main()
