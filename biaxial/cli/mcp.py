"""``biaxial-mcp``: tools for an assistant that speaks the Model Context Protocol over standard input and output."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from biaxial.cli.common import Arguments, nothing_to_lose, verb
from biaxial.cli.options import REQUIRED, option, parse, parser
from biaxial.files.weights_file import DEFAULT, check_kind, check_weights, weights_path

PROG = "biaxial-mcp"
DESCRIPTION = (
    "Serve tools to an assistant by the Model Context Protocol, over standard input and output: compose, harmonise, "
    "infill, judge, explain, render. Files are read and written below one folder only."
)


@dataclass(frozen=True)
class AssistantOptions:
    """What an assistant may use."""

    folder: Path = option(
        REQUIRED, positional=True, metavar="FOLDER", help="where files are read and written; nothing is written over"
    )
    checkpoint: Path | None = option(None, help="weights to use (default: those in the package)")


@verb(PROG)
def main(argv: Arguments, prog: str) -> None:
    """Serve until standard input ends."""
    (options,) = parse(parser(prog, DESCRIPTION, AssistantOptions), argv)
    path = weights_path(options.checkpoint or DEFAULT)
    check_weights(path)
    check_kind(path, biaxial=True)
    with nothing_to_lose():
        from biaxial.assistants.bounded_folder import BoundedFolder
        from biaxial.assistants.mcp_server import make_server
        from biaxial.assistants.tool_box import ToolBox

    make_server(ToolBox(BoundedFolder(options.folder), options.checkpoint)).run()
