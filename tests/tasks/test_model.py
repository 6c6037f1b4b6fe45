"""Composing and scoring through the public face."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from biaxial import InputError, Key, Model, Note, Piece, SamplingOptions, Score, TimeSignature
from biaxial.formats.midi.midi_writer import read_midi
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.constants import HOLD, VOICE_RANGES
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Syllable
from biaxial.sampling.guess_and_verify import ParallelStepper
from biaxial.sampling.randomness import uniforms

Q = 480


def test_a_piece_is_what_was_asked_for(noise: Model) -> None:
    piece = noise.compose(2, key="F# minor", time_signature="3/4", tempo_bpm=90, seed=5)
    score = piece.score
    assert score.length_ticks == 6 * Q
    assert (score.key, score.tempo_bpm, score.time_signatures[0].name) == (Key.from_name("F# minor"), 90, "3/4")
    assert (piece.seed, piece.model, piece.likelihood.num_steps) == (5, "noise", 24)
    assert {note.voice for note in score.notes} == {0, 1, 2, 3}
    for note in score.notes:
        assert note.voice is not None
        low, high = VOICE_RANGES[note.voice]
        assert low <= note.pitch <= high


def test_piece_i_is_the_one_that_its_own_seed_gives_alone(noise: Model) -> None:
    pieces = list(noise.draw(noise.plan_composition(1, seed=7, n=3)))
    assert [piece.seed for piece in pieces] == [7, 8, 9]
    assert len({piece.score.notes for piece in pieces}) == 3
    for piece in pieces:
        alone = noise.compose(1, seed=piece.seed)
        assert alone.score == piece.score
        assert alone.likelihood.nats == pytest.approx(piece.likelihood.nats, abs=1e-9)


def test_the_likelihood_of_drawing_is_that_of_the_parallel_pass(noise: Model) -> None:
    piece = noise.compose(2, seed=1)
    scored = noise.log_likelihood(piece)
    assert scored.nats == pytest.approx(piece.likelihood.nats, rel=1e-5)
    assert (scored.num_steps, scored.num_struck) == (piece.likelihood.num_steps, piece.likelihood.num_struck)
    assert scored.nats_per_step == -scored.nats / 32


def test_a_saved_piece_has_the_same_likelihood(noise: Model, tmp_path: Path) -> None:
    piece = noise.compose(2, seed=2, tempo_bpm=75)
    piece.save(tmp_path / "p.mid")
    assert read_midi(tmp_path / "p.mid").notes == piece.score.notes
    assert noise.log_likelihood(tmp_path / "p.mid") == noise.log_likelihood(piece)
    with pytest.raises(InputError, match=r"\.mid"):
        piece.save(tmp_path / "p.xyz")


def test_the_key_is_drawn_by_the_seed_as_often_as_the_corpus_has_it(noise: Model) -> None:
    keys = [
        piece.score.key
        for piece in noise.draw(noise.plan_composition(1, phrases=(1,), drawing=SamplingOptions(max_voices=0), n=60))
    ]
    names = [key.name for key in keys if key is not None]
    assert set(names) == {"G major", "A minor"}
    assert 25 <= names.count("G major") <= 55


@pytest.mark.parametrize("voices", [(4, 4), (0, 2), (1, 1)])
def test_polyphony_is_an_option(noise: Model, voices: tuple[int, int]) -> None:
    piece = noise.compose(1, drawing=SamplingOptions(min_voices=voices[0], max_voices=voices[1]))
    for step in range(16):
        sounding = [n for n in piece.score.notes if n.onset_ticks <= step * Q // 4 < n.end_ticks]
        assert voices[0] <= len(sounding) <= voices[1]


def test_a_primer_comes_first_note_for_note(noise: Model) -> None:
    primer = Score(
        tuple(Note(i * Q, Q, pitch + i, v) for i in range(2) for v, pitch in enumerate((72, 67, 60, 48))),
        key=Key.from_name("Eb major"),
    )
    piece = noise.compose(2, primer=primer, seed=3)
    assert piece.score.notes[:8] == primer.notes
    assert piece.score.key == primer.key
    assert any(note.onset_ticks >= 2 * Q for note in piece.score.notes)
    other = noise.compose(2, primer=primer, seed=4)
    assert other.score.notes[:8] == primer.notes
    assert other.score != piece.score


def test_a_primer_keeps_its_pickup_its_voices_and_its_note_lengths(noise: Model) -> None:
    soprano = Score(tuple(Note(i * Q, Q, 67 + i, 0) for i in range(4)), pickup_ticks=Q)
    for seed in range(4):
        score = noise.compose(2, primer=soprano, seed=seed).score
        assert (score.pickup_ticks, score.length_ticks) == (Q, 8 * Q)
        assert tuple(note for note in score.notes if note.onset_ticks < 4 * Q) == soprano.notes
    line = Score(tuple(replace(note, voice=None) for note in soprano.notes))
    assert noise.compose(2, primer=line).score.notes[:4] == soprano.notes


def test_a_primer_brings_its_tempo_key_title_words_and_fermatas(noise: Model) -> None:
    primer = Score(
        tuple(Note(i * Q, Q, 60 + step, 0) for i, step in enumerate((0, 4, 7, 12, 11, 7, 4, 0))),
        fermatas=(3 * Q,),
        tempo_bpm=50.0,
        lyrics=(Syllable(0, "A", True), Syllable(Q, "men")),
        title="Ode",
    )
    for seed in range(3):
        score = noise.compose(4, primer=primer, seed=seed).score
        assert (score.tempo_bpm, score.key, score.title) == (50.0, Key(0), "Ode")
        assert score.lyrics == primer.lyrics
        assert score.fermatas is not None
        assert score.fermatas[0] == 3 * Q
        assert all(tick >= 8 * Q for tick in score.fermatas[1:])
        assert len(score.fermatas) > 1
    said = noise.compose(4, primer=primer, tempo_bpm=90, key="F major", phrases=(1, 3)).score
    assert (said.tempo_bpm, said.key) == (90, Key(-1))
    assert said.fermatas is not None
    assert 3 * Q not in said.fermatas
    assert noise.compose(4).score.tempo_bpm == 76


def test_a_primer_that_is_too_long_is_counted_in_bars(noise: Model) -> None:
    primer = Score(tuple(Note(i * Q, Q, 60, 0) for i in range(9)), pickup_ticks=Q)
    with pytest.raises(InputError, match="the primer has 2 bars, the piece 2; ask for more bars, at least 3"):
        noise.compose(2, primer=primer)
    assert noise.compose(3, primer=primer).score.notes[:9] == primer.notes


def test_a_primer_in_another_metre_is_refused(noise: Model) -> None:
    primer = Score((Note(0, Q, 60, 0),), time_signatures=(TimeSignature(3, 4),))
    with pytest.raises(InputError, match="--time-signature 3/4"):
        noise.compose(2, primer=primer)
    assert noise.compose(2, primer=primer, time_signature="3/4").score.length_ticks == 6 * Q


def test_particles_leave_a_temperature_alone_where_nothing_constrains(noise: Model) -> None:
    """Weights are those of the tempered distribution, so that without a constraint they are all one."""
    stepper = ParallelStepper(noise.network, SamplingOptions(temperature=0.7, min_p=0.02).proposal(noise.history))
    state = stepper.start(3)
    for step in range(4):
        rows = torch.full((3, 8), -1, dtype=torch.int16)
        _, weight, state = stepper.step(state, rows, uniforms(range(3), step, noise.network.config.num_notes))
        assert weight.abs().max() < 1e-9


def test_a_primer_without_voices_gets_them(noise: Model) -> None:
    chord = Score(tuple(Note(0, Q, pitch) for pitch in (72, 67, 60, 48)))
    first = noise.compose(1, primer=chord).score.notes[:4]
    assert [(note.pitch, note.voice) for note in first] == [(72, 0), (67, 1), (60, 2), (48, 3)]


@pytest.mark.parametrize(
    ("primer", "message"),
    [
        (Score((), 4 * Q), "no notes"),
        (Score((Note(0, 4 * Q, 60, 0),)), "more bars"),
        (Score((Note(0, Q, 100, 0),)), "pitch 100"),
    ],
)
def test_primers_that_cannot_be_used_are_refused(noise: Model, primer: Score, message: str) -> None:
    with pytest.raises(InputError, match=message):
        noise.compose(1, primer=primer)


def test_what_the_model_cannot_express_has_likelihood_zero(noise: Model) -> None:
    piece = noise.compose(1)
    low = replace(piece.score, notes=(*piece.score.notes[:3], Note(0, Q, 20, 3)))
    assert noise.log_likelihood(low).nats == -float("inf")
    with pytest.raises(InputError, match="the score has none"):
        noise.log_likelihood(Score((Note(0, Q, 60),)))


def test_progress_counts_every_frame(noise: Model) -> None:
    calls: list[int] = []
    pieces = list(noise.draw(noise.plan_composition(1, n=3), calls.append))
    assert sum(calls) == 3 * 16
    assert all(isinstance(piece, Piece) for piece in pieces)


def test_a_temperature_changes_the_piece_and_the_seed_still_decides(noise: Model) -> None:
    plain, cool = (noise.compose(1, seed=1, drawing=SamplingOptions(temperature=t)) for t in (1.0, 0.6))
    assert plain.score != cool.score
    assert noise.compose(1, seed=1, drawing=SamplingOptions(temperature=0.6)).score == cool.score
    assert noise.compose(1, seed=1, drawing=SamplingOptions(min_p=0.2)).score != plain.score


@pytest.mark.parametrize("preset", ["jsb-quarter", "jsb-16th"])
def test_weights_without_articulation_compose_too(preset: str) -> None:
    """What sounds on is held, and the likelihood of drawing, by one walk or the other, is that of scoring."""
    torch.manual_seed(0)
    config = replace(PRESETS[preset], time_hidden=(8,), note_hidden=(6,), low_pitch=48, num_notes=30)
    model = Model(BiaxialLSTM(config).eval(), {}, "noise")
    drawing = SamplingOptions(cadence=False, max_voices=4, temperature=1.0)
    piece = model.compose(2, seed=3, key="C major", drawing=drawing)
    assert piece.score.notes
    assert piece.likelihood.num_struck == len({(note.onset_ticks, note.pitch) for note in piece.score.notes})
    outcomes = Roll.from_score(piece.score, Grid(config.steps_per_quarter), 48, 30)
    assert (outcomes.states == HOLD).any()
    free = model.compose(2, seed=3, key="C major", drawing=SamplingOptions(cadence=False, temperature=1.0))
    assert model.log_likelihood(free).nats == pytest.approx(free.likelihood.nats, rel=1e-4)


def test_every_verb_takes_an_object_of_pretty_midi(noise: Model) -> None:
    piece = noise.compose(4, key="G major", seed=3)
    music = piece.to_pretty_midi()
    quick: dict[str, Any] = {"seed": 1, "particles": 1, "cadence": False}
    assert noise.log_likelihood(music) == noise.log_likelihood(piece)
    assert noise.compose(4, primer=piece.score.cut(0, 1920).to_pretty_midi(), **quick) == noise.compose(
        4, primer=piece.score.cut(0, 1920), **quick
    )
    assert noise.harmonise(music, **quick).score == noise.harmonise(piece.score, **quick).score
    assert noise.infill(music, "2-3", **quick).score == noise.infill(piece, "2-3", **quick).score
    assert noise.continue_piece(music, 1, **quick).score == noise.continue_piece(piece, 1, **quick).score
    assert noise.bridge(music, music, 1, **quick).score == noise.bridge(piece, piece, 1, **quick).score
    with pytest.raises(InputError, match="int is not music"):
        noise.log_likelihood(7)


def test_a_tune_of_pretty_midi_is_harmonised(noise: Model) -> None:
    tune = Score(tuple(Note(480 * i, 480, 67 + i) for i in range(4)), key=Key(1))
    quick: dict[str, Any] = {"seed": 1, "particles": 1, "cadence": False}
    assert noise.harmonise(tune.to_pretty_midi(), **quick).score == noise.harmonise(tune, **quick).score
