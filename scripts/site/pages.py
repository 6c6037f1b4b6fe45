"""What the site has beside the files in ``docs/``: pages from the root of the repository, and the index of the API.

MkDocs calls the functions that begin with ``on_`` while it builds ``mkdocs.yml``. Links between ``docs/`` and the root
are as the repository has them, and are turned into links of the site here.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT: Final = Path(__file__).parents[2]

ROOT_PAGES: Final = {
    "CHANGELOG.md": "CHANGELOG.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "LICENSE": "LICENSE.txt",
    "LICENSES.md": "LICENSES.md",
    "README.md": "project.md",
    "data/README.md": "corpus.md",
    "data/chorales.csv": "chorales.csv",
}
"""Files from outside ``docs/``, and their names on the site."""

API: Final = "api.md"


def public_names() -> list[str]:
    """Names that ``import biaxial`` offers, read from its source."""
    tree = ast.parse((ROOT / "biaxial" / "__init__.py").read_text(encoding="utf-8"))
    (names,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__"
    ]
    return list(ast.literal_eval(names))


def api_page() -> str:
    """Markdown of the index of the API: every public name, whose docstring mkdocstrings fills in."""
    names = sorted(public_names(), key=lambda name: (name[0].isupper(), name))
    return "# Python\n\nAll that `import biaxial` offers.\n\n" + "\n".join(f"::: biaxial.{name}\n" for name in names)


def site_link(target: str, page: str) -> str:
    """A link of the repository as the site has it.

    Parameters
    ----------
    target
        The link, relative to the page.
    page
        Path of the page from the root of the repository.
    """
    path, mark, anchor = target.partition("#")
    if not path or "://" in path:
        return target
    place = (ROOT / page).parent.joinpath(path).resolve().relative_to(ROOT).as_posix()
    return ROOT_PAGES.get(place, place.removeprefix("docs/")) + mark + anchor


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages from the root and the index of the API."""
    for source, name in ROOT_PAGES.items():
        files.append(File.generated(config, name, abs_src_path=str(ROOT / source)))
    files.append(File.generated(config, API, content=api_page()))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Turn links of the repository into links of the site."""
    name = page.file.src_uri
    source = next((source for source, target in ROOT_PAGES.items() if target == name), f"docs/{name}")
    return re.sub(r"(\]\()([^)\s]+)\)", lambda found: f"{found[1]}{site_link(found[2], source)})", markdown)
