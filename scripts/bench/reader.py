"""Measure the reading of a folder of mixed quality, and the memory of training on large corpora.

``python scripts/bench/reader.py CHORALES`` takes about two minutes on two cores; CHORALES is a folder made by
``biaxial-chorales``. It makes 1,000 files (``--files``) out of the chorales and of what music21 carries, reads them
three times, the first time without a cache, the second with it, the third with a tenth of its entries damaged, each in
a process of its own, and prints seconds, memory and verdicts. Then it takes batches from corpora of 100, 1,000 and
10,000 copies of the chorales, each four times as long, and prints what they take while they lie on the disk.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import random
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path

import numpy as np
from mido import Message, MetaMessage

from biaxial.corpora.corpus import Corpus, CorpusPiece
from biaxial.corpora.corpus_piece import Store, ranges_of
from biaxial.corpora.reading.music_folder import ReadConfig, read_folder
from biaxial.corpora.reading.worker import num_workers
from biaxial.corpora.splits import FolderItem
from biaxial.formats.midi.midi_messages import encode
from biaxial.formats.midi.midi_writer import midi_bytes
from biaxial.music.grid import Grid
from biaxial.music.score import Note, Score

SECONDS_COLD, SECONDS_CACHED, GIB_READING, GIB_TRAINING = 60.0, 2.0, 2.0, 1.0
"""What was asked for."""

COPIES = (100, 1_000, 10_000)
BATCHES = 200


def jittered(score: Score, draw: random.Random, steps: float) -> Score:
    """The score as if it were played: every onset moved by up to that many sixteenths, to either side."""
    most = round(steps * score.ticks_per_quarter / 4)
    notes = [replace(note, onset_ticks=max(0, note.onset_ticks + draw.randint(-most, most))) for note in score.notes]
    return replace(score, notes=tuple(notes), length_ticks=score.length_ticks + score.ticks_per_quarter)


def part_of(score: Score, draw: random.Random) -> Score:
    """A beginning of the score, somewhere else on the keyboard and with another tempo."""
    end = score.length_ticks * draw.randint(30, 100) // 100
    notes = [note for note in score.notes if note.end_ticks <= end]
    metres = tuple(signature for signature in score.time_signatures if signature.onset_ticks < end)
    tempo = draw.randint(50, 140)
    part = replace(score, notes=tuple(notes), length_ticks=end, time_signatures=metres, fermatas=None, tempo_bpm=tempo)
    return part.transposed(draw.randint(-3, 3))


def piano(score: Score) -> bytes:
    """The score as ordinary MIDI: two tracks with chords, named after hands, and a drum on every beat."""
    hands = ([note for note in score.notes if (note.voice or 0) < 2], [n for n in score.notes if (n.voice or 0) > 1])
    drums = [Note(tick, 60, 36) for tick in range(0, score.length_ticks - 60, score.ticks_per_quarter)]
    tracks = []
    for channel, (name, notes) in enumerate((("Right", hands[0]), ("Left", hands[1]), ("Drums", drums))):
        status = 9 if name == "Drums" else channel
        offs = [(n.end_ticks, Message("note_off", channel=status, note=n.pitch)) for n in notes]
        played_notes = [(n.onset_ticks, n.pitch, n.played_velocity) for n in notes]
        ons = [(on, Message("note_on", channel=status, note=p, velocity=v)) for on, p, v in played_notes]
        played = sorted([*offs, *ons], key=itemgetter(0))
        tracks.append(([(0, MetaMessage("track_name", name=name)), *played], score.length_ticks))
    return encode(score.ticks_per_quarter, tracks)


def abc(draw: random.Random) -> bytes:
    """A tune of sixteen bars."""
    bars = (" ".join(draw.choice("CDEFGABcdefg") + draw.choice(("2", "2", "3/2")) for _ in range(4)) for _ in range(16))
    return f"X:1\nT:Tune\nM:4/4\nL:1/8\nK:C\n{' | '.join(bars)} |]\n".encode()


def make_folder(folder: Path, count: int, items: list[FolderItem], draw: random.Random) -> None:
    """Write files: 11 of 20 are plain MIDI, the others each another kind."""
    from music21 import corpus

    stored = [path for path in map(Path, corpus.getPaths()) if path.stat().st_size < 20_000]
    kern = [path for path in stored if path.suffix == ".krn"]
    sheets = [path for path in stored if path.suffix in (".mxl", ".musicxml", ".xml")]

    def some() -> Score:
        return part_of(draw.choice(items).score, draw)

    def copied(paths: list[Path]) -> Callable[[], tuple[str, bytes]]:
        def one() -> tuple[str, bytes]:
            path = draw.choice(paths)
            return path.suffix, path.read_bytes()

        return one

    plain = lambda: (".mid", midi_bytes(some()))  # noqa: E731
    kinds: list[Callable[[], tuple[str, bytes]]] = [
        *[plain] * 11,
        lambda: (".mid", midi_bytes(jittered(some(), draw, 0.2))),
        lambda: (".mid", midi_bytes(jittered(some(), draw, 2))),
        lambda: (".midi", piano(some())),
        lambda: (".mid", midi_bytes(some())[: draw.randint(1, 600)]),
        lambda: (".mid", draw.choice((b"", midi_bytes(Score(length_ticks=1920))))),
        lambda: (".mid", midi_bytes(draw.choice(items[:20]).score)),  # soon the same ones again
        copied(sheets),
        copied(kern),
        lambda: (".abc", abc(draw)),
    ]
    for index in range(count):
        suffix, content = kinds[index % len(kinds)]()
        path = folder / f"{index % 7}" / f"{index:05d}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@dataclass(frozen=True)
class Read:
    """What one reading took and found."""

    seconds: float
    gib: float
    verdicts: tuple[tuple[str, int], ...]
    checksum: str


def resident_gib(who: int = resource.RUSAGE_SELF) -> float:
    """The most that this process, or the largest of its children, has had in memory."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(who).ru_maxrss * unit / 2**30


def read(folder: Path, cache: Path, steps_per_quarter: int) -> Read:
    """Read a folder in this process and its workers."""
    start = time.perf_counter()
    corpus, _ = Corpus.read(folder, Grid(steps_per_quarter), reading=ReadConfig(cache=cache))
    seconds = time.perf_counter() - start
    counts = Counter(verdict.verdict for verdict in corpus.verdicts)
    workers = num_workers(0, len(corpus.verdicts)) * resident_gib(resource.RUSAGE_CHILDREN)
    return Read(seconds, resident_gib() + workers, tuple(counts.most_common()), corpus.checksum)


def damage(cache: Path, draw: random.Random) -> int:
    """Cut short or change a tenth of the entries; how many."""
    entries = [path for path in sorted(cache.rglob("*")) if path.is_file()]
    chosen = draw.sample(entries, len(entries) // 10)
    for path in chosen:
        data = bytearray(path.read_bytes())
        data[draw.randrange(len(data))] ^= 0xFF
        path.write_bytes(data[: draw.choice((len(data), len(data) // 2))])
    return len(chosen)


@dataclass(frozen=True)
class Curve:
    """What training on so many pieces takes."""

    pieces: int
    disk_gib: float
    before_gib: float
    peak_gib: float
    seconds_to_cut: float
    milliseconds: float


def train_on(copies: int, prepared: Path, folder: Path) -> Curve:
    """Take batches of a corpus of copies that lies on the disk, and its checksum, which looks at all of it."""
    from biaxial.models.config import PRESETS
    from biaxial.training.config import TrainConfig
    from biaxial.training.crops import CorpusData

    source = [piece for piece in Corpus.load(prepared).pieces if piece.split == "train"]
    before = resident_gib()
    with Store(folder) as store:
        made = []
        for index in range(copies):
            piece = source[index % len(source)]
            arrays = (
                np.tile(piece.states, (4, 1)),
                np.tile(piece.voices, (4, 1)),
                np.tile(piece.conditions, (4, 1)),
                np.zeros((4 * piece.num_steps, 128), np.uint8),
            )
            made.append((ranges_of(piece.states, piece.voices), store.append(arrays), len(arrays[0])))
        store.map()
    pieces = [
        CorpusPiece(f"{index}", "train", *store.arrays(place, steps), ranges=ranges)
        for index, (ranges, place, steps) in enumerate(made)
    ]
    corpus = Corpus(tuple(pieces), 4, 4, store=store)
    assert corpus.checksum
    data = CorpusData(corpus, PRESETS["chorale"], TrainConfig())
    start = time.perf_counter()
    loader = data.train_dataloader()
    cutting, start = time.perf_counter() - start, time.perf_counter()
    taken = sum(1 for _ in itertools.islice(loader, BATCHES))
    milliseconds = (time.perf_counter() - start) / taken * 1000
    disk = sum(array.nbytes for array in store.arrays(0, store.num_steps)) / 2**30
    return Curve(copies, disk, before, resident_gib(), cutting, milliseconds)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chorales", type=Path, help="folder made by biaxial-chorales")
    parser.add_argument("--files", type=int, default=1_000, help="files to read (default: %(default)s)")
    parser.add_argument("--copies", type=int, nargs="*", default=COPIES, help="sizes of corpora to train on")
    parser.add_argument("--steps-per-quarter", type=int, default=4, help="grid (default: %(default)s)")
    parser.add_argument("--work", type=Path, help="folder on whose disk all is done (default: that of temporary files)")
    parser.add_argument("--keep", type=Path, help="write the files here and leave them")
    options = parser.parse_args()
    fresh = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        work, draw = Path(name), random.Random(0)
        folder, cache = options.keep or work / "music", work / "cache"
        items, _ = read_folder(options.chorales)
        make_folder(folder, options.files, items, draw)
        print("| reading | seconds | GiB, all processes | verdicts |\n|---|---|---|---|")
        seen = set()
        for label in ("first", "cached", "damaged cache"):
            if label == "damaged cache":
                damage(cache, draw)
            with fresh.Pool(1) as pool:
                found = pool.apply(read, (folder, cache, options.steps_per_quarter))
            seen.add(found.checksum)
            counts = ", ".join(f"{number} {kind}" for kind, number in found.verdicts)
            print(f"| {label} | {found.seconds:.2f} | {found.gib:.2f} | {counts} |", flush=True)
        assert len(seen) == 1, "the cache changed the corpus"
        shutil.rmtree(cache)
        if options.copies:
            print("\n| pieces | GiB on disk | GiB before | GiB at most | s to cut an epoch | ms a batch |")
            print("|---|---|---|---|---|---|")
        prepared = work / "chorales.npz"
        Corpus.from_items(items, Grid(4)).save(prepared)
        for copies in options.copies:
            with fresh.Pool(1) as pool:
                curve = pool.apply(train_on, (copies, prepared, work))
            print(
                f"| {curve.pieces:,} | {curve.disk_gib:.2f} | {curve.before_gib:.2f} | {curve.peak_gib:.2f} | "
                f"{curve.seconds_to_cut:.1f} | {curve.milliseconds:.1f} |",
                flush=True,
            )
    print(
        f"\nAsked for: {SECONDS_COLD:g} s first, {SECONDS_CACHED:g} s cached, {GIB_READING:g} GiB reading, "
        f"{GIB_TRAINING:g} GiB training"
    )


if __name__ == "__main__":
    main()
