"""Levels, marks, hairpins and accents as velocities, and velocities as marks."""

from __future__ import annotations

import random

import pytest

from biaxial.music.performance.dynamics import (
    LEVELS,
    VELOCITIES,
    DynamicMarks,
    level_of,
    louder,
    velocity_of,
    without_default,
    written_dynamics,
)
from biaxial.music.score import Note

Q = 480


def line(*velocities: int | None) -> list[Note]:
    return [Note(place * Q, Q, 60, 0, velocity) for place, velocity in enumerate(velocities)]


def marked(*events: tuple[int, str]) -> DynamicMarks:
    """Marks at quarter notes: names of levels, ``<``, ``>``, ``]`` for the end of a hairpin, words."""
    marks = DynamicMarks()
    for quarter, what in events:
        if what in "<>":
            marks.open(quarter * Q, grows=what == "<")
        elif what == "]":
            marks.close(quarter * Q)
        elif "." in what:
            marks.word(quarter * Q, what)
        else:
            marks.mark(quarter * Q, what)
    return marks


def heard(marks: DynamicMarks, quarters: int) -> list[int | None]:
    return marks.velocities([place * Q for place in range(quarters)])


def test_levels_have_velocities_and_every_velocity_a_level() -> None:
    assert [velocity_of(name) for name in LEVELS] == list(VELOCITIES)
    assert [LEVELS[level_of(velocity)] for velocity in VELOCITIES] == list(LEVELS)
    levels = [level_of(velocity) for velocity in range(1, 128)]
    assert levels == sorted(levels)
    assert set(levels) == set(range(8))
    assert (velocity_of("pppp"), velocity_of("ffff"), velocity_of("dolce")) == (16, 126, None)


def test_a_step_leads_to_the_next_level_and_stays_in_bounds() -> None:
    assert [level_of(louder(velocity)) for velocity in VELOCITIES] == [1, 2, 3, 4, 5, 6, 7, 7]
    assert (louder(127), louder(5, -1), louder(None)) == (127, 1, 96)


def test_a_mark_holds_until_the_next_and_nothing_is_known_before_it() -> None:
    assert heard(marked((1, "p"), (3, "ff")), 5) == [None, 49, 49, 112, 112]


def test_a_hairpin_is_a_line_to_the_mark_at_its_end() -> None:
    assert heard(marked((0, "p"), (0, "<"), (4, "]"), (4, "f")), 6) == [49, 61, 72, 84, 96, 96]
    assert heard(marked((0, "p"), (0, "<"), (2, "]"), (4, "f")), 6) == [49, 72, 96, 96, 96, 96]


def test_a_hairpin_without_a_mark_that_it_leads_to_is_a_step() -> None:
    assert heard(marked((0, "f"), (0, ">"), (2, "]")), 4) == [96, 88, 80, 80]
    assert heard(marked((0, "f"), (0, ">"), (2, "]"), (3, "ff")), 4) == [96, 88, 80, 112]  # it would lead elsewhere
    assert heard(marked((1, "<"), (3, "]")), 4) == [None, 80, 88, 96]


def test_words_go_on_to_the_next_mark() -> None:
    assert heard(marked((0, "p"), (1, "cresc. poco"), (3, "f")), 5) == [49, 49, 72, 96, 96]
    assert heard(marked((0, "f"), (1, "Dim."), (3, "p")), 5) == [96, 96, 72, 49, 49]
    assert heard(marked((0, "f"), (1, "espr.")), 3) == [96] * 3


def test_stressed_marks_are_accents_and_some_go_on_softly() -> None:
    assert heard(marked((0, "p"), (1, "sfz")), 3) == [49, 65, 49]
    assert heard(marked((0, "p"), (1, "fp")), 3) == [49, 96, 49]


def test_notes_keep_velocities_of_their_own() -> None:
    assert [note.velocity for note in marked((0, "p")).heard(line(None, 3, None))] == [49, 3, 49]
    notes = line(None, 3)
    assert DynamicMarks().heard(notes) == notes


def test_marks_are_written_where_levels_change_and_accents_where_one_note_is_louder() -> None:
    written = written_dynamics(line(49, 52, 65, 49, 96, 92, None, 33))
    assert written.levels == {0: "p", 4 * Q: "f", 7 * Q: "pp"}
    assert written.accents == {2 * Q}
    chord = [Note(0, Q, 60, velocity=40), Note(0, Q, 64, velocity=96)]
    assert written_dynamics(chord).levels == {0: "f"}


def test_nothing_is_written_of_music_without_velocities_or_with_one_that_no_mark_has() -> None:
    for velocities in ((None, None), (100, 100, 100), ()):
        written = written_dynamics(line(*velocities))
        assert not written.levels
        assert not written.accents
    assert written_dynamics(line(96, 96)).levels == {0: "f"}


@pytest.mark.parametrize("seed", range(20))
def test_levels_that_are_written_are_read_as_they_were(seed: int) -> None:
    draw = random.Random(seed)
    notes = line(*(draw.choice(VELOCITIES) for _ in range(30)))
    written = written_dynamics(notes)
    marks = DynamicMarks(accents=set(written.accents))
    for tick, name in written.levels.items():
        marks.mark(tick, name)
    found = marks.velocities([note.onset_ticks for note in notes])
    assert [level_of(v or 0) for v in found] == [level_of(note.velocity or 0) for note in notes]


def test_a_file_of_one_default_says_nothing() -> None:
    assert without_default(line(80, 80)) == tuple(line(None, None))
    assert without_default(line(80, 81)) == tuple(line(80, 81))
