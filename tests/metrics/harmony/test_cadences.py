"""The four cadences, in every key, and endings that miss one of their conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from biaxial.metrics.harmony.endings import KINDS, Cadence, Close, cadence_shares, cadences, closes
from biaxial.metrics.writing.slices import Slices
from biaxial.music.score import Score

Write = Callable[..., Score]
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
