"""Fit the weights of voice leading, so that pieces break each rule as often as Bach does, or try weights.

``python scripts/make/fit_voice_leading.py --bach CHORALES`` composes pieces with the shipped weights and prints, for
each rule, faults per 100 chord changes in ours and in Bach's, with standard errors. CHORALES is a folder made by
``biaxial-chorales``; all pieces are cut to the same number of bars. Weights that are not given are 0.

With ``--fit`` the weights are fitted one after another, each with the others as they are: pieces are composed with 0
and with each of ``--values`` until the rate has fallen below Bach's, and the weight is read off between the two that
enclose his rate, along the logarithm of the rate. A rule that is broken no more often than by Bach without a weight
gets none. The seeds are the same every time, so that differences are due to the weights. A fit takes up to a dozen
rounds of composing; a round of 200 pieces takes about a quarter of an hour of one core.

The last rows say what the weights do to the rest: a voice can also keep a rule by being silent. Below the table stands
what they cost: the mean nats per step that the network gives to the pieces, itself without any rule.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from biaxial.metrics.figures.report import COMPOSITION_BARS
from biaxial.metrics.figures.statistics import first_bars, sounding_share
from biaxial.metrics.writing.slices import Slices
from biaxial.metrics.writing.voice_leading import (
    crossings,
    leaps,
    out_of_range,
    parallel_fifths,
    parallel_octaves,
    spacing,
)
from biaxial.music.score import Score
from biaxial.sampling.voice_leading_rule import USUAL_RANGES
from biaxial.sampling.voice_leading_weights import VoiceLeading

NONE = VoiceLeading(parallels=0, crossing=0, spacing=0, leaps=0, range=0)
RULES = tuple(asdict(NONE))
"""The weights by name, in the order in which they are fitted."""
_HALF_A_FAULT = 0.5

Rates = Mapping[str, tuple[float, float]]
"""Of each rule: how many faults, and in how many chord changes."""


def per_hundred(rate: tuple[float, float]) -> float:
    """Faults per 100 chord changes."""
    return 100 * rate[0] / rate[1] if rate[1] else float("nan")


def fit(rates_of: Callable[[VoiceLeading], Rates], bach: Rates, values: Sequence[float]) -> VoiceLeading:
    """Weights with which every rule is broken as often as Bach breaks it.

    Parameters
    ----------
    rates_of
        Composes with some weights and counts; asked once for the same weights.
    bach
        His rates.
    values
        Weights to try, above 0 and rising.
    """
    found: dict[VoiceLeading, Rates] = {}

    def log_rate(weights: VoiceLeading, rule: str) -> float:
        if weights not in found:
            found[weights] = rates_of(weights)
        return _log(found[weights][rule])

    fitted = NONE
    for rule in RULES:
        wanted = _log(bach[rule])
        before, above = 0.0, log_rate(fitted, rule)
        if above <= wanted:
            continue  # Bach does it more often
        chosen, nearest = 0.0, above - wanted
        for value in values:
            here = log_rate(replace(fitted, **{rule: value}), rule)
            if here <= wanted:
                chosen = before + (value - before) * (above - wanted) / (above - here)
                break
            if here - wanted < nearest:
                chosen, nearest = value, here - wanted
            before, above = value, here
        fitted = replace(fitted, **{rule: round(chosen, 2)})
    return fitted


def _log(rate: tuple[float, float]) -> float:
    """Logarithm of a rate; half a fault is added, so that no fault at all has one too."""
    return math.log((rate[0] + _HALF_A_FAULT) / rate[1])


def counts_of(score: Score, bars: int) -> dict[str, tuple[float, float]]:
    """Faults and chord changes of one piece, by rule; and the time in which four voices sound."""
    slices = Slices.from_score(first_bars(score, bars))
    found = {
        "parallels": len(parallel_fifths(slices)) + len(parallel_octaves(slices)),
        "crossing": len(crossings(slices)),
        "spacing": len(spacing(slices)),
        "leaps": len(leaps(slices)),
        "range": len(out_of_range(slices, USUAL_RANGES)),
    }
    rows: dict[str, tuple[float, float]] = {rule: (found[rule], slices.num_changes) for rule in RULES}
    quarters = slices.score.length_ticks / slices.score.ticks_per_quarter
    share = sounding_share(slices)
    rows["four_sounding"] = (0 if math.isnan(share) else share * quarters, quarters)
    rows["chord_changes"] = (slices.num_changes, quarters)
    return rows


def summed(pieces: Iterable[dict[str, tuple[float, float]]]) -> dict[str, tuple[float, float]]:
    """The counts of several pieces together."""
    table = list(pieces)
    return {name: (sum(p[name][0] for p in table), sum(p[name][1] for p in table)) for name in table[0]}


def table_of(columns: Mapping[str, Sequence[dict[str, tuple[float, float]]]]) -> str:
    """A markdown table: a row for each rule, a column for each set of pieces, with standard errors over pieces."""
    units = dict.fromkeys(RULES, "per 100 chord changes")
    units |= {"four_sounding": "% of time", "chord_changes": "per 100 quarter notes"}
    lines = [f"| | unit | {' | '.join(columns)} |", f"|---|---|{'---|' * len(columns)}"]
    for name, unit in units.items():
        cells = []
        for pieces in columns.values():
            faults, totals = np.array([piece[name] for piece in pieces], dtype=float).T
            residuals = faults - faults.sum() / totals.sum() * totals
            error = 100 * math.sqrt(len(pieces) / max(1, len(pieces) - 1) * (residuals**2).sum()) / totals.sum()
            cells.append(f"{per_hundred((faults.sum(), totals.sum())):.2f} ± {error:.2f}")
        lines.append(f"| {name.replace('_', ' ')} | {unit} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Read the command line; print the table, and with ``--fit`` the fitted weights before it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bach", type=Path, metavar="CHORALES", required=True, help="folder made by biaxial-chorales")
    parser.add_argument("--checkpoint", type=Path, help="weights to compose with (default: the shipped ones)")
    parser.add_argument("-n", "--num-outputs", type=int, default=200, help="pieces to compose (default: %(default)s)")
    parser.add_argument("--bars", type=int, default=COMPOSITION_BARS, help="length compared (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first piece (default: %(default)s)")
    parser.add_argument("--temperature", type=float, help="of drawing (default: that of composing)")
    parser.add_argument("--fit", action="store_true", help="fit the weights instead of taking those given")
    parser.add_argument("--values", type=float, nargs="+", default=[1, 2, 4], help="weights that a fit tries")
    for rule in RULES:
        parser.add_argument(f"--{rule}", type=float, default=0.0, metavar="NATS", help="weight (default: 0)")
    options = parser.parse_args()

    import biaxial
    from biaxial.corpora.reading.music_folder import read_folder
    from biaxial.tasks.drawing.sampling_options import SamplingOptions

    try:
        bach = [counts_of(item.score, options.bars) for item in read_folder(options.bach)[0]]
        model = biaxial.load(options.checkpoint)
        drawing = SamplingOptions() if options.temperature is None else SamplingOptions(temperature=options.temperature)

        nats: list[float] = []

        def compose(weights: VoiceLeading) -> list[dict[str, tuple[float, float]]]:
            wanted = replace(drawing, voice_leading=weights)
            pieces = list(
                model.draw(
                    model.plan_composition(options.bars, seed=options.seed, drawing=wanted, n=options.num_outputs)
                )
            )
            nats[:] = [piece.nats_per_step for piece in pieces]
            counts = [counts_of(piece.score, options.bars) for piece in pieces]
            shown = {name: round(per_hundred(rate), 2) for name, rate in summed(counts).items()}
            print(f"{asdict(weights)}: {shown}", file=sys.stderr, flush=True)
            return counts

        weights = VoiceLeading(**{rule: getattr(options, rule) for rule in RULES})
        if options.fit:
            weights = fit(lambda tried: summed(compose(tried)), summed(bach), sorted(options.values))
            print(f"{weights}\n")
        print(table_of({"ours": compose(weights), "Bach": bach}))
        error = np.std(nats, ddof=1) / math.sqrt(len(nats)) if len(nats) > 1 else math.nan
        print(f"\n{np.mean(nats):.3f} ± {error:.3f} nats per step")
    except (OSError, ValueError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
