"""The published JSON layouts of frames, and what is wrong with a file that has another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from biaxial.corpora.benchmark_frames import read_frames
from biaxial.music.constants import HOLD, SILENT, STRIKE
from biaxial.music.errors import InputError

VOICED = [[74, 70, 65, 58], [74, 70, 65, 58], [75, 70, 65, -1], [72, 65, 65, 53]]


def write(folder: Path, document: object) -> Path:
    path = folder / "frames.json"
    path.write_text(json.dumps(document))
    return path


def test_a_dictionary_of_splits_of_sounding_pitches(tmp_path: Path) -> None:
    path = write(tmp_path, {"valid": [[[60, 64], []]], "train": [[[48]], [[50, 60]]]})
    pieces, num_voices = read_frames(path)
    assert num_voices == 0
    assert [(piece.name, piece.split) for piece in pieces] == [
        ("train/000", "train"),
        ("train/001", "train"),
        ("valid/000", "valid"),
    ]
    states = pieces[2].states
    assert states.shape == (2, 128)
    assert states.nonzero()[1].tolist() == [60, 64]
    assert states[0, 60] == STRIKE
    assert (states[1] == SILENT).all()  # an empty frame is a frame
    assert not pieces[2].voices.any()


def test_one_list_of_pieces_in_four_voices(tmp_path: Path) -> None:
    (piece,), num_voices = read_frames(write(tmp_path, [VOICED]))
    assert (num_voices, piece.name, piece.split) == (4, "test/000", "test")
    assert piece.states[0, [74, 70, 65, 58]].tolist() == [STRIKE] * 4
    assert piece.states[1, [74, 70, 65, 58]].tolist() == [HOLD] * 4
    assert piece.states[2, [75, 70, 65, 58]].tolist() == [STRIKE, HOLD, HOLD, SILENT]
    assert piece.voices[2, [75, 70, 65, 58]].tolist() == [1, 2, 4, 0]
    # one voice holds what another strikes: a strike of both
    assert (piece.states[3, 65], piece.voices[3, 65]) == (STRIKE, 0b0110)


@pytest.mark.parametrize("rest", [None, float("nan"), -1])
def test_a_silent_voice_may_be_written_in_three_ways(tmp_path: Path, rest: float | None) -> None:
    (piece,), num_voices = read_frames(write(tmp_path, [[[60, rest, 55, 48]]]))
    assert num_voices == 4
    assert piece.voices[0].sum() == 0b1101


def test_rising_frames_of_equal_size_are_no_voices(tmp_path: Path) -> None:
    assert read_frames(write(tmp_path, [[[48, 55, 60, 64], [47, 55, 62, 67]]]))[1] == 0
    assert read_frames(write(tmp_path, [[[48, 55, 60, 64], [67, 62, 55, 47]]]))[1] == 4


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"train": [], "other": []}, '"other" is not a split'),
        ({"train": 3}, "train is not a list of pieces"),
        ([], "no piece with a frame"),
        (7, "test is not a list of pieces"),
        ([[]], "test/000: a piece is a list of at least one frame"),
        ([[[60], 61]], "test/000, frame 1: a frame is a list of MIDI pitches, not 61"),
        ([[[60]], [[60, "a"]]], 'test/001, frame 0: "a" is not a MIDI pitch'),
        ([[[60.5]]], "test/000, frame 0: 60.5 is not a MIDI pitch"),
        ([[[True]]], "true is not a MIDI pitch"),
        ([[[128]]], "128 is not a MIDI pitch (0 to 127)"),
        ([[[-2]]], "-2 is not a MIDI pitch"),
        ([[[float("inf")]]], "Infinity is not a MIDI pitch"),
        ([[[10**999]]], "is not a MIDI pitch"),
        ([[[*range(70, 61, -1)]]], "frames of 9 voices; at most 6 can be read"),
        ([[[60, -1], [60]]], "test/000, frame 0: -1 stands for a silent voice, but the frames differ in length"),
    ],
)
def test_other_layouts_are_refused_with_the_place(tmp_path: Path, document: object, message: str) -> None:
    path = write(tmp_path, document)
    with pytest.raises(InputError) as error:
        read_frames(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "frames.json"
    path.write_bytes(b"\xff{")
    with pytest.raises(InputError, match=r"frames\.json: not a JSON document .*; give lists of frames"):
        read_frames(path)
