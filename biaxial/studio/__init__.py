"""The studio: a page on which a musician writes, hears, locks and redoes, and the server behind it.

What the server does for the page Python can do too, with the same messages (:mod:`biaxial.studio.messages`)::

    from biaxial import load, studio

    tune = studio.opened(data, "tune.abc").document
    written = studio.write(load(), studio.messages.Harmonise(tune, seed=1))
    print(written.takes[0].added)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from biaxial.studio import messages
    from biaxial.studio.keeping import kept
    from biaxial.studio.opening import opened
    from biaxial.studio.pages import engraved
    from biaxial.studio.reasons import explained, judged
    from biaxial.studio.sounds import sounding
    from biaxial.studio.state_file import running
    from biaxial.studio.takes import write

__all__ = ["engraved", "explained", "judged", "kept", "messages", "opened", "running", "sounding", "write"]

_HOMES = {
    "engraved": "pages",
    "explained": "reasons",
    "judged": "reasons",
    "kept": "keeping",
    "opened": "opening",
    "running": "state_file",
    "sounding": "sounds",
    "write": "takes",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name == "messages":
        return importlib.import_module("biaxial.studio.messages")
    if name not in _HOMES:
        raise AttributeError(f"module 'biaxial.studio' has no attribute {name!r}")
    return getattr(importlib.import_module(f"biaxial.studio.{_HOMES[name]}"), name)
