"""Measure the studio with the real server: how soon it is there, how soon a tune sounds in four parts, how it ends.

``python scripts/bench/studio.py`` starts it five times (a fresh state folder each time), and asks the last one for what
the page asks for, five times each; medians are printed, with the worst beside them. It takes about two minutes where
nothing else runs. Seconds of the page itself, in a browser, are measured by its own tests.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reporting import report, table

from biaxial.studio.json_messages import from_json, to_json
from biaxial.studio.messages import Document, Drawing, Harmonise, Infill, Render, Span, Written
from biaxial.studio.opening import opened

TUNE = """X:1
T:Sixteen bars
M:4/4
L:1/4
Q:1/4=80
K:G
GABG|ABcA|BAGF|G4|Bcde|dcBA|GABc|d4|
dedc|BcdB|cBAG|A4|GABc|dBcA|GGFF|G4|
"""
LIMITS = {
    "address printed": 1.5,
    "first file of the page": 2.5,
    "model ready": 5.0,
    "pressed at once, served": 8.0,
    "Ctrl-C to the end": 1.0,
    "sound of 16 bars": 0.6,
    "score of 16 bars": 0.6,
    "draft of 16 bars drawn": 1.2,
    "draft of 4 bars redrawn": 1.2,
}
"""Seconds that are allowed, where there is a limit."""


class Studio:
    """A studio in a process of its own, and when what of it was there."""

    def __init__(self, folder: str) -> None:
        self._began = time.perf_counter()
        program = "from biaxial.cli.studio import main; raise SystemExit(main())"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, "--no-browser", "--port", str(_free_port())],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "XDG_STATE_HOME": folder},
        )
        assert self.process.stdout is not None
        self.address, _, self.token = self.process.stdout.readline().strip().partition("/#")

    def since(self) -> float:
        """Seconds since it was started."""
        return time.perf_counter() - self._began

    def get(self, path: str, message: object = None) -> bytes:
        """Ask for something."""
        data = None if message is None else json.dumps(to_json(message)).encode()
        headers = {"X-Biaxial-Token": self.token, "Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(self.address + path, data, headers)) as answer:
            return bytes(answer.read())


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def studio() -> Iterator[Studio]:
    """A studio that is ended, whatever happens."""
    with tempfile.TemporaryDirectory() as folder:
        found = Studio(folder)
        try:
            yield found
        finally:
            found.process.kill()
            found.process.wait()


def started(seconds: dict[str, list[float]]) -> None:
    """Start a studio, press at once, and end it."""
    with studio() as running:
        seconds.setdefault("address printed", []).append(running.since())
        running.get("/api/openapi.json")
        seconds.setdefault("first file of the page", []).append(running.since())
        running.get("/api/harmonise", Harmonise(tune(), drawing=Drawing(draft=True)))
        seconds.setdefault("pressed at once, served", []).append(running.since())
        began = time.perf_counter()
        running.process.send_signal(signal.SIGINT)
        running.process.wait()
        seconds.setdefault("Ctrl-C to the end", []).append(time.perf_counter() - began)
    with studio() as running:
        while not json.loads(running.get("/api/status"))["ready"]:
            time.sleep(0.05)
        seconds.setdefault("model ready", []).append(running.since())


def tune() -> Document:
    """Sixteen bars to be set in four parts."""
    return opened(TUNE.encode(), "tune.abc").document


def asked(running: Studio, seconds: dict[str, list[float]], seed: int) -> None:
    """Ask for what the page asks for."""

    def timed(name: str, path: str, message: object) -> bytes:
        began = time.perf_counter()
        found = running.get(path, message)
        seconds.setdefault(name, []).append(time.perf_counter() - began)
        return found

    whole: dict[bool, Document] = {}
    for draft, name in ((True, "draft of 16 bars"), (False, "16 bars")):
        drawing = Drawing(draft=draft)
        request = Harmonise(tune(), seed=seed, drawing=drawing)
        written = from_json(Written, json.loads(timed(f"{name}, answered", "/api/harmonise", request)))
        seconds.setdefault(f"{name} drawn", []).append(written.drawing_seconds)
        whole[draft] = written.takes[0].document
        four = tuple(Span(voice, 64, 128) for voice in range(4))
        for takes, what in ((1, "4 bars"), (4, "4 bars, four takes,")):
            again = Infill(whole[draft], four, seed=seed, takes=takes, drawing=drawing)
            label = f"{'draft of ' if draft else ''}{what} redrawn"
            timed(label, "/api/infill", again)
    timed("sound of 16 bars", "/api/render", Render(whole[False], "stems"))
    timed("score of 16 bars", "/api/render", Render(whole[False], "score"))


def first_load(folder: Path) -> tuple[int, int]:
    """Files of the page that its first load asks for, and their bytes: the modules, the sheet and the page itself."""
    files = [path for path in folder.glob("*") if re.fullmatch(r".*\.(html|js|css|svg)", path.name)]
    return len(files), sum(path.stat().st_size for path in files)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="default: %(default)s")
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {}
    for number in range(options.repeats):
        report(f"start {number + 1} of {options.repeats}")
        started(seconds)
    with studio() as running:
        running.get("/api/render", Render(what="bank"))
        asked(running, {}, 0)  # warm
        for number in range(options.repeats):
            report(f"asking {number + 1} of {options.repeats}")
            asked(running, seconds, number + 1)
    rows = (
        (name, f"{statistics.median(found):.2f}", f"{max(found):.2f}", LIMITS.get(name, ""))
        for name, found in seconds.items()
    )
    table("what | median s | worst s | limit s", rows)
    page = Path(__file__).parents[2] / "biaxial" / "studio" / "page"
    files, size = first_load(page)
    table("the page | | limit", [("files", files, 20), ("kB", f"{size / 1000:.0f}", 300)])


if __name__ == "__main__":
    main()
