"""Coordinates of the pictures."""

from __future__ import annotations

import re

import numpy as np
import pytest

from biaxial.judge.page import MAP_HEIGHT, MAP_WIDTH, MIDDLE, NUM_BINS, TALL, WIDTH, mirrored, polyline, principal_map


def heights(path: str) -> list[tuple[float, float]]:
    """Place and height of each bar of a path."""
    return [(float(x), float(v)) for x, v in re.findall(rf"M([\d.]+) {MIDDLE:g}v(-?[\d.]+)", path)]


def test_the_corpus_rises_and_the_pieces_hang() -> None:
    found = mirrored(np.array([0.0, 0, 0, 0, 1]), np.array([1.0]))
    above, below = heights(found.above), heights(found.below)
    assert above == [(0, -TALL), (WIDTH - WIDTH / NUM_BINS, -TALL / 2)]  # the root of a quarter
    assert below == [(WIDTH - WIDTH / NUM_BINS, TALL)]
    assert (found.low, found.high) == (0, 1)


def test_what_lies_far_outside_stands_at_the_edge() -> None:
    found = mirrored(np.array([0.0, 1.0, 2.0]), np.array([1.0, 1000.0]))
    assert found.high < 10
    assert heights(found.below)[-1][0] == pytest.approx(WIDTH - WIDTH / NUM_BINS)
    same = mirrored(np.zeros(3), np.zeros(1))
    assert same.low < 0 < same.high
    assert mirrored(np.empty(0), np.array([2.0])).above == ""


def test_a_map_keeps_to_its_frame_and_shows_the_widest_directions() -> None:
    generator = np.random.default_rng(1)
    corpus = generator.normal(size=(50, 4)) * np.array([10, 5, 0.1, 0.1])
    corpus[3, 2] = np.nan
    found = principal_map(corpus, np.array([[100.0, 0, 0, np.nan]]))
    assert found.explained > 0.99
    for x, y in [*found.corpus, *found.pieces]:
        assert 0 <= x <= MAP_WIDTH
        assert 0 <= y <= MAP_HEIGHT
    first = np.array([x for x, _ in found.corpus])
    assert abs(np.corrcoef(first, corpus[:, 0])[0, 1]) > 0.999


def test_a_curve_goes_from_left_to_right_and_down_as_it_falls() -> None:
    assert polyline([(1, 4.0), (2, 2.0), (3, 9.0)], (1, 3), (2.0, 4.0)) == "40.0,10.0 380.0,280.0 720.0,10.0"
