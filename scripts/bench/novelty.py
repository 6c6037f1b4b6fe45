"""Measure the search for shared passages: what chorales share by chance, planted quotations, size, time and memory.

``python scripts/bench/novelty.py CHORALES`` takes about a minute and a half on one core; CHORALES is a folder made by
``biaxial-chorales``. Without options it does all of

- ``--chance``: the longest passage that each chorale, cut to 16 bars, shares with chorales of other tunes: the held-out
  ones with the training split (no tune is on two sides), and all of them with all others. Percentiles, and the extreme
  cases by name.
- ``--planted N``: N times, four bars of a training chorale go into a held-out one, a fourth up or down, in place of
  four of its bars; all voices, then one. Whether the longest passage is the planted one, and its source is named.
- ``--size``: of the index of all chorales in an ``.npz`` file, and seconds to make it and to judge 100 pieces.
- ``--growth``: seconds and memory for corpora of 1, 2, 4, 8 and 16 times the chorales, transposed and with a tenth of
  the notes changed, each in a process of its own.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import sys
import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from biaxial.corpora.bach_chorales import read_manifest
from biaxial.corpora.reading.music_folder import read_folder
from biaxial.corpora.splits import FolderItem
from biaxial.metrics.figures.report import COMPOSITION_BARS
from biaxial.metrics.figures.statistics import first_bars
from biaxial.metrics.novelty.passages import Novelty, Passage, PassageIndex
from biaxial.music.score import Note, Score

PERCENTILES = (5, 50, 90, 95, 100)
PLANTED_BARS, PLANTED_SEMITONES = 4, 5
JUDGED = 100
MAX_SECONDS, MAX_MIB, MAX_BYTES = 3.0, 300.0, 600_000
"""What was asked for, of 100 pieces and all chorales."""


def index_of(items: Sequence[FolderItem]) -> PassageIndex:
    """The index of some chorales."""
    return PassageIndex.from_scores((item.name, item.score) for item in items)


def said(name: str, passage: Passage) -> str:
    """A passage in one line."""
    voice = "all voices" if passage.voice is None else f"voice {passage.voice}"
    source = passage.source if passage.source_voice is None else f"{passage.source}, voice {passage.source_voice}"
    others = f" and {len(passage.also_in)} more" if passage.also_in else ""
    return (
        f"{name}, bar {passage.bar}, {voice}: {passage.num_events} events, "
        f"{passage.quarters:g} quarters, {passage.bars:.2f} bars; {source}, bar {passage.source_bar}{others}, "
        f"{passage.transposition:+d} semitones"
    )


def chance(items: Sequence[FolderItem], num_extremes: int = 3) -> None:
    """What chorales share with chorales of other tunes."""
    tune = {row.name: row.tune for row in read_manifest() if row.name}
    same: dict[str, list[str]] = {}
    for item in items:
        same.setdefault(tune[item.name.split("/")[-1]], []).append(item.name)
    training, whole = index_of([item for item in items if item.split == "train"]), index_of(items)
    held_out: list[tuple[str, Novelty]] = []
    all_of_them: list[tuple[str, Novelty]] = []
    for item in items:
        score = first_bars(item.score, COMPOSITION_BARS)
        if item.split != "train":
            held_out.append((item.name, training.longest(score)))
        all_of_them.append((item.name, whole.longest(score, same[tune[item.name.split("/")[-1]]])))
    columns = " | ".join(f"{percentile} %" for percentile in PERCENTILES)
    print(f"| {COMPOSITION_BARS} bars, pieces | of | none | unit | {columns} |")
    print("|---|---|---|---|" + "---|" * len(PERCENTILES))
    for label, found in (("held out in training", held_out), ("all in other tunes", all_of_them)):
        for kind in ("one_voice", "all_voices"):
            for unit in ("length", "quarters", "bars"):
                passages = [getattr(novelty, kind) for _, novelty in found]
                values = [0 if passage is None else getattr(passage, unit) for passage in passages]
                points = " | ".join(f"{value:.4g}" for value in np.percentile(values, PERCENTILES))
                print(f"| {label}, {len(found)} | {kind} | {passages.count(None)} | {unit} | {points} |")
    print("\nExtreme cases of all in other tunes:")
    for kind in ("one_voice", "all_voices"):
        passages = [(name, getattr(novelty, kind)) for name, novelty in all_of_them if getattr(novelty, kind)]
        passages.sort(key=lambda pair: (-pair[1].length, -pair[1].quarters, pair[0]))
        for name, passage in passages[:num_extremes]:
            print(f"- {said(name, passage)}")
    shared = [novelty.shared for _, novelty in all_of_them]
    print(f"\nPieces of which any time lies in long passages: {np.count_nonzero(shared)} of {len(shared)}")


def bars_between(score: Score, first: int, count: int) -> tuple[int, int]:
    """Where bars begin and end, in ticks; bars are counted from 1."""
    edges = [*score.bar_starts(), score.length_ticks]
    return edges[first - 1], edges[first - 1 + count]


def cut(notes: Sequence[Note], start: int, end: int) -> list[Note]:
    """Notes that sound in a span, no longer than it."""
    return [
        replace(
            n, onset_ticks=max(n.onset_ticks, start), length_ticks=min(n.end_ticks, end) - max(n.onset_ticks, start)
        )
        for n in notes
        if n.onset_ticks < end and n.end_ticks > start
    ]


def plant(host: Score, bar: int, source: Score, source_bar: int, semitones: int, voice: int | None = None) -> Score:
    """The host with four of its bars taken from the source, a number of semitones higher; of all voices or of one."""
    start, end = bars_between(host, bar, PLANTED_BARS)
    source_start, source_end = bars_between(source, source_bar, PLANTED_BARS)
    assert end - start == source_end - source_start
    taken = [note for note in host.notes if voice in (None, note.voice)]
    kept = [note for note in host.notes if voice not in (None, note.voice)]
    kept += cut(taken, 0, start) + cut(taken, end, host.length_ticks)
    quoted = [note for note in source.notes if voice in (None, note.voice)]
    kept += [
        replace(note, onset_ticks=note.onset_ticks + start - source_start, pitch=note.pitch + semitones)
        for note in cut(quoted, source_start, source_end)
    ]
    return replace(host, notes=tuple(kept))


def plantable(score: Score) -> bool:
    """Whether a score is in 4/4 throughout and has bars to spare, those at its ends left alone."""
    return [s.name for s in score.time_signatures] == ["4/4"] and len(score.bar_starts()) >= PLANTED_BARS + 2


def planted(items: Sequence[FolderItem], count: int, seed: int = 0) -> None:
    """How many planted quotations are found."""
    random = np.random.default_rng(seed)
    index = index_of([item for item in items if item.split == "train"])
    sources = [item for item in items if item.split == "train" and plantable(item.score)]
    hosts = [item for item in items if item.split != "train" and plantable(item.score)]
    print("| planted | cases | found, source named | source also elsewhere | length: least, median |")
    print("|---|---|---|---|---|")
    for kind in ("all_voices", "one_voice"):
        named, elsewhere, lengths, missed = 0, 0, [], []
        for case in range(count):
            host, source = hosts[random.integers(len(hosts))], sources[random.integers(len(sources))]
            bar, source_bar = (
                int(random.integers(1, len(item.score.bar_starts()) - PLANTED_BARS)) for item in (host, source)
            )
            voice = None if kind == "all_voices" else int(random.integers(4))
            semitones = int(random.choice((-PLANTED_SEMITONES, PLANTED_SEMITONES)))
            piece = plant(host.score, bar, source.score, source_bar, semitones, voice)
            passage: Passage | None = getattr(index.longest(piece), kind)
            assert passage is not None, "the host alone shares more than nothing"
            lengths.append(passage.length)
            holders = (passage.source, *passage.also_in)
            inside = bar - 1 <= passage.bar < bar + PLANTED_BARS and passage.voice == voice
            if inside and source.name in holders:
                named += 1
                elsewhere += len(holders) > 1
                if passage.source == source.name:
                    assert passage.transposition == semitones
            else:
                missed.append(f"{case}: {source.name}, bar {source_bar}: instead {said(host.name, passage)}")
        print(f"| {kind} | {count} | {named} | {elsewhere} | {min(lengths)}, {np.median(lengths):g} |")
        for line in missed:
            print(f"  {line}", file=sys.stderr)


def size(items: Sequence[FolderItem]) -> None:
    """Bytes of the index, seconds to make it and to judge."""
    started = time.process_time()
    index = index_of(items)
    made = time.process_time() - started
    pieces = [first_bars(item.score, COMPOSITION_BARS) for item in items[:JUDGED]]
    started = time.process_time()
    for piece in pieces:
        index.longest(piece)
    judged = time.process_time() - started
    started = time.process_time()
    for item, piece in zip(items, pieces, strict=False):
        index.longest(piece, [item.name])
    left_out = time.process_time() - started
    file = io.BytesIO()
    np.savez_compressed(file, **index.to_arrays())  # type: ignore[arg-type]
    print(
        f"{len(items)} pieces: {len(file.getvalue()):,} bytes in an .npz file (asked for: {MAX_BYTES:,}); made in "
        f"{made:.2f} s; {len(pieces)} pieces judged in {judged:.2f} s (asked for, with making: {MAX_SECONDS:g} s), in "
        f"{left_out:.2f} s if each leaves itself out"
    )


@dataclass(frozen=True)
class Growth:
    """What a corpus takes: of memory, the most in MiB that comes on top of its scores."""

    grams: int
    seconds: float
    query_milliseconds: float
    left_out_milliseconds: float
    mib: float


def varied(score: Score, copy: int, random: np.random.Generator) -> Score:
    """Another piece of the same kind: transposed, and every tenth note moved; copy 0 is the piece itself."""
    if copy == 0:
        return score
    shifts = (
        np.where(random.random(len(score.notes)) < 0.1, random.integers(-2, 3, len(score.notes)), 0) + copy % 12 - 6
    )
    moved = zip(score.notes, shifts.tolist(), strict=True)
    return replace(score, notes=tuple(replace(note, pitch=note.pitch + shift) for note, shift in moved))


def grow(folder: Path, copies: int) -> Growth:
    """Make an index of so many copies of the chorales, and judge with it."""
    items, _ = read_folder(folder)
    random = np.random.default_rng(0)
    corpus = [(f"{item.name}-{copy}", varied(item.score, copy, random)) for copy in range(copies) for item in items]
    pieces = [first_bars(score, COMPOSITION_BARS) for _, score in islice(corpus, JUDGED)]
    started = time.process_time()
    index = PassageIndex.from_scores(corpus)
    index.longest(Score())
    seconds, started = time.process_time() - started, time.process_time()
    for piece in pieces:
        index.longest(piece)
    query, started = time.process_time() - started, time.process_time()
    for (name, _), piece in zip(corpus, pieces, strict=False):
        index.longest(piece, [name])
    left_out = time.process_time() - started
    grams = len(index.lines.grams) + len(index.chords.grams)
    del index
    tracemalloc.start()  # slow: after the clock
    PassageIndex.from_scores(corpus).longest(pieces[0], [corpus[0][0]])
    mib = tracemalloc.get_traced_memory()[1] / 2**20
    milliseconds = 1000 / len(pieces)
    return Growth(grams, seconds, milliseconds * query, milliseconds * left_out, mib)


def growth(folder: Path, most: int = 16) -> None:
    """Time and memory as the corpus grows."""
    print("| corpus | grams | s to make | ms a query | ms leaving one out | MiB |\n|---|---|---|---|---|---|")
    fresh = multiprocessing.get_context("spawn")
    copies = 1
    while copies <= most:
        with fresh.Pool(1) as pool:
            took = pool.apply(grow, (folder, copies))
        print(
            f"| {copies} x | {took.grams:,} | {took.seconds:.2f} | {took.query_milliseconds:.2f} | "
            f"{took.left_out_milliseconds:.2f} | {took.mib:.1f} |",
            flush=True,
        )
        copies *= 2
    print(f"Asked for: {MAX_MIB:g} MiB at most for 1 x")


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chorales", type=Path, help="folder made by biaxial-chorales")
    parser.add_argument("--chance", action="store_true", help="only what chorales share by chance")
    parser.add_argument("--planted", type=int, nargs="?", const=100, metavar="N", help="only planted quotations")
    parser.add_argument("--size", action="store_true", help="only the size of the index")
    parser.add_argument("--growth", type=int, nargs="?", const=16, metavar="MOST", help="only time and memory")
    options = parser.parse_args()
    everything = not (options.chance or options.planted or options.size or options.growth)
    try:
        items, _ = read_folder(options.chorales)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    if options.chance or everything:
        chance(items)
    if options.planted or everything:
        planted(items, options.planted or 100)
    if options.size or everything:
        size(items)
    if options.growth or everything:
        growth(options.chorales, options.growth or 16)


if __name__ == "__main__":
    main()
