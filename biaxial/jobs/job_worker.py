"""Worker processes that make shards, several side by side: the process, and those who ask it.

A worker is a program of its own (``python -m biaxial.jobs.job_worker FOLDER``), which reads the order from the folder.
It reads the number of a shard on each line of its stdin and writes lines of JSON to its stdout: first what it is
(:class:`~biaxial.jobs.workshop.Hello`), then ``{"done": ...}`` for every piece, and ``{"entry": ...}`` when the shard
is finished, or ``{"error": ...}``, which ends the run. One that dies loses the shard that it was making, which is begun
anew by the process that takes its place. Where the driver is gone, the next line that a worker writes ends it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final

from biaxial.files.assets import PACKAGE
from biaxial.files.child_process import end_process
from biaxial.files.machine import available_threads
from biaxial.jobs.manifest import Entry
from biaxial.jobs.order import Order
from biaxial.jobs.shards import remove_unfinished
from biaxial.jobs.workshop import Hello, Tell, Workshop, check_hello
from biaxial.music.errors import InputError

MAX_ATTEMPTS: Final = 4
"""How often a shard is begun before a worker that dies over it ends the run."""
ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def main() -> None:
    """Make shards until stdin ends."""
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what else is printed is no answer

    def say(**document: Any) -> None:
        print(json.dumps(document), file=out, flush=True)

    with suppress(BrokenPipeError):
        try:
            folder = Path(sys.argv[1])
            shop = Workshop(Order.load(folder), folder, threads=1)
            say(hello=list(shop.hello()))
            for line in sys.stdin:
                entry = shop.run(int(line), lambda shard, done: say(done=done))
                say(entry=asdict(entry))
        except (ValueError, OSError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            say(error=" ".join(str(error).split()))
        except Exception:
            say(bug=traceback.format_exc())


def processes(
    order: Order, folder: Path, shards: Sequence[int], tell: Tell, workers: int | None = None
) -> Generator[Entry, None, None]:
    """Make shards in worker processes, each with one thread.

    Parameters
    ----------
    order, folder
        The order, and where it lies.
    shards
        The shards to make.
    tell
        Told how many pieces of a shard are done.
    workers
        How many processes; by default one for each processor.

    Yields
    ------
    The line of each shard, in the order in which they are finished.

    Raises
    ------
    InputError
        If a worker is another program than this one, a shard cannot be made, or a worker dies over it again and again.
    OSError
        If no worker can be started.
    """
    todo, done = SimpleQueue[int](), SimpleQueue[Entry | Exception]()
    for shard in shards:
        todo.put(shard)
    pool = [_Worker(order, folder, tell) for _ in range(min(workers or available_threads(), len(shards)))]

    def work(worker: _Worker) -> None:
        try:
            with suppress(Empty):
                while True:
                    done.put(worker.make(todo.get_nowait()))
        except Exception as error:
            done.put(error)

    try:
        for worker in pool:
            worker.start()
        for worker in pool:
            worker.greet()
        for worker in pool:
            threading.Thread(target=work, args=(worker,), daemon=True).start()
        for _ in shards:
            entry = done.get()
            if isinstance(entry, Exception):
                raise entry
            yield entry
    finally:
        with suppress(Empty):
            while True:
                todo.get_nowait()
        for worker in pool:
            worker.end()
        remove_unfinished(folder, shards)


class _Worker:
    """One process, which another one follows when it dies."""

    def __init__(self, order: Order, folder: Path, tell: Tell) -> None:
        self._order, self._folder, self._tell = order, folder, tell
        self._process: subprocess.Popen[str] | None = None
        self._is_over = False

    def start(self) -> subprocess.Popen[str]:
        """Start the process; it says later what it is."""
        paths = os.pathsep.join(filter(None, (str(PACKAGE.parent), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "biaxial.jobs.job_worker", str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="ascii",
            env={**os.environ, "PYTHONPATH": paths, **ONE_THREAD},
            start_new_session=True,  # Ctrl-C is for the one who asks
        )
        process = self._process
        if self._is_over:  # since a moment ago
            self._stop()
        return process

    def greet(self) -> None:
        """Hear what it is; one that dies before it says so is started again.

        Raises
        ------
        InputError
            If it is not what it has to be.
        OSError
            If it does not answer.
        """
        for _ in range(MAX_ATTEMPTS):
            answer = self._heard(self._process or self.start())
            if answer is not None:
                check_hello(Hello(*answer["hello"]), self._order)
                return
            self._stop()
        raise OSError(f"a worker process cannot be started: {sys.executable} -m biaxial.jobs.job_worker")

    def make(self, shard: int) -> Entry:
        """Have a shard made.

        Raises
        ------
        InputError
            If it cannot be made.
        OSError
            If no worker can be started in place of one that died.
        """
        for _ in range(MAX_ATTEMPTS):
            if self._is_over:
                raise OSError("the run is over")
            if self._process is None:
                self.greet()
            answer = self._asked(shard)
            if answer is not None:
                return Entry(**answer["entry"])
            self._stop()
            self._tell(shard, 0)
        raise InputError(
            f"shard {shard}: its worker ended {MAX_ATTEMPTS} times, perhaps for want of memory; give fewer --workers"
        )

    def _asked(self, shard: int) -> dict[str, Any] | None:
        """The last answer to the number of a shard; ``None`` where the process died."""
        process = self._process
        if process is None or process.stdin is None:
            return None
        with suppress(OSError, ValueError):  # it died, or is stopped, while it is asked
            process.stdin.write(f"{shard}\n")
            process.stdin.flush()
        while (answer := self._heard(process)) is not None and "done" in answer:
            self._tell(shard, answer["done"])
        return answer

    def _heard(self, process: subprocess.Popen[str]) -> dict[str, Any] | None:
        """The next line; ``None`` where the process died.

        Raises
        ------
        InputError
            If it says that something cannot be done.
        RuntimeError
            If it met a bug.
        """
        assert process.stdout is not None
        line = ""
        with suppress(OSError, ValueError):  # it is stopped while it is heard
            line = process.stdout.readline()
        if not line.endswith("\n"):
            return None
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise InputError(answer["error"])
        if "bug" in answer:
            raise RuntimeError(answer["bug"])
        return answer

    def end(self) -> None:
        """End the process, and start no other."""
        self._is_over = True
        self._stop()

    def _stop(self) -> None:
        process, self._process = self._process, None
        end_process(process)


if __name__ == "__main__":
    main()
