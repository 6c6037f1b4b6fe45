"""Drawing strings from a token LSTM, one token at a time, on the CPU in plain numpy.

A piece depends on its seed and on nothing else: number ``i`` of the string is drawn with the random number at counter
``(i, 0)`` of :mod:`biaxial.sampling.randomness`. What the grammar, the wanted length or the repetition guard forbid is
left out before the draw; temperature, top-p and min-p change the proposal and are told apart from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biaxial.models.network_arrays import IMPOSSIBLE, NetworkArrays
from biaxial.music.errors import InputError
from biaxial.sampling.randomness import uniforms
from biaxial.tokens.codec import Walk
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.line_rules import LineRules
from biaxial.tokens.strings import NO_PITCH, Given, codec_of

Floats = NDArray[np.float32]

MAX_CYCLE, REPETITIONS, MIN_EVENTS = 8, 3, 12
"""A cycle has at most so many events, comes so often in a row, over so many events, before it is broken."""
MAX_CYCLE_TOKENS = 256
"""Longest cycle in tokens."""


@dataclass(frozen=True)
class TokenOptions:
    """How tokens are drawn.

    Parameters
    ----------
    temperature
        Below 1 the likely becomes more likely; 0 always takes the likeliest, which ends in loops.
    top_p
        Only the likeliest tokens are drawn that together have this probability.
    min_p
        Tokens less likely than this are not drawn.
    guard
        Whether a cycle of at most eight events is broken before it becomes a loop, as :class:`Repetitions` says.
    cadence
        Whether a tune ends on its tonic, as :class:`~biaxial.tokens.line_rules.LineRules` says.

    Raises
    ------
    InputError
        If a number is out of bounds.
    """

    temperature: float = 0.9
    top_p: float = 1.0
    min_p: float = 0.0
    guard: bool = True
    cadence: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 10:
            raise InputError(f"temperature is a number from 0 to 10, not {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise InputError(f"top_p is a share above 0 and at most 1, not {self.top_p}")
        if not 0 <= self.min_p < 1:
            raise InputError(f"min_p is a share from 0 up to but not including 1, not {self.min_p}")

    def drawn(self, log_probs: NDArray[np.float64], uniform: float) -> int:
        """The token at a random number in [0, 1), shape ``(k,)``; what is minus infinity is never drawn."""
        if self.temperature == 0:
            return int(log_probs.argmax())
        scaled = (log_probs - log_probs.max()) / self.temperature
        probs = np.exp(scaled)
        probs /= probs.sum()
        if self.top_p < 1:
            order = np.argsort(-probs, kind="stable")
            kept = order[: int(np.searchsorted(np.cumsum(probs[order]), self.top_p - 1e-12)) + 1]
            probs = np.where(np.isin(np.arange(len(probs)), kept), probs, 0.0)
        if self.min_p > 0:
            probs = np.where(probs >= min(self.min_p, probs.max()), probs, 0.0)
        sums = np.cumsum(probs)
        return int(min(np.searchsorted(sums, uniform * sums[-1], side="right"), np.flatnonzero(probs)[-1]))


class Repetitions:
    """The repetition guard: the repetitions of a string so far, and what would make a loop of them.

    A token that begins a note or chord is forbidden where it would go on with a cycle of at most eight of them that has
    come three times in a row by then, over at least twelve of them. What is longer than a cycle (a phrase that returns,
    a verse) is never forbidden, nor is a repeated note or figure of usual length.

    Parameters
    ----------
    onsets
        Whether a token begins a note or chord, and may be forbidden, shape ``(k,)``.
    moments
        Whether a token stands once in each event, by which events are counted, shape ``(k,)``.
    """

    def __init__(self, onsets: NDArray[np.bool_], moments: NDArray[np.bool_]) -> None:
        self._onsets, self._moments = onsets, moments
        self._periods = np.arange(MAX_CYCLE_TOKENS + 1)
        self._runs = np.zeros(MAX_CYCLE_TOKENS + 1, np.int64)  # tokens in a row that equal the one a period before
        self._tokens = np.full(1024, -1, np.int64)
        self._counts = np.zeros(1025, np.int64)  # events before each place
        self._size = 0

    def push(self, token: int) -> None:
        """Write a token."""
        n = self._size
        if n == len(self._tokens):
            self._tokens = np.concatenate([self._tokens, np.full(n, -1, np.int64)])
            self._counts = np.concatenate([self._counts, np.zeros(n, np.int64)])
        most = min(n, MAX_CYCLE_TOKENS)
        same = self._tokens[n - self._periods[1 : most + 1]] == token
        self._runs[1 : most + 1] = np.where(same, self._runs[1 : most + 1] + 1, 0)
        self._tokens[n] = token
        self._counts[n + 1] = self._counts[n] + self._moments[token]
        self._size = n + 1

    def forbidden(self) -> NDArray[np.int64]:
        """Tokens that must not come next."""
        n = self._size
        most = min(n, MAX_CYCLE_TOKENS)
        periods, runs = self._periods[1 : most + 1], self._runs[1 : most + 1]
        following = self._tokens[n - periods]
        in_cycle = self._counts[n] - self._counts[n - periods]
        stretch = np.minimum(runs + periods, n)
        events = self._counts[n] - self._counts[n - stretch]
        loops = (runs >= (REPETITIONS - 1) * periods) & (events >= MIN_EVENTS)
        loops &= (in_cycle >= 1) & (in_cycle <= MAX_CYCLE) & self._onsets[following]
        return np.unique(following[loops])


@dataclass(frozen=True, eq=False)
class DrawnString:
    """A string that was drawn.

    Parameters
    ----------
    walk
        What it says.
    num_given
        Tokens that were given.
    nats
        Log-probability of the others under the network, without constraints and at temperature 1.
    log_evidence
        Log of the probability that constraints left, added over the tokens; 0 without any.
    ended
        Whether it came to its END.
    """

    walk: Walk
    num_given: int
    nats: float
    log_evidence: float
    ended: bool


class TokenStepper:
    """A token LSTM that takes one step at a time.

    Parameters
    ----------
    network
        The network.
    """

    def __init__(self, network: NetworkArrays[SequenceConfig]) -> None:
        self.config, self.codec = network.config, codec_of(network.config)
        weights = network.weights
        self._layers: list[tuple[Floats, Floats]] = []  # from the hidden state, and from the layer below
        self._biases: list[Floats] = []
        for index, size in enumerate(self.config.hidden):
            name, scale = f"stack.layers.{index}.", np.ones((4, size, 1), np.float32)
            scale[[0, 1, 3]] = 0.5  # sigmoid(x) is (1 + tanh(x / 2)) / 2: one tanh does for all gates
            gates = scale.reshape(-1, 1)
            into, hidden = (np.ascontiguousarray(gates * weights[f"{name}weight_{kind}_l0"]) for kind in ("ih", "hh"))
            bias = gates[:, 0] * (weights[f"{name}bias_ih_l0"] + weights[f"{name}bias_hh_l0"])
            if index == 0:  # what a table gives the first layer is looked up
                self._columns = [("embedding", None), ("mode", Given.MODE)]
                if self.config.metre:
                    self._columns += [("step_in_bar", Given.STEP_IN_BAR), ("bar_steps", Given.BAR_STEPS)]
                if self.config.last_pitch:
                    self._columns += [("pitch", Given.PITCH)]
                self._tables = [weights[f"{table}.weight"] @ into.T for table, _ in self._columns]
            self._layers.append((hidden, into))
            self._biases.append(bias)
        self._head = weights["head.weight"], weights["head.bias"]
        self.restart()

    def restart(self) -> None:
        """Forget all that was read."""
        sizes = self.config.hidden
        self._hidden = [np.zeros(size, np.float32) for size in sizes]
        self._cells = [np.zeros(size, np.float32) for size in sizes]

    def step(self, before: int, given: Sequence[int], row: int) -> NDArray[np.float64]:
        """Log-probabilities of the next token.

        Parameters
        ----------
        before
            The token before it.
        given
            What is given there, columns as in :class:`~biaxial.tokens.strings.Given`.
        row
            Row of the grammar.

        Returns
        -------
        Nats, shape ``(k,)``.
        """
        places = (before if column is None else given[column] for _, column in self._columns)
        below = sum(table[place] for table, place in zip(self._tables, places, strict=True))
        for index, (matrix, _) in enumerate(self._layers):
            gates = np.tanh(matrix @ self._hidden[index] + below + self._biases[index]).reshape(4, -1)
            into, forget, out = 0.5 + 0.5 * gates[0], 0.5 + 0.5 * gates[1], 0.5 + 0.5 * gates[3]
            self._cells[index] = forget * self._cells[index] + into * gates[2]
            self._hidden[index] = out * np.tanh(self._cells[index])
            if index + 1 < len(self._layers):
                below = self._layers[index + 1][1] @ self._hidden[index]
        logits = (self._head[0] @ self._hidden[-1] + self._head[1]).astype(np.float64)
        logits = np.where(self.codec.allowed[row], logits, IMPOSSIBLE)
        logits -= logits.max()
        return np.asarray(logits - np.log(np.exp(logits).sum()))


def draw_string(
    stepper: TokenStepper,
    seed: int,
    given_at: Callable[[int], Sequence[int]],
    drawing: TokenOptions,
    *,
    primer: Sequence[int] = (),
    events: tuple[int, int],
    most_steps: int,
    rules: LineRules | None = None,
    progress: Callable[[int], None] | None = None,
) -> DrawnString:
    """Draw a string.

    Parameters
    ----------
    stepper
        The network.
    seed
        Seed of the random numbers.
    given_at
        What is given at a step of the grid, but for the pitch.
    drawing
        How tokens are drawn.
    primer
        Tokens that the string begins with, END not among them.
    events
        Least number of events, before which the string does not end, and the number after which it is broken off.
    most_steps
        Length at which it is broken off.
    rules
        What a line keeps to, anew for each.
    progress
        Called with the number of events since its last call.

    Raises
    ------
    ValueError
        If the primer is not a string of this kind.
    """
    codec = stepper.codec
    stepper.restart()
    walk = codec.walk()
    watch = Repetitions(codec.onsets, codec.moments) if drawing.guard else None
    before, pitch, nats, evidence, place = codec.start, NO_PITCH, 0.0, 0.0, 0
    while not walk.done:
        log_probs = stepper.step(before, (*given_at(walk.time)[:3], pitch), walk.state)
        if place < len(primer):
            token = primer[place]
        else:
            left = np.where(codec.drawable[walk.state], log_probs, -np.inf)
            if walk.num_events < events[0]:
                left[codec.end] = -np.inf
            if rules is not None:
                left[rules.forbidden(walk, codec.size)] = -np.inf
            if watch is not None and len(kept := _without(left, watch.forbidden())):
                left = kept
            token = drawing.drawn(left, float(uniforms([seed], place, 1)[0, 0]))
        count = walk.num_events
        if place >= len(primer) and token != codec.end and _breaks_off(walk, codec.onsets[token], events, most_steps):
            break
        walk.push(token)
        if place >= len(primer):
            nats += float(log_probs[token])
            evidence += float(np.logaddexp.reduce(left))
        for each in (watch, rules):
            if each is not None:
                each.push(token)
        if progress is not None and walk.num_events > count:
            progress(walk.num_events - count)
        before, place = token, place + 1
        pitch = token if token < NO_PITCH else pitch  # read by melody models only
    return DrawnString(walk, len(primer), nats, evidence, walk.done)


def _breaks_off(walk: Walk, begins: bool, events: tuple[int, int], most_steps: int) -> bool:
    """Whether the string ends before a token."""
    return (begins and walk.num_events >= events[1]) or walk.time >= most_steps


def _without(log_probs: NDArray[np.float64], forbidden: NDArray[np.int64]) -> NDArray[np.float64]:
    """Log-probabilities with some tokens left out; nothing if none would be left."""
    left = log_probs.copy()
    left[forbidden] = -np.inf
    return left if (left > -np.inf).any() else left[:0]
