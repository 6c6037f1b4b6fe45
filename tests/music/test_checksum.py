"""The checksum of music follows notes and outline, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from biaxial.formats.midi.midi_writer import write_midi
from biaxial.formats.read import read_score
from biaxial.music.checksum import music_checksum
from biaxial.music.score import Key, Note, Score, TimeSignature

SCORE = Score(
    (Note(0, 240, 67, 0), Note(240, 480, 69, 0), Note(0, 720, 60, 1)),
    960, time_signatures=(TimeSignature(3, 4),), pickup_ticks=480, key=Key(1), fermatas=(240,), tempo_bpm=76,
)  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        replace(SCORE, notes=SCORE.notes[1:]),
        replace(SCORE, notes=(replace(SCORE.notes[0], pitch=66), *SCORE.notes[1:])),
        replace(SCORE, notes=(replace(SCORE.notes[0], voice=2), *SCORE.notes[1:])),
        replace(SCORE, notes=(replace(SCORE.notes[0], length_ticks=239), *SCORE.notes[1:])),
        replace(SCORE, length_ticks=961),
        replace(SCORE, time_signatures=(TimeSignature(6, 8),)),
        replace(SCORE, pickup_ticks=0),
        replace(SCORE, key=None),
        replace(SCORE, fermatas=None),
        replace(SCORE, tempo_bpm=77),
    ],
)
def test_notes_and_outline_count(other: Score) -> None:
    assert music_checksum(other) != music_checksum(SCORE)


def test_names_velocities_locks_and_the_resolution_do_not() -> None:
    doubled = Score(
        tuple(Note(2 * n.onset_ticks, 2 * n.length_ticks, n.pitch, n.voice, 99, True) for n in SCORE.notes),
        1920, 960, SCORE.time_signatures, 960, SCORE.key, (480,), tempo_bpm=76.001, title="another",
    )  # fmt: skip
    assert music_checksum(doubled) == music_checksum(SCORE)


def test_a_file_keeps_it(tmp_path: Path) -> None:
    write_midi(SCORE, tmp_path / "a.mid")
    assert music_checksum(read_score(tmp_path / "a.mid")) == music_checksum(SCORE)
