"""One way for every command to end, and its progress bar.

Results go to stdout, everything else to stderr. A wrong input is one line on stderr and status 2, never a traceback.
"""

from __future__ import annotations

import errno
import functools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

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


def command(prog: str) -> Callable[[Callable[[Arguments], None]], Callable[[Arguments], int]]:
    """Turn the body of a command into its ``main``, which returns the exit status.

    A wrong input (a :class:`ValueError`, :class:`~biaxial.music.errors.InputError` above all, or an :class:`OSError`)
    prints ``prog: message`` as one line and ends with 2, and so does a package that is not installed
    (``requirements/compose.txt`` leaves some out). Ctrl-C ends with 130, a reader of stdout that went away with 141.
    Any other exception is a bug and is raised.
    """

    def wrap(body: Callable[[Arguments], None]) -> Callable[[Arguments], int]:
        @functools.wraps(body)
        def main(argv: Arguments = None) -> int:
            try:
                body(argv)
                sys.stdout.flush()
            except BrokenPipeError:
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                return STATUS_PIPE
            except KeyboardInterrupt:
                print(f"{prog}: interrupted", file=sys.stderr)
                return STATUS_INTERRUPTED
            except ModuleNotFoundError as error:
                package = (error.name or "").partition(".")[0]
                if package in ("", "biaxial"):
                    raise
                print(f"{prog}: this needs {package}, which is not installed: pip install {package}", file=sys.stderr)
                return STATUS_INPUT
            except (ValueError, OSError) as error:
                message = _describe(error) if isinstance(error, OSError) else str(error)
                print(f"{prog}: {' '.join(message.split())}", file=sys.stderr)
                return STATUS_INPUT
            return 0

        return main

    return wrap


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

    On a terminal the bar is live; in a log file it is a line every ten seconds.
    """
    from tqdm import tqdm

    pace = 0.1 if sys.stderr.isatty() else 10.0
    with tqdm(
        total=total, unit=unit, disable=quiet, mininterval=pace, delay=0 if pace < 1 else pace, file=sys.stderr
    ) as bar:

        def advance(units: int) -> None:
            bar.update(units)

        yield advance
