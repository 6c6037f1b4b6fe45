"""One way for every command to end, and its progress bar.

Results go to stdout, everything else to stderr. A wrong input is one line on stderr and status 2, never a traceback.
Ctrl-C, or a signal to end, is a line that says so, within a second.
"""

from __future__ import annotations

import errno
import functools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Protocol

from biaxial.cli.streams import abandon, safe_streams

Arguments = Sequence[str] | None
"""The words of a command line; ``None`` for those of this process."""

STATUS_INPUT, STATUS_INTERRUPTED, STATUS_PIPE = 2, 130, 141
_OS_ADVICE = {
    errno.ENOSPC: "make room, or write somewhere else",
    errno.EACCES: "check its permissions, or choose another place",
    errno.EROFS: "choose another place",
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "check the path",
    errno.EISDIR: "give the name of a file",
}


class Ended(KeyboardInterrupt):
    """A signal asked the command to end.

    Parameters
    ----------
    number
        The signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class Main(Protocol):
    """The ``main`` of a command that has two names."""

    def __call__(self, argv: Arguments = None, prog: str = "", process: bool | None = None) -> int:
        """Run a command line, calling the command by another name than its own where one is given.

        ``process`` says whether the whole process is this command, which is the case where no command line is given.
        """


def command(prog: str) -> Callable[[Callable[[Arguments], None]], Callable[[Arguments], int]]:
    """Turn the body of a command into its ``main``, which returns the exit status.

    A wrong input (a :class:`ValueError`, :class:`~biaxial.music.errors.InputError` above all, or an :class:`OSError`)
    prints ``prog: message`` as one line and ends with 2, and so does a package that is not installed
    (``requirements/compose.txt`` leaves some out), or too little memory. Ctrl-C ends with 130, a reader of stdout that
    went away with 141. Any other exception is a bug and is raised.
    """

    def wrap(body: Callable[[Arguments], None]) -> Callable[[Arguments], int]:
        @functools.wraps(body)
        def main(argv: Arguments = None) -> int:
            return _status(prog, functools.partial(body, argv), argv is None)

        return main

    return wrap


def verb(own: str) -> Callable[[Callable[[Arguments, str], None]], Main]:
    """As :func:`command`, for ``biaxial-compose`` and the like, which ``biaxial compose`` runs too.

    The body is given the name that was typed, for its ``--help`` and its messages.
    """

    def wrap(body: Callable[[Arguments, str], None]) -> Main:
        @functools.wraps(body)
        def main(argv: Arguments = None, prog: str = "", process: bool | None = None) -> int:
            whole = argv is None if process is None else process
            return _status(prog or own, functools.partial(body, argv, prog or own), whole)

        return main

    return wrap


def _status(prog: str, body: Callable[[], None], process: bool) -> int:
    """Run a command and return its exit status; what is a process of its own hears signals, and ends at once by one."""
    if process:
        for number in (signal.SIGTERM, signal.SIGHUP) if hasattr(signal, "SIGHUP") else (signal.SIGTERM,):
            signal.signal(number, _end)
    with safe_streams():
        status = _run(prog, body)
    if process and status > STATUS_INTERRUPTED - 2 and status != STATUS_PIPE:
        os._exit(status)  # threads that are still drawing would end in a crash of the C++ beneath them
    return status


def _run(prog: str, body: Callable[[], None]) -> int:
    """Run the body of a command; the exit status."""
    try:
        body()
        sys.stdout.flush()
    except BrokenPipeError:
        abandon(sys.stdout)
        return STATUS_PIPE
    except KeyboardInterrupt as ending:
        print(
            f"{prog}: interrupted" + "".join(f"; {note}" for note in getattr(ending, "__notes__", ())), file=sys.stderr
        )
        return 128 + (ending.number if isinstance(ending, Ended) else signal.SIGINT)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "biaxial"):
            raise
        print(f"{prog}: this needs {package}, which is not installed: pip install {package}", file=sys.stderr)
        return STATUS_INPUT
    except (ValueError, OSError, MemoryError) as error:
        message = _describe(error) if isinstance(error, OSError) else str(error)
        if isinstance(error, MemoryError):
            message = f"there is not enough memory for this ({message or 'out of memory'}); ask for less at once"
        message = "; ".join((message, *_notes(error)))
        print(f"{prog}: {' '.join(message.split())}", file=sys.stderr)
        try:
            sys.stdout.flush()
        except OSError:
            abandon(sys.stdout)
        return STATUS_INPUT
    return 0


def _notes(error: BaseException) -> list[str]:
    """What was added to an error on its way, such as which pieces were written before it."""
    return list(getattr(error, "__notes__", ()))


def _end(number: int, _: FrameType | None) -> None:
    raise Ended(number)


@contextmanager
def nothing_to_lose() -> Iterator[None]:
    """While libraries are loaded, Ctrl-C ends the process at once, without Python, which C code keeps waiting."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _describe(error: OSError) -> str:
    if error.errno is None:
        return str(error)
    where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes | Path) else ""
    advice = _OS_ADVICE.get(error.errno)
    reason = (error.strerror or "input or output failed").lower()
    return f"{where}{reason}" + (f"; {advice}" if advice else "")


@contextmanager
def progress_bar(total: int, unit: str, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr, and yield a callback that is told how many units were done since its last call.

    On a terminal the bar is live; in a log file it is a line every ten seconds. The time that is left is reckoned from
    the first units on, for what comes before them, such as compiling, comes once.
    """
    from tqdm import tqdm

    pace = 0.1 if sys.stderr.isatty() else 10.0
    with tqdm(
        total=total, unit=unit, disable=quiet, mininterval=pace, delay=0 if pace < 1 else pace, file=sys.stderr
    ) as bar:

        def advance(units: int) -> None:
            if bar.n or quiet:
                bar.update(units)
                return
            bar.n = bar.initial = bar.last_print_n = units
            bar.start_t = bar.last_print_t = time.time()

        yield advance
