"""Where a rule is broken: the one thing that every detector of voice leading and dissonance gives back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where a rule is broken.

    Parameters
    ----------
    tick
        Where: the beginning of the later chord of a parallel, of the chord or of the note.
    voices
        The voices concerned, highest first.
    """

    tick: int
    voices: tuple[int, ...]


def faults_of(found: Iterable[tuple[int, int, int]]) -> list[Fault]:
    """Faults of pairs of voices, each a tick and two voices, in order."""
    return [Fault(tick, (high, low)) for tick, high, low in sorted(found)]
