"""Feed damaged and hostile files to every reader, and list what is neither read nor refused in one line.

``python scripts/drills/fuzz_readers.py --keep failures/`` makes 10,000 inputs, which takes about fifteen minutes on one
core. Seeds are two bars of a chorale as the package writes them, small files of music21's corpus, and a tiny network
with the history of the shipped weights. Input ``i`` depends on ``--seed`` and ``i`` alone.

An input fails if its reader raises anything but a ValueError or OSError, says so in more than one short line or without
the name of the file, needs more than 5 s of computing or 1 GiB, ends the process, or loads a pickle. What was read is
then used, as a roll and as MIDI, under the same rules except for the name of the file. Linux only (limits and peaks of
memory). One thing is slow by its size alone: music21 takes half a millisecond for a note, so that printed music of ten
thousand notes, which is what a quartet has, is called a hang.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the siblings are
from scripts.drills.fuzz_inputs import KINDS, make_input, make_seeds
from scripts.drills.fuzz_workers import run


def main() -> None:
    """Make the inputs, read them, print a table and keep what fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=10_000, help="number of inputs")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--keep", type=Path, help="folder for the smallest input of each failure")
    parser.add_argument(
        "--kinds", nargs="+", choices=list(KINDS), default=list(KINDS), help="kinds of files, all by default"
    )
    options = parser.parse_args()
    seeds, start = {name: files for name, files in make_seeds().items() if name in options.kinds}, time.perf_counter()
    outcomes = run(seeds, options.seed, options.mutations, options.jobs)
    table: dict[tuple[str, str], Counter[str]] = {}
    slowest: dict[str, float] = {}
    smallest: dict[str, tuple[int, int]] = {}
    times: Counter[str] = Counter()
    for index, (outcome, seconds, name, mutation, size) in sorted(outcomes.items()):
        kind_of_end = outcome if outcome in ("read", "refused") else "failures"
        for row in ((name, mutation), (name, "all")):
            table.setdefault(row, Counter())[kind_of_end] += 1
        slowest[name] = max(slowest.get(name, 0), seconds)
        if kind_of_end == "failures":
            label = f"{name}, {mutation}: {outcome}" if outcome == "hang" else f"{name}: {outcome}"
            times[label] += 1
            smallest[label] = min(smallest.get(label, (1 << 60, 0)), (size, index))
    print("| kind | mutation | read | refused | failures | slowest |\n|---|---|---:|---:|---:|---:|")
    for (name, mutation), counts in sorted(table.items()):
        last = f"{slowest[name]:.1f} s" if mutation == "all" else ""
        print(f"| {name} | {mutation} | {counts['read']} | {counts['refused']} | {counts['failures']} | {last} |")
    print(
        f"\n{len(outcomes)} inputs in {(time.perf_counter() - start) / 60:.1f} minutes, "
        f"{sum(outcome.seconds for outcome in outcomes.values()) / 60:.1f} of them reading, "
        f"{len(smallest)} kinds of failure"
    )
    for number, (label, (size, index)) in enumerate(sorted(smallest.items()), 1):
        print(f"{number}. {label} ({times[label]} times; smallest: input {index}, {size} bytes)")
        if options.keep is not None:
            _, _, suffix, data = make_input(seeds, options.seed, index)
            options.keep.mkdir(parents=True, exist_ok=True)
            if data is not None:
                (options.keep / f"{number:03d}-{index}{suffix}").write_bytes(data)
    sys.exit(1 if smallest else 0)


if __name__ == "__main__":
    main()
