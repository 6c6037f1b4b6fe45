"""Music without an end: bar after bar the music that is drawn, once each, in bounded memory."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, pairwise
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from biaxial import Bar, InputError, Key, Model, Note, SamplingOptions, Score
from biaxial.features.conditions import Condition, unknown_conditions
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.sampling.charges import Charges, voice_pitches
from biaxial.sampling.guess_and_verify import ParallelStepper
from biaxial.sampling.loop import Drawn, Particles, draw_pieces
from biaxial.sampling.stepping import FrameStepper

Q = 480
QUICK = SamplingOptions(cadence=False, voice_leading=None)


def first_bars(bars: Iterator[Bar], count: int) -> list[Bar]:
    return list(islice(bars, count))


def drawn_by_hand(
    model: Model, steps: int, bar_steps: int, key: Key, seed: int, beat_steps: int = 4
) -> tuple[Note, ...]:
    """The same steps by the road of all other verbs, with the end unknown."""
    config = model.network.config
    rows = unknown_conditions(steps)
    rows[:, Condition.STEP_IN_BAR] = [step % bar_steps for step in range(steps)]
    rows[:, Condition.BAR_STEPS], rows[:, Condition.BEAT_STEPS] = bar_steps, beat_steps
    rows[:, Condition.TONIC], rows[:, Condition.MODE] = key.tonic, key.mode == "minor"
    bias, rules = QUICK.constraints(config)
    stepper = ParallelStepper(model.network, QUICK.proposal(model.history))
    drawn = draw_pieces(stepper, rows[None], [seed], bias=bias, rules=rules)
    states, sets = config.alphabet.articulated(drawn.outcomes[0])
    outline = Score((), steps * Q // config.steps_per_quarter)
    voices = sets if config.num_voices else None
    return Roll(states, voices, config.low_pitch, outline, Grid(config.steps_per_quarter)).to_score().notes


@pytest.mark.parametrize(("metre", "bar_steps"), [("4/4", 16), ("3/4", 12), ("6/8", 12)])
def test_a_stream_is_what_is_drawn_by_hand(noise: Model, metre: str, bar_steps: int) -> None:
    bars = first_bars(noise.stream(key="D minor", time_signature=metre, seed=5, drawing=QUICK), 2)
    expected = drawn_by_hand(noise, 6 * bar_steps, bar_steps, Key.from_name("D minor"), 5)
    end = 2 * bar_steps * 120
    assert [note for bar in bars for note in bar.notes] == [note for note in expected if note.onset_ticks < end]
    assert [(bar.number, bar.onset_ticks, bar.length_ticks) for bar in bars] == [
        (1, 0, bar_steps * 120),
        (2, bar_steps * 120, bar_steps * 120),
    ]


@pytest.mark.parametrize("states", [2, 3])
@pytest.mark.parametrize("voices", [0, 4])
def test_all_models_stream_what_is_drawn_by_hand(states: int, voices: int) -> None:
    torch.manual_seed(0)
    switches = dict.fromkeys(("voice_neighbourhood", "voice_intervals", "parallels"), bool(voices))
    config = replace(PRESETS["tiny"], num_states=states, num_voices=voices, **switches)  # type: ignore[arg-type]
    config = replace(config, low_pitch=60, num_notes=5)  # where voices meet in unisons
    model = Model(BiaxialLSTM(config).eval(), {}, "other")
    drawing = replace(QUICK, ranges=((60, 64),) * max(1, voices))
    stepper = ParallelStepper(model.network, drawing.proposal({}))
    bars = first_bars(model.stream(key="C major", seed=1, drawing=drawing), 3)
    rows = unknown_conditions(96)
    rows[:, Condition.STEP_IN_BAR], rows[:, Condition.BAR_STEPS] = [s % 16 for s in range(96)], 16
    rows[:, Condition.TONIC], rows[:, Condition.MODE] = 0, 0
    drawn = draw_pieces(stepper, rows[None], [1], bias=drawing.constraints(config)[0])
    states_drawn, sets = config.alphabet.articulated(drawn.outcomes[0])
    roll = Roll(states_drawn, sets if voices else None, 60, Score((), 24 * Q), Grid(4))
    notes = roll.to_score().notes
    assert [n for bar in bars for n in bar.notes] == [n for n in notes if n.onset_ticks < 12 * Q]


def test_a_network_with_all_inputs_streams_what_is_drawn_by_hand() -> None:
    torch.manual_seed(0)
    inputs = dict.fromkeys(("next_voice", "clock", "plan", "beat", "dissonance", "echo"), True)
    config = replace(PRESETS["tiny"], order="low-to-high", **inputs)  # type: ignore[arg-type]
    model = Model(BiaxialLSTM(config).eval(), {}, "all inputs")
    bars = first_bars(model.stream(key="C major", time_signature="6/8", seed=5, drawing=QUICK), 2)
    expected = drawn_by_hand(model, 48, 12, Key.from_name("C major"), 5, beat_steps=6)
    assert [note for bar in bars for note in bar.notes] == [n for n in expected if n.onset_ticks < 24 * 120]


def test_a_note_held_over_a_bar_line_comes_once_with_its_true_length(noise: Model) -> None:
    bars = first_bars(noise.stream(key="C major", time_signature="1/4", seed=2, drawing=QUICK), 24)
    over = [note for bar in bars for note in bar.notes if note.end_ticks > bar.onset_ticks + bar.length_ticks]
    assert over
    for bar in bars:
        assert all(bar.onset_ticks <= note.onset_ticks < bar.onset_ticks + bar.length_ticks for note in bar.notes)
    for voice in range(4):
        line = [note for bar in bars for note in bar.notes if note.voice == voice]
        assert all(a.end_ticks <= b.onset_ticks for a, b in pairwise(line))


def test_a_note_without_an_end_is_cut_after_four_bars() -> None:
    """A network that holds whatever sounds, and never lets it go."""
    torch.manual_seed(0)
    config = replace(
        PRESETS["tiny"], low_pitch=60, num_notes=1, num_voices=0, voice_neighbourhood=False, voice_intervals=False,
        parallels=False,
    )  # fmt: skip
    model = Model(BiaxialLSTM(config).eval(), {}, "one")
    heads = [m for m in model.network.modules() if isinstance(m, torch.nn.Linear) and m.out_features == 3]
    with torch.no_grad():
        for head in heads:
            head.weight.zero_()
            head.bias.copy_(torch.tensor([-50.0, 50.0, 0.0]))  # silent, hold, strike
    bars = first_bars(model.stream(key="C major", time_signature="1/4", drawing=QUICK), 9)
    notes = [note for bar in bars for note in bar.notes]
    assert [(note.onset_ticks, note.length_ticks) for note in notes] == [(0, 4 * Q), (4 * Q, 4 * Q), (8 * Q, 4 * Q)]


def test_the_seed_decides(noise: Model) -> None:
    one, same, other = (first_bars(noise.stream(seed=seed, drawing=QUICK), 2) for seed in (1, 1, 2))
    assert one == same != other
    keys = {tuple(first_bars(noise.stream(key=key, seed=1, drawing=QUICK), 1)) for key in ("C", "F#")}
    assert len(keys) == 2


CHARGED = replace(QUICK, max_voices=1, particles=2, charges=Charges(no_cadence=1.0))


@pytest.mark.slow
@pytest.mark.parametrize("drawing", [replace(QUICK, max_voices=1), CHARGED])
def test_nothing_grows_with_the_number_of_bars(noise: Model, drawing: SamplingOptions) -> None:
    bars = noise.stream(key="C major", time_signature="1/4", drawing=drawing)

    def kept() -> tuple[int, int]:
        gc.collect()
        kinds = [(type(thing), thing) for thing in gc.get_objects()]  # isinstance would wake up deprecated things
        numbers = sum(thing.numel() for kind, thing in kinds if issubclass(kind, torch.Tensor))
        return numbers, sum(kind is Note for kind, _ in kinds)

    first_bars(bars, 8)
    numbers, notes = kept()
    first_bars(bars, 120)
    later_numbers, later_notes = kept()
    cells = noise.network.config.num_notes
    leanings = 8 * cells * len(noise.network.config.alphabet)  # sections have different closes, more or fewer
    assert later_numbers <= numbers + leanings + 1000 < numbers + 120 * 4 * cells
    assert later_notes <= notes + 32


def test_sections_are_planned_and_drawn_phrase_by_phrase(noise: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = list[tuple[NDArray[np.int16], int, int]]()
    returned = 0

    def watched(stepper: FrameStepper, rows: NDArray[np.int16], seeds: list[int], **options: Any) -> Drawn:
        nonlocal returned
        found = draw_pieces(stepper, rows, seeds, **options)
        first, end = 0 if options["begun"] is None else options["begun"].outcomes.shape[1], options["until"]
        assert options["particles"] == Particles(first, 2)
        calls.append((rows[0], first, end))
        (own,) = (phrase for phrase in options["phrases"].of_pieces[0] if phrase.end == end)
        if own.source is not None:
            pitches = voice_pitches(found.outcomes[0], stepper.config.alphabet, stepper.config.low_pitch)[:, 0]
            assert own.fermata is not None
            same = slice(own.first, own.fermata + 1)  # the last note of a section is held to its end
            assert (pitches[same] == pitches[own.source :][: own.fermata + 1 - own.first]).all()
            returned += 1
        return found

    monkeypatch.setattr("biaxial.tasks.drawing.stream.draw_pieces", watched)
    frames = list[int]()
    music = noise.stream(key="A minor", time_signature="2/4", seed=3, drawing=CHARGED, progress=frames.append)
    bars = first_bars(music, 36)
    assert [(bar.number, bar.onset_ticks) for bar in bars] == [(n + 1, 2 * n * Q) for n in range(36)]
    assert frames == [1] * sum(end - first for _, first, end in calls)
    assert returned
    assert [len(rows) for rows, first, _ in calls if first in (0, 8)][:2] == [16 * 8, 17 * 8]
    told = np.concatenate([rows[first:end] for rows, first, end in calls])
    steps = np.arange(len(told))
    assert (told[:, Condition.SINCE_START] == steps).all()
    assert (told[:, Condition.FIRST] == (steps == 0)).all()
    assert (told[:, Condition.STEP_IN_BAR] == steps % 8).all()
    assert (told[:, Condition.TO_END] == -1).all()
    fermatas = np.flatnonzero(told[:, Condition.TO_FERMATA] == 0)
    assert len(fermatas) == len(calls)
    assert (np.diff(told[:, Condition.TO_FERMATA])[np.setdiff1d(steps[:-1], fermatas)] == -1).all()
    assert (told[fermatas[:-1] + 1, Condition.SINCE_FERMATA] == 1).all()


def test_a_draft_is_drawn_frame_by_frame(noise: Model) -> None:
    plain, draft, charged = (
        first_bars(noise.stream(key="C major", seed=2, drawing=drawing), 2)
        for drawing in (replace(CHARGED, charges=None), replace(CHARGED, draft=True), CHARGED)
    )
    assert plain == draft != charged


def test_what_progress_raises_ends_a_stream(noise: Model) -> None:
    calls: list[int] = []

    def stop(frames: int) -> None:
        calls.append(frames)
        if len(calls) == 20:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        first_bars(noise.stream(drawing=QUICK, progress=stop), 3)
    assert calls == [1] * 20


def test_what_cannot_be_streamed_is_refused(noise: Model) -> None:
    with pytest.raises(InputError, match="is not a whole number of steps"):
        noise.stream(time_signature="1/32")
    with pytest.raises(ValueError, match="'H' is not a key"):
        noise.stream(key="H")
