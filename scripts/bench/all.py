"""How fast everything is, in one table: ours, plain PyTorch, and the floor that the arithmetic sets.

``python scripts/bench/all.py CHORALES`` takes less than five minutes on one free core; CHORALES is a folder made by
``biaxial-chorales``, and without it training is left out. It runs the other scripts of this folder with small sizes:
``sampler.py`` (drawing, and the start of the command), ``harmonising.py`` and ``training.py``, which say what is
measured and measure it better.

Ratios come first, since systems that are compared take turns; times are those of a machine that may do other work.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the siblings are
from biaxial.corpora.corpus import Corpus
from biaxial.models.config import PRESETS
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.tasks.loading import load_model
from biaxial.training.config import TrainConfig
from biaxial.training.devices import Machine, Precision
from scripts.bench import harmonising, sampler_start, training
from scripts.bench.reporting import processor, report, table
from scripts.bench.sampler_networks import NETWORKS
from scripts.bench.sampler_speed import matrix_rate, race

HEAD = "what | times as fast as plain | times the floor | ours | plain PyTorch | floor"
NOTHING = "–"
Row = tuple[str, str, str, str, str, str]


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Parameters
    ----------
    batches
        Pieces that are drawn together.
    seconds, turns
        For each system and batch, and in how many turns.
    bars, repeats
        Of composing and harmonising; a start is repeated as often.
    preset, settings, num_batches
        The network that is trained, on what crops, and for how many batches in each precision.
    """

    batches: tuple[int, ...] = (1, 128)
    seconds: float = 1.0
    turns: int = 3
    bars: int = 16
    repeats: int = 3
    preset: str = "chorale"
    settings: TrainConfig = field(default_factory=TrainConfig)
    num_batches: int = 6


SMALLEST = Sizes((1,), 0.001, 1, 1, 1, "tiny", TrainConfig(batch_size=1, crop_steps=64), 4)
"""Just enough to see that everything runs."""


def drawing(sizes: Sizes, threads: int) -> Iterator[Row]:
    """A row for each network, batch and precision."""
    settings = [make() for make in NETWORKS.values()]
    rate = matrix_rate(settings[0])
    for setting in settings:
        for batch in sizes.batches:
            found = race(setting, batch, threads, sizes.seconds, sizes.turns, rate, every=False)
            for system in found.systems:
                if system is found.plain:
                    continue
                step, floors = found.step_seconds(system), found.times_floor(system)
                faster = found.times_plain(system)
                yield (
                    f"a step, batch of {batch}, {setting.title}, {system.precision}",
                    NOTHING if faster is None else f"{faster:.2f}",
                    f"{floors:.2f}",
                    f"{1e3 * step:.2f} ms",
                    NOTHING if found.plain is None else f"{1e3 * found.step_seconds(found.plain):.2f} ms",
                    f"{1e3 * step / floors:.2f} ms",
                )


def writing(sizes: Sizes) -> Iterator[Row]:
    """Composing with all that belongs to it, harmonising, and the command from its start."""
    report(f"composing and harmonising {sizes.bars} bars")
    found = harmonising.measured(load_model(None, "cpu"), sizes.bars, sizes.repeats)
    composed, harmonised = found["composing"], found["harmonising"]
    yield (f"composing {sizes.bars} bars", NOTHING, NOTHING, f"{composed:.2f} s", NOTHING, NOTHING)
    name = f"harmonising them, {harmonised / composed:.2f} times composing"
    yield (name, NOTHING, NOTHING, f"{harmonised:.2f} s", NOTHING, NOTHING)
    report("start of the command")
    seconds, _ = sampler_start.later(sizes.repeats)
    yield ("`biaxial-compose --bars 16`, from its start", NOTHING, NOTHING, f"{seconds:.2f} s", NOTHING, NOTHING)


def trained(sizes: Sizes, corpus: Corpus) -> Iterator[Row]:
    """A row for each precision of training."""
    config = PRESETS[sizes.preset]
    precisions: tuple[Precision, ...] = (Machine("cpu").resolved_precision(), "32-true")
    for precision in dict.fromkeys(precisions):
        report(f"training in {precision}")
        found = training.duel(corpus, config, sizes.settings, precision, sizes.num_batches)
        ours, plain = (f"{1e6 / each:.1f} s" for each in found.cells_a_second())
        ratio = f"{statistics.median(found.ratios()):.2f}"
        yield (f"training on a million cells, {sizes.preset}, {precision}", ratio, NOTHING, ours, plain, NOTHING)


def main() -> None:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chorales", type=Path, nargs="?", help="folder made by biaxial-chorales, for training")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of all systems (default: %(default)s)")
    parser.add_argument("--smallest", action="store_true", help="only to see that everything runs")
    options = parser.parse_args()
    if options.threads < 1:
        parser.error("threads are at least 1")
    torch.set_num_threads(options.threads)
    sizes = SMALLEST if options.smallest else Sizes()
    rows = list[Row]()
    try:
        if options.chorales:
            grid = Grid(PRESETS[sizes.preset].steps_per_quarter)
            rows += trained(sizes, Corpus.read(options.chorales, grid)[0])
    except (OSError, InputError) as error:
        parser.error(str(error))
    rows = [*writing(sizes), *drawing(sizes, options.threads), *rows]
    capability = torch.backends.cpu.get_cpu_capability()
    print(f"{processor()} ({capability}), {options.threads} thread(s), PyTorch {torch.__version__}\n")
    table(HEAD, rows)


if __name__ == "__main__":
    main()
