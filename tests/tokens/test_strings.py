"""Pieces in the home key, with what is given at every place."""

from __future__ import annotations

import numpy as np
import pytest

from biaxial.features.conditions import outline_conditions, unknown_conditions
from biaxial.music.grid import Grid
from biaxial.music.keys import nearest_key
from biaxial.music.roll import Roll
from biaxial.music.score import Key, Note, Score, TimeSignature
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.melody_codec import HOLD, PHRASE_END
from biaxial.tokens.strings import PLACES, UNKNOWN_GIVEN, Cells, Given, given_rows, last_pitches, way_home


def cells(score: Score) -> Cells:
    roll = Roll.from_score(score, Grid(4), 0, 128)
    return Cells(roll.states, np.zeros(roll.states.shape, np.uint8), outline_conditions(roll.outline, Grid(4)))


@pytest.mark.parametrize(
    ("name", "shift"), [("C major", 0), ("G major", 5), ("F# major", -6), ("A minor", 0), ("C minor", -3)]
)
def test_the_way_home_is_at_most_six_semitones(name: str, shift: int) -> None:
    assert way_home(Key.from_name(name), 50, 80) == shift


def test_the_way_home_stays_within_the_midi_range() -> None:
    assert way_home(Key.from_name("G major"), 40, 126) == -7
    assert way_home(Key.from_name("F# major"), 3, 60) == 6
    assert way_home(Key.from_name("G major"), 1, 126) == 0


def test_a_tune_is_read_in_c_with_its_metre() -> None:
    notes = (Note(0, 480, 62), Note(480, 960, 67))
    score = Score(notes, time_signatures=(TimeSignature(3, 4),), pickup_ticks=480, key=Key.from_name("G major"))
    (found,) = cells(score).strings(SequenceConfig(kind="melody"))
    assert found.string.tokens.tolist()[:5] == [67, HOLD, HOLD, HOLD, 72]
    assert found.given[:, 0].tolist() == [8, 9, 10, 11, *range(8), 8]
    assert set(found.given[:, 1].tolist()) == {12}
    assert set(found.given[:, 2].tolist()) == {0}
    (stays,) = cells(score).strings(SequenceConfig(kind="melody", home_key=False))
    assert stays.string.tokens[0] == 62


def test_a_key_that_is_not_stated_is_found() -> None:
    scale = [Note(480 * i, 480, 62 + step) for i, step in enumerate((0, 2, 4, 5, 7, 9, 11, 12, 7, 4, 0, 0))]
    assert cells(Score(tuple(scale))).key == Key.from_name("D major")
    minor = np.zeros(12)
    for pitch_class, weight in ((9, 4.0), (0, 2.0), (4, 3.0), (2, 1.0), (11, 1.0), (5, 1.0), (7, 0.5)):
        minor[pitch_class] = weight
    assert nearest_key(minor) == Key.from_name("A minor")
    assert cells(Score(tuple(Note(0, 480, 60 + step) for step in range(12)))).key == Key(0)


def test_the_pitch_that_began_last_is_given() -> None:
    tokens = np.array([129, 60, 128, 132, 64, 128, 129, 130], np.int32)
    assert last_pitches(tokens).tolist() == [128, 128, 60, 60, 60, 64, 64, 64]
    (string,) = cells(Score((Note(0, 240, 60), Note(240, 240, 64)), key=Key(0))).strings(SequenceConfig(kind="melody"))
    assert string.given[:, Given.PITCH].tolist() == [128, 60, 60, 64, 64]


def test_phrase_ends_are_those_that_a_piece_states() -> None:
    notes = (Note(0, 480, 60), Note(480, 480, 62))
    config = SequenceConfig(kind="melody", phrases=True)
    found = {}
    for ends in (None, (), (480,)):
        piece = cells(Score(notes, key=Key(0), fermatas=ends))
        (string,) = piece.strings(config)
        found[ends] = (piece.phrase_ends, PHRASE_END in string.string.tokens, int(string.string.rows[0]))
    assert found == {None: (None, False, 0), (): ([], False, 2), (480,): ([4], True, 2)}


def test_an_unknown_metre_is_unknown() -> None:
    rows = given_rows(unknown_conditions(3), 2)
    assert rows.tolist() == [list(UNKNOWN_GIVEN)] * 4
    assert rows.max() == PLACES - 1
