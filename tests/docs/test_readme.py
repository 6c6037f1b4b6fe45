"""README's first block, its commands, the index of the documents, and what no document may name."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "data").rglob("*.md"))]


def blocks(text: str) -> list[str]:
    return re.findall(r"^```\w*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def test_first_block_is_the_two_lines() -> None:
    assert blocks(README)[0].splitlines() == [
        "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/biaxial-compose --bars 16",
        "python3 -m venv .venv && .venv/bin/pip install '.[dev]' && .venv/bin/pytest",
    ]


def test_first_block_opens_the_page() -> None:
    before = README.split("```")[0].strip().splitlines()
    assert len([line for line in before if line]) == 2, "a title and one sentence, then the two lines"


def test_readme_names_only_commands_that_exist() -> None:
    named = set(re.findall(r"\bbiaxial-[a-z]+", "\n".join(blocks(README))))
    assert named == set(PROJECT["scripts"]) - {"biaxial"}
    verbs = {name.removeprefix("biaxial-") for name in named}
    assert set(re.findall(r"`biaxial ([a-z]+)", README)) <= verbs


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert [page for page in sorted(pages) if f"({page})" not in index] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_document_names_a_path_of_one_machine(document: Path) -> None:
    found = re.findall(r"(?<![\w.])/(?:home|root|opt|tmp|work|Users)/\S*", document.read_text(encoding="utf-8"))
    assert found == []


def test_the_linters_are_pinned() -> None:
    own = "biaxial[audio,cluster,hub,mcp,score,search,site,studio]"  # what users may install: its versions are ranges
    extras = PROJECT["optional-dependencies"]
    needs = [need for need in extras["dev"] + extras["site"] if need != own]
    assert all(re.fullmatch(r"[\w-]+==[\d.]+", need) for need in needs)


def test_every_extra_has_its_row_in_the_page_on_installing() -> None:
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)) == set(PROJECT["optional-dependencies"])
