"""A recording as a document and as text; what is refused, and that nothing is kept."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from biaxial.formats.abc.tune import read_abc
from biaxial.studio.json_messages import from_json
from biaxial.studio.messages import Opened
from tests.formats.audio.conftest import ODE_PITCHES, ODE_STEPS, RATE, spoken, voice

pytest.importorskip("swift_f0", reason="hearing a tune needs swift-f0: pip install -e '.[audio]'")
pytest.importorskip("soxr", reason="reading sound needs soxr: pip install -e '.[audio]'")
soundfile: Any = pytest.importorskip("soundfile")

OCTETS = {"Content-Type": "application/octet-stream"}


def wav(sound: np.ndarray[Any, Any], rate: int = RATE) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound, rate, "PCM_16", format="WAV")
    return file.getvalue()


def listen(client: Any, data: bytes, name: str = "recording.wav") -> Any:
    return client.post("/api/listen", params={"name": name}, content=data, headers=OCTETS)


def test_a_recording_is_a_document_and_a_text(client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))  # nothing is written, not even for a moment
    found = listen(client, wav(voice(ODE_PITCHES, ODE_STEPS)))
    assert found.status_code == 200, found.text
    opened = from_json(Opened, found.json())
    assert [note.pitch for note in opened.document.notes] == ODE_PITCHES
    assert [note.duration for note in opened.document.notes] == ODE_STEPS
    assert all(note.lock and note.source == "you" for note in opened.document.notes)
    assert (opened.document.metre, opened.document.key) == ("4/4", "C major")
    assert opened.remarks[0].startswith("guessed from the sound: 30 notes")
    path = tmp_path / "heard.abc"
    path.write_text(opened.abc)
    assert [note.pitch for note in read_abc(path).parts[0].notes] == ODE_PITCHES


def test_it_alone_takes_eight_megabytes(client: Any) -> None:
    ode = voice(ODE_PITCHES, ODE_STEPS)
    large = wav(np.repeat(np.tile(ode, 4), 3), 3 * RATE)
    assert 4_000_000 < len(large) < 8_000_000
    assert listen(client, large).status_code == 200
    for path in ("/api/read?name=x.wav", "/api/harmonise"):
        assert client.post(path, content=large, headers=OCTETS).status_code == 413
    found = listen(client, large + bytes(8_000_000))
    assert found.status_code == 413
    assert found.json()["error"] == "this is larger than 8 MB, the most that is read; take a smaller one"


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (wav(spoken()), "hum.wav", "hum.wav: what is heard keeps no pitch"),
        (wav(np.zeros(RATE)), "hum.wav", "hum.wav: it is silent"),
        (b"", "hum.wav", "hum.wav: cannot be read as sound"),
        (b"x" * 1000, "hum.mp3", "hum.mp3: cannot be read as sound"),
        (b"X:1\nK:C\nCDEF|\n", "tune.abc", "tune.abc: nothing is heard in such a file"),
        (b"x", "", "file: nothing is heard in such a file"),
    ],
)
def test_what_is_no_tune_is_one_line(client: Any, data: bytes, name: str, why: str) -> None:
    found = listen(client, data, name)
    assert found.status_code == 400
    assert found.json()["error"].startswith(why)
    assert "\n" not in found.json()["error"]


def test_it_takes_octets_only_and_says_whether_it_hears(client: Any) -> None:
    found = client.post("/api/read", params={"name": "hum.wav"}, content=b"RIFF", headers=OCTETS)
    assert (found.status_code, "send it to /api/listen" in found.json()["error"]) == (400, True)
    found = client.post("/api/listen", json={"text": "CDEF"})
    assert found.status_code == 415
    assert "send application/octet-stream" in found.json()["error"]
    assert client.get("/api/status").json()["hears"] is True
