"""Surprise of notes: the nats are the model's, they are shared out once, and places are found both ways."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from biaxial.likelihood.surprise import Surprise, surprises, voices_in
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.errors import InputError
from biaxial.music.score import Key, Note, Score, TimeSignature
from biaxial.tasks.loading import load_model
from biaxial.tasks.model import Model

Q = 480
PLAIN = {"num_voices": 0, "voice_neighbourhood": False, "voice_intervals": False, "parallels": False}


def network(**fields: Any) -> BiaxialLSTM:
    torch.manual_seed(0)
    return BiaxialLSTM(replace(PRESETS["tiny"], **fields)).eval()


def chorale(**fields: Any) -> Score:
    """A pickup and two bars: a soprano that ends in a unison with the alto, and a bass that rests in the pickup."""
    soprano, alto, bass = (72, 71, 74, 72, 71, 69, 67, 67, 67), (67,) * 9, (48, 50, 55, 43)
    notes = [Note(i * Q, Q, pitch, 0) for i, pitch in enumerate(soprano)]
    notes += [Note(i * Q, Q, pitch, 1) for i, pitch in enumerate(alto)]
    notes += [Note(Q + 2 * i * Q, 2 * Q, pitch, 3) for i, pitch in enumerate(bass)]
    return Score(tuple(notes), pickup_ticks=Q, key=Key(0), **fields)


def only(net: BiaxialLSTM, score: Score) -> Surprise:
    (found,) = surprises(net, [score])
    return found


@pytest.mark.parametrize("fields", [{}, {"order": "both"}, {"order": "low-to-high"}, PLAIN, {"num_states": 2}])
def test_all_nats_of_a_piece_are_shared_out_once(fields: dict[str, Any]) -> None:
    net, score = network(**fields), chorale()
    found = only(net, score)
    assert found.nats == pytest.approx(-Model(net, {}, "noise").log_likelihood(score).nats, rel=1e-6)
    assert found.per_step.sum() == pytest.approx(found.nats)
    moments = found.moments()
    assert sum(moment.nats for moment in moments) == pytest.approx(found.nats)
    shared = sum(note.strike + note.silence + note.hold for note in found.notes)
    unison = sum(note.strike + note.silence + note.hold for note in found.notes if note.note.pitch == 67) / 2
    ends = sum(moment.nats for moment in moments if moment.pitch is None)
    lone = sum(n.strike + n.silence + n.hold for n in found.notes if n.note.pitch == 67 and n.note.onset_ticks < 6 * Q)
    if net.config.num_voices:
        assert shared - unison + lone / 2 + ends == pytest.approx(found.nats)


def test_notes_are_those_of_the_score() -> None:
    score = chorale()
    found = only(network(), score)
    assert tuple(note.note for note in found.notes) == score.notes
    assert [note.step for note in found.notes] == [note.onset_ticks * 4 // Q for note in score.notes]
    for note in found.notes:
        n = note.note.pitch - 36
        assert note.strike == found.cells.nats[note.step, n]
        assert note.nats == note.strike + note.silence


def test_a_note_has_the_silence_that_was_passed_on_the_way() -> None:
    found = only(network(), chorale())
    soprano, alto = (next(n for n in found.notes if n.step == 4 and n.note.voice == voice) for voice in (0, 1))
    nats = found.cells.nats[4]
    assert soprano.silence == pytest.approx(nats[71 - 36 + 1 :].sum())
    assert alto.silence == pytest.approx(nats[67 - 36 + 1 : 71 - 36].sum())
    held = found.cells.nats[5:8]
    assert alto.hold == pytest.approx(held[:, 67 - 36 : 71 - 36].sum())


def test_bars_and_beats_are_found_both_ways() -> None:
    found = only(network(), chorale())
    places = [found.place(step) for step in range(found.roll.num_steps)]
    assert places[:6] == [(0, 4), (0, 4.25), (0, 4.5), (0, 4.75), (1, 1), (1, 1.25)]
    assert places[-1] == (2, 4.75)
    assert [found.step_at(*place) for place in places] == list(range(len(places)))


def test_bars_of_a_piece_that_changes_its_metre() -> None:
    signatures = (TimeSignature(3, 4), TimeSignature(2, 4, 3 * Q))
    found = only(network(), Score((Note(0, 7 * Q, 60, 0),), time_signatures=signatures))
    assert [found.place(step) for step in (0, 11, 12, 20)] == [(1, 1), (1, 3.75), (2, 1), (3, 1)]
    with pytest.raises(InputError, match=r"^there is no bar 0; the piece has bars 1 to 3$"):
        found.step_at(0, 1)


@pytest.mark.parametrize(
    ("bar", "beat", "line"),
    [
        (3, 1, "there is no bar 3; the piece has bars 0 to 2"),
        (-1, 1, "there is no bar -1; the piece has bars 0 to 2"),
        (0, 1, "there is no beat 1 in bar 0; it has beats 4 to 4.75"),
        (1, 5, "there is no beat 5 in bar 1; it has beats 1 to 4.75"),
        (1, 0.75, "there is no beat 0.75 in bar 1; it has beats 1 to 4.75"),
        (1, 1.1, "beat 1.1 lies between two steps; a beat has 4"),
    ],
)
def test_a_place_that_is_not_there(bar: int, beat: float, line: str) -> None:
    with pytest.raises(InputError) as refused:
        only(network(), chorale()).step_at(bar, beat)
    assert str(refused.value) == line


def test_the_most_surprising_come_first_and_from_where_they_were_asked_for() -> None:
    found = only(network(), chorale())
    ranked = found.most_surprising(10_000)
    assert [m.nats for m in ranked] == sorted((m.nats for m in found.moments() if m.nats > 0), reverse=True)
    assert found.most_surprising(3) == ranked[:3]
    assert found.most_surprising(2, slice(8, 12)) == tuple(m for m in ranked if 8 <= m.step < 12)[:2]
    assert found.most_surprising(0) == ()


def test_moments_say_who_sounds_and_who_does_not() -> None:
    first, *_ = only(network(), chorale()).moments()
    moments = [m for m in only(network(), chorale()).moments() if m.step in (0, 1, 24)]
    told = [(m.step, m.pitch, m.voices, m.happening) for m in moments]
    assert told == [
        (0, 72, (0,), "struck"),
        (0, 67, (1,), "struck"),
        (0, None, (3,), "silent"),
        (1, 72, (0,), "held"),
        (1, 67, (1,), "held"),
        (1, None, (3,), "silent"),
        (24, 67, (0, 1), "struck"),
        (24, 55, (3,), "held"),
        (24, None, (), "silent"),
    ]
    assert (first.bar, first.beat) == (0, 4)
    assert [voices_in(mask) for mask in (0, 1, 6, 15)] == [(), (0,), (1, 2), (0, 1, 2, 3)]


def test_conditions_are_those_of_the_score() -> None:
    net, score = network(), chorale(fermatas=(4 * Q,))
    others = [replace(score, key=None), replace(score, fermatas=None), replace(score, pickup_ticks=0)]
    known, *unknown = surprises(net, [score, *others])
    for other in unknown:
        assert not np.allclose(known.cells.nats, other.cells.nats)


def test_batches_are_in_order() -> None:
    net = network()
    scores = [chorale(), Score((Note(0, Q, 60, 0),)), chorale(title="longer", length_ticks=20 * Q)]
    for score, found in zip(scores, surprises(net, scores), strict=True):
        np.testing.assert_allclose(found.cells.nats, only(net, score).cells.nats, rtol=1e-4, atol=1e-6)
        assert found.roll.outline.title == score.title


@pytest.mark.parametrize(
    ("score", "line"),
    [
        (Score((Note(Q, Q, 30, 0),), title="Low"), "Low cannot be expressed by this network: pitch 30 at quarter 1 is"),
        (Score((Note(0, Q, 60),)), "the score has no voices, and this network wants every note in one of up to 4;"),
        (Score((Note(0, Q, 60, 4),)), "the score has 5 voices, and this network wants every note in one of up to 4;"),
        (Score(), "the score has no notes; give music that has some"),
    ],
)
def test_what_a_network_cannot_express_is_refused_in_one_line(score: Score, line: str) -> None:
    with pytest.raises(InputError) as refused:
        surprises(network(), [chorale(), score])
    assert str(refused.value).startswith(line)
    assert "\n" not in str(refused.value)


def test_music_without_voices_can_be_scored() -> None:
    net = network(**PLAIN)
    (found,) = surprises(net, [Score((Note(0, Q, 60), Note(0, 2 * Q, 64)))])
    assert [note.note.pitch for note in found.notes] == [60, 64]
    assert found.moments()[0].voices == ()


def test_the_shipped_weights_are_surprised_by_a_wrong_note() -> None:
    chords = ((72, 67, 64, 48), (72, 69, 65, 53), (71, 67, 62, 55), (72, 67, 64, 48)) * 2
    notes = [
        Note(i * 2 * Q, 2 * Q, pitch, voice) for i, chord in enumerate(chords) for voice, pitch in enumerate(chord)
    ]
    wrong = [replace(n, pitch=66) if (n.onset_ticks, n.voice) == (8 * Q, 1) else n for n in notes]
    pair = [Score(tuple(some), key=Key(0)) for some in (notes, wrong)]
    right, sour = (
        next(n for n in found.notes if (n.note.onset_ticks, n.note.voice) == (8 * Q, 1))
        for found in surprises(load_model(device="cpu").network, pair)
    )
    assert sour.nats > right.nats + 5
