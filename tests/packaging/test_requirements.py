"""requirements/compose.txt is up to date, and composing and harmonising load what it names and nothing else."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
needed, others = (names.split() for names in sys.argv[1:3])
sys.modules.update(dict.fromkeys(others))  # importing one of them fails
from biaxial.cli.compose import main as compose
from biaxial.cli.harmonise import main as harmonise
assert compose(["--bars", "1", "--seed", "1", "-o", "made.mid"]) == 0
assert harmonise(["tune.abc", "--seed", "1", "-o", "hymn.mid"]) == 0
assert harmonise(["made.mid", "--line", "1", "--seed", "1", "-o", "made.json"]) == 0
assert compose(["--bars", "1", "-q", "-o", "made.roll.png"]) == 2
print("unused:", *[name for name in needed if name not in sys.modules])
"""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("requirements", ROOT / "scripts" / "make" / "requirements.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_file_is_what_the_script_writes(script: ModuleType) -> None:
    assert script.text() == (ROOT / "requirements" / "compose.txt").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_others_are_not_needed_and_each_of_these_is(script: ModuleType, tmp_path: Path) -> None:
    """Names of the dependencies are the names that are imported."""
    others = [name.replace("-", "_") for name in script.dependencies() if name not in script.COMPOSING]
    assert {"lightning", "music21"} <= set(others)
    (tmp_path / "tune.abc").write_text("X:1\nM:4/4\nL:1/4\nK:G\nGGAB|\n")
    needed = [name.replace("-", "_") for name in script.COMPOSING]
    command = [sys.executable, "-c", PROGRAM, " ".join(needed), " ".join(others)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "unused:"
    told = "biaxial-compose: this needs matplotlib, which is not installed: pip install matplotlib"
    assert done.stderr.splitlines()[-1] == told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hymn.mid", "made.json", "made.mid", "tune.abc"]
