"""Measure shards: equal bytes from every engine, speed-up, the cost of the seam, memory of the driver.

``python scripts/bench/cluster.py`` takes some ten minutes on two idle cores. It composes ``--pieces`` short chorales
with the shipped weights, and prints a table of what was asked for and what was found. ``--part`` takes one of:

- ``bytes``: the same order by serial, processes, Ray on one node and Ray with two nodes on this machine.
- ``speed``: two workers beside one, pieces a second from the first piece on, so that starting is apart. Where others
  compute on the machine, the seconds of computing for each piece, which idle processors share, say more than those that
  went by.
- ``seam``: seconds that the serial engine computes for anything but drawing, beside those for drawing, in one run.
- ``memory``: the driver's peak over orders of 1,000 to 100,000 planned pieces, with an engine that draws nothing, the
  same number of shards, and seconds that this takes.

Rows of figures are ratios within one run. On a machine that others use they are only that: each engine is run several
times in turn and the best of each is taken.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from biaxial.files.weights_file import DEFAULT
from biaxial.jobs.driver import Run, engine_of
from biaxial.jobs.manifest import Entry
from biaxial.jobs.order import Order, Weights
from biaxial.jobs.planning import Models, drawn
from biaxial.jobs.shards import shard_name
from biaxial.jobs.workshop import Tell, Workshop
from biaxial.render.files import Rendering
from biaxial.tasks.drawing.sampling_options import SamplingOptions
from biaxial.tasks.piece import Piece

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the siblings are
from scripts.bench.reporting import report, table

SPEED_UP, SPEED_UP_RAY, OVERHEAD = 1.8, 1.6, 0.03
"""What was asked for."""
PLANNED = (1_000, 10_000, 100_000)
TWO_NODES = """
import sys
from functools import partial
from pathlib import Path
from ray.cluster_utils import Cluster
cluster = Cluster()
for _ in range(2):
    cluster.add_node(num_cpus=1, include_dashboard=False, object_store_memory=80_000_000)
from biaxial.jobs.driver import Run
from biaxial.jobs.order import Order
from biaxial.jobs.ray_actors import ray_actors
folder = Path(sys.argv[1])
Run(Order.load(folder), folder).make(partial(ray_actors, workers=2, address=cluster.address))
cluster.shutdown()
"""


def order_of(pieces: int, shards: int, bars: int) -> Order:
    """Chorales of so many bars, drawn once, with the shipped weights."""
    drawing = SamplingOptions(draft=True)
    writing = {**asdict(Rendering()), "title": None, "endings": []}
    plan = {"bars": bars}
    weights = (Weights.of(DEFAULT),)
    return Order(
        "biaxial-compose", "compose", plan, 0, pieces, shards, weights, drawing=asdict(drawing), writing=writing
    )


def digest(folder: Path) -> str:
    """What all shards of a folder have for a checksum together."""
    found = hashlib.sha256()
    for path in sorted(folder.glob("*.tar")):
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()[:16]


def two_nodes(order: Order, folder: Path) -> None:
    """Make an order by Ray with two nodes, in a process of its own."""
    folder.mkdir()
    order.save(folder)
    subprocess.run([sys.executable, "-c", TWO_NODES, str(folder)], check=True)


def equal_bytes(order: Order, place: Path) -> None:
    """Make one order by every engine and compare."""

    def by(name: str, folder: Path) -> None:
        Run(order, folder).make(engine_of(name, 2, 1))

    ways: dict[str, Callable[[Path], None]] = {
        "serial": partial(by, "local"),
        "processes, 2": partial(by, "processes"),
        "Ray, one node, 2 actors": partial(by, "ray"),
        "Ray, two nodes, an actor each": partial(two_nodes, order),
    }
    rows = []
    for number, (name, make) in enumerate(ways.items()):
        report(f"bytes: {name}")
        begun = time.perf_counter()
        make(place / str(number))
        seconds = time.perf_counter() - begun
        rows.append((name, digest(place / str(number)), f"{seconds:.1f}"))
    table("engine | checksum of all shards | seconds, with starting", rows)
    if len({row[1] for row in rows}) > 1:
        raise SystemExit("the bytes differ")


def computed_below(pid: int) -> float:
    """Seconds that a process's children and theirs have computed (Linux)."""
    ticks = 0
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            words = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            ticks += int(words[11]) + int(words[12]) + int(os.sysconf("SC_CLK_TCK") * computed_below(int(child)))
        except OSError:  # it has ended
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def pace(order: Order, folder: Path, engine: str, workers: int) -> tuple[float, float]:
    """Pieces a second, and seconds of computing for each, from the first piece to the last; starting is apart."""
    moments = list[tuple[float, float, int]]()

    def note(pieces: int) -> None:
        moments.append((time.perf_counter(), computed_below(os.getpid()), pieces))

    Run(order, folder).make(engine_of(engine, workers, 1), note)
    (begun, computed, first), (ended, in_all, _) = moments[0], moments[-1]
    made = sum(pieces for *_, pieces in moments) - first
    return made / (ended - begun), (in_all - computed) / made


def loaded(
    models: Models, order: Order, folder: Path, shards: Sequence[int], tell: Tell
) -> Generator[Entry, None, None]:
    """The serial engine with models that were loaded before."""
    shop = Workshop(order, folder, 1)
    vars(shop)["models"] = models
    for shard in shards:
        yield shop.run(shard, tell)


def speed(order: Order, place: Path, rounds: int, engines: Sequence[str]) -> None:
    """Two workers beside one."""
    rows = []
    for engine in engines:
        least = SPEED_UP_RAY if engine == "ray" else SPEED_UP
        found: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
        for attempt in range(rounds):
            for workers, paces in found.items():
                report(f"speed: {engine}, {workers}, {attempt + 1} of {rounds}")
                paces.append(pace(order, place / f"{engine}{workers}{attempt}", engine, workers))
        best = {workers: max(each for each, _ in paces) for workers, paces in found.items()}
        least_work = {workers: min(each for _, each in paces) for workers, paces in found.items()}
        rows.append((f"{engine}, 2 workers beside 1", f"{best[2] / best[1]:.2f}", f"at least {least}"))
        rows.append((f"{engine}, pieces a second", f"{best[1]:.3f} and {best[2]:.3f}", ""))
        rows.append((f"{engine}, computing for a piece, 2 beside 1", f"{least_work[2] / least_work[1]:.2f}", ""))
    table("what | found | asked for", rows)


def seam(order: Order, place: Path, rounds: int) -> None:
    """What the serial engine computes beside drawing, in one run."""
    models = Models.load(order, 1)
    drawing = 0.0

    def timed(*words: Any) -> Iterator[Piece]:
        nonlocal drawing
        pieces = drawn(*words)
        while True:
            begun = time.process_time()
            piece = next(pieces, None)
            drawing += time.process_time() - begun
            if piece is None:
                return
            yield piece

    shares, seconds = list[float](), ""
    for attempt in range(rounds + 1):
        report(f"seam: {attempt} of {rounds}")
        drawing, begun = 0.0, time.process_time()
        with patch("biaxial.jobs.workshop.drawn", timed):
            Run(order, place / str(attempt)).make(partial(loaded, models))
        rest = time.process_time() - begun - drawing
        if attempt:  # the first one is to warm up
            shares.append(rest / drawing)
            seconds = f"{rest:.2f} and {drawing:.2f}"
    table(
        "the serial engine | found | asked for",
        [
            ("all but drawing: writing, checksums, manifest", f"{min(shares):.1%} of drawing", f"below {OVERHEAD:.0%}"),
            (f"seconds of either for {order.pieces} pieces of {order.plan['bars']} bars", seconds, ""),
        ],
    )


def nothing(order: Order, folder: Path, shards: Sequence[int], tell: Tell) -> Generator[Entry, None, None]:
    """An engine that draws nothing: its shards are empty, their lines are full."""
    for shard in shards:
        (folder / shard_name(shard)).touch()
        tell(shard, len(order.numbers(shard)))
        job = order.job(shard)
        yield Entry(shard, shard_name(shard), 0, "", job.to_dict(), job.pieces, [], -1.0, 1, None, 0.0, "here")


def memory(place: Path, orders: Sequence[int]) -> None:
    """The driver's peak for ever more planned pieces, each order in a process of its own."""
    rows = []
    for pieces in orders:
        report(f"memory: {pieces} pieces")
        words = [sys.executable, __file__, "--planned", str(pieces), str(place / str(pieces))]
        found = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
        rows.append(
            (f"{pieces:,}", f"{found['before_mib']:.1f}", f"{found['peak_mib']:.1f}", f"{found['seconds']:.2f}")
        )
    table("planned pieces, 100 shards | MiB before | MiB at most | seconds", rows)


def planned(pieces: int, folder: Path) -> None:
    """One row of :func:`memory`."""

    def peak() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    before, begun = peak(), time.perf_counter()
    Run(order_of(pieces, 100, 8), folder).make(nothing)
    print(json.dumps({"before_mib": before, "peak_mib": peak(), "seconds": time.perf_counter() - begun}))


def main() -> None:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("bytes", "speed", "seam", "memory"), action="append")
    parser.add_argument("--pieces", type=int, default=48, help="of bytes and speed (default: %(default)s)")
    parser.add_argument("--shards", type=int, default=12, help="that these are in (default: %(default)s)")
    parser.add_argument("--bars", type=int, default=4, help="of each piece (default: %(default)s)")
    parser.add_argument("--engine", choices=("processes", "ray"), action="append", help="of speed (default: both)")
    parser.add_argument("--rounds", type=int, default=3, help="of speed and seam (default: %(default)s)")
    parser.add_argument("--orders", type=int, nargs="+", default=PLANNED, help="pieces that memory plans")
    parser.add_argument("--planned", nargs=2, metavar=("PIECES", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.planned:
        planned(int(options.planned[0]), Path(options.planned[1]))
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    order = order_of(options.pieces, options.shards, options.bars)
    parts = options.part or ["bytes", "speed", "seam", "memory"]
    with tempfile.TemporaryDirectory() as place:
        for part in parts:
            folder = Path(place) / part
            folder.mkdir()
            if part == "bytes":
                equal_bytes(order, folder)
            elif part == "speed":
                speed(order, folder, options.rounds, options.engine or ["processes", "ray"])
            elif part == "seam":
                seam(order, folder, options.rounds)
            else:
                memory(folder, options.orders)


if __name__ == "__main__":
    main()
