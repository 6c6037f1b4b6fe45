"""Names of instruments and of ensembles."""

from __future__ import annotations

import pytest

from biaxial.music.errors import InputError
from biaxial.music.performance.instruments import ENSEMBLES, SEATS, read_instruments, seats_of, short_title


def test_names_and_ensembles_are_read() -> None:
    assert read_instruments("Violin, violin,viola,cello") == read_instruments("quartet") == ENSEMBLES["quartet"]
    assert read_instruments("flute,brass") == ("flute", *ENSEMBLES["brass"])
    for names in ENSEMBLES.values():
        assert set(names) <= set(SEATS)
        assert len(names) == 4


def test_titles_are_short_before_later_staves() -> None:
    assert [short_title(seat.title) for seat in seats_of(("violin", "violin", "viola", "cello"))] == [
        "Vln. 1",
        "Vln. 2",
        "Vla.",
        "Vc.",
    ]
    assert all(short_title(seat.title).endswith(".") for name, seat in SEATS.items() if name != "choir")
    assert short_title("Soprano") == "S"


def test_two_of_a_kind_have_numbers() -> None:
    seats = seats_of(ENSEMBLES["quartet"])
    assert [seat.title for seat in seats] == ["Violin 1", "Violin 2", "Viola", "Violoncello"]
    assert [seat.clef for seat in seats] == ["treble", "treble", "alto", "bass"]


def test_programs_are_general_midi_and_none_is_there_twice() -> None:
    programs = [seat.preset.program for seat in SEATS.values()]
    assert len(set(programs)) == len(programs)
    assert (SEATS["violin"].preset.program, SEATS["viola"].preset.program, SEATS["cello"].preset.program) == (
        40,
        41,
        42,
    )


def test_ranges_are_those_of_the_open_strings_upwards_and_bows_hold_two_notes() -> None:
    lowest = {name: SEATS[name].lowest for name in ("violin", "viola", "cello")}
    assert lowest == {"violin": 55, "viola": 48, "cello": 36}
    assert [name for name, seat in SEATS.items() if (seat.at_once, seat.span) == (2, 12)] == [*lowest, "contrabass"]
    assert all(seat.lowest + 24 <= seat.highest for seat in SEATS.values())
    assert [name for name, seat in SEATS.items() if seat.has_keys] == ["harp", "harpsichord", "piano", "organ"]
    assert {SEATS[name].at_once for name in (*ENSEMBLES["winds"], *ENSEMBLES["brass"])} == {1}


@pytest.mark.parametrize("text", ["kazoo", "violin,kazoo"])
def test_what_is_unknown_is_named(text: str) -> None:
    with pytest.raises(InputError, match="no instrument 'kazoo'; there are violin, viola"):
        read_instruments(text)
    with pytest.raises(InputError, match="names no instrument"):
        read_instruments(" , ")
