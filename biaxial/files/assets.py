"""Where the files lie that are part of the package: weights, the soundfont, what the judge knows of the chorales."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parents[1]
"""The folder of the package."""
ASSETS: Final = PACKAGE / "assets"
"""The folder of its assets."""
