"""Recordings of several notes at once as MIDI: what is made of the network's answers, and how well it hears a piano."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from biaxial.corpora.bach_chorales import chorale_paths, read_chorale
from biaxial.formats.midi.midi_writer import read_midi
from biaxial.render.audio import render_audio

FOUR = ("bwv144.3.mxl", "bwv165.6.mxl", "bwv176.6.mxl", "bwv177.5.mxl")
SECONDS = 30


@pytest.fixture
def recordings(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(Path(__file__).parents[2])
    return importlib.import_module("scripts.make.recordings")


def test_a_note_begins_at_a_peak_and_ends_where_it_has_been_silent(recordings: Any) -> None:
    sounding, beginning = np.zeros((200, 88), np.float32), np.zeros((200, 88), np.float32)
    times = np.arange(200) * 0.01
    sounding[20:100, 39] = 0.8
    sounding[50:55, 39] = 0.1  # too short to be an end
    sounding[150:, 39] = 0.8  # nothing began there
    beginning[19:22, 39] = (0.4, 0.9, 0.4)
    sounding[60:140, 43] = 0.8
    beginning[60, 43] = beginning[100, 43] = 0.7
    beginning[30, 50] = 0.9  # nothing sounds
    found = recordings.notes_of(sounding, beginning, times)
    assert [(note.pitch, round(note.onset, 2), round(note.end, 2)) for note in found] == [
        (60, 0.2, 0.99),
        (64, 0.6, 0.99),
        (64, 1.0, 1.39),
    ]


def test_the_highest_voice_makes_the_bars_and_the_others_go_with_it(recordings: Any) -> None:
    quarter = 0.7
    tune = [67, 67, 69, 71, 72, 71, 69, 67, 71, 69, 67]
    lengths = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]
    onsets = np.concatenate(([0], np.cumsum(lengths[:-1]))) * quarter
    notes = [recordings.Played(o, o + n * quarter - 0.02, p) for o, n, p in zip(onsets, lengths, tune, strict=True)]
    bass = [recordings.Played(o + 0.01, o + quarter / 2, 48 + n) for n, o in enumerate(onsets)]
    off = [recordings.Played(o + quarter / 2, o + quarter, 50 + n) for n, o in enumerate(onsets)]
    assert recordings.highest_onsets(sorted([*notes, *bass, *off])) == pytest.approx(list(onsets))
    score = recordings.in_bars(sorted([*notes, *bass, *off]), "x")
    assert score.tempo_bpm == pytest.approx(60 / quarter, abs=2)
    assert [n.length_ticks for n in score.notes if n.pitch >= 67] == [480 * n for n in lengths]
    assert {n.onset_ticks % 480 for n in score.notes if 48 <= n.pitch < 50} == {0}
    with pytest.raises(ValueError, match="3 notes of a highest voice are heard; 8 are the fewest"):
        recordings.in_bars(notes[:3], "x")


@pytest.mark.slow
def test_four_voices_on_a_piano_are_heard(recordings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if find_spec("basic_pitch") is None:
        pytest.skip("the weights of basic-pitch are not installed: pip install --no-deps basic-pitch")
    soundfile = pytest.importorskip("soundfile")
    transcription = pytest.importorskip("mir_eval.transcription")
    sources = {path.name: path for path in chorale_paths()}
    network, found = recordings.weights(), []
    for name in FOUR:
        score = read_chorale(sources[name])
        score = score.cut(0, int(SECONDS * score.tempo_bpm / 60 * score.ticks_per_quarter))
        sound = render_audio(score, instrument="piano", strict_tempo=True, sample_rate=recordings.RATE).mean(axis=1)
        tick = 60 / (score.tempo_bpm * score.ticks_per_quarter)
        true = np.array(sorted({(note.onset_ticks * tick, note.pitch) for note in score.notes}))
        heard = np.array([(note.onset, note.pitch) for note in recordings.played(sound, network)])
        spans, pitches = (
            [np.column_stack((each[:, 0], each[:, 0] + 0.1)) for each in (true, heard)],
            [440 * 2 ** ((each[:, 1] - 69) / 12) for each in (true, heard)],
        )
        found.append(
            transcription.precision_recall_f1_overlap(spans[0], pitches[0], spans[1], pitches[1], offset_ratio=None)[2]
        )
    assert np.mean(found) == pytest.approx(0.84, abs=0.02)  # docs/singing.md
    soundfile.write(tmp_path / "last.wav", sound, recordings.RATE)
    (tmp_path / "torn.mp3").write_bytes(b"ID3" + bytes(99))
    assert recordings.main([str(tmp_path), str(tmp_path / "midi")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("last.wav: ")
    assert said[1].startswith("torn.mp3: left out: cannot be read as sound")
    assert said[2].endswith("1 of 2 recordings")
    assert len(read_midi(tmp_path / "midi" / "last.mid").notes) > 100
