"""Write floors: music that is wrong in one known way, to judge a judge of chorales by.

``python scripts/make/make_floors.py CHORALES FLOORS`` takes a few seconds and makes four folders of MIDI files from the
held-out pieces (``test`` and ``valid``) of a folder made by ``biaxial-chorales``, or from all pieces of a folder
without such folders. A judge that cannot tell the first three from the fourth measures nothing:

``mixed``
    The soprano of a chorale and alto, tenor and bass of three others of the same mode, metre, pickup and at least the
    same length, each moved into the key of the first by the smallest transposition that keeps it in the range of its
    voice. Good lines, no harmony; voices may cross.
``diatonic``
    A chord a beat, drawn uniformly from the seven triads of the key (in minor with the raised seventh in V and vii
    only), its voicing uniformly from all in which every voice is in range, none lies below its lower neighbour (unisons
    are allowed) and all three notes sound. Good chords, no lines. Where the chorale rests on a beat, so does it.
``corrupted``
    The chorale with 5% of its notes, at least one, moved a semitone or a tone up or down in their voice: drawn
    uniformly from those of the four that are in range and not the pitch of the note before or after.
``bach``
    The chorales themselves.

All are cut to the same bars, whole where they are shorter. Piece ``i`` of a floor has the outline of a chorale: key,
metre, pickup, fermatas, tempo and length, so that it differs from Bach in its notes only. Every chorale serves before
any serves again; ``bach`` holds once each that served. Titles are taken out. The same seed writes the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the package of the floors is
from biaxial.cli.common import Arguments, command
from biaxial.corpora.splits import SPLITS, music_paths, piece_name
from biaxial.formats.read import read_score
from biaxial.formats.write import save_score
from biaxial.metrics.figures.statistics import first_bars
from biaxial.metrics.writing.slices import Slices
from biaxial.music.constants import NUM_VOICES
from biaxial.music.errors import InputError
from biaxial.music.score import Score
from scripts.listening.floors import Chorale, corrupted, diatonic, in_range, mixed, partners

FLOORS: Final = ("mixed", "diatonic", "corrupted")


def held_out(folder: Path) -> list[Path]:
    """The music files in folders called ``test`` or ``valid``, sorted; all where a folder is not split.

    Raises
    ------
    InputError
        If there is no such folder, or no such file in it.
    """
    paths = music_paths(folder)
    parts = {path: path.relative_to(folder).parts[:-1] for path in paths}
    if not any(split in part for part in parts.values() for split in SPLITS):
        return paths
    kept = [path for path in paths if "test" in parts[path] or "valid" in parts[path]]
    if not kept:
        raise InputError(f"{folder}: nothing is held out; give a folder with music in test or valid, or without splits")
    return kept


def read_chorales(folder: Path, bars: int) -> list[Chorale]:
    """The held-out pieces, cut; those that are not four voices in range with a known key are named on stderr."""
    chorales = []
    for path in held_out(folder):
        try:
            score = read_score(path)
            check_chorale(score)
        except ValueError as error:
            print(f"left out: {path.name}: {error}", file=sys.stderr)
        else:
            score = replace(first_bars(score, bars), title="")
            chorales.append(Chorale(piece_name(folder, path).replace("/", "-"), score))
    return chorales


def check_chorale(score: Score) -> None:
    """See that floors can be made of a piece.

    Raises
    ------
    ValueError
        If it has not four voices with one note at a time, no key, or a note outside the range of its voice.
    """
    if score.num_voices != NUM_VOICES:
        raise ValueError("not in four voices")
    if score.key is None:
        raise ValueError("its key is not known")
    Slices.from_score(score)
    if not all(in_range(note.pitch, note.voice) for note in score.notes):
        raise ValueError("a note is outside the range of its voice")


def make(folder: Path, output: Path, pieces: int, bars: int, seed: int) -> dict[str, int]:
    """Write the four folders; the number of files in each.

    Raises
    ------
    InputError
        If a number is below 1, there are too few chorales, or a folder to be written holds something already.
    """
    if pieces < 1 or bars < 1 or seed < 0:
        raise InputError("--pieces and --bars are at least 1, --seed at least 0")
    for name in (*FLOORS, "bach"):
        if (output / name).is_dir() and any((output / name).iterdir()):
            raise InputError(f"{output / name}: not empty; remove it, or choose another folder")
    chorales = read_chorales(folder, bars)
    hosts = [chorale for chorale in chorales if len(partners(chorale, chorales)) >= NUM_VOICES - 1]
    if not hosts:
        raise InputError(f"{folder}: no four chorales of one mode, metre and pickup; give a larger corpus")
    for name in sorted({chorale.name for chorale in chorales} - {host.name for host in hosts}):
        print(f"left out: {name}: no three others of its mode, metre, pickup and length", file=sys.stderr)
    written = dict.fromkeys((*FLOORS, "bach"), 0)

    def write(kind: str, name: str, score: Score) -> None:
        path = output / kind / f"{name}.mid"
        path.parent.mkdir(parents=True, exist_ok=True)
        save_score(score, path)
        written[kind] += 1

    for index in range(pieces):
        if index % len(hosts) == 0:
            order = np.random.default_rng((seed, 0, index)).permutation(len(hosts))
        host = hosts[order[index % len(hosts)]]
        randoms = [np.random.default_rng((seed, 1 + kind, index)) for kind in range(len(FLOORS))]
        name = f"{index:03d}-{host.name}"
        write("mixed", name, mixed(host, chorales, randoms[0]))
        write("diatonic", name, diatonic(host.score, randoms[1]))
        write("corrupted", name, corrupted(host.score, randoms[2]))
        if index < len(hosts):
            write("bach", host.name, host.score)
    return written


@command("make_floors")
def main(arguments: Arguments) -> None:
    """Read the command line, write the folders, and say how many files each has."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder made by biaxial-chorales, or any of four-part music")
    parser.add_argument("output", type=Path, help="folder to make")
    parser.add_argument("--pieces", type=int, default=100, help="of each floor (default: %(default)s)")
    parser.add_argument("--bars", type=int, default=16, help="longest piece (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers (default: %(default)s)")
    options = parser.parse_args(arguments)
    written = make(options.corpus, options.output, options.pieces, options.bars, options.seed)
    print("\n".join(f"{name}: {count} pieces" for name, count in written.items()))


if __name__ == "__main__":
    sys.exit(main(None))
