"""The commands: one thin file each, options out of dataclasses, work done by the rooms below."""

import sys
from types import TracebackType


def _quiet(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say nothing of Ctrl-C while a command is still being imported; the process ends by the signal all the same."""
    if not issubclass(kind, KeyboardInterrupt):
        _before(kind, error, trace)


_before, sys.excepthook = sys.excepthook, _quiet
