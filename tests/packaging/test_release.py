"""What a built package says and holds: README's links, by the address that it was built with; no benchmark weights."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import zipfile
from collections.abc import Callable
from email.message import Message
from email.parser import Parser
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
Build = Callable[..., Path]
ADDRESS = "https://forge.test/someone/biaxial"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", ROOT / "scripts" / "make" / "release_metadata.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def metadata(wheel: Path) -> Message:
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    return Parser().parsestr(archive.read(name).decode())


def links(text: str) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", text)


def test_without_an_address_readme_stays_and_none_is_named(wheel: Path) -> None:
    found = metadata(wheel)
    assert found.get_payload() == README
    assert found.get_all("Project-URL") is None


def test_with_an_address_every_link_leads_there(build: Build) -> None:
    found = metadata(build("wheel", ADDRESS + "/"))
    page = str(found.get_payload())
    assert len(links(page)) == len(links(README)) > 10
    assert [link for link in links(page) if "://" not in link] == []
    tag = f"v{found['Version']}"
    assert f"![a chorale of eight bars]({ADDRESS}/raw/{tag}/docs/pictures/readme/chorale.png)" in page
    assert f"[LICENSE]({ADDRESS}/blob/{tag}/LICENSE)" in page
    assert f"Source, {ADDRESS}" in found.get_all("Project-URL", [])
    for url in found.get_all("Project-URL", []):
        path = url.partition(f"/blob/{tag}/")[2]
        assert (ROOT / path).exists()


def test_code_anchors_and_other_sites_stay(script: ModuleType) -> None:
    text = "[a](#a) [b](https://x.test/b)\n```\n[c](c.md)\n```\n[d\ne](d.md#e) ![f](f.png)\n"
    there = "[a](#a) [b](https://x.test/b)\n```\n[c](c.md)\n```\n[d\ne](u/blob/t/d.md#e) ![f](u/raw/t/f.png)\n"
    assert script.absolute(text, "u", "t") == there


@pytest.mark.parametrize(
    "value", ["forge.test/x/y", "http://forge.test/x/y", "https://forge.test", "https://f.test/a b"]
)
def test_what_is_not_an_address_is_refused(value: str, script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIAXIAL_URL", value)
    fields: dict[str, Any] = {"version": "1"}
    with pytest.raises(ValueError, match="give the repository's address"):
        script.ReleaseMetadata(str(ROOT), {}).update(fields)


def test_a_wrong_address_stops_the_build(build: Build) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        build("wheel", "somewhere")


def test_the_source_archive_has_everything_but_weights_that_do_not_ship(sdist: Path, sdist_names: list[str]) -> None:
    assert {"README.md", "LICENSES.md", "mkdocs.yml", "requirements/compose.txt", "PKG-INFO"} <= set(sdist_names)
    assert [name for name in sdist_names if "benchmarks/" in name] == []
    assert [name for name in sdist_names if "__pycache__" in name or name.startswith(("runs/", "dist/"))] == []
    assert sdist.stat().st_size < 16_500_000
