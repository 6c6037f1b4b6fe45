"""Make a blind listening test, in which listeners say which of two excerpts is by the composer.

``python scripts/listening/make.py FOLDER CORPUS test.html`` writes, in a few seconds, ``test.html``, one page that
needs no network and says nothing of who wrote what, and ``test.key.json``, which does and stays at home. FOLDER is any
music, CORPUS any by the composer. The same seed and files make the same page. ``docs/listening.md`` says how to run
and score a test.
"""

from __future__ import annotations

import argparse
import hashlib
import html
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the siblings are
from biaxial.cli.common import Arguments, command
from biaxial.corpora.splits import music_paths
from biaxial.files.atomic import atomic_write
from biaxial.music.errors import InputError
from scripts.listening.answers import KEY_FORMAT
from scripts.listening.pairs import UNITS, Pair, draw_pairs, read_excerpts

TEMPLATE: Final = Path(__file__).parent / "page.html"
_PART = re.compile(r"\{\{(file|value) ([\w.]+)\}\}")


def page_data(pairs: Sequence[Pair], composer: str, tempo: float) -> dict[str, Any]:
    """What the page is told: the notes of both sides of each pair in one list, three numbers for each note.

    The id is a hash of all the rest, so that answers fit one page only.
    """
    data: dict[str, Any] = {
        "composer": composer,
        "secondsPerUnit": 60 / tempo / UNITS,
        "pairs": [
            [
                {"length": side.length, "notes": [number for note in side.notes for number in note]}
                for side in pair.sides
            ]
            for pair in pairs
        ],
    }
    return {"id": hashlib.sha256(json.dumps(data).encode()).hexdigest()[:12], **data}


def page(data: dict[str, Any]) -> str:
    """The page: the template with its style, its scripts and the data written into it."""
    values = {
        "data": json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"),  # no </script> inside a script
        "composer": html.escape(data["composer"]),
        "count": str(len(data["pairs"])),
    }

    def part(match: re.Match[str]) -> str:
        kind, name = match.groups()
        return values[name] if kind == "value" else (TEMPLATE.parent / name).read_text(encoding="utf-8")

    return _PART.sub(part, TEMPLATE.read_text(encoding="utf-8"))


def key(data: dict[str, Any], pairs: Sequence[Pair]) -> dict[str, Any]:
    """The truth about a page."""
    return {
        "format": KEY_FORMAT,
        "test": data["id"],
        "pairs": [
            {"right": pair.right, "corpus": pair.corpus.name, "other": pair.other.name, "catch": pair.catch}
            for pair in pairs
        ],
    }


@command("make")
def main(arguments: Arguments) -> None:
    """Read the command line, and write the page and the key."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the music to be told from the composer's")
    parser.add_argument("corpus", type=Path, help="music of the composer, such as the folder made by biaxial-chorales")
    parser.add_argument("output", type=Path, help="page to write, .html; the key is written beside it")
    parser.add_argument("--pairs", type=int, default=20, help="that count (default: %(default)s)")
    parser.add_argument(
        "--catches", type=int, default=2, help="easy pairs that show who listens (default: %(default)s)"
    )
    parser.add_argument("--bars", type=int, default=8, help="length of an excerpt (default: %(default)s)")
    parser.add_argument("--tempo", type=float, default=72, help="quarter notes a minute (default: %(default)s)")
    parser.add_argument("--composer", default="Johann Sebastian Bach", help="name on the page (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers (default: %(default)s)")
    options = parser.parse_args(arguments)
    if min(options.pairs, options.bars) < 1 or min(options.catches, options.seed) < 0:
        raise InputError("--pairs and --bars are at least 1, --catches and --seed at least 0")
    if not 20 <= options.tempo <= 300:
        raise InputError(f"--tempo {options.tempo:g}: give 20 to 300 quarter notes a minute")
    if options.output.suffix != ".html":
        raise InputError(f"{options.output}: end its name in .html")
    others = read_excerpts(options.folder, music_paths(options.folder), options.bars)
    corpus = read_excerpts(options.corpus, music_paths(options.corpus), options.bars)
    random = np.random.default_rng(options.seed)
    pairs = draw_pairs(others, corpus, options.pairs, options.catches, random)
    data = page_data(pairs, options.composer, options.tempo)
    keys = options.output.with_suffix(".key.json")
    atomic_write(keys, (json.dumps(key(data, pairs), indent=1) + "\n").encode())
    atomic_write(options.output, page(data).encode())
    print(f"{options.output}: test {data['id']}, {len(pairs)} pairs, {options.catches} of them to see who listens")
    print(f"{keys}: the truth; keep it from the listeners")


if __name__ == "__main__":
    sys.exit(main(None))
