"""``biaxial-compose`` and wrong inputs: one line on stderr, status 2, no traceback, nothing written."""

from __future__ import annotations

import errno
import os
import pickle
import subprocess
import sysconfig
from pathlib import Path

import pytest

from biaxial.cli.compose import main
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.music.score import Note, Score
from biaxial.render.files import WRITERS


def refusal(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """The one line that a command line ends in; the working directory stays as it is."""
    before = {path: path.stat().st_mtime_ns for path in Path().rglob("*")}
    status = main([str(word) for word in words])
    captured = capsys.readouterr()
    assert status == 2
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    assert captured.err.startswith("biaxial-compose: ")
    assert {path: path.stat().st_mtime_ns for path in Path().rglob("*")} == before
    return captured.err.removeprefix("biaxial-compose: ").rstrip("\n")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("--bars 0", "--bars: 0 is outside the range; give 1 to 1000"),
        ("--bars -3", "--bars: -3 is outside the range; give 1 to 1000"),
        ("--bars many", "--bars: 'many' is not a whole number; give 1 to 1000"),
        ("--bars 1001", "--bars: 1001 is outside the range; give 1 to 1000"),
        ("--key H#", "--key: 'H#' is not a key: write for example 'G major', 'Eb major' or 'F# minor'"),
        ("--temperature -1", "--temperature: -1 is outside the range; give 0.4 to 2"),
        ("-t nan", "--temperature: 'nan' is not a number; give 0.4 to 2"),
        ("--min-p 1", "--min-p: 1 is outside the range; give 0 to 0.99"),
        ("--tempo 0", "--tempo: 0 is outside the range; give 10 to 400"),
        ("--seed -1", "--seed: -1 is outside the range; give 0 to 9223372036854775807"),
        ("-n 0", "--num-outputs: 0 is outside the range; give 1 to 100000000"),
        ("--device tpu", "--device: 'tpu' is not one of auto, cpu, cuda, mps"),
        ("-o out.mp3", f"out.mp3: cannot write .mp3; end its name in {', '.join(WRITERS)}"),
        ("-o out", f"out: cannot write a file without a suffix; end its name in {', '.join(WRITERS)}"),
        ("-o out.mid -o out.mp3", f"out.mp3: cannot write .mp3; end its name in {', '.join(WRITERS)}"),
        ("-n 2 -o ten -o eleven", "--output: 2 pieces go to one folder, not to ten and eleven"),
        ("-o out.flac --soundfont no.sf2", "no.sf2: no such file or directory; check the path"),
        ("--instrument kazoo", "--instrument: 'kazoo' is not one of organ, choir, piano, strings"),
        ("--staves 3", "--staves: '3' is not one of 2, 4"),
        ("-o no/out.mid", "--output: there is no folder no; make it, or write somewhere else"),
        ("-n 2 -o out.mid", "--output: out.mid looks like one file; 2 pieces need the name of a folder"),
        ("--primer no.mid", "no.mid: no such file or directory; check the path"),
        (
            "--checkpoint no.safetensors",
            "no.safetensors: no such weights; give a .safetensors file made by biaxial-train",
        ),
        (
            "--bogus 3",
            "'--bogus' is not an option or argument of this command; biaxial-compose --help lists the options",
        ),
        (
            "song.mid",
            "'song.mid' is not an option or argument of this command; biaxial-compose --help lists the options",
        ),
    ],
)
def test_one_line(words: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(capsys, *words.split()) == line


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("text", ["4/5", "0/4", "four"])
def test_time_signature(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = refusal(capsys, "--time-signature", text)
    assert line.startswith("--time-signature: ")
    assert text in line


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("text", ["4+4", "4+4+4+5", "4+x", "+", "16+0", ""])
def test_phrases(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = refusal(capsys, "--bars", "16", "--phrases", text)
    assert text in line
    assert "phrases" in line


@pytest.mark.usefixtures("folder")
def test_polyphony(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "5" in refusal(capsys, "--min-voices", "5", "--checkpoint", weights)
    assert "3 to 2" in refusal(capsys, "--min-voices", "3", "--max-voices", "2", "--checkpoint", weights)


def test_output_in_a_place_that_is_no_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "file").write_bytes(b"")
    (folder / "song.mid").mkdir()
    assert refusal(capsys, "-o", "file/out.mid") == "--output: file is not a folder; write somewhere else"
    assert refusal(capsys, "-n", "2", "-o", "file/out") == "--output: file is not a folder; write somewhere else"
    assert refusal(capsys, "-o", "song.mid") == "--output: song.mid is a folder; give the name of a file in it"


def test_output_that_may_not_be_written(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = folder / "locked"
    locked.mkdir()
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != Path("locked") and allowed(path, mode))
    expected = "--output: locked cannot be written to; check its permissions, or write somewhere else"
    assert refusal(capsys, "-o", "locked/out.mid") == expected
    assert refusal(capsys, "-n", "2", "-o", "locked") == expected


def test_full_disk(
    folder: Path, weights: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "out.mid").write_bytes(b"an older piece")

    def fsync(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    line = refusal(capsys, "--bars", "1", "--checkpoint", weights, "-o", "out.mid")
    assert line == "out.mid: no space left on device; make room, or write somewhere else"


def test_primer_that_is_no_midi(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "primer.mid").write_bytes(b"RIFF\x00\x00\x00\x00WAVE")
    assert "primer.mid" in refusal(capsys, "--primer", "primer.mid")
    (folder / "primer.mid").write_bytes(b"")
    assert "primer.mid" in refusal(capsys, "--primer", "primer.mid")
    (folder / "songs").mkdir()
    assert refusal(capsys, "--primer", "songs") == "songs: is a directory; give the name of a file"


def test_primer_that_does_not_fit(folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_midi(Score((Note(0, 4 * 1920, 60, voice=0),)), folder / "long.mid")
    assert "more bars" in refusal(capsys, "--bars", "4", "--primer", "long.mid", "--checkpoint", weights)
    write_midi(Score((Note(0, 480, 120, voice=0),)), folder / "high.mid")
    assert "120" in refusal(capsys, "--bars", "4", "--primer", "high.mid", "--checkpoint", weights)
    write_midi(Score((), 1920), folder / "empty.mid")
    assert "no notes" in refusal(capsys, "--bars", "4", "--primer", "empty.mid", "--checkpoint", weights)


@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.99])
def test_checkpoint_cut_off(share: float, folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = weights.read_bytes()
    (folder / "cut.safetensors").write_bytes(whole[: int(share * len(whole))])
    assert "cut.safetensors: not a whole safetensors file" in refusal(capsys, "--checkpoint", "cut.safetensors")


class Trap:
    """Unpickling one leaves a file behind."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("trap",)


def test_pickle_in_disguise_is_not_loaded(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pickle.safetensors").write_bytes(pickle.dumps(Trap()))
    assert "pickle.safetensors: not a whole" in refusal(capsys, "--checkpoint", "pickle.safetensors")
    assert not (folder / "trap").exists()


def test_the_installed_command_ends_the_same_way(folder: Path) -> None:
    script = Path(sysconfig.get_path("scripts")) / "biaxial-compose"
    done = subprocess.run([script, "--bars", "many"], capture_output=True, text=True, cwd=folder, check=False)
    expected = "biaxial-compose: --bars: 'many' is not a whole number; give 1 to 1000\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", expected)
