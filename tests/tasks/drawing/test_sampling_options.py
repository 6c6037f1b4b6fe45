"""What ways of drawing mean for weights: densities of their own, by style."""

from __future__ import annotations

import pytest

from biaxial.tasks.drawing.sampling_options import SamplingOptions

CARRIED = {"density": 0.4, "style_density": {"hymn": -0.2}, "style": "bach"}


@pytest.mark.parametrize(
    ("style", "density"), [(None, 0.4), ("bach", 0.4), ("hymn", -0.2), ("bach,hymn", 0.1), ("none", 0.4)]
)
def test_a_style_has_the_density_of_its_music(style: str | None, density: float) -> None:
    assert SamplingOptions(style=style).proposal(CARRIED).sounding_bias == pytest.approx(density)
    assert SamplingOptions(style=style, density=1.5).proposal(CARRIED).sounding_bias == 1.5
    assert SamplingOptions(style=style).proposal({}).sounding_bias == 0
