"""Notes that were exported shorter than they are written."""

from __future__ import annotations

from fractions import Fraction

import pytest

from biaxial.music.note_ends import are_on_grid, common_share, lengthened
from biaxial.music.parts import Part
from biaxial.music.score import Note

Q = 480


def part(*notes: tuple[int, int]) -> Part:
    return Part("", tuple(Note(onset, length, 60) for onset, length in notes))


@pytest.mark.parametrize(
    "lengths",
    [
        (455, 455, 911, 227, 227, 455, 911),  # shares of 95 in 100
        (470, 470, 950, 230, 230, 470, 950),  # ten ticks less
        (479, 479, 959, 239, 239, 479, 959),
    ],
)
def test_notes_that_are_short_alike_become_as_long_as_written(lengths: tuple[int, ...]) -> None:
    written = (480, 480, 960, 240, 240, 480, 960)
    onsets = (0, 480, 960, 1920, 2160, 2880, 3840)  # rests before the sixth and the last
    short = part(*zip(onsets, lengths, strict=True))
    share = common_share([short])
    assert share is not None
    assert tuple(note.length_ticks for note in lengthened(short.notes, share, Q)) == written


def test_staccato_and_written_lengths_have_no_common_share() -> None:
    assert common_share([part(*((i * Q, 240) for i in range(8)))]) is None
    assert common_share([part(*((i * Q, Q) for i in range(8)))]) is None
    assert (
        common_share([part(*((i * Q, length) for i, length in enumerate((430, 480, 300, 475, 470, 350, 440))))]) is None
    )
    assert common_share([part((0, 455), (480, 455))]) is None


def test_staccato_among_short_notes_stays() -> None:
    notes = part(*((i * Q, 456) for i in range(7)), (7 * Q, 200), (8 * Q, 456))
    assert lengthened(notes.notes, Fraction(456, 480), Q)[7].length_ticks == 200


def test_played_onsets_are_beside_the_grid() -> None:
    assert are_on_grid([part(*((i * 160 + i % 2, 100) for i in range(8)))], Q)
    assert not are_on_grid([part(*((i * Q + 30, 100) for i in range(8)))], Q)
