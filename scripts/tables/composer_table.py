"""Which composer held-out passages are most probable under, and what they cost with a style and without, as tables.

``python scripts/tables/composer_table.py quartets.npz --checkpoint quartets-v1`` takes a corpus whose pieces lie in a
folder for each composer and work (``scripts/make/quartets.py``), and weights that know the composers as styles. The
held-out pieces (valid and test) are cut into passages of sixteen bars, of which so many of each work are taken, at even
distances, and each is scored in every style and without one; the notes alone count. A passage is right if its
composer's style makes it most probable.

A rate is that of all passages of a composer, its error is over works. The last row is the mean of the rates, beside the
one over the number of composers that guessing would reach. Nats are those of a step; the floors of
``biaxial/likelihood/frame_nats.py`` are counted on the training pieces.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the package is
from biaxial import load
from biaxial.cli.common import Arguments, command
from biaxial.corpora.corpus import Corpus, CorpusPiece, outcomes_of
from biaxial.features.conditions import Condition
from biaxial.likelihood.corpus_nats import score_frames
from biaxial.likelihood.frame_nats import IndependentNotes, RepeatFrame, ratio
from biaxial.likelihood.style_nats import StyledPiece, style_nats
from biaxial.music.constants import HOLD, STRIKE
from biaxial.music.errors import InputError

BARS: Final = 16


def passages(piece: CorpusPiece, bars: int) -> Iterator[CorpusPiece]:
    """A piece in passages of so many bars, in which notes held from before begin; what is left over at its end goes."""
    starts = np.flatnonzero(piece.conditions[:, Condition.STEP_IN_BAR] == 0).tolist()
    for first, end in zip(starts[::bars], starts[bars::bars], strict=False):
        steps = slice(first, end)
        states = piece.states[steps].copy()
        states[0][states[0] == HOLD] = STRIKE
        yield replace(
            piece,
            name=f"{piece.name}@{first}",
            states=states,
            voices=piece.voices[steps],
            conditions=piece.conditions[steps],
            levels=None if piece.levels is None else piece.levels[steps],
            ranges=None,
        )


def spread(rows: Sequence[CorpusPiece], most: int) -> list[CorpusPiece]:
    """At most so many passages, at even distances."""
    places = np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int)
    return [rows[place] for place in places]


def work_of(name: str) -> tuple[str, str]:
    """Composer and work of a passage."""
    composer, work, *_ = name.split("/")
    return composer, work


@command("composer_table")
def main(arguments: Arguments) -> None:
    """Read the command line, score and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="prepared corpus of scripts/make/quartets.py")
    parser.add_argument("--checkpoint", required=True, help="weights that know the composers as styles")
    parser.add_argument("--bars", type=int, default=BARS, help="of a passage (default: %(default)s)")
    parser.add_argument("--most", type=int, default=8, help="passages of a work at most (default: %(default)s)")
    options = parser.parse_args(arguments)
    network, corpus = load(options.checkpoint).network, Corpus.load(options.corpus)
    styles = network.config.styles
    of_work = defaultdict[tuple[str, str], list[CorpusPiece]](list)
    for piece in corpus.pieces:
        if piece.split != "train" and work_of(piece.name)[0] in styles:
            of_work[work_of(piece.name)] += passages(piece, options.bars)
    taken = tuple(passage for cut in of_work.values() for passage in spread(cut, options.most))
    if not corpus.split("train"):
        raise InputError(f"{options.corpus}: no training pieces to count the floors on; make it with quartets.py")
    if not taken:
        raise InputError(f"{options.corpus}: no held-out passage of a composer whom {options.checkpoint} knows")
    told = replace(corpus, pieces=taken)
    scored = style_nats(network, told)
    plain_network = network.in_style([0.0] * len(styles))
    without = [each.nats for each in score_frames([plain_network], told, taken, None)]
    plain = [math.nan if nats is None else nats["frame"][0] for nats in without]
    print_rates(scored, styles)
    train = [outcomes_of(piece, network.config) for piece in corpus.split("train")]
    alphabet = network.config.alphabet
    floors: dict[str, RepeatFrame | IndependentNotes] = {
        "repeat the frame before": RepeatFrame.fit(train, alphabet),
        "independent notes": IndependentNotes.fit(np.concatenate(train), alphabet),
    }
    columns = {"in the composer's style": [piece.nats[work_of(piece.name)[0]] for piece in scored]}
    columns["without style"] = plain
    for name, floor in floors.items():
        columns[name] = [-float(floor.log_probs(outcomes_of(piece, network.config)).sum()) for piece in taken]
    print(f"\n| | {' | '.join(columns)} |\n|{'---|' * (1 + len(columns))}")
    for composer in (*sorted({work_of(piece.name)[0] for piece in taken}), None):
        own = [place for place, piece in enumerate(taken) if composer in (None, work_of(piece.name)[0])]
        steps = [float(taken[place].num_steps) for place in own]
        figures = [ratio("nats", "", [nats[place] for place in own], steps) for nats in columns.values()]
        cells = " | ".join(f"{figure.value:.3f} ± {figure.standard_error:.3f}" for figure in figures)
        print(f"| {composer or 'all'} | {cells} |")


def print_rates(scored: Sequence[StyledPiece], styles: Sequence[str]) -> None:
    """The table of how often the right style is the most probable one."""
    found, rates = Counter[tuple[str, str, str]](), []
    for piece in scored:
        found[(*work_of(piece.name), piece.style)] += 1
    composers = sorted({composer for composer, _, _ in found})
    print(f"| | works | passages | right, % | {' | '.join(composers)} |\n|{'---|' * (4 + len(composers))}")
    for composer in composers:
        works = sorted({work for name, work, _ in found if name == composer})
        totals = [sum(found[composer, work, style] for style in styles) for work in works]
        right = [found[composer, work, composer] for work in works]
        rates.append(ratio("right", "", [100.0 * count for count in right], [float(total) for total in totals]))
        said = [sum(found[composer, work, style] for work in works) for style in composers]
        rate = f"{rates[-1].value:.0f} ± {rates[-1].standard_error:.0f}"
        print(f"| {composer} | {len(works)} | {sum(totals)} | {rate} | {' | '.join(map(str, said))} |")
    mean = sum(rate.value for rate in rates) / len(rates)
    error = math.sqrt(sum(rate.standard_error**2 for rate in rates)) / len(rates)
    chance = 100 / len(styles)
    print(f"| mean of the rates | | | {mean:.1f} ± {error:.1f} (by chance {chance:.0f}) |{' |' * len(composers)}")


if __name__ == "__main__":
    sys.exit(main(None))
