"""Options out of dataclasses: names, values, bounds, help, and one line for whatever is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from biaxial.cli.options import REQUIRED, given, option, parse, parser
from biaxial.music.errors import InputError
from biaxial.music.score import Key


@dataclass(frozen=True)
class Sizes:
    """Sizes of a :class:`~some.where.Network`.

    Parameters
    ----------
    hidden, heads
        How large: 100% of it (:mod:`some.where`). More is more.
    order
        Which way.
    """

    hidden: tuple[int, ...] = (4, 2)
    heads: int = 1
    order: Literal["up", "down"] = "up"


@dataclass(frozen=True)
class Options:
    """Everything else."""

    corpus: Path = option(REQUIRED, help="a folder", positional=True)
    num_bars: int = option(16, help="bars", short="-b", within=(1, 1000))
    temperature: float = option(1.0, help="warmth", within=(0.1, 5))
    quiet: bool = False
    live: bool = True
    seed: int | None = None
    patience: int | None = 5
    key: Key = option(Key(0), help="key", parse=Key.from_name)
    sizes: Sizes = field(default_factory=Sizes)
    min_parts: int = option(1, help="parts", formerly="min_lines", within=(1, 9))
    loud: bool = option(False, help="loud", formerly="noisy")

    def __post_init__(self) -> None:
        if self.seed == 13:
            raise ValueError("--seed: 13 is unlucky; choose another")


def read(*words: str) -> Options:
    options, _ = parse(parser("prog", "about", Options, Sizes), ["songs", *words])
    assert isinstance(options, Options)
    return options


def test_defaults_are_those_of_the_dataclass() -> None:
    assert read() == Options(corpus=Path("songs"))


def test_every_kind_of_value() -> None:
    options = read(
        "-b", "3", "--temperature", "0.5", "--quiet", "--seed", "7", "--patience", "none", "--key", "F# minor"
    )
    expected = Options(
        corpus=Path("songs"), num_bars=3, temperature=0.5, quiet=True, seed=7, patience=None, key=Key(3, "minor")
    )
    assert options == expected
    assert not read("--no-live").live


def test_only_what_was_given_overrides_a_preset() -> None:
    values = given(parser("prog", "about", Options, Sizes), ["songs", "--hidden", "8, 9", "--order", "down"])
    assert values == {Options: {"corpus": Path("songs")}, Sizes: {"hidden": (8, 9), "order": "down"}}


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--num-bars", "many"], "--num-bars: 'many' is not a whole number; give 1 to 1000"),
        (["--num-bars", "2.5"], "--num-bars: '2.5' is not a whole number; give 1 to 1000"),
        (["--num-bars", "0"], "--num-bars: 0 is outside the range; give 1 to 1000"),
        (["--num-bars", "-3"], "--num-bars: -3 is outside the range; give 1 to 1000"),
        (["--num-bars", "1001"], "--num-bars: 1001 is outside the range; give 1 to 1000"),
        (["--num-bars"], "--num-bars: expected one argument; prog --help lists the options"),
        (["--temperature", "nan"], "--temperature: 'nan' is not a number; give 0.1 to 5"),
        (["--hidden", "3,x"], "--hidden: 'x' is not a whole number; give one"),
        (["--order", "left"], "--order: 'left' is not one of up, down"),
        (["--key", "H#"], "--key: 'H#' is not a key: write for example 'G major', 'Eb major' or 'F# minor'"),
        (["--num", "3"], "'--num' is not an option or argument of this command; prog --help lists the options"),
        (["--seed", "13"], "--seed: 13 is unlucky; choose another"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_it(words: list[str], line: str) -> None:
    with pytest.raises(ValueError, match=re.escape(line) + "$"):
        read(*words)


@pytest.mark.parametrize("bars", ["1", "1000"])
def test_bounds_are_inclusive(bars: str) -> None:
    assert read("--num-bars", bars).num_bars == int(bars)


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(InputError, match="required: corpus"):
        parse(parser("prog", "about", Options), [])


def test_help_comes_from_docstring_or_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        parse(parser("prog", "about", Options, Sizes), ["--help"])
    assert stop.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "Sizes of a Network: " in text
    assert "--hidden N,... how large: 100% of it (default: 4,2)" in text
    assert "--heads N how large: 100% of it (default: 1)" in text
    assert "--order up|down which way (default: up)" in text
    assert "--live, --no-live (default: on)" in text
    assert "--key TEXT key (default: C major)" in text
    assert "--sizes" not in text


def test_a_former_name_is_understood_with_one_line_and_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    options = read("--min-lines", "3", "--noisy")
    assert (options.min_parts, options.loud) == (3, True)
    assert capsys.readouterr().err.splitlines() == [
        "prog: --min-lines is called --min-parts now; its old name will go",
        "prog: --noisy is called --loud now; its old name will go",
    ]
    assert read("--min-parts", "3", "--loud") == options
    assert capsys.readouterr().err == ""
    with pytest.raises(InputError, match="--min-lines is the old name of --min-parts; leave it out"):
        read("--min-lines", "3", "--min-parts", "3")
    with pytest.raises(InputError, match="--min-parts: 10 is outside the range"):
        read("--min-lines", "10")
    assert capsys.readouterr().err == ""
    with pytest.raises(SystemExit):
        read("--help")
    text = capsys.readouterr().out
    assert "--min-parts" in text
    assert "--min-lines" not in text
    assert "--noisy" not in text


def test_defaults_that_hold_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(parser("prog", "about", Sizes, shown={Sizes: Sizes(heads=7)}), ["--help"])
    assert "(default: 7)" in capsys.readouterr().out
    assert parse(parser("prog", "about", Sizes, shown={Sizes: Sizes(heads=7)}), []) == (Sizes(),)


def test_two_fields_of_one_name_are_a_bug() -> None:
    with pytest.raises(TypeError, match="'hidden'"):
        parser("prog", "about", Sizes, Sizes)
