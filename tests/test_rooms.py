"""Imports go one way through the package, every file stands in a room, importing the package is cheap and silent."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import biaxial

PACKAGE = Path(biaxial.__file__).parent

FLOORS = (
    ("music",),
    ("files", "features"),
    ("formats", "models"),
    ("corpora", "metrics", "sampling"),
    ("tokens",),
    ("weights", "likelihood"),
    ("judge", "render"),
    ("tasks",),
    ("training", "jobs", "assistants", "studio"),
    ("cli",),
    ("__main__",),
    ("biaxial",),  # the package's own __init__: public names only
)
"""Rooms from bottom to top. A room may import from floors below, and from its own floor in one direction."""

DOORS = "music/doors.py"
"""Methods of a score that formats do the work of: the one file that may import from a floor above, and only late."""

FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def imports(tree: ast.Module) -> Iterator[str]:
    """Modules of the package that a file imports, at its top or anywhere within."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            base = node.module or ""
            names = [f"biaxial.{alias.name}" for alias in node.names] if base == "biaxial" else [base]
            if base == "biaxial":
                names = [name if room_of(name) in FLOOR_OF else "biaxial" for name in names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == "biaxial")


def edges() -> Iterator[tuple[str, str, str]]:
    """File, its room, and a room that it imports from."""
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        room = "biaxial" if relative == Path("__init__.py") else relative.parts[0].removesuffix(".py")
        for module in imports(ast.parse(path.read_text(encoding="utf-8"))):
            yield str(relative), room, room_of(module)


def test_every_file_stands_in_a_room() -> None:
    rooms = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in PACKAGE.rglob("*.py")}
    assert rooms - {"__init__"} <= set(FLOOR_OF)


def test_no_import_goes_back() -> None:
    others = ((file, room, to) for file, room, to in edges() if file != DOORS)
    back = [f"{file} imports from {to}" for file, room, to in others if FLOOR_OF[to] > FLOOR_OF[room]]
    assert back == []


def test_the_doors_of_a_score_lead_to_formats_and_are_opened_late() -> None:
    found = [to for file, _, to in edges() if file == DOORS]
    assert set(found) == {"formats", "music"}
    top = ast.parse((PACKAGE / DOORS).read_text(encoding="utf-8"))
    top.body = [node for node in top.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert list(imports(top)) == []


def test_rooms_of_one_floor_do_not_import_each_other_both_ways() -> None:
    pairs = {(room, to) for file, room, to in edges() if room != to and file != DOORS}
    assert [pair for pair in pairs if pair[::-1] in pairs] == []


def test_the_walk_sees_an_arrow_back() -> None:
    tree = ast.parse(
        "def late():\n    from biaxial.cli.common import command\n    import biaxial.tasks.plans.composition\n"
    )
    assert sorted(map(room_of, imports(tree))) == ["cli", "tasks"]
    assert list(imports(ast.parse("from biaxial import load, music"))) == ["biaxial", "biaxial.music"]


def test_lightning_is_imported_by_training_only() -> None:
    users = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] in ("lightning", "pytorch_lightning") for name in names):
                users.add(path.relative_to(PACKAGE).parts[0])
    assert users <= {"training"}


def test_ray_is_imported_by_one_file() -> None:
    pattern = re.compile(r"^\s*(import|from) ray\b", re.MULTILINE)
    users = [path for path in PACKAGE.rglob("*.py") if pattern.search(path.read_text(encoding="utf-8"))]
    assert [path.relative_to(PACKAGE).as_posix() for path in users] == ["jobs/ray_actors.py"]


def test_importing_the_package_is_cheap_and_silent() -> None:
    program = "import sys, biaxial; print(*{'torch', 'lightning', 'music21', 'matplotlib', 'ray'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("\n", "")


def test_no_file_name_stands_twice() -> None:
    names = [path.name for path in PACKAGE.rglob("*.py") if path.name not in ("__init__.py", "config.py")]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []
