"""``biaxial-folksongs``: write the German folk songs that music21 carries as MIDI files, split for training."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from biaxial.cli.common import Arguments, progress_bar, verb
from biaxial.cli.options import REQUIRED, option, parse, parser
from biaxial.corpora.essen import DEFAULT_PARTS, PARTS, numbered, read_songs, song_paths, split_songs, variants
from biaxial.corpora.splits import SPLITS
from biaxial.files.atomic import atomic_write
from biaxial.formats.midi.midi_writer import midi_bytes
from biaxial.music.errors import InputError

PROG = "biaxial-folksongs"
DESCRIPTION = "Write the folk songs of music21's Essen collection as MIDI into train/, valid/ and test/ of a folder."


def read_names(text: str) -> tuple[str, ...]:
    """Parts of the collection separated by commas, or ``all``."""
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if unknown := [name for name in names if name not in (*PARTS, "all")]:
        raise ValueError(f"there is no part {unknown[0]!r}; give all, or some of {', '.join(PARTS)}")
    if not names:
        raise ValueError(f"{text!r} names no part; give all, or some of {', '.join(PARTS)}")
    return PARTS if "all" in names else names


@dataclass(frozen=True)
class FolkSongsOptions:
    """Where the songs go, and which."""

    folder: Path = option(REQUIRED, positional=True, metavar="DIR", help="folder to write to")
    parts: tuple[str, ...] = option(
        DEFAULT_PARTS, parse=read_names, metavar="PART,...", help=f"parts of the collection: {', '.join(PARTS)}; or all"
    )
    quiet: bool = option(False, short="-q", help="no progress bar")
    json: bool = option(False, help="print one JSON object")


@verb(PROG)
def main(argv: Arguments, prog: str) -> None:
    """Write what is not there yet, and print the counts."""
    (options,) = parse(parser(prog, DESCRIPTION, FolkSongsOptions), argv)
    songs, refused = [], []
    for path in song_paths(options.parts):
        read, bad = read_songs(path)
        songs += read
        refused += bad
    songs = numbered(songs)
    sides = split_songs(songs)
    for song, side in zip(songs, sides, strict=True):
        for split in SPLITS:
            other = options.folder / split / f"{song.name}.mid"
            if split != side and other.exists():
                raise InputError(f"{other}: belongs to {side} now; remove it, or give an empty folder")
    written = 0
    with progress_bar(len(songs), " songs", quiet=options.quiet) as advance:
        for song, side in zip(songs, sides, strict=True):
            target, content = options.folder / side / f"{song.name}.mid", midi_bytes(song.score)
            if not target.is_file() or target.read_bytes() != content:
                target.parent.mkdir(parents=True, exist_ok=True)
                atomic_write(target, content)
                written += 1
            advance(1)
    counts = Counter(sides)
    splits, tunes = {split: counts[split] for split in SPLITS}, len(set(variants(songs)))
    if options.json:
        report = {"folder": str(options.folder), "songs": len(songs), "tunes": tunes, "written": written}
        print(json.dumps({**report, "splits": splits, "left_out": dict(refused)}))
        return
    listed = ", ".join(f"{count} {split}" for split, count in splits.items())
    done = f"{written} written" if written else "all there already, nothing to do"
    print(f"{options.folder}: {len(songs)} songs on {tunes} tunes ({listed}); {done}")
    for name, reason in refused:
        print(f"left out: {name}: {reason}", file=sys.stderr)
