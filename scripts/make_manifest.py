"""Make ``data/chorales.csv``: read all of music21's Bach, group the settings of a tune, split, take checksums.

``python scripts/make_manifest.py`` takes about a minute on two cores and prints the counts that data/README.md states.
Run it when the reading of chorales or the writing of MIDI has changed.
"""

from __future__ import annotations

import argparse
import hashlib
from collections import Counter
from multiprocessing import Pool
from pathlib import Path

import numpy as np

from biaxial.io.chorales import NotFourPartsError, chorale_paths, read_chorale
from biaxial.io.files import atomic_write
from biaxial.io.manifest import ManifestRow, manifest_bytes
from biaxial.io.midi import midi_bytes
from biaxial.io.tunes import beat_melody, similarities, split_groups, tune_groups
from biaxial.score import Grid, Score


def read(path: Path) -> Score | str:
    """A chorale, or why it is none."""
    try:
        return read_chorale(path)
    except NotFourPartsError as error:
        return f"{error.num_parts} parts"


def without_twins(found: dict[Path, Score | str]) -> dict[Path, Score | str]:
    """Of files with the same number, or with the same notes up to transposition, only one is kept:

    mxl before krn, a plain number before one with a letter."""
    kept: dict[object, Path] = {}
    for path in sorted(found, key=lambda path: (path.suffix != ".mxl", "-" in path.stem, path.stem)):
        score = found[path]
        if isinstance(score, Score):
            low = score.notes[0].pitch
            music = tuple((n.onset_ticks, n.length_ticks, n.pitch - low, n.voice) for n in score.notes)
            twin = kept.get(path.stem) or kept.get(music)
            if twin is not None:
                found[path] = f"same music as {twin.name}"
            kept |= {path.stem: path, music: path}
    return found


def main() -> None:
    """Make the manifest and print what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent.parent / "data" / "chorales.csv")
    options = parser.parse_args()
    paths = chorale_paths()
    with Pool() as pool:
        found = without_twins(dict(zip(paths, pool.map(read, paths, chunksize=8), strict=True)))
    chorales = {path: score for path, score in found.items() if isinstance(score, Score)}
    names = [path.stem for path in chorales]
    melodies = [beat_melody(score) for score in chorales.values()]
    titles = [score.title.partition(": ")[2] for score in chorales.values()]
    scores = similarities(melodies)
    tunes = tune_groups(melodies, titles, scores)
    sides = split_groups(names, tunes)
    extra = {path: (tune, side) for path, tune, side in zip(chorales, tunes, sides, strict=True)}
    rows = tuple(
        row_of(path, score, *extra[path]) if isinstance(score, Score) else ManifestRow(path.name, score)
        for path, score in found.items()
    )
    atomic_write(options.output, manifest_bytes(rows))
    counts = Counter(sides)
    print(f"{options.output}: {len(chorales)} of {len(rows)} files; {dict(counts)}; {len(set(tunes))} tunes")
    print("left out:", dict(Counter(row.left_out.split(" as ")[0] for row in rows if row.left_out)))
    apart = np.array([[one != other for other in sides] for one in sides])
    closest = np.unravel_index(np.argmax(np.where(apart, scores, 0)), scores.shape)
    print(f"closest pair across the split: {names[closest[0]]} and {names[closest[1]]}, score {scores[closest]}")


def row_of(path: Path, score: Score, tune: int, side: str) -> ManifestRow:
    """The row of a chorale."""
    on_grid, _ = Grid().quantised(score)
    return ManifestRow(
        file=path.name,
        name=path.stem,
        title=score.title,
        key="" if score.key is None else score.key.name,
        metre=" ".join(signature.name for signature in score.time_signatures),
        pickup_quarters=f"{score.pickup_ticks / score.ticks_per_quarter:g}",
        num_steps=str(on_grid.length_ticks // Grid().step_ticks(on_grid.ticks_per_quarter)),
        num_fermatas="" if score.fermatas is None else str(len(score.fermatas)),
        tune=str(tune),
        split=side,
        sha256=hashlib.sha256(midi_bytes(score)).hexdigest(),
    )


if __name__ == "__main__":
    main()
