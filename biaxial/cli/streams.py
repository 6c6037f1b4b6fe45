"""stdout and stderr of a command: nothing written to them can harm a terminal, or cost the work that was done.

Names and titles come from files. Control characters in them are shown as escapes, and so is what the terminal cannot
print. What goes to stderr is never needed: where nobody takes it, it is lost. A stdout that was closed before the
command began takes everything and keeps nothing; one that fails later is an error, after the work.
"""

from __future__ import annotations

import errno
import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

# Colours, moves and titles begin with ESC or one of 80 to 9f; the last ones turn the direction of writing round.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_BAR = re.compile(r"\r?[^\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*\n?\r?|\n*(?:\x1b\[A)+")  # of tqdm


def printable(text: str, encoding: str = "utf-8") -> str:
    """A text with control characters, and what an encoding lacks, as escapes; lines and tabs stay."""
    if not _BAR.fullmatch(text):
        text = _CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)
    return text.encode(encoding, "backslashreplace").decode(encoding)


class Printable(io.TextIOBase):
    """A stream that shows control characters as escapes; of everything else it is the stream beneath.

    Parameters
    ----------
    stream
        The stream beneath.
    needed
        Whether it is an error if it cannot be written to; else what is written is lost.
    """

    def __init__(self, stream: TextIO, *, needed: bool) -> None:
        self._stream, self._needed = stream, needed

    def write(self, text: str) -> int:
        """Write a text."""
        with self._failure():
            self._stream.write(printable(text, self._stream.encoding or "utf-8"))
        return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        with self._failure():
            self._stream.flush()

    @contextmanager
    def _failure(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            if self._needed:
                raise
        except OSError as error:
            if self._needed:
                raise OSError(error.errno or errno.EIO, error.strerror or str(error), "standard output") from error
        except ValueError:  # it is closed
            if self._needed:
                raise

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        with suppress(ValueError):  # it is closed
            return self._stream.isatty()
        return False

    def fileno(self) -> int:
        """The number of the file beneath."""
        return self._stream.fileno()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def safe_streams() -> Iterator[None]:
    """Run a command with such streams in place of ``sys.stdout`` and ``sys.stderr``."""
    for number in range(3):  # what the next file that is opened would take, and a message then write into
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    old = sys.stdout, sys.stderr
    nowhere = open(os.devnull, "w", encoding="utf-8") if None in old else None  # noqa: SIM115
    out, err = (cast(TextIO, nowhere if stream is None else stream) for stream in old)
    sys.stdout, sys.stderr = cast(TextIO, Printable(out, needed=True)), cast(TextIO, Printable(err, needed=False))
    try:
        yield
    finally:
        sys.stderr.flush()
        sys.stdout, sys.stderr = old
        if nowhere is not None:
            nowhere.close()


def abandon(stream: TextIO | None) -> None:
    """Let what is left for a stream that fails go nowhere, so that Python's end does not stumble over it."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), cast(TextIO, stream).fileno())
