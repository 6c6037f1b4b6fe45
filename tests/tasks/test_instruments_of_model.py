"""Weights that say what they write for: pieces are written for it, unless something else is asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pretty_midi
import pytest
import torch

from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.errors import InputError
from biaxial.render.files import Rendering
from biaxial.tasks.loading import load_model
from biaxial.tasks.model import Model
from biaxial.tasks.piece import Piece
from biaxial.weights import save_weights

QUARTET = ("violin", "violin", "viola", "cello")


@pytest.fixture(scope="module")
def piece() -> Piece:
    torch.manual_seed(1)
    network = BiaxialLSTM(replace(PRESETS["tiny"], num_voices=0)).eval()
    return Model(network, {"instruments": "quartet"}, "strings", threads=1).compose(2, seed=3)


def programs(path: Path) -> set[int]:
    return {instrument.program for instrument in pretty_midi.PrettyMIDI(str(path)).instruments}


def test_a_piece_is_played_on_what_its_weights_write_for(piece: Piece, tmp_path: Path) -> None:
    assert piece.instruments == QUARTET
    piece.save(tmp_path / "own.mid")
    assert programs(tmp_path / "own.mid") <= {40, 41, 42}
    piece.save(tmp_path / "winds.mid", instruments="winds")
    assert programs(tmp_path / "winds.mid") <= {73, 68, 71, 70}
    piece.save(tmp_path / "piano.mid", instrument="piano")
    assert programs(tmp_path / "piano.mid") == {0}


def test_music_without_voices_is_told_of_no_phrase_ends_and_called_a_piece(piece: Piece) -> None:
    assert piece.score.fermatas is None
    assert piece.score.title == "Piece 3"


def test_a_document_keeps_what_a_piece_is_for(piece: Piece) -> None:
    assert Piece.from_json(piece.to_json()) == piece


def test_what_is_asked_for_comes_first() -> None:
    assert Rendering().played_on(QUARTET).instruments == QUARTET
    assert Rendering(instruments=("flute",)).played_on(QUARTET).instruments == ("flute",)
    assert Rendering(instrument="piano").played_on(QUARTET).instruments == ()
    assert Rendering().played_on(()) == Rendering()


def test_weights_for_an_unknown_instrument_are_refused(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.safetensors", BiaxialLSTM(PRESETS["tiny"]), {"instruments": "kazoo"})
    with pytest.raises(InputError, match=r"w\.safetensors: .*no instrument 'kazoo'"):
        load_model(tmp_path / "w.safetensors", "cpu").compose(1)
