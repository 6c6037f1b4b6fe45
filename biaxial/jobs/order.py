"""An order, which is all that a run of many pieces is to make, and its jobs, each of which makes one shard.

Both are plain values, kept as JSON. The order lies in the folder of the shards as ``order.json`` and says where weights
and given files lie. A job says what decides the bytes of its shard and nothing else: the verb with its words, the
pieces with their seeds, how they are drawn and written, the checksums of weights and given files, and the version. It
has no path, no date and no name of a machine in it, so that the same job makes the same shard anywhere.

Pieces are numbered from 0. Without given files piece *i* has the seed *S + i*. With given files each of them is taken
``versions`` times, with the seeds *S*, *S + 1* and so on: a piece is the one that its file and its seed give alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, Literal, get_args

from biaxial.files.assets import PACKAGE
from biaxial.files.atomic import atomic_write
from biaxial.files.limits import MEBIBYTE, read_within
from biaxial.files.weights_file import check_weights, weights_path
from biaxial.music.constants import VERSION
from biaxial.music.errors import InputError

Verb = Literal["compose", "compose tokens", "compose on tunes", "harmonise", "infill", "bridge", "continue", "judge"]
ORDER_FILE: Final = "order.json"
MAX_ORDER_BYTES: Final = 256 * MEBIBYTE
"""Largest order; a million given files have 150."""
_FORMAT: Final = "biaxial-order-1"


@dataclass(frozen=True)
class Weights:
    """Weights that are used.

    Parameters
    ----------
    path
        The file, or the name of shipped weights.
    sha256
        Checksum of the file.
    """

    path: str
    sha256: str

    @classmethod
    def of(cls, path: str | Path) -> Weights:
        """Weights as they are now.

        Raises
        ------
        InputError
            If there are none.
        """
        file = weights_path(path)
        check_weights(file)
        shipped = file.is_relative_to(PACKAGE)
        return cls(file.stem if shipped else str(file.resolve()), file_checksum(file))

    @property
    def name(self) -> str:
        """What pieces call them."""
        return weights_path(self.path).stem


@dataclass(frozen=True)
class Job:
    """What makes one shard; every value is plain.

    Parameters
    ----------
    version
        Of the package.
    verb, plan
        What is done, and the words of the planning function.
    first, pieces
        Number of the first piece of the shard, and how many there are.
    seeds
        Lowest and highest seed among them.
    versions
        Pieces of each given file; 0 where none are given.
    given
        Checksum of each given file of the shard, by its name, in order.
    weights
        Checksum of each file of weights, by its name.
    drawing, reading, writing
        How pieces are drawn, given files read and files written.
    """

    version: str
    verb: Verb
    plan: Mapping[str, Any]
    first: int
    pieces: int
    seeds: tuple[int, int]
    versions: int
    given: Mapping[str, str]
    weights: Mapping[str, str]
    drawing: Mapping[str, Any]
    reading: Mapping[str, Any]
    writing: Mapping[str, Any]

    @property
    def numbers(self) -> range:
        """The numbers of its pieces."""
        return range(self.first, self.first + self.pieces)

    def to_dict(self) -> dict[str, Any]:
        """Itself as JSON has it."""
        return {**asdict(self), "seeds": list(self.seeds)}


@dataclass(frozen=True)
class Order:
    """All that a run is to make.

    Parameters
    ----------
    command
        The command line program that goes on with it.
    verb, plan
        What is done, and the words of the planning function; scores are documents.
    seed
        Seed of the first piece.
    pieces, shards
        How many pieces there are in how many shards.
    weights
        The weights, the tune's first where there are two.
    versions
        Pieces of each given file; 0 where none are given.
    source
        Folder or file of what is given.
    given
        Checksum of each given file, by its name below the source.
    drawing, reading, writing
        How pieces are drawn, given files read and files written.
    device
        Where weights go.
    version
        Of the package.
    """

    command: str
    verb: Verb
    plan: Mapping[str, Any]
    seed: int
    pieces: int
    shards: int
    weights: tuple[Weights, ...]
    versions: int = 0
    source: str = ""
    given: Mapping[str, str] | None = None
    drawing: Mapping[str, Any] | None = None
    reading: Mapping[str, Any] | None = None
    writing: Mapping[str, Any] | None = None
    device: str = "cpu"
    version: str = VERSION

    def __post_init__(self) -> None:
        if self.verb not in get_args(Verb):
            raise ValueError(f"{self.verb!r} is not a verb of an order")
        if not 1 <= self.shards <= self.pieces:
            raise InputError(
                f"--shards: {self.shards} shards cannot be made of {self.pieces} pieces; give 1 to {self.pieces}"
            )

    def numbers(self, shard: int) -> range:
        """The pieces of a shard; shards differ by one piece at most."""
        return range(shard * self.pieces // self.shards, (shard + 1) * self.pieces // self.shards)

    def seed_of(self, number: int) -> int:
        """The seed of a piece."""
        return self.seed + (number % self.versions if self.versions else number)

    def given_name(self, number: int) -> str:
        """The given file of a piece; empty where there is none."""
        return self._names[number // self.versions] if self.versions else ""

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(self.given or ())

    def job(self, shard: int) -> Job:
        """What makes a shard.

        Raises
        ------
        ValueError
            If there is no such shard.
        """
        if not 0 <= shard < self.shards:
            raise ValueError(f"there is no shard {shard}; there are 0 to {self.shards - 1}")
        numbers = self.numbers(shard)
        given = dict.fromkeys(filter(None, map(self.given_name, numbers)))
        seeds = [self.seed_of(number) for number in numbers]
        writing = dict(self.writing or {})
        if writing.get("soundfont"):
            writing["soundfont"] = Path(writing["soundfont"]).name
        return Job(
            self.version,
            self.verb,
            self.plan,
            numbers.start,
            len(numbers),
            (min(seeds), max(seeds)),
            self.versions,
            {name: (self.given or {})[name] for name in given},
            {each.name: each.sha256 for each in self.weights},
            self.drawing or {},
            self.reading or {},
            writing,
        )

    def save(self, folder: Path) -> None:
        """Write it into a folder.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        atomic_write(folder / ORDER_FILE, self.to_json().encode())

    def to_json(self) -> str:
        """Itself as JSON."""
        return json.dumps({"format": _FORMAT, **asdict(self)}, indent=1)

    @classmethod
    def load(cls, folder: Path) -> Order:
        """Read it from a folder.

        Raises
        ------
        InputError
            If there is none, or it is damaged.
        """
        path = folder / ORDER_FILE
        if not path.is_file():
            raise InputError(f"{folder}: no {ORDER_FILE} in it; give the folder of a run with --shards")
        try:
            document = json.loads(read_within(path, MAX_ORDER_BYTES))
            if document.pop("format") != _FORMAT:
                raise ValueError("it is of another version")
            weights = tuple(Weights(**each) for each in document.pop("weights"))
            known = {field.name for field in fields(cls)}
            return cls(weights=weights, **{name: value for name, value in document.items() if name in known})
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            reason = " ".join(str(error).split())[:160]
            raise InputError(
                f"{path}: not an order that can be read ({reason}); begin again in a new folder"
            ) from error


def file_checksum(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def source_checksum() -> str:
    """What tells one copy of the program from another: a hash of its source."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]
