"""A verb plans and fails early; drawing its plan gives what the verb gives; files are parsed once.

In a request, what is given stands beside the grid as it is, and what is drawn makes room for it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import biaxial
from biaxial.cli import harmonise
from biaxial.formats.midi import midi_messages
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.models.config import PRESETS
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import ChordSymbol, Note, Score, TimeSignature
from biaxial.tasks.model import Model
from biaxial.tasks.plans.plan import Request, assembled, num_steps, prepare, refined, rescaled, within

Q = 480
CONFIG = PRESETS["tiny"]
GRID = Grid(4)
TUNE: list[tuple[int | str | None, float]] = [("C5", 1), (74, 1), ("E5", 2)]


def test_a_plan_counts_the_frames_of_all_its_pieces(noise: Model) -> None:
    seen: list[int] = []
    plan = noise.plan_composition(2, n=3, seed=5)
    pieces = list(noise.draw(plan, seen.append))
    assert plan.num_steps == sum(seen) == 3 * 2 * 16
    assert plan.seeds == tuple(piece.seed for piece in pieces) == (5, 6, 7)


def test_the_verb_draws_its_plan(noise: Model) -> None:
    planned = next(noise.draw(noise.plan_harmonisation(TUNE, seed=3, particles=2)))
    assert planned.score == noise.harmonise(TUNE, seed=3, particles=2).score
    assert (
        planned.score
        == noise.harmonize(TUNE, seed=3, drawing=biaxial.SamplingOptions(0.5, particles=2, lookahead=True)).score
    )


@pytest.mark.parametrize("bars", [2, "2", (2, 2)])
def test_one_bar_is_a_number_or_a_word(noise: Model, bars: int | str | tuple[int, int]) -> None:
    piece = noise.compose(2, seed=1, pickup=0)
    plan = noise.plan_infilling(piece, bars, seed=1)
    assert plan.requests[0].known[:16].all()
    assert not plan.requests[0].known[16:].any()


def test_an_option_that_there_is_not_is_named(noise: Model) -> None:
    with pytest.raises(InputError, match="'temprature' is not an option of drawing; there are temperature"):
        noise.plan_composition(1, temprature=0.9)


def test_no_pieces_cannot_be_planned(noise: Model) -> None:
    with pytest.raises(InputError, match="no pieces were asked for"):
        noise.plan_composition(1, n=0)


def test_saving_needs_a_name(noise: Model) -> None:
    with pytest.raises(InputError, match="no file to save to"):
        noise.compose(1).save()


def test_harmonising_parses_its_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tune.mid"
    write_midi(Score(tuple(Note(480 * i, 480, 67 + i) for i in range(4))), path)
    decoded: list[int] = []
    decode = midi_messages.decode

    def counted(data: bytes) -> object:
        decoded.append(len(data))
        return decode(data)

    monkeypatch.setattr(midi_messages, "decode", counted)
    words = [str(path), "-o", str(tmp_path / "four.mid"), "--seed", "1", "--particles", "1", "--no-cadence", "-q"]
    assert harmonise.main(words) == 0
    assert len(decoded) == 1


def test_refining_moves_nothing() -> None:
    score = Score(
        (Note(1, 2, 60, 0), Note(5, 1, 62, 1, 33, True)),
        9,
        ticks_per_quarter=3,
        time_signatures=(TimeSignature(), TimeSignature(3, 4, 7)),
        pickup_ticks=2,
        fermatas=(4,),
        chords=(ChordSymbol(5, frozenset({0})),),
    )
    fine = refined(score, GRID)
    assert fine.ticks_per_quarter == 12
    assert fine.notes == (Note(4, 8, 60, 0), Note(20, 4, 62, 1, 33, True))
    assert (fine.length_ticks, fine.pickup_ticks, fine.fermatas) == (36, 8, (16,))
    assert (fine.time_signatures[1].onset_ticks, fine.chords[0].onset_ticks) == (28, 20)
    assert rescaled(fine, 3) == score
    even = replace(score, ticks_per_quarter=Q, pickup_ticks=0)
    assert refined(even, GRID) is even


def test_coarser_notes_go_to_the_nearest_tick_and_none_is_lost() -> None:
    score = Score((Note(0, 4, 60), Note(4, 1, 62), Note(5, 10, 64)), 16, ticks_per_quarter=10)
    coarse = rescaled(score, 1)
    assert coarse.notes == (Note(0, 1, 60), Note(0, 1, 62), Note(1, 1, 64))
    assert coarse.length_ticks == 2


@pytest.mark.parametrize(
    ("pitch", "expected"), [(36, 36), (35, 47), (24, 36), (0, 36), (81, 81), (82, 70), (93, 81), (94, 70), (127, 79)]
)
def test_a_pitch_goes_into_a_range_by_octaves(pitch: int, expected: int) -> None:
    assert within(pitch, 36, 81) == expected


@pytest.mark.parametrize(("ticks", "steps"), [(1, 1), (120, 1), (121, 1), (180, 2), (8 * Q, 32)])
def test_steps_of_a_piece(ticks: int, steps: int) -> None:
    score = Score((Note(0, ticks, 60, 0),))
    assert num_steps(score, GRID) == steps
    request = Request(score, np.ones((steps, 4), dtype=bool))
    assert len(prepare(request, CONFIG).conditions) == steps


def test_pieces_that_are_empty_or_too_long_are_refused() -> None:
    for length, steps in ((1, 0), (64_001 * 120, 64_001)):
        with pytest.raises(InputError, match=f"has {steps} steps; give one of 1 to 64000"):
            prepare(Request(Score((), length), np.zeros((0, 4), dtype=bool)), CONFIG)


def test_a_voice_is_known_where_it_is_said_and_where_its_notes_sound() -> None:
    score = Score((Note(120, 240, 60, 2), Note(0, 480, 70, 0)), 2 * Q)
    known = np.zeros((8, 4), dtype=bool)
    known[6:, 1] = True
    sets = prepare(Request(score, known), CONFIG).known.voices
    assert (sets == sets[:, :1]).all()
    assert sets[:, 0].tolist() == [1, 5, 5, 1, 0, 0, 2, 2]


def drawn(score: Score, *notes: Note) -> np.ndarray:
    """Outcomes of a piece that consists of the given notes as they are heard and of drawn ones."""
    both = replace(score, notes=(*score.notes, *notes))
    roll = Roll.from_score(both, GRID, CONFIG.low_pitch, CONFIG.num_notes)
    return CONFIG.alphabet.encode(roll.states, roll.voices)


@pytest.mark.parametrize(
    ("given", "note", "left"),
    [
        (Note(0, 480, 60, 1), Note(480, 480, 62, 1), (480, 480)),  # on the grid: nothing to do
        (Note(0, 530, 60, 1), Note(480, 480, 62, 1), (530, 430)),  # given sounds on into the next step
        (Note(430, 100, 60, 1), Note(0, 480, 62, 1), (0, 430)),  # given begins before its step
        (Note(0, 530, 60, 1), Note(480, 480, 62, 2), (480, 480)),  # another voice
        (Note(530, 400, 60, 1), Note(0, 480, 62, 1), (0, 480)),  # a gap may stay
    ],
)
def test_drawn_notes_make_room_for_given_ones_beside_the_grid(given: Note, note: Note, left: tuple[int, int]) -> None:
    score = Score((given,), 2 * Q)
    request = Request(score, np.zeros((0, 4), dtype=bool))
    piece = assembled(request, prepare(request, CONFIG), drawn(score, note), CONFIG)
    assert given in piece.notes
    (other,) = (n for n in piece.notes if n != given)
    assert (other.onset_ticks, other.length_ticks, other.pitch, other.voice) == (*left, note.pitch, note.voice)


def test_a_drawn_note_without_room_is_left_out() -> None:
    given = (Note(0, 535, 60, 1), Note(545, 400, 64, 1))
    score = Score(given, 2 * Q)
    request = Request(score, np.zeros((0, 4), dtype=bool))
    frames = drawn(replace(score, notes=(Note(0, 480, 60, 1), Note(600, 360, 64, 1))), Note(480, 120, 62, 1))
    piece = assembled(request, prepare(request, CONFIG), frames, CONFIG)
    assert [note for note in piece.notes if note not in given] == [Note(535, 10, 62, 1)]
    tight = replace(score, notes=(given[0], Note(535, 400, 64, 1)))
    request = Request(tight, np.zeros((0, 4), dtype=bool))
    assert assembled(request, prepare(request, CONFIG), frames, CONFIG).notes == tight.notes


@pytest.mark.parametrize(("length", "struck"), [(Q // 3, [0]), (Q // 4, [0, Q // 4])])
def test_a_held_voice_is_not_struck_again_by_a_triplet_that_comes_to_its_pitch(length: int, struck: list[int]) -> None:
    """On the grid the roll says that both are struck, and it may be so; beside it nobody can have meant that."""
    score = Score((Note(0, length, 62, 0), Note(length, length, 60, 0), Note(2 * length, Q, 64, 0)), 2 * Q)
    request = Request(score, np.zeros((0, 4), dtype=bool))
    piece = assembled(request, prepare(request, CONFIG), drawn(score, Note(0, Q, 60, 1)), CONFIG)
    alto = piece.voice_notes(1)
    assert [note.onset_ticks for note in alto] == struck
    assert alto[-1].end_ticks == Q


def test_nothing_sounds_beyond_the_end_and_drawn_notes_move_back() -> None:
    score = Score((Note(0, 470, 60, 0),), 470)
    request = Request(score, np.zeros((0, 4), dtype=bool), shift=-12)
    piece = assembled(request, prepare(request, CONFIG), drawn(score, Note(0, 470, 50, 3)), CONFIG)
    assert piece.notes == (Note(0, 470, 60, 0), Note(0, 470, 38, 3))
    assert piece.length_ticks == 470


def test_without_voices_a_pitch_is_a_line() -> None:
    config = replace(CONFIG, num_voices=0, voice_neighbourhood=False, voice_intervals=False, parallels=False)
    score = Score((Note(0, 530, 60), Note(0, 480, 64)), 2 * Q)
    both = replace(score, notes=(Note(0, 480, 60), Note(480, 480, 60), Note(480, 480, 62), Note(0, 480, 64)))
    roll = Roll.from_score(both, GRID, config.low_pitch, config.num_notes)
    request = Request(score, np.zeros((0, 1), dtype=bool))
    piece = assembled(request, prepare(request, config), config.alphabet.encode(roll.states, None), config)
    assert piece.notes == (Note(0, 530, 60), Note(0, 480, 64), Note(480, 480, 62), Note(530, 430, 60))
