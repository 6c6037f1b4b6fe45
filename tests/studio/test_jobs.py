"""Jobs take turns, are replaced and ended between two frames, and wait until the model is there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from biaxial.studio.jobs import MAX_WAITING, JobEnded, Jobs, NoModel, TooManyJobs
from biaxial.studio.messages import Turn, Written
from biaxial.tasks.model import Model

PATIENCE = 20.0


class Slow:
    """Work of many frames that goes on when it is let."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, _: Model, advance: Callable[[int], None]) -> str:
        self.begun.set()
        while not self.go.wait(0.005):
            advance(1)
        return "done"


@pytest.fixture
def jobs(noise: Model) -> Iterator[Jobs]:
    made = Jobs(lambda: noise)
    made.start()
    yield made
    made.close()


def quick(_: Model, advance: Callable[[int], None]) -> str:
    advance(1)
    return "quick"


def test_jobs_are_done_in_order_one_at_a_time(jobs: Jobs) -> None:
    order: list[int] = []
    at_once = threading.Lock()

    def numbered(number: int) -> Callable[[Model, Any], int]:
        def work(_: Model, __: Any) -> int:
            assert at_once.acquire(blocking=False)
            time.sleep(0.01)
            order.append(number)
            at_once.release()
            return number

        return work

    found = [jobs.add(Turn(client=str(number)), numbered(number)) for number in range(5)]
    assert [job.result.result(PATIENCE) for job in found] == order == [0, 1, 2, 3, 4]


def test_a_newer_request_of_a_client_replaces_its_older_one(jobs: Jobs) -> None:
    slow = Slow()
    first = jobs.add(Turn("page", "1"), slow)
    assert slow.begun.wait(PATIENCE)
    waiting = jobs.add(Turn("page", "2"), quick)
    other = jobs.add(Turn("other", "3"), quick)
    last = jobs.add(Turn("page", "4"), quick)
    for job in (first, waiting):
        with pytest.raises(JobEnded, match="replaced"):
            job.result.result(PATIENCE)
    assert (other.result.result(PATIENCE), last.result.result(PATIENCE)) == ("quick", "quick")


def test_lanes_and_clients_without_a_name_do_not_replace_each_other(jobs: Jobs) -> None:
    slow = Slow()
    first = jobs.add(Turn("page", "1"), slow)
    assert slow.begun.wait(PATIENCE)
    others = [jobs.add(Turn("page", "2", "why"), quick), jobs.add(Turn(), quick), jobs.add(Turn(), quick)]
    slow.go.set()
    assert first.result.result(PATIENCE) == "done"
    assert [job.result.result(PATIENCE) for job in others] == ["quick"] * 3


def test_eight_wait_and_no_more(jobs: Jobs) -> None:
    slow = Slow()
    working = jobs.add(Turn("0"), slow)
    assert slow.begun.wait(PATIENCE)
    waiting = [jobs.add(Turn(f"c{number}"), quick) for number in range(MAX_WAITING)]
    with pytest.raises(TooManyJobs, match="8 requests wait"):
        jobs.add(Turn("late"), quick)
    assert [status.working for status in jobs.statuses()] == [True] + [False] * MAX_WAITING
    with pytest.raises(TooManyJobs):  # what is refused replaces nothing
        jobs.add(Turn("0"), quick)
    assert not working.result.done()
    jobs.add(Turn("c3"), quick)  # in the place of its own
    slow.go.set()
    assert working.result.result(PATIENCE) == "done"
    assert sum(isinstance(job.result.exception(PATIENCE), JobEnded) for job in waiting) == 1


def test_jobs_are_cancelled_waiting_and_at_work(jobs: Jobs) -> None:
    slow = Slow()
    working = jobs.add(Turn("page", "a"), slow, total=1000)
    assert slow.begun.wait(PATIENCE)
    waiting = jobs.add(Turn("page", "b", "why"), quick)
    assert jobs.cancel("page", "c") == jobs.cancel("nobody") == 0
    assert jobs.cancel("page", "b") == 1
    assert jobs.cancel("page") == 1
    for job in (working, waiting):
        with pytest.raises(JobEnded, match="cancelled"):
            job.result.result(PATIENCE)
    assert jobs.add(Turn("page"), quick).result.result(PATIENCE) == "quick"


def test_what_is_asked_for_while_the_model_loads_is_kept_and_served(noise: Model) -> None:
    there = threading.Event()

    def load() -> Model:
        there.wait(PATIENCE)
        return noise

    jobs = Jobs(load)
    jobs.start()
    early = jobs.add(Turn("page"), lambda model, _: Written((), (model.name,)))
    time.sleep(0.05)
    assert not early.result.done()
    assert jobs.model is None
    there.set()
    written = early.result.result(PATIENCE)
    assert written.remarks == ("noise",)
    assert written.waited_seconds > 0.04
    jobs.close()


def test_a_model_that_cannot_be_loaded_is_said_to_all(noise: Model) -> None:
    go = threading.Event()

    def load() -> Model:
        go.wait(PATIENCE)
        raise ValueError("these weights\nare torn")

    jobs = Jobs(load)
    jobs.start()
    early = jobs.add(Turn("page"), quick)
    go.set()
    with pytest.raises(NoModel, match="these weights are torn"):
        early.result.result(PATIENCE)
    with pytest.raises(NoModel, match="torn"):
        jobs.add(Turn("page"), quick)


def test_an_error_of_one_job_is_its_own(jobs: Jobs) -> None:
    def wrong(_: Model, __: Any) -> None:
        raise ValueError("no")

    bad, good = jobs.add(Turn("a"), wrong), jobs.add(Turn("b"), quick)
    with pytest.raises(ValueError, match="no"):
        bad.result.result(PATIENCE)
    assert good.result.result(PATIENCE) == "quick"


def test_closing_ends_everything(noise: Model) -> None:
    jobs, slow = Jobs(lambda: noise), Slow()
    jobs.start()
    found = [jobs.add(Turn("a"), slow), jobs.add(Turn("b"), quick)]
    assert slow.begun.wait(PATIENCE)
    jobs.close()
    for job in found:
        with pytest.raises(JobEnded):
            job.result.result(PATIENCE)
