from __future__ import annotations

from collections.abc import Callable

import pytest

from biaxial.metrics.harmony import endings as harmony
from biaxial.music.score import Score, TimeSignature

Write = Callable[..., Score]
Tone = int | None | tuple[int | None, float]


def test_pitch_class_sets_are_those_of_chords(write: Write) -> None:
    sets = harmony.pitch_class_sets(write([72, 72, None, 74], [60, 60, None, 65]))
    assert sets == [frozenset({0}), frozenset({2, 5})]


@pytest.mark.parametrize(
    ("chord", "tonic", "expected"),
    [
        pytest.param([72, 67, 64, 48], 0, True, id="major"),
        pytest.param([72, 67, 63, 48], 0, True, id="minor"),
        pytest.param([72, 72, 64, 48], 0, True, id="no fifth"),
        pytest.param([72, 67, 67, 48], 0, False, id="no third"),
        pytest.param([72, 67, 60, 52], 0, False, id="first inversion"),
        pytest.param([72, 67, 64, 43], 0, False, id="the dominant in the bass"),
        pytest.param([70, 67, 64, 48], 0, False, id="a seventh"),
        pytest.param([67, 64, 63, 48], 0, False, id="both thirds"),
        pytest.param([72, 66, 63, 48], 0, False, id="diminished"),
        pytest.param([72, 67, 64, 48], 9, False, id="the relative major"),
        pytest.param([72, 67, 64, 48], 5, False, id="the dominant"),
    ],
)
def test_tonic_triads(write: Write, chord: list[int], tonic: int, expected: bool) -> None:
    ending = harmony.final_chord(write(*([60, pitch] for pitch in chord)))
    assert ending is not None
    assert ending.is_tonic_triad(tonic) is expected


def test_the_bass_is_the_lowest_pitch_not_the_lowest_voice(write: Write) -> None:
    ending = harmony.final_chord(write([72], [67], [48], [52]))
    assert ending is not None
    assert ending.is_tonic_triad(0)


def test_the_final_chord_is_the_last_that_sounds(write: Write) -> None:
    ending = harmony.final_chord(write([62, 60], [59, 52], length_ticks=4800))
    assert ending == harmony.FinalChord(480, frozenset({0, 4}), 4, False)
    assert harmony.final_chord(Score(length_ticks=480)) is None


def test_a_suspension_leaves_the_final_chord_on_the_beat_of_its_bass(write: Write) -> None:
    suspended = harmony.final_chord(write([(72, 3), 71, 72, 71, 72], [(43, 4), (48, 3)]))
    assert suspended is not None
    assert (suspended.onset_ticks, suspended.on_strong_beat) == (1920, True)
    late = harmony.final_chord(write([(72, 3), 71, 72, 71, 72], [(43, 5), (48, 2)]))
    assert late is not None
    assert (late.onset_ticks, late.on_strong_beat) == (2400, False)


def test_a_rest_in_the_bass_begins_a_new_final_chord(write: Write) -> None:
    ending = harmony.final_chord(write([None, 64, None, 64], [48, None, None, 48]))
    assert ending is not None
    assert ending.onset_ticks == 1440


@pytest.mark.parametrize(
    ("metre", "strong"),
    [("4/4", {0, 2}), ("3/4", {0}), ("2/4", {0, 2}), ("4/2", {0, 4}), ("6/8", {0}), ("12/8", {0, 3}), ("2/2", {0})],
)
def test_strong_beats(metre: str, strong: set[int]) -> None:
    score = Score(length_ticks=40 * 480, time_signatures=(TimeSignature.from_name(metre),))
    bar = score.time_signatures[0].bar_ticks(480) // 480
    beats = {quarter for quarter in range(max(bar, 4)) if harmony.is_strong_beat(score, quarter * 480)}
    assert beats == strong | {quarter for quarter in range(4) if quarter % bar == 0}
    assert not harmony.is_strong_beat(score, 240)


def test_beats_are_counted_after_the_pickup_and_backwards_in_it() -> None:
    score = Score(length_ticks=20 * 480, pickup_ticks=3 * 480)
    strong = [quarter for quarter in range(9) if harmony.is_strong_beat(score, quarter * 480)]
    assert strong == [1, 3, 5, 7]


def test_beats_are_those_of_the_metre_that_holds() -> None:
    metres = (TimeSignature(4, 4), TimeSignature(3, 4, 4 * 480))
    score = Score(length_ticks=12 * 480, time_signatures=metres)
    assert [q for q in range(11) if harmony.is_strong_beat(score, q * 480)] == [0, 2, 4, 7, 10]


@pytest.mark.parametrize("metre", ["4/4", "3/4", "2/4", "12/8", "6/8", "4/2"])
@pytest.mark.parametrize("pickup", [0, 1, 2, 3])
def test_all_strong_beats_are_those_found_one_by_one(metre: str, pickup: int) -> None:
    signature = TimeSignature.from_name(metre)
    upbeat = pickup * 480 if pickup * 480 < signature.bar_ticks(480) else 0
    later = upbeat + 3 * signature.bar_ticks(480)
    for metres in (
        (signature,),
        (signature, TimeSignature(4, 4, later)),
        (signature, TimeSignature(5, 4, later + 480)),
    ):
        score = Score(length_ticks=21 * 480, pickup_ticks=upbeat, time_signatures=metres)
        one_by_one = [tick for tick in range(0, score.length_ticks, 120) if harmony.is_strong_beat(score, tick)]
        assert harmony.strong_beats(score).tolist() == one_by_one
