"""``--help`` of every command: each option has a text of its own, one default, and no marks of documentation."""

from __future__ import annotations

import argparse
import re
from collections import Counter
from importlib import import_module
from unittest.mock import patch

import pytest

from biaxial.cli.options import Parser
from biaxial.tokens.config import SEQUENCE_PRESETS
from biaxial.training.config import SEQUENCE_TRAIN_PRESETS

COMMANDS = ("compose", "harmonise", "infill", "continue_", "evaluate", "explain", "train", "chorales", "folksongs")
WORDS: dict[str, list[list[str]]] = {**{name: [[]] for name in COMMANDS}, "train": [[], ["--model", "chord"]]}


def actions_of(name: str, words: list[str]) -> list[argparse.Action]:
    """The options of a command as its parser has them."""
    built = list[Parser]()

    def keep(parser: Parser, argv: object = None) -> None:
        built.append(parser)
        raise SystemExit(0)

    with patch.object(Parser, "parse_known_args", keep), pytest.raises(SystemExit):
        import_module(f"biaxial.cli.{name}").main(words)
    shown = [each for each in built[0]._actions if each.help != argparse.SUPPRESS]
    return [each for each in shown if not isinstance(each, argparse._HelpAction | argparse._VersionAction)]


def help_texts(name: str, words: list[str]) -> dict[str, str]:
    """The help of every option of a command, by its name."""
    return {each.dest: str(each.help) for each in actions_of(name, words)}


def test_the_defaults_of_training_are_those_of_the_network() -> None:
    assert "(default: 96)" in help_texts("train", [])["context_hidden"]
    for kind in ("melody", "chord-large"):
        texts = help_texts("train", ["--model", kind])
        assert f"(default: {','.join(map(str, SEQUENCE_PRESETS[kind].hidden))})" in texts["hidden"]
        assert f"(default: {SEQUENCE_TRAIN_PRESETS[kind].epochs})" in texts["epochs"]


@pytest.mark.parametrize(("name", "words"), [(name, words) for name in COMMANDS for words in WORDS[name]])
def test_every_option_has_one_plain_text_of_its_own(name: str, words: list[str]) -> None:
    texts = help_texts(name, words)
    assert len(texts) > 3
    assert [dest for dest, text in texts.items() if not text or text == "None"] == []
    assert [dest for dest, text in texts.items() if text.count("(default:") > 1] == []
    assert [dest for dest, text in texts.items() if re.search(r"\(default: *\)", text)] == []
    assert [dest for dest, text in texts.items() if re.search(r":\w+:`|`|\((hints|echo)\)", text)] == []
    assert [dest for dest, text in texts.items() if re.match(r"[A-Z][a-z ]", text) or re.search(r"\.( |$)", text)] == []
    assert [dest for dest, text in texts.items() if len(text) > 250] == []
    without_defaults = Counter(re.sub(r" \(default: .*", "", text) for text in texts.values())
    assert [text for text, count in without_defaults.items() if count > 1] == []
