"""Who waits for the model and who has it: one worker thread, one job at a time, each ended between two frames.

A job of a client replaces its older one of the same lane, waiting or at work. At most :data:`MAX_WAITING` wait. The
worker loads the model first, so that what was asked for meanwhile is served when it is there.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from biaxial.music.errors import InputError
from biaxial.studio.messages import JobStatus, Turn, Written

if TYPE_CHECKING:
    from biaxial.tasks.model import Model

MAX_WAITING: Final = 8
"""Jobs that wait at most, besides the one at work."""

Reason = Literal["", "cancelled", "replaced"]
Work = Callable[["Model", Callable[[int], None]], Any]
"""What a job does with the model, given what it calls between two frames with the number that were drawn."""


class JobEnded(Exception):
    """A job was ended before it was done."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"this request was {reason}")


class TooManyJobs(InputError):
    """No more jobs can wait."""


class NoModel(InputError):
    """The model could not be loaded."""


@dataclass(eq=False)
class Job:
    """A job, its result and how far it is.

    Parameters
    ----------
    turn
        Who asks.
    work
        What is done.
    total
        Frames that it takes, 0 if that is not known.
    """

    turn: Turn
    work: Work
    total: int = 0
    done: int = 0
    ended: Reason = ""
    asked_at: float = field(default_factory=time.perf_counter)
    result: Future[Any] = field(default_factory=Future)

    def advance(self, frames: int) -> None:
        """Note that frames were drawn.

        Raises
        ------
        JobEnded
            If the job was ended meanwhile.
        """
        self.done += frames
        if self.ended:
            raise JobEnded(self.ended)

    def status(self, working: bool) -> JobStatus:
        """How it stands."""
        return JobStatus(self.turn.job, self.turn.client, working, min(self.done, self.total), self.total)


class Jobs:
    """The jobs of a server and the thread that does them.

    Parameters
    ----------
    load
        Loads the model; it is called in the thread.
    warm
        Called there with the model, to do what would make its first job slow.
    """

    def __init__(self, load: Callable[[], Model], warm: Callable[[Model], object] = lambda _: None) -> None:
        self._load, self._warm = load, warm
        self._lock = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._working: Job | None = None
        self._closed = False
        self.model: Model | None = None
        self.problem = ""
        self.is_ready = threading.Event()
        """Set when the model is loaded, or cannot be."""

    def start(self) -> None:
        """Begin to load the model and to work."""
        threading.Thread(target=self._run, name="model", daemon=True).start()

    def close(self) -> None:
        """End all jobs."""
        with self._lock:
            self._closed = True
            for job in self._all():
                self._end(job, "cancelled")
            self._lock.notify_all()

    def add(self, turn: Turn, work: Work, total: int = 0) -> Job:
        """Let a job wait for its turn.

        Raises
        ------
        NoModel
            If there is none.
        TooManyJobs
            If too many wait.
        """
        with self._lock:
            if self.problem:
                raise NoModel(self.problem)
            place = turn.client, turn.lane
            older = [job for job in self._all() if turn.client and (job.turn.client, job.turn.lane) == place]
            if sum(job not in older for job in self._waiting) >= MAX_WAITING:
                raise TooManyJobs(f"{MAX_WAITING} requests wait already; try again when they are done")
            for job in older:
                self._end(job, "replaced")
            job = Job(turn, work, total)
            self._waiting.append(job)
            self._lock.notify_all()
            return job

    def end(self, job: Job) -> None:
        """End a job that nobody waits for any more."""
        with self._lock:
            self._end(job, "cancelled")

    def cancel(self, client: str, name: str = "") -> int:
        """End the jobs of a client, or the one of that name; returns how many."""
        with self._lock:
            found = [job for job in self._all() if job.turn.client == client and name in ("", job.turn.job)]
            for job in found:
                self._end(job, "cancelled")
            return len(found)

    def statuses(self) -> tuple[JobStatus, ...]:
        """The job at work, then those that wait."""
        with self._lock:
            working = () if self._working is None else (self._working.status(True),)
            return (*working, *(job.status(False) for job in self._waiting))

    def _all(self) -> list[Job]:
        return [*([] if self._working is None else [self._working]), *self._waiting]

    def _end(self, job: Job, reason: Reason) -> None:
        """End a job; the one at work ends itself between two frames, but its answer is given now."""
        job.ended = job.ended or reason
        if job in self._waiting:
            self._waiting.remove(job)
        if not job.result.done():
            job.result.set_exception(JobEnded(job.ended))

    def _run(self) -> None:
        try:
            model = self._load()
            self._warm(model)
            self.model = model
        except Exception as error:
            with self._lock:
                self.problem = " ".join(str(error).split()) or type(error).__name__
                for job in list(self._waiting):
                    job.result.set_exception(NoModel(self.problem))
                self._waiting.clear()
            self.is_ready.set()
            return
        self.is_ready.set()
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                job = self._working = self._waiting.popleft()
            self._do(job, model)
            with self._lock:
                self._working = None

    def _do(self, job: Job, model: Model) -> None:
        waited = time.perf_counter() - job.asked_at
        found, error = None, None
        try:
            found = job.work(model, job.advance)
        except Exception as raised:
            error = raised
        with self._lock:
            if job.result.done():
                return
            if error is not None:
                job.result.set_exception(error)
            else:
                job.result.set_result(replace(found, waited_seconds=waited) if isinstance(found, Written) else found)
