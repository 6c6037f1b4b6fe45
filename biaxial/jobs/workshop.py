"""One worker: it loads the models of an order once, and makes shard after shard.

A piece that cannot be written (a tune that is refused, an ending that cannot be met) is a failure with its reason; the
others of its shard are written all the same. Which pieces are drawn together does not matter for any of them.
"""

from __future__ import annotations

import hashlib
import json
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from biaxial.corpora.splits import folder_of
from biaxial.files.tar_members import read_member, tar_of
from biaxial.files.weights_file import weights_path
from biaxial.formats.read import read_music
from biaxial.jobs.judging_bench import Bench
from biaxial.jobs.manifest import Entry, entry_of
from biaxial.jobs.order import Order, file_checksum, source_checksum
from biaxial.jobs.planning import Models, check_plan, drawn
from biaxial.jobs.shards import ABOUT, ShardWriter, piece_key, remove_unfinished, shard_name, write_shard
from biaxial.music.constants import VERSION
from biaxial.music.errors import InputError
from biaxial.render.files import Rendering, midi_of, write_file
from biaxial.tasks.drawing.fill import UNMET
from biaxial.tasks.piece import Piece

Tell = Callable[[int, int], None]
"""Called with a shard and how many of its pieces are done so far."""
FEATURES: Final = ".parquet"
PLANNED_AT_ONCE: Final = 256
"""Pieces of a shard whose plans are in memory; each may take a hundred kilobytes."""


class Failure(NamedTuple):
    """A piece that could not be written."""

    reason: str


class Hello(NamedTuple):
    """What a worker says of itself before its first shard.

    Parameters
    ----------
    host
        Its machine.
    version, source, weights
        Version and checksum of the program, checksums of the weights as it finds them.
    refusal
        Why the pieces cannot be planned; empty if they can.
    """

    host: str
    version: str
    source: str
    weights: dict[str, str]
    refusal: str = ""


class Workshop:
    """Makes the shards of an order.

    Parameters
    ----------
    order
        The order.
    folder
        Where the shards go.
    threads
        Threads that share the pieces of a shard; by default as many as there are processors.
    """

    def __init__(self, order: Order, folder: Path, threads: int | None = None) -> None:
        self.order, self.folder, self.threads = order, folder, threads

    @cached_property
    def models(self) -> Models:
        """The models, loaded when they are first needed."""
        return Models.load(self.order, self.threads)

    def hello(self) -> Hello:
        """What it is, and whether it can plan the first piece; with many given files that does not say anything."""
        found = {each.name: file_checksum(weights_path(each.path)) for each in self.order.weights}
        refusal, only_one = "", len(self.order.given or {}) <= 1
        if found == self.order.job(0).weights and only_one and self.order.verb != "judge":
            try:
                check_plan(self.order, self.models, self._read(0) if self.order.versions else None)
            except ValueError as error:
                refusal = " ".join(str(error).split())
        return Hello(socket.gethostname(), VERSION, source_checksum(), found, refusal)

    def run(self, shard: int, tell: Tell = lambda shard, done: None) -> Entry:
        """Make a shard.

        Parameters
        ----------
        shard
            Its number.
        tell
            Told of every piece that is done.

        Raises
        ------
        InputError
            If a given file is another than it was when the order was made.
        OSError
            If the shard cannot be written.
        """
        begun = time.monotonic()
        path, job = self.folder / shard_name(shard), self.order.job(shard)
        remove_unfinished(self.folder, [shard])
        failures, rows = list[dict[str, Any]](), list[dict[str, Any]]()
        with write_shard(path) as file:
            for done, (number, made) in enumerate(self._made(job.numbers), start=1):
                if isinstance(made, Failure):
                    about: dict[str, Any] = {"piece": number, "seed": self.order.seed_of(number)}
                    if name := self.order.given_name(number):
                        about["given"] = name
                    failures.append({**about, "reason": made.reason})
                elif isinstance(made, Piece):
                    self._write(file, number, made, rows)
                else:
                    file.add_json(f"{piece_key(number)}.json", made)
                tell(shard, done)
            file.add_json(ABOUT, {"shard": shard, "job": job.to_dict(), "failures": failures})
            if FEATURES in self._endings:
                from biaxial.jobs.features_table import write_features

                write_features(path.with_suffix(FEATURES), rows)
        return entry_of(path, round(time.monotonic() - begun, 3), socket.gethostname())

    @property
    def _endings(self) -> Sequence[str]:
        return list((self.order.writing or {}).get("endings", ()))

    def _made(self, numbers: Sequence[int]) -> Iterator[tuple[int, Piece | Failure | Mapping[str, Any]]]:
        """What comes of pieces, in order."""
        if self.order.verb == "judge":
            yield from ((number, self._judged(number)) for number in numbers)
            return
        for name, group in groupby(numbers, self.order.given_name):
            while same := list(islice(group, PLANNED_AT_ONCE)):
                yield from zip(same, self._pieces(same, name), strict=True)

    def _judged(self, number: int) -> dict[str, Any] | Failure:
        """What the judge says of a given file."""
        path = self._given(number)
        try:
            return self._bench.judged(path)
        except ValueError as error:
            return Failure(" ".join(str(error).split()))

    @cached_property
    def _bench(self) -> Bench:
        return Bench(self.order, self.folder, self.models)

    def _pieces(self, numbers: Sequence[int], name: str) -> Iterator[Piece | Failure]:
        """Pieces of one given file, or of none; where one of several fails, each of the rest is drawn alone."""
        done = 0
        try:
            music = None if not name else self._read(numbers[0])
            for piece in drawn(self.order, self.models, numbers, music):
                done += 1
                yield Failure(UNMET) if UNMET in piece.remarks else piece
        except ValueError as error:
            if isinstance(error, ChangedError):
                raise
            if len(numbers) == 1:
                yield Failure(" ".join(str(error).split()))
                return
            for number in numbers[done:]:
                yield from self._pieces([number], name)

    def _given(self, number: int) -> Path:
        """A given file, the same as when the order was made."""
        name = self.order.given_name(number)
        path = folder_of(Path(self.order.source)) / name
        if given_checksum(path) != (self.order.given or {})[name]:
            raise ChangedError(f"{path}: it was changed after the order was made; begin again in a new folder")
        return path

    def _read(self, number: int) -> Any:
        """The music of a given file, as the verb takes it."""
        reading = self.order.reading or {}
        music = read_music(self._given(number), reading.get("repeats", "keep"))
        if self.order.verb != "harmonise":
            return music.score
        return replace(music, pickup=reading.get("pickup"), note_ends=reading.get("note_ends", "written"))

    def _write(self, file: ShardWriter, number: int, piece: Piece, rows: list[dict[str, Any]]) -> None:
        """Add the members of a piece."""
        writing = dict(self.order.writing or {})
        endings, title = writing.pop("endings", ()), writing.pop("title", None)
        if title is not None:
            title = f"{title} {number + 1}" if title else title
            piece = replace(piece, score=replace(piece.score, title=title))
        soundfont = writing.pop("soundfont", None)
        sound = None if soundfont is None else Path(soundfont)
        rendering = Rendering(**writing, soundfont=sound).played_on(piece.instruments)
        key, given = piece_key(number), self.order.given_name(number)
        document = json.loads(piece.to_json())
        file.add_json(f"{key}.json", {**document, "given": given} if given else document)
        file.add(f"{key}.mid", midi_of(piece.score, rendering))
        for ending in endings:
            if ending == FEATURES:
                from biaxial.jobs.features_table import features_of

                rows.append(features_of(number, piece))
                continue
            with tempfile.TemporaryDirectory() as place:
                for path in write_file(piece.score, Path(place) / f"{key}{ending}", rendering, piece.plan):
                    file.add(path.name.replace(f"{key}-", f"{key}.", 1), path.read_bytes())


class ChangedError(InputError):
    """A given file is another one than it was; no failure of a piece, but of the run."""


def given_checksum(path: Path) -> str:
    """SHA-256 of a given file, or of a member of a tar file."""
    return hashlib.sha256(read_member(path)).hexdigest() if tar_of(path) is not None else file_checksum(path)


def check_hello(hello: Hello, order: Order) -> None:
    """Refuse a worker that would make other pieces.

    Raises
    ------
    InputError
        If it has another version, another program or other weights, or cannot plan the pieces.
    """
    ours = {each.name: each.sha256 for each in order.weights}
    if (hello.version, hello.source) != (order.version, source_checksum()):
        raise InputError(
            f"the worker on {hello.host} has biaxial {hello.version} ({hello.source}), and here is {order.version} "
            f"({source_checksum()}); install the same everywhere"
        )
    for name, checksum in ours.items():
        if hello.weights.get(name) != checksum:
            raise InputError(f"the weights {name} are others for the worker on {hello.host} than for the order")
    if hello.refusal:
        raise InputError(hello.refusal)
