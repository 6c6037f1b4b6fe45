"""Judging pieces: what they are far from, what they copy, and what does not apply to them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from biaxial.corpora.splits import FolderItem
from biaxial.judge.judge import Judge, Judgement, grade, group_distance, mean_of, oddness
from biaxial.judge.measures import GROUPS, MEASURES, Reading
from biaxial.judge.reference import Reference, measure_corpus
from biaxial.judge.wording import broken_rules, copies, moment_text
from biaxial.music.score import Key, Note, Score
from biaxial.tasks.model import Model

Q = 480


def judged(reference: Reference, score: Score, model: Model | None = None) -> Judgement:
    return Judge(reference, model.teller() if model else None).judge([("piece", score)])[0]


@pytest.fixture(scope="session")
def composed(model: Model) -> Score:
    return model.compose(bars=8, key="G major", seed=11, pickup=0, draft=True).score


@pytest.fixture(scope="session")
def found(bach: Reference, composed: Score, model: Model) -> Judgement:
    return judged(bach, composed, model)


def test_only_what_counts_is_odd() -> None:
    assert oddness("parallel_fifths", -2.0) == 0
    assert oddness("parallel_fifths", 2.0) == 2
    assert oddness("nats_per_step", -2.0) == oddness("nats_per_step", 2.0) == 2


def test_a_grade_is_the_mean_over_groups_of_means() -> None:
    standard = {"parallel_fifths": 4.0, "parallel_octaves": -1.0, "leaps": 2.0, "nats_per_step": -1.0}
    assert group_distance("voice leading", standard) == 2
    assert math.isnan(group_distance("harmony", standard))
    assert grade(standard) == 1.5
    assert grade({"parallel_fifths": math.nan, "nats_per_step": 3.0}) == 3
    assert math.isnan(grade({}))
    assert math.isnan(mean_of([math.nan]))


def test_every_measure_of_four_voices_is_there(found: Judgement) -> None:
    assert found.values.keys() == MEASURES.keys() - {"distance_pitch_classes_minor"}
    assert found.groups.keys() == set(GROUPS)
    assert found.cut == 8
    assert found.remarks == ()
    assert found.grade == pytest.approx(np.mean(list(found.groups.values())))


def test_the_likelihood_is_that_of_the_model(found: Judgement, composed: Score, model: Model) -> None:
    assert found.values["nats_per_step"] == pytest.approx(model.log_likelihood(composed).nats_per_step, rel=1e-5)


def test_only_the_first_bars_of_a_long_piece_are_measured(bach: Reference, model: Model) -> None:
    piece = model.compose(bars=18, seed=2, pickup=0, draft=True).score
    found = judged(bach, piece, model)
    assert found.cut == 16
    assert len(found.reading.score.bar_starts()) == 16
    assert found.surprise is not None
    assert found.values["nats_per_step"] == pytest.approx(found.surprise.per_step[: 16 * 16].mean())
    assert all(moment.bar <= 16 for moment in found.surprising(100))


def test_wrong_notes_and_parallels_make_a_piece_worse(
    bach: Reference, found: Judgement, composed: Score, model: Model
) -> None:
    generator = np.random.default_rng(0)
    moved = {int(i) for i in generator.choice(len(composed.notes), len(composed.notes) // 8, replace=False)}
    notes = tuple(replace(n, pitch=n.pitch + 1) if i in moved else n for i, n in enumerate(composed.notes))
    worse = judged(bach, replace(composed, notes=notes), model)
    assert worse.grade > found.grade
    for group in ("likelihood", "harmony"):
        assert worse.groups[group] > found.groups[group]
    organum = tuple(replace(n, pitch=n.pitch - 7, voice=2) for n in composed.notes if n.voice == 0)
    parallel = replace(composed, notes=tuple(n for n in composed.notes if n.voice != 2) + organum)
    fifths = judged(bach, parallel, model)
    assert fifths.standard["parallel_fifths"] == 10
    assert "parallel fifths" in dict(broken_rules(fifths))


def test_transposition_changes_no_measure_but_range_and_likelihood(bach: Reference, composed: Score) -> None:
    one, other = judged(bach, composed), judged(bach, composed.transposed(2))
    for measure, value in one.values.items():
        if measure != "out_of_range":
            assert other.values[measure] == pytest.approx(value, abs=1e-9), measure


def test_a_quotation_is_found_with_its_source(hymns: list[FolderItem], reference: Reference, composed: Score) -> None:
    source = hymns[3].score
    bars = source.bar_starts()
    quoted = tuple(
        replace(n, onset_ticks=n.onset_ticks - bars[1] + 8 * Q, pitch=n.pitch + 5)
        for n in source.notes
        if bars[1] <= n.onset_ticks < bars[4]
    )
    host = tuple(n for n in composed.notes if n.end_ticks <= 8 * Q)
    found = judged(reference, replace(composed, notes=(*host, *quoted), fermatas=None))
    passage = found.novelty.all_voices
    assert passage is not None
    assert (passage.source, passage.source_bar, passage.bar, passage.transposition) == ("train/3", 2, 3, 5)
    assert passage.num_events >= 11
    assert found.standard["copied_chords"] > 2
    assert any("train/3 from bar 2, +5 semitones" in line for line in copies(found.novelty))


def test_a_piece_of_the_corpus_is_no_copy_of_itself(hymns: list[FolderItem], reference: Reference) -> None:
    found = judged(reference, hymns[2].score)
    assert found.remarks[0] == "it is in the corpus itself: train/2"
    passage = found.novelty.all_voices
    assert passage is None or passage.source != "train/2"


def test_a_single_line_gets_what_makes_sense_for_it(bach: Reference, tune: Score, model: Model) -> None:
    found = judged(bach, tune, model)
    assert {"likelihood", "distances", "statistics", "novelty"} <= found.groups.keys()
    assert "parallel_fifths" not in found.values
    assert any(remark.startswith("not in the grade") and "voice leading" in remark for remark in found.remarks)


def test_piano_music_is_judged_without_voices_and_told_why(bach: Reference, piano: Score, model: Model) -> None:
    found = judged(bach, piano, model)
    assert {"distance_rhythm", "scale_consistency", "polyphony", "distance_intervals_soprano"} <= found.values.keys()
    assert found.surprise is None
    assert found.surprising(5) == ()
    assert any(remark.startswith("no likelihood: ") and "voices" in remark for remark in found.remarks)
    assert not math.isnan(found.grade)


def test_likelihood_under_other_weights_is_told_and_not_graded(bach: Reference, composed: Score, model: Model) -> None:
    other = replace(bach, weights="other")
    found = judged(other, composed, model)
    assert "nats_per_step" in found.values
    assert "nats_per_step" not in found.standard
    assert "likelihood" not in found.groups
    assert any("other weights" in remark for remark in found.remarks)


def test_a_corpus_measured_with_a_network_grades_its_likelihood(hymns: list[FolderItem], model: Model) -> None:
    reference = measure_corpus("hymns", hymns, cuts=(4,), network=model.teller())
    expected = [model.log_likelihood(item.score) for item in hymns if item.split == "valid"]
    steps = Reading.of(hymns[0].score, 4).score.length_ticks // (Q // 4)
    assert steps == 64
    assert len(reference.values("nats_per_step", 4)) == len(expected) == 2
    assert "likelihood" in judged(reference, hymns[0].score, model).groups


def test_pieces_are_judged_alike_alone_and_together(
    bach: Reference, composed: Score, tune: Score, piano: Score, model: Model
) -> None:
    together = Judge(bach, model.teller()).judge([("a", piano), ("b", composed), ("c", tune)])
    assert [each.name for each in together] == ["a", "b", "c"]
    alone = judged(bach, composed, model)
    assert together[1].values == pytest.approx(alone.values, rel=1e-5)


def test_a_network_of_pytorch_judges_as_the_kernels_do(
    bach: Reference, composed: Score, piano: Score, found: Judgement, model: Model
) -> None:
    done = list[int]()
    by_network = Judge(bach, model.in_style()).judge([("piano", piano), ("piece", composed)], done.append)
    assert found.surprise is not None
    assert sum(done) == found.surprise.roll.num_steps
    assert by_network[1].values == pytest.approx(found.values, rel=1e-5)
    assert by_network[1].grade == pytest.approx(found.grade, abs=1e-4)
    assert by_network[1].remarks == found.remarks, "they know that their weights are the same"
    assert by_network[0].remarks == judged(bach, piano, model).remarks


def test_progress_is_told_and_can_end_the_judging(bach: Reference, composed: Score, piano: Score, model: Model) -> None:
    done = list[int]()
    judge = Judge(bach, model.teller())
    (whole, _) = judge.judge([("piece", composed), ("piano", piano)], done.append)
    assert whole.surprise is not None
    assert done == [whole.surprise.roll.num_steps]

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge.judge([("piece", composed)], stop)


def test_silence_before_the_end_and_no_key_are_judged(bach: Reference) -> None:
    score = Score((Note(0, Q, 60, 0), Note(0, Q, 60, 1)), length_ticks=32 * Q)
    found = judged(bach, score)
    assert found.values["longest_silence_bars"] == pytest.approx(7.75)
    assert not math.isnan(found.grade)


def test_surprising_moments_are_told_by_bar_and_voice(bach: Reference, composed: Score, model: Model) -> None:
    wrong = next(n for n in composed.notes if n.voice == 0 and n.onset_ticks == 8 * Q)
    notes = tuple(replace(n, pitch=n.pitch + 1) if n is wrong else n for n in composed.notes)
    found = judged(bach, replace(composed, notes=notes), model)
    texts = [moment_text(moment, Key(1, "major")) for moment in found.surprising(5)]
    assert [text for text in texts if text.startswith("bar 3, beat 1: soprano ") and " struck, " in text]
    moments = found.surprising(10**6)
    assert [m.nats for m in moments] == sorted((m.nats for m in moments), reverse=True)
