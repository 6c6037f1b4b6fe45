"""Break commands off, and see what they leave: streams that are closed, signals, a full disk, write protection, pairs.

Every command runs as a process of its own, as a user's does. A run fails the drill if it ends in a traceback or a
crash, if a file that is there cannot be read, if a temporary file stays, if a piece is lost that stdout or the message
says is written, or if it takes more than a second to answer a signal.

    python scripts/drills/broken_off.py --signals 50 --pairs 50
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from biaxial.formats.midi.midi_writer import write_midi
from biaxial.formats.read import read_score
from biaxial.music.score import Key, Note, Score

ANSWER = 1.0
"""Longest time, in seconds, from a signal to the end."""
BARS = ("--bars", "2", "--seed", "1", "--no-cadence")


def main() -> int:
    """Run the drill and print a table; 1 if something failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--signals", type=int, default=50, help="moments at which signals come")
    parser.add_argument("--pairs", type=int, default=50, help="times that two commands run at once, of each kind")
    parser.add_argument("--seconds", type=float, default=12.0, help="latest moment of a signal")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows, failures = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _music(folder)
        drills: list[tuple[str, Callable[[Path], list[str]], int]] = [
            ("closed streams", streams, 1),
            ("a full disk", full_disk, 1),
            ("write protection", protected, 1),
            ("signals", lambda place: signals(place, options.signals, options.seconds, options.seed), options.signals),
            ("two at once on one file", lambda place: pairs(place, options.pairs), options.pairs),
            ("two at once on one cache", lambda place: pairs(place, options.pairs, cache=True), options.pairs),
            ("two at once on one run", lambda place: runs(place, options.pairs), options.pairs),
        ]
        for title, drill, times in drills:
            started = time.perf_counter()
            found = drill(folder) if times else []
            failures += [f"{title}: {one}" for one in found]
            rows.append(f"| {title} | {times} | {len(found)} | {time.perf_counter() - started:.0f} |")
            print(rows[-1], flush=True)
    print("\n| drill | times | failures | seconds |\n|---|---|---|---|", *rows, sep="\n")
    print(*failures, sep="\n", file=sys.stderr)
    return 1 if failures else 0


def _music(folder: Path) -> None:
    chorale = Score(
        tuple(Note(480 * q, 480, p + q % 3, v) for q in range(16) for v, p in enumerate((67, 62, 55, 48))), key=Key(0)
    )
    (folder / "music").mkdir()
    for number in range(4):
        moved = tuple(Note(n.onset_ticks, n.length_ticks, n.pitch + number, n.voice) for n in chorale.notes)
        write_midi(Score(moved, key=Key(0)), folder / "music" / f"{number}.mid")


def command(name: str, *words: object) -> list[str]:
    """A command of this package as the words of a process."""
    module = f"biaxial.cli.{name}"
    return [sys.executable, "-c", f"import sys; from {module} import main; sys.exit(main())", *map(str, words)]


def wrong(err: str, folder: Path, status: int, *allowed: int) -> list[str]:
    """What is wrong after a command has ended."""
    found = []
    if "Traceback" in err or "Exception ignored" in err or "terminate called" in err:
        found.append(err.strip().splitlines()[-1][:200])
    if status not in allowed:
        found.append(f"status {status}: {err.strip()[-200:]}")
    for path in folder.rglob("*"):
        if path.name.endswith(".tmp") and "cache" not in path.parts:
            found.append(f"{path.name} stays")
        if path.suffix == ".mid" and path.is_file():
            try:
                read_score(path)
            except (ValueError, OSError) as error:
                found.append(str(error))
    return found


def streams(folder: Path) -> list[str]:
    """Each command with stdin, stdout, stderr closed, full or gone."""
    found, tune = [], folder / "music" / "0.mid"
    commands = {
        "compose": ("-o", "out.mid", *BARS),
        "harmonise": (tune, "-o", "out.mid", "--particles", 1),
        "infill": (tune, "--bars", "2", "-o", "out.mid", "--particles", 1),
        "continue_": (tune, "--bars", "1", "-o", "out.mid"),
        "explain": (tune, "--top", "1", "-o", "out.png"),
        "evaluate": (tune,),
    }
    for name, words in commands.items():
        for how in (">&-", "2>&-", ">&- 2>&- <&-", "2>/dev/full", ">/dev/full", "| true"):
            place = Path(tempfile.mkdtemp(dir=folder))
            line = " ".join(f"'{word}'" for word in command(name, *words))
            shell = ["bash", "-c", f"set -o pipefail; {line} {how}"]
            done = subprocess.run(shell, cwd=place, capture_output=True, text=True, check=False)
            expected = (2,) if how == ">/dev/full" else (0, 141) if "|" in how else (0,)
            found += [f"{name} {how}: {one}" for one in wrong(done.stderr, place, done.returncode, *expected)]
            if name not in ("evaluate",) and not any(place.glob("out.*")):
                found.append(f"{name} {how}: the piece is lost")
    return found


def full_disk(folder: Path) -> list[str]:
    """No file may grow beyond some bytes, as on a disk that fills up in the middle of one."""
    found = []
    for most in (0, 1, 64):
        place = Path(tempfile.mkdtemp(dir=folder))
        (place / "out.mid").write_bytes((folder / "music" / "0.mid").read_bytes())
        limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}))"
        code = f"{limit}; from biaxial.cli.compose import main; import sys; sys.exit(main())"
        words = [sys.executable, "-B", "-c", code, "-o", "out.mid", *BARS]
        done = subprocess.run(words, cwd=place, capture_output=True, text=True, check=False)
        found += wrong(done.stderr, place, done.returncode, 2)
        if (place / "out.mid").read_bytes() != (folder / "music" / "0.mid").read_bytes():
            found.append("the old file is gone")
    return found


def protected(folder: Path) -> list[str]:
    """A file that may not be written to stays as it is."""
    found = []
    for name, words in {"compose": BARS, "explain": (folder / "music" / "0.mid", "--top", "1")}.items():
        place = Path(tempfile.mkdtemp(dir=folder))
        path = place / ("out.mid" if name == "compose" else "out.png")
        shutil.copy(folder / "music" / "0.mid", path)
        path.chmod(0o444)
        done = subprocess.run(command(name, *words, "-o", path), cwd=place, capture_output=True, text=True, check=False)
        found += wrong(done.stderr, place, done.returncode, 2)
        if path.read_bytes() != (folder / "music" / "0.mid").read_bytes():
            found.append(f"{name}: a protected file was replaced")
    return found


def signals(folder: Path, times: int, seconds: float, seed: int) -> list[str]:
    """Signals at random moments of a command that writes many pieces."""
    draw, found = random.Random(seed), []
    for number in range(times):
        place = Path(tempfile.mkdtemp(dir=folder))
        kind = draw.choice((signal.SIGINT, signal.SIGINT, signal.SIGTERM))
        words = command("compose", "-n", 50, "-o", "many", *BARS)
        process = subprocess.Popen(
            words, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
        )
        moment = draw.uniform(0.1, seconds)
        try:
            _, err = process.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            since = time.perf_counter()
            process.send_signal(kind)
            _, err = process.communicate()
            late = time.perf_counter() - since
            if late > ANSWER:
                found.append(f"{number}: {kind.name} at {moment:.1f} s was answered after {late:.1f} s")
        written = len(list(place.rglob("*.mid")))
        found += wrong(err, place, process.returncode, 0, 128 + kind, -kind)
        if f"; {written} of 50 pieces are written" not in err and written and process.returncode:
            found.append(f"{number}: {written} pieces are there, and it says {err.strip()[-80:]}")
        shutil.rmtree(place)
    return found


def pairs(folder: Path, times: int, *, cache: bool = False) -> list[str]:
    """Two commands at once that write one file, or read through one cache."""
    found = []
    for number in range(times):
        place = Path(tempfile.mkdtemp(dir=folder))
        words = command("compose", "-o", "out.mid", "-q", *BARS)
        if cache:
            words = command("evaluate", folder / "music", "--cache", place / "cache", "-q")
        both = [
            subprocess.Popen(words, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        ended = [process.communicate() for process in both]
        for process, (_, err) in zip(both, ended, strict=True):
            found += [f"{number}: {one}" for one in wrong(err, place, process.returncode, 0)]
        if ended[0][0] != ended[1][0]:
            found.append(f"{number}: they say different things")
        shutil.rmtree(place)
    return found


def runs(folder: Path, times: int) -> list[str]:
    """Two trainings at once in one folder: one may be refused, and what is left can go on."""
    found = []
    for number in range(times):
        place = Path(tempfile.mkdtemp(dir=folder))
        small = ("--preset", "tiny", "--epochs", 1, "--accelerator", "cpu", "-q", "-o", place / "run")
        words = command("train", folder / "music", *small, "--cache", place / "cache")
        both = [
            subprocess.Popen(words, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        for process in both:
            _, err = process.communicate()
            found += [f"{number}: {one}" for one in wrong(err, place, process.returncode, 0, 2)]
        again = command("train", "--resume", place / "run", "-q", "--cache", place / "cache")
        done = subprocess.run(again, cwd=place, capture_output=True, text=True, check=False)
        found += [f"{number}, resumed: {one}" for one in wrong(done.stderr, place, done.returncode, 0)]
        shutil.rmtree(place)
    return found


if __name__ == "__main__":
    sys.exit(main())
