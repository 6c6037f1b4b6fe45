"""The public face of the token LSTMs, and pieces from two models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from biaxial.formats.midi.midi_writer import write_midi
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.constants import VOICE_RANGES
from biaxial.music.errors import InputError
from biaxial.music.score import Key, Note, Score, Syllable, TimeSignature
from biaxial.tasks.harmonised_tunes import harmonised_tunes
from biaxial.tasks.model import Model
from biaxial.tasks.token_model import TokenModel, signature_of
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.network import SequenceLSTM

HISTORY = {"keys": {"G major": 3, "E minor": 1}, "metres": {"12+4": 2, "16+0": 1}}
CONFIGS = {
    "melody": SequenceConfig(kind="melody", phrases=True, embedding=8, hidden=(12,)),
    "chord": SequenceConfig(
        kind="chord", embedding=8, hidden=(12,), chords=((48,), (60, 64, 67), (62, 65)), lengths=(1, 2, 4)
    ),
}


def model(kind: str) -> TokenModel:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        network = SequenceLSTM(CONFIGS[kind]).eval()
    with torch.no_grad():
        if kind == "chord":
            network.head.bias[145:148] = -9.0  # an untrained net would spell lengths of days
        else:
            network.head.bias[128] = 3.0
            network.head.bias[:48] = network.head.bias[84:128] = -9.0
    return TokenModel(network, HISTORY, kind)


@pytest.fixture(params=["melody", "chord"])
def events(request: pytest.FixtureRequest) -> TokenModel:
    return model(request.param)


def test_a_piece_has_events_key_metre_and_an_end(events: TokenModel) -> None:
    piece = events.compose(30, key="D major", time_signature="3/4", tempo_bpm=88, seed=4)
    assert piece.score.key == Key.from_name("D major")
    assert piece.score.time_signatures == (TimeSignature(3, 4),)
    assert piece.score.tempo_bpm == 88
    assert 5 <= len(piece.score.notes) <= 30 * 3
    assert piece.score.length_ticks >= max(note.end_ticks for note in piece.score.notes)
    assert piece.model == events.name
    if any("broken off" in remark for remark in piece.remarks):
        assert piece.remarks == ("broken off after 30 events: the model did not end the piece by then",)


def test_a_seed_gives_the_same_piece_alone_and_among_others(events: TokenModel) -> None:
    many = list(events.draw(events.plan_composition(20, n=3, seed=5)))
    assert [piece.seed for piece in many] == [5, 6, 7]
    assert events.compose(20, seed=6) == many[1]
    assert many[0].score.notes != many[1].score.notes


def test_key_and_metre_are_drawn_as_often_as_in_the_corpus(events: TokenModel) -> None:
    pieces = list(events.draw(events.plan_composition(3, n=40)))
    keys = [piece.score.key for piece in pieces]
    assert {key.name for key in keys if key} == {"G major", "E minor"}
    assert keys.count(Key.from_name("G major")) > 20
    assert {(piece.score.time_signatures[0].name, piece.score.pickup_ticks) for piece in pieces} == {
        ("3/4", 480),
        ("4/4", 0),
    }


def test_the_key_moves_the_notes() -> None:
    events = model("melody")
    home, away = (events.compose(20, key=key, time_signature="4/4", seed=1).score for key in ("C major", "Eb major"))
    assert [note.pitch + 3 for note in home.notes] == [note.pitch for note in away.notes]
    low = events.compose(20, key="G major", time_signature="4/4", seed=1).score
    assert [note.pitch - 5 for note in home.notes] == [note.pitch for note in low.notes]


def test_what_was_drawn_is_scored_alike(events: TokenModel) -> None:
    found = 0
    for seed in range(30):
        piece = events.compose(12, key="C major", time_signature="4/4", seed=seed, cadence=False)
        if piece.remarks or not piece.score.notes:  # broken off: its string has no END
            continue
        scored = events.log_likelihood(piece.score)
        if events.config.kind == "melody":  # where a string and its music are one to one
            assert scored.nats == pytest.approx(piece.likelihood.nats, abs=1e-3)
            assert scored.num_steps == piece.likelihood.num_steps
        assert -1000 < scored.nats < 0
        found += 1
    assert found >= 3  # of 30 that were drawn


def test_voices_are_scored_one_by_one() -> None:
    events = model("melody")
    upper = tuple(Note(480 * i, 480, 72 + i, 0) for i in range(4))
    lower = tuple(Note(480 * i, 480, 55 - i, 1) for i in range(4))
    both = Score((*upper, *lower), key=Key(0))
    one, other = (Score(tuple(replace(n, voice=None) for n in notes), key=Key(0)) for notes in (upper, lower))
    total = events.log_likelihood(one).nats + events.log_likelihood(other).nats
    found = events.log_likelihood(both)
    assert found.nats == pytest.approx(total, abs=1e-4)
    assert (found.num_steps, found.num_struck) == (16, 8)


def test_a_primer_comes_out_as_it_went_in(events: TokenModel) -> None:
    notes = (Note(0, 480, 67), Note(480, 240, 69), Note(720, 240, 71), Note(960, 480, 67))
    primer = Score(notes, key=Key.from_name("G major"), pickup_ticks=480, time_signatures=(TimeSignature(3, 4),))
    piece = events.compose(14, primer=primer, seed=2)
    assert [(n.onset_ticks, n.length_ticks, n.pitch) for n in piece.score.notes][:3] == [
        (n.onset_ticks, n.length_ticks, n.pitch) for n in notes[:3]
    ]
    assert piece.score.pickup_ticks == 480
    assert piece.score.time_signatures[0].name == "3/4"
    assert len(piece.score.notes) > 4
    assert piece.likelihood.num_steps < piece.score.length_ticks // 120
    with pytest.raises(InputError, match="the primer has 4 events, the piece 4"):
        events.compose(4, primer=primer)
    with pytest.raises(InputError, match="the primer has no notes"):
        events.compose(primer=Score(length_ticks=480))


def test_a_primer_brings_its_tempo_key_title_and_words(events: TokenModel) -> None:
    notes = tuple(Note(i * 480, 480, 60 + step) for i, step in enumerate((0, 4, 7, 12, 11, 7, 4, 0)))
    primer = Score(notes, tempo_bpm=50.0, lyrics=(Syllable(480, "men"),), title="Ode")
    for seed in range(3):
        score = events.compose(14, primer=primer, seed=seed).score
        assert (score.tempo_bpm, score.key, score.title, score.lyrics) == (50.0, Key(0), "Ode", primer.lyrics)
    assert events.compose(14, primer=primer, tempo_bpm=90).score.tempo_bpm == 90
    assert events.compose(14).score.tempo_bpm == 96


def test_a_melody_model_takes_the_highest_line_of_a_primer() -> None:
    notes = (Note(0, 960, 60, 1), Note(0, 480, 72, 0), Note(480, 480, 74, 0))
    piece = model("melody").compose(12, primer=Score(notes, key=Key(0)), seed=1)
    assert [note.pitch for note in piece.score.notes][:2] == [72, 74]


def test_a_strange_chord_of_a_primer_stays_or_becomes_the_nearest() -> None:
    events = model("chord")
    primer = Score(tuple(Note(0, 480, pitch) for pitch in (60, 64, 70)), key=Key(0))
    kept = events.compose(8, primer=primer, seed=1)
    assert [note.pitch for note in kept.score.notes][:3] == [60, 64, 70]
    near = events.compose(8, primer=primer, nearest_chords=True, seed=1)
    assert [note.pitch for note in near.score.notes][:3] == [60, 64, 67]
    assert near.remarks[0] == "1 chords of the primer became the nearest ones of the vocabulary"


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"events": 0}, "0 events cannot be written"),
        ({"events": 5, "key": "H major"}, "is not a key"),
        ({"events": 5, "time_signature": "5/64"}, "is not a whole number of steps"),
        ({"events": 5, "top_p": 2}, "top_p is a share"),
        (
            {"events": 5, "ranges": ()},
            "is not an option of drawing; there are temperature, top_p, min_p, guard",
        ),
        ({"n": 0}, "no pieces were asked for"),
        ({"pitch_range": (60, 71)}, "a tune has an octave or more"),
    ],
)
def test_wishes_that_cannot_be_met(events: TokenModel, wishes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        events.plan_composition(**wishes)  # type: ignore[arg-type]


def test_metres_by_their_length() -> None:
    assert [signature_of(steps, 4).name for steps in (16, 12, 8, 6, 5, 24)] == [
        "4/4",
        "3/4",
        "2/4",
        "3/8",
        "5/16",
        "6/4",
    ]


def test_a_tune_ends_on_its_tonic_with_a_phrase_unless_it_is_free() -> None:
    events = model("melody")
    lasts = []
    for seed in range(20):
        score = events.compose(30, key="D minor", seed=seed, pitch_range=(57, 81)).score
        last = score.notes[-1]
        assert (last.pitch % 12, last.end_ticks) == (2, score.length_ticks)
        assert score.fermatas is not None
        assert score.fermatas[-1] == last.onset_ticks
        assert all(57 <= note.pitch <= 81 for note in score.notes)
        lasts.append(events.compose(30, key="D minor", seed=seed, cadence=False).score.notes[-1].pitch % 12)
    assert len(set(lasts)) > 3


def test_one_model_writes_a_tune_and_another_one_harmonises_it() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        voices = Model(BiaxialLSTM(PRESETS["tiny"]).eval(), {}, "noise", threads=1)
    tunes = model("melody")
    found = list(harmonised_tunes(voices, tunes, 2, 10, key="F major", seed=3))
    for seed, piece in zip((3, 4), found, strict=True):
        tune = tunes.compose(10, key="F major", pitch_range=VOICE_RANGES[0], seed=seed).score
        top = piece.score.voice_notes(0)
        assert [(n.onset_ticks, n.length_ticks, n.pitch) for n in top] == [
            (n.onset_ticks, n.length_ticks, n.pitch) for n in tune.notes
        ]
        assert piece.model == "melody + noise"
        assert piece.score.fermatas == tune.fermatas
        assert tune.fermatas is not None
        assert top[-1].pitch % 12 == 5
        assert top[-1].end_ticks == piece.score.length_ticks
        assert all(VOICE_RANGES[0][0] <= note.pitch <= VOICE_RANGES[0][1] for note in top)
        assert {note.voice for note in piece.score.notes} >= {0}
    with pytest.raises(InputError, match="tunes are written by melody weights"):
        next(harmonised_tunes(voices, model("chord"), 1))


def test_a_file_is_a_primer_and_is_scored(tmp_path: Path, events: TokenModel) -> None:
    write_midi(Score((Note(0, 480, 60), Note(480, 480, 64)), key=Key(0)), tmp_path / "x.mid")
    assert events.compose(8, primer=tmp_path / "x.mid", seed=1).score.notes[0].pitch == 60
    found = events.log_likelihood(str(tmp_path / "x.mid"))
    assert (found.num_steps, found.num_struck) == (8, 2)
    assert np.isfinite(found.nats)
    assert found.nats < 0
