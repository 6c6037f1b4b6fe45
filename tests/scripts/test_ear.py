"""What an ear hears: the table can be made again, its errors are right, and what is left out together counts once."""

from __future__ import annotations

import importlib
import math
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from biaxial.corpora.reading.music_folder import read_folder
from biaxial.formats.write import save_score
from biaxial.music.score import Key, Note, Score

Q = 480
TRIADS = {0: (72, 67, 64, 48), 1: (69, 65, 60, 53), 2: (71, 67, 62, 55), 3: (72, 69, 64, 45)}


@pytest.fixture(scope="module")
def ear() -> ModuleType:
    root = str(Path(__file__).parents[2])
    if root not in sys.path:
        sys.path.insert(0, root)
    return importlib.import_module("scripts.tables.ear")


def hymn(seed: int, bars: int = 5, rest: bool = False) -> Score:
    """Plain triads, the last one of C; in the second beat the bass may be silent."""
    drawn = [*np.random.default_rng(seed).integers(4, size=4 * bars - 1).tolist(), 0]
    notes = [
        Note(beat * Q, Q, pitch, voice)
        for beat, kind in enumerate(drawn)
        for voice, pitch in enumerate(TRIADS[kind])
        if not (rest and voice == 3 and beat == 1)
    ]
    return Score(tuple(notes), key=Key(0), fermatas=(7 * Q, (4 * bars - 1) * Q))


@pytest.fixture(scope="module")
def chorales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chorales")
    for split, seeds in {"train": range(6), "valid": range(6, 8), "test": range(8, 10)}.items():
        (folder / split).mkdir()
        for seed in seeds:
            save_score(hymn(seed, rest=seed == 6), folder / split / f"{seed}.mid")
    save_score(hymn(10, bars=2, rest=True), folder / "train" / "short.mid")
    return folder


def rows(text: str) -> dict[str, list[str]]:
    """The cells of a table by the first of their line."""
    found = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    return {line[0]: line[1:] for line in found}


@pytest.mark.slow
def test_the_table_is_made_again_from_what_was_kept(
    ear: ModuleType, chorales: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ["--pieces", "2", "--bars", "4", "--sopranos", "2", "--seeds", "1"]
    words = [str(chorales), *few, "--keep", str(tmp_path), "--set-harmonising", "particles=1"]
    ear.main(words)
    first = rows(capsys.readouterr().out)
    assert first[""] == ["unit", "composed", "Bach", "harmonised", "Bach"]
    assert first["pieces"][1:] == ["2", "10", "2", "2"], "the short one is not compared with what is longer"
    assert first["the bass rests alone"][2] == "10.0 ± 10.0"
    assert first["the bass rests alone"][4] == "50.0 ± 50.0"
    assert first["bare chords at fermatas"][2] == "0.0 ± 0.0"
    assert first["agreement with Bach in pitch"][2] == "-" != first["agreement with Bach in pitch"][3]
    assert all(cell != "-" for cell in first["grade"] + first["nats"])
    assert sorted(path.name for path in (tmp_path / "composed").glob("9*")) == ["9000.json", "9001.json"]
    (tmp_path / "composed" / "9001.json").unlink()
    ear.main(words)
    assert rows(capsys.readouterr().out) == first
    with pytest.raises(SystemExit):
        ear.main([*words, "--set", "temperature=0.5"])
    assert "drawn in another way" in capsys.readouterr().err


def test_bach_is_not_told_from_himself_and_training_pieces_are_not_judged(ear: ModuleType, chorales: Path) -> None:
    items = read_folder(chorales)[0]
    judge = ear.judge_of(items)
    assert set(judge.reference.passages.names) == {item.name for item in items if item.split == "train"}
    valid = [item for item in items if item.split == "valid"]
    judged = judge.judge([(item.name, item.score) for item in valid])
    known = {item.name: judgement for item, judgement in zip(valid, judged, strict=True)}
    everything = ear.bach(items, known)
    assert sum(each.judgement is not None for each in everything) == len(valid)
    assert ear.harmony_area(everything, everything)[0] == 0.5


def test_the_error_of_a_mean_is_the_usual_one(ear: ModuleType) -> None:
    values = {"a": 1.0, "b": 4.0, "c": 2.0, "d": 7.0}
    pieces = [ear.Heard(name, Score()) for name in values]
    mean, error = ear.ratio(pieces, lambda heard: (values[heard.name], 1))
    assert mean == 3.5
    assert error == pytest.approx(np.std([*values.values()], ddof=1) / 2)


def test_the_error_of_a_ratio_is_that_of_leaving_out_each_piece(ear: ModuleType) -> None:
    shares = {"a": (1, 2), "b": (3, 4), "c": (0, 5)}
    value, error = ear.ratio([ear.Heard(name, Score()) for name in shares], lambda heard: shares[heard.name])
    without = np.array([3 / 9, 1 / 7, 4 / 6])
    assert value == 4 / 11
    assert error == pytest.approx(math.sqrt(2 / 3 * ((without - without.mean()) ** 2).sum()))


def test_pieces_of_one_name_are_left_out_together(ear: ModuleType) -> None:
    values = {"a": 1.0, "b": 4.0, "c": 2.0}
    once = [ear.Heard(name, Score()) for name in values]

    def of(heard: object) -> tuple[float, float]:
        return values[heard.name], 1  # type: ignore[attr-defined]

    assert ear.ratio(once * 5, of) == pytest.approx(ear.ratio(once, of))


def test_one_piece_has_no_error_and_none_no_value(ear: ModuleType) -> None:
    alone = [ear.Heard("a", Score())]
    value, error = ear.ratio(alone, lambda heard: (1, 2))
    assert value == 0.5
    assert math.isnan(error)
    assert ear.cell(*ear.ratio(alone, lambda heard: (0, 0)), 2) == "-"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("temperature=.9", 0.9), ("cadence=false", False), ("ranges=none", None), ("precision=float64", "float64")],
)
def test_settings_are_read_as_what_they_look_like(ear: ModuleType, text: str, expected: object) -> None:
    assert ear.setting(text) == (text.partition("=")[0], expected)
