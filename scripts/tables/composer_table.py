"""Which composer held-out passages are most probable under, as a markdown table.

``python scripts/tables/composer_table.py quartets.npz --checkpoint quartets-v1`` takes a corpus whose pieces lie in a
folder for each composer and work (``scripts/make/quartets.py``), and weights that know the composers as styles. The
held-out pieces (valid and test) are cut into passages of sixteen bars, and each is scored in every style; the notes
alone count. A passage is right if its composer's style makes it most probable.

A rate is that of all passages of a composer, its error is over works. The last row is the mean of the rates, beside the
one over the number of composers that guessing would reach.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the package is
from biaxial import load
from biaxial.cli.common import Arguments, command
from biaxial.corpora.corpus import Corpus, CorpusPiece
from biaxial.features.conditions import Condition
from biaxial.likelihood.frame_nats import ratio
from biaxial.likelihood.style_nats import style_nats
from biaxial.music.errors import InputError

BARS: Final = 16


def passages(piece: CorpusPiece, bars: int) -> Iterator[CorpusPiece]:
    """A piece in passages of so many bars; what is left over at its end goes."""
    starts = np.flatnonzero(piece.conditions[:, Condition.STEP_IN_BAR] == 0).tolist()
    for first, end in zip(starts[::bars], starts[bars::bars], strict=False):
        steps = slice(first, end)
        yield replace(
            piece,
            name=f"{piece.name}@{first}",
            states=piece.states[steps],
            voices=piece.voices[steps],
            conditions=piece.conditions[steps],
            levels=None,
            ranges=None,
        )


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
    options = parser.parse_args(arguments)
    network, corpus = load(options.checkpoint).network, Corpus.load(options.corpus)
    cut = [passage for piece in corpus.pieces if piece.split != "train" for passage in passages(piece, options.bars)]
    known = tuple(passage for passage in cut if work_of(passage.name)[0] in network.config.styles)
    if not known:
        raise InputError(f"{options.corpus}: no held-out passage of a composer whom {options.checkpoint} knows")
    scored = style_nats(network, replace(corpus, pieces=known))
    found, rates = Counter[tuple[str, str, str]](), []
    for piece in scored:
        found[(*work_of(piece.name), piece.style)] += 1
    composers = sorted({composer for composer, _, _ in found})
    print(f"| | works | passages | right, % | {' | '.join(composers)} |\n|{'---|' * (4 + len(composers))}")
    for composer in composers:
        works = sorted({work for name, work, _ in found if name == composer})
        totals = [sum(found[composer, work, style] for style in network.config.styles) for work in works]
        right = [found[composer, work, composer] for work in works]
        rates.append(ratio("right", "", [100.0 * count for count in right], [float(total) for total in totals]))
        said = [sum(found[composer, work, style] for work in works) for style in composers]
        rate = f"{rates[-1].value:.0f} ± {rates[-1].standard_error:.0f}"
        print(f"| {composer} | {len(works)} | {sum(totals)} | {rate} | {' | '.join(map(str, said))} |")
    mean = sum(rate.value for rate in rates) / len(rates)
    error = math.sqrt(sum(rate.standard_error**2 for rate in rates)) / len(rates)
    chance = 100 / len(network.config.styles)
    print(f"| mean of the rates | | | {mean:.1f} ± {error:.1f} (by chance {chance:.0f}) |{' |' * len(composers)}")


if __name__ == "__main__":
    sys.exit(main(None))
