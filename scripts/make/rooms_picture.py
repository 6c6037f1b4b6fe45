"""Draw ``docs/pictures/rooms.svg``: the rooms of the package, and which imports from which, read from its files.

``python scripts/make/rooms_picture.py`` takes a second. A room stands above all that it imports from. An arrow that
others imply is left out: where A leads to B and B to C, A may import from C too.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Final

from biaxial.files.assets import PACKAGE
from biaxial.files.atomic import atomic_write

TARGET: Final = Path(__file__).parents[2] / "docs" / "pictures" / "rooms.svg"

FACTS, TENSORS, ASKED, ABOVE = "#dbe9f6", "#dff0d8", "#fdebd0", "#ececec"
LEGEND: Final = {
    ABOVE: "ways in, training, jobs",
    ASKED: "what a person asks for",
    TENSORS: "tensors",
    FACTS: "facts about music",
}

ROOMS: Final = {
    "cli": (-1, ABOVE, "a file for each command"),
    "training": (-3, ABOVE, "crops, runs, search"),
    "jobs": (-1, ABOVE, "shards, many machines"),
    "assistants": (1, ABOVE, "tools for assistants"),
    "studio": (3, ABOVE, "a page and its server"),
    "tasks": (-1, ASKED, "compose, harmonise, fill"),
    "judge": (0, ASKED, "beside a corpus"),
    "render": (2, ASKED, "pages, pictures, sound"),
    "weights": (-2, TENSORS, "files of weights"),
    "likelihood": (1, TENSORS, "nats, surprise"),
    "tokens": (-1, TENSORS, "music as strings"),
    "sampling": (-2, TENSORS, "drawing, constraints"),
    "corpora": (0, FACTS, "chorales, songs, folders"),
    "metrics": (2, FACTS, "rules and statistics"),
    "models": (-1, TENSORS, "the network"),
    "formats": (1, FACTS, "MIDI, MusicXML, ABC …"),
    "features": (-1, TENSORS, "what the network sees"),
    "files": (1, FACTS, "limits, caches, assets"),
    "music": (0, FACTS, "scores, rolls, keys"),
}
"""Column, colour and content of each room."""

WIDTH, HEIGHT, COLUMN, ROW, EDGE = 164, 46, 92, 82, 20
"""Of a box, and from one to the next, in pixels."""

Imports = Mapping[str, frozenset[str]]

DOORS: Final = PACKAGE / "music" / "doors.py"


def modules(path: Path) -> Iterator[str]:
    """Modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def read_imports() -> Imports:
    """Of every room those that its files import from; the late imports of a score's doors are no way between rooms."""
    found: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room.startswith("__") or path == DOORS:
            continue
        names = (module.split(".") for module in modules(path))
        found.setdefault(room, set()).update(p[1] for p in names if p[0] == "biaxial" and len(p) > 1)
    return {room: frozenset(to & found.keys() - {room}) for room, to in sorted(found.items())}


def arrows(imports: Imports) -> list[tuple[str, str]]:
    """Pairs of rooms of which the first imports from the second, without those that follow from others."""

    @cache
    def below(room: str) -> frozenset[str]:
        return imports[room].union(*(below(other) for other in imports[room]))

    return [
        (room, to)
        for room, others in imports.items()
        for to in sorted(others)
        if not any(to in below(other) for other in others)
    ]


def rows(imports: Imports) -> dict[str, int]:
    """Row of each room, 0 at the bottom: above all that it imports from."""

    @cache
    def row(room: str) -> int:
        return max((row(other) + 1 for other in imports[room]), default=0)

    return {room: row(room) for room in imports}


def picture(imports: Imports) -> str:
    """Text of the SVG."""
    row_of = rows(imports)
    top = max(row_of.values())
    width = 6 * COLUMN + WIDTH + 2 * EDGE
    height = top * ROW + HEIGHT + 2 * EDGE

    def place(room: str) -> tuple[int, int]:
        """Middle of the upper edge of its box."""
        return width // 2 + ROOMS[room][0] * COLUMN, EDGE + (top - row_of[room]) * ROW

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' font-family="Helvetica, Arial, sans-serif" text-anchor="middle">',
        "<title>The rooms of the package; each imports from those that its arrows lead to</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#666"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for room, to in arrows(imports):
        (x, y), (to_x, to_y) = place(room), place(to)
        parts.append(
            f'<line x1="{x}" y1="{y + HEIGHT}" x2="{to_x}" y2="{to_y}" stroke="#666" stroke-width="1.3"'
            ' marker-end="url(#tip)"/>'
        )
    for room in sorted(row_of):
        (x, y), (_, colour, content) = place(room), ROOMS[room]
        parts += [
            f'<rect x="{x - WIDTH // 2}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="{colour}"'
            ' stroke="#666"/>',
            f'<text x="{x}" y="{y + 19}" font-size="15" font-weight="bold">{room}</text>',
            f'<text x="{x}" y="{y + 37}" font-size="12" fill="#333">{escape(content)}</text>',
        ]
    for index, (colour, meaning) in enumerate(LEGEND.items()):
        y = height - EDGE - 22 * (len(LEGEND) - index)
        parts += [
            f'<rect x="{EDGE}" y="{y}" width="14" height="14" fill="{colour}" stroke="#666"/>',
            f'<text x="{EDGE + 22}" y="{y + 12}" font-size="12" text-anchor="start">{meaning}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Read the imports and draw."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    imports = read_imports()
    atomic_write(TARGET, picture(imports).encode())
    print(f"{TARGET}: {len(imports)} rooms, {len(arrows(imports))} arrows")


if __name__ == "__main__":
    main()
