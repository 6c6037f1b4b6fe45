"""Composing and harmonising load no PyTorch: where it cannot be imported they work all the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAD = """
import sys
sys.modules["torch"] = None  # importing it fails
import biaxial
"""
COMPOSED = """
model = biaxial.load("chorales-v3")
for drawing in ({}, {"draft": True}, {"min_voices": 3, "max_voices": 4, "min_p": 0.01}):
    assert model.compose(2, key="G major", seed=1, **drawing).score.notes
assert next(model.stream(key="A minor", seed=1, draft=True)).number == 1
"""
HARMONISED = """
from biaxial.music.score import Note
model = biaxial.load()
tune = biaxial.Score(tuple(Note(480 * i, 480, p) for i, p in enumerate((67, 69, 71, 72))), 1920)
piece = model.harmonise(tune, seed=1, particles=2)
assert piece.score.num_voices == 4
again = model.infill(piece, (1, 1), voices=["tenor"], seed=1, particles=2)
assert again.score.num_voices == 4
assert model.continue_piece(piece, 1, seed=1, draft=True).score.notes
"""
TOKENS = """
for name in ("hymn-tunes-v1", "chords-v1"):
    assert biaxial.load(name).compose(events=8, seed=1).score.notes
"""


@pytest.mark.parametrize("program", [COMPOSED, HARMONISED, TOKENS], ids=["composed", "harmonised", "tokens"])
def test_the_shipped_weights_draw_where_there_is_no_torch(tmp_path: Path, program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HEAD + program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
