"""The driver of a run: it finds the shards that are missing, has an engine make them, and keeps the manifest.

A shard is finished when it has its name. What is finished is never made again; what a killed process left of a shard is
removed when the shard is begun anew. The driver holds counts and the numbers of shards, never pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from biaxial.files.weights_file import weights_path
from biaxial.jobs.manifest import Entry, append, entry_of, part_name, read_manifests, write_manifest
from biaxial.jobs.order import ORDER_FILE, Order, file_checksum
from biaxial.jobs.shards import shard_name
from biaxial.jobs.workshop import Tell, Workshop, check_hello
from biaxial.music.constants import VERSION
from biaxial.music.errors import InputError


class Engine(Protocol):
    """What makes shards: it is given an order, its folder, numbers of shards and whom to tell, and gives lines."""

    def __call__(
        self, order: Order, folder: Path, shards: Sequence[int], tell: Tell, /
    ) -> Generator[Entry, None, None]:
        """Make the shards."""


def serial(
    order: Order, folder: Path, shards: Sequence[int], tell: Tell, threads: int | None = None
) -> Generator[Entry, None, None]:
    """Make shards here, one after the other; threads share the pieces of each.

    Raises
    ------
    InputError, OSError
        As :meth:`~biaxial.jobs.workshop.Workshop.run`, and where the pieces cannot be planned.
    """
    shop = Workshop(order, folder, threads)
    check_hello(shop.hello(), order)
    for shard in shards:
        yield shop.run(shard, tell)


def engine_of(cluster: str, workers: int | None = None, threads: int | None = None) -> Engine:
    """The engine of a name.

    Parameters
    ----------
    cluster
        ``"local"``, ``"processes"``, ``"ray"``, or the address of a Ray cluster, such as ``"ray://head:10001"``.
    workers
        How many processes or actors there are.
    threads
        Threads that share the pieces of a shard where there is one process.

    Raises
    ------
    InputError
        If there is no such engine.
    """
    if cluster == "local":
        return partial(serial, threads=threads)
    if cluster == "processes":
        from biaxial.jobs.job_worker import processes

        return partial(processes, workers=workers)
    if cluster == "ray" or cluster.startswith("ray://"):
        from biaxial.jobs.ray_actors import ray_actors

        return partial(ray_actors, workers=workers, address="" if cluster == "ray" else cluster)
    raise InputError(f"{cluster!r} is not a cluster; give local, processes, ray or ray://HOST:PORT")


@dataclass
class Outcome:
    """What there is of an order.

    Parameters
    ----------
    shards, pieces, num_failures
        Shards that are finished, pieces in them, and pieces that could not be written.
    made
        Pieces that this run made.
    nats, num_steps
        Sums over all pieces.
    first_failure
        The reason of one failure, if there is any.
    """

    shards: int = 0
    pieces: int = 0
    num_failures: int = 0
    made: int = 0
    nats: float = 0.0
    num_steps: int = 0
    first_failure: str = ""

    def add(self, entry: Entry) -> None:
        """Count a shard."""
        self.shards += 1
        self.pieces += entry.written
        self.num_failures += len(entry.failures)
        self.nats += entry.nats
        self.num_steps += entry.num_steps
        if entry.failures and not self.first_failure:
            first = entry.failures[0]
            self.first_failure = f"{first.get('given') or 'piece ' + str(first['piece'])}: {first['reason']}"


@dataclass
class Tally:
    """Pieces that are done over all shards.

    Parameters
    ----------
    advance
        Called with the difference since its last call, which is negative where a worker died.
    """

    advance: Callable[[int], None]

    def __post_init__(self) -> None:
        self._done: dict[int, int] = {}
        self._finished: set[int] = set()

    def tell(self, shard: int, done: int) -> None:
        """Hear how many pieces of a shard are done; of a finished one nothing more is heard."""
        difference = done - self._done.get(shard, 0)
        if difference and shard not in self._finished:
            self._done[shard] = done
            self.advance(difference)

    def finish(self, shard: int, pieces: int) -> None:
        """Hear that a shard is finished."""
        self.tell(shard, pieces)
        self._finished.add(shard)
        self._done.pop(shard, None)


class Run:
    """An order in its folder.

    Parameters
    ----------
    order
        The order.
    folder
        The folder, made where it is missing; one with the same order is gone on with.
    shards
        The shards that are wanted; all by default.

    Raises
    ------
    InputError
        If the folder has another order or is of another version, the weights have changed, or there are no such shards.
    """

    def __init__(self, order: Order, folder: Path, shards: range | None = None) -> None:
        self.order, self.folder = order, folder.resolve()
        self._wanted = range(order.shards) if shards is None else shards
        if self._wanted.stop > order.shards:
            raise InputError(f"--shard-range: there are shards 0 to {order.shards - 1}; give some of them")
        if order.version != VERSION:
            raise InputError(
                f"{folder}: it was begun with biaxial {order.version}, and this is {VERSION}; go on with that version, "
                "or begin again in a new folder"
            )
        for weights in order.weights:
            if file_checksum(weights_path(weights.path)) != weights.sha256:
                raise InputError(f"{weights.path}: not the weights that {folder} was begun with; begin again elsewhere")
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / ORDER_FILE).exists():
            order.save(self.folder)
        elif Order.load(self.folder).to_json() != order.to_json():
            raise InputError(
                f"{folder}: another order was begun there; go on with it by --resume {folder}, or give another folder"
            )
        self.outcome = Outcome()
        self._manifest = self.folder / part_name(self._wanted, order.shards)
        self.missing = self._missing()

    @property
    def num_missing_pieces(self) -> int:
        """Pieces of the shards that are missing."""
        return sum(len(self.order.numbers(shard)) for shard in self.missing)

    def _missing(self) -> list[int]:
        """The wanted shards that are not finished; finished ones are counted, and get the line that they lack."""
        known = set[int]()
        for entry in read_manifests(self.folder):
            if entry.shard not in known:
                known.add(entry.shard)
                if entry.shard in self._wanted:
                    self.outcome.add(entry)
        missing = []
        for shard in self._wanted:
            path = self.folder / shard_name(shard)
            if shard in known:
                continue
            try:
                entry = entry_of(path)
            except (OSError, ValueError, KeyError, TypeError):  # it is not there, or damaged: it is made again
                missing.append(shard)
                continue
            append(self._manifest, entry)
            self.outcome.add(entry)
        return missing

    def make(
        self, engine: Engine, advance: Callable[[int], None] = lambda pieces: None, max_failures: int | None = None
    ) -> Outcome:
        """Make the missing shards.

        Parameters
        ----------
        engine
            What makes them.
        advance
            Called with the number of pieces that were made since its last call.
        max_failures
            Failures of all wanted shards beyond which the run ends; by default it never does.

        Raises
        ------
        InputError
            If there are more failures, or a shard cannot be made; a note says how to go on.
        """
        tally = Tally(advance)
        try:
            if self.missing:
                with closing(engine(self.order, self.folder, self.missing, tally.tell)) as lines:
                    for entry in lines:
                        append(self._manifest, entry)
                        self.outcome.add(entry)
                        self.outcome.made += entry.written
                        tally.finish(entry.shard, len(self.order.numbers(entry.shard)))
                        self._check(max_failures)
            self._check(max_failures)
        except BaseException as error:
            error.add_note(self._how_to_go_on)
            raise
        if all((self.folder / shard_name(shard)).exists() for shard in range(self.order.shards)):
            write_manifest(self.folder, self._all_entries())
        return self.outcome

    def _all_entries(self) -> Iterator[Entry]:
        """The line of every shard; one whose line another run has not written yet is read."""
        known = set[int]()
        for entry in read_manifests(self.folder):
            known.add(entry.shard)
            yield entry
        for shard in set(range(self.order.shards)) - known:
            yield entry_of(self.folder / shard_name(shard))

    def _check(self, max_failures: int | None) -> None:
        if max_failures is not None and self.outcome.num_failures > max_failures:
            raise InputError(
                f"{self.outcome.num_failures} pieces could not be written, and --max-failures is {max_failures} "
                f"({self.outcome.first_failure})"
            )

    @property
    def _how_to_go_on(self) -> str:
        return (
            f"{self.outcome.shards} of {len(self._wanted)} shards are finished; "
            f"{self.order.command} --resume {self.folder} goes on"
        )
