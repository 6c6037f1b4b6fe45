"""Styles and mixtures of them in words."""

from __future__ import annotations

from typing import Any

import pytest

from biaxial.music.errors import InputError
from biaxial.music.style import mixture_of, shares_of, style_text


@pytest.mark.parametrize(
    ("words", "mixture"),
    [
        ("bach", {"bach": 1.0}),
        ("bach:7,hymn:3", {"bach": 0.7, "hymn": 0.3}),
        (" haydn , mozart ", {"haydn": 0.5, "mozart": 0.5}),
        ("bach:1,hymn:0", {"bach": 1.0}),
        ("none", {}),
        (None, {}),
        ({"bach": 3, "hymn": 1}, {"bach": 0.75, "hymn": 0.25}),
    ],
)
def test_mixtures_add_up_to_one(words: str | dict[str, float] | None, mixture: dict[str, float]) -> None:
    assert mixture_of(words) == pytest.approx(mixture)
    assert mixture_of(style_text(mixture_of(words))) == pytest.approx(mixture)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "bach:",
        "bach:x",
        "bach,bach",
        "bach:-1",
        "bach:nan",
        "bach:inf",
        "bach:0",
        ",",
        "a:1:2",
        ["bach"],
        {"": 1.0},
    ],
)
def test_what_is_not_a_style_is_told_in_one_line(words: Any) -> None:
    with pytest.raises(InputError, match=r"is not a style; give names, each with a weight"):
        mixture_of(words)


def test_shares_stand_in_the_order_of_the_network() -> None:
    assert shares_of({"hymn": 0.3, "bach": 0.7}, ("bach", "haydn", "hymn")) == (0.7, 0.0, 0.3)
    assert shares_of({}, ("bach", "hymn")) == (0.0, 0.0)
    assert shares_of({}, ()) == ()


def test_an_unknown_style_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="do not know the style 'bahc'; they know bach, hymn"):
        shares_of({"bahc": 1.0}, ("bach", "hymn"))
    with pytest.raises(InputError, match="these weights know no styles"):
        shares_of({"bach": 1.0}, ())
