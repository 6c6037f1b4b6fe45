"""The real program: its address, its port, its model, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from biaxial.music.errors import InputError
from biaxial.studio.serving import free_socket

PROGRAM = "from biaxial.cli.studio import main; raise SystemExit(main())"
Start = Callable[..., "Program"]


class Program:
    """A studio in a process of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "--no-browser", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "XDG_STATE_HOME": str(folder)},
        )
        assert self.process.stdout is not None
        self.address, _, self.token = self.process.stdout.readline().strip().partition("/#")

    def ask(self, route: str, message: object = None) -> Any:
        data = None if message is None else json.dumps(message).encode()
        headers = {"X-Biaxial-Token": self.token, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.address}/api/{route}", data, headers)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read())

    def end(self, number: int = signal.SIGINT) -> tuple[int, str, float]:
        """Exit status, what it wrote on stderr, and how long it took to end."""
        began = time.perf_counter()
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=60)
        return self.process.returncode, err, time.perf_counter() - began


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    found: list[Program] = []

    def begin(*options: str) -> Program:
        found.append(Program(tmp_path, *options))
        return found[-1]

    yield begin
    for program in found:
        program.process.kill()
        program.process.communicate()


def taken() -> tuple[socket.socket, int]:
    """A port that is taken."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener, listener.getsockname()[1]


def test_the_next_free_port_is_taken() -> None:
    busy, port = taken()
    with busy, free_socket(port) as other:
        assert other.getsockname()[0] == "127.0.0.1"
        assert port < other.getsockname()[1] <= port + 50
    with free_socket(0) as any_port:
        assert any_port.getsockname()[1] > 0
    busy, port = taken()
    with busy, pytest.MonkeyPatch.context() as patch:
        patch.setattr("biaxial.studio.serving.PORTS_TRIED", 1)
        with pytest.raises(InputError, match="--port"):
            free_socket(port)


@pytest.mark.slow
def test_a_press_while_it_warms_up_is_served_and_the_model_is_there(start: Start, tmp_path: Path) -> None:
    program = start("--port", str(_some_port()))
    assert program.address.startswith("http://127.0.0.1:")
    written = program.ask("compose", {"bars": 2, "drawing": {"draft": True}})
    assert written["takes"][0]["added"]
    assert written["waited_seconds"] > 0
    assert program.ask("status")["model"] == "chorales-v3"
    state = json.loads((tmp_path / "biaxial" / "studio.json").read_text())
    assert (state["address"], state["pid"]) == (program.address, program.process.pid)
    code, err, _ = program.end()
    assert (code, err) == (130, "biaxial-studio: interrupted\n")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("after", [0.0, 0.5, 1.5])
def test_it_ends_at_once_without_a_traceback_at_any_time(start: Start, number: int, status: int, after: float) -> None:
    program = start("--port", str(_some_port()))
    time.sleep(after)
    code, err, seconds = program.end(number)
    assert code == status
    assert "Traceback" not in err
    assert seconds < 10  # 1 where nothing else runs: scripts/bench/studio.py


@pytest.mark.slow
def test_a_busy_port_is_said_and_the_token_outlives_a_kill(start: Start) -> None:
    busy, port = taken()
    with busy:
        program = start("--port", str(port))
        assert program.address != f"http://127.0.0.1:{port}"
        assert program.ask("status")["usual_port"] == port
        token = program.token
        program.process.kill()
        _, err = program.process.communicate()
        assert f"port {port} is taken" in err
        again = start("--port", str(port))
        assert again.token == token
        assert again.ask("judge", {"document": {}})["faults"] == []


@pytest.mark.slow
def test_it_listens_on_this_machine_alone(start: Start) -> None:
    program = start("--port", str(_some_port()))
    port = int(program.address.rpartition(":")[2])
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if Path("/proc/net/tcp").exists() else []:
        local, state = line.split()[1], line.split()[3]
        if state == "0A" and int(local.partition(":")[2], 16) == port:
            assert local.startswith("0100007F:")
    mine = f":{port:04X}"
    six = Path("/proc/net/tcp6")
    assert not six.exists() or not [line for line in six.read_text().splitlines() if mine in line.split()[1]]


def _some_port() -> int:
    listener, port = taken()
    listener.close()
    return port
