"""Phrases: at home or not, back again or not, full or bare, each just inside and just outside."""

from __future__ import annotations

from dataclasses import replace

import pytest

from biaxial.metrics.harmony.phrase_ends import (
    SHORTEST_PHRASE,
    FermataChord,
    fermata_chords,
    first_phrase_at_home,
    returning_phrases,
)
from biaxial.music.score import Key
from tests.conftest import Tone, Write

Q = 480
SCALE = [72, 71, 69, 67, 65, 64, 62, 60]  # C major, down


def ending(write: Write, *last: Tone) -> list[FermataChord]:
    """The chord of a fermata on the second quarter, after a full triad."""
    lines = [[before, tone] for before, tone in zip((72, 67, 64, 48), last, strict=True)]
    return fermata_chords(write(*lines, key=Key(0), fermatas=(Q,)))


@pytest.mark.parametrize(
    "chord",
    [
        pytest.param((72, 67, 64, 48), id="triad"),
        pytest.param((72, 67, 63, 48), id="minor triad"),
        pytest.param((72, 64, 60, 48), id="tripled root and third"),
        pytest.param((72, 67, 60, 52), id="third in the bass"),
        pytest.param((71, 65, 62, 55), id="dominant seventh"),
    ],
)
def test_a_chord_with_its_third_is_full(write: Write, chord: tuple[int, ...]) -> None:
    assert ending(write, *chord) == [FermataChord(Q, False)]


@pytest.mark.parametrize(
    "chord",
    [
        pytest.param((72, 67, 60, 48), id="open fifth"),
        pytest.param((72, 72, 60, 48), id="octaves"),
        pytest.param((72, 67, 65, 48), id="fourth that stays"),
        pytest.param((None, 67, 60, None), id="two voices"),
    ],
)
def test_a_chord_without_its_third_is_bare(write: Write, chord: tuple[int | None, ...]) -> None:
    assert ending(write, *chord) == [FermataChord(Q, True)]


def test_a_third_that_comes_before_the_highest_note_ends_is_one(write: Write) -> None:
    def suspended(quarters: float) -> list[FermataChord]:
        """A fourth that is held for so long, before its third comes; the highest note lasts two quarters."""
        held = write([(72, 2), 74], [(67, 2), 67], [(65, quarters), (64, 3 - quarters)], [(48, 2), 43], fermatas=(0,))
        return fermata_chords(held)

    assert suspended(1.5) == [FermataChord(0, False)]
    assert suspended(2) == [FermataChord(0, True)]


def test_a_fermata_over_silence_and_music_without_fermatas_have_no_chord(write: Write) -> None:
    score = write([72, None, 72], [67, None, 67], fermatas=(Q,))
    assert fermata_chords(score) == fermata_chords(replace(score, fermatas=None)) == []


def test_a_first_phrase_in_the_key_of_the_piece_is_at_home(write: Write) -> None:
    home = write([*SCALE, *SCALE], [(60, 8), (60, 8)], key=Key(0), fermatas=(7 * Q, 15 * Q))
    assert first_phrase_at_home(home) is True
    elsewhere = replace(home, key=Key(4))
    assert first_phrase_at_home(elsewhere) is False


def test_only_the_first_phrase_counts(write: Write) -> None:
    e_major = [pitch + 4 for pitch in SCALE]
    goes = write([*SCALE, *e_major], [(60, 8), (64, 8)], key=Key(0), fermatas=(7 * Q, 15 * Q))
    assert first_phrase_at_home(goes) is True
    comes = write([*e_major, *SCALE], [(64, 8), (60, 8)], key=Key(0), fermatas=(7 * Q, 15 * Q))
    assert first_phrase_at_home(comes) is False


def test_minor_and_music_without_phrases_are_not_asked(write: Write) -> None:
    score = write(SCALE, [(60, 8)], key=Key(0), fermatas=(7 * Q,))
    assert first_phrase_at_home(replace(score, key=Key(-3, "minor"))) is None
    assert first_phrase_at_home(replace(score, fermatas=None)) is None


def returns(write: Write, first: list[Tone], second: list[Tone]) -> int:
    """Two phrases, whose last notes take a quarter each unless they say otherwise."""
    one, other = (sum(tone[1] if isinstance(tone, tuple) else 1 for tone in line) for line in (first, second))
    last = first[-1][1] if isinstance(first[-1], tuple) else 1
    final = second[-1][1] if isinstance(second[-1], tuple) else 1
    fermatas = (round((one - last) * Q), round((one + other - final) * Q))
    return returning_phrases(write([*first, *second], fermatas=fermatas))


TUNE: list[Tone] = [67, 69, 71, 72, 71]


def test_a_phrase_returns_with_the_same_pitches_on_its_beats(write: Write) -> None:
    assert returns(write, TUNE, TUNE) == 1
    assert returns(write, TUNE, [67, 69, 71, 72, 72]) == 0
    assert returns(write, TUNE, [69, 71, 73, 74, 73]) == 0, "elsewhere is not the same"


def test_ornaments_and_the_length_of_the_last_note_do_not_hide_it(write: Write) -> None:
    assert returns(write, TUNE, [(67, 0.5), (68, 0.5), 69, 71, 72, (71, 3)]) == 1
    assert returns(write, TUNE, [(66, 0.5), (67, 0.5), 69, 71, 72, 71]) == 0, "not on the beat"


def test_a_phrase_too_short_to_be_known_again_does_not_return(write: Write) -> None:
    assert len(TUNE) == SHORTEST_PHRASE
    assert returns(write, TUNE[1:], TUNE[1:]) == 0


def test_a_phrase_that_comes_three_times_returns_twice(write: Write) -> None:
    assert returning_phrases(write(TUNE * 3, fermatas=(4 * Q, 9 * Q, 14 * Q))) == 2
    assert returning_phrases(write(TUNE * 3)) == 0, "phrases are not known"
