"""Every option of every command is read somewhere: no field of an options dataclass is there for show."""

from __future__ import annotations

import ast
from pathlib import Path

import biaxial

PACKAGE = Path(biaxial.__file__).parent
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}
CLASSES = {node.name: node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def option_classes() -> set[str]:
    """Names of the dataclasses that commands pass to ``parser``, and of their bases."""
    found = set()
    for path, tree in TREES.items():
        if path.parent.name == "cli":
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "parser":
                    found |= {arg.id for arg in node.args if isinstance(arg, ast.Name) and arg.id in CLASSES}
    for name in list(found):
        found |= {base.id for base in CLASSES[name].bases if isinstance(base, ast.Name) and base.id in CLASSES}
    return found


def attributes_read() -> set[str]:
    """Names read as attributes anywhere but in a ``__post_init__``, where fields are only checked."""
    read: set[str] = set()
    for tree in TREES.values():
        checks = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "__post_init__"]
        checked = {id(node) for check in checks for node in ast.walk(check)}
        read |= {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and id(node) not in checked
        }
    return read


def test_every_option_is_read() -> None:
    names = option_classes()
    assert "ComposeOptions" in names
    fields = {
        f"{name}.{node.target.id}"
        for name in names
        for node in CLASSES[name].body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    read = attributes_read()
    assert sorted(field for field in fields if field.partition(".")[2] not in read) == []
