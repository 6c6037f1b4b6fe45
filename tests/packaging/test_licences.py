"""LICENSES.md names every file of the wheel that is not code, is up to date, and is in the wheel itself."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("licences", ROOT / "scripts" / "make" / "licences.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["licences"] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


def test_every_file_of_the_wheel_that_is_not_code_is_named(script: ModuleType, wheel_names: list[str]) -> None:
    files = [name for name in wheel_names if ".dist-info/" not in name and not name.endswith(".py")]
    assert [part.path for part in script.PARTS] == sorted(files)


def test_the_page_is_what_the_script_writes(script: ModuleType) -> None:
    assert script.page() == (ROOT / "LICENSES.md").read_text(encoding="utf-8")


def test_every_licence_is_in_the_wheel(wheel_names: list[str]) -> None:
    licences = {name.partition(".dist-info/licenses/")[2] for name in wheel_names}
    assert licences - {""} == {"LICENSE", "LICENSES.md", "biaxial/assets/fluid-chorale.LICENSE.txt"}
