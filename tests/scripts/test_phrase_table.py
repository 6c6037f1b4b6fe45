"""The table of guessed phrase ends counts what it says."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from biaxial.formats.midi.midi_writer import write_midi
from biaxial.music.score import Note, Score

SCRIPT = Path(__file__).parents[2] / "scripts" / "tables" / "phrase_table.py"
Q = 480


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("phrase_table", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["phrase_table"] = module
    spec.loader.exec_module(module)
    return module


def even(*fermatas: int) -> Score:
    """32 quarters, which are guessed to end phrases at 7, 15 and 23, and the last one."""
    notes = tuple(Note(beat * Q, Q, 60 + beat % 5 - 7 * voice, voice) for beat in range(32) for voice in range(4))
    return Score(notes, fermatas=tuple(beat * Q for beat in fermatas))


def test_the_last_note_is_not_counted(script: ModuleType) -> None:
    assert script.counted(even(7, 15, 23, 31)) == (3, 3, 3)
    assert script.counted(even(7, 20, 31)) == (2, 3, 1)


def test_a_line_for_each_split(script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for split in ("train", "valid", "test"):
        (tmp_path / split).mkdir()
        write_midi(even(7, 20, 31), tmp_path / split / "a.mid")
        write_midi(Score(even().notes), tmp_path / split / "without.mid")
    assert script.main([str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[2:] == [
        f"| {split} | 1 | 2 | 3 | 0.33 | 0.50 |" for split in ("train", "valid", "test")
    ]
