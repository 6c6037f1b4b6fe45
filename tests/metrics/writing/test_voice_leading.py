"""Every rule just outside and just inside its bound.

The leading tone: what is a dominant chord, what leaves it unresolved, what doubles it, and what is nearly that.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from biaxial.metrics.writing import voice_leading
from biaxial.metrics.writing.slices import Slices
from biaxial.metrics.writing.voice_leading import (
    RULES,
    Fault,
    doubled_leading_tones,
    unresolved_leading_tones,
)
from biaxial.music.constants import VOICE_RANGES
from biaxial.music.score import Note, Score

Write = Callable[..., Score]
REST = None


def test_parallel_fifths(write: Write) -> None:
    assert voice_leading.parallel_fifths(write([67, 69], [60, 62])) == [Fault(480, (0, 1))]


@pytest.mark.parametrize(
    ("high", "low"),
    [
        pytest.param([67, 69], [48, 50], id="a twelfth and a twelfth"),
        pytest.param([67, 81], [60, 62], id="a fifth and a twelfth, both upwards"),
        pytest.param([67, 60], [60, 53], id="downwards, by a leap"),
        pytest.param([60, 62], [67, 69], id="between crossed voices"),
        pytest.param([(67, 0.5), (69, 0.5)], [(60, 0.5), (62, 0.5)], id="eighths"),
    ],
)
def test_fifths_that_are_parallel(write: Write, high: list[int], low: list[int]) -> None:
    score = write(high, low)
    assert len(voice_leading.parallel_fifths(score)) == 1
    assert not voice_leading.parallel_octaves(score)
    assert not voice_leading.contrary_perfects(score)


@pytest.mark.parametrize(
    ("high", "low"),
    [
        pytest.param([67, 68], [60, 62], id="a diminished fifth after"),
        pytest.param([66, 67], [60, 60], id="a diminished fifth before, held"),
        pytest.param([65, 67], [59, 60], id="a diminished fifth before"),
        pytest.param([68, 69], [60, 62], id="a sixth before: hidden"),
        pytest.param([67, 70], [60, 62], id="a sixth after"),
        pytest.param([67, 67], [60, 60], id="both repeated"),
        pytest.param([67, 67], [60, 48], id="one repeated"),
        pytest.param([67, REST, 69], [60, REST, 62], id="a rest between"),
        pytest.param([67, REST, 69], [60, (62, 2)], id="a rest in one voice"),
        pytest.param([67, 69], [60, (60, 0.5), (62, 0.5)], id="one moves later"),
        pytest.param([(67, 1), 69], [(60, 0.5), (61, 0.5), 62], id="a passing note between"),
        pytest.param([60, 62], [65, 67], id="fifths by letter, fourths by ear: crossed voices"),
        pytest.param([65, 67], [60, 62], id="fourths"),
    ],
)
def test_fifths_that_are_not_parallel(write: Write, high: list[int], low: list[int]) -> None:
    assert voice_leading.parallel_fifths(write(high, low)) == []


def test_fifths_by_contrary_motion_are_counted_apart(write: Write) -> None:
    score = write([67, 69], [60, 50])
    assert voice_leading.parallel_fifths(score) == []
    assert voice_leading.contrary_perfects(score) == [Fault(480, (0, 1))]
    assert voice_leading.contrary_perfects(write([72, 67], [48, 55])) == [Fault(480, (0, 1))]
    assert voice_leading.contrary_perfects(write([67, 69], [60, 51])) == []


def test_two_parallels_at_once_are_two_faults(write: Write) -> None:
    score = write([79, 81], [67, 69], [60, 62])
    assert voice_leading.parallel_fifths(score) == [Fault(480, (0, 2)), Fault(480, (1, 2))]
    assert voice_leading.parallel_octaves(score) == [Fault(480, (0, 1))]


@pytest.mark.parametrize(
    ("high", "low", "count"),
    [
        pytest.param([72, 74], [60, 62], 1, id="octaves"),
        pytest.param([72, 74], [48, 50], 1, id="two octaves"),
        pytest.param([60, 62], [60, 62], 1, id="unisons"),
        pytest.param([60, 74], [60, 62], 1, id="a unison and an octave, both upwards"),
        pytest.param([72, 74], [60, 61], 0, id="a minor ninth after"),
        pytest.param([72, 74], [61, 62], 0, id="a seventh before: hidden"),
        pytest.param([72, 72], [60, 60], 0, id="repeated"),
        pytest.param([72, 74], [60, 50], 0, id="contrary motion"),
        pytest.param([72, REST, 74], [60, REST, 62], 0, id="a rest between"),
    ],
)
def test_parallel_octaves(write: Write, high: list[int], low: list[int], count: int) -> None:
    score = write(high, low)
    assert len(voice_leading.parallel_octaves(score)) == count
    assert voice_leading.parallel_fifths(score) == []


@pytest.mark.parametrize(
    ("soprano", "bass", "fifths", "octaves"),
    [
        pytest.param([64, 67], [48, 60], 1, 0, id="a leap to a fifth"),
        pytest.param([65, 67], [53, 60], 0, 0, id="a step to a fifth"),
        pytest.param([72, 67], [65, 60], 0, 0, id="parallel fifths"),
        pytest.param([64, 68], [48, 60], 0, 0, id="a leap to a sixth"),
        pytest.param([64, 67], [67, 60], 0, 0, id="contrary motion"),
        pytest.param([64, 67], [60, 60], 0, 0, id="oblique motion"),
        pytest.param([67, 67], [48, 60], 0, 0, id="the soprano stays"),
        pytest.param([64, 79], [48, 60], 1, 0, id="a leap to a twelfth"),
        pytest.param([79, 72], [64, 48], 0, 1, id="a leap down to two octaves"),
        pytest.param([64, 67], [60, 67], 0, 1, id="a leap to a unison"),
        pytest.param([64, 66], [60, 66], 0, 0, id="a step of two semitones to a unison"),
        pytest.param([64, 67], [60, 66], 0, 0, id="a leap to a minor second"),
        pytest.param([64, REST, 67], [48, REST, 60], 0, 0, id="a rest between"),
        pytest.param([64, 67], [REST, 60], 0, 0, id="a rest before"),
    ],
)
def test_direct_fifths_and_octaves(
    write: Write, soprano: list[int], bass: list[int], fifths: int, octaves: int
) -> None:
    inner = [70, 71, 70][: len(soprano)]  # another chord each time
    score = write(soprano, inner, bass)
    assert voice_leading.direct_fifths(score) == [Fault(480, (0, 2))] * fifths
    assert voice_leading.direct_octaves(score) == [Fault(480, (0, 2))] * octaves


def test_direct_intervals_of_inner_voices_and_of_one_chord_are_good(write: Write) -> None:
    assert voice_leading.direct_fifths(write([72, 74], [64, 67], [48, 60], [47, 46])) == []
    assert voice_leading.direct_fifths(write([64, 67], [67, 64], [48, 60])) == []  # the same chord, voices moved
    assert voice_leading.direct_fifths(write([64, 67], [67, 65], [48, 60])) == [Fault(480, (0, 2))]
    assert voice_leading.direct_fifths(write([64, 67])) == voice_leading.direct_octaves(Score()) == []


def test_crossings(write: Write) -> None:
    assert voice_leading.crossings(write([67], [67])) == []
    assert voice_leading.crossings(write([67], [68])) == [Fault(0, (0, 1))]
    assert voice_leading.crossings(write([67, REST], [REST, 68])) == []


def test_a_crossing_is_counted_in_each_chord_and_each_pair(write: Write) -> None:
    assert [e.tick for e in voice_leading.crossings(write([67, 67, 66, 72], [(68, 3), 70]))] == [0, 960]
    found = voice_leading.crossings(write([60], [62], [64]))
    assert [fault.voices for fault in found] == [(0, 1), (0, 2), (1, 2)]


def test_overlaps(write: Write) -> None:
    assert voice_leading.overlaps(write([67, 72], [60, 68])) == [Fault(480, (0, 1))]
    assert voice_leading.overlaps(write([67, 72], [60, 67])) == []
    assert voice_leading.overlaps(write([67, 59], [60, 55])) == [Fault(480, (0, 1))]
    assert voice_leading.overlaps(write([67, 60], [60, 55])) == []
    assert voice_leading.overlaps(write([67, 66], [60, 68])) == []  # a crossing, counted there
    assert voice_leading.overlaps(write([67, REST, 72], [60, REST, 68])) == []


def test_spacing(write: Write) -> None:
    assert voice_leading.spacing(write([72], [60], [48], [29])) == []
    assert voice_leading.spacing(write([73], [60], [48], [36])) == [Fault(0, (0, 1))]
    assert voice_leading.spacing(write([72], [61], [48], [36])) == [Fault(0, (1, 2))]
    assert voice_leading.spacing(write([73], [REST], [48], [36])) == []
    assert voice_leading.spacing(write([72], [60], [48], [29]), widest=(12, 12, 18)) == [Fault(0, (2, 3))]
    assert len(voice_leading.spacing(write([73, 73, 74], [60, 60, 60]))) == 2  # chords, not strikes


@pytest.mark.parametrize(
    ("size", "count"), [(6, 0), (9, 0), (10, 1), (11, 1), (12, 0), (13, 1), (17, 1), (22, 1), (24, 1)]
)
@pytest.mark.parametrize("direction", [1, -1])
def test_leaps(write: Write, size: int, count: int, direction: int) -> None:
    score = write([72, 72], [48, 48 + direction * size])
    assert voice_leading.leaps(score) == [Fault(480, (1,))] * count


def test_leaps_across_a_rest_and_in_several_steps_are_none(write: Write) -> None:
    assert voice_leading.leaps(write([60, REST, 74], [(48, 3)])) == []
    assert voice_leading.leaps(write([60, 67, 74])) == []
    assert voice_leading.leaps(write([60, 74], [50, 40])) == [Fault(480, (0,)), Fault(480, (1,))]
    # what other voices do in the meantime makes no difference
    assert voice_leading.leaps(write([(60, 2), 70], [50, 52, 53])) == [Fault(960, (0,))]


@pytest.mark.parametrize("voice", range(4))
def test_out_of_range(voice: int) -> None:
    low, high = VOICE_RANGES[voice]
    for pitch, count in ((low, 0), (low - 1, 1), (high, 0), (high + 1, 1)):
        score = Score((Note(240, 240, pitch, voice), Note(480, 240, pitch, voice)))
        faults = voice_leading.out_of_range(score)
        assert faults == [Fault(240, (voice,)), Fault(480, (voice,))][: 2 * count]
        assert voice_leading.out_of_range(Slices.from_score(score)) == faults


def test_rates_are_per_hundred_chord_changes(write: Write) -> None:
    rates = voice_leading.rates(write([67, 69, 69, 70, 71], [60, 62, 62, (62, 2)]))
    assert rates["parallel_fifths"] == pytest.approx(100 / 3)
    assert set(rates) == set(voice_leading.RULES)
    assert sum(rates.values()) == rates["parallel_fifths"]
    assert math.isnan(voice_leading.rates(write([67, 67], [60, 60]))["crossings"])


def test_a_slice_view_and_its_score_say_the_same(write: Write) -> None:
    score = write([67, 69, 60, 80], [60, 62, 64, 60], [53, 55, 57, 40], [41, 43, 59, 36])
    found = voice_leading.faults(score)
    assert found == voice_leading.faults(Slices.from_score(score))
    assert all(
        found[rule] for rule in ("parallel_fifths", "crossings", "spacing", "leaps", "out_of_range", "parallel_octaves")
    )


def test_music_without_notes_breaks_no_rule() -> None:
    assert not any(voice_leading.faults(Score(length_ticks=960)).values())


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
