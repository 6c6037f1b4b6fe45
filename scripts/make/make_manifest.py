"""Make ``data/chorales.csv``: read all of music21's Bach, group the settings of a tune, split, take checksums.

``python scripts/make/make_manifest.py`` takes about 80 seconds on one core and prints the counts that data/README.md
states. Run it when the reading of chorales has changed.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from multiprocessing import Pool
from pathlib import Path

from biaxial.corpora.bach_chorales import (
    ManifestRow,
    NotFourPartsError,
    chorale_paths,
    manifest_bytes,
    read_with_signature,
)
from biaxial.corpora.splits import beat_melody, similarities, split_groups, tune_groups
from biaxial.files.atomic import atomic_write
from biaxial.formats.midi.midi_writer import midi_bytes, parse_midi
from biaxial.music.checksum import music_checksum
from biaxial.music.grid import Grid
from biaxial.music.score import Score


def read(path: Path) -> tuple[Score, str] | str:
    """A chorale and its printed signature, or why it is left out."""
    try:
        return read_with_signature(path)
    except NotFourPartsError as error:
        return f"{error.num_parts} parts"


def twins(chorales: Mapping[Path, Score]) -> dict[Path, str]:
    """Files to leave out, and why: of two with one number, or with the same notes up to transposition, one is kept.

    That is the mxl file, and the one whose number has no letter.
    """
    kept: dict[object, Path] = {}
    left_out = {}
    for path in sorted(chorales, key=lambda path: (path.suffix != ".mxl", "-" in path.stem, path.stem)):
        notes = chorales[path].notes
        music = tuple((n.onset_ticks, n.length_ticks, n.pitch - notes[0].pitch, n.voice) for n in notes)
        if path.stem in kept:
            left_out[path] = f"second file of {kept[path.stem].name}"
        elif music in kept:
            left_out[path] = f"same music as {kept[music].name}"
        else:
            kept |= {path.stem: path, music: path}
    return left_out


def row_of(path: Path, score: Score, printed: str, tune: int, side: str) -> ManifestRow:
    """The row of a chorale."""
    on_grid, _ = Grid().quantised(score)
    bwv, _, title = score.title.removeprefix("BWV ").partition(": ")
    return ManifestRow(
        file=path.name,
        name=path.stem,
        bwv=bwv,
        title=title,
        key="" if score.key is None else score.key.name,
        printed=printed,
        metre=" ".join(signature.name for signature in score.time_signatures),
        pickup_quarters=f"{score.pickup_ticks / score.ticks_per_quarter:g}",
        num_steps=str(on_grid.length_ticks // Grid().step_ticks(on_grid.ticks_per_quarter)),
        num_fermatas="" if score.fermatas is None else str(len(score.fermatas)),
        tune=str(tune),
        split=side,
        sha256=music_checksum(score),
    )


def main() -> None:
    """Make the manifest and print what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[2] / "data" / "chorales.csv")
    options = parser.parse_args()
    paths = chorale_paths()
    with Pool() as pool:
        found = dict(zip(paths, pool.map(read, paths, chunksize=8), strict=True))
    left_out = {path: result for path, result in found.items() if isinstance(result, str)}
    left_out |= twins({path: result[0] for path, result in found.items() if not isinstance(result, str)})
    chorales = {p: result for p, result in found.items() if not isinstance(result, str) and p not in left_out}

    names = [path.stem for path in chorales]
    melodies = [beat_melody(score) for score, _ in chorales.values()]
    titles = [score.title.partition(": ")[2] for score, _ in chorales.values()]
    scores = similarities(melodies)
    tunes = tune_groups(melodies, titles, scores)
    sides = split_groups(names, tunes)
    rows = {path: ManifestRow(path.name, reason) for path, reason in left_out.items()}
    for (path, (score, printed)), tune, side in zip(chorales.items(), tunes, sides, strict=True):
        rows[path] = row_of(path, score, printed, tune, side)
    atomic_write(options.output, manifest_bytes(tuple(rows[path] for path in paths)))

    print(f"{options.output}: {len(chorales)} of {len(rows)} files; {dict(Counter(sides))}; {len(set(tunes))} tunes")
    print("left out:", dict(Counter(reason.split(" of ")[0].split(" as ")[0] for reason in left_out.values())))
    exact = sum(parse_midi(midi_bytes(score)) == score for score, _ in chorales.values())
    print(f"{exact} of {len(chorales)} come back from MIDI exactly")
    pairs = [pair for pair in combinations(range(len(names)), 2) if sides[pair[0]] != sides[pair[1]]]
    closest = max(pairs, key=lambda pair: int(scores[pair]))
    print(f"closest pair across the split: {', '.join(names[i] for i in closest)}: score {scores[closest]}")


if __name__ == "__main__":
    main()
