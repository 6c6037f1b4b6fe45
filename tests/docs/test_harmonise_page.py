"""Every command, every Python block and every picture of docs/harmonise.md."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

import biaxial
from biaxial import Note, Score
from biaxial.cli.continue_ import main as continue_
from biaxial.cli.harmonise import main as harmonise
from biaxial.cli.infill import main as infill
from biaxial.formats.json_score import score_to_dict
from biaxial.formats.melody_file import read_melody
from biaxial.formats.read import read_score
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.tasks.drawing.fill import UNMET
from biaxial.weights import save_weights

DOCS = Path(__file__).parents[2] / "docs"
SCRIPT = Path(__file__).parents[2] / "scripts" / "make" / "engrave.py"
PAGE = (DOCS / "harmonise.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "biaxial-harmonise": harmonise,
    "biaxial-infill": infill,
    "biaxial-continue": continue_,
}
VOICES = {"soprano": 0, "tenor": 2, "bass": 3}

Sung = list[tuple[int, int, int]]


def sung(notes: tuple[Note, ...]) -> Sung:
    return [(note.onset_ticks, note.length_ticks, note.pitch) for note in notes]


def option(words: list[str], name: str, default: str) -> str:
    return words[words.index(name) + 1] if name in words else default


def shown(output: str) -> str:
    """What a command prints, without what depends on the weights: the nats, and whether noise finds the tonic."""
    return re.sub(r"\d+\.\d+ nats", "... nats", output).replace(f"note: {UNMET}\n", "")


def jobs() -> Iterator[tuple[list[str], str | None]]:
    """Every command, and what the page says that it prints: the block after it, if that is one of text."""
    for place, (kind, block) in enumerate(BLOCKS):
        if kind != "sh":
            continue
        after = [text for language, text in BLOCKS[place + 1 : place + 2] if language == "text"]
        for line in block.replace("\\\n", " ").splitlines():
            yield shlex.split(line), next(iter(after), None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the reader stands: a folder with the documents."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(DOCS / "tunes", folder / "docs" / "tunes")
    return folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained tiny network on a coarse grid: it writes noise, but by the same road and in less time."""
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_weights(path, BiaxialLSTM(replace(PRESETS["tiny"], steps_per_quarter=1)), {})
    return path


def check_harmonised(words: list[str], path: Path) -> None:
    """The tune is there, note for note, in its voice, and other voices are beside it."""
    tune, voice = Path(words[1]), option(words, "--voices", "soprano")
    score = read_score(path)
    if voice == "S,B":
        given = read_score(tune)
        assert all(sung(score.voice_notes(v)) == sung(given.voice_notes(v)) for v in (0, 3))
        return
    melody = read_melody(tune, option(words, "--part", "") or None).score
    moved = score.voice_notes(VOICES[voice])[0].pitch - melody.notes[0].pitch
    assert (moved != 0) == ("--transpose" in words)
    melody = melody.transposed(moved)
    assert sung(score.voice_notes(VOICES[voice])) == sung(melody.notes)
    assert {note.voice for note in score.notes} == {0, 1, 2, 3}
    assert score.pickup_ticks == melody.pickup_ticks
    assert score.length_ticks == melody.length_ticks
    assert score.time_signatures == melody.time_signatures


def check_infilled(words: list[str], path: Path) -> None:
    """Other bars, other voices and locked notes are as they were."""
    before, after = read_score(words[1]), read_score(path)
    if "--to" in words:
        second = read_score(option(words, "--to", ""))
        assert {note.pitch for note in second.notes} <= {note.pitch for note in after.notes}
        assert set(sung(before.notes)) <= set(sung(after.notes))
        return
    first, last = re.fullmatch(r"(\d+)-(\d+)", option(words, "--bars", "")).groups()  # type: ignore[union-attr]
    edges = [0, *before.bar_starts(), before.length_ticks]
    start, end = edges[int(first)], edges[int(last) + 1]
    free = {"SATB".index(letter) for letter in option(words, "--voices", "S,A,T,B").split(",")}

    def kept(score: Score, note: Note) -> bool:
        return note.voice not in free or note.onset_ticks < start or note.end_ticks > end

    assert {(n.voice, *sung((n,))) for n in before.notes if kept(before, n) or n.locked} <= {
        (n.voice, *sung((n,))) for n in after.notes
    }
    assert sung(before.notes) != sung(after.notes)


@pytest.mark.slow
def test_every_command(
    folder: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    ran = 0
    for words, said in jobs():
        fails = said is not None and said.startswith("biaxial-")
        status = COMMANDS[words[0]]([*words[1:], "--checkpoint", str(weights), "--particles", "1", "--quiet"])
        captured = capsys.readouterr()
        assert status == (2 if fails else 0), (words, captured.err)
        if said is not None:
            assert shown(captured.err + captured.out) == shown(said)
        path = Path(option(words, "--output" if "--output" in words else "-o", ""))
        if fails:
            assert not path.exists()
        elif words[0] == "biaxial-harmonise":
            for file in sorted(path.iterdir()) if path.is_dir() else [path]:
                check_harmonised(words, file)
        elif words[0] == "biaxial-infill":
            check_infilled(words, path)
        else:
            assert len(read_score(path).bar_starts()) == len(read_score(words[1]).bar_starts()) + 4
        ran += 1
    assert ran > 15


def test_every_python_block(folder: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    load = biaxial.load
    monkeypatch.setattr(biaxial, "load", lambda: load(weights, device="cpu"), raising=False)
    names: dict[str, Any] = {}
    for kind, block in BLOCKS:
        if kind == "python":
            exec(block, names)
    tune = [pitch for pitch, _ in names["tune"] if pitch is not None]
    assert [note.pitch for note in names["piece"].score.voice_notes(0)] == tune
    assert sum(names["done"]) == 8, "eight quarter notes"
    assert len(names["settings"]) == 3
    assert names["bar"].number == 2
    assert biaxial.Piece.from_json(names["document"]) == names["joined"]


def test_the_shipped_weights_keep_a_tune(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    words = ["biaxial-harmonise", "docs/tunes/maman.abc", "-o", "shipped.mid", "--seed", "1", "--particles", "1", "-q"]
    assert harmonise(words[1:]) == 0
    check_harmonised(words, Path("shipped.mid"))


def test_the_tune_on_the_page_is_the_file() -> None:
    assert [block for kind, block in BLOCKS if kind == "abc"] == [(DOCS / "tunes" / "new-britain.abc").read_text()]


def test_the_note_on_the_page_is_one_of_a_document() -> None:
    (row,) = [block for kind, block in BLOCKS if kind == "json"]
    note = Note(0, 480, 72, 0, locked=True)
    assert f"{score_to_dict(Score((note,)))['notes'][0]}".replace("'", '"').replace("True", "true") == row.strip()


@pytest.mark.parametrize("path", sorted((DOCS / "tunes").iterdir()), ids=lambda path: path.stem)
def test_bars_of_a_tune_are_full(path: Path) -> None:
    score = read_melody(path, "1").score
    bar = score.time_signatures[0].bar_ticks(score.ticks_per_quarter)
    assert len(score.time_signatures) == 1
    assert (score.length_ticks - 0) % bar == 0, "a pickup and the last bar make one"
    assert score.key is not None
    assert score.notes[-1].pitch % 12 == score.key.tonic


def test_pictures_are_small_and_all_are_shown() -> None:
    named = set(re.findall(r"!\[[^\]]+\]\((pictures/[^)]+)\)", PAGE))
    assert named == {f"pictures/{path.name}" for path in (DOCS / "pictures").glob("*.png")}
    for picture in named:
        data = (DOCS / picture).read_bytes()
        assert data.startswith(b"\x89PNG")
        assert len(data) < 60_000


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("engrave", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["engrave"] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


def test_the_script_makes_the_pictures_of_the_page(script: ModuleType) -> None:
    assert {f"{name}.png" for name in script.PICTURES} == {path.name for path in (DOCS / "pictures").glob("*.png")}
    assert f'"{script.ODE_CHORDS}"' in PAGE
    assert all((DOCS / "tunes" / f"{tune}.abc").exists() for tune, _ in script.PICTURES.values())
