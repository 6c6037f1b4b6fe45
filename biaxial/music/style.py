"""Styles by name, and mixtures of them: ``bach``, ``bach:0.7,hymn:0.3``.

A mixture is the weighted mean of its styles. Names without weights count alike, so that a genre is the mean of its
composers: ``haydn,mozart``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from biaxial.music.errors import InputError

NO_STYLE: Final = "none"
"""What is asked for where no style is wanted, not even the usual one."""
MAX_STYLES: Final = 256
_LONGEST_NAME = 64

Mixture = Mapping[str, float]
"""Shares of styles by their names; they add up to one. Empty for no style."""


def check_style_names(names: Sequence[str]) -> None:
    """Refuse names that could not be asked for.

    Raises
    ------
    ValueError
        With the first of them.
    """
    if len(names) > MAX_STYLES:
        raise ValueError(f"there are at most {MAX_STYLES} styles, not {len(names)}")
    for name in names:
        if not _is_name(name):
            raise ValueError(
                f"{name[:_LONGEST_NAME]!r} is not a name of a style; give 1 to {_LONGEST_NAME} letters without comma, "
                f"colon or slash, other than {NO_STYLE}"
            )
    if len(set(names)) < len(names):
        raise ValueError(f"two styles have the same name in {','.join(names)}")


def _is_name(name: object) -> bool:
    return (
        isinstance(name, str)
        and name == name.strip() != NO_STYLE
        and 1 <= len(name) <= _LONGEST_NAME
        and name.isprintable()
        and not set(name) & set(",:/")
    )


def mixture_of(style: str | Mixture | None) -> Mixture:
    """A style, or a mixture of several, by its words.

    Parameters
    ----------
    style
        ``"bach"``, ``"bach:0.7,hymn:0.3"``, the same as numbers by their names, or ``"none"``; ``None`` too is none.

    Raises
    ------
    InputError
        If the words cannot be read, or a weight is not a positive number.
    """
    if style is None or style == NO_STYLE:
        return {}
    if isinstance(style, str):
        weights: dict[str, float] = {}
        for part in style.split(","):
            name, colon, number = (word.strip() for word in part.partition(":"))
            try:
                weight = float(number) if colon else 1.0
            except ValueError:
                raise _unread(style) from None
            if name in weights:
                raise _unread(style)
            weights[name] = weight
    else:
        weights = dict(style) if isinstance(style, Mapping) else {"": 0.0}
    total = sum(weights.values())
    if not all(_is_name(name) and 0 <= weight < math.inf for name, weight in weights.items()) or (
        weights and not total
    ):
        raise _unread(style)
    return {name: weight / total for name, weight in weights.items() if weight}


def _unread(style: str | Mixture) -> InputError:
    return InputError(
        f"{style!r} is not a style; give names, each with a weight of 0 or more if it has one: bach:0.7,hymn:0.3"
    )


def shares_of(mixture: Mixture, names: Sequence[str]) -> tuple[float, ...]:
    """The share of each style of a network in a mixture; all zero for no style.

    Raises
    ------
    InputError
        If the network does not know one of them.
    """
    if unknown := [name for name in mixture if name not in names]:
        raise InputError(
            f"these weights do not know the style {unknown[0]!r}; they know {', '.join(names)}"
            if names
            else f"these weights know no styles, so that {unknown[0]!r} cannot be asked for; leave the style out"
        )
    return tuple(mixture.get(name, 0.0) for name in names)


def style_text(mixture: Mixture) -> str:
    """A mixture in the words that :func:`mixture_of` reads."""
    if not mixture:
        return NO_STYLE
    if len(mixture) == 1:
        return next(iter(mixture))
    return ",".join(f"{name}:{share:.6g}" for name, share in mixture.items())
