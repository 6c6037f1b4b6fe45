"""The script that counts plans: what it counts, what it leaves out, and the file that it writes."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

from biaxial.formats.write import save_score
from biaxial.music.score import Key, Note, Score, TimeSignature
from biaxial.tasks.plans.plan_model import PlanModel

Q = 480
CHORDS = [(72, 67, 64, 48), (72, 69, 65, 53), (74, 67, 59, 55), (72, 67, 64, 48)]


def chorale(bars: int, up: int, **fields: object) -> Score:
    """A bar for each phrase, I IV V I, so many semitones above C; the reader leaves out the same music again."""
    notes = tuple(
        Note((4 * bar + beat) * Q, Q, pitch + up, voice)
        for bar in range(bars)
        for beat, chord in enumerate(CHORDS)
        for voice, pitch in enumerate(chord)
    )
    fermatas = tuple((4 * bar + 3) * Q for bar in range(bars))
    return Score(notes, key=Key(0).transposed(up), **{"fermatas": fermatas, **fields})  # type: ignore[arg-type]


def test_a_folder_becomes_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[2])
    fit_plans = importlib.import_module("scripts.make.fit_plans")
    changing = (TimeSignature(), TimeSignature(3, 4, 8 * Q))
    pieces = {
        "train/three": chorale(3, 0),
        "train/two": chorale(2, 1, pickup_ticks=Q),
        "train/no-ends": chorale(2, 2, fermatas=None),
        "train/two-metres": chorale(3, 3, time_signatures=changing),
        "valid/four": chorale(4, 4),
        "test/unseen": chorale(9, 5),
    }
    for name, score in pieces.items():
        (tmp_path / "corpus" / name).parent.mkdir(parents=True, exist_ok=True)
        save_score(score, tmp_path / "corpus" / f"{name}.mid")
    output = tmp_path / "plans.json"
    monkeypatch.setattr(sys, "argv", ["fit_plans.py", str(tmp_path / "corpus"), "--output", str(output)])
    fit_plans.main()
    model = PlanModel.from_dict(json.loads(output.read_text()))
    assert model.made["num_pieces"] == {"train": 2, "valid": 1}
    assert model.made["left_out"] == {"train": 2, "valid": 0}
    assert model.pickups.rows == [[[4], 0, 1], [[4], 1, 1]]
    assert sum(count for *_, count in model.chain.stops.rows) == 3 + 2
    nats = model.made["valid_nats_per_plan"]
    assert 0 < nats["model"] < nats["uniform"]
    assert "left out train/no-ends, train/two-metres" in capsys.readouterr().out
