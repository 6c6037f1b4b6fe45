"""Chord symbols: every beat has its chord, one that stays has one name, and roots are spelled as the notes are."""

from __future__ import annotations

import pytest

from biaxial.metrics.harmony.chord_symbols import chord_symbols, with_chord_symbols
from biaxial.music.score import ChordSymbol, Key, Score, TimeSignature
from biaxial.music.symbols import parse_chord
from tests.conftest import Tone, Write

Q = 480
CHORDS: dict[str, tuple[int, ...]] = {
    "C": (72, 67, 64, 48),
    "G7": (71, 65, 62, 55),
    "Am": (72, 69, 64, 57),
    "Bdim": (71, 65, 62, 50),
    "Bm7b5": (69, 65, 62, 47),
    "G#dim7": (77, 71, 62, 56),
}


def named(score: Score) -> list[tuple[float, str]]:
    return [(chord.onset_ticks / Q, chord.name) for chord in chord_symbols(score)]


def written(write: Write, *chords: tuple[int, ...], **fields: object) -> Score:
    lines: list[list[Tone]] = [list(line) for line in zip(*chords, strict=True)]
    return write(*lines, **fields)


@pytest.mark.parametrize("name", list(CHORDS))
def test_the_kinds_have_their_names_and_these_say_their_tones(write: Write, name: str) -> None:
    (chord,) = chord_symbols(written(write, CHORDS[name], key=Key(0, "minor")))
    assert (chord.name, chord.onset_ticks) == (name, 0)
    assert parse_chord(chord.name)[0] == chord.pitch_classes


def test_a_chord_that_stays_or_rests_is_named_once(write: Write) -> None:
    score = write([72, 72, 71, None, 71, 72], [67, 67, 65, None, 65, 67], [64, 64, 62, None, 62, 64], key=Key(0))
    assert named(score) == [(0, "C"), (2, "Bdim"), (5, "C")]


def test_roots_are_spelled_by_the_key(write: Write) -> None:
    sharp, flat = Key(6), Key(-6)
    triad = (78, 73, 70, 54)
    assert named(written(write, triad, key=sharp)) == [(0, "F#")]
    assert named(written(write, triad, key=flat)) == [(0, "Gb")]
    assert named(written(write, (64, 60, 57, 54), key=Key.from_name("D minor"))) == [(0, "F#m7b5")]


def test_beats_of_six_eight_are_dotted_and_a_pickup_is_counted_from_its_end(write: Write) -> None:
    score = write(
        [(67, 0.5), (72, 1.5), (71, 1.5), (72, 3)],
        [(62, 0.5), (67, 1.5), (62, 1.5), (67, 3)],
        [(59, 0.5), (64, 1.5), (55, 1.5), (64, 3)],
        key=Key(0),
        time_signatures=(TimeSignature(6, 8),),
        pickup_ticks=Q // 2,
    )
    assert named(score) == [(0, "G"), (0.5, "C"), (2, "G"), (3.5, "C")]


def test_a_single_line_and_silence_have_no_chords(write: Write) -> None:
    assert named(write([60, 62, 64, 65])) == []
    assert named(Score((), 4 * Q)) == []


def test_music_with_symbols_keeps_its_own(write: Write) -> None:
    own = (ChordSymbol(0, *parse_chord("Am7"), "Am7"),)
    assert with_chord_symbols(written(write, CHORDS["C"], chords=own)).chords == own
    assert [chord.name for chord in with_chord_symbols(written(write, CHORDS["C"])).chords] == ["C"]
