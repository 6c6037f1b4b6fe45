"""Print how often ``biaxial.music.parts.assign_voices`` finds the true voices of chorales whose voices were erased.

Usage: ``python scripts/tables/voice_recovery.py CHORALES`` with a folder made by ``biaxial-chorales``. About 15 s on
one core.

A note is recovered if the assignment has a note of the same onset and pitch in its voice. A moment at which notes
begin is right if exactly the true pitches begin there in the true voices.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from biaxial.music.parts import VoiceCosts, assign_voices, erase_voices
from biaxial.music.score import Score


@dataclass(frozen=True, slots=True)
class Recovery:
    """Counts over a corpus: notes and moments, and how many of them came back."""

    num_pieces: int
    num_notes: int
    notes_found: int
    num_moments: int
    moments_right: int
    pieces_right: int


def recovery(scores: Iterable[Score], costs: VoiceCosts | None = None) -> Recovery:
    """Erase the voices of each score, assign them again, and compare."""
    counts: Counter[str] = Counter()
    for score in scores:
        truth = _moments(score)
        guess = _moments(assign_voices(erase_voices(score), score.num_voices, costs))
        right = sum(truth[tick] == guess.get(tick) for tick in truth)
        counts.update(
            num_pieces=1,
            num_notes=sum(map(len, truth.values())),
            notes_found=sum(len(truth[tick] & guess.get(tick, set())) for tick in truth),
            num_moments=len(truth),
            moments_right=right,
            pieces_right=right == len(truth),
        )
    return Recovery(**counts)


def _moments(score: Score) -> dict[int, set[tuple[int, int | None]]]:
    moments: dict[int, set[tuple[int, int | None]]] = {}
    for note in score.notes:
        moments.setdefault(note.onset_ticks, set()).add((note.pitch, note.voice))
    return moments


def main() -> None:
    """Read the folder and print one table."""
    from biaxial.formats.midi.midi_writer import read_midi

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "folder", type=Path, metavar="CHORALES", help="folder of MIDI files with a track for each voice"
    )
    paths = sorted(parser.parse_args().folder.rglob("*.mid"))
    if not paths:
        parser.error("the folder holds no .mid file")
    found = recovery(read_midi(path) for path in paths)
    print("| of | recovered | share |")
    print("|---|---|---|")
    for total, right, name in (
        (found.num_notes, found.notes_found, "notes"),
        (found.num_moments, found.moments_right, "moments"),
        (found.num_pieces, found.pieces_right, "pieces"),
    ):
        print(f"| {total} {name} | {right} | {right / total:.4f} |")


if __name__ == "__main__":
    main()
