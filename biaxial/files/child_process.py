"""Processes of one's own that answer line by line, and how they are ended."""

from __future__ import annotations

import subprocess
from contextlib import suppress


def end_process(process: subprocess.Popen[str] | None) -> None:
    """Kill a process, wait until it is gone, and close its pipes; nothing for ``None``."""
    if process is None:
        return
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError, ValueError):  # what was written to it cannot be delivered any more
                pipe.close()
