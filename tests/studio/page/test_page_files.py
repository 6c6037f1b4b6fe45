"""The page's files: nothing from elsewhere, small, of types that agree; and the tests of what needs no browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "biaxial" / "studio" / "page"
HERE = Path(__file__).parent
FILES = sorted(path for path in PAGE.iterdir() if path.is_file())
MAX_BYTES = 300_000
MAX_LINES = 400
NAMESPACE = "http://www.w3.org/2000/svg"
_MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function")
_ADDRESS = re.compile(r"https?://[^\s\"'`)]+")


def test_the_page_is_one_document_one_sheet_and_modules() -> None:
    assert {path.suffix for path in FILES} == {".html", ".css", ".js"}
    assert [path.name for path in FILES if path.suffix != ".js"] == ["index.html", "style.css"]


def test_the_page_is_small() -> None:
    assert sum(path.stat().st_size for path in FILES) <= MAX_BYTES
    assert [path.name for path in FILES if len(path.read_text(encoding="utf-8").splitlines()) > MAX_LINES] == []


def test_nothing_on_the_page_comes_from_elsewhere() -> None:
    for path in FILES:
        found = [found for found in _ADDRESS.findall(path.read_text(encoding="utf-8")) if found != NAMESPACE]
        assert [found for found in found if not found.startswith("http://127.0.0.1:PORT")] == [], path.name
        assert not re.search(r"@import|@font-face|url\(", path.read_text(encoding="utf-8")), path.name


def test_no_script_and_no_style_stands_in_the_document() -> None:
    document = (PAGE / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script\b[^>]*>(.*?)</script>", document, re.DOTALL) == [""]
    assert not re.search(r"<style\b|\sstyle=|\son\w+=|javascript:", document)


def test_text_of_others_is_never_taken_for_markup() -> None:
    for path in FILES:
        assert not _MARKUP.search(path.read_text(encoding="utf-8")), path.name


def test_every_part_that_the_modules_name_is_on_the_page() -> None:
    document = (PAGE / "index.html").read_text(encoding="utf-8")
    there = set(re.findall(r'\bid="([\w-]+)"', document))
    scripts = "".join(path.read_text(encoding="utf-8") for path in FILES if path.suffix == ".js")
    named = set(re.findall(r'\bby\("([\w-]+)"\)', scripts)) | set(
        re.findall(r'^press\("([\w-]+)", ', scripts, re.MULTILINE)
    )
    assert named <= there
    assert len(re.findall(r'\bid="', document)) == len(there)


def test_every_module_is_loaded_from_the_first() -> None:
    reached, waiting = set(), ["main.js"]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            text = (PAGE / name).read_text(encoding="utf-8")
            waiting += re.findall(r"^(?:import|\} from) .*?\"\./([\w.]+)\"", text, re.MULTILINE)
            waiting += re.findall(r'(?:await import\("\./|addModule\(")([\w.]+)"\)', text)
    assert reached == {path.name for path in FILES if path.suffix == ".js"} - {"types.js"}


def test_what_needs_no_browser_does_what_it_says() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the tests of the page's functions need it")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    major, minor = map(int, version.lstrip("v").split(".")[:2])
    if (major, minor) < (18, 19):
        pytest.skip(f"node {version.strip()} is too old: the tests of the page's functions need 18.19")
    older = ["--experimental-default-type=module"] if (major, minor) < (20, 19) else []
    tests = sorted(map(str, HERE.glob("*.test.mjs")))
    done = subprocess.run([node, *older, "--test", *tests], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    said = sum(len(re.findall(r"^test\(", Path(name).read_text(encoding="utf-8"), re.MULTILINE)) for name in tests)
    assert passed
    assert int(passed[1]) == said


@pytest.mark.slow
def test_the_types_of_the_page_agree() -> None:
    checker = shutil.which("tsc")
    if checker is None:
        pytest.skip("tsc is not installed: the types of the page are not checked (Debian: node-typescript)")
    done = subprocess.run([checker, "-p", str(HERE)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout
