"""Worker processes: the bytes of the serial engine, also when a worker is killed; nothing is left of what ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from biaxial.jobs import job_worker
from biaxial.jobs.driver import Run, engine_of, serial
from biaxial.jobs.job_worker import MAX_ATTEMPTS
from biaxial.jobs.order import source_checksum
from biaxial.jobs.workshop import Hello, check_hello
from biaxial.music.errors import InputError
from tests.jobs.conftest import Make, files_of

STARTED = subprocess.Popen


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[str]]:
    """Every worker that is started."""
    found = list[subprocess.Popen[str]]()

    def start(*words: object, **options: object) -> subprocess.Popen[str]:
        found.append(STARTED(*words, **options))  # type: ignore[call-overload]
        return found[-1]

    monkeypatch.setattr("biaxial.jobs.job_worker.subprocess.Popen", start)
    return found


def test_processes_make_the_same_bytes_also_when_one_is_killed(
    make: Make, tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    order = make(6, 3)
    Run(order, tmp_path / "serial").make(serial)
    steps = list[int]()

    def advance(pieces: int) -> None:
        steps.append(pieces)
        if len(steps) == 1:
            started[0].kill()

    outcome = Run(order, tmp_path / "processes").make(engine_of("processes", workers=1), advance)
    assert files_of(tmp_path / "processes") == files_of(tmp_path / "serial")
    assert (outcome.shards, outcome.made, sum(steps)) == (3, 6, 6)
    assert len(started) == 2
    assert all(process.returncode is not None for process in started)
    assert not list((tmp_path / "processes").glob(".*"))


@pytest.mark.slow
def test_a_shard_that_kills_its_workers_ends_the_run(
    make: Make, tmp_path: Path, started: list[subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = job_worker._Worker._asked

    def killed(worker: job_worker._Worker, shard: int) -> object:
        started[-1].kill()
        return plain(worker, shard)

    monkeypatch.setattr(job_worker._Worker, "_asked", killed)
    with pytest.raises(InputError, match=f"^shard 0: its worker ended {MAX_ATTEMPTS} times"):
        Run(make(), tmp_path).make(engine_of("processes", workers=1))
    assert len(started) == MAX_ATTEMPTS


@pytest.mark.slow
@pytest.mark.usefixtures("started")
def test_what_a_worker_refuses_is_one_line(make: Make, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="0 bars"):
        Run(replace(make(), plan={"bars": 0}), tmp_path).make(engine_of("processes", workers=1))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"version": "0.0.1"}, "the worker on far has biaxial 0.0.1"),
        (
            {"source": "abc"},
            r"the worker on far has biaxial [\d.]+ \(abc\), and here is [\d.]+ \(\w+\); install the same",
        ),
        ({"weights": {"tiny": "abc"}}, "the weights tiny are others for the worker on far"),
        ({"weights": {}}, "the weights tiny are others"),
        ({"refusal": "0 bars cannot be written"}, "^0 bars cannot be written$"),
    ],
)
def test_a_worker_that_would_make_other_pieces_is_refused(make: Make, change: dict[str, Any], line: str) -> None:
    order = make()
    checksums = {each.name: each.sha256 for each in order.weights}
    hello = Hello("far", order.version, source_checksum(), checksums)
    check_hello(hello, order)
    with pytest.raises(InputError, match=line):
        check_hello(hello._replace(**change), order)


@pytest.mark.slow
def test_a_worker_whose_driver_is_gone_ends_and_leaves_nothing(make: Make, tmp_path: Path) -> None:
    order = replace(make(200, 1), plan={"bars": 8})
    order.save(tmp_path)
    process = STARTED(
        [sys.executable, "-m", "biaxial.jobs.job_worker", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="ascii",
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert "hello" in json.loads(process.stdout.readline())
    process.stdin.write("0\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline()) == {"done": 1}
    process.stdout.close()  # as when the driver is killed
    process.stdin.close()
    assert process.wait(60) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["order.json"]


@pytest.mark.slow
def test_a_driver_that_is_interrupted_ends_its_workers(make: Make, tmp_path: Path) -> None:
    replace(make(400, 4), plan={"bars": 8}).save(tmp_path)
    words = ["compose", "--resume", str(tmp_path), "--cluster", "processes", "--workers", "1", "-q"]
    process = STARTED([sys.executable, "-m", "biaxial", *words], stderr=subprocess.PIPE, text=True)
    wait_for(lambda: any(path.name.endswith(".tmp") for path in tmp_path.iterdir()))
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error == (
        f"biaxial compose: interrupted; 0 of 4 shards are finished; biaxial-compose --resume {tmp_path} goes on\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["order.json"]


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
