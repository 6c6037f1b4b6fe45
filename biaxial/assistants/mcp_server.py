"""The tools as a server of the Model Context Protocol, which assistants speak over standard input and output.

Source: https://modelcontextprotocol.io/specification, by the package ``mcp``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Literal

from mcp.server.fastmcp import FastMCP
from mcp.server.fastmcp.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from biaxial.assistants.tool_box import ToolBox
from biaxial.render.files import WRITERS
from biaxial.tasks.plans.outline import MAX_BARS

_ENDINGS = ", ".join(WRITERS)
Output = Annotated[list[str], Field(min_length=1, description=f"new files to write, which end in {_ENDINGS}")]
Music = Annotated[str, Field(description="a file in the folder: MIDI, MusicXML, ABC, kern or JSON")]
Seed = Annotated[int | None, Field(ge=0, le=2**63 - 1, description="the same seed gives the same piece")]
KeyName = Annotated[str | None, Field(description="such as 'G major' or 'F# minor'; by default the model chooses")]
Style = Annotated[
    str | None, Field(description="style that the weights know, or 'bach:0.7,hymn:0.3'; their own by default")
]
BarRange = Annotated[str, Field(description="such as '5-8', counted from 1; 0 is the pickup")]
Voice = Literal["S", "A", "T", "B"]


def make_server(tools: ToolBox) -> FastMCP:
    """The server; ``run()`` speaks over standard input and output until that ends.

    Parameters
    ----------
    tools
        What it offers.
    """
    server = FastMCP(
        "biaxial",
        instructions="Composes, harmonises, judges and engraves four-part chorales. Files are named from the folder "
        f"that the server was started with; nothing is written over, and a piece has at most {MAX_BARS} bars.",
    )
    writes = ToolAnnotations(readOnlyHint=False, destructiveHint=False, idempotentHint=False, openWorldHint=False)
    reads = ToolAnnotations(readOnlyHint=True, openWorldHint=False)

    def compose(
        output: Output,
        bars: Annotated[int, Field(ge=1, le=MAX_BARS, description="how long")] = 16,
        key: KeyName = None,
        time_signature: Annotated[str, Field(description="such as 4/4 or 3/4")] = "4/4",
        seed: Seed = None,
        title: Annotated[str, Field(max_length=200)] = "",
        style: Style = None,
    ) -> dict[str, Any]:
        """Compose a chorale in four voices and write it."""
        return tools.compose(output, bars, key, time_signature, seed, title, style)

    def harmonise(
        melody: Music,
        output: Output,
        voice: Annotated[Voice | None, Field(description="which voice the tune is; by its range by default")] = None,
        key: KeyName = None,
        chords: Annotated[str | None, Field(description="chord symbols to follow, such as '| G C | D G |'")] = None,
        seed: Seed = None,
        style: Style = None,
    ) -> dict[str, Any]:
        """Write the other voices to a tune; its own notes are kept."""
        return tools.harmonise(melody, output, voice, key, chords, seed, style)

    def infill(
        piece: Music,
        bars: BarRange,
        output: Output,
        voices: Annotated[list[Voice] | None, Field(description="which voices; all by default")] = None,
        seed: Seed = None,
        style: Style = None,
    ) -> dict[str, Any]:
        """Write some bars of a piece anew; all else is kept."""
        return tools.infill(piece, bars, output, None if voices is None else list(voices), seed, style)

    def judge(piece: Music) -> dict[str, Any]:
        """Measure a piece beside Bach's chorales: its grade (0 is the middle of Bach), and what is odd in it."""
        return tools.judge(piece)

    def explain(
        piece: Music,
        bars: Annotated[str | None, Field(description="such as '5-8'; all by default")] = None,
        top: Annotated[int, Field(ge=1, le=50, description="how many moments")] = 5,
        style: Style = None,
    ) -> dict[str, Any]:
        """Tell the moments of a piece that surprised the network most, and what it expected in their place."""
        return tools.explain(piece, bars, top, style)

    def render(
        piece: Music,
        output: Output,
        staves: Annotated[Literal[2, 4], Field(description="staves that four voices are printed on")] = 2,
        instrument: Literal["organ", "choir", "piano", "strings"] = "organ",
        write_chords: Annotated[bool, Field(description="whether chords are named")] = False,
    ) -> dict[str, Any]:
        """Write a piece as other kinds of files: scores, pages, piano rolls, sound."""
        return tools.render(piece, output, staves, instrument, write_chords)

    writing: list[Callable[..., dict[str, Any]]] = [compose, harmonise, infill, render]
    reading: list[Callable[..., dict[str, Any]]] = [judge, explain]
    for group, hints in ((writing, writes), (reading, reads)):
        for tool in group:
            server.add_tool(_in_words(tool), annotations=hints)
    return server


def _in_words(tool: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """The same tool, whose errors are one line."""

    @wraps(tool)
    def told(*args: Any, **kwargs: Any) -> dict[str, Any]:
        try:
            return tool(*args, **kwargs)
        except (ValueError, OSError, MemoryError) as error:
            line = " ".join(str(error).split()) or "there is not enough memory for this; ask for less at once"
            raise ToolError(line) from None

    told.__signature__ = inspect.signature(tool, eval_str=True)  # type: ignore[attr-defined]
    return told
