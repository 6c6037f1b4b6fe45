"""Distributions of a piece and the work that turns one into another."""

from __future__ import annotations

import math

import numpy as np
import pytest

from biaxial.judge.profiles import FEATURES, MAX_INTERVAL, distance, pooled, profile, sonorities
from biaxial.metrics.writing.slices import Slices
from biaxial.music.score import Key, Note, Score

Q = 480
C_MAJOR = Key(0, "major")


def voices(*lines: list[int], lengths: tuple[int, ...] = ()) -> Score:
    """Voices from the top, a quarter note each unless lengths are given."""
    notes = []
    for voice, line in enumerate(lines):
        tick = 0
        for place, pitch in enumerate(line):
            length = lengths[place] if lengths else Q
            notes.append(Note(tick, length, pitch, voice))
            tick += length
    return Score(tuple(notes))


def of(score: Score, key: Key | None = C_MAJOR) -> dict[str, np.ndarray]:
    return profile(score, key, Slices.from_score(score) if score.num_voices > 1 else None)


def bins(name: str, *places: int) -> np.ndarray:
    return np.bincount(places, minlength=FEATURES[name].num_bins).astype(float)


def test_on_a_line_the_work_is_how_far_the_mass_moves() -> None:
    still, up = bins("intervals_alto", 24, 24), bins("intervals_alto", 24, 26)
    assert distance("intervals_alto", still, up) == 1.0  # half of the mass moves by two semitones
    assert distance("intervals_alto", up, still) == 1.0
    assert distance("intervals_alto", still, bins("intervals_alto", 21, 21, 21)) == 3.0
    assert distance("rhythm", bins("rhythm", 16), bins("rhythm", 20)) == 1.0  # a quarter note and a half note


def test_among_kinds_without_an_order_the_work_is_the_share_that_moves() -> None:
    one, other = bins("pitch_classes_major", 0, 0, 4, 7), bins("pitch_classes_major", 0, 11)
    assert distance("pitch_classes_major", one, other) == 0.5
    assert distance("pitch_classes_major", one, 3 * one) == 0.0


def test_nothing_has_no_distance() -> None:
    nothing = np.zeros(FEATURES["rhythm"].num_bins)
    assert math.isnan(distance("rhythm", nothing, bins("rhythm", 3)))
    assert math.isnan(distance("rhythm", bins("rhythm", 3), nothing))


def test_a_profile_counts_what_it_says() -> None:
    found = of(voices([72, 74, 76, 74], [60, 60, 60, 59]))
    assert found["pitch_classes_major"].tolist() == [4, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 1]
    assert found["rhythm"].nonzero()[0].tolist() == [16]
    assert found["chords"].nonzero()[0].tolist() == [1, 1 | 1 << 2, 1 | 1 << 3, 1 | 1 << 4]
    assert found["intervals_soprano"][MAX_INTERVAL + 2] == 2
    assert "intervals_alto" not in found
    assert found["parallels"].tolist() == [3, 0]


def test_four_voices_have_an_interval_histogram_each() -> None:
    found = of(voices([72, 74], [67, 65], [60, 60], [48, 43]))
    moves = {"soprano": 2, "alto": -2, "tenor": 0, "bass": -5}
    for name, move in moves.items():
        assert found[f"intervals_{name}"].nonzero()[0].tolist() == [MAX_INTERVAL + move]


def test_parallels_are_counted_against_all_changes() -> None:
    assert of(voices([67, 69, 71], [60, 62, 64]))["parallels"].tolist() == [0, 2]
    assert of(voices([67, 69, 71], [60, 62, 65]))["parallels"].tolist() == [1, 1]


def test_the_bass_of_a_chord_is_its_lowest_pitch() -> None:
    root, inverted = of(voices([67], [64], [60]))["chords"], of(voices([72], [67], [64]))["chords"]
    assert root.nonzero()[0].tolist() == [1 | 1 << 4 | 1 << 7]
    assert inverted.nonzero()[0].tolist() == [1 | 1 << 3 | 1 << 8]


def test_a_pattern_heard_before_is_repetition_and_an_altered_one_is_not() -> None:
    again, altered = voices([60, 62, 64, 65, 67, 69, 71, 72]), voices([60, 62, 64, 65, 67, 69, 71, 74])
    assert of(again)["repetition"].tolist() == [4, 1]  # C D E F comes again as G A B C
    assert of(altered)["repetition"].tolist() == [5, 0]
    slower = voices([60, 62, 64, 65, 67, 69, 71, 72], lengths=(Q,) * 5 + (2 * Q,) * 3)
    assert of(slower)["repetition"].tolist() == [5, 0]


def test_key_and_mode_choose_the_histogram_of_pitch_classes() -> None:
    score = voices([69, 71])
    assert of(score, Key(0, "minor"))["pitch_classes_minor"].tolist() == [1, 0, 1, *[0] * 9]
    assert "pitch_classes_major" not in of(score, Key(0, "minor"))
    assert not {"pitch_classes_major", "pitch_classes_minor"} & of(score, None).keys()


def test_transposition_changes_no_profile() -> None:
    score = voices([72, 74, 76], [67, 65, 67], [60, 59, 60], [48, 43, 48])
    moved = of(score.transposed(3), Key(-3, "major"))
    for name, counts in of(score).items():
        assert moved[name].tolist() == counts.tolist(), name


def test_what_sounds_needs_no_voices_and_leaves_out_silence() -> None:
    score = Score((Note(0, 2 * Q, 60), Note(Q, 2 * Q, 64), Note(4 * Q, Q, 60)))
    sounding, quarters = sonorities(score)
    assert [row.nonzero()[0].tolist() for row in sounding] == [[60], [60, 64], [64], [60]]
    assert quarters.tolist() == [1, 1, 1, 1]


def test_music_without_voices_has_what_does_not_need_them() -> None:
    found = of(Score(tuple(Note(i * Q, Q, pitch) for i, pitch in enumerate((60, 67, 64, 72)))))
    assert found.keys() == {"rhythm", "chords", "repetition", "pitch_classes_major", "intervals_soprano"}


def test_a_piece_of_nothing_has_empty_histograms() -> None:
    assert all(not counts.sum() for counts in of(Score((), length_ticks=Q)).values())


def test_a_pool_is_the_sum() -> None:
    one, other = of(voices([60, 62])), of(voices([60, 64]))
    assert pooled([one, other])["rhythm"].sum() == 4
    assert pooled([one, other])["rhythm"] is not one["rhythm"]
    assert one["rhythm"].sum() == pytest.approx(2)
