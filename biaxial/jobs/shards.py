"""Shards: tar files of pieces as webdataset reads them, written whole or not at all, the same bytes from the same job.

Piece 123 is ``000123.json``, the document of :meth:`Piece.to_json <biaxial.tasks.piece.Piece.to_json>`, which loses
nothing; ``000123.mid``; and the other kinds of files that were asked for. A given file stands in the document as
``given``. The last member, ``__shard__``, is JSON too: the job, and the pieces that could not be written, each with the
reason. Readers of webdataset pass over such a name. A shard of judgements has documents alone. Members are in the order
of their pieces; times and owners are 0.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from biaxial.files.atomic import written_whole
from biaxial.files.json_value import MAX_JSON_BYTES
from biaxial.files.limits import read_within
from biaxial.files.tar_members import is_tar, member_paths
from biaxial.music.errors import InputError
from biaxial.tasks.piece import Piece

ABOUT: Final = "__shard__"
"""The member that says what made a shard."""


def shard_name(shard: int) -> str:
    """The file of a shard."""
    return f"shard-{shard:05d}.tar"


def piece_key(number: int) -> str:
    """What the members of a piece are called, before the dot."""
    return f"{number:06d}"


class ShardWriter:
    """A shard that is being written.

    Parameters
    ----------
    tar
        The tar file.
    """

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def add(self, name: str, content: bytes) -> None:
        """Add a member."""
        member = tarfile.TarInfo(name)
        member.size = len(content)
        self._tar.addfile(member, BytesIO(content))

    def add_json(self, name: str, document: Mapping[str, Any]) -> None:
        """Add a document."""
        self.add(name, json.dumps(document).encode())


@contextmanager
def write_shard(path: Path) -> Iterator[ShardWriter]:
    """A shard to be written, which takes its name when it is finished; after an error nothing of it is left."""
    with (
        written_whole(path, f"{path.name}.") as file,
        tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        yield ShardWriter(tar)


def remove_unfinished(folder: Path, shards: Collection[int]) -> None:
    """Remove what processes that were killed have left of some shards."""
    names = {shard_name(shard) for shard in shards}
    for left in folder.glob(".shard-*.tar.*.tmp"):
        if left.name[1:].partition(".tar.")[0] + ".tar" in names:
            left.unlink(missing_ok=True)


def shard_paths(folder: Path) -> list[Path]:
    """The shards of a folder, in order; a shard is a folder of one.

    Raises
    ------
    InputError
        If there is none.
    """
    paths = [folder] if is_tar(folder) else sorted(folder.glob("shard-*.tar"))
    if not paths:
        raise InputError(f"{folder}: no shards in it; biaxial-compose --shards writes them")
    return paths


def read_documents(shard: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The documents of a shard by the names of their pieces; that of the shard itself comes last, as :data:`ABOUT`.

    Raises
    ------
    InputError
        If the shard is damaged, or a member too large.
    """
    for path in member_paths(shard):
        if path.suffix == ".json" or path.name == ABOUT:
            try:
                document = json.loads(read_within(path, MAX_JSON_BYTES))
                if not isinstance(document, dict):
                    raise ValueError("it is not an object")
            except (ValueError, RecursionError) as error:
                reason = " ".join(str(error).split())[:160]
                raise InputError(f"{path}: not a JSON document ({reason}); make the shard again") from error
            yield path.stem if path.name != ABOUT else ABOUT, document


@dataclass(frozen=True)
class ShardPiece:
    """A piece of a shard.

    Parameters
    ----------
    name
        What it is called there, such as ``"000123"``.
    piece
        The piece, with its score, seed, likelihood and plan.
    shard
        The file.
    given
        The file that it was made of, if one was given.
    """

    name: str
    piece: Piece
    shard: Path
    given: str = ""

    def read(self, suffix: str = ".mid") -> bytes:
        """One of its files as bytes.

        Raises
        ------
        FileNotFoundError
            If there is none of that ending.
        """
        return read_within(self.shard / f"{self.name}{suffix}", self.shard.stat().st_size)


def read_shards(folder: str | Path) -> Iterator[ShardPiece]:
    """The pieces of a folder of shards, or of one shard, in order; one at a time is in memory.

    Parameters
    ----------
    folder
        What ``biaxial-compose --shards`` and the like wrote.

    Raises
    ------
    InputError
        If there are no shards, one is damaged, or they hold something else.
    """
    for shard in shard_paths(Path(folder)):
        for name, document in read_documents(shard):
            if name == ABOUT:
                continue
            try:
                piece = Piece.from_json(json.dumps(document))
            except InputError as error:
                raise InputError(f"{shard}: {name}: {error}") from error
            yield ShardPiece(name, piece, shard, str(document.get("given", "")))
