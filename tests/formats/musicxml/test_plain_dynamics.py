"""What MusicXML says of loudness, note by note."""

from __future__ import annotations

from pathlib import Path

import pytest

from biaxial.formats.interop.other_libraries import from_music21
from biaxial.formats.musicxml.plain_dynamics import percent
from biaxial.formats.read import read_score

NOTE = "<note{0}><pitch><step>C</step><octave>{1}</octave></pitch><duration>{2}</duration>{3}</note>"
ACCENT = "<notations><articulations><accent/></articulations></notations>"


def note(octave: int = 4, duration: int = 1, inside: str = "", attributes: str = "") -> str:
    return NOTE.format(attributes, octave, duration, inside)


def direction(kind: str, after: str = "") -> str:
    return f"<direction><direction-type>{kind}</direction-type>{after}</direction>"


def mark(name: str, after: str = "") -> str:
    return direction(f"<dynamics><{name}/></dynamics>", after)


def wedge(kind: str) -> str:
    return direction(f'<wedge type="{kind}"/>')


def document(*bars: str) -> str:
    head = "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
    measures = "".join(
        f'<measure number="{n}">{head if n == 1 else ""}{bar}</measure>' for n, bar in enumerate(bars, 1)
    )
    listed = '<part-list><score-part id="P1"><part-name>A</part-name></score-part></part-list>'
    return f'<score-partwise version="4.0">{listed}<part id="P1">{measures}</part></score-partwise>'


def heard(folder: Path, *bars: str) -> list[int | None]:
    (folder / "a.musicxml").write_text(document(*bars))
    return [note.velocity for note in read_score(folder / "a.musicxml").notes]


def test_a_mark_holds_over_bars_and_nothing_is_known_before(tmp_path: Path) -> None:
    found = heard(tmp_path, note() + mark("p") + note() * 3, note() * 2 + mark("ff") + note() * 2)
    assert found == [None, 49, 49, 49, 49, 49, 112, 112]


def test_a_hairpin_goes_over_the_bar_line_to_its_mark(tmp_path: Path) -> None:
    first = mark("p") + wedge("crescendo") + note() * 4
    assert heard(tmp_path, first, wedge("stop") + mark("f") + note() * 4) == [49, 61, 72, 84, 96, 96, 96, 96]


def test_an_accent_is_a_step_and_belongs_to_its_chord_alone(tmp_path: Path) -> None:
    chord = note(inside=ACCENT) + note(5).replace("<pitch>", "<chord/><pitch>")
    other = "<backup><duration>1</duration></backup>" + note(3) + note()
    assert heard(tmp_path, mark("p") + chord + other) == [49, 65, 65, 49]


def test_what_is_played_goes_before_what_is_printed(tmp_path: Path) -> None:
    found = heard(tmp_path, mark("p", '<sound dynamics="100"/>') + note() + '<sound dynamics="50"/>' + note())
    assert found == [90, 45]
    assert heard(tmp_path, mark("p") + note(attributes=' dynamics="70"') + note(attributes=' dynamics="x"')) == [63, 49]


def test_a_stress_is_one_note_also_where_a_program_says_how_loud_it_plays_it(tmp_path: Path) -> None:
    sound = '<sound dynamics="124.44"/>'
    assert heard(tmp_path, mark("p") + note() + mark("sf", sound) + note() * 2) == [49, 65, 49]
    assert heard(tmp_path, mark("p") + note() + mark("fp", sound) + note() * 2) == [49, 96, 49]


def test_a_mark_may_stand_later_than_where_it_is_written(tmp_path: Path) -> None:
    found = heard(tmp_path, mark("p") + mark("f", "<offset>2</offset>") + note() * 4)
    assert found == [49, 49, 96, 96]


def test_tied_notes_are_as_loud_as_where_they_begin(tmp_path: Path) -> None:
    tied = note(inside='<tie type="start"/>') + mark("f") + note(inside='<tie type="stop"/>')
    assert heard(tmp_path, mark("p") + tied + note()) == [49, 96]


@pytest.mark.parametrize("velocity", range(1, 128))
def test_percent_has_every_velocity(velocity: int, tmp_path: Path) -> None:
    assert heard(tmp_path, note(attributes=f' dynamics="{percent(velocity)}"')) == [velocity]


def test_an_object_of_music21_says_the_same() -> None:
    from music21 import converter

    first = mark("p") + note() + note(inside=ACCENT) + mark("f") + note() * 2
    stream = converter.parse(document(first), format="musicxml")
    assert [n.velocity for n in from_music21(stream).notes] == [49, 65, 96, 96]
