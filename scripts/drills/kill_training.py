"""Kill a small training run at random moments, again and again, and see that nothing of it is lost.

``python scripts/drills/kill_training.py`` takes five to ten minutes. It trains a tiny network for a few epochs, once
unbroken and then with fifty kills: a process is started, killed after a random time, and started again to go on with
the run, until the run is finished and compared with the unbroken one; then another run begins. Compared are the weights
to the last bit, what their header says, and metrics and samples, all but dates and times.

Every process is a fork of this one, so that no time is spent on imports, and waits a little before it makes a file
reach the disk and before it renames it, so that kills fall into these moments. It notes what it is doing in shared
memory; the table that is printed counts the kills by it.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import mmap
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import safetensors
import torch

from biaxial.cli.train import main as biaxial_train
from biaxial.corpora.corpus import Corpus
from biaxial.corpora.splits import FolderItem, Split
from biaxial.music.grid import Grid
from biaxial.music.score import Key, Note, Score
from biaxial.training import run_folder
from biaxial.training.lit_module import BiaxialModule

SETTINGS = (
    *("--preset", "tiny", "--dropout", "0.2", "--epochs", "5", "--crop-steps", "32", "--warmup-steps", "4"),
    *("--learning-rate", "0.02", "--average-decay", "0.5", "--sample-every", "2", "--patience", "3"),
)
MACHINE = ("--accelerator", "cpu", "--precision", "32-true", "--quiet")
SIGNALS = {"kill": signal.SIGKILL, "int": signal.SIGINT, "term": signal.SIGTERM}


def small_corpus(seed: int) -> Corpus:
    """Ten pieces to train on and two to validate on: four voices that walk in small steps."""
    draw = random.Random(seed)
    items = []
    for index in range(12):
        split: Split = "train" if index < 10 else "valid"
        pitches, notes = [69, 64, 57, 48], []
        quarters = draw.choice((8, 12, 16))
        for quarter in range(quarters):
            for voice in range(4):
                notes.append(Note(480 * quarter, 480, pitches[voice], voice))
                pitches[voice] += draw.choice((-2, -1, 0, 1, 2))
                pitches[voice] = min(max(pitches[voice], (62, 56, 50, 42)[voice]), (76, 68, 62, 54)[voice])
        items.append(FolderItem(f"walk-{index:02d}", split, Score(tuple(notes), key=Key(0))))
    return Corpus.from_items(items, Grid(4))


class Phase:
    """What a process is doing, as its parent can read it."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, 80)

    def note(self, text: str) -> None:
        """Say what begins."""
        self.memory[:] = text.encode()[:80].ljust(80)

    def read(self) -> str:
        """What was said last."""
        return self.memory[:].decode().strip()

    def around(self, owner: Any, name: str, text: Callable[..., str], pause: float = 0.0) -> None:
        """Have a function say what it does, and wait, before it does it."""
        plain = getattr(owner, name)

        def noted(*args: Any, **kwargs: Any) -> Any:
            before = self.read()
            self.note(text(*args))
            time.sleep(pause)
            result = plain(*args, **kwargs)
            self.note(before if pause else f"after {self.read()}")
            return result

        setattr(owner, name, noted)


def start(words: list[str], phase: Phase, pause: float) -> int:
    """Fork a process that trains, and return its number."""
    if child := os.fork():
        return child
    phase.note("starting")
    phase.around(BiaxialModule, "training_step", lambda module, *_: f"training epoch {module.current_epoch + 1}")
    phase.around(BiaxialModule, "validation_step", lambda module, *_: f"validating epoch {module.current_epoch + 1}")
    phase.around(run_folder, "density_biases", lambda *_: "fitting density biases")
    phase.around(run_folder, "draw_learning_curve", lambda *_: "drawing the learning curve")
    phase.around(os, "fsync", lambda *_: f"writing a file, {phase.read()}", pause)
    phase.around(os, "replace", lambda _, target: f"renaming {_kind(Path(target))}", pause)
    status = 1
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        try:
            status = biaxial_train(words)
        except SystemExit as end:
            status = int(end.code or 0)
        finally:
            os._exit(status)
    raise AssertionError


def _kind(path: Path) -> str:
    return "a sample" if path.suffix == ".mid" else path.name


def train(folder: Path, corpus: Path, phase: Phase, pause: float, after: float | None, number: int) -> str | None:
    """Begin a run or go on with it, send a signal after some seconds, and return its phase, or None if it was over."""
    is_begun = (folder / "config.json").exists()
    words = ["--resume", str(folder)] if is_begun else [str(corpus), "-o", str(folder), *SETTINGS]
    child = start([*words, *MACHINE], phase, pause)
    end = float("inf") if after is None else time.monotonic() + after
    while time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            if status:
                raise SystemExit(f"{' '.join(words)}: ended with status {os.waitstatus_to_exitcode(status)}")
            return None
        time.sleep(0.002)
    text = phase.read()
    os.kill(child, number)
    os.waitpid(child, 0)
    return text


def outcome(folder: Path) -> dict[str, Any]:
    """All that a run leaves and that does not depend on the time."""
    with safetensors.safe_open(folder / "model.safetensors", framework="pt") as file:
        header = json.loads(file.metadata()["biaxial"])
        found: dict[str, Any] = {name: file.get_tensor(name).numpy().tobytes() for name in file.keys()}  # noqa: SIM118
    for name in ("date", "training_seconds"):
        del header["made"][name]
    with (folder / "metrics.csv").open(newline="") as table:
        rows = [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(table)]
    samples = {path.name: path.read_bytes() for path in sorted((folder / "samples").iterdir())}
    rest = sorted(path.name for path in folder.iterdir() if "tfevents" not in path.name)
    return found | {"header": header, "metrics": rows, "samples": samples, "files": rest}


def main() -> None:
    """Train, kill, go on, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="how many in all (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default: %(default)s)")
    parser.add_argument("--pause", type=float, default=0.1, help="seconds before each step of writing a file")
    parser.add_argument("--signal", choices=SIGNALS, default="kill", help="what ends a process (default: %(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    draw, phase, counts, runs = random.Random(options.seed), Phase(), Counter[str](), 0
    with tempfile.TemporaryDirectory() as place:
        corpus = Path(place) / "corpus.npz"
        small_corpus(0).save(corpus)
        train(Path(place) / "first", corpus, phase, options.pause, None, 0)  # compiles the sampler
        begun = time.monotonic()
        train(Path(place) / "whole", corpus, phase, options.pause, None, 0)
        seconds = time.monotonic() - begun
        whole = outcome(Path(place) / "whole")
        print(f"one unbroken run: {seconds:.1f} s", flush=True)
        while counts.total() < options.kills:
            runs += 1
            folder = Path(place) / f"broken-{runs}"
            while True:
                after = draw.uniform(0, 0.5 * seconds) if counts.total() < options.kills else None
                text = train(folder, corpus, phase, options.pause, after, SIGNALS[options.signal])
                if text is None:
                    break
                counts[text] += 1
            broken = outcome(folder)
            for name, value in whole.items():
                if broken[name] != value:
                    raise SystemExit(f"{folder.name}, after {counts.total()} kills in all: {name} differs")
    for text, count in sorted(counts.items()):
        print(f"{count:4d}  {text}")
    print(f"{counts.total()} kills in {runs} runs; each ended as the unbroken one, to the last bit")


if __name__ == "__main__":
    main()
