"""The leading tone: what is a dominant chord, what leaves it unresolved, what doubles it, and what is nearly that."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from biaxial.metrics.writing.faults import Fault
from biaxial.metrics.writing.leading_tone import doubled_leading_tones, unresolved_leading_tones
from biaxial.metrics.writing.voice_leading import RULES
from biaxial.music.score import Score

Write = Callable[..., Score]
Chord = tuple[int | None, ...]

C: Chord = (72, 67, 64, 48)
F: Chord = (72, 69, 65, 53)
IN_C: tuple[Chord, ...] = (C, F, (74, 65, 62, 55), C)  # no leading tone, but the key is there
V: Chord = (71, 67, 62, 55)
V7: Chord = (71, 65, 62, 55)


def in_c(write: Write, *chords: Chord, around: bool = True) -> Score:
    """Chords of a quarter each, after four quarters in C major and before four more, or alone."""
    frame = IN_C if around else ()
    lines = zip(*frame, *chords, *frame, strict=True)
    return write(*(list(line) for line in lines))


def unresolved(write: Write, *chords: Chord) -> list[Fault]:
    return unresolved_leading_tones(in_c(write, *chords))


def test_the_frame_has_no_faults(write: Write) -> None:
    score = in_c(write, C, C)
    assert unresolved_leading_tones(score) == doubled_leading_tones(score) == []


@pytest.mark.parametrize("before", [V, V7, (71, 65, 62, 62), (71, 65, 68, 62), (71, 69, 65, 62), (71, 67, 65, 55)])
@pytest.mark.parametrize("mode", [0, -1])
def test_the_soprano_rises_to_the_tonic_or_not(write: Write, before: Chord, mode: int) -> None:
    third = 64 + mode
    assert unresolved(write, before, (72, 67, third, 48)) == []
    assert unresolved(write, before, (67, 72, third, 48)) == [Fault(5 * 480, (0,))]
    assert unresolved(write, before, (76 + mode, 67, 72, 48)) == [Fault(5 * 480, (0,))]
    assert unresolved(write, before, (60, 67, third, 48)) == [Fault(5 * 480, (0,))]  # the tonic, but an octave below


def test_the_bass_is_an_outer_voice_and_inner_voices_are_free(write: Write) -> None:
    assert unresolved(write, (74, 67, 62, 47), (72, 67, 64, 48)) == []
    assert unresolved(write, (74, 67, 62, 47), (72, 67, 64, 52)) == [Fault(5 * 480, (3,))]
    assert unresolved(write, (74, 71, 67, 55), (72, 67, 64, 48)) == []
    assert unresolved(write, (79, 74, 71, 55), (79, 72, 67, 48)) == []


@pytest.mark.parametrize(
    "after",
    [
        pytest.param((69, 69, 64, 57), id="the submediant"),
        pytest.param((69, 69, 65, 53), id="the subdominant"),
        pytest.param((67, 70, 64, 48), id="a seventh on the tonic"),
        pytest.param((67, 67, 60, 48), id="no third"),
        pytest.param((None, 67, 64, 48), id="a rest"),
    ],
)
def test_without_the_tonic_nothing_is_asked_for(write: Write, after: Chord) -> None:
    assert unresolved(write, V, after) == []


def test_a_passing_note_between_hides_it(write: Write) -> None:
    score = write(
        [*(chord[0] for chord in IN_C), (71, 0.5), (69, 0.5), 67],
        [*(chord[1] for chord in IN_C), 67, 72],
        [*(chord[2] for chord in IN_C), 62, 64],
        [*(chord[3] for chord in IN_C), 55, 48],
    )
    assert unresolved_leading_tones(score) == []


@pytest.mark.parametrize(
    ("chord", "doubling"),
    [
        pytest.param((71, 67, 64, 52), (71, 67, 59, 52), id="E minor"),
        pytest.param((71, 67, 62, 60), (71, 67, 59, 60), id="the tonic in it"),
        pytest.param((71, 69, 67, 62), (71, 69, 67, 47), id="a ninth that is none of ours"),
        pytest.param((70, 67, 62, 55), (70, 67, 62, 58), id="G minor, its third"),
        pytest.param((71, 67, 67, 55), (71, 67, 59, 55), id="no fifth"),
    ],
)
def test_other_chords_have_no_leading_tone(write: Write, chord: Chord, doubling: Chord) -> None:
    assert unresolved(write, chord, (67, 72, 64, 48)) == []
    assert doubled_leading_tones(in_c(write, doubling)) == []


def test_a_triad_is_a_dominant_only_in_its_key(write: Write) -> None:
    one_to_four = (C, (69, 69, 65, 53))  # E falls, but this is I - IV
    assert unresolved(write, (76, 72, 67, 48), (72, 69, 65, 53)) == []
    assert unresolved(write, *one_to_four) == []
    in_f = write(
        *(
            list(line)
            for line in zip((77, 72, 69, 53), (74, 70, 65, 58), (76, 72, 67, 48), (72, 69, 65, 53), strict=True)
        )
    )
    assert unresolved_leading_tones(in_f) == [Fault(3 * 480, (0,))]


def test_an_applied_dominant_has_the_tritone(write: Write) -> None:
    assert unresolved(write, (76, 70, 67, 48), (72, 69, 65, 53)) == [Fault(5 * 480, (0,))]  # C7 - F
    assert unresolved(write, (76, 70, 67, 48), (77, 69, 65, 53)) == []
    assert unresolved(write, (76, 70, 67, 48), (74, 69, 65, 50)) == []  # C7 - D minor: not its tonic


def test_a_doubled_leading_tone(write: Write) -> None:
    assert doubled_leading_tones(in_c(write, V)) == []
    assert doubled_leading_tones(in_c(write, (71, 67, 62, 47))) == [Fault(4 * 480, (0, 3))]
    assert doubled_leading_tones(in_c(write, (74, 67, 59, 59))) == [Fault(4 * 480, (2, 3))]  # in unison
    assert doubled_leading_tones(in_c(write, (71, 65, 62, 47))) == [Fault(4 * 480, (0, 3))]  # diminished, its root
    assert doubled_leading_tones(in_c(write, (77, 65, 62, 47))) == []  # its fifth
    assert doubled_leading_tones(in_c(write, (71, 67, 55, 50))) == []  # the root of the dominant


def test_three_leading_tones_are_three_pairs(write: Write) -> None:
    five = (79, 74, 71, 59, 47)
    score = write(*(list(line) for line in zip(*((*chord, 36) for chord in IN_C), five, strict=True)))
    assert [fault.voices for fault in doubled_leading_tones(score)] == [(2, 3), (2, 4), (3, 4)]


def test_a_triad_with_a_doubled_third_is_good_where_it_is_no_dominant(write: Write) -> None:
    assert doubled_leading_tones(in_c(write, (76, 67, 60, 52))) == []  # I with two thirds
    assert doubled_leading_tones(in_c(write, (77, 69, 60, 57))) == []  # IV with two thirds
    assert doubled_leading_tones(in_c(write, (76, 70, 67, 52), F)) == [Fault(4 * 480, (0, 3))]  # V7 of IV
    assert doubled_leading_tones(in_c(write, (76, 70, 67, 52), C)) == []  # goes nowhere that makes it one


@pytest.mark.parametrize("semitones", range(-5, 7))
def test_every_key_is_alike(write: Write, semitones: int) -> None:
    score = in_c(write, V7, (67, 72, 64, 48), (71, 67, 62, 47), C).transposed(semitones)
    assert unresolved_leading_tones(score) == [Fault(5 * 480, (0,))]
    assert doubled_leading_tones(score) == [Fault(6 * 480, (0, 3))]


def test_the_rules_are_among_the_others(write: Write) -> None:
    assert RULES["unresolved_leading_tones"] is unresolved_leading_tones
    assert RULES["doubled_leading_tones"] is doubled_leading_tones
    assert unresolved_leading_tones(Score(length_ticks=960)) == doubled_leading_tones(Score()) == []
