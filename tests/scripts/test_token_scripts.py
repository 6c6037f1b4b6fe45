"""The scripts behind docs/events.md: what the tables of loops and of models count."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import torch

from biaxial.corpora.corpus import Corpus
from biaxial.corpora.splits import FolderItem, Split
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.grid import Grid
from biaxial.music.score import Key, Note, Score
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.network import Network, SequenceLSTM
from biaxial.weights import save_weights

SCRIPTS = Path(__file__).parents[2] / "scripts"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, next(SCRIPTS.glob(f"*/{name}.py")))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A prepared file of three pieces in four voices; the training piece repeats one chord for ever."""
    splits: tuple[Split, ...] = ("train", "valid", "test")
    items = []
    for index, split in enumerate(splits):
        notes = [
            Note(480 * q, 480, 50 + 7 * (3 - v) + (0 if split == "train" else (q * q + index) % 5), v)
            for q in range(20)
            for v in range(4)
        ]
        items.append(FolderItem(f"p{index}", split, Score(tuple(notes), key=Key(0))))
    Corpus.from_items(items, Grid(4)).save(tmp_path / "c.npz")
    return tmp_path / "c.npz"


@pytest.fixture
def weights(tmp_path: Path) -> dict[str, Path]:
    """Untrained weights of each kind; the tunes like four tokens."""
    torch.manual_seed(0)
    config = SequenceConfig(kind="chord", embedding=6, hidden=(6,), chords=((60, 64),), lengths=(2, 4))
    tunes = SequenceLSTM(SequenceConfig(kind="melody", embedding=6, hidden=(6,)))
    with torch.no_grad():
        tunes.head.bias[[60, 62, 64, 128]] = 9.0
    networks: dict[str, Network] = {
        "tunes": tunes,
        "chords": SequenceLSTM(config),
        "voices": BiaxialLSTM(PRESETS["tiny"]),
    }
    for name, network in networks.items():
        (tmp_path / name).mkdir()
        save_weights(tmp_path / name / "model.safetensors", network, {"training_seconds": 120})
    return {name: tmp_path / name / "model.safetensors" for name in networks}


def test_the_table_of_loops(
    corpus: Path, weights: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(weights["tunes"]), "--corpus", str(corpus), "--seeds", "2", "--events", "40"]
    monkeypatch.setattr(sys, "argv", ["loops_table.py", *words])
    script("loops_table").main()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[1] for row in rows] == [*script("loops_table").WAYS, "its training pieces"]
    assert [row[2] for row in rows] == ["2"] * 6 + ["4"]
    by_way = {row[1]: float(row[3]) for row in rows}
    assert by_way["default"] == by_way["T = 0.6"] == by_way["argmax"] == 0
    assert by_way["its training pieces"] == 100


def test_the_table_of_models(
    corpus: Path, weights: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["models_table.py", str(corpus), *map(str, weights.values())])
    script("models_table").main()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[:2] for row in rows[::2]] == [["tunes", "melody"], ["chords", "chord"], ["voices", "biaxial"]]
    assert [row[4] for row in rows] == ["valid", "test"] * 3
    assert {row[3] for row in rows} == {"2 min"}
    assert rows[0][7] == ""
    assert rows[2][5] == rows[2][7]
    assert all(float(row[5].split()[0]) > 0 for row in rows)


def test_the_table_of_tunes(
    corpus: Path, weights: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["tune_nats.py", str(corpus), "--checkpoint", str(weights["tunes"])])
    script("tune_nats").main()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()[2:]]
    systems = ["model", "trigram", "repeat the step before", "independent notes"]
    assert [row[:3] for row in rows] == [[split, "1", name] for split in ("valid", "test") for name in systems]
    assert all(float(row[3].split()[0]) > 0 for row in rows)


def test_a_trigram_is_normalised_and_knows_what_it_has_heard() -> None:
    nats = script("tune_nats")
    line = [(60, 4, False), (62, 4, False), (60, 4, False), (62, 4, True), nats.END]
    trigram = nats.Trigram([line, line])
    events = [nats.END]
    events += [(p, n, e) for p in (*range(128), 129) for n in range(1, nats.LONGEST + 1) for e in (False, True)]
    for context in (
        (nats.START, nats.START),
        (line[0], line[1]),
        ((61, 1, True), line[0]),
        ((5, 5, True), (6, 6, True)),
    ):
        assert sum(trigram.prob(*context, event) for event in events) == pytest.approx(1, abs=1e-9)
    assert trigram.prob(line[1], line[2], line[3]) > 20 * trigram.prob(line[1], line[2], line[0])
    assert trigram.nats(line) < trigram.nats([(61, 4, False), *line[1:]])


def test_events_of_a_line() -> None:
    nats = script("tune_nats")
    assert nats.events_of([60, 128, 129, 129, 132, 62, 130]) == [
        (60, 2, False),
        (129, 2, False),
        (62, 1, True),
        nats.END,
    ]
    with pytest.raises(ValueError, match="ends within a note"):
        nats.events_of([60, 132, 128, 130])


def test_how_a_tune_ends() -> None:
    ends = script("tune_ends")
    notes = (Note(0, 480, 67), Note(480, 1920, 72), Note(2400, 1440, 67))
    tune = Score(notes, key=Key.from_name("G major"), pickup_ticks=480, fermatas=(480, 2400))
    assert ends.ends_on_tonic(tune)
    assert ends.ends_with_bar(tune)
    assert ends.quarters_between(tune) == [4.0]
    longer = replace(tune, length_ticks=3960)
    assert not ends.ends_on_tonic(longer)
    assert not ends.ends_with_bar(longer)
    assert not ends.ends_on_tonic(replace(tune, key=Key(0)))
    chord = [Note(0, 480, pitch) for pitch in (67, 62, 59, 43)]
    assert ends.is_home(tune, chord)
    assert not ends.is_home(tune, [*chord, Note(0, 480, 47)][:3])  # no root at the bottom
    assert not ends.is_home(tune, [*chord, Note(0, 480, 64)])
