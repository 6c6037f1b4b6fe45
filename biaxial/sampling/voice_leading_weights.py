"""What events of voice leading are charged: the weights of ``VoiceLeadingRule``.

They stand by themselves so that a command can read them before anything that draws is loaded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class VoiceLeading:
    """Weights of the rules in nats, 0 or more: what each event takes off the log-probability; 0 switches a rule off.

    Parameters
    ----------
    parallels
        For each pair of voices that moves in the same direction from a perfect fifth to another, or from a unison or
        octave to another, compounds included.
    crossing
        For each pair of voices that was not crossed in the frame before and is now; a unison is no crossing.
    spacing
        For each pair of neighbouring upper voices more than an octave apart, when one of the two has moved or entered.
    leaps
        For each voice that moves by a seventh or by more than an octave.
    range
        For each note struck outside the usual range of its voice.

    Raises
    ------
    ValueError
        If a weight is negative or not finite.
    """

    parallels: float = 4.5
    crossing: float = 0.0
    spacing: float = 0.0
    leaps: float = 2.5
    range: float = 3.0

    def __post_init__(self) -> None:
        for field in fields(self):
            weight = getattr(self, field.name)
            if not 0 <= weight < math.inf:
                raise ValueError(f"the weight of {field.name} is 0 nats or more, and finite, not {weight}")
