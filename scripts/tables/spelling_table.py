"""How often the letters and accidentals that we write are those of the printed chorales, and where they are not.

``python scripts/tables/spelling_table.py`` takes half a minute. It reads the 364 chorales of the manifest out of
music21's corpus, forgets their spelling, and spells them again: in the key of the manifest, in the likeliest, and
without their voices. The constants of :mod:`biaxial.music.spelling` were chosen with these figures in view, all splits
among them.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from biaxial.corpora.bach_chorales import chorale_paths, read_chorale, read_manifest
from biaxial.corpora.splits import SPLITS
from biaxial.formats.written_music import ticks
from biaxial.music.keys import MODES, detect_key
from biaxial.music.score import Score
from biaxial.music.spelling import Spelling, spell

Place = tuple[int, int]
"""Onset and pitch of a note."""


class Printed(NamedTuple):
    """A chorale, its split, and the spellings that its file prints."""

    name: str
    split: str
    score: Score
    spellings: dict[Place, set[Spelling]]


def read_printed(task: tuple[Path, str, str]) -> Printed:
    """Read a chorale with its spelling."""
    from music21 import converter

    path, name, split = task
    spellings: dict[Place, set[Spelling]] = {}
    for element in converter.parse(path, forceSource=True).flatten().notes:
        for note in element.notes if element.isChord else (element,):
            spelling = Spelling(note.pitch.step, int(note.pitch.alter), note.pitch.octave)
            spellings.setdefault((ticks(element.offset), round(note.pitch.ps)), set()).add(spelling)
    return Printed(name, split, read_chorale(path), spellings)


def in_its_key(score: Score) -> Score:
    """As it is."""
    return score


def in_the_likeliest_key(score: Score) -> Score:
    """Without its key."""
    return replace(score, key=None)


def without_voices(score: Score) -> Score:
    """As a keyboard has it."""
    return replace(score, notes=tuple(replace(note, voice=None) for note in score.notes))


WAYS: dict[str, Callable[[Score], Score]] = {
    "in its key": in_its_key,
    "key not told": in_the_likeliest_key,
    "voices not told": without_voices,
}


def main() -> None:
    """Read, spell, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", type=int, default=20, help="how many differences to print (20)")
    parser.add_argument("--pieces", type=int, help="only the first so many")
    options = parser.parse_args()
    sources = {path.name: path for path in chorale_paths()}
    tasks = [(sources[row.file], row.name, row.split) for row in read_manifest() if not row.left_out][: options.pieces]
    with get_context("spawn").Pool(2) as pool:
        chorales = pool.map(read_printed, tasks, chunksize=8)
    right = sum(detect_key(c.score) == c.score.key for c in chorales)
    print(f"{len(chorales)} chorales; the likeliest key is that of the manifest in {right}")
    print("\n| | notes | agree | " + " | ".join(f"{mode}, {split}" for mode in MODES for split in SPLITS) + " |")
    print("|---|---|---|" + "---|" * (len(MODES) * len(SPLITS)))
    differences: list[str] = []
    for way, changed in WAYS.items():
        notes: Counter[tuple[str, str]] = Counter()
        agree: Counter[tuple[str, str]] = Counter()
        for chorale in chorales:
            score = changed(chorale.score)
            assert chorale.score.key is not None
            group = chorale.score.key.mode, chorale.split
            for note, spelling in zip(score.notes, spell(score), strict=True):
                printed = chorale.spellings[note.onset_ticks, note.pitch]
                notes[group] += 1
                agree[group] += spelling in printed
                if way == "in its key" and spelling not in printed:
                    bar = sum(start <= note.onset_ticks for start in score.bar_starts())
                    shown = "/".join(sorted(f"{s.letter}{s.alter:+d}" for s in printed))
                    differences.append(
                        f"{chorale.name} ({chorale.score.key.name}), bar {bar}, voice {note.voice}: "
                        f"{spelling.letter}{spelling.alter:+d}, printed {shown}"
                    )
        groups = ((mode, split) for mode in MODES for split in SPLITS)
        shares = (f"{agree[group] / notes[group]:.3%}" if notes[group] else "-" for group in groups)
        print(f"| {way} | {notes.total()} | {agree.total() / notes.total():.3%} | {' | '.join(shares)} |")
    print(f"\n{len(differences)} differences in its key")
    for line in differences[: options.show]:
        print(f"- {line}")


if __name__ == "__main__":
    main()
