"""The preset ``piano``: music without voices, twelve steps a quarter, from MIDI files to a piece of its own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from biaxial.cli.train import main
from biaxial.formats.midi.midi_writer import read_midi, write_midi
from biaxial.models.config import PRESETS
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Key, Note, Score
from biaxial.sampling.weight_tables import can_compile
from biaxial.tasks.drawing.sampling_options import SamplingOptions
from biaxial.tasks.loading import load_model
from biaxial.training.config import TRAIN_PRESETS

Q = 480
GRID = Grid(PRESETS["piano"].steps_per_quarter)


def triplets(shift: int = 0) -> Score:
    """Two bars: triplets of eighths over a bass note that is held, then sixteenths over two chords."""
    broken = [Note(tone * Q // 3, Q // 3, 60 + shift + (0, 4, 7)[tone % 3]) for tone in range(12)]
    running = [Note(4 * Q + tone * Q // 4, Q // 4, 72 + shift + tone % 5) for tone in range(16)]
    bass = [Note(0, 4 * Q, 36 + shift), Note(4 * Q, 2 * Q, 43 + shift), Note(6 * Q, 2 * Q, 36 + shift)]
    chords = [Note(4 * Q, 2 * Q, pitch + shift) for pitch in (47, 50, 53, 55)]
    return Score((*broken, *running, *bass, *chords), key=Key(0).transposed(shift))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    for split, shifts in {"train": (0, 2, 5), "valid": (3,)}.items():
        (folder / split).mkdir()
        for shift in shifts:
            write_midi(triplets(shift), folder / split / f"{shift}.mid")
    return folder


def test_triplets_and_sixteenths_survive_the_file_and_the_grid(folder: Path) -> None:
    score = read_midi(folder / "train" / "0.mid")
    assert score == triplets()
    roll = Roll.from_score(score, GRID, PRESETS["piano"].low_pitch, PRESETS["piano"].num_notes)
    assert (roll.voices, roll.num_joined, roll.num_dropped) == (None, 0, 0)
    assert roll.to_score() == score


def test_the_preset_covers_a_piano_and_is_drawn_by_the_compiled_stepper() -> None:
    config = PRESETS["piano"]
    assert (config.low_pitch, config.high_pitch, config.num_voices, config.num_states) == (21, 108, 0, 3)
    assert can_compile(config)
    assert TRAIN_PRESETS["piano"].note_window < config.num_notes


def test_it_trains_on_midi_files_and_composes(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ("--time-hidden", "8", "--note-hidden", "6")
    words = (str(folder), "--preset", "piano", "-o", str(tmp_path / "run"), "--epochs", "1", *sizes)
    assert main([*words, "--accelerator", "cpu", "--quiet", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert np.isfinite(report["valid_nats_per_step"])
    model = load_model(report["weights"])
    piece = model.compose(2, key="C major", seed=1, drawing=SamplingOptions(temperature=1, density=0))
    assert piece.score.length_ticks == 8 * Q
    assert piece.score.notes
    assert {note.voice for note in piece.score.notes} == {None}
    assert all(note.onset_ticks % GRID.step_ticks(Q) == 0 for note in piece.score.notes)
    assert 0 < model.log_likelihood(triplets()).nats_per_note < np.inf
