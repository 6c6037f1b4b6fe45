"""``biaxial-studio``: a page in the browser on which music is written, heard, locked and redone."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from biaxial.cli.common import Arguments, verb
from biaxial.cli.options import option, parse, parser
from biaxial.files.weights_file import DEFAULT, check_kind, check_weights, weights_path
from biaxial.music.errors import InputError

PROG = "biaxial-studio"
DESCRIPTION = (
    "Open a page in the browser on which a tune becomes four parts: any voice, bar or note can be locked, and what is "
    "selected is written anew. It runs on this machine alone and needs no network. The address is printed."
)
PORT = 8374
PARTS = ("starlette", "uvicorn", "verovio", "typst")
"""What the extra ``studio`` installs."""


@dataclass(frozen=True)
class StudioOptions:
    """Where the page is and what writes."""

    port: int = option(PORT, within=(1, 65535), help="port; where it is taken, the next free one")
    no_browser: bool = option(False, help="print the address only")
    checkpoint: str | None = option(
        None, metavar="FILE", help="weights of a biaxial model: a file or a shipped name (default: chorales-v3)"
    )


@verb(PROG)
def main(argv: Arguments, prog: str) -> None:
    """Serve the page until Ctrl-C."""
    (options,) = parse(parser(prog, DESCRIPTION, StudioOptions), argv)
    if missing := [name for name in PARTS if find_spec(name) is None]:
        raise InputError(f"this needs {', '.join(missing)}, not installed: pip install 'biaxial[studio]'")
    path = weights_path(options.checkpoint or DEFAULT)
    check_weights(path)
    check_kind(path, biaxial=True)
    from biaxial.studio.serving import serve

    serve(options.port, checkpoint=options.checkpoint, browser=not options.no_browser)
