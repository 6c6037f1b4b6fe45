"""What commands write: no control characters, and nothing is lost for want of somebody who reads it."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import TextIO, cast

import pytest

from biaxial.cli.streams import Printable, printable

FULL = "no space left on device; make room, or write somewhere else"
PROGRAM = """
import sys
from biaxial.cli.common import command

@command("prog")
def main(argv):
    open("done", "w").write("done")
    print("a note", file=sys.stderr)
    print("result")

sys.exit(main())
"""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\n\tlines", "two\n\tlines"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\x9b2Jb", r"a\x9b2Jb"),
        ("over\rwritten", r"over\rwritten"),
        ("\u202egnp.mid", r"\u202egnp.mid"),
        ("\r 50%|#####     | 1/2", "\r 50%|#####     | 1/2"),
        ("\n\x1b[A", "\n\x1b[A"),
        ("broken \udcff name", r"broken \udcff name"),
        ("Bär ♯", "Bär ♯"),
    ],
)
def test_control_characters_are_shown_and_not_sent(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_what_an_encoding_lacks_is_an_escape() -> None:
    raw = io.BytesIO()
    stream = Printable(cast(TextIO, io.TextIOWrapper(raw, encoding="ascii", write_through=True)), needed=True)
    print("±", file=stream)
    assert raw.getvalue() == b"\\xb1\n"


@pytest.mark.parametrize(
    ("how", "status", "out", "err"),
    [
        ("", 0, "result\n", "a note\n"),
        ("2>&-", 0, "result\n", ""),
        (">&-", 0, "", "a note\n"),
        ("<&- >&- 2>&-", 0, "", ""),
        ("2>/dev/full", 0, "result\n", ""),
        (">/dev/full", 2, "", f"a note\nprog: standard output: {FULL}\n"),
    ],
)
def test_streams_that_are_closed_or_full(how: str, status: int, out: str, err: str, tmp_path: Path) -> None:
    line = f"{sys.executable} -c '{PROGRAM}' {how}"
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (status, out, err)
    assert (tmp_path / "done").read_text() == "done"
