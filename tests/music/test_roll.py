"""Score -> roll -> score."""

from __future__ import annotations

from dataclasses import replace

import pytest

from biaxial.music.constants import HOLD, STRIKE
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Key, Note, Score, TimeSignature

Q = 480


def back(score: Score, grid: Grid | None = None) -> Score:
    return Roll.from_score(score, grid or Grid(4), 36, 46).to_score()


def test_voices_unisons_repeats_rests_and_outline_come_back() -> None:
    notes = (
        Note(0, Q, 72, 0),
        Note(Q, Q, 72, 0),  # repeated
        Note(2 * Q, 2 * Q, 71, 0),
        Note(0, 2 * Q, 67, 1),
        Note(2 * Q, 2 * Q, 67, 1),
        Note(0, Q, 67, 2),  # unison with the alto, ends first
        Note(2 * Q, Q // 4, 62, 2),  # after a rest; one step long
        Note(0, 4 * Q, 36, 3),
    )
    score = Score(
        notes, 5 * Q, pickup_ticks=Q, key=Key(-3, "minor"), fermatas=(2 * Q,), tempo_bpm=66, title="Unison",
        time_signatures=(TimeSignature(3, 4), TimeSignature(4, 4, 4 * Q)),
    )  # fmt: skip
    assert back(score) == score


def test_unvoiced_music_comes_back() -> None:
    score = Score((Note(0, Q, 60), Note(Q, Q, 60), Note(0, 3 * Q, 64)), 4 * Q)
    roll = Roll.from_score(score, Grid(4), 60, 5)
    assert roll.voices is None
    assert roll.states[:6, 0].tolist() == [STRIKE, HOLD, HOLD, HOLD, STRIKE, HOLD]
    assert roll.to_score() == score


def test_triplets_survive_on_a_grid_that_has_them() -> None:
    score = Score(tuple(Note(i * 160, 160, 60 + i, 0) for i in range(3)))
    assert back(score, Grid(12)) == score
    assert back(score, Grid(4)) != score


def test_hold_and_strike_of_one_pitch_become_a_strike_of_both_and_are_counted() -> None:
    score = Score((Note(0, 2 * Q, 60, 2), Note(Q, Q, 60, 3)))
    roll = Roll.from_score(score, Grid(4), 36, 46)
    assert roll.num_joined == 1
    assert roll.to_score().notes == (Note(0, Q, 60, 2), Note(Q, Q, 60, 2), Note(Q, Q, 60, 3))
    apart = Roll.from_score(replace(score, notes=(Note(0, Q, 60, 2), Note(Q, Q, 60, 3))), Grid(4), 36, 46)
    assert apart.num_joined == 0


def test_a_note_shorter_than_a_cell_survives() -> None:
    score = Score((Note(0, 10, 60, 0), Note(Q, Q, 62, 0)))
    assert [note.pitch for note in back(score).notes] == [60, 62]


def test_of_two_notes_of_a_voice_in_one_step_the_longer_stays_and_the_other_is_counted() -> None:
    score = Score((Note(0, 60, 60, 0), Note(60, 420, 62, 0)))
    roll = Roll.from_score(score, Grid(4), 36, 46)
    kept = [(note.pitch, note.onset_ticks) for note in roll.to_score().notes]
    assert len(kept) + roll.num_dropped == 2


@pytest.mark.parametrize("pitch", [35, 82])
def test_a_pitch_outside_the_range_is_named(pitch: int) -> None:
    with pytest.raises(ValueError, match=f"pitch {pitch} .* 36 to 81"):
        Roll.from_score(Score((Note(0, Q, pitch, 0),)), Grid(4), 36, 46)


@pytest.mark.parametrize("pitch", [36, 81])
def test_the_ends_of_the_range_belong_to_it(pitch: int) -> None:
    assert back(Score((Note(0, Q, pitch, 0),))).notes[0].pitch == pitch


def test_impossible_rolls_are_refused() -> None:
    roll = Roll.from_score(Score((Note(0, Q, 60, 0),), 2 * Q), Grid(4), 60, 3)
    states = roll.states.copy()
    states[6, 2] = HOLD
    voices = roll.voices.copy() if roll.voices is not None else None
    assert voices is not None
    voices[6, 2] = 1
    with pytest.raises(ValueError, match="held at step 6"):
        replace(roll, states=states, voices=voices).to_score()
    states[0, 2], voices[0, 2], states[6, 2] = STRIKE, 1, STRIKE
    with pytest.raises(ValueError, match="two cells of step 0"):
        replace(roll, states=states, voices=voices).to_score()


def test_more_voices_than_a_voice_set_has_room_for() -> None:
    notes = tuple(Note(0, 480, 60 + voice, voice) for voice in range(9))
    assert Roll.from_score(Score(notes[:8]), Grid(), 0, 128).num_steps == 4
    with pytest.raises(ValueError, match="the piece has 9 voices; a roll has room for 8"):
        Roll.from_score(Score(notes), Grid(), 0, 128)
