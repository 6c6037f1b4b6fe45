"""Print the figures of composing, ours beside Bach's, as a markdown table.

``python scripts/tables/composition_table.py --bach CHORALES`` composes 200 pieces with the shipped weights, seeds 0 to
199, unselected, and measures them; ``--folder DIR`` measures the MIDI files of a folder instead. CHORALES is a folder
made by ``biaxial-chorales``. All pieces are cut to the same number of bars. Measuring takes about a second for each of
the two columns beside the reading of the files and the composing.

Music without voices gets them by least movement first; the number of such pieces goes to stderr.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from biaxial.metrics.figures.report import COMPOSITION_BARS, composition_report, composition_table
from biaxial.music.parts import assign_voices
from biaxial.music.score import Score


def read_folder(folder: Path) -> list[Score]:
    """All MIDI files of a folder and the folders in it, in the order of their names.

    Raises
    ------
    FileNotFoundError
        If there are none.
    """
    from biaxial.formats.midi.midi_writer import read_midi

    paths = sorted([*folder.rglob("*.mid"), *folder.rglob("*.midi")])
    if not paths:
        raise FileNotFoundError(f"{folder} holds no .mid file")
    scores = [read_midi(path) for path in paths]
    unvoiced = sum(not score.num_voices for score in scores)
    if unvoiced:
        print(f"{unvoiced} of {len(scores)} pieces in {folder} came without voices", file=sys.stderr)
    return [score if score.num_voices else assign_voices(score) for score in scores]


def compose(checkpoint: Path | None, num_outputs: int, bars: int, seed: int) -> list[Score]:
    """Pieces of a model, one for each seed from ``seed`` on."""
    from biaxial.tasks.loading import load_model

    model = load_model(checkpoint)
    pieces = model.draw(model.plan_composition(bars, n=num_outputs, seed=seed))
    return [piece.score for piece in pieces]


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bach", type=Path, metavar="CHORALES", required=True, help="folder made by biaxial-chorales")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="measure these MIDI files instead of composing")
    parser.add_argument("--checkpoint", type=Path, help="weights to compose with (default: the shipped ones)")
    parser.add_argument("-n", "--num-outputs", type=int, default=200, help="pieces to compose (default: %(default)s)")
    parser.add_argument("--bars", type=int, default=COMPOSITION_BARS, help="length compared (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first piece (default: %(default)s)")
    options = parser.parse_args()
    try:
        bach = read_folder(options.bach)
        if options.folder is None:
            ours = compose(options.checkpoint, options.num_outputs, options.bars, options.seed)
        else:
            ours = read_folder(options.folder)
        reports = {"ours": ours, "Bach": bach}
        print(composition_table({name: composition_report(scores, options.bars) for name, scores in reports.items()}))
    except (OSError, ValueError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
