"""Count the functions of the package that composing a piece enters, and the files that they stand in.

``python scripts/tables/call_table.py`` composes 16 bars with the shipped weights in this process, after one piece that
is not counted and that imports all there is to import, and prints two numbers: functions, files. A function of the
compiled kernels counts where Python calls it, not where another kernel does. The aim is 300 functions in 60 files.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from types import CodeType, FrameType

import biaxial
from biaxial.cli.compose import main as compose

PACKAGE = str(Path(biaxial.__file__).parent)


def called(words: list[str]) -> set[CodeType]:
    """Code of the package's functions that a run of ``biaxial-compose`` enters; bodies of comprehensions are not any.

    Raises
    ------
    RuntimeError
        If the command fails.
    """
    found: set[CodeType] = set()

    def enter(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(PACKAGE) and not code.co_name.startswith("<"):
            found.add(code)

    sys.setprofile(enter)
    try:
        status = compose(words)
    finally:
        sys.setprofile(None)
    if status:
        raise RuntimeError(f"biaxial-compose {' '.join(words)} ended with {status}")
    return found


def main() -> None:
    """Compose twice and print how much of the package the second piece went through."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=16, help="of either piece (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        words = ["--bars", str(options.bars), "--seed", "1", "-q", "-o", str(Path(folder) / "piece.mid")]
        compose(words)
        found = called(words)
    print(f"{len(found)} functions in {len({code.co_filename for code in found})} files")


if __name__ == "__main__":
    main()
