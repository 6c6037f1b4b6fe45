"""How time and memory grow: composing, harmonising, judging, reading and training against length, pieces and corpus.

``python scripts/bench/growth.py CHORALES --picture docs/pictures/speed/growth.png`` takes about ten minutes on one free
core; CHORALES is a folder made by ``biaxial-chorales``. Each work is done at three sizes, each in a process of its own:
what it needs is loaded, it is done once at the smallest size, and then it is timed. The time is that of processors, of
all that the process starts. The exponent is the slope of its logarithm over the logarithm of the size, by least
squares, with nothing subtracted; what a process takes before it can begin stands beside it. Memory is the peak of the
process.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the siblings are
from scripts.bench.reporting import processor, report, table

MOST = 1.05
"""The greatest exponent that is asked for."""
BARS = 4
"""Of a piece, where pieces are counted."""

Work = Callable[[], object]


class Found(NamedTuple):
    """What one work took at one size: processor seconds before it and of itself, and peak memory in MiB."""

    start_s: float
    seconds: float
    mib: float


def composing(bars: int) -> Work:
    """Compose so many bars."""
    from biaxial.tasks.loading import load_model

    model = load_model(None, "cpu", 1)
    return lambda: model.compose(bars, seed=1)


def composing_pieces(pieces: int) -> Work:
    """Compose so many short pieces."""
    from biaxial.tasks.loading import load_model

    model = load_model(None, "cpu", 1)
    return lambda: [model.compose(BARS, seed=seed) for seed in range(pieces)]


def harmonising(bars: int) -> Work:
    """Harmonise a tune of so many bars."""
    from biaxial.tasks.loading import load_model

    model = load_model(None, "cpu", 1)
    score = model.compose(bars, seed=1, draft=True).score
    tune = replace(score, notes=score.voice_notes(0))
    return lambda: model.harmonise(tune, seed=1)


def judging(bars: int) -> Work:
    """Judge a piece of so many bars beside Bach."""
    from biaxial.judge.judge import Judge
    from biaxial.judge.reference import shipped_reference
    from biaxial.tasks.loading import load_model

    model = load_model(None, "cpu", 1)
    judge, score = Judge(shipped_reference(), model.teller()), model.compose(bars, seed=1, draft=True).score
    return lambda: judge.judge([("piece", score)])


def judging_pieces(pieces: int, chorales: Path) -> Work:
    """Judge so many chorales beside Bach."""
    from biaxial.formats.read import read_score
    from biaxial.judge.judge import Judge
    from biaxial.judge.reference import shipped_reference
    from biaxial.tasks.loading import load_model

    judge = Judge(shipped_reference(), load_model(None, "cpu", 1).teller())
    named = [(path.stem, read_score(path)) for path in _files(chorales, pieces)]
    return lambda: judge.judge(named)


def reading(pieces: int, chorales: Path) -> Work:
    """Read a folder of so many chorales, of which nothing is remembered."""
    from biaxial.corpora.reading.music_folder import ReadConfig, read_folder

    folder = Path(tempfile.mkdtemp())
    for path in _files(chorales, pieces):
        shutil.copy(path, folder)
    return lambda: read_folder(folder, config=ReadConfig(cache=Path(tempfile.mkdtemp()), readers=1))


def training(pieces: int, chorales: Path) -> Work:
    """Train the smallest network on so many chorales for an epoch."""
    from biaxial.corpora.corpus import Corpus
    from biaxial.models.config import PRESETS
    from biaxial.music.grid import Grid
    from biaxial.training.config import TrainConfig
    from biaxial.training.devices import Machine
    from biaxial.training.fit import train

    config, settings = PRESETS["tiny"], TrainConfig(epochs=1, sample_every=0)
    corpus, _ = Corpus.read(chorales, Grid(config.steps_per_quarter))
    part = replace(corpus, pieces=(*corpus.split("train")[:pieces], *corpus.split("valid")[:1]))
    return lambda: train(part, config, settings, Path(tempfile.mkdtemp()) / "run", Machine("cpu", 1), quiet=True)


class Growth(NamedTuple):
    """A work against a size: what grows, the sizes, and whether it is given the chorales."""

    name: str
    unit: str
    make: Callable[..., Work]
    sizes: tuple[int, int, int]
    of_chorales: bool = False


GROWTHS = (
    Growth("composing", "bars", composing, (8, 32, 128)),
    Growth("composing", f"pieces of {BARS} bars", composing_pieces, (3, 12, 48)),
    Growth("harmonising", "bars", harmonising, (8, 24, 72)),
    Growth("judging", "bars", judging, (8, 32, 128)),
    Growth("judging", "chorales", judging_pieces, (3, 12, 48), True),
    Growth("reading", "chorales", reading, (16, 64, 256), True),
    Growth("training, an epoch", "chorales", training, (16, 32, 64), True),
)


def _files(chorales: Path, count: int) -> list[Path]:
    return sorted((chorales / "train").glob("*.mid"))[:count]


def _measure(to: Connection, growth: Growth, size: int, arguments: tuple[Path, ...]) -> None:
    """Do some work in this process, and send what it took."""
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        first = growth.make(growth.sizes[0], *arguments)
        start = _processor_seconds()
        first()
        work = growth.make(size, *arguments)
        begun = _processor_seconds()
        work()
        seconds = _processor_seconds() - begun
    unit = 2**20 if sys.platform == "darwin" else 2**10
    to.send(Found(start, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit))


def _processor_seconds() -> float:
    own, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def measured(growth: Growth, chorales: Path) -> Iterator[Found]:
    """What a work took at each of its sizes.

    Raises
    ------
    RuntimeError
        If a process failed.
    """
    context = multiprocessing.get_context("spawn")
    for size in growth.sizes:
        report(f"{growth.name}: {size} {growth.unit}")
        ours, its = context.Pipe(duplex=False)
        arguments = (chorales,) if growth.of_chorales else ()
        child = context.Process(target=_measure, args=(its, growth, size, arguments))
        child.start()
        its.close()
        try:
            found: Found = ours.recv()
        except EOFError:
            raise RuntimeError(f"the process that was measured failed at {growth.name}, {size}") from None
        child.join()
        yield found


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """The slope of the logarithm of seconds over that of sizes, by least squares."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def picture(rows: Sequence[tuple[Growth, list[Found]]], path: Path) -> None:
    """Draw seconds over sizes, both in logarithms: a line of slope one is what is asked for."""
    from matplotlib.figure import Figure

    from biaxial.files.atomic import atomic_write
    from biaxial.render.rows import figure_file

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for growth, found in rows:
        first, seconds = growth.sizes[0], [each.seconds for each in found]
        slope = exponent(growth.sizes, seconds)
        label = f"{growth.name}, {growth.unit}: {slope:.2f}"
        axes.plot([size / first for size in growth.sizes], [each / seconds[0] for each in seconds], "o-", label=label)
    most = max(growth.sizes[-1] / growth.sizes[0] for growth, _ in rows)
    axes.plot([1, most], [1, most], color="gray", linestyle=":", label="in proportion: 1")
    axes.set(xscale="log", yscale="log", xlabel="times the smallest size", ylabel="times the processor time of it")
    axes.legend(title="work, size: exponent", frameon=False)
    atomic_write(path, figure_file(figure, path.suffix.removeprefix(".")))


def main() -> None:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chorales", type=Path, help="folder made by biaxial-chorales")
    parser.add_argument("--picture", type=Path, help="picture to draw, .png or .svg")
    parser.add_argument("--only", help="works that begin so, such as 'composing, bars'")
    parser.add_argument("--smallest", action="store_true", help="only to see that everything runs")
    options = parser.parse_args()
    chosen = [growth for growth in GROWTHS if f"{growth.name}, {growth.unit}".startswith(options.only or "")]
    if options.smallest:
        chosen = [growth._replace(sizes=(1, 2, 3)) for growth in chosen]
    if not chosen:
        parser.error(f"--only {options.only}: no work begins so")
    rows = [(growth, list(measured(growth, options.chorales.resolve()))) for growth in chosen]
    print(f"{processor()}; exponents of at most {MOST} are asked for\n")
    lines = []
    for growth, found in rows:
        slope = exponent(growth.sizes, [each.seconds for each in found])
        seconds = " / ".join(f"{each.seconds:.2f}" for each in found)
        peaks = " / ".join(f"{each.mib:.0f}" for each in found)
        sizes = " / ".join(map(str, growth.sizes))
        start = min(each.start_s for each in found)
        lines.append([growth.name, f"{sizes} {growth.unit}", f"{slope:.2f}", seconds, f"{start:.1f}", peaks])
        if not math.isfinite(slope):
            raise RuntimeError(f"{growth.name} took no time that can be measured")
    table("work | sizes | exponent | processor seconds | before it can begin | peak memory in MiB", lines)
    if options.picture is not None:
        picture(rows, options.picture)


if __name__ == "__main__":
    main()
