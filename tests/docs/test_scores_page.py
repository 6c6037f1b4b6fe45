"""docs/scores.md: ten scores of the shipped weights, each with its plan, its picture and what is wrong with it."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType

import pytest

import biaxial
from biaxial.cli.compose import DESCRIPTION, PROG, ComposeOptions
from biaxial.cli.options import parse, parser
from biaxial.cli.writing import WritingOptions
from biaxial.files.weights_file import pretrained_path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGE = (DOCS / "scores.md").read_text(encoding="utf-8")
SCORES = re.findall(r"^## (\d+), (.+)\n\n`(.+)`\n\n!\[.+\]\((\S+)\)\n\n([\s\S]+?)(?=\n\n## |\n*\Z)", PAGE, re.MULTILINE)
"""Seed, key, plan, picture and text of each."""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ten_scores", ROOT / "scripts" / "make" / "ten_scores.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_has_every_seed_and_every_picture(script: ModuleType) -> None:
    assert [int(seed) for seed, *_ in SCORES] == list(script.SEEDS)
    assert [picture for *_, picture, _ in SCORES] == [f"pictures/scores/{seed}.png" for seed in script.SEEDS]
    assert len(SCORES) == PAGE.count("![")
    assert {f"pictures/scores/{path.name}" for path in (DOCS / "pictures" / "scores").iterdir()} == {
        picture for *_, picture, _ in SCORES
    }


def test_its_pictures_are_small() -> None:
    for *_, picture, _ in SCORES:
        data = (DOCS / picture).read_bytes()
        assert data.startswith(b"\x89PNG")
        assert len(data) < 45_000


def test_its_plans_and_keys_are_those_of_the_seeds(script: ModuleType) -> None:
    model = biaxial.load(device="cpu")
    for seed, key, plan, *_ in SCORES:
        (request,) = model.plan_composition(script.BARS, seed=int(seed)).requests
        assert request.score.key is not None
        assert request.score.key.name == key.replace(" flat", "b").replace(" sharp", "#")
        assert request.phrase_plan is not None
        assert request.phrase_plan.summary == plan


def test_each_score_has_a_few_sentences_that_name_bars() -> None:
    for *_, text in SCORES:
        assert 3 <= len(re.findall(r"\.(?=\s|$)", text)) <= 6
        assert re.search(r"\bbars? \d+", text)


def test_the_weights_are_the_shipped_ones() -> None:
    assert f"(`{pretrained_path().stem}`)" in PAGE, "other weights, other scores: make the page anew"


def test_its_command_chooses_nothing(script: ModuleType) -> None:
    (line,) = re.findall(rf"^{PROG}.*$", PAGE, re.MULTILINE)
    words = shlex.split(line, comments=True)[1:]
    options, writing = parse(parser(PROG, DESCRIPTION, ComposeOptions, WritingOptions), words)
    assert (options.bars, writing.seed, writing.num_outputs) == (script.BARS, script.SEEDS[0], len(script.SEEDS))
    assert {word for word in words if word.startswith("-")} == {"--bars", "--seed", "-n", "-o"}
