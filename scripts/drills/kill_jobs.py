"""Kill workers and drivers of sharded runs at random moments, again and again, and see that nothing is lost.

``python scripts/drills/kill_jobs.py`` takes some ten minutes. It makes a small order once unbroken with the serial
engine, with an untrained tiny network. Then, for processes and for Ray: twenty times a worker is killed with ``kill
-9`` at a random moment of a run, which has to go on by itself; and twenty times the driver is, after which the command
line's ``--resume`` goes on, until the run is finished. Each finished run is compared with the unbroken one, shard by
shard, byte by byte. A shard that was finished before a kill must not be written again: its file keeps its inode.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch

from biaxial.jobs.driver import Run, serial
from biaxial.jobs.order import Order, Weights
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.render.files import Rendering
from biaxial.tasks.drawing.sampling_options import SamplingOptions
from biaxial.weights import save_weights

SHARDS, PIECES, BARS = 12, 60, 4
AT_WORK = 0.8
"""How many kills of a driver come when shards are being written; the others may come while workers start."""
MARKS = {"processes": b"biaxial.jobs.job_worker", "ray": b"ray::ShardActor"}
"""What the command line of a worker has in it."""


def small_order(place: Path) -> Order:
    """Pieces of an untrained network, each a fraction of a second."""
    torch.manual_seed(0)
    weights = place / "tiny.safetensors"
    save_weights(weights, BiaxialLSTM(PRESETS["tiny"]), {})
    drawing = asdict(SamplingOptions(particles=1, cadence=False))
    writing = {**asdict(Rendering()), "title": None, "endings": []}
    used = (Weights.of(weights),)
    return Order(
        "biaxial-compose", "compose", {"bars": BARS}, 0, PIECES, SHARDS, used, drawing=drawing, writing=writing
    )


def shards_of(folder: Path) -> dict[str, bytes]:
    """Every shard."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.tar"))}


def inodes(folder: Path) -> dict[str, int]:
    """Which file each shard is."""
    return {path.name: path.stat().st_ino for path in folder.glob("*.tar")}


def start(folder: Path, cluster: str) -> subprocess.Popen[str]:
    """A driver, as a user starts it."""
    words = ["compose", "--resume", str(folder), "--cluster", cluster, "--workers", "2", "-q"]
    return subprocess.Popen(
        [sys.executable, "-m", "biaxial", *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def below(pid: int) -> Iterator[int]:
    """A process and all that it started."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from below(int(child))


def workers_of(pid: int, cluster: str) -> list[int]:
    """The workers of a driver."""
    found = []
    for each in below(pid):
        try:
            if MARKS[cluster] in Path(f"/proc/{each}/cmdline").read_bytes():
                found.append(each)
        except OSError:
            continue
    return found


def wait_for_workers(driver: subprocess.Popen[str], cluster: str) -> None:
    """Wait until a driver has workers, or is over."""
    while driver.poll() is None and not workers_of(driver.pid, cluster):
        time.sleep(0.05)


def wait_for_work(driver: subprocess.Popen[str], folder: Path) -> None:
    """Wait until a shard is being written, or the driver is over."""
    while driver.poll() is None and not any(folder.glob(".shard-*.tmp")):
        time.sleep(0.01)


def kill_workers(folder: Path, cluster: str, draw: random.Random, kills: int, seconds: float) -> int:
    """Run an order to its end while workers of it are killed; how many were."""
    killed = 0
    driver = start(folder, cluster)
    wait_for_workers(driver, cluster)
    while killed < kills and driver.poll() is None:
        time.sleep(draw.uniform(0, seconds))
        before = inodes(folder)
        if there := workers_of(driver.pid, cluster):
            os.kill(draw.choice(there), signal.SIGKILL)
            killed += 1
        check_kept(before, folder)
    _, error = driver.communicate()
    if driver.returncode:
        raise SystemExit(f"{cluster}: the driver ended with {driver.returncode}: {error}")
    return killed


def kill_driver(folder: Path, cluster: str, draw: random.Random, seconds: float) -> bool:
    """Start or go on with a run and kill its driver; whether it was killed before the end."""
    driver = start(folder, cluster)
    wait_for_workers(driver, cluster)
    if draw.random() < AT_WORK:
        wait_for_work(driver, folder)
    end = time.monotonic() + draw.uniform(0, seconds)
    while time.monotonic() < end and driver.poll() is None:
        time.sleep(0.01)
    before = inodes(folder)
    if driver.poll() is not None:
        if driver.returncode:
            raise SystemExit(f"{cluster}: the driver ended with {driver.returncode}: {driver.communicate()[1]}")
        return False
    left = list(below(driver.pid))[1:]
    driver.kill()
    driver.wait()
    wait_until_gone(left)
    check_kept(before, folder)
    return True


def wait_until_gone(pids: list[int], seconds: float = 120) -> None:
    """Wait for what a killed driver has left; it has to end by itself."""
    end = time.monotonic() + seconds
    while alive := [pid for pid in pids if is_alive(pid)]:
        if time.monotonic() > end:
            raise SystemExit(f"{len(alive)} processes of a killed driver did not end")
        time.sleep(0.1)


def is_alive(pid: int) -> bool:
    """Whether a process runs; what only waits to be forgotten does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def check_kept(before: dict[str, int], folder: Path) -> None:
    """Stop if a finished shard was written again."""
    after = inodes(folder)
    if any(after.get(name) != inode for name, inode in before.items()):
        raise SystemExit(f"{folder}: a finished shard was made again")


def main() -> None:
    """Make, kill, go on, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="of each kind and engine (default: %(default)s)")
    parser.add_argument("--cluster", choices=MARKS, action="append", help="(default: both)")
    parser.add_argument("--kind", choices=("worker", "driver"), action="append", help="(default: both)")
    parser.add_argument("--seconds", type=float, default=4.0, help="longest time before a kill (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default: %(default)s)")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        order = small_order(place)
        Run(order, place / "whole").make(serial)
        whole = shards_of(place / "whole")
        for cluster in options.cluster or MARKS:
            for kind in options.kind or ("worker", "driver"):
                kills = runs = 0
                while kills < options.kills:
                    runs += 1
                    folder = place / f"{cluster}-{kind}-{runs}"
                    folder.mkdir()
                    order.save(folder)
                    if kind == "worker":
                        kills += kill_workers(folder, cluster, draw, min(3, options.kills - kills), options.seconds)
                    else:
                        while kills < options.kills and kill_driver(folder, cluster, draw, options.seconds):
                            kills += 1
                            print(f"{kills} kills, {len(inodes(folder))} shards", file=sys.stderr, flush=True)
                        Run(order, folder)  # reads what there is
                        kill_workers(folder, cluster, draw, 0, options.seconds)
                    if shards_of(folder) != whole:
                        raise SystemExit(f"{folder.name}: its shards are not those of the unbroken run")
                    if left := [path.name for path in folder.glob(".*")]:
                        raise SystemExit(f"{folder.name}: {left} was left")
                print(
                    f"{cluster}: {kills} kills of a {kind} in {runs} runs; all shards as in the unbroken run",
                    flush=True,
                )


if __name__ == "__main__":
    main()
