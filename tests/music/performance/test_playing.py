"""Playing as people play: how far it goes, that nothing breaks, and that 0 is nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from biaxial.music.performance.playing import ONSET_SECONDS, SLOWEST, humanised, written_finely
from biaxial.music.repeats import Repeat
from biaxial.music.score import Note, Score

Q = 480
CHORDS = ((72, 67, 64, 48), (74, 67, 62, 47), (76, 67, 60, 48), (74, 65, 59, 43))
PIECE = Score(
    tuple(
        Note(beat * Q, Q, pitch, voice) for beat in range(128) for voice, pitch in enumerate(CHORDS[beat % len(CHORDS)])
    ),
    tempo_bpm=60.0,
    fermatas=tuple(range(15 * Q, 128 * Q, 16 * Q)),
)


def lateness(score: Score, played: Score) -> np.ndarray:
    """How late each voice begins each note, in seconds, ``(v, beat)``."""
    rows = [zip(played.voice_notes(v), score.voice_notes(v), strict=True) for v in range(4)]
    return np.array([[(a.onset_ticks - b.onset_ticks) / Q for a, b in row] for row in rows])


def test_zero_is_the_piece_itself() -> None:
    played = humanised(PIECE, 0.0, 7)
    assert played.score is PIECE
    assert played.tempos == ()
    assert humanised(Score(length_ticks=Q), 1.0).score == Score(length_ticks=Q)


def test_a_seed_gives_one_performance() -> None:
    assert humanised(PIECE, 0.5, 3) == humanised(PIECE, 0.5, 3) != humanised(PIECE, 0.5, 4)


def test_two_voices_are_as_far_apart_as_those_of_players() -> None:
    late = lateness(PIECE, humanised(PIECE, 1.0).score)[:, 1:]
    between = np.std([late[a] - late[b] for a in range(4) for b in range(a)])
    assert between == pytest.approx(2**0.5 * ONSET_SECONDS, rel=0.15)
    assert 0.027 <= between <= 0.049  # Rasch, 1979
    assert abs(late).max() <= 2 * ONSET_SECONDS + 1 / Q
    half = lateness(PIECE, humanised(PIECE, 0.5).score)[:, 1:]
    np.testing.assert_allclose(half, late / 2, atol=1 / Q)


def test_lines_stay_lines_and_the_piece_as_long_as_it_was() -> None:
    played = humanised(PIECE, 1.0).score
    assert replace(played, notes=()) == replace(PIECE, notes=())
    for voice in range(4):
        line = played.voice_notes(voice)
        assert [note.pitch for note in line] == [note.pitch for note in PIECE.voice_notes(voice)]
        assert all(a.end_ticks <= b.onset_ticks for a, b in pairwise(line))
        gaps = {place for place, (a, b) in enumerate(pairwise(line)) if a.end_ticks < b.onset_ticks}
        assert gaps == set(range(15, 127, 16))  # phrases are parted, and nothing else


def test_phrases_slow_down_to_their_ends_and_then_go_on() -> None:
    tempos = humanised(PIECE, 1.0).tempos
    assert [tick for tick, share in tempos if share == 1.0] == list(range(16 * Q, 128 * Q, 16 * Q))
    assert min(share for _, share in tempos) == pytest.approx(SLOWEST)
    assert all(14 * Q <= tick % (16 * Q) or share == 1.0 for tick, share in tempos)
    assert [tick for tick, _ in tempos] == sorted({tick for tick, _ in tempos})


def test_phrases_grow_and_fade_and_levels_are_kept() -> None:
    loud = replace(PIECE, notes=tuple(replace(n, velocity=112 if n.onset_ticks >= 64 * Q else 33) for n in PIECE.notes))
    notes = humanised(loud, 1.0).score.notes
    velocities = np.array([note.velocity for note in notes]).reshape(128, 4).mean(1)
    assert abs(velocities[:64].mean() - 33) < 3
    assert abs(velocities[64:].mean() - 112) < 3
    phrases = velocities.reshape(8, 16).mean(0) - velocities.mean()
    assert phrases[6:10].mean() > phrases[[0, 15]].mean() + 5
    extreme = humanised(replace(PIECE, notes=tuple(replace(n, velocity=127) for n in PIECE.notes)), 1.0).score
    assert max(note.played_velocity for note in extreme.notes) == 127


def test_phrases_are_guessed_where_nobody_recorded_them() -> None:
    tune = [Note(place * Q, Q, 60 + place % 5, 0) for place in range(32) if place % 8 != 7]
    tune = [replace(note, length_ticks=2 * Q) if note.onset_ticks % (8 * Q) == 6 * Q else note for note in tune]
    ends = {tick for tick, share in humanised(Score(tuple(tune)), 1.0).tempos if share == 1.0}
    assert ends == {8 * Q, 16 * Q, 24 * Q}


def test_coarse_music_is_made_finer_and_repeats_are_written_out() -> None:
    coarse = Score(tuple(Note(place, 1, 60) for place in range(8)), ticks_per_quarter=1, repeats=(Repeat(0, 4),))
    fine = written_finely(coarse)
    assert fine.ticks_per_quarter == 480
    assert len(fine.notes) == 12
    moved = humanised(coarse, 1.0).score
    assert {note.onset_ticks % 480 for note in moved.notes} != {0}


def test_short_notes_do_not_pass_one_another() -> None:
    trill = Score(tuple(Note(place * 20, 20, 60 + place % 2, 0) for place in range(400)), tempo_bpm=240.0)
    line = humanised(trill, 1.0).score.voice_notes(0)
    assert [note.pitch for note in line] == [note.pitch for note in trill.notes]
    assert all(a.onset_ticks < b.onset_ticks for a, b in pairwise(line))
