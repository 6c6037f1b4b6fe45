"""Every file that the pages for developers name is in the tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMED = re.compile(r"`(?:python )?((?:[\w.-]+/)+[\w.-]+\.(?:py|md|csv|html|ipynb))[ `]")


def named(page: Path) -> Iterator[str]:
    for code in re.findall(r"`[^`\n]+`", page.read_text(encoding="utf-8")):
        yield from NAMED.findall(code)


def is_there(path: str) -> bool:
    """From the root of the tree, or from the package."""
    return (ROOT / path).exists() or (ROOT / "biaxial" / path).exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    assert [path for path in named(page) if not is_there(path)] == []


def test_the_pages_name_files() -> None:
    assert sum(len(list(named(page))) for page in PAGES) > 20
    assert not is_there("music/no_such_file.py")
