"""Count what comes back: score -> MIDI -> score and score -> roll -> score over all chorales.

``python scripts/round_trips.py CHORALES`` takes a few seconds; CHORALES is a folder made by ``biaxial-chorales``. It
also names the one thing that a cell cannot say (one voice holds a pitch that another strikes) with its frequency, and
the notes beside the grid.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from biaxial.grid import Grid
from biaxial.io.corpus import read_folder
from biaxial.io.midi import midi_bytes, parse_midi
from biaxial.models.config import PRESETS
from biaxial.roll import Roll


def main() -> None:
    """Read, convert there and back, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder made by biaxial-chorales")
    options = parser.parse_args()
    config, grid = PRESETS["chorale"], Grid()
    items, _ = read_folder(options.folder)
    midi = exact = without = joined = pieces_joined = moved = dropped = sounding = struck = notes = 0
    for item in items:
        score = item.score
        notes += len(score.notes)
        midi += parse_midi(midi_bytes(score)) == score
        roll = Roll.from_score(score, grid, config.low_pitch, config.num_notes)
        beside = grid.quantised(score)[1]
        back = roll.to_score() == score
        exact += back
        without += not back and not roll.num_joined and not beside
        joined, pieces_joined = joined + roll.num_joined, pieces_joined + bool(roll.num_joined)
        moved, dropped = moved + beside, dropped + roll.num_dropped
        sounding, struck = sounding + int((roll.states > 0).sum()), struck + int((roll.states == 2).sum())
    print(f"{len(items)} chorales, {notes} notes")
    print(f"score -> MIDI -> score: {midi} exact")
    print(f"score -> roll -> score: {exact} exact; {without} others that differ without one of the following reasons")
    print(f"a voice holds what another strikes: {joined} of {sounding} sounding cells, in {pieces_joined} pieces")
    print(
        f"notes beside the sixteenth grid: {moved}, of which {dropped} share their step with a longer one and are lost"
    )
    print(f"struck cells: {struck}")


if __name__ == "__main__":
    main()
