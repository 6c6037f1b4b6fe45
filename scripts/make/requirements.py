"""Write ``requirements/compose.txt``: what composing needs, with the bounds that ``pyproject.toml`` gives.

``python scripts/make/requirements.py`` takes a moment. Run it when a dependency that composing needs has changed.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from pathlib import Path
from typing import Final

from biaxial.files.atomic import atomic_write

ROOT: Final = Path(__file__).parents[2]
TARGET: Final = ROOT / "requirements" / "compose.txt"
COMPOSING: Final = ("llvmlite", "mido", "numpy", "safetensors", "threadpoolctl", "tqdm")
"""Names of the packages that composing, and harmonising a tune in MIDI, ABC or JSON, cannot do without: no PyTorch."""


def dependencies() -> dict[str, str]:
    """Each dependency in ``pyproject.toml`` by its name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {re.split(r"[^\w-]", need)[0]: need for need in project["dependencies"]}


def text() -> str:
    """Text of ``requirements/compose.txt``."""
    needs = dependencies()
    head = "# What composing needs; made from pyproject.toml by scripts/make/requirements.py\n"
    return head + "".join(f"{needs[name]}\n" for name in COMPOSING)


def main() -> None:
    """Write the file."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    atomic_write(TARGET, text().encode())
    print(f"{TARGET}: {len(COMPOSING)} packages")


if __name__ == "__main__":
    main()
