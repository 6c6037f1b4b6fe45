"""The plugin in MuseScore 3 without a window: notes come back into the score, by the studio and without one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from biaxial.cli.musescore import filled_in
from biaxial.formats.read import read_score
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.score import Note, Score
from biaxial.weights import save_weights

ROOT = Path(__file__).parents[2]
MUSESCORE = shutil.which("mscore3")
TUNES = ("ode-to-joy", "auld-lang-syne", "greensleeves", "maman", "new-britain")
Q = 480

pytestmark = [pytest.mark.slow, pytest.mark.skipif(MUSESCORE is None, reason="mscore3 is not installed")]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with weights, and a command that uses them."""
    folder = tmp_path_factory.mktemp("plugin")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_weights(folder / "tiny.safetensors", BiaxialLSTM(PRESETS["tiny"]), {})
    command = folder / "biaxial"
    command.write_text(
        f'#!/bin/sh\nPYTHONPATH="{os.pathsep.join(sys.path)}" exec "{sys.executable}" -m biaxial "$@" '
        f'--checkpoint "{folder / "tiny.safetensors"}"\n'
    )
    command.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def studio(place: Path) -> Iterator[Path]:
    """The state file of a studio that runs."""
    for part in ("starlette", "uvicorn"):
        pytest.importorskip(part)
    state = place / "state" / "biaxial" / "studio.json"
    environment = os.environ | {"XDG_STATE_HOME": str(place / "state")}
    with subprocess.Popen([place / "biaxial", "studio", "--no-browser"], env=environment) as process:
        try:
            for _ in range(600):
                if state.exists() and json.loads(state.read_text()).get("address"):
                    break
                assert process.poll() is None
                time.sleep(0.1)
            yield state
        finally:
            process.terminate()


def two_staves(score: Score) -> Score:
    """A tune with a second staff, on which a bass has its first note."""
    notes = tuple(replace(note, voice=0) for note in score.notes)
    return replace(score, notes=(*notes, Note(0, Q, 48, 3)), chords=(), lyrics=(), repeats=())


def run(place: Path, score: Score, job: str, state: Path) -> tuple[Score, str]:
    """Run a job of the plugin on a score: the score afterwards, and what the window would say."""
    folder = place / f"run-{time.monotonic_ns()}"
    folder.mkdir()
    source, out = folder / "in.musicxml", folder / "out"
    score.save(source)
    texts = filled_in()
    text = texts["biaxial.qml"]
    for name, value in (("command", place / "biaxial"), ("statePath", state), ("atOnce", f"{job}|{out}")):
        start = text.index(f"property string {name}: ") + len(f"property string {name}: ")
        text = text[:start] + json.dumps(str(value)) + text[text.index('"', start + 1) + 1 :]
    (folder / "biaxial.qml").write_text(text)
    (folder / "biaxial.js").write_text(texts["biaxial.js"])
    assert MUSESCORE is not None
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "TMPDIR": str(folder), "XDG_CONFIG_HOME": str(folder)}
    subprocess.run(
        [MUSESCORE, "-p", folder / "biaxial.qml", source], env=environment, capture_output=True, timeout=300, check=True
    )
    return read_score(out.with_suffix(".musicxml")), (folder / "biaxial-sent.json").read_text()


def line(score: Score, voice: int) -> list[tuple[int, int, int]]:
    return [(note.onset_ticks, note.length_ticks, note.pitch) for note in score.voice_notes(voice)]


@pytest.mark.parametrize("name", TUNES)
def test_the_studio_harmonises_a_tune_in_the_open_score(place: Path, studio: Path, name: str) -> None:
    tune = two_staves(read_score(ROOT / "docs" / "tunes" / f"{name}.abc", "once"))
    found, said = run(place, tune, "harmonise", studio)
    assert line(found, 0) == line(tune, 0), said
    assert found.num_voices == 4
    assert [len(line(found, voice)) > 8 for voice in (1, 2, 3)] == [True, True, True]
    assert (found.pickup_ticks, found.time_signatures) == (tune.pickup_ticks, tune.time_signatures)


def test_without_a_studio_the_command_harmonises(place: Path) -> None:
    tune = two_staves(read_score(ROOT / "docs" / "tunes" / "ode-to-joy.abc"))
    found, said = run(place, tune, "harmonise", place / "none.json")
    assert said == "done"
    assert line(found, 0) == line(tune, 0)
    assert found.num_voices == 4


def test_a_closed_studio_is_as_none(place: Path) -> None:
    state = place / "closed.json"
    state.write_text(json.dumps({"address": "http://127.0.0.1:9", "token": "x" * 32, "port": 9, "pid": 1}))
    tune = two_staves(read_score(ROOT / "docs" / "tunes" / "ode-to-joy.abc"))
    assert run(place, tune, "harmonise", state)[1] == "done"
    assert "does not answer" in run(place, tune, "faults", state)[1]


def test_a_wrong_token_is_a_line(place: Path, studio: Path) -> None:
    state = place / "wrong.json"
    state.write_text(json.dumps(json.loads(studio.read_text()) | {"token": "x" * 43}))
    tune = two_staves(read_score(ROOT / "docs" / "tunes" / "ode-to-joy.abc"))
    found, said = run(place, tune, "harmonise", state)
    assert "another token" in said
    assert line(found, 0) == line(tune, 0)


def test_a_score_of_one_staff_and_one_without_the_voice_are_refused(place: Path) -> None:
    tune = read_score(ROOT / "docs" / "tunes" / "ode-to-joy.abc")
    assert "has one staff" in run(place, tune, "harmonise", place / "none.json")[1]
    bass = replace(two_staves(tune), notes=tuple(replace(n, voice=3, pitch=n.pitch - 24) for n in tune.notes))
    assert "no notes for the soprano" in run(place, bass, "harmonise", place / "none.json")[1]
