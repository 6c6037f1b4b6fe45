"""How long the phrases of a piece are, as a chain that is drawn so that they add up to a given length.

Lengths are counted in *units*, which are beats: a quarter note in 4/4, 2/4, 2/2 and 3/4, a half note in 3/2 and 4/2,
three eighths in 6/8, 9/8 and 12/8. Whether a phrase is the last one depends on how many there were before; how many
units it has depends on that and on the length of the phrase before it. (Where in the bar it begins was tried as well:
it makes held-out lengths less likely.) What is asked for is the chain given its sum, exactly: the mass of all ways to
fill what is left of a piece is computed from its end to its beginning, and phrases are then drawn from the beginning
on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.errors import InputError
from biaxial.music.score import TimeSignature
from biaxial.tasks.plans.backoff import Backoff, draw_index

MAX_UNITS: Final = 64
"""Longest phrase that the chain draws."""
MANY: Final = 9
"""From so many phrases on it does not matter how many there were."""
LONG: Final = 17
"""From so many units on it does not matter how long the phrase before was."""
MAX_WAYS: Final = 500_000
"""Most ways to go on that are looked at where phrases of a form must be equally long: some seconds."""

_LENGTHS: Final = tuple(range(1, MAX_UNITS + 1))
_CLASSES: Final = np.minimum(np.arange(1, MAX_UNITS + 1), LONG)
_STRANGE: Final = 1e-9  # the weight of a wished length that the chain would never draw


@dataclass(frozen=True, slots=True)
class Beat:
    """What phrases are counted in.

    Parameters
    ----------
    unit_ticks
        Length of a unit.
    in_group
        Units after which the metre begins again, 3 or 4.
    in_bar
        Units of a bar, 2, 3 or 4.
    """

    unit_ticks: int
    in_group: int
    in_bar: int


def beat_of(signature: TimeSignature) -> Beat | None:
    """What phrases of a metre are counted in; ``None`` where its bars are not 2, 3 or 4 beats."""
    beat = signature.beat_ticks(TICKS_PER_QUARTER)
    beats = signature.bar_ticks(TICKS_PER_QUARTER) // beat
    if signature.numerator == 2 and signature.denominator <= 2:
        return Beat(beat // 2, 4, 4)
    return Beat(beat, 3 if beats == 3 else 4, beats) if beats in (2, 3, 4) else None


@dataclass(frozen=True, eq=False)
class LengthChain:
    """The chain.

    Parameters
    ----------
    stops
        Whether a phrase is the last one, after how many there were before.
    lengths
        Units of a phrase, after the group of the metre, whether it is the last one, and the length of the phrase before
        it.
    """

    stops: Backoff = field(default_factory=Backoff)
    lengths: Backoff = field(default_factory=Backoff)

    def count(self, units: Sequence[int], group: int) -> None:
        """Learn from the phrases of a piece, in units."""
        before = 0
        for place, length in enumerate(units):
            last = place == len(units) - 1
            self.stops.add((min(place, MANY),), last)
            self.lengths.add((group, last, before), length)
            before = min(length, LONG)

    def log_probability(self, units: Sequence[int], group: int) -> float:
        """Log-probability of the phrases of a piece, given the length of the piece and its metre, in nats."""
        before, total = 0, 0.0
        for place, length in enumerate(units):
            last = place == len(units) - 1
            total += float(np.log(self.stops.probability((min(place, MANY),), (False, True), last)))
            total += float(np.log(self.lengths.probability((group, last, before), _LENGTHS, length)))
            before = min(length, LONG)
        return total - float(np.log(self._masses(sum(units), group)[0, sum(units), 0]))

    def _share(self, group: int, last: bool) -> NDArray[np.float64]:
        """The probability of each length, shape ``(previous, length)``."""
        contexts = [(group, last, before) for before in range(LONG + 1)]
        return np.stack([self.lengths.probabilities(context, _LENGTHS) for context in contexts])

    def _masses(self, total: int, group: int) -> NDArray[np.float64]:
        """The probability that what is left is filled exactly, shape ``(phrases before, units left, previous)``."""
        stop = [float(self.stops.probabilities((place,), (False, True))[1]) for place in range(MANY + 1)]
        going_on, ending = self._share(group, False), self._share(group, True)
        mass = np.zeros((MANY + 1, total + 1, LONG + 1))
        for left in range(1, total + 1):
            few = min(left - 1, MAX_UNITS)
            rest = mass[:, left - 1 - np.arange(few), _CLASSES[:few]]  # phrases before, length
            for place in range(MANY + 1):
                mass[place, left] = (1 - stop[place]) * (going_on[:, :few] @ rest[min(place + 1, MANY)])
                if left <= MAX_UNITS:
                    mass[place, left] += stop[place] * ending[:, left - 1]
        return mass

    def drawn(self, rng: np.random.Generator, total: int, group: int) -> list[int]:
        """The phrases of a piece of so many units, in units."""
        mass, going_on, ending = self._masses(total, group), self._share(group, False), self._share(group, True)
        units, before, left = list[int](), 0, total
        while left:
            place, few = min(len(units), MANY), min(left - 1, MAX_UNITS)
            stop = float(self.stops.probabilities((place,), (False, True))[1])
            weights = np.zeros(few + 1)  # of going on with each length, and of ending
            rest = mass[min(place + 1, MANY), left - 1 - np.arange(few), _CLASSES[:few]]
            weights[:few] = (1 - stop) * going_on[before, :few] * rest
            weights[few] = stop * ending[before, left - 1] if left <= MAX_UNITS else 0.0
            chosen = draw_index(rng, weights)
            units.append(left if chosen == few else chosen + 1)
            before, left = min(units[-1], LONG), left - units[-1]
        return units

    def drawn_as_wished(
        self,
        rng: np.random.Generator,
        total: int,
        group: int,
        wished: Sequence[int | None],
        first: Sequence[int],
    ) -> list[int]:
        """As many phrases as are wished, some of them of a known length, and some as long as an earlier one.

        Parameters
        ----------
        rng
            Random numbers.
        total, group
            Units of the piece, and the group of its metre.
        wished
            Units of each phrase, ``None`` where they are open.
        first
            For each phrase the earlier one that is as long as it, or itself.

        Raises
        ------
        InputError
            If no such phrases fill the piece, or there are too many ways to look at them all.
        """
        many, shares = len(wished), (self._share(group, False), self._share(group, True))
        if list(first) == list(range(many)):
            return _drawn_apart(rng, total, wished, shares)
        known = [next((wished[i] for i in range(many) if first[i] == j and wished[i] is not None), None) for j in first]
        needed = [[j for j in range(place) if j in first[place:]] for place in range(many + 1)]
        arrived: list[dict[_State, float]] = [{_State(0, 0, ()): 1.0}]
        ways: list[dict[_State, list[tuple[_State, int, float]]]] = []
        tried = 0
        for place in range(many):
            after: dict[_State, float] = defaultdict(float)
            came: dict[_State, list[tuple[_State, int, float]]] = defaultdict(list)
            for state, mass in arrived[-1].items():
                lengths = dict(zip(needed[place], state.kept, strict=True))
                row = shares[place == many - 1][state.before]
                for length in _choices(place, total - state.done, known, first, lengths):
                    lengths[place] = length
                    kept = tuple(lengths[j] for j in needed[place + 1])
                    new = _State(state.done + length, min(length, LONG), kept)
                    weight = mass * (float(row[length - 1]) if length <= MAX_UNITS else _STRANGE)
                    after[new] += weight
                    came[new].append((state, length, weight))
                    tried += 1
                if tried > MAX_WAYS:
                    raise InputError("there are too many ways to divide a piece of this form; give bars of its phrases")
            arrived.append(after)
            ways.append(came)
        if not arrived[-1]:
            raise _unfilled(many, total)
        ends = list(arrived[-1])
        state = ends[draw_index(rng, np.array([arrived[-1][end] for end in ends]))]
        units = list[int]()
        for came in reversed(ways):
            options = came[state]
            state, length, _ = options[draw_index(rng, np.array([weight for *_, weight in options]))]
            units.append(length)
        return units[::-1]


def _drawn_apart(
    rng: np.random.Generator, total: int, wished: Sequence[int | None], shares: tuple[NDArray[np.float64], ...]
) -> list[int]:
    """Phrases of which none has to be as long as another one."""
    many = len(wished)
    masses = [np.zeros((total + 1, LONG + 1)) for _ in range(many + 1)]  # of what is left, after the phrase before
    masses[many][0] = 1.0

    def weights_of(place: int) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Each length that a phrase can have, and its weight after each phrase before."""
        share, known = shares[place == many - 1], wished[place]
        for length in range(1, min(total, MAX_UNITS) + 1) if known is None else (known,):
            yield length, share[:, length - 1] if length <= MAX_UNITS else np.full(LONG + 1, _STRANGE)

    for place in reversed(range(many)):
        for length, weights in weights_of(place):
            rest = masses[place + 1][: max(0, total + 1 - length), min(length, LONG)]
            masses[place][length:] += rest[:, None] * weights
    if not masses[0][total, 0]:
        raise _unfilled(many, total)
    units, before, left = list[int](), 0, total
    for place in range(many):
        ways = [
            (length, weights[before] * masses[place + 1][left - length, min(length, LONG)])
            for length, weights in weights_of(place)
            if length <= left
        ]
        length, _ = ways[draw_index(rng, np.array([weight for _, weight in ways]))]
        units.append(length)
        before, left = min(length, LONG), left - length
    return units


def _unfilled(many: int, total: int) -> InputError:
    return InputError(
        f"{many} phrases as wished do not fill the piece of {total} beats; change their lengths, or the bars"
    )


class _State(NamedTuple):
    """What matters of the phrases so far: their units, those of the last one, and lengths that come again."""

    done: int
    before: int
    kept: tuple[int, ...]


def _choices(
    place: int, left: int, known: Sequence[int | None], first: Sequence[int], lengths: Mapping[int, int]
) -> Iterable[int]:
    """Lengths of a phrase after which what is left of a piece can still be filled."""
    settled = lengths.get(first[place]) or known[place]
    again = sum(other == place for other in first[place + 1 :]) if first[place] == place else 0
    rest = [lengths.get(j) or known[j] for j in first[place + 1 :] if j != place]
    least, is_open = sum(length or 1 for length in rest), None in rest
    if settled is not None:
        fits = settled * (1 + again) + least
        return (settled,) if fits == left or (is_open and fits < left) else ()
    most, beside = divmod(left - least, 1 + again)
    if is_open:
        return range(1, min(MAX_UNITS, most) + 1)
    return (most,) if most > 0 and not beside else ()
