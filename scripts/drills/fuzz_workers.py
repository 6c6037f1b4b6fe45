"""Processes that read damaged files under limits of time and memory, and what became of each file."""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch

from biaxial.formats.midi.midi_writer import midi_bytes
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Score
from scripts.drills.fuzz_inputs import KINDS, make_input

SECONDS: Final = 5.0
"""Longest computing time for one input."""
INPUTS: Final = 100
"""Inputs that one process reads before another takes over, since freed memory is not always given back."""
WAITING: Final = 60.0
"""Longest time for one input on the clock, which others may slow down."""
MEMORY: Final = 1 << 30
"""Most bytes that one input may need."""
MAX_MESSAGE_LENGTH: Final = 500
"""Most letters of what a person can read as one line."""
CEILING: Final = 2 * MEMORY
"""Bytes above the start at which an allocation fails, so that the machine is safe."""


class Outcome(NamedTuple):
    """What became of an input: ``"read"``, ``"refused"`` or a failure, how long it took, and what it was."""

    end: str
    seconds: float
    kind: str
    mutation: str
    size: int


def failure(path: Path, read: Callable[[Path, int], Any], index: int) -> str:
    """``"read"``, ``"refused"``, or what was wrong and where."""
    found: Any = None
    try:
        found = read(path, index)
    except (ValueError, OSError) as error:
        message = str(error)
        if _out_of_memory(error):
            return f"memory: {_place(error)}"
        if "\n" in message or not message.strip() or len(message) > MAX_MESSAGE_LENGTH:
            return f"not one line: {_place(error)}: {message[:60]!r}"
        return "refused" if path.name in message else f"no file name: {_place(error)}: {message[:60]!r}"
    except BaseException as error:
        return f"{'memory' if _out_of_memory(error) else type(error).__name__}: {_place(error)}"
    try:
        if isinstance(found, Score):
            found.bar_starts()
            Roll.from_score(found, Grid(), 0, 128)
            midi_bytes(found)
        elif isinstance(found, tuple) and isinstance(found[0], BiaxialLSTM):
            assert all(
                weight.isfinite().all() for weight in found[0].state_dict().values() if weight.is_floating_point()
            )
    except ValueError:
        pass
    except BaseException as error:
        return f"use, {type(error).__name__}: {_place(error)}"
    return "read"


def _out_of_memory(error: BaseException | None) -> bool:
    return error is not None and (
        isinstance(error, MemoryError) or _out_of_memory(error.__cause__ or error.__context__)
    )


def _place(error: BaseException) -> str:
    """The innermost line of the package."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "biaxial" in frame.filename]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"


def _memory(field: str) -> int:
    """Bytes of this process: ``VmSize`` now, ``VmHWM`` at its peak."""
    match = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert match is not None
    return 1024 * int(match[1])


def work(connection: Connection, seeds: dict[str, list[bytes]], seed: int) -> None:
    """Answer every index with an outcome, until there is none."""
    pickles: list[str] = []
    sys.addaudithook(lambda event, _: pickles.append(event) if event == "pickle.find_class" else None)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (_memory("VmSize") + CEILING,) * 2)
    with tempfile.TemporaryDirectory() as folder:
        while (index := connection.recv()) is not None:
            name, mutation, suffix, data = make_input(seeds, seed, index)
            size = len(data or b"")
            path = Path(folder) / f"input{suffix}"
            path.mkdir() if data is None else path.write_bytes(data)
            del data
            pickles.clear()
            Path("/proc/self/clear_refs").write_text("5")
            before = _memory("VmHWM")
            connection.send("ready")
            start = time.process_time()
            outcome = failure(path, KINDS[name].read, index)
            seconds = time.process_time() - start
            if pickles:
                outcome = f"pickle loaded: {outcome}"
            elif _memory("VmHWM") - before > MEMORY:
                outcome = f"memory: {outcome}"
            connection.send(Outcome(outcome, seconds, name, mutation, size))
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@dataclass
class Worker:
    """A process, what it works on, and since when."""

    process: Any
    connection: Connection
    index: int = -1
    num_inputs: int = 0
    since: float = 0.0
    since_cpu: float = 0.0

    def seconds(self) -> float:
        """Computing time of the process so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def hangs(self) -> bool:
        """Whether it has worked on its input for too long."""
        waiting = time.perf_counter() - self.since
        return waiting > WAITING or (waiting > SECONDS and self.seconds() - self.since_cpu > SECONDS)


def run(seeds: dict[str, list[bytes]], seed: int, count: int, jobs: int) -> dict[int, Outcome]:
    """Outcome and seconds of every input."""
    context = multiprocessing.get_context("fork")

    def started() -> Worker:
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, seeds, seed), daemon=True)
        process.start()
        theirs.close()
        return Worker(process, ours)

    def unread(index: int, end: str) -> Outcome:
        name, mutation, _, data = make_input(seeds, seed, index)
        return Outcome(end, SECONDS, name, mutation, len(data or b""))

    left, outcomes = iter(range(count)), {}
    workers: list[Worker] = [started() for _ in range(jobs)]

    def give(worker: Worker) -> None:
        worker.index, worker.since, worker.num_inputs = next(left, -1), float("inf"), worker.num_inputs + 1
        worker.connection.send(worker.index if worker.index >= 0 else None)

    for worker in workers:
        give(worker)
    while busy := [worker for worker in workers if worker.index >= 0]:
        ready = wait([worker.connection for worker in busy], timeout=0.5)
        for place, worker in enumerate(workers):
            outcome: Outcome | None = None
            if worker.index >= 0 and worker.connection in ready:
                try:
                    answer = worker.connection.recv()
                    if answer == "ready":
                        worker.since, worker.since_cpu = time.perf_counter(), worker.seconds()
                        continue
                    outcome = answer
                except EOFError:
                    worker.process.join()
                    outcome = unread(worker.index, f"crash: exit code {worker.process.exitcode}")
            elif worker.index >= 0 and worker.hangs():
                outcome = unread(worker.index, "hang")
            if outcome is None:
                continue
            outcomes[worker.index] = outcome
            if outcome.end.startswith(("hang", "crash")):
                worker.process.kill()
                workers[place] = worker = started()
            elif worker.num_inputs >= INPUTS:
                worker.connection.send(None)
                workers[place] = worker = started()
            give(worker)
            if sys.stderr.isatty() and len(outcomes) % 100 == 0:
                print(f"\r{len(outcomes)}/{count}", end="", file=sys.stderr)
    return outcomes
