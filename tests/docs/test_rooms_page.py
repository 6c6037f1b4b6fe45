"""docs/rooms.md: its picture is what the script draws from today's imports, and implies all of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "pictures" / "rooms.svg"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rooms_picture", ROOT / "scripts" / "make" / "rooms_picture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_is_what_the_script_draws(script: ModuleType) -> None:
    assert PICTURE.read_text(encoding="utf-8") == script.picture(script.read_imports())


def test_arrows_imply_every_import_and_none_could_go(script: ModuleType) -> None:
    imports = script.read_imports()
    folders = {path.parent.name for path in (ROOT / "biaxial").glob("*/__init__.py")}
    assert set(imports) == folders | {path.stem for path in (ROOT / "biaxial").glob("[!_]*.py")}
    pairs = set(script.arrows(imports))

    def reached(room: str, pairs: set[tuple[str, str]]) -> set[str]:
        below = {to for start, to in pairs if start == room}
        return below.union(*(reached(other, pairs) for other in below))

    assert all(imports[room] <= reached(room, pairs) for room in imports)
    assert [pair for pair in pairs if pair[1] in reached(pair[0], pairs - {pair})] == []


def test_an_implied_arrow_is_left_out(script: ModuleType) -> None:
    imports = {"a": frozenset({"b", "c", "d"}), "b": frozenset({"c"}), "c": frozenset[str](), "d": frozenset[str]()}
    assert script.arrows(imports) == [("a", "b"), ("a", "d"), ("b", "c")]
    assert script.rows(imports) == {"a": 2, "b": 1, "c": 0, "d": 0}


def test_boxes_stand_apart_within_the_picture(script: ModuleType) -> None:
    root = ElementTree.fromstring(PICTURE.read_text(encoding="utf-8"))
    boxes = [element.attrib for element in root if element.tag.endswith("}rect") and element.get("rx")]
    assert len(boxes) == len(script.ROOMS)
    places = [(int(box["x"]), int(box["y"])) for box in boxes]
    width, height = int(root.attrib["width"]), int(root.attrib["height"])
    assert all(0 < x < width - script.WIDTH and 0 < y < height - script.HEIGHT for x, y in places)
    for index, (x, y) in enumerate(places):
        for other_x, other_y in places[:index]:
            assert abs(x - other_x) > script.WIDTH or abs(y - other_y) > script.HEIGHT
