"""Links of all documents lead to a file that exists, and to a heading that it has, as GitHub names headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "data").rglob("*.md"))]


def prose(document: Path) -> str:
    """A document without its blocks of code."""
    return re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(document: Path) -> set[str]:
    """Of every heading: its words in lower case with hyphens for spaces; one that comes again is numbered."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", prose(document), flags=re.MULTILINE):
        words = re.sub(r"\]\([^)]*\)", "", heading).lower()
        name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        again = sum(re.fullmatch(rf"{re.escape(name)}(-\d+)?", other) is not None for other in found)
        found.add(f"{name}-{again}" if again else name)
    return found


def dead_links(document: Path) -> Iterator[str]:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(document)):
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        if "://" in link:
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    assert list(dead_links(document)) == []


def test_a_link_or_an_anchor_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text("# What's new, and *old*\n## The [list](two.md)\n## The list\n```\n# code\n```\n")
    links = ("one.md", "one.md#whats-new-and-old", "one.md#the-list", "one.md#the-list-1", "https://x.test/no#no")
    dead = ("no.md", "#here", "one.md#code", "one.md#the-list-2", "one.md#whats-new")
    page = tmp_path / "two.md"
    page.write_text("\n".join(f"[x]({link})" for link in links + dead) + "\n```\n[x](no.md)\n```\n")
    assert list(dead_links(page)) == list(dead)
