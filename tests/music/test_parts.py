from __future__ import annotations

from dataclasses import replace

import pytest

from biaxial.music.parts import VoiceCosts, assign_voices, erase_voices
from biaxial.music.score import Note, Score

Tone = int | None | tuple[int | None, float]


def write(*lines: list[Tone]) -> Score:
    """Voices from the top; a tone is a pitch, or a pitch or rest with its quarters."""
    notes = []
    for voice, line in enumerate(lines):
        tick = 0
        for tone in line:
            pitch, quarters = tone if isinstance(tone, tuple) else (tone, 1)
            if pitch is not None:
                notes.append(Note(tick, round(quarters * 480), pitch, voice))
            tick += round(quarters * 480)
    return Score(tuple(notes))


def facts(score: Score) -> list[tuple[int, int, int]]:
    return sorted((note.onset_ticks // 480, note.end_ticks // 480, note.pitch) for note in score.notes)


CHORALE = write(
    [72, 72, 71, (72, 3)],
    [67, 69, 67, (67, 1), (65, 1), (64, 1)],
    [64, (65, 2), 64, 62, 60],
    [48, 53, 55, (48, 3)],
)


def test_erasing_leaves_one_key_for_each_pitch() -> None:
    erased = erase_voices(write([60, 62], [(60, 2)], [(55, 2)]))
    assert facts(erased) == [(0, 2, 55), (0, 2, 60), (1, 2, 62)]
    assert {note.voice for note in erased.notes} == {None}


def test_erasing_ends_a_held_note_where_its_pitch_is_struck() -> None:
    assert facts(erase_voices(write([(60, 4)], [62, 60]))) == [(0, 1, 60), (0, 1, 62), (1, 4, 60)]
    assert facts(erase_voices(write([(60, 1)], [62, 60]))) == [(0, 1, 60), (0, 1, 62), (1, 2, 60)]  # only touching


def test_erasing_twice_is_erasing_once() -> None:
    erased = erase_voices(CHORALE)
    assert erase_voices(erased) == erased


def test_a_chorale_gets_its_voices_back() -> None:
    assert assign_voices(erase_voices(CHORALE)) == CHORALE


def test_the_voices_that_are_there_are_not_looked_at() -> None:
    wrong = replace(CHORALE, notes=tuple(replace(note, voice=3 - (note.voice or 0)) for note in CHORALE.notes))
    assert assign_voices(wrong) == CHORALE


def test_a_unison_is_doubled_by_the_nearest_voices() -> None:
    score = write([72, 72, 72], [67, 65, 67], [60, 65, 60], [48, 48, 48])
    assert assign_voices(erase_voices(score)) == score
    low = write([72, 72, 72], [67, 67, 67], [56, 50, 56], [48, 50, 48])
    assert assign_voices(erase_voices(low)) == low


def test_a_voice_leaves_a_unison_that_the_other_one_holds() -> None:
    score = write([72, 72], [(67, 2)], [67, 60], [48, 48])
    assert assign_voices(erase_voices(score)) == score


def test_a_held_note_stays_in_its_voice_though_another_passes_it() -> None:
    score = write([72, 69], [(67, 2)], [64, 71], [48, 48])  # tenor leaps over alto: costs less than any exchange
    voiced = assign_voices(erase_voices(score))
    assert [note.voice for note in voiced.notes if note.pitch == 67] == [1]
    assert len({(note.onset_ticks, note.pitch) for note in voiced.notes}) == len(erase_voices(score).notes)


def test_voices_do_not_cross_without_need() -> None:
    voiced = assign_voices(erase_voices(write([67, 72], [72, 67])), num_voices=2)
    assert [(note.pitch, note.voice) for note in voiced.notes] == [(72, 0), (67, 1)] * 2


def test_voices_that_had_to_cross_part_again_if_crossing_costs() -> None:
    alto: list[Tone] = [67, 67, (67, 2), 67, 67, 67]
    tenor: list[Tone] = [60, 60, 60, 71, 71, 71, 71]
    erased = erase_voices(write([74] * 7, alto, tenor, [48] * 7))

    def tenor_line(costs: VoiceCosts) -> list[int]:
        return [note.pitch for note in assign_voices(erased, costs=costs).voice_notes(2)]

    assert tenor_line(VoiceCosts(crossing=0)) == [60, 60, 60, 71, 71, 71, 71]
    assert tenor_line(VoiceCosts()) == [60, 60, 60, 71, 67, 67, 67]


def test_a_missing_voice_rests_rather_than_joins_a_held_note() -> None:
    score = write([(72, 2)], [(67, 2)], [(60, 2)], [48, (None, 1)])
    assert assign_voices(erase_voices(score)) == score


def test_rests_are_dearer_than_unisons_by_default_only() -> None:
    three = erase_voices(write([72], [67], [60]))
    assert len(assign_voices(three).notes) == 4
    assert len(assign_voices(three, costs=VoiceCosts(rest=0)).notes) == 3


def test_a_voice_goes_on_from_where_it_was_before_a_rest() -> None:
    rest: Tone = (None, 1)
    score = write([72, 72, 72, 72, rest, 72], [68, 68, 68, 61, rest, 58], [55, 55, 55, 55, rest, 58])
    assert assign_voices(erase_voices(score), 3) == score  # the middle voice was low last, though mostly near the top


@pytest.mark.parametrize("num_voices", [1, 2, 5])
def test_other_numbers_of_voices(num_voices: int) -> None:
    lines: list[list[Tone]] = [[80 - 7 * voice, 81 - 7 * voice, 80 - 7 * voice] for voice in range(num_voices)]
    score = write(*lines)
    assert assign_voices(erase_voices(score), num_voices) == score


def test_too_many_pitches_are_refused_where_they_sound() -> None:
    five = Score(tuple(Note(480, 480, pitch) for pitch in (48, 55, 60, 64, 72)))
    with pytest.raises(ValueError, match="5 pitches sound at once at tick 480"):
        assign_voices(five)
    assert assign_voices(five, 5).num_voices == 5
    with pytest.raises(ValueError, match="not 6"):
        assign_voices(five, 6)


def test_music_without_notes_stays_as_it_is() -> None:
    assert assign_voices(Score(length_ticks=480)) == Score(length_ticks=480)
