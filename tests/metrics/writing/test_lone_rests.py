"""A voice that rests alone is missed; one that rests with another is not."""

from __future__ import annotations

from biaxial.metrics.writing.lone_rests import LoneRest, lone_rests
from tests.conftest import Write

Q = 480
HELD = [(72, 4)]


def test_a_voice_that_is_silent_while_all_others_sound_rests_alone(write: Write) -> None:
    score = write(HELD, [(67, 4)], [60, 60, 62, 64], [48, (None, 2), 48])
    assert lone_rests(score) == [LoneRest(Q, 2 * Q, 3)]


def test_a_voice_that_sounds_throughout_does_not(write: Write) -> None:
    assert lone_rests(write(HELD, [(67, 4)], [(64, 4)], [48, (48, 2), 48])) == []


def test_two_voices_that_rest_together_are_not_alone(write: Write) -> None:
    score = write(HELD, [(67, 4)], [60, (None, 2), 60], [48, (None, 2), 48])
    assert lone_rests(score) == []


def test_a_rest_lasts_while_the_others_go_on(write: Write) -> None:
    score = write(HELD, [(67, 4)], [60, 60, None, 60], [48, (None, 3)])
    assert lone_rests(score) == [LoneRest(Q, Q, 3), LoneRest(3 * Q, Q, 3)]


def test_a_late_entry_and_an_early_end_count_and_so_does_any_voice(write: Write) -> None:
    score = write([None, (72, 3)], [(67, 4)], [(64, 3.5), (None, 0.5)], [(48, 4)])
    assert lone_rests(score) == [LoneRest(0, Q, 0), LoneRest(3 * Q + Q // 2, Q // 2, 2)]


def test_silence_of_all_and_a_single_voice_have_none(write: Write) -> None:
    assert lone_rests(write([72, None, 72], [60, None, 60])) == []
    assert lone_rests(write([72, None, 72])) == []
