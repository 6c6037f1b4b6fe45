"""A table of figures beside a shard, ``shard-00012.parquet``: a row for each piece, made with pyarrow.

It has what the judge measures in a piece alone, without a corpus or a network, over the whole piece, and what its
document says of it. It stands outside the promise of equal bytes, since pyarrow writes its own version into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from biaxial.files.atomic import atomic_write
from biaxial.judge.measures import Reading, in_piece
from biaxial.tasks.piece import Piece


def features_of(number: int, piece: Piece) -> dict[str, Any]:
    """The row of a piece; a measure that does not apply is NaN."""
    score = piece.score
    return {
        "piece": number,
        "seed": piece.seed,
        "key": "" if score.key is None else score.key.name,
        "num_bars": len(score.bar_starts()),
        "num_notes": len(score.notes),
        "num_steps": piece.likelihood.num_steps,
        "nats": piece.likelihood.nats,
        **in_piece(Reading.of(score)),
    }


def write_features(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write the rows of a shard, whole or not at all.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    import pyarrow
    import pyarrow.parquet

    buffer = BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), buffer)
    atomic_write(path, buffer.getvalue())
