"""Worker processes that read files into the cache, several side by side: the process, and those who ask it.

A worker is a program of its own (``python -m biaxial.corpora.reading.worker CACHE STEPS [PART [REPEATS]]``) and no fork
of the one that trains: what a broken file does to it is done to nobody else. It reads a path on each line of its stdin
and writes an answer on each line of its stdout. Lines are JSON. An answer is ``{"key": ...}``, the entry that was
written; ``{"problem": ...}``, why there is none; or ``{"fatal": ...}``, when the cache cannot be written to. The first
line says that the process is ready.

A thread for each process hands it a path and waits for the answer. A timer ends a process that does not answer; one
that takes too long or dies costs one file and is replaced.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import cast

from biaxial.corpora.reading.entry import cache_key, packed, read_file
from biaxial.files.assets import PACKAGE
from biaxial.files.cache import Cache
from biaxial.files.child_process import end_process
from biaxial.files.machine import available_threads
from biaxial.formats.repeat_reading import Repeats
from biaxial.music.grid import Grid

MEMORY_BYTES = 1 << 30
"""What one process may take, where the system can be told."""


def answer(path: Path, grid: Grid, cache: Cache, part: str = "all", repeats: Repeats = "once") -> dict[str, str]:
    """Read one file into the cache."""
    try:
        key = cache_key(path, grid, part, repeats)
        content = packed(*read_file(path, grid, part, repeats))
        if cache_key(path, grid, part, repeats) != key:
            return {"problem": "it was changed while it was read; run again"}
    except OSError as error:
        return {"problem": (error.strerror or str(error)).lower()}
    except MemoryError:
        return {"problem": f"it takes more than {MEMORY_BYTES >> 20} MiB of memory"}
    try:
        cache.put(key, content)
    except OSError as error:
        return {"fatal": str(cache.refusal(error))}
    return {"key": key}


def main() -> None:
    """Answer until stdin ends."""
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a reader prints is no answer
    with suppress(ImportError, ValueError, OSError):  # no such limit on this system
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    cache, grid = Cache(Path(sys.argv[1])), Grid(int(sys.argv[2]))
    part = sys.argv[3] if len(sys.argv) > 3 else "all"
    repeats = cast(Repeats, sys.argv[4] if len(sys.argv) > 4 else "once")
    print("{}", file=out, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(Path(json.loads(line)), grid, cache, part, repeats)), file=out, flush=True)


MAX_WORKERS = 8
"""More would take memory (up to 200 MiB each, with music21) faster than they give speed."""


def num_workers(wanted: int, num_files: int) -> int:
    """How many processes read: as many as wanted, or as there are processors (0), but no more than files."""
    return max(1, min(wanted or min(available_threads(), MAX_WORKERS), num_files))


def answers(
    paths: Sequence[Path], command: Sequence[str], workers: int, seconds: float
) -> Iterator[tuple[int, dict[str, str]]]:
    """Ask worker processes about files.

    Parameters
    ----------
    paths
        The files.
    command
        What to start; it talks as :mod:`biaxial.corpora.reading.worker` does.
    workers
        How many at once.
    seconds
        How long one file may take.

    Yields
    ------
    Index of a file and its answer, in the order in which they come; ``{"lost": "too slow"}`` or ``{"lost": "crashed"}``
    where there is none.

    Raises
    ------
    OSError
        If no worker can be started.
    """
    todo: SimpleQueue[int] = SimpleQueue()
    done: SimpleQueue[tuple[int, dict[str, str]] | OSError] = SimpleQueue()
    for index in range(len(paths)):
        todo.put(index)
    pool = [_Worker(command, seconds) for _ in range(workers)]

    def work(worker: _Worker) -> None:
        try:
            while True:
                index = todo.get_nowait()
                done.put((index, worker.ask(paths[index])))
        except Empty:
            worker.stop()
        except OSError as error:
            done.put(error)

    for worker in pool:
        threading.Thread(target=work, args=(worker,), daemon=True).start()
    try:
        for _ in paths:
            answer = done.get()
            if isinstance(answer, OSError):
                raise answer
            yield answer
    finally:
        with suppress(Empty):  # stopped before the end: by Ctrl-C, or since the cache cannot be written to
            while True:
                todo.get_nowait()
        for worker in pool:
            worker.stop()


class _Worker:
    """One process, started when it is first asked and again after each time that it was lost."""

    def __init__(self, command: Sequence[str], seconds: float) -> None:
        self._command, self._seconds = command, seconds
        self._process: subprocess.Popen[str] | None = None

    def _started(self) -> subprocess.Popen[str]:
        if self._process is not None:
            return self._process
        here = str(PACKAGE.parent)
        paths = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="ascii",
            env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,  # Ctrl-C is for the one who asks
        )
        self._process = process
        assert process.stdout is not None
        ready = ""
        with suppress(OSError, ValueError):  # it is stopped while it starts
            ready = process.stdout.readline()
        if not ready:
            self.stop()
            raise OSError("the process that reads files cannot be started: " + " ".join(self._command))
        return process

    def ask(self, path: Path) -> dict[str, str]:
        """The answer for one file, or how the process was lost."""
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds, end)
        timer.start()
        line = ""
        with suppress(OSError, ValueError):  # it dies, or is stopped, while it is asked
            process.stdin.write(json.dumps(os.fspath(path)) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        timer.cancel()
        if late.is_set() or not line.endswith("\n"):
            self.stop()
        if not line.endswith("\n"):
            return {"lost": "too slow" if late.is_set() else "crashed"}
        found: dict[str, str] = json.loads(line)
        return found

    def stop(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        end_process(process)


def worker_command(cache: Path, steps_per_quarter: int, part: str = "all", repeats: Repeats = "once") -> list[str]:
    """The command of :mod:`biaxial.corpora.reading.worker`."""
    return [sys.executable, "-m", "biaxial.corpora.reading.worker", str(cache), str(steps_per_quarter), part, repeats]


if __name__ == "__main__":
    main()
