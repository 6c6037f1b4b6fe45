"""Mutations of music in letters: ABC and kern."""

from __future__ import annotations

import re

from scripts.drills.mutate_any import Draw

_ABC = (
    *["Z999999999|", "z99999999999", "A9999999999", "A/99999999", "(9:999999999:9ABC", "&"],
    *["[M:99/1]A", "[L:1/999999999]A", "[V:new]A"],
    *("[K:C transpose=999]A", "[Q:" + "9" * 400 + "]A", "[M:1/64]" + "Z99" * 500, "A" + ">" * 20_000 + "B"),
    "A" + "'" * 300,
    *("[K:" * 30_000, "[" + "C" * 100_000 + "]", '"A' + "b" * 200_000 + '"', "|:" * 20_000, "{" * 20_000),
    "A" + "/" * 20_000,
    *("".join(f"A/{n} " for n in range(3, 9000, 2)), "".join(f"A{n}/{10**200 + n} " for n in range(3, 3000, 2))),
    *("!fermata" * 9000, "".join(f"[V:{n}]A" for n in range(5000)), "(3" * 10_000 + "A", "[M:3/8]A[M:4/8]A" * 5000),
    "\n".join(f"V:{n}\nA" for n in range(5000)),
)  # fmt: skip


def abc_piece(data: bytes, draw: Draw) -> bytes:
    """Absurd rests, tuplets, repeats, chords and fields in the music."""
    places = [match.start() for match in re.finditer(rb"[ |\n]", data)] or [0]
    place = draw.choice(places)
    return data[:place] + draw.choice(_ABC).encode() + data[place:]


_KERN = (
    *[
        "*M99999999/4",
        "*M4/99999999",
        "*M4/1073741824",
        "*MM0",
        "*MM99999999",
        "*^",
        "*v",
        "*x",
        "*+",
        "*-",
        "*>[A,A,B]",
        "=:|!|:",
        "**kern",
        "*C:",
    ],
    *["99999999c", "0c", "000000c", "3%99999999c", "qqc", "[[[[4c"],
    *("!!!!SEGMENT: x", "*k[" + "f#" * 5000 + "]", "*I" + "x" * 9999, "4" + "c" * 3000, "4c" + "#" * 3000),
    *("4" + "." * 3000 + "c", "4c " * 3000, "4c" + "L" * 3000, "4c" + "T" * 3000),
)


def kern_piece(data: bytes, draw: Draw) -> bytes:
    """An absurd token, in one line or in many."""
    rows = data.split(b"\n")
    token = draw.choice(_KERN).encode()
    place = draw.randrange(len(rows))
    columns = rows[place].count(b"\t") + 1
    width = draw.choice((columns, columns, columns, 1, columns + 1, 500))
    other = b"*" if token.startswith(b"*") else b"."
    row = b"\t".join([token, *[draw.choice((token, other)) for _ in range(width - 1)]])
    rows[place:place] = [row] * draw.choice((1, 1, 1, 20, 500))
    return b"\n".join(rows)
