"""Measure the studio with the real server: how soon it is there, how soon a tune sounds in four parts, how it ends.

``python scripts/bench/studio.py`` starts it five times (a fresh state folder each time), and asks the last one for what
the page asks for, five times each. It prints medians, the worst beside them, and the seconds of processors, which say
more where other programs run. It takes about two minutes where none does. What a browser adds is measured by the page's
own tests.
"""

from __future__ import annotations

import argparse
import json
import math
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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from biaxial.studio.json_messages import from_json, to_json
from biaxial.studio.messages import Document, Drawing, Harmonise, Infill, Render, Span, Written
from biaxial.studio.opening import opened

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the siblings are
from scripts.bench.reporting import report, table

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


Seconds = dict[str, list[tuple[float, float]]]
"""Seconds on the clock and seconds of processors, of each time that something was done."""


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

    def processor(self) -> float:
        """Seconds of processors that it has taken; NaN where the system does not say."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return math.nan
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

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
        with found.process:
            try:
                yield found
            finally:
                found.process.kill()


def started(seconds: Seconds) -> None:
    """Start a studio, press at once, and end it."""
    with studio() as running:
        seconds.setdefault("address printed", []).append((running.since(), running.processor()))
        running.get("/api/openapi.json")
        seconds.setdefault("first file of the page", []).append((running.since(), running.processor()))
        running.get("/api/harmonise", Harmonise(tune(), drawing=Drawing(draft=True)))
        seconds.setdefault("pressed at once, served", []).append((running.since(), running.processor()))
        began = time.perf_counter()
        running.process.send_signal(signal.SIGINT)
        running.process.wait()
        seconds.setdefault("Ctrl-C to the end", []).append((time.perf_counter() - began, math.nan))
    with studio() as running:
        while not json.loads(running.get("/api/status"))["ready"]:
            time.sleep(0.05)
        seconds.setdefault("model ready", []).append((running.since(), running.processor()))


def tune() -> Document:
    """Sixteen bars to be set in four parts."""
    return opened(TUNE.encode(), "tune.abc").document


def asked(running: Studio, seconds: Seconds, seed: int, drafts: Sequence[bool] = (True, False)) -> None:
    """Ask for what the page asks for, of drafts and of what is no draft."""

    def timed(name: str, path: str, message: object) -> bytes:
        began, before = time.perf_counter(), running.processor()
        found = running.get(path, message)
        seconds.setdefault(name, []).append((time.perf_counter() - began, running.processor() - before))
        return found

    whole = tune()
    for draft in drafts:
        name, drawing = f"{'draft of ' if draft else ''}16 bars", Drawing(draft=draft)
        request = Harmonise(tune(), seed=seed, drawing=drawing)
        written = from_json(Written, json.loads(timed(f"{name}, answered", "/api/harmonise", request)))
        seconds.setdefault(f"{name} drawn", []).append((written.drawing_seconds, math.nan))
        whole = written.takes[0].document
        four = tuple(Span(voice, 64, 128) for voice in range(4))
        for takes, what in ((1, "4 bars"), (4, "4 bars, four takes,")):
            again = Infill(whole, four, seed=seed, takes=takes, drawing=drawing)
            label = f"{'draft of ' if draft else ''}{what} redrawn"
            timed(label, "/api/infill", again)
    timed("sound of 16 bars", "/api/render", Render(whole, "stems"))
    timed("score of 16 bars", "/api/render", Render(whole, "score"))


def first_load(folder: Path) -> tuple[int, int]:
    """Files of the page that its first load asks for, and their bytes: the modules, the sheet and the page itself."""
    files = [path for path in folder.glob("*") if re.fullmatch(r".*\.(html|js|css|svg)", path.name)]
    return len(files), sum(path.stat().st_size for path in files)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="rougher: drafts alone, with nothing warm")
    options = parser.parse_args()
    seconds: Seconds = {}
    for number in range(options.repeats):
        report(f"start {number + 1} of {options.repeats}")
        started(seconds)
    with studio() as running:
        running.get("/api/render", Render(what="bank"))
        drafts = (True,) if options.quick else (True, False)
        if not options.quick:
            asked(running, {}, 0, drafts)  # warm
        for number in range(options.repeats):
            report(f"asking {number + 1} of {options.repeats}")
            asked(running, seconds, number + 1, drafts)
    rows = []
    for name, found in seconds.items():
        clock, processor = zip(*found, strict=True)
        figures = statistics.median(clock), max(clock), statistics.median(processor)
        rows.append((name, *(f"{figure:.2f}" for figure in figures), LIMITS.get(name, "")))
    table("what | median s | worst s | median s of processors | limit s", rows)
    page = Path(__file__).parents[2] / "biaxial" / "studio" / "page"
    files, size = first_load(page)
    table("the page | | limit", [("files", files, 20), ("kB", f"{size / 1000:.0f}", 300)])


if __name__ == "__main__":
    main()
