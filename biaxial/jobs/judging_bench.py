"""Judging given pieces one after the other, each into a document: what ``biaxial-evaluate --against`` says of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from biaxial.corpora.reading.entry import off_grid
from biaxial.corpora.splits import folder_of, piece_name
from biaxial.formats.melody_file import read_part
from biaxial.jobs.order import Order
from biaxial.jobs.planning import Models
from biaxial.jobs.shards import ABOUT, read_documents, shard_paths
from biaxial.judge.judge import Judge
from biaxial.judge.reference import Reference, shipped_reference
from biaxial.judge.wording import JudgedPiece, plain_judgement
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.tasks.model import Model

REFERENCE_FILE: Final = "reference.npz"
"""What pieces are judged beside, where it is not the corpus that the package knows."""


def reference_of(order: Order, folder: Path) -> Reference:
    """What the pieces of an order are judged beside.

    Raises
    ------
    ValueError, OSError
        If it cannot be read.
    """
    return Reference.load(folder / REFERENCE_FILE) if order.plan["reference"] else shipped_reference()


class Bench:
    """Judges the given pieces of an order.

    Parameters
    ----------
    order
        The order.
    folder
        Where its shards go, and where the reference lies.
    models
        Its models.
    """

    def __init__(self, order: Order, folder: Path, models: Models) -> None:
        assert isinstance(models.writer, Model)
        network = models.writer.teller(precision=order.plan["precision"])
        self._judge = Judge(reference_of(order, folder), network, order.plan["precision"])
        self._grid, self._source = Grid(network.config.steps_per_quarter), Path(order.source)
        self._reading = dict(order.reading or {})

    def judged(self, path: Path) -> dict[str, Any]:
        """What the judge says of a file.

        Raises
        ------
        InputError, ValueError
            If it cannot be read, or is off the grid.
        """
        score = read_part(path, self._reading["part"], self._reading["repeats"])
        if not score.notes:
            raise InputError(f"{path}: it has no notes; give music")
        beside, most = off_grid(score, self._grid), self._reading["max_off_grid"]
        if beside > most:
            raise InputError(f"{path}: its notes begin {beside:.3f} steps off the grid on average, above {most:g}")
        (found,) = self._judge.judge([(piece_name(folder_of(self._source), path), score)])
        return plain_judgement(found)


def judged_pieces(folder: Path) -> Iterator[JudgedPiece]:
    """The judgements in a folder of shards, or in one shard, in order.

    Raises
    ------
    InputError
        If there are none, or a shard is damaged.
    """
    for shard in shard_paths(folder):
        for name, document in read_documents(shard):
            if name != ABOUT:
                yield JudgedPiece.from_plain(document)
