"""``biaxial``: every command stands under it, it says what there is, and it costs nothing to ask."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from biaxial.cli.verbs import SPELLINGS, VERBS, main
from biaxial.music.constants import VERSION

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_every_command_is_a_verb_and_every_verb_a_command() -> None:
    modules = {name: verb.module for name, verb in VERBS.items()}
    modules |= {name: VERBS[own].module for name, own in SPELLINGS.items()}
    expected = {f"biaxial-{name}": f"biaxial.cli.{module}:main" for name, module in modules.items()}
    assert PROJECT["scripts"] == {**expected, "biaxial": "biaxial.cli.verbs:main"}
    assert all(callable(import_module(f"biaxial.cli.{module}").main) for module in modules.values())


@pytest.mark.parametrize("words", [["--help"], ["-h"], []])
def test_help_lists_the_verbs_with_a_line_each(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    listed = dict(re.findall(r"^  (\w+) +(\w.{10,70})$", capsys.readouterr().out, flags=re.MULTILINE))
    assert listed == {name: verb.line for name, verb in VERBS.items()}


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("compsoe", "'compsoe' is not a verb; did you mean compose? biaxial --help lists them"),
        ("Harmonize", "'Harmonize' is not a verb; did you mean harmonize? biaxial --help lists them"),
        ("eval", "'eval' is not a verb; did you mean evaluate? biaxial --help lists them"),
        ("--bars", "'--bars' is not a verb; biaxial --help lists them"),
        ("", "'' is not a verb; biaxial --help lists them"),
    ],
)
def test_an_unknown_verb_is_one_line_with_the_nearest_one(
    word: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word, "--bars", "4"]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"biaxial: {line}\n")


@pytest.mark.parametrize("name", [*VERBS, *SPELLINGS])
def test_a_verb_goes_by_the_name_that_was_typed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--no-such"]) == 2
    asked = f"biaxial {name}"
    assert capsys.readouterr().err.startswith(f"{asked}: ")
    with pytest.raises(SystemExit) as stop:
        main([name, "--help"])
    assert stop.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: {asked} [-h]")


@pytest.mark.parametrize("name", VERBS)
def test_every_command_says_its_version(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        import_module(f"biaxial.cli.{VERBS[name].module}").main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"biaxial {VERSION}\n"


def test_a_verb_does_what_its_command_does(folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--bars", "1", "--seed", "1", "--checkpoint", str(weights), "-q"]
    assert main(["compose", *words, "-o", "one.mid"]) == 0
    assert import_module("biaxial.cli.compose").main([*words, "-o", "two.mid"]) == 0
    assert (folder / "one.mid").read_bytes() == (folder / "two.mid").read_bytes()
    one, plan, two, same = capsys.readouterr().out.splitlines()
    assert (one.removeprefix("one"), plan) == (two.removeprefix("two"), same)


def test_asking_loads_no_libraries() -> None:
    program = (
        "import sys; from biaxial.cli.verbs import main; main(['--help']); main(['--version']);"
        "print({'torch', 'numpy', 'lightning', 'music21', 'numba'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-2:] == [f"biaxial {VERSION}", "set()"]


def test_python_m_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "biaxial", "compos"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "biaxial: 'compos' is not a verb; did you mean compose? biaxial --help lists them\n"
