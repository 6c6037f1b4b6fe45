"""Notes without voices find their players."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from biaxial.music.errors import InputError
from biaxial.music.performance.instruments import ENSEMBLES
from biaxial.music.performance.seating import price_of, seated
from biaxial.music.score import Note, Score, TimeSignature

QUARTET = ENSEMBLES["quartet"]
Q = 480

Tone = tuple[int | None, float]


def write(*lines: Sequence[Tone]) -> Score:
    """Lines from the top, each a voice: pitches, or rests, with their quarters."""
    notes = []
    for voice, line in enumerate(lines):
        tick = 0
        for pitch, quarters in line:
            if pitch is not None:
                notes.append(Note(tick, round(quarters * Q), pitch, voice))
            tick += round(quarters * Q)
    return Score(tuple(notes))


def forgotten(score: Score) -> Score:
    return replace(score, notes=tuple(replace(note, voice=None) for note in score.notes))


def pitches(score: Score, player: int) -> list[int]:
    return [note.pitch for note in score.voice_notes(player)]


ALLEGRO = write(
    [(79, 1), (78, 0.5), (79, 0.5), (81, 1), (83, 1), (84, 2), (None, 2)],
    [(71, 0.5), (74, 0.5)] * 4 + [(72, 0.5), (76, 0.5)] * 2 + [(74, 2)],
    [(62, 1), (62, 1), (62, 1), (62, 1), (60, 2), (59, 2)],
    [(43, 1), (None, 1), (43, 1), (None, 1), (45, 2), (43, 2)],
)


def test_a_quartet_gets_its_parts_back() -> None:
    seating = seated(forgotten(ALLEGRO), QUARTET)
    assert seating.score == ALLEGRO
    assert seating.titles == ("Violin 1", "Violin 2", "Viola", "Violoncello")
    assert seating.remarks == ()


def test_players_cross_above_a_note_that_is_held_and_not_to_save_a_leap() -> None:
    crossed = write([(76, 1), (74, 1), (67, 1), (74, 1), (76, 1)], [(64, 1), (67, 1), (74, 1), (67, 1), (64, 1)])
    assert pitches(seated(forgotten(crossed), ("violin", "violin")).score, 0) == [76, 74, 74, 74, 76]
    held = write([(76, 1), (69, 4)], [(60, 1), (64, 2), (71, 1), (67, 1)])
    assert seated(forgotten(held), ("violin", "violin")).score == held


@pytest.mark.parametrize("seed", range(6))
def test_the_search_finds_what_trying_everything_finds(seed: int) -> None:
    draw = np.random.default_rng(seed)
    names = ("violin", "viola", "cello")
    notes = {
        (int(t), int(p)): int(n)
        for t, p, n in zip(draw.integers(0, 6, 6), draw.integers(40, 80, 6), draw.integers(1, 4, 6), strict=True)
    }
    score = Score(tuple(Note(t * 240, n * 240, p) for (t, p), n in notes.items()))
    ways = product(range(3), repeat=len(score.notes))
    all_prices = (
        price_of(replace(score, notes=tuple(map(lambda n, v: replace(n, voice=v), score.notes, way))), names)
        for way in ways
    )
    assert price_of(seated(score, names).score, names) == pytest.approx(min(all_prices))


def test_nothing_is_lost_and_nothing_but_the_player_changes() -> None:
    draw = np.random.default_rng(0)
    notes = [
        Note(
            int(draw.integers(0, 40)) * 120,
            int(draw.integers(1, 9)) * 120,
            int(pitch),
            None,
            int(draw.integers(1, 128)),
        )
        for pitch in draw.integers(0, 128, 150)
    ]
    score = Score((*notes, replace(notes[0], locked=True)), length_ticks=20000, title="Noise")
    for names in (QUARTET, ENSEMBLES["winds"], ("violin", "piano")):
        found = seated(score, names).score
        assert Counter(replace(note, voice=None) for note in found.notes) == Counter(score.notes)
        assert {note.voice for note in found.notes} <= set(range(len(names)))
        assert (found.outline.length_ticks, found.title) == (20000, "Noise")


def test_five_notes_are_a_double_stop_that_a_hand_can_hold() -> None:
    chord = Score(tuple(Note(0, Q, pitch) for pitch in (79, 74, 71, 62, 43)))
    seating = seated(chord, QUARTET)
    by_player = [pitches(seating.score, player) for player in range(4)]
    assert sorted(map(len, by_player)) == [1, 1, 1, 2]
    assert all(max(each) - min(each) <= 12 for each in by_player)
    assert seating.remarks == ()


def test_a_double_stop_goes_on_with_the_player_who_can_go_on() -> None:
    held = Score((Note(0, 4 * Q, 74), Note(0, 4 * Q, 66), Note(0, 4 * Q, 62), Note(0, 4 * Q, 50), Note(2 * Q, Q, 69)))
    double = next(
        note.voice for note in seated(held, QUARTET).score.notes if (note.pitch, note.onset_ticks) == (69, 2 * Q)
    )
    assert double in (0, 1, 2)  # and not the cello, an octave and a half below


def test_winds_have_one_note_at_a_time_and_what_is_too_much_is_told() -> None:
    signature = (TimeSignature(3, 4),)
    chord = [Note(3 * Q, Q, pitch) for pitch in (79, 74, 71, 62, 43)]
    score = Score((*(Note(0, 3 * Q, pitch) for pitch in (79, 74, 71, 43)), *chord), time_signatures=signature)
    seating = seated(score, ENSEMBLES["winds"])
    assert Counter(note.voice for note in seating.score.notes if note.onset_ticks == 0) == {0: 1, 1: 1, 2: 1, 3: 1}
    (remark,) = seating.remarks
    assert remark.endswith("has 1 note, in bar 2, more than it can hold at once")


def test_what_is_too_low_for_one_is_played_by_another() -> None:
    low = write([(60, 1), (58, 1), (54, 1), (58, 1), (60, 1)])
    seating = seated(forgotten(low), ("violin", "viola"))
    assert 54 in pitches(seating.score, 1)
    assert seating.remarks == ()


def test_what_is_outside_every_range_goes_to_the_nearest_and_is_told() -> None:
    score = Score((Note(0, Q, 76), Note(0, Q, 40), Note(Q, Q, 110), Note(Q, Q, 41)))
    seating = seated(score, ("violin", "viola"))
    assert (pitches(seating.score, 0), pitches(seating.score, 1)) == ([76, 110], [40, 41])
    assert seating.remarks == (
        "Violin has 1 note, in bar 1, beyond its range, G3 to G7",
        "Viola has 2 notes, the first in bar 1, beyond its range, C3 to A6",
    )


def test_a_piano_takes_what_a_violin_leaves() -> None:
    tune = write([(76, 1), (77, 1), (79, 1), (76, 1)], [(67, 4)], [(64, 4)], [(60, 4)], [(48, 2), (43, 2)])
    seating = seated(forgotten(tune), ("violin", "piano"))
    assert pitches(seating.score, 0) == [76, 77, 79, 76]
    assert seating.remarks == ()


def test_voices_keep_their_instruments_and_the_last_plays_those_below() -> None:
    seating = seated(ALLEGRO, ("flute", "cello"))
    assert seating.score is ALLEGRO
    assert [seat.title for seat in seating.seats] == ["Flute", "Violoncello", "Violoncello", "Violoncello"]
    assert seating.titles == ()


def test_one_instrument_plays_everything_and_none_is_none() -> None:
    music = forgotten(ALLEGRO)
    assert seated(music, ("piano",)).score is music
    assert [seat.title for seat in seated(music, ("piano",)).seats] == ["Piano"]
    assert seated(music, ()).seats == ()
    assert seated(Score(length_ticks=Q), QUARTET).score.notes == ()
    with pytest.raises(InputError, match="kazoo"):
        seated(music, ("kazoo",))
