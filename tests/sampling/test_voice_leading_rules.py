"""The rule charges what the detectors count, once, and drawing under it keeps its books: by listing and by chance."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
import torch
from torch import Tensor

from biaxial.features.conditions import Condition
from biaxial.features.config import FeatureConfig
from biaxial.features.known import Known
from biaxial.likelihood.cell_nats import log_mean
from biaxial.metrics.writing import voice_leading as detectors
from biaxial.metrics.writing.slices import Slices
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.music.cells import CellAlphabet
from biaxial.music.constants import HOLD, SILENT, STRIKE
from biaxial.music.score import Note, Score
from biaxial.sampling.constraints import Rule
from biaxial.sampling.guess_and_verify import ParallelStepper
from biaxial.sampling.randomness import uniforms
from biaxial.sampling.reference_stepper import Stepper
from biaxial.sampling.voice_leading_rule import USUAL_RANGES, VoiceLeadingRule
from biaxial.sampling.voice_leading_weights import VoiceLeading

MakeNetwork = Callable[..., BiaxialLSTM]
Pitches = tuple[int | None, ...]
"""What each voice sounds in a frame."""
REST = None
LOW = 55
RANGES = ((63, 70), (60, 66), (56, 63), (55, 60))
DETECTORS: dict[str, Callable[[Slices], list[detectors.Fault]]] = {
    "parallels": lambda music: detectors.parallel_fifths(music) + detectors.parallel_octaves(music),
    "crossing": detectors.crossings,
    "spacing": detectors.spacing,
    "leaps": detectors.leaps,
    "range": lambda music: detectors.out_of_range(music, RANGES),
}
NAMES = tuple(DETECTORS)
AT_ONCE = {"parallels": (1, 3, 3), "crossing": (1, 3, 4), "spacing": (1, 2, 2), "leaps": (1, 1, 2), "range": (2, 3, 4)}
"""Most events of each kind at one chord of the cases, in two, three and four voices: they add up."""


def alone(name: str, weight: float = 1.0) -> VoiceLeading:
    """Weights with only one rule."""
    return VoiceLeading(**{**dict.fromkeys(NAMES, 0.0), name: weight})


def config_of(num_notes: int, num_states: int = 3, num_voices: int = 3, down: bool = True) -> FeatureConfig:
    order = "high-to-low" if down else "low-to-high"
    return FeatureConfig(LOW, num_notes, num_states=num_states, num_voices=num_voices, order=order)  # type: ignore[arg-type]


def random_chord(rng: np.random.Generator, config: FeatureConfig) -> Pitches:
    """Pitches at random, half of them a fifth or an octave from another voice's."""
    chord: list[int | None] = []
    for _ in range(config.num_voices):
        pitch = LOW + int(rng.integers(config.num_notes))
        if chord and chord[-1] is not None and rng.random() < 0.5:
            near = chord[-1] - int(rng.choice([-12, -7, 0, 7, 12]))
            pitch = near if LOW <= near < LOW + config.num_notes else pitch
        chord.append(REST if rng.random() < 0.1 else pitch)
    return tuple(chord)


def moved(rng: np.random.Generator, config: FeatureConfig, chord: Pitches) -> Pitches:
    """A next chord without rests, in which most voices stay or move together by the same interval."""
    shift, pitches = int(rng.integers(-4, 5)), []
    for old in chord:
        pitch = LOW + int(rng.integers(config.num_notes))
        if old is not REST and rng.random() < 0.8:
            pitch = old + shift * (rng.random() < 0.7)
        pitches.append(min(max(pitch, LOW), LOW + config.num_notes - 1))
    return tuple(pitches)


def outcomes(config: FeatureConfig, before: Pitches, after: Pitches, strikes: tuple[bool, ...]) -> list[int]:
    """A frame, notes from low to high, and for a cell shared by several voices a strike of all of them."""
    frame = []
    for pitch in range(LOW, LOW + config.num_notes):
        here = [voice for voice, tone in enumerate(after) if tone == pitch]
        held = all(before[voice] == pitch and not strikes[voice] for voice in here)
        state = SILENT if not here else HOLD if held else STRIKE
        voices = np.array([sum(1 << voice for voice in here)], dtype=np.uint8)
        frame.append(int(config.alphabet.encode(np.array([state], dtype=np.int8), voices)[0]))
    return frame


def struck(config: FeatureConfig, before: Pitches, after: Pitches, strikes: tuple[bool, ...]) -> list[bool]:
    """Which voices :func:`outcomes` strikes: with two states those that were not there."""
    moves = [pitch is not REST and before[voice] != pitch for voice, pitch in enumerate(after)]
    if config.num_states == 2:
        return moves
    new = [moves[voice] or (pitch is not REST and strikes[voice]) for voice, pitch in enumerate(after)]
    return [pitch is not REST and any(new[u] for u, tone in enumerate(after) if tone == pitch) for pitch in after]


def written(before: Pitches, after: Pitches, voices: tuple[int, ...], strikes: list[bool]) -> Score:
    """Two chords in some of their voices, each a tick long; a voice that is not struck goes on."""
    notes = []
    for voice in voices:
        old, new = before[voice], after[voice]
        goes_on = new is not REST and not strikes[voice]
        if old is not REST:
            notes.append(Note(0, 2 if goes_on else 1, old, voice))
        if new is not REST and not goes_on:
            notes.append(Note(1, 1, new, voice))
    return Score(tuple(notes), length_ticks=2)


def counted(name: str, before: Pitches, after: Pitches, strikes: list[bool], known: tuple[int, ...] = ()) -> int:
    """Faults that the detectors find at the second chord, in each voice and pair that is not known."""
    groups = combinations(range(len(after)), 1 if name in ("leaps", "range") else 2)
    count = 0
    for group in groups:
        if set(group) <= set(known):
            continue
        music = Slices.from_score(written(before, after, group, strikes))
        found = DETECTORS[name](music)
        if name == "crossing" and any(fault.tick == 0 for fault in found):
            continue  # not newly
        count += sum(fault.tick == 1 and fault.voices == group for fault in found)
    return count


def charged(rule: Rule, config: FeatureConfig, frame: Tensor, previous: Tensor, known: Known | None = None) -> Tensor:
    """The rule's biases along the walk of whole frames, ``(b, n)`` notes from low to high, as a call for each place."""
    if config.walks_down:
        frame, previous = frame.flip(1), previous.flip(1)
        known = None if known is None else Known(*(x.flip(1) for x in known))
    total = torch.zeros(len(frame), dtype=torch.float64)
    rng = np.random.default_rng(0)
    for place in range(frame.shape[1]):
        seen = frame.clone()  # what is not drawn yet is rubbish, not to be read
        seen[:, place:] = torch.from_numpy(rng.integers(0, len(config.alphabet), seen[:, place:].shape))
        bias = rule.bias(seen, previous, None, slice(place, place + 1), known)[:, 0]
        total += bias.gather(1, frame[:, place : place + 1].long()).squeeze(1)
    at_once = rule.bias(frame, previous, None, slice(frame.shape[1]), known)
    assert torch.allclose(at_once.gather(2, frame.long().unsqueeze(2)).sum((1, 2)), total, atol=1e-9)
    return total


def cases(config: FeatureConfig, count: int, rests: bool) -> list[tuple[Pitches, Pitches, tuple[bool, ...]]]:
    rng = np.random.default_rng(config.num_notes + config.num_states)
    rows = []
    for _ in range(count):
        before = random_chord(rng, config)
        after = moved(rng, config, before)
        if rests:
            after = tuple(REST if rng.random() < 0.2 else pitch for pitch in after)
        rows.append((before, after, tuple(bool(x) for x in rng.random(config.num_voices) < 0.3)))
    return rows


def frames_of(
    config: FeatureConfig, rows: list[tuple[Pitches, Pitches, tuple[bool, ...]]]
) -> tuple[Tensor, Tensor, list[list[bool]]]:
    silence, never = (REST,) * config.num_voices, (False,) * config.num_voices
    previous = torch.tensor([outcomes(config, silence, before, never) for before, _, _ in rows], dtype=torch.uint8)
    frame = torch.tensor([outcomes(config, *row) for row in rows], dtype=torch.uint8)
    return frame, previous, [struck(config, *row) for row in rows]


def knowing(config: FeatureConfig, frame: Tensor, voices: tuple[int, ...]) -> Known:
    alphabet, known = config.alphabet, sum(1 << voice for voice in voices)
    return Known.of(frame.numpy(), np.full(frame.shape, known, dtype=np.uint8), alphabet)


SIZES = [pytest.param(22, 3, 2, id="2 voices"), pytest.param(24, 3, 4, id="4"), pytest.param(24, 2, 3, id="2 states")]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("down", [True, False], ids=["down", "up"])
@pytest.mark.parametrize(("num_notes", "num_states", "num_voices"), SIZES)
def test_what_is_charged_is_what_the_detectors_count(
    num_notes: int, num_states: int, num_voices: int, down: bool, name: str
) -> None:
    config = config_of(num_notes, num_states, num_voices, down)
    # a voice that rests when it is still to come has been taken to come, so crossings are listed without rests
    rows = cases(config, 250, rests=name != "crossing")
    frame, previous, strikes = frames_of(config, rows)
    rule = VoiceLeadingRule(config_of(num_notes, num_states, num_voices), alone(name, 0.7), RANGES[:num_voices])
    total = charged(rule.turned(down), config, frame, previous)
    counts = [counted(name, *row[:2], new) for row, new in zip(rows, strikes, strict=True)]
    assert sum(counts) > 9
    assert max(counts) == AT_ONCE[name][num_voices - 2]
    assert torch.allclose(total, -0.7 * torch.tensor(counts, dtype=torch.float64), atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("down", [True, False], ids=["down", "up"])
@pytest.mark.parametrize("known", [(0,), (1,), (3,), (0, 2), (1, 2, 3), (0, 1, 2, 3)])
def test_with_known_voices_all_is_charged_but_what_is_among_them(known: tuple[int, ...], down: bool, name: str) -> None:
    config = config_of(24, 3, 4, down)
    rng = np.random.default_rng(1)
    rows = [  # known voices may rest
        (before, tuple(REST if v in known and rng.random() < 0.2 else x for v, x in enumerate(after)), strikes)
        for before, after, strikes in cases(config, 120, rests=False)
    ]
    frame, previous, strikes = frames_of(config, rows)
    rule = VoiceLeadingRule(config, alone(name), RANGES)
    total = charged(rule, config, frame, previous, knowing(config, frame, known))
    counts = [counted(name, *row[:2], new, known) for row, new in zip(rows, strikes, strict=True)]
    assert (sum(counts) > 0) == (len(known) < 4)
    assert torch.allclose(total, -torch.tensor(counts, dtype=torch.float64), atol=1e-9)


def test_weights_add_up() -> None:
    config = config_of(24, 3, 4)
    frame, previous, _ = frames_of(config, cases(config, 100, rests=True))
    everything = VoiceLeadingRule(config, VoiceLeading(1, 2, 3, 4, 5), RANGES).bias(frame, previous, None, slice(3, 20))
    single = [VoiceLeadingRule(config, alone(name, 1.0 + i), RANGES) for i, name in enumerate(NAMES)]
    parts = torch.stack([rule.bias(frame, previous, None, slice(3, 20)) for rule in single])
    assert everything.shape == (100, 17, len(config.alphabet))
    assert torch.allclose(everything, parts.sum(0), atol=1e-9)
    assert (parts.amin((1, 2, 3)) < 0).all()
    assert (everything[..., SILENT] == 0).all()


def test_a_parallel_costs_its_weight_and_a_step_in_which_nothing_changes_nothing() -> None:
    config = config_of(24, 3, 2)
    rule = VoiceLeadingRule(config, VoiceLeading(3, 1, 1, 1, 0))
    cases = [((69, 62), (71, 64), 3.0), ((69, 62), (71, 65), 0.0), ((62, 69), (62, 69), 0.0), ((76, 55), (76, 55), 0.0)]
    rows: list[tuple[Pitches, Pitches, tuple[bool, ...]]] = [(*chords, (False, False)) for *chords, _ in cases]  # type: ignore[misc]
    frame, previous, _ = frames_of(config, rows)
    assert charged(rule, config, frame, previous).tolist() == [-cost for *_, cost in cases]


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="spacing is 0 nats or more"):
        VoiceLeading(spacing=-1)
    with pytest.raises(ValueError, match="finite"):
        VoiceLeading(leaps=math.inf)
    with pytest.raises(ValueError, match="with voices"):
        VoiceLeadingRule(config_of(12, 3, 0))
    with pytest.raises(ValueError, match="4 ranges given for 3 voices"):
        VoiceLeadingRule(config_of(12, 3, 3), ranges=USUAL_RANGES)


def test_only_a_corpus_of_four_voices_has_usual_ranges() -> None:
    assert VoiceLeadingRule(FeatureConfig()).outside.sum() == sum(46 - (high - low + 1) for low, high in USUAL_RANGES)
    assert not VoiceLeadingRule(config_of(14, 3, 3)).outside.any()


# Drawing under the rule


def conditions(batch: int, num_steps: int) -> Tensor:
    rows = torch.full((batch, num_steps, len(Condition)), -1, dtype=torch.int16)
    rows[:, :, 0] = torch.arange(num_steps) == 0
    rows[:, :, 8] = torch.arange(num_steps)
    return rows


def draw(
    stepper: Stepper, count: int, num_steps: int, rules: list[Rule], known: Known | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    rows = conditions(count, num_steps)
    state, frames, log_weight = stepper.start(count), [], torch.zeros(count, dtype=torch.float64)
    for step in range(num_steps):
        frame, weight, state = stepper.step(
            state,
            rows[:, step],
            uniforms(range(count), step, stepper.config.num_notes),
            None if known is None else known.at((slice(None), step)),
            rules=rules,
        )
        frames.append(frame)
        log_weight = log_weight + weight
    return torch.stack(frames, 1), log_weight, state.log_likelihood


@pytest.mark.parametrize("order", ["high-to-low", "low-to-high", "both"])
@pytest.mark.parametrize("is_known", [False, True], ids=["nothing known", "one voice known"])
def test_guessing_draws_what_the_walk_draws(make_network: MakeNetwork, order: str, is_known: bool) -> None:
    model = make_network(3, 3, num_notes=14, order=order)
    rule = VoiceLeadingRule(model.config, VoiceLeading(4, 2, 1, 2, 1), [(66, 73), (62, 69), (60, 65)])
    known = None
    if is_known:
        alphabet = CellAlphabet(3, 3)
        frames = np.zeros((6, 14), dtype=np.uint8)
        for step, (note, state) in enumerate([(9, STRIKE), (8, STRIKE), (8, HOLD), (4, STRIKE), (11, STRIKE)]):
            frames[step, note] = alphabet.encode(np.array([state], dtype=np.int8), np.array([2], dtype=np.uint8))[0]
        one = Known.of(frames, np.full_like(frames, 2), alphabet)
        known = Known(*(x.expand(32, *x.shape) for x in one))
    slow = draw(Stepper(model), 32, 6, [rule], known)
    fast = draw(ParallelStepper(model), 32, 6, [rule], known)
    for one_way, other in zip(slow, fast, strict=True):
        assert torch.allclose(one_way.double(), other.double(), atol=1e-10)
    assert slow[1].max() < 0  # something was charged in every piece
    free = draw(ParallelStepper(model), 32, 6, [], known)
    assert not torch.equal(free[0], slow[0])


@pytest.mark.parametrize("order", ["high-to-low", "low-to-high"])
@pytest.mark.parametrize("num_states", [2, 3])
@pytest.mark.slow
def test_the_mean_weight_is_the_mean_of_what_is_charged(make_network: MakeNetwork, num_states: int, order: str) -> None:
    """E[exp(bias)] under the model, by listing all rolls of two frames, against the mean weight of what is drawn."""
    model = make_network(num_states, 2, num_notes=2, order=order)
    config = model.config
    cells = itertools.product(range(len(config.alphabet)), repeat=4)
    rolls = torch.tensor(list(cells), dtype=torch.uint8).view(-1, 2, 2)
    with torch.no_grad():
        log_p = log_mean(model.walk_log_likelihood(Batch.whole(rolls, conditions(len(rolls), 2))).sum(-1)).sum(1)
    rolls, p = rolls[log_p > -100], log_p[log_p > -100].exp()
    assert p.sum().item() == pytest.approx(1, abs=1e-9)
    rule = VoiceLeadingRule(config, VoiceLeading(3, 1.5, 0, 0, 1), [(61, 61), (60, 60)])
    before = torch.cat([torch.zeros_like(rolls[:, :1]), rolls[:, :1]], 1)
    bias = sum(charged(rule, config, rolls[:, step], before[:, step]) for step in range(2))
    assert isinstance(bias, Tensor)
    evidence = float(p @ bias.exp())
    assert evidence < 0.8
    drawn, log_weight, _ = draw(ParallelStepper(model), 20000, 2, [rule])
    assert log_weight.exp().mean().item() == pytest.approx(evidence, rel=0.03)
    place = {tuple(row): index for index, row in enumerate(rolls.flatten(1).tolist())}
    shares = torch.zeros(len(rolls), dtype=torch.float64)
    for row, weight in zip(drawn.flatten(1).tolist(), log_weight.softmax(0).tolist(), strict=True):
        shares[place[tuple(row)]] += weight
    assert 0.5 * float((shares - p * bias.exp() / evidence).abs().sum()) < 0.06
