"""Harmonising: whatever the tune, its notes come out as they went in, and what is asked of the others holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
import torch

from biaxial import ChordSymbol, Forbidden, InputError, Key, Model, Note, Piece, SamplingOptions, Score, TimeSignature
from biaxial.formats.json_score import read_json, write_json
from biaxial.formats.midi.midi_writer import read_midi, write_midi
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.constants import VOICE_RANGES
from biaxial.tasks.drawing.fill import UNMET

Q = 480
QUICK = SamplingOptions(cadence=False, voice_leading=None)
TUNE = (67, 69, 71, 72, 74, 71, 69, 67)


def line(
    pitches: Sequence[int | None], length: int = Q, voice: int | None = None, start: int = 0, **outline: object
) -> Score:
    """Notes of equal length one after the other, ``None`` for a rest."""
    notes = tuple(Note(start + i * length, length, p, voice) for i, p in enumerate(pitches) if p is not None)
    return Score(notes, start + len(pitches) * length, **outline)  # type: ignore[arg-type]


def music(notes: Sequence[Note], per_quarter: int) -> list[tuple[object, ...]]:
    """Notes with their times in quarters, whatever the resolution and the lock."""
    return sorted(
        (Fraction(n.onset_ticks, per_quarter), Fraction(n.length_ticks, per_quarter), n.pitch, n.velocity)
        for n in notes
    )


def check_given(piece: Piece, melody: Score, voice: int = 0) -> None:
    """The melody is one voice of the piece, note for note; everything else stands beside it."""
    score = piece.score
    given = score.voice_notes(voice)
    assert music(given, score.ticks_per_quarter) == music(melody.notes, melody.ticks_per_quarter)
    assert all(note.locked == (note.voice == voice) for note in score.notes)
    assert Fraction(score.length_ticks, score.ticks_per_quarter) == Fraction(
        melody.length_ticks, melody.ticks_per_quarter
    )
    for part in range(4):
        assert all(a.end_ticks <= b.onset_ticks for a, b in pairwise(score.voice_notes(part))), part


def check_files(score: Score, folder: Path) -> None:
    """What is written is read back: a document whole, a MIDI file but for chords and locks."""
    write_json(score, folder / "p.json")
    assert read_json(folder / "p.json") == score
    write_midi(score, folder / "p.mid")
    unlocked = replace(score, notes=tuple(replace(note, locked=False) for note in score.notes), chords=())
    assert read_midi(folder / "p.mid") == unlocked


MELODIES = {
    "one step": line([67], 120),
    "two steps": line([67, 69], 120),
    "seven steps": line([67, 69, 71, 72, 71, 69, 67], 120),
    "31 steps": line([60 + i % 13 for i in range(31)], 120),
    "pickup": line(TUNE, pickup_ticks=Q),
    "pickup alone": line([67], pickup_ticks=Q),
    "3/4": line(TUNE[:6], time_signatures=(TimeSignature(3, 4),)),
    "5/4": line(TUNE[:5], time_signatures=(TimeSignature(5, 4),)),
    "6/8": line(TUNE[:6], Q // 2, time_signatures=(TimeSignature(6, 8),)),
    "changing metre": line(TUNE[:7], time_signatures=(TimeSignature(4, 4), TimeSignature(3, 4, 4 * Q))),
    "rests": line([None, 67, None, None, 69, 71, None]),
    "long rest at the end": Score((Note(0, Q, 67),), 8 * Q),
    "from bass to above the soprano": line([36, 48, 60, 72, 84, 96]),
    "one note": line([67], 8 * Q),
    "repeated notes": line([67] * 12, Q // 2),
    "chromatic": line(range(60, 73), Q // 2),
    "triplets": line(TUNE, Q // 3),
    "grace notes": Score((Note(0, 20, 72), Note(20, Q - 20, 71), Note(Q, 30, 69), Note(Q + 30, 2 * Q, 67)), 4 * Q),
    "one tick": Score((Note(0, 1, 67), Note(1, 1, 69), Note(2, Q, 71))),
    "swing, 96 ticks": Score(
        tuple(Note(96 * (i // 2) + 64 * (i % 2), 32 if i % 2 else 64, p) for i, p in enumerate(TUNE)),
        ticks_per_quarter=96,
    ),
    "played, 1024 ticks": Score(
        tuple(Note(1024 * i + 37 * (i % 3), 1024 - 80 * (i % 2 + 1), p) for i, p in enumerate(TUNE)),
        ticks_per_quarter=1024,
    ),
    "one tick a quarter": Score(tuple(Note(i, 1, p) for i, p in enumerate(TUNE)), ticks_per_quarter=1),
    "velocity, tempo, title": replace(
        Score(tuple(Note(i * Q, Q, p, velocity=20 + 9 * i) for i, p in enumerate(TUNE))),
        tempo_bpm=131.0,
        title="A tune",
        fermatas=(6 * Q,),
    ),
    "very low": line([12, 14, 16, 12]),
    "very high": line([115, 113, 115, 127]),
    "both ends": line([0, 127]),
}


@pytest.mark.parametrize("name", list(MELODIES))
def test_any_melody_comes_out_as_it_went_in(noise: Model, name: str, tmp_path: Path) -> None:
    melody = MELODIES[name]
    piece = noise.harmonise(melody, drawing=QUICK)
    check_given(piece, melody)
    check_files(piece.score, tmp_path)
    score = piece.score
    assert (score.title, score.tempo_bpm) == (melody.title, melody.tempo_bpm)
    scale = score.ticks_per_quarter // melody.ticks_per_quarter
    assert score.pickup_ticks == melody.pickup_ticks * scale
    assert [s.name for s in score.time_signatures] == [s.name for s in melody.time_signatures]
    assert score.fermatas == melody.fermatas


@pytest.mark.parametrize("steps", [168, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_long_melody_comes_out_as_it_went_in(noise: Model, steps: int) -> None:
    drawing = QUICK
    if steps == 2000:  # a network that is over with a frame at once
        torch.manual_seed(0)
        sizes = {"time_hidden": (4,), "note_hidden": (4,), "context_hidden": 2}
        config = replace(PRESETS["tiny"], low_pitch=60, num_notes=19, **sizes)  # type: ignore[arg-type]
        noise = Model(BiaxialLSTM(config).eval(), {}, "small")
        drawing = replace(QUICK, ranges=((60, 78),) * 4, density=-3.0, min_p=0.9)
    melody = line([60 + i * 5 % 19 for i in range(steps // 4)])
    counted: list[int] = []
    piece = noise.harmonise(melody, drawing=drawing, progress=counted.append)
    check_given(piece, melody)
    assert sum(counted) == piece.likelihood.num_steps == steps


@pytest.mark.parametrize("voice", ["soprano", "Alto", "T", 3])
def test_a_melody_becomes_any_of_the_four_voices(noise: Model, voice: str | int) -> None:
    number = {"soprano": 0, "Alto": 1, "T": 2, 3: 3}[voice]
    low, _ = VOICE_RANGES[number]
    melody = line([low + 5, low + 7, low + 9, low + 5])
    piece = noise.harmonise(melody, voice=voice, drawing=QUICK)
    check_given(piece, melody, number)
    assert {note.voice for note in piece.score.notes} == {0, 1, 2, 3}
    assert not any("octave" in remark for remark in piece.remarks)


def test_drawn_notes_are_in_the_ranges_of_their_voices(noise: Model) -> None:
    piece = noise.harmonise(line(TUNE), drawing=QUICK)
    for note in piece.score.notes:
        low, high = VOICE_RANGES[note.voice or 0]
        assert low <= note.pitch <= high
    narrow = ((60, 80), (58, 65), (50, 57), (40, 49))
    piece = noise.harmonise(line([59, 72, 81]), drawing=replace(QUICK, ranges=narrow))
    drawn = [note for note in piece.score.notes if not note.locked]
    assert all(narrow[note.voice or 0][0] <= note.pitch <= narrow[note.voice or 0][1] for note in drawn)


@pytest.mark.parametrize(
    ("pitch", "words", "shift"),
    [
        (45, "1 octave higher", -12),
        (33, "2 octaves higher", -24),
        (91, "1 octave lower", 12),
        (93, "2 octaves lower", 24),  # its highest note would still be outside
        (115, "3 octaves lower", 36),
    ],
)
def test_a_melody_outside_its_voice_is_moved_by_octaves_and_back(
    noise: Model, pitch: int, words: str, shift: int
) -> None:
    melody = line([pitch, pitch + 2, pitch])
    piece = noise.harmonise(melody, voice="soprano", drawing=QUICK)
    check_given(piece, melody)
    assert any(f"all was written {words} and moved back" in remark for remark in piece.remarks)
    assert not any("leave the range" in remark for remark in piece.remarks)
    for note in piece.score.notes:
        low, high = VOICE_RANGES[note.voice or 0]
        assert low + shift <= note.pitch <= high + shift


def test_where_octaves_do_not_help_it_is_said(noise: Model) -> None:
    """Drawn notes have to stay MIDI numbers, and two ends of a melody may be too far apart."""
    for pitches, words in (((12, 14, 12), "3 of 3"), ((45, 70, 72), "1 of 3"), ((0, 127), "2 of 2")):
        piece = noise.harmonise(line(pitches), drawing=QUICK)
        check_given(piece, line(pitches))
        assert any(f"{words} given notes leave the range of their voice" in remark for remark in piece.remarks)


@pytest.mark.parametrize(("pitch", "remarked"), [(57, False), (56, True), (81, False), (82, True)])
def test_the_range_of_the_soprano_is_where_the_moving_begins(noise: Model, pitch: int, remarked: bool) -> None:
    piece = noise.harmonise(line([pitch]), key="C major", drawing=QUICK)
    assert bool(piece.remarks) is remarked


def test_pairs_of_pitch_and_length_are_a_melody(noise: Model) -> None:
    piece = noise.harmonise([(67, 1), (None, 0.5), (69, Fraction(1, 3)), (71, Fraction(1, 6))], drawing=QUICK)
    given = [(note.onset_ticks, note.length_ticks, note.pitch) for note in piece.score.voice_notes(0)]
    assert given == [(0, 480, 67), (720, 160, 69), (880, 80, 71)]
    for nothing in ([], [(None, 4)]):
        with pytest.raises(InputError, match="no notes"):
            noise.harmonise(nothing, drawing=QUICK)
    with pytest.raises(InputError, match="no notes"):
        noise.harmonise(Score((), 4 * Q), drawing=QUICK)


def chorale(bars: int = 1) -> Score:
    lines = ((72, 74, 76, 72), (67, 65, 67, 67), (64, 62, 60, 64), (48, 50, 52, 48))
    return Score(
        tuple(
            Note((i + 4 * bar) * Q, Q, pitch, voice)
            for bar in range(bars)
            for voice, pitches in enumerate(lines)
            for i, pitch in enumerate(pitches)
        ),
        key=Key(0),
    )


@pytest.mark.parametrize("voices", [("bass",), ("soprano", "bass"), ("A", "T"), ("S", "A", "T"), ("bass", "B")])
def test_given_voices_are_taken_from_music_in_four(noise: Model, voices: tuple[str, ...]) -> None:
    score, numbers = chorale(), {"SATB".index(name[0].upper()) for name in voices}
    piece = noise.harmonise(score, voice=voices, drawing=QUICK)
    for voice in range(4):
        kept = tuple(replace(note, locked=False) for note in piece.score.voice_notes(voice))
        assert (kept == score.voice_notes(voice)) is (voice in numbers)
    assert {note.voice for note in piece.score.notes if note.locked} == numbers
    remark = next(remark for remark in piece.remarks if remark.startswith("took the"))
    assert f"left out {16 - 4 * len(numbers)} other notes" in remark


def test_voices_that_cannot_be_given_are_refused(noise: Model) -> None:
    with pytest.raises(InputError, match="4 of 4 voices are given; leave at least one"):
        noise.harmonise(chorale(), voice=("S", "A", "T", "B"), drawing=QUICK)
    trio = replace(chorale(), notes=tuple(note for note in chorale().notes if note.voice != 3))
    with pytest.raises(InputError, match="has no bass"):
        noise.harmonise(trio, voice=("S", "B"), drawing=QUICK)
    with pytest.raises(InputError, match="Soprano, Alto, Tenor, Bass"):
        noise.harmonise(line(TUNE), voice=("S", "B"), drawing=QUICK)
    with pytest.raises(InputError, match="'descant' is not a voice"):
        noise.harmonise(line(TUNE), voice="descant")
    with pytest.raises(InputError, match="no voice is given"):
        noise.harmonise(line(TUNE), voice=())


def test_of_notes_that_sound_together_the_highest_are_the_melody(noise: Model) -> None:
    score = Score((*line(TUNE).notes, *(Note(i * Q, Q, 55) for i in range(8))))
    piece = noise.harmonise(score, drawing=QUICK)
    check_given(piece, line(TUNE))
    assert "took the highest of several notes at once: 8 left out, 0 cut short" in piece.remarks


def test_the_key_is_stated_estimated_or_asked_for(noise: Model) -> None:
    tune = line((67, 69, 71, 72, 74, 76, 78, 79))
    guessed = noise.harmonise(tune, drawing=QUICK)
    assert guessed.score.key == Key(1)
    assert any("G major" in remark for remark in guessed.remarks)
    stated = noise.harmonise(replace(tune, key=Key(2)), drawing=QUICK)
    assert stated.score.key == Key(2)
    assert not stated.remarks
    # C major that nobody set is not believed against the notes, and is where they agree
    assert noise.harmonise(replace(tune, key=Key(0)), drawing=QUICK).score.key == Key(1)
    plain = replace(line((67, 69, 71, 72, 74, 71, 69, 67)), key=Key(0))
    assert noise.harmonise(plain, drawing=QUICK).score.key == Key(0)
    asked = noise.harmonise(tune, key="C major", drawing=QUICK)
    assert asked.score.key == Key(0)
    assert not asked.remarks


def sounding(score: Score, tick: int) -> list[Note]:
    return [note for note in score.notes if note.onset_ticks <= tick < note.end_ticks and not note.locked]


@pytest.mark.parametrize("ticks", [1, 6, 480])
def test_chords_hold_on_the_beats_and_a_slash_is_the_bass(noise: Model, ticks: int) -> None:
    """At any resolution of the tune: that of the grid is another one, and chords have to come along."""
    tune = Score(tuple(Note(i * ticks, ticks, p) for i, p in enumerate(TUNE)), ticks_per_quarter=ticks)
    full = replace(QUICK, min_voices=4, max_voices=4)
    piece = noise.harmonise(tune, chords="G/B D7/F#  | C N.C.", drawing=full, seed=2)
    score = piece.score
    quarter = score.ticks_per_quarter
    spans = [(0, {7, 11, 2}, 11), (2, {2, 6, 9, 0}, 6), (4, {0, 4, 7}, None)]
    for first, classes, bass in spans:
        for beat in (first, first + 1):
            notes = sounding(score, beat * quarter)
            assert {note.voice for note in notes} == {1, 2, 3}
            assert {note.pitch % 12 for note in notes} <= classes
        if bass is not None:
            assert {note.pitch % 12 for note in sounding(score, first * quarter) if note.voice == 3} == {bass}
    assert [chord.onset_ticks for chord in score.chords] == [0, 2 * quarter, 4 * quarter, 6 * quarter]
    # nothing is asked for after N.C.
    free = {note.pitch % 12 for beat in (6, 7) for note in sounding(score, beat * quarter)}
    assert not free <= {0, 4, 7}
    assert UNMET not in piece.remarks


def test_chords_of_the_score_hold_too_and_those_given_replace_them(noise: Model) -> None:
    tune = replace(line(TUNE), chords=(ChordSymbol(0, frozenset({1, 5, 8}), name="Db"),))
    for piece, classes in (
        (noise.harmonise(tune, drawing=QUICK), {1, 5, 8}),
        (noise.harmonise(tune, chords="Eb | %", drawing=QUICK), {3, 7, 10}),
    ):
        on_beats = [note.pitch % 12 for beat in range(8) for note in sounding(piece.score, beat * Q)]
        assert on_beats
        assert set(on_beats) <= classes
    score = noise.harmonise(tune, drawing=QUICK).score
    assert not {note.pitch % 12 for note in score.notes if not note.locked} <= {1, 5, 8}  # between the beats


def test_forbidden_pitches_do_not_sound_where_they_are_forbidden(noise: Model) -> None:
    low = tuple(range(36, 60))
    piece = noise.harmonise(line(TUNE), forbid=[Forbidden(1, 3, low, (2, 3))], drawing=replace(QUICK, min_voices=2))
    for step in range(32):
        inside = [n for n in sounding(piece.score, step * 120) if n.voice in (2, 3) and n.pitch in low]
        assert not (inside and 4 <= step < 12)
    assert any(note.voice == 3 and note.pitch in low for note in piece.score.notes)
    # where the tune is moved by octaves, what is meant is the pitch that comes out
    others = tuple(pitch for pitch in range(65, 87) if pitch != 84)
    moved = noise.harmonise(
        line([91, 93]), forbid=[Forbidden(0, 2, others, (1,))], drawing=replace(QUICK, min_voices=4)
    )
    assert {note.pitch for note in moved.score.voice_notes(1)} == {84}


@pytest.mark.parametrize("voices", [(4, 4), (2, 4), (3, 3), (0, 2), (1, 1)])
def test_polyphony_counts_the_melody(noise: Model, voices: tuple[int, int]) -> None:
    least, most = voices
    piece = noise.harmonise(line(TUNE[:4]), drawing=replace(QUICK, min_voices=least, max_voices=most))
    counts = [sum(n.onset_ticks <= step * 120 < n.end_ticks for n in piece.score.notes) for step in range(16)]
    assert least <= min(counts) <= max(counts) <= most


def test_what_cannot_be_met_is_said(noise: Model) -> None:
    nothing = Forbidden(0, 1, tuple(range(128)), (1,))
    piece = noise.harmonise(line([67, 69]), forbid=[nothing], drawing=replace(QUICK, min_voices=4))
    assert UNMET in piece.remarks
    alto = piece.score.voice_notes(1)
    assert alto  # the second beat is written all the same
    assert all(note.onset_ticks >= Q for note in alto)


def test_a_voice_that_is_known_to_rest_does_not_count_for_the_least(noise: Model) -> None:
    piece = noise.harmonise(line([67, None, 69]), drawing=replace(QUICK, min_voices=4))
    assert UNMET not in piece.remarks
    sounding = {note.voice for note in piece.score.notes if note.onset_ticks <= Q < note.end_ticks}
    assert sounding == {1, 2, 3}


def test_two_given_voices_may_meet_in_a_unison(noise: Model) -> None:
    notes = tuple(
        Note(i * Q, Q, pitch, v) for v, line_ in enumerate(((67, 69), (67, 65))) for i, pitch in enumerate(line_)
    )
    piece = noise.harmonise(Score(notes), voice=("soprano", "alto"), drawing=replace(QUICK, min_voices=4))
    assert UNMET not in piece.remarks
    assert {note.voice for note in piece.score.notes if note.onset_ticks == 0} == {0, 1, 2, 3}


def test_locked_notes_of_other_voices_are_kept(noise: Model) -> None:
    locked = (Note(Q, 2 * Q, 50, 3, 70, True), Note(4 * Q + 37, Q, 60, 2, 75, True))
    score = Score((*line(TUNE, voice=0).notes, *locked, Note(6 * Q, Q, 64, 1)))
    for seed in range(3):
        piece = noise.harmonise(score, seed=seed, drawing=QUICK)
        assert {note for note in piece.score.notes if note.voice and note.locked} == set(locked)
        for voice in range(4):
            assert all(a.end_ticks <= b.onset_ticks for a, b in pairwise(piece.score.voice_notes(voice)))
    assert any("left out 1 other notes" in remark for remark in piece.remarks)


def test_piece_i_is_what_its_seed_gives_alone_however_it_is_drawn(noise: Model) -> None:
    tune = line(TUNE[:2])
    for drawing in (
        None,
        SamplingOptions(cadence=False, particles=3),
        SamplingOptions(cadence=False, particles=2, lookahead=True, best_of=2),
        SamplingOptions(cadence=False, best_of=3),
    ):
        pieces = list(noise.draw(noise.plan_harmonisation(tune, seed=5, drawing=drawing, n=3)))
        assert [piece.seed for piece in pieces] == [5, 6, 7]
        assert len({piece.score.notes for piece in pieces}) == 3
        alone = noise.harmonise(tune, seed=6, drawing=drawing)
        assert alone.score == pieces[1].score
        assert alone.likelihood.nats == pytest.approx(pieces[1].likelihood.nats, abs=1e-9)
        assert alone.log_evidence == pytest.approx(pieces[1].log_evidence, abs=1e-9)


class StopError(Exception):
    """What a user's progress callback raises."""


def test_what_progress_raises_ends_the_drawing(noise: Model) -> None:
    calls: list[int] = []

    def stop(frames: int) -> None:
        calls.append(frames)
        if len(calls) == 3:
            raise StopError

    with pytest.raises(StopError):
        list(noise.draw(noise.plan_harmonisation(line(TUNE), drawing=QUICK, n=2), stop))
    assert calls == [2, 2, 2]


def test_progress_adds_up_with_particles_and_alternatives(noise: Model) -> None:
    for drawing in (QUICK, SamplingOptions(cadence=False, particles=2, best_of=2)):
        calls: list[int] = []
        list(noise.draw(noise.plan_harmonisation(line(TUNE[:2]), drawing=drawing, n=3), calls.append))
        assert sum(calls) == 3 * 8


def test_a_model_without_voices_and_one_without_articulation_harmonise(tmp_path: Path) -> None:
    for states, voices in ((3, 0), (2, 0), (2, 4)):
        torch.manual_seed(0)
        config = replace(PRESETS["tiny"], num_states=states, num_voices=voices, voice_neighbourhood=bool(voices))
        config = replace(config, voice_intervals=bool(voices), parallels=bool(voices))
        model = Model(BiaxialLSTM(config).eval(), {}, "other")
        tune = replace(line(TUNE), notes=(*line(TUNE[:7]).notes, Note(7 * Q + 50, 150, 67)))
        score = model.harmonise(tune, drawing=replace(QUICK, density=-2.0)).score
        given = tuple(note for note in score.notes if note.locked)
        assert music(given, Q) == music(tune.notes, Q)
        assert {note.voice for note in given} == {0 if voices else None}
        assert len(score.notes) > len(given)
        if not voices:  # the melody is on top
            for note in score.notes:
                above = [n for n in given if n.onset_ticks <= note.onset_ticks < n.end_ticks]
                assert all(note.pitch <= n.pitch for n in above)
        check_files(score, tmp_path)


EVEN = line([67, 69, 71, 72] * 8, key=Key(1))


def told(model: Model, melody: Score, **options: object) -> tuple[int, ...] | None:
    """The phrase ends that the network is told, in quarters."""
    (request,) = model.plan_harmonisation(melody, **options).requests  # type: ignore[arg-type]
    ends = (request.told or request.score).fermatas
    return None if ends is None else tuple(tick * 4 // request.score.ticks_per_quarter // 4 for tick in ends)


def test_phrase_ends_are_guessed_stated_or_left_open_and_never_printed(noise: Model) -> None:
    assert told(noise, EVEN) == (7, 15, 23, 31)
    assert told(noise, EVEN, phrases="4+4") == told(noise, EVEN, phrases="4,8") == (15, 31)
    assert told(noise, EVEN, phrases=(2, 6)) == (7, 31)
    assert told(noise, EVEN, phrases=()) is None
    assert any("phrases are taken to end in bars 2, 4, 6, 8" in text for text in noise.plan_harmonisation(EVEN).remarks)
    assert not noise.plan_harmonisation(EVEN, phrases="4+4").remarks
    for phrases in (None, "4+4"):
        assert noise.harmonise(EVEN, phrases=phrases, drawing=QUICK).score.fermatas is None


@pytest.mark.parametrize("fermatas", [(), (15 * Q,), (15 * Q, 31 * Q)])
def test_fermatas_of_the_tune_are_believed(noise: Model, fermatas: tuple[int, ...]) -> None:
    tune = replace(EVEN, fermatas=fermatas)
    assert told(noise, tune) == tuple(tick // Q for tick in fermatas)
    assert not noise.plan_harmonisation(tune).remarks
    assert told(noise, tune, phrases="8") == (31,)
    assert noise.harmonise(tune, phrases="8", drawing=QUICK).score.fermatas == fermatas


def test_a_short_tune_has_one_phrase_and_nothing_is_said(noise: Model) -> None:
    plan = noise.plan_harmonisation(line(TUNE[:4], key=Key(1)))
    assert plan.remarks == ()
    assert told(noise, line(TUNE[:4], key=Key(1))) is None


def test_a_tune_in_the_range_of_a_lower_voice_is_that_voice(noise: Model) -> None:
    low = line([40, 43, 45, 47, 48, 43, 45, 40], key=Key(0))
    piece = noise.harmonise(low, drawing=QUICK)
    check_given(piece, low, 3)
    assert any("lies where the bass sings" in remark for remark in piece.remarks)
    check_given(noise.harmonise(low, voice="soprano", drawing=QUICK), low, 0)


@pytest.mark.parametrize("semitones", [-5, 0, 3, 12])
def test_a_tune_that_is_transposed_takes_the_piece_with_it(noise: Model, semitones: int) -> None:
    tune = line(TUNE, key=Key(1), chords=(ChordSymbol(0, frozenset({7, 11, 2}), name="G"),))
    piece = noise.harmonise(tune, transpose=semitones, forbid=[Forbidden(0, 1, (55,))], drawing=QUICK)
    check_given(piece, tune.transposed(semitones))
    assert piece.score.key == Key(1).transposed(semitones)
    assert piece.score.chords == tune.transposed(semitones).chords
    same = noise.harmonise(tune.transposed(semitones), forbid=[Forbidden(0, 1, (55 + semitones,))], drawing=QUICK)
    assert piece.score == same.score


@pytest.mark.parametrize("semitones", [-5, 3, "fit"])
def test_and_back_again_everything_is_where_it_was(noise: Model, semitones: int | Literal["fit"]) -> None:
    tune = line([87, 85, 83, 80], key=Key(7), chords=(ChordSymbol(0, frozenset({1, 5, 8}), name="C#"),))
    there = noise.harmonise(tune, transpose=semitones, drawing=QUICK).score
    back = noise.harmonise(tune, transpose=semitones, transpose_back=True, drawing=QUICK)
    check_given(back, tune)
    assert (back.score.key, back.score.chords) == (tune.key, tune.chords)
    moved = there.voice_notes(0)[0].pitch - 87
    assert moved == (-6 if semitones == "fit" else semitones)
    assert sorted((n.onset_ticks, n.pitch - moved, n.voice) for n in there.notes) == sorted(
        (n.onset_ticks, n.pitch, n.voice) for n in back.score.notes
    )


def test_a_transposition_beyond_midi_is_refused(noise: Model) -> None:
    with pytest.raises(ValueError, match="not a MIDI number"):
        noise.plan_harmonisation(line(TUNE), transpose=90)
