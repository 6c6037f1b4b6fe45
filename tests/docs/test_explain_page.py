"""docs/explain.md: its commands can be typed, its picture is there, and it tells of every input that there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import biaxial
from biaxial.cli.explain import DESCRIPTION, PROG, ExplainOptions
from biaxial.cli.options import parse, parser
from biaxial.likelihood.input_words import MEMORY, TIME_AXIS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "explain.md").read_text(encoding="utf-8")


def test_its_commands_can_be_typed() -> None:
    lines = [
        shlex.split(line) for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()
    ]
    assert [words[0] for words in lines] == [PROG] * 2
    pictures = [parse(parser(PROG, DESCRIPTION, ExplainOptions), words[1:])[0].output for words in lines]
    assert pictures == [Path("bwv269.png"), Path("cell.png")]


def test_its_picture_is_small() -> None:
    (named,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", PAGE)
    data = (DOCS / named).read_bytes()
    assert data.startswith(b"\x89PNG")
    assert len(data) < 60_000


def test_every_input_of_the_shipped_weights_is_told_of_twice() -> None:
    net = biaxial.load(device="cpu").network
    names = (*net.time_features.slices, MEMORY, *net.note_features.slices, TIME_AXIS, MEMORY)
    tables = re.findall(r"^\| (time|note) axis \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    told = [re.findall(r"^\| ([a-z_ ]+) \|", rows, re.MULTILINE) for _, rows in tables]
    assert [name for rows in told[:2] for name in rows] == list(names)
    assert told[2:] == told[:2]
    assert f"of the {net.config.num_notes} notes" in PAGE
