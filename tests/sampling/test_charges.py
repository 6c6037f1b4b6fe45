"""Faults of a phrase: each is counted where it is, and not just beside it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from biaxial.music.cells import CellAlphabet
from biaxial.sampling.charges import (
    FAULTS,
    REST,
    Charges,
    Phrase,
    Piece,
    cadence_of,
    count_faults,
    misses_dominant,
    voice_pitches,
)

QUARTER = 4
Chord = tuple[int, ...]


def roll(*chords: Chord, steps: int = QUARTER) -> NDArray[np.int64]:
    """Chords of a quarter each, shape ``(t, v)``."""
    return np.repeat(np.array(chords, dtype=np.int64), steps, axis=0)


def piece(pitches: NDArray[np.int64], tonic: int | None = 0, *, minor: bool = False) -> Piece:
    beats = np.zeros(len(pitches), dtype=np.int8)
    beats[::QUARTER], beats[:: 2 * QUARTER] = 1, 2
    return Piece(tonic, minor, beats, QUARTER)


def counts(
    *chords: Chord, fermata: bool = False, tonic: int = 0, first: int = 0, planned: int | None = None
) -> dict[str, float]:
    pitches = roll(*chords)
    last = len(pitches) - QUARTER if fermata else None
    found = count_faults(pitches, Phrase(first, len(pitches), last, tonic=planned), piece(pitches, tonic))
    return {name: count for name, count in zip(FAULTS, found.tolist(), strict=True) if count}


def cadence(*chords: Chord, tonic: int = 0) -> tuple[str | None, int | None]:
    pitches = roll(*chords)
    return cadence_of(pitches, Phrase(0, len(pitches), len(pitches) - QUARTER), piece(pitches, tonic))


def test_a_clean_phrase_has_no_faults() -> None:
    assert counts((72, 67, 64, 48), (72, 69, 65, 53), (71, 67, 62, 55), (72, 67, 64, 48), fermata=True) == {}


def test_the_kinds_of_cadence() -> None:
    c, f, g = (72, 67, 64, 48), (72, 69, 65, 53), (71, 67, 62, 55)
    assert cadence(c, f, g, c) == ("authentic", 0)
    assert cadence(c, f, (71, 65, 62, 55), c) == ("authentic", 0)
    assert cadence(g, c, f, c) == ("plagal", 0)
    assert cadence(c, f, c, g) == ("half", 0)
    assert cadence(c, f, g, (72, 69, 64, 57)) == ("deceptive", 0)
    assert cadence(c, (74, 69, 66, 50), (74, 69, 60, 54), (74, 71, 67, 55)) == ("authentic", 7)


def test_what_is_no_cadence() -> None:
    c, f, g = (72, 67, 64, 48), (72, 69, 65, 53), (71, 67, 62, 55)
    assert cadence(c, f, g, (72, 67, 60, 52)) == (None, None)  # the last chord is not in root position
    assert cadence(c, f, g, (72, 67, 60, 48)) == (None, None)  # it has no third
    assert cadence(c, c, c, c) == (None, None)  # nothing comes before it
    assert cadence(c, f, g, (72, 67, 64, REST)) == (None, None)


def test_a_cadence_that_was_not_planned_is_another_one() -> None:
    pitches = roll((72, 67, 64, 48), (72, 69, 65, 53), (71, 67, 62, 55), (72, 67, 64, 48))
    planned = [Phrase(0, 16, 12, "authentic", 0), Phrase(0, 16, 12, "half", 0), Phrase(0, 16, 12, "authentic", 7)]
    place = FAULTS.index("other_cadence")
    assert [count_faults(pitches, phrase, piece(pitches))[place] for phrase in planned] == [0, 1, 1]


def test_a_phrase_that_is_planned_open_may_have_any_cadence() -> None:
    pitches = roll((72, 67, 64, 48), (72, 69, 65, 53), (71, 67, 62, 55), (72, 67, 64, 48))
    planned = [Phrase(0, 16, 12, "open"), Phrase(0, 16, 12, "half", 0)]
    place = FAULTS.index("other_cadence")
    assert [count_faults(pitches, phrase, piece(pitches))[place] for phrase in planned] == [0, 1]


def test_what_leads_to_a_cadence() -> None:
    c, f, g, d7 = (72, 67, 64, 48), (72, 69, 65, 53), (71, 67, 62, 55), (74, 69, 60, 54)

    def missed(*chords: Chord, cadence: str | None = None, tonic: int | None = None) -> bool:
        pitches = roll(*chords)
        return misses_dominant(pitches, Phrase(0, len(pitches) + 4, len(pitches), cadence, tonic), piece(pitches))

    assert not missed(c, f, g)
    assert missed(c, g, f)
    assert not missed(c, f, d7)
    assert missed(c, f, d7, cadence="authentic", tonic=0)
    assert not missed(c, g, f, cadence="half", tonic=0)


def test_dissonances_that_are_not_prepared() -> None:
    assert counts((72, 67, 64, 48), (72, 69, 65, 53), (74, 72, 67, 60)).get("dissonance") == 1  # D above C, both new
    assert "dissonance" not in counts((72, 67, 64, 48), (72, 69, 65, 53), (76, 72, 67, 53))  # the bass lay
    assert counts((72, 67, 64, 48), (74, 72, 67, 60)).get("weak_dissonance") == 1
    assert "dissonance" not in counts((72, 67, 64, 48), (74, 72, 67, 60))


def test_direct_intervals_need_a_leap_of_the_highest_voice() -> None:
    assert counts((64, 60, 55, 48), (72, 69, 65, 53)).get("direct") == 1
    assert "direct" not in counts((69, 65, 60, 50), (71, 67, 62, 52))
    assert "direct" not in counts((72, 67, 64, 48), (76, 67, 60, 52))  # the chord stays


def test_perfect_intervals_in_contrary_motion() -> None:
    assert counts((72, 67, 64, 60), (67, 62, 59, 67 - 24)).get("contrary") is None
    assert counts((67, 64, 60, 48), (74, 65, 62, 43)).get("contrary") == 1


def test_leading_tones() -> None:
    assert counts((71, 67, 59, 55), (72, 67, 64, 48)).get("doubled_leading_tone") == 1
    assert counts((71, 67, 62, 55), (67, 67, 64, 48)).get("unresolved_leading_tone") == 1
    assert "unresolved_leading_tone" not in counts((74, 71, 67, 55), (72, 67, 64, 48))  # an inner voice


def test_a_triad_is_a_dominant_in_the_home_key_and_the_planned_one() -> None:
    doubled, left = ((78, 69, 66, 50), (79, 67, 59, 55)), ((78, 69, 62, 50), (74, 67, 59, 55))  # D - G, in C major
    assert counts(*doubled, planned=7).get("doubled_leading_tone") == 1
    assert counts(*left, planned=7).get("unresolved_leading_tone") == 1
    for planned in (None, 0, 2, 9):
        found = counts(*doubled, planned=planned) | counts(*left, planned=planned)
        assert not {"doubled_leading_tone", "unresolved_leading_tone"} & set(found)
    home = (71, 67, 59, 55), (72, 67, 64, 48)
    assert counts(*home, planned=7).get("doubled_leading_tone") == 1


def test_false_relations() -> None:
    assert counts((76, 72, 67, 48), (75, 72, 67, 48)) == {}
    assert counts((76, 72, 67, 48), (72, 67, 63, 60)).get("false_relation") == 1


def test_rests_of_one_voice_are_counted_where_they_begin() -> None:
    c = (72, 67, 64, 48)
    assert counts(c, (72, 67, 64, REST), (72, 67, 64, REST), c) == {"lone_bass": 1}
    assert counts(c, (72, REST, 64, 48)) == {"lone_rest": 1}
    assert counts(c, (72, REST, 64, REST)) == {}
    assert counts(c, (72, 67, 64, REST), (72, 67, 64, REST), first=2 * QUARTER) == {}


def test_a_bare_chord_at_a_phrase_end() -> None:
    end = (72, 69, 65, 53), (71, 67, 62, 55)
    assert counts(*end, (72, 67, 60, 48), fermata=True)["bare_fermata"] == 1
    assert "bare_fermata" not in counts(*end, (72, 64, 60, 48), fermata=True)


def test_pitches_of_voices() -> None:
    alphabet = CellAlphabet(3, 2)
    outcomes = np.zeros((2, 3), dtype=np.uint8)
    outcomes[0, 0], outcomes[0, 2], outcomes[1, 1] = (
        int(alphabet.encode(np.array([2]), np.array([bits]))[0]) for bits in (2, 1, 3)
    )
    assert voice_pitches(outcomes, alphabet, 60).tolist() == [[62, 60], [61, 61]]
    assert voice_pitches(np.zeros((1, 3), np.uint8), alphabet, 60).tolist() == [[REST, REST]]


@pytest.mark.parametrize("price", [-1.0, float("inf"), float("nan")])
def test_a_charge_is_finite_and_not_negative(price: float) -> None:
    with pytest.raises(ValueError, match="the charge for dissonance"):
        Charges(dissonance=price)
