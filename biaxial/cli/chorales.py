"""``biaxial-chorales``: write the four-part Bach chorales that music21 carries as MIDI files, split for training.

The manifest says what is a chorale, on which side of the split it falls and what its music must be; a file that is
there already and holds that music is left alone.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from biaxial.cli.common import Arguments, progress_bar, verb
from biaxial.cli.options import REQUIRED, option, parse, parser
from biaxial.corpora.bach_chorales import ManifestRow, chorale_paths, read_chorale, read_manifest
from biaxial.corpora.splits import SPLITS
from biaxial.formats.midi.midi_writer import read_midi, write_midi
from biaxial.music.checksum import music_checksum
from biaxial.music.errors import InputError
from biaxial.music.score import Score

PROG = "biaxial-chorales"
DESCRIPTION = "Write the four-part Bach chorales of music21 as MIDI into train/, valid/ and test/ of a folder."


@dataclass(frozen=True)
class ChoralesOptions:
    """Where the chorales go."""

    folder: Path = option(REQUIRED, positional=True, metavar="DIR", help="folder to write to")
    jobs: int = option(0, within=(0, 64), help="processes to read with, 0 for one per core")
    quiet: bool = option(False, short="-q", help="no progress bar")
    json: bool = option(False, help="print one JSON object")


@verb(PROG)
def main(argv: Arguments, prog: str) -> None:
    """Write what is not there yet, and print the counts."""
    (options,) = parse(parser(prog, DESCRIPTION, ChoralesOptions), argv)
    rows = read_manifest()
    chorales = [row for row in rows if not row.left_out]
    _refuse_other_sides(options.folder, chorales)
    missing = [row for row in chorales if not _is_there(options.folder, row)]
    changed = _write(options, missing) if missing else []
    splits = {split: sum(row.split == split for row in chorales) for split in SPLITS}
    if options.json:
        report = {
            "folder": str(options.folder),
            "chorales": len(chorales),
            "written": len(missing),
            "splits": splits,
            "left_out": {row.file: row.left_out for row in rows if row.left_out},
            "differ_from_manifest": changed,
        }
        print(json.dumps(report))
        return
    counts = ", ".join(f"{count} {split}" for split, count in splits.items())
    done = f"{len(missing)} written" if missing else "all there already, nothing to do"
    print(f"{options.folder}: {len(chorales)} chorales ({counts}); {done}")
    for line in _left_out(rows):
        print(line)
    if changed:
        print(f"{len(changed)} differ from the manifest, which was made with another music21: {', '.join(changed)}")


def _left_out(rows: Sequence[ManifestRow]) -> Iterator[str]:
    """What was left out and why, for reading."""
    reasons = [row.left_out for row in rows if row.left_out]
    yield f"left out: {len(reasons)} of {len(rows)} files"
    parts = Counter(int(reason.removesuffix(" parts")) for reason in reasons if reason.endswith(" parts"))
    listed = ", ".join(f"{count} have {number}" for number, count in sorted(parts.items()))
    yield f"  {parts.total()} without exactly four parts: {listed}"
    twins = [row for row in rows if row.left_out and not row.left_out.endswith(" parts")]
    yield f"  {len(twins)} twins: {', '.join(f'{row.file} ({row.left_out})' for row in twins)}"


def _target(folder: Path, row: ManifestRow, split: str = "") -> Path:
    return folder / (split or row.split) / f"{row.name}.mid"


def _refuse_other_sides(folder: Path, chorales: Iterable[ManifestRow]) -> None:
    """Refuse a folder made with another split: a piece on two sides would be trained and tested on."""
    for row in chorales:
        for split in SPLITS:
            path = _target(folder, row, split)
            if split != row.split and path.exists():
                raise InputError(f"{path}: belongs to {row.split} now; remove it, or give an empty folder")


def _is_there(folder: Path, row: ManifestRow) -> bool:
    try:
        return music_checksum(read_midi(_target(folder, row))) == row.sha256
    except (InputError, FileNotFoundError):
        return False


def _write(options: ChoralesOptions, missing: Sequence[ManifestRow]) -> list[str]:
    """Write some chorales; returns the names of those whose checksum is not the manifest's."""
    sources = {path.name: path for path in chorale_paths()}
    if unknown := [row.file for row in missing if row.file not in sources]:
        raise InputError(f"music21's corpus has no {unknown[0]}; install music21 10.5.1")
    for split in {row.split for row in missing}:
        (options.folder / split).mkdir(parents=True, exist_ok=True)
    paths = [sources[row.file] for row in missing]
    changed = []
    with (
        progress_bar(len(missing), " chorales", quiet=options.quiet) as advance,
        _converted(paths, options.jobs or os.cpu_count() or 1) as results,
    ):
        for row, score in zip(missing, results, strict=True):
            write_midi(score, _target(options.folder, row))
            if music_checksum(score) != row.sha256:
                changed.append(row.name)
            advance(1)
    return changed


@contextmanager
def _converted(paths: Sequence[Path], jobs: int) -> Iterator[Iterable[Score]]:
    """Chorales, in order, read by several processes."""
    if min(jobs, len(paths)) <= 1:
        yield map(read_chorale, paths)
        return
    with multiprocessing.get_context("spawn").Pool(min(jobs, len(paths))) as pool:
        yield pool.imap(read_chorale, paths, chunksize=4)
