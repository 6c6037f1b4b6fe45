"""The shipped weights of the token LSTMs: small, at home in their corpora, and free of loops."""

from __future__ import annotations

from itertools import pairwise

import pytest

from biaxial.files.weights_file import pretrained_path
from biaxial.metrics.figures.statistics import events_of, find_loop
from biaxial.music.constants import VOICE_RANGES
from biaxial.music.score import Key, Note, Score
from biaxial.tasks.harmonised_tunes import harmonised_tunes
from biaxial.tasks.loading import load_model, load_token_model
from biaxial.tasks.piece import Piece

NAMES = {"hymn-tunes-v1": "melody", "chords-v1": "chord"}


def drawn(name: str, events: int | None = None, seed: int = 0) -> list[Piece]:
    model = load_token_model(name)
    return list(model.draw(model.plan_composition(events, n=4, seed=seed)))


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_small_and_say_how_they_were_made(name: str) -> None:
    model = load_token_model(name)
    assert (model.name, model.config.kind) == (name, NAMES[name])
    assert pretrained_path(name).stat().st_size <= 3e6
    assert model.history["training_seconds"] <= 900
    assert model.history["keys"]
    assert model.history["metres"]


@pytest.mark.parametrize("name", NAMES)
def test_pieces_have_no_loops_and_many_pitches(name: str) -> None:
    for piece in drawn(name, 150, seed=1):
        assert find_loop(events_of(piece.score)) is None
        assert len({note.pitch for note in piece.score.notes}) >= 5


def test_tunes_are_lines_that_end_by_themselves() -> None:
    for piece in drawn("hymn-tunes-v1"):
        notes = piece.score.notes
        assert all(one.end_ticks <= other.onset_ticks for one, other in pairwise(notes))
        assert piece.remarks == ()


def test_tunes_have_phrases_and_end_on_their_tonic() -> None:
    for piece in drawn("hymn-tunes-v1", seed=20):
        score = piece.score
        last = score.notes[-1]
        assert score.key is not None
        assert score.fermatas is not None
        assert (last.pitch % 12, last.end_ticks) == (score.key.tonic, score.length_ticks)
        assert score.fermatas[-1] == last.onset_ticks
        assert len(score.fermatas) >= score.length_ticks / (32 * 480)
        assert set(score.fermatas) <= {note.onset_ticks for note in score.notes}


def test_a_harmonised_tune_keeps_its_phrases_and_ends_at_home_in_all_voices() -> None:
    (piece,) = harmonised_tunes(
        load_model(None, "cpu"), load_token_model("hymn-tunes-v1"), 1, 24, key="G major", seed=2
    )
    score = piece.score
    last = [note for note in score.notes if note.end_ticks == score.length_ticks]
    assert [note.voice for note in sorted(last, key=lambda note: note.voice or 0)] == [0, 1, 2, 3]
    assert {note.pitch % 12 for note in last} <= {7, 11, 2}
    assert {note.pitch % 12 for note in last if note.voice in (0, 3)} == {7}
    assert score.fermatas is not None
    assert set(score.fermatas) <= {note.onset_ticks for note in score.voice_notes(0)}
    low, high = VOICE_RANGES[0]
    assert all(low <= note.pitch <= high for note in score.voice_notes(0))


@pytest.mark.parametrize("name", NAMES)
def test_music_is_likelier_than_its_mirror(name: str) -> None:
    scale = (60, 64, 67, 72, 71, 69, 67, 65, 64, 62, 60)
    notes = tuple(Note(480 * i, 480, pitch) for i, pitch in enumerate(scale))
    score = Score((*notes, Note(480 * 11, 960, 60)), key=Key(0))
    strange = Score(tuple(Note(n.onset_ticks, n.length_ticks, 61 + n.pitch * 7 % 23) for n in score.notes), key=Key(0))
    model = load_token_model(name)
    assert model.log_likelihood(score).nats > model.log_likelihood(strange).nats + 10
