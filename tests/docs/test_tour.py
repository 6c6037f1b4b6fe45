"""docs/tour.ipynb: a valid notebook, small, whose cells run and print what is stored with them."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TOUR = ROOT / "docs" / "tour.ipynb"
NOTEBOOK: dict[str, Any] = json.loads(TOUR.read_text(encoding="utf-8"))
CELLS: list[dict[str, Any]] = NOTEBOOK["cells"]
CODE = [cell for cell in CELLS if cell["cell_type"] == "code"]


def runner() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_notebook", ROOT / "scripts" / "make" / "run_notebook.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def texts(outputs: list[dict[str, Any]]) -> list[str]:
    """What is printed, and what values are as text."""
    return ["".join(output.get("text") or output["data"]["text/plain"]) for output in outputs]


def kinds(outputs: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    return [(output["output_type"], sorted(output.get("data", ()))) for output in outputs]


def test_it_is_a_notebook_of_format_4() -> None:
    assert set(NOTEBOOK) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    assert (NOTEBOOK["nbformat"], NOTEBOOK["nbformat_minor"]) == (4, 5)
    assert NOTEBOOK["metadata"]["kernelspec"].keys() >= {"name", "display_name"}
    ids = [cell["id"] for cell in CELLS]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[\w-]{1,64}", name) for name in ids)
    always = {"cell_type", "id", "metadata", "source"}
    extra = {"markdown": set[str](), "code": {"execution_count", "outputs"}}
    for cell in CELLS:
        assert set(cell) == always | extra[cell["cell_type"]]
        assert all(line.endswith("\n") for line in cell["source"][:-1])
    needed = {
        "stream": {"name", "text"},
        "execute_result": {"data", "metadata", "execution_count"},
        "display_data": {"data", "metadata"},
    }
    for output in (output for cell in CODE for output in cell["outputs"]):
        assert set(output) == needed[output["output_type"]] | {"output_type"}
    assert [cell["execution_count"] for cell in CODE] == list(range(1, len(CODE) + 1))


def test_it_is_small_and_names_no_machine() -> None:
    assert TOUR.stat().st_size < 400_000
    plain = re.sub(r"[A-Za-z0-9+/=\\n]{200,}", "", TOUR.read_text(encoding="utf-8"))
    assert not re.search(r"(?<![\w.<])/(?:home|root|opt|tmp|work|Users)/", plain)


def test_it_stores_a_score_a_player_and_a_picture() -> None:
    stored = json.dumps(CODE)
    assert stored.count("data:image/svg+xml;base64,") == 2
    assert stored.count("data:audio/ogg;base64,") == 2
    assert stored.count('"image/png"') == 1


def test_the_cells_print_what_is_stored_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")
    found = list(runner().outputs_of(NOTEBOOK))
    assert [texts(outputs) for outputs in found] == [texts(cell["outputs"]) for cell in CODE]
    assert [kinds(outputs) for outputs in found] == [kinds(cell["outputs"]) for cell in CODE]
    assert json.dumps(found).count("data:image/svg+xml;base64,") >= 2


def test_the_runner_shows_what_a_cell_prints_its_value_and_its_figures() -> None:
    sources = ["x = 2\nprint('a')\nx + 1", "x = None\nx", "def f():\n    return x", ""]
    notebook = {"cells": [{"cell_type": "code", "source": [source]} for source in sources]}
    found = list(runner().outputs_of(notebook))
    assert texts(found[0]) == ["a\n", "3"]
    assert found[1:] == [[], [], []]
    with pytest.raises(NameError):
        list(runner().outputs_of({"cells": [{"cell_type": "code", "source": ["y"]}]}))
