"""Nats of pieces in every style, as ``biaxial-evaluate`` prints them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from biaxial.cli.judging import finite

if TYPE_CHECKING:
    from biaxial.likelihood.style_nats import StyledPiece
    from biaxial.metrics.figures.report import Figure

MOST_LISTED = 40
"""Most pieces of which each gets a line; of more, ``--json`` has them all."""


def figure_text(figure: Figure) -> str:
    """A figure with its standard error."""
    error = "" if math.isnan(figure.standard_error) else f" ± {figure.standard_error:.4f}"
    return f"{figure.value:.4f}{error}"


def styles_table(pieces: Sequence[StyledPiece], *, by_split: bool) -> str:
    """Markdown: a row for each style, and of few pieces a row for each of them."""
    from biaxial.likelihood.style_nats import style_rows

    lines = ["", "|  | style | nats per frame | most probable in it |", "|---|---|---|---|"]
    for row in style_rows(pieces, by_split):
        best = f"{row.num_best} of {row.num_pieces}"
        lines.append(f"| {row.label} | {row.style} | {figure_text(row.figure)} | {best} |")
    if len(pieces) <= MOST_LISTED:
        names = list(pieces[0].nats)
        lines += ["", f"| piece | most probable style | {' | '.join(names)} |", f"|{'---|' * (2 + len(names))}"]
        for piece in pieces:
            nats = " | ".join(f"{piece.nats[name] / piece.num_frames:.4f}" for name in names)
            lines.append(f"| {piece.name} | {piece.style} | {nats} |")
    return "\n".join(lines)


def plain_styles(pieces: Sequence[StyledPiece], *, by_split: bool) -> dict[str, Any]:
    """The same in plain values, with all pieces."""
    from biaxial.likelihood.style_nats import style_rows

    splits: dict[str, dict[str, Any]] = {}
    for row in style_rows(pieces, by_split):
        splits.setdefault(row.label, {})[row.style] = {
            "nats_per_frame": finite(row.figure.value),
            "standard_error": finite(row.figure.standard_error),
            "num_most_probable": row.num_best,
            "num_pieces": row.num_pieces,
        }
    rows = [
        {
            "name": piece.name,
            "split": piece.split,
            "most_probable": piece.style,
            "nats_per_frame": {name: nats / piece.num_frames for name, nats in piece.nats.items()},
        }
        for piece in pieces
    ]
    return {"splits": splits, "pieces": rows}
