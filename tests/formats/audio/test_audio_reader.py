"""A voice that sings as a tune; what does not sing as one line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from biaxial.formats.audio.audio_reader import HeardTune, heard_tune, read_audio
from biaxial.formats.audio.pitch_tracker import pitch_frames
from biaxial.formats.read import read_music
from biaxial.music.errors import InputError
from biaxial.music.score import Key
from tests.formats.audio.conftest import ODE_PITCHES, ODE_STEPS, RATE, drums, spoken, voice

pytest.importorskip("swift_f0", reason="hearing a tune needs swift-f0: pip install -e '.[audio]'")
pytest.importorskip("soxr", reason="reading sound needs soxr: pip install -e '.[audio]'")
soundfile: Any = pytest.importorskip("soundfile")

STEP = 120


def hear(sound: NDArray[np.float32], name: str = "hum.wav", title: str = "") -> HeardTune:
    return heard_tune(pitch_frames(sound), name, title)


@pytest.mark.parametrize("semitones", [-15, 0, 14])
@pytest.mark.parametrize(("drift", "noise"), [(0.0, 0.0), (40.0, 0.03)], ids=["clean", "worn"])
def test_a_tune_is_heard_in_every_register(semitones: int, drift: float, noise: float) -> None:
    pitches = [pitch + semitones for pitch in ODE_PITCHES]
    heard = hear(voice(pitches, ODE_STEPS, drift_cents=drift, noise=noise), title="Ode")
    tune = heard.tune
    assert [note.pitch for note in tune.notes] == pitches
    assert [note.length_ticks // STEP for note in tune.notes] == ODE_STEPS
    assert (tune.time_signatures[0].name, tune.pickup_ticks, tune.title) == ("4/4", 0, "Ode")
    assert tune.key == Key(0).transposed(semitones)
    assert tune.tempo_bpm == pytest.approx(60 / 0.64, abs=2)
    assert {note.voice for note in tune.notes} == {None}
    onsets = np.cumsum([0, *ODE_STEPS[:-1]]) * 0.16
    assert [note.onset_seconds for note in heard.notes] == pytest.approx(list(onsets), abs=0.08)


def test_the_remark_says_all_that_was_guessed() -> None:
    heard = hear(voice([pitch + 0.2 for pitch in ODE_PITCHES], ODE_STEPS))
    said = re.fullmatch(
        r"guessed from the sound: 30 notes, (\d+) cents above the piano, 4/4 with no pickup, C major, "
        r"(\d+) quarter notes a minute",
        heard.remark,
    )
    assert said is not None
    assert int(said[1]) == pytest.approx(20, abs=8)
    assert int(said[2]) == heard.tune.tempo_bpm


def test_a_rest_is_heard_and_a_breath_is_not() -> None:
    sound = voice(ODE_PITCHES, ODE_STEPS)
    quiet = sound.copy()
    last = round(16 * 3 * 0.16 * RATE) + round(0.16 * (6 + 2 + 4) * RATE)  # half of the note that ends the first line
    quiet[last : last + round(0.16 * 4 * RATE)] = 0
    with_rest, without = hear(quiet).tune, hear(sound).tune
    assert [note.length_ticks // STEP for note in with_rest.notes][14] == 4
    assert with_rest.notes[15].onset_ticks == without.notes[15].onset_ticks


def test_whistling_is_heard_where_nobody_sings() -> None:
    pitches = [pitch + 26 for pitch in ODE_PITCHES]
    assert [note.pitch for note in hear(voice(pitches, ODE_STEPS)).tune.notes] == pitches


@pytest.mark.parametrize("suffix", [".wav", ".mp3"])
def test_a_file_is_music_as_any_other(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"my tune{suffix}"
    soundfile.write(path, voice(ODE_PITCHES, ODE_STEPS), RATE)
    music = read_music(path)
    assert [note.pitch for note in music.score.notes] == ODE_PITCHES
    assert music.score.title == "my tune"
    assert [len(part.notes) for part in music.parts.parts] == [30]
    assert music.remarks == (read_audio(path).remark,)
    assert read_audio(path.read_bytes()).tune.title == ""


def hiss() -> NDArray[np.float32]:
    return np.asarray(0.1 * np.random.default_rng(0).normal(size=5 * RATE), np.float32)


@pytest.mark.parametrize(
    ("sound", "why"),
    [
        (spoken(), "what is heard keeps no pitch, as speech and drums do not"),
        (drums(), r"(what is heard keeps no pitch|\d+ notes heard|no notes heard)"),
        (hiss(), r"(what is heard keeps no pitch|no notes heard)"),
        (voice([60, 62], [8, 8]), r"2 notes heard in 2\.[89] seconds"),
    ],
    ids=["speech", "drums", "noise", "two notes"],
)
def test_what_is_no_tune_is_refused_in_one_line(sound: NDArray[np.float32], why: str) -> None:
    with pytest.raises(InputError, match=rf"^hum\.wav: {why}.*; sing, hum, [^\n]*$"):
        hear(sound)
