"""How many answers tell a share of right ones from guessing: ``python scripts/listening/power.py --share 0.6``.

Exact power of the two-sided binomial test at 5%, for independent answers: one listener and many pairs, or many
listeners with a page (a seed) each. Listeners of one page agree more or less, and more of their answers are needed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the siblings are
from biaxial.cli.common import Arguments, command
from biaxial.music.errors import InputError
from scripts.listening.estimates import answers_needed, power

NUMBERS = (10, 20, 40, 80, 160, 320)


@command("power")
def main(arguments: Arguments) -> None:
    """Print the power of some numbers of answers, and how many are needed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=0.6, help="true share of right answers (default: %(default)s)")
    parser.add_argument("--power", type=float, default=0.8, help="chance to tell it (default: %(default)s)")
    options = parser.parse_args(arguments)
    if not 0.02 <= abs(options.share - 0.5) < 0.5:
        raise InputError(f"--share {options.share:g}: give 0.52 to below 1, or above 0 to 0.48")
    if not 0.05 < options.power <= 0.99:
        raise InputError(f"--power {options.power:g}: give more than 0.05, at most 0.99")
    for number in NUMBERS:
        print(f"{number:4} answers: power {power(options.share, number):.2f}")
    needed = answers_needed(options.share, options.power)
    print(f"{needed} answers tell {options.share:g} from 0.5 with power {options.power:g}")


if __name__ == "__main__":
    sys.exit(main(None))
