"""Build the documents as a site, with warnings as errors, and follow every link and anchor in it.

``python scripts/site/build.py FOLDER`` needs ``pip install '.[site]'`` and takes some seconds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[2]


class _Page(HTMLParser):
    """Links of a page, and the places in it that a link may name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and name in ("href", "src"):
                self.links.append(value)
            elif value and (name == "id" or (tag, name) == ("a", "name")):
                self.anchors.add(value)


def dead_links(folder: Path) -> Iterator[str]:
    """Links of the pages in a folder that lead nowhere, with the page that each is on; other sites are not asked."""
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html"))}
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            place = unquote(parts.path)
            start = folder if place.startswith("/") else path.parent
            target = (start / place.lstrip("/")).resolve() if place else path
            anchor = unquote(parts.fragment)
            if not target.exists() or (anchor and target in pages and anchor not in pages[target].anchors):
                yield f"{path.relative_to(folder)}: {link}"


def main() -> int:
    """Read the command line, build, follow the links."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the pages are written")
    folder: Path = parser.parse_args().folder.resolve()
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}  # an advertisement for the theme's successor
    status = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    if status:
        return status
    dead = list(dead_links(folder))
    print("\n".join([*(f"dead link: {link}" for link in dead), f"{folder / 'index.html'}: {len(dead)} dead links"]))
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
