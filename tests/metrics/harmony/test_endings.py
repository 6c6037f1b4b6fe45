"""How pieces end; the four cadences, in every key, and endings that miss one of their conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from biaxial.metrics.harmony import endings as harmony
from biaxial.metrics.harmony.endings import KINDS, Cadence, Close, cadence_shares, cadences, closes
from biaxial.metrics.writing.slices import Slices
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


Chord = tuple[int | None, ...]

C: Chord = (72, 67, 64, 48)
C_MINOR: Chord = (72, 67, 63, 48)
F: Chord = (72, 69, 65, 53)
F_MINOR: Chord = (72, 68, 65, 53)
G: Chord = (71, 67, 62, 55)
G7: Chord = (71, 65, 62, 55)
G_MINOR: Chord = (70, 67, 62, 55)
A_MINOR: Chord = (72, 69, 64, 57)
A_FLAT: Chord = (72, 68, 63, 56)
B_DIMINISHED: Chord = (74, 71, 65, 50)
D7: Chord = (72, 69, 66, 50)
D_MINOR: Chord = (74, 69, 65, 50)


def phrase(write: Write, *chords: Chord) -> Score:
    """A chord on each quarter; the fermata is on the last one."""
    lines = (list(line) for line in zip(*chords, strict=True))
    return write(*lines, fermatas=((len(chords) - 1) * 480,))


def kind(score: Score) -> str | None:
    (cadence,) = cadences(score)
    return cadence.kind


@pytest.mark.parametrize("semitones", range(-5, 7))
@pytest.mark.parametrize(
    ("chords", "expected"),
    [
        pytest.param([C, F, C, G, C], "authentic", id="V I"),
        pytest.param([C, F, C, G7, C], "authentic", id="V7 I"),
        pytest.param([C, F, C, B_DIMINISHED, C], "authentic", id="vii I"),
        pytest.param([C_MINOR, F_MINOR, C_MINOR, G, C_MINOR], "authentic", id="V i"),
        pytest.param([C_MINOR, F_MINOR, C_MINOR, G, C], "authentic", id="V I in minor"),
        pytest.param([C, F, C, F, C, G], "half", id="I V"),
        pytest.param([C_MINOR, F_MINOR, C_MINOR, F_MINOR, G], "half", id="iv V"),
        pytest.param([C, G, C, F, C], "plagal", id="IV I"),
        pytest.param([C_MINOR, G, C_MINOR, F_MINOR, C_MINOR], "plagal", id="iv i"),
        pytest.param([C, F, C, G7, A_MINOR], "deceptive", id="V7 vi"),
        pytest.param([C_MINOR, F_MINOR, C_MINOR, G7, A_FLAT], "deceptive", id="V7 VI"),
    ],
)
def test_each_cadence_in_each_key(write: Write, chords: list[Chord], expected: str, semitones: int) -> None:
    score = phrase(write, *chords).transposed(semitones)
    assert kind(score) == expected
    shares = cadence_shares(score)
    assert shares == {name: float(name == expected) for name in KINDS}
    assert cadences(Slices.from_score(score)) == cadences(score)


@pytest.mark.parametrize(
    "chords",
    [
        pytest.param([C, F, C, G, (72, 67, 64, 52)], id="V I6"),
        pytest.param([C, F, C, G_MINOR, C], id="v I"),
        pytest.param([C, F, C, D_MINOR, C], id="ii I"),
        pytest.param([C, F, C, F, A_MINOR], id="IV vi"),
        pytest.param([C, G7, C, C, (71, 67, 62, 59)], id="V6 at the end"),
        pytest.param([C, F, C, G, F], id="V IV"),
        pytest.param([G7, C, C, C, C], id="nothing but the tonic"),
    ],
)
def test_other_endings_are_none(write: Write, chords: list[Chord]) -> None:
    assert kind(phrase(write, *chords)) is None


def test_an_applied_dominant_makes_a_cadence_of_its_own_key(write: Write) -> None:
    assert kind(phrase(write, C, F, C, D7, G)) == "authentic"
    assert kind(phrase(write, G7, C, G7, C, F)) is None  # I - IV is no V - I
    assert kind(phrase(write, C, G7, C, (70, 67, 64, 48), F)) == "authentic"


def test_the_chord_before_is_the_last_with_another_root(write: Write) -> None:
    assert kind(phrase(write, C, F, G7, C, C)) == "authentic"
    assert kind(phrase(write, C, F, G, F, C, C)) == "plagal"
    assert kind(phrase(write, G7, C, (None,) * 4, C)) == "authentic"


def test_a_suspension_over_the_last_chord_does_not_hide_it(write: Write) -> None:
    score = write(
        [72, 72, 72, 71, (72, 2)],
        [67, 69, 67, 67, (67, 2)],
        [64, 65, 64, 65, (65, 1), (64, 1)],
        [48, 53, 48, 55, (48, 2)],
        fermatas=(4 * 480,),
    )
    assert kind(score) == "authentic"


def test_the_last_chord_is_that_of_the_highest_note(write: Write) -> None:
    score = write(
        [72, 72, 72, 71, (72, 1), 67],
        [67, 69, 67, 67, (67, 1), 62],
        [64, 65, 64, 62, (64, 1), 59],
        [48, 53, 48, 55, (48, 1), 55],
        fermatas=(4 * 480,),
    )
    assert kind(score) == "authentic"  # what follows is not looked at


def test_phrase_ends_are_counted_one_by_one(write: Write) -> None:
    lines = (list(line) for line in zip(C, F, C, G7, C, F, C, G, strict=True))
    score = write(*lines, fermatas=(4 * 480, 7 * 480))
    assert cadences(score) == [Cadence(4 * 480, "authentic"), Cadence(7 * 480, "half")]
    assert cadence_shares(score) == {"authentic": 0.5, "half": 0.5, "plagal": 0, "deceptive": 0}


@pytest.mark.parametrize("fermatas", [None, ()])
def test_without_phrase_ends_there_is_no_share(write: Write, fermatas: tuple[int, ...] | None) -> None:
    score = replace(phrase(write, C, F, G, C), fermatas=fermatas)
    assert cadences(score) == []
    assert all(math.isnan(share) for share in cadence_shares(score).values())


def test_a_fermata_over_silence_or_at_the_beginning_is_no_cadence(write: Write) -> None:
    score = replace(phrase(write, C, F, G, C), length_ticks=4800, fermatas=(0, 3 * 480, 4000))
    assert cadences(score) == [Cadence(0, None), Cadence(3 * 480, "authentic")]


def test_voices_are_not_needed(write: Write) -> None:
    score = phrase(write, C, F, C, G7, C)
    assert kind(replace(score, notes=tuple(replace(note, voice=None) for note in score.notes))) == "authentic"


def test_an_authentic_close_is_in_the_key_of_its_last_chord(write: Write) -> None:
    (away,) = closes(phrase(write, C, F, C, F, C, D7, G))
    assert away == Close(6 * 480, "authentic", 7, False)
    (home,) = closes(phrase(write, C_MINOR, F_MINOR, C_MINOR, G, C_MINOR))
    assert home == Close(4 * 480, "authentic", 0, True)


def test_the_music_that_tells_the_key_of_a_close_can_be_longer(write: Write) -> None:
    score = phrase(write, C, F, C, F, G, G, D_MINOR, G)
    assert closes(score) == [Close(7 * 480, None, 7, False)]
    assert closes(score, 8) == [Close(7 * 480, "half", 0, False)]
