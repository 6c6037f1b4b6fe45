"""Making shards with Ray: an actor for each processor or GPU, on this machine or a cluster. Nothing else imports Ray.

An actor loads the models once; only the numbers of shards go to it. One that dies is started again by
Ray, elsewhere if its machine is gone, and the shard that it was making is begun anew. Shards go to the folder, which
all machines see under one path.

A Ray of our own listens on 127.0.0.1 alone and has no dashboard, no server for clients and no usage statistics. A
cluster is asked only at the address that the user gave. Whoever reaches a Ray cluster can run programs on it: it is for
a network whose machines trust each other.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import redirect_stdout
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from biaxial.files.machine import available_threads
from biaxial.jobs.manifest import Entry
from biaxial.jobs.order import Order
from biaxial.jobs.shards import remove_unfinished
from biaxial.jobs.workshop import Hello, Tell, Workshop, check_hello
from biaxial.music.errors import InputError

LOOPBACK: Final = "127.0.0.1"
"""Where a Ray of our own listens."""
MAX_RETRIES: Final = 3
"""How often a shard is begun anew when its actor dies, before that ends the run."""
_STORE_BYTES: Final = 80_000_000
"""Of the shared memory of a Ray of our own, near the least that it takes; numbers need none."""
_START_TRIES: Final = 3
"""How often a Ray of our own is started where it takes longer than Ray waits for itself, on a busy machine."""
_LONGEST_WAIT: Final = 2.0
"""Seconds for which an actor that is asked how far it is waits for something to tell."""


class ShardActor:
    """A worker as Ray runs it: one thread makes a shard while another one tells how far it is. Models are loaded once.

    Parameters
    ----------
    folder
        Where the order lies, and where shards go.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._changed = threading.Condition()
        self._state = (-1, 0)

    @cached_property
    def _shop(self) -> Workshop:
        return Workshop(Order.load(self._folder), self._folder, threads=1)

    def hello(self) -> Hello:
        """What it is."""
        return self._shop.hello()

    def pid(self) -> int:
        """The number of its process."""
        return os.getpid()

    def make(self, shard: int) -> Entry:
        """Make a shard."""
        return self._shop.run(shard, self._tell)

    def _tell(self, shard: int, done: int) -> None:
        with self._changed:
            self._state = shard, done
            self._changed.notify_all()

    def state(self, seen: tuple[int, int]) -> tuple[int, int]:
        """Its last shard and how many pieces of that are done, as soon as it is something else than was seen."""
        with self._changed:
            self._changed.wait_for(lambda: self._state != seen, _LONGEST_WAIT)
            return self._state


def ray_actors(
    order: Order,
    folder: Path,
    shards: Sequence[int],
    tell: Tell,
    workers: int | None = None,
    address: str = "",
) -> Generator[Entry, None, None]:
    """Make shards with Ray.

    Parameters
    ----------
    order, folder, shards, tell, workers
        As for :func:`~biaxial.jobs.job_worker.processes`; by default there is an actor for each processor of the
        cluster, or for each GPU where the weights go to one.
    address
        Of a cluster, such as ``ray://head:10001``; by default a Ray of our own is started, and ended in the end.

    Yields
    ------
    The line of each shard, in the order in which they are finished.

    Raises
    ------
    InputError
        If Ray is not there or there is no cluster at the address, an actor is another program than this one, a shard
        cannot be made, or its actor dies over it again and again.
    """
    with redirect_stdout(sys.stderr):  # where Ray says what became of an actor; results go to stdout
        yield from _driven(order, folder, shards, tell, workers, address)


def _driven(
    order: Order, folder: Path, shards: Sequence[int], tell: Tell, workers: int | None, address: str
) -> Generator[Entry, None, None]:
    """The same, with what Ray prints."""
    ray = _connected(address, workers)
    try:
        on_gpu = order.device.startswith("cuda")
        there = int(ray.cluster_resources().get("GPU" if on_gpu else "CPU", 0))
        number = min(workers or there, len(shards))
        if not 0 < number <= there:
            what = "GPUs" if on_gpu else "processors"
            raise InputError(f"--workers: Ray has {there} {what} for {workers or 'its'} workers; give at most as many")
        needs = {"num_cpus": 1, "num_gpus": 1} if on_gpu else {"num_cpus": 1}
        actor = ray.remote(max_restarts=-1, max_task_retries=MAX_RETRIES, max_concurrency=2, **needs)(ShardActor)
        actors = [actor.remote(str(folder)) for _ in range(number)]
        for hello in ray.get([each.hello.remote() for each in actors]):
            check_hello(Hello(*hello), order)
        yield from _made(ray, actors, shards, tell)
    except ray.exceptions.RayError as error:
        raise _plain(error) from error
    finally:
        ray.shutdown()
        remove_unfinished(folder, shards)


def _made(ray: Any, actors: Sequence[Any], shards: Sequence[int], tell: Tell) -> Generator[Entry, None, None]:
    """The lines of the shards; every actor has one shard to make, and one question how far it is."""
    todo, making, asked = iter(shards), dict[Any, Any](), dict[Any, Any]()
    for actor in actors:
        if (shard := next(todo, None)) is not None:
            making[actor.make.remote(shard)] = actor
        asked[actor.state.remote((-1, 0))] = actor
    while making:
        ready, _ = ray.wait([*making, *asked], num_returns=1, timeout=_LONGEST_WAIT)
        for found in ready:
            if found in asked:
                actor, state = asked.pop(found), ray.get(found)
                asked[actor.state.remote(state)] = actor
                if state[0] >= 0:
                    tell(*state)
                continue
            actor, entry = making.pop(found), ray.get(found)
            if (shard := next(todo, None)) is not None:
                making[actor.make.remote(shard)] = actor
            yield entry
    ray.wait(list(asked), num_returns=len(asked), timeout=_LONGEST_WAIT + 1)  # no question is open when Ray ends


def _connected(address: str, workers: int | None) -> Any:
    """Ray, connected to a cluster or to one of our own."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if not address:  # whatever its name, it is what has Ray listen on the loopback address, on Linux too
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    try:
        import ray
    except ModuleNotFoundError as error:
        raise InputError("--cluster ray needs Ray, which is not installed; pip install 'biaxial[cluster]'") from error
    tries = 1 if address else _START_TRIES
    while True:
        tries -= 1
        try:
            _start(ray, address, workers)
            return ray
        except Exception as error:  # Ray raises many kinds, and plain Exception where starting takes it too long
            ray.shutdown()
            if not tries:
                where = address or "this machine"
                reason = " ".join(str(error).split())[:200]
                raise InputError(f"--cluster: no Ray at {where} ({reason}); start it, or try another place") from error


def _start(ray: Any, address: str, workers: int | None) -> None:
    """Connect to a cluster, or start one of our own."""
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address:
        ray.init(address, **quiet)
        return
    number = workers or available_threads()
    ray.init("local", num_cpus=number, include_dashboard=False, object_store_memory=_STORE_BYTES, **quiet)
    if (here := ray.util.get_node_ip_address()) != LOOPBACK:
        raise RuntimeError(f"it would listen on {here}, since Ray was loaded before")


def _plain(error: Any) -> Exception:
    """An error of an actor as the line that it is, or as the bug that it is."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, ValueError | OSError):
        return InputError(" ".join(str(cause).split()))
    if "Task" in type(error).__name__:
        return RuntimeError(str(error))
    return InputError(
        f"an actor ended {MAX_RETRIES + 1} times over one shard, perhaps for want of memory; give fewer --workers"
    )
