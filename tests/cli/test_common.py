"""How commands end: status, stdout, stderr; and what importing their plumbing costs."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from biaxial.cli.common import Arguments, command, progress_bar
from biaxial.music.errors import InputError


def ending(error: BaseException | None) -> int:
    @command("prog")
    def main(argv: Arguments) -> None:
        print("result")
        if error is not None:
            raise error

    return main([])


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (None, 0, ""),
        (InputError("--bars: 'x' is not a number"), 2, "prog: --bars: 'x' is not a number\n"),
        (ValueError("two\nlines"), 2, "prog: two lines\n"),
        (
            OSError(errno.ENOSPC, "No space left on device", "out.mid"),
            2,
            "prog: out.mid: no space left on device; make room, or write somewhere else\n",
        ),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", Path("in.mid")),
            2,
            "prog: in.mid: no such file or directory; check the path\n",
        ),
        (OSError("no MIDI file"), 2, "prog: no MIDI file\n"),
        (
            ModuleNotFoundError("No module named 'lightning.fabric'", name="lightning.fabric"),
            2,
            "prog: this needs lightning, which is not installed: pip install lightning\n",
        ),
        (KeyboardInterrupt(), 130, "prog: interrupted\n"),
    ],
)
def test_endings(error: BaseException | None, status: int, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ending(error) == status
    captured = capsys.readouterr()
    assert captured.err == line
    assert captured.out == "result\n"


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        ending(ZeroDivisionError())
    with pytest.raises(ModuleNotFoundError):
        ending(ModuleNotFoundError("No module named 'biaxial.gone'", name="biaxial.gone"))


def test_a_reader_that_goes_away_is_no_error() -> None:
    program = """
import sys
import time
from biaxial.cli.common import command

@command("prog")
def main(argv):
    while True:
        print("line")

sys.exit(main())
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_progress_goes_to_stderr_and_can_be_silenced(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for quiet in (True, False):
        with progress_bar(3, "step", quiet=quiet) as advance:
            for units in (1, 2):
                advance(units)
        captured = capsys.readouterr()
        assert captured.out == ""
        assert ("3/3" in captured.err) is not quiet


def test_plumbing_is_cheap_to_import() -> None:
    program = (
        "import sys, biaxial.cli.common, biaxial.cli.options; print(*sorted(m.partition('.')[0] for m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"torch", "numpy", "lightning", "music21"} & set(done.stdout.split())


def test_a_signal_ends_a_command_in_a_line() -> None:
    program = """
import signal, sys, time
from biaxial.cli.common import command

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what runs behind it ignore this

@command("prog")
def main(argv):
    print("begun", flush=True)
    time.sleep(60)

sys.exit(main())
"""
    for number in (signal.SIGTERM, signal.SIGINT):
        words = [sys.executable, "-c", program]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            begun = time.perf_counter()
            process.send_signal(number)
            _, err = process.communicate()
        assert time.perf_counter() - begun < 1
        assert (process.returncode, err) == (128 + number, "prog: interrupted\n")


def test_too_little_memory_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert ending(MemoryError()) == 2
    assert (
        capsys.readouterr().err == "prog: there is not enough memory for this (out of memory); ask for less at once\n"
    )
    error = InputError("full")
    error.add_note("3 of 5 pieces are written")
    assert ending(error) == 2
    assert capsys.readouterr().err == "prog: full; 3 of 5 pieces are written\n"


def test_what_comes_before_the_first_step_is_not_reckoned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress_bar(100, "step", quiet=False) as advance:
        time.sleep(0.5)  # compiling
        advance(1)
        advance(1)
        bar = advance.__closure__[0].cell_contents  # type: ignore[index]
        assert bar.format_dict["elapsed"] < 0.4
        assert bar.n == 2
