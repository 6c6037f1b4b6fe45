"""Score a listening test: ``python scripts/listening/score.py test.key.json answers-*.json``.

Prints how many pairs were told right, with a 95% interval and tests against guessing, for all listeners, by experience
and by how sure they were, and which pieces were most often taken for the composer's. Catch pairs are counted apart.
``docs/listening.md`` says what the numbers mean.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the siblings are
from biaxial.cli.common import Arguments, command
from biaxial.music.errors import InputError
from scripts.listening.answers import EXPERIENCES, SURENESS, Key, Sheet, read_key, read_sheets
from scripts.listening.estimates import binomial_p, interval, pairs_p


def rights(key: Key, sheets: Sequence[Sheet]) -> NDArray[np.bool_]:
    """Whether each listener was right about each pair of the page, catch pairs too, shape ``(l, p)``."""
    truth = [pair.right for pair in key.pairs]
    return np.array([[a.choice == side for a, side in zip(sheet.answers, truth, strict=True)] for sheet in sheets])


def row(name: str, right: NDArray[np.bool_], counts: NDArray[np.bool_]) -> str:
    """A row of a table: who or what, listeners, right answers of all, share with its interval."""
    some = counts.any(axis=1)
    if not some.any():
        return f"| {name} | 0 | 0 of 0 | |"
    right, counts = right[some], counts[some]
    hits, total = int((right & counts).sum()), int(counts.sum())
    low, high = interval(right, counts, np.random.default_rng(0))
    return f"| {name} | {len(right)} | {hits} of {total} | {hits / total:.3f} ({low:.3f} to {high:.3f}) |"


def report(key: Key, sheets: Sequence[Sheet]) -> str:
    """All that the answers say, as text and tables.

    Raises
    ------
    InputError
        If the test has no pair that counts.
    """
    right = rights(key, sheets)
    catch = np.array([pair.catch for pair in key.pairs], dtype=np.bool_)
    if catch.all():
        raise InputError(f"test {key.test} has no pair that counts")
    all_counts: NDArray[np.bool_] = np.broadcast_to(~catch, right.shape)
    known = np.array([[answer.known for answer in sheet.answers] for sheet in sheets])
    awake: NDArray[np.bool_] = np.asarray(right[:, catch].all(axis=1), dtype=np.bool_)
    hits, total = int((right & all_counts).sum()), int(all_counts.sum())
    lines = [
        f"test {key.test}: {len(sheets)} listeners, {int((~catch).sum())} pairs that count",
        f"p = {binomial_p(hits, total):.2g}, exact binomial test against one half, answers taken to be independent",
        f"p = {pairs_p(right, all_counts):.2g}, exact test by pairs, which allows for listeners who agree",
        f"catch pairs: {int(awake.sum())} of {len(sheets)} listeners told all {int(catch.sum())}",
        "",
        "| answers of | listeners | right | share (95%) |",
        "|---|---|---|---|",
        row("all", right, all_counts),
        row("those who told all catch pairs", right, all_counts & awake[:, None]),
        row("all, where no piece was recognised", right, all_counts & ~known),
    ]
    for level in EXPERIENCES:
        members = np.array([sheet.experience == level for sheet in sheets])
        lines.append(row(f"experience: {level}", right, all_counts & members[:, None]))
    for word in SURENESS:
        said = np.array([[answer.sure == word for answer in sheet.answers] for sheet in sheets])
        lines.append(row(f"sure: {word}", right, all_counts & said))
    return "\n".join([*lines, "", *piece_table(key, sheets, right)])


def piece_table(key: Key, sheets: Sequence[Sheet], right: NDArray[np.bool_]) -> list[str]:
    """For each piece of the folder how many took it for the composer's and how many liked it better; most first."""
    rows = []
    for index, pair in enumerate(key.pairs):
        said = [sheet.answers[index].preferred for sheet in sheets]
        liked = [side for side in said if side in ("A", "B")]
        if not pair.catch:
            better = f"{sum(side != pair.right for side in liked)} of {len(liked)}"
            rows.append((int((~right[:, index]).sum()), pair.other, pair.corpus, better))
    rows.sort(key=lambda row: (-row[0], row[1]))
    return [
        "| piece of the folder | taken for the composer's by | liked better by | beside |",
        "|---|---|---|---|",
        *(f"| {other} | {fooled} of {len(sheets)} | {better} | {corpus} |" for fooled, other, corpus, better in rows),
    ]


@command("score")
def main(arguments: Arguments) -> None:
    """Read the command line and print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("key", type=Path, help="the .key.json file written beside the page")
    parser.add_argument("answers", type=Path, nargs="+", help="the files that listeners saved")
    options = parser.parse_args(arguments)
    key = read_key(options.key)
    print(report(key, read_sheets(options.answers, key)))


if __name__ == "__main__":
    sys.exit(main(None))
