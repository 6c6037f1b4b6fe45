"""Hymns in four voices with phrase ends, to mix into the training on chorales.

``python scripts/make/hymns.py OPEN-HYMNAL CHORALES HYMNS`` reads a folder of the ABC files of the Open Hymnal Project
(https://openhymnal.org, public domain) and one made by ``biaxial-chorales``, and writes a MusicXML file for each hymn
below ``HYMNS``. Then ``biaxial-train CHORALES --mix HYMNS --mix-share 0.35`` trains on both.

Left out are hymns that cannot be read, that are not in four voices or leave the grid of sixteenths, copies, and those
with thirteen notes in a row that a voice of a held-out chorale has too, in any key. Phrase ends are those of the lines
of a verse, as in :mod:`hymn_tunes`;
where the words do not tell them they are unknown.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the package is
from biaxial.cli.common import Arguments, command
from biaxial.corpora.splits import music_paths, splits_of
from biaxial.formats.abc.tune import read_abc
from biaxial.formats.musicxml import write_musicxml
from biaxial.formats.read import read_score
from biaxial.music.errors import InputError
from biaxial.music.score import Score
from scripts.make.hymn_tunes import STEPS_PER_QUARTER, hymn_phrase_ends

VOICES: Final = 4
HELD_OUT_NOTES: Final = 13
"""A hymn with so many notes in a row of one voice that a voice of a held-out chorale has too is left out."""


def read_hymn(path: Path) -> Score:
    """A hymn in four voices with its phrase ends.

    Raises
    ------
    InputError
        If it cannot be used; the text says why.
    """
    score = read_score(path)
    if score.num_voices != VOICES:
        raise InputError(f"{score.num_voices} voices")
    step = score.ticks_per_quarter // STEPS_PER_QUARTER
    if any(note.onset_ticks % step or note.length_ticks % step for note in score.notes):
        raise InputError("off the grid of sixteenths")
    parts = read_abc(path)
    ends = hymn_phrase_ends(path, score.voice_notes(0), parts.outline.lyrics) if parts.outline.lyrics else None
    return replace(score, fermatas=ends, lyrics=(), chords=())


def passages(score: Score) -> set[tuple[int, ...]]:
    """The intervals of every :data:`HELD_OUT_NOTES` notes in a row of every voice."""
    found = set[tuple[int, ...]]()
    for voice in range(score.num_voices):
        pitches = [note.pitch for note in score.voice_notes(voice)]
        intervals = [after - before for before, after in pairwise(pitches)]
        size = HELD_OUT_NOTES - 1
        found |= {tuple(intervals[first : first + size]) for first in range(len(intervals) - size + 1)}
    return found


def usable(hymnal: Path, chorales: Path) -> tuple[dict[str, Score], list[tuple[str, str]]]:
    """The hymns by name, and name and reason of each that is left out."""
    found, left_out = dict[str, Score](), list[tuple[str, str]]()
    seen: dict[tuple[tuple[int, int, int, int | None], ...], str] = {}
    for path in sorted(hymnal.glob("*.abc")):
        try:
            score = read_hymn(path)
        except ValueError as error:
            left_out.append((path.stem, str(error)))
            continue
        low = min(note.pitch for note in score.notes)
        music = tuple((note.onset_ticks, note.length_ticks, note.pitch - low, note.voice) for note in score.notes)
        if (other := seen.setdefault(music, path.stem)) == path.stem:
            found[path.stem] = score
        else:
            left_out.append((path.stem, f"the music of {other}"))
    paths = music_paths(chorales)
    split = splits_of([path.relative_to(chorales).as_posix() for path in paths])
    held_out = set[tuple[int, ...]]()
    for path, side in zip(paths, split, strict=True):
        if side != "train":
            held_out |= passages(read_score(path))
    for name in [name for name, score in found.items() if passages(score) & held_out]:
        left_out.append((name, "a tune of a held-out chorale"))
        del found[name]
    return found, left_out


@command("hymns")
def main(arguments: Arguments) -> None:
    """Read the command line, write the folder, and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hymnal", type=Path, help="folder of the ABC files of Open Hymnal")
    parser.add_argument("chorales", type=Path, help="folder made by biaxial-chorales")
    parser.add_argument("output", type=Path, help="folder to write to")
    options = parser.parse_args(arguments)
    found, left_out = usable(options.hymnal, options.chorales)
    if not found:
        raise InputError(
            f"{options.hymnal}: no hymn in it can be used; give the folder of the ABC files of Open Hymnal"
        )
    options.output.mkdir(parents=True, exist_ok=True)
    for name, score in found.items():
        write_musicxml(score, options.output / f"{name}.musicxml")
    phrased = sum(score.fermatas is not None for score in found.values())
    print(f"{options.output}: {len(found)} hymns, {phrased} of them with phrase ends")
    for reason, count in Counter(reason for _, reason in left_out).most_common():
        print(f"left out: {count}: {reason}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(None))
