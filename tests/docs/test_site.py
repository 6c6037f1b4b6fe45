"""The documents as a site: it is built without a warning, its links lead somewhere, it has every public name."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import biaxial

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts" / "site"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, SCRIPTS / "build.py", folder], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_document_is_a_page(site: Path) -> None:
    documents = {page.stem for page in (ROOT / "docs").glob("*.md")} - {"README"}
    assert documents | {"index", "project", "CONTRIBUTING", "CHANGELOG", "LICENSES"} <= {
        page.stem for page in site.glob("*.html")
    }


def test_every_public_name_is_in_the_index_of_the_api(site: Path) -> None:
    page = (site / "api.html").read_text(encoding="utf-8")
    assert [name for name in biaxial.__all__ if f'id="biaxial.{name}"' not in page] == []
    assert 'id="biaxial.Model.compose"' in page
    assert ":class:" not in page


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    page = (site / "index.html").read_text(encoding="utf-8")
    assert 'src="http' not in page
    assert '<link rel="stylesheet" href="http' not in page


def test_a_link_or_an_anchor_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "one.html").write_text('<h2 id="here">x</h2><img src="../none.png"><a href="/two.html">x</a>')
    links = ("sub/one.html#here", "sub/one.html#there", "#top", "#bottom", "no.html", "https://x.test/no", "sub/")
    page = '<p id="top">' + "".join(f'<a href="{link}">x</a>' for link in links)
    (tmp_path / "two.html").write_text(page)
    assert sorted(script("build").dead_links(tmp_path)) == [
        "sub/one.html: ../none.png",
        "two.html: #bottom",
        "two.html: no.html",
        "two.html: sub/one.html#there",
    ]


def test_links_of_the_repository_become_links_of_the_site() -> None:
    link = script("pages").site_link
    assert link("../README.md", "docs/explain.md") == "project.md"
    assert link("docs/benchmarks.md#drawing", "README.md") == "benchmarks.md#drawing"
    assert link("../docs/benchmarks.md", "data/README.md") == "benchmarks.md"
    assert link("chorales.csv", "data/README.md") == "chorales.csv"
    assert link("#shared-passages", "docs/judge.md") == "#shared-passages"
    assert link("https://x.test/docs/", "README.md") == "https://x.test/docs/"
