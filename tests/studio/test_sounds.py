"""What is played is what is exported: stems that add up to the FLAC file, with the times of every note."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from biaxial.music.errors import InputError
from biaxial.studio.keeping import kept
from biaxial.studio.messages import Document, Export, Render
from biaxial.studio.sounds import BANK_PITCHES, sounding
from tests.studio.conftest import chorale


def unpacked(data: bytes) -> tuple[dict[str, Any], list[NDArray[np.int16]]]:
    """The header of a sound and its samples ``(frames, 2)``."""
    size = int.from_bytes(data[:4], "little")
    assert (4 + size) % 4 == 0
    header, body = json.loads(data[4 : 4 + size]), data[4 + size :]
    sounds = [
        np.frombuffer(body, "<i2", 2 * sound["frames"], sound["offset"]).reshape(-1, 2) for sound in header["sounds"]
    ]
    assert sum(sound.nbytes for sound in sounds) == len(body)
    return header, sounds


@pytest.mark.parametrize("playing", [{}, {"instruments": "piano,strings,choir,organ", "humanise": 0.7}])
def test_stems_add_up_to_what_is_exported(playing: dict[str, Any]) -> None:
    document = chorale(4, fermatas=(12,), tempo=120.0)
    header, stems = unpacked(sounding(Render(document, "stems", **playing)))
    assert [sound["voice"] for sound in header["sounds"]] == [0, 1, 2, 3]
    whole, rate = soundfile.read(io.BytesIO(kept(Export(document, "flac", **playing)).data), dtype="int16")
    assert rate == header["rate"]
    assert whole.shape == stems[0].shape
    assert np.abs(sum(stem.astype(int) for stem in stems) - whole).max() <= 3


def test_notes_and_cursor_have_their_times() -> None:
    document = chorale(4, tempo=120.0)
    header, _ = unpacked(sounding(Render(document, "stems", strict_tempo=True)))
    times = {note["note"]: (note["start"], note["end"]) for note in header["notes"]}
    assert set(times) == {note.id for note in document.notes}
    assert times["n0-1"] == pytest.approx((0.5, 1.0))
    assert (header["steps"], header["times"]) == ([0.0, 16.0], [0.0, 2.0])
    assert header["seconds"] == 2.0
    slow, _ = unpacked(sounding(Render(document, "stems")))
    assert slow["seconds"] > 2.0
    assert slow["times"] == sorted(slow["times"])
    starts = {note["note"]: note["start"] for note in slow["notes"]}
    for note in document.notes:
        assert starts[note.id] == pytest.approx(np.interp(note.onset, slow["steps"], slow["times"]), abs=1e-6)


def test_players_are_late_and_loud_by_themselves_and_their_notes_light_up_when_they_sound() -> None:
    document = chorale(4, tempo=120.0)
    exact, _ = unpacked(sounding(Render(document, "stems", strict_tempo=True)))
    moved, _ = unpacked(sounding(Render(document, "stems", strict_tempo=True, humanise=1.0)))
    starts, late = ({note["note"]: note["start"] for note in header["notes"]} for header in (exact, moved))
    assert late.keys() == starts.keys()
    away = {name: abs(late[name] - starts[name]) for name in starts}
    assert 0.01 < max(away.values()) < 0.051
    assert len({round(late[f"n{voice}-1"], 4) for voice in range(4)}) == 4
    slow, _ = unpacked(sounding(Render(document, "stems", humanise=1.0)))
    assert slow["seconds"] > moved["seconds"]


def test_a_bank_has_every_pitch_of_the_voices() -> None:
    header, sounds = unpacked(sounding(Render(what="bank", instrument="piano")))
    assert [sound["pitch"] for sound in header["sounds"]] == list(BANK_PITCHES)
    for pitch, sound in zip(BANK_PITCHES, sounds, strict=True):
        mono = sound.sum(axis=1).astype(float)[2000:20000]
        spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono)), 1 << 17))
        wanted = 440 * 2 ** ((pitch - 69) / 12) * (1 << 17) / header["rate"]
        near = spectrum[int(wanted * 0.97) : int(wanted * 1.03) + 2].max()
        assert near > 0.05 * spectrum.max(), pitch
    assert max(np.abs(sound).max() for sound in sounds) < 10_000


def test_what_cannot_be_played_is_one_line() -> None:
    with pytest.raises(InputError, match="no length"):
        sounding(Render(Document(), "stems"))
    with pytest.raises(InputError, match="no instrument 'kazoo'"):
        sounding(Render(chorale(4), "stems", instruments="kazoo"))
    with pytest.raises(InputError, match="humanise: 2 is not between 0 and 1"):
        sounding(Render(chorale(4), "stems", humanise=2.0))
    with pytest.raises(InputError, match="is not a share in which to humanise"):
        kept(Export(chorale(4), "mid", humanise=2.0))
    with pytest.raises(InputError, match="at most 15 are played"):
        sounding(Render(Document(length=16_000, tempo=60.0), "stems"))
