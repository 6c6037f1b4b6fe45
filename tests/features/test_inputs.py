"""Inputs of the two axes, looked up by their names."""

from __future__ import annotations

import dataclasses

import torch

from biaxial.features.conditions import Condition
from biaxial.features.config import FeatureConfig, Order
from biaxial.features.note_axis import NoteFeatures
from biaxial.features.time_axis import TimeFeatures
from biaxial.music.cells import CellAlphabet
from biaxial.music.constants import HOLD, STRIKE

CONFIG = FeatureConfig(low_pitch=48, num_notes=30)


def outcome(state: int, voices: int, alphabet: CellAlphabet = CONFIG.alphabet) -> int:
    return 1 + (state - 1) * int(alphabet.num_sets) + voices - 1


def frame(notes: dict[int, tuple[int, int]]) -> torch.Tensor:
    """Outcomes of a frame, shape ``(n,)``: state and voice set by pitch."""
    row = torch.zeros(CONFIG.num_notes, dtype=torch.uint8)
    for pitch, (state, voices) in notes.items():
        row[pitch - CONFIG.low_pitch] = outcome(state, voices)
    return row


def unknown(b: int = 1, t: int = 1) -> torch.Tensor:
    return torch.full((b, t, len(Condition)), -1, dtype=torch.int16)


def test_the_neighbourhood_shows_states_and_voices_at_their_distance_and_nothing_beyond_the_keyboard() -> None:
    features = TimeFeatures(CONFIG)
    previous = frame({48: (STRIKE, 0b1000), 60: (HOLD, 0b0010), 77: (STRIKE, 0b0001)})
    inputs = features(previous.view(1, 1, -1), unknown())[0, 0]
    window = inputs[:, features.slices["neighbourhood"]].view(30, 6, 25)  # n, plane, distance + 12
    sounding, strike, soprano, alto, tenor, bass = range(6)
    at_60 = window[12]
    assert at_60[sounding].nonzero().flatten().tolist() == [0, 12]  # 48 and 60
    assert at_60[strike].nonzero().flatten().tolist() == [0]
    assert at_60[alto].nonzero().flatten().tolist() == [12]
    assert at_60[bass].nonzero().flatten().tolist() == [0]
    assert at_60[soprano].sum() == at_60[tenor].sum() == 0
    lowest = window[0]  # the lowest note does not see the top of the keyboard
    assert lowest[sounding].nonzero().flatten().tolist() == [12, 24]


def test_the_chord_is_rotated_to_the_notes_own_pitch_class() -> None:
    features = TimeFeatures(CONFIG)
    previous = frame({48: (STRIKE, 0b1000), 60: (HOLD, 0b0010), 67: (STRIKE, 0b0001)})
    chord = features(previous.view(1, 1, -1), unknown())[0, 0, :, features.slices["chord"]]
    assert chord[67 - 48].tolist() == [1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0]  # a g, and two c a fourth above it


def test_unknown_conditions_are_zero_and_known_ones_are_not() -> None:
    features = TimeFeatures(CONFIG)
    silence = torch.zeros(1, 1, 30, dtype=torch.uint8)
    rows_unknown = unknown()
    rows_unknown[..., Condition.FIRST] = 0  # which is never unknown
    nothing = features(silence, rows_unknown)[0, 0]
    rows = torch.tensor([[[1, 4, 16, 7, 1, 3, 0, 255]]], dtype=torch.int16)
    inputs = features(silence, rows)[0, 0]
    for name in ("key", "metre", "form"):
        assert nothing[:, features.slices[name]].abs().sum() == 0
    form = inputs[0, features.slices["form"]]
    assert form[[0, 1, 2 + 3, 19, 20]].tolist() == [
        1,
        1,
        1,
        1,
        1,
    ]  # first step, end known and in 3, fermata known and here
    key = inputs[:, features.slices["key"]]
    assert key[55 - 48].nonzero().flatten().tolist() == [12]  # g is the tonic of g minor
    assert key[62 - 48].nonzero().flatten().tolist() == [12 + 7]
    metre = inputs[0, features.slices["metre"]]
    assert metre.nonzero().flatten().tolist() == [0, 4 + 1, 12 + 2, 20, 21]  # on the second of four beats, 2 left
    assert metre[20] == 0.25


def test_transposing_roll_and_key_moves_every_input_with_the_note() -> None:
    """All that a cell sees, but for its pitch, is relative to it."""
    features = TimeFeatures(CONFIG)
    notes = {55: (STRIKE, 0b1000), 60: (HOLD, 0b0110), 67: (STRIKE, 0b0001)}
    here = features(frame(notes).view(1, 1, -1), torch.tensor([[[0, 4, 16, 7, 1, 3, 0, 255]]]))[0, 0]
    up = {pitch + 3: value for pitch, value in notes.items()}
    there = features(frame(up).view(1, 1, -1), torch.tensor([[[0, 4, 16, 10, 1, 3, 0, 255]]]))[0, 0]
    relative = [name for name in features.slices if name not in ("position", "pitch_class")]
    for name in relative:
        part = features.slices[name]
        assert torch.equal(here[12:15, part], there[15:18, part]), name


def walk_inputs(now: torch.Tensor, before: torch.Tensor) -> tuple[NoteFeatures, torch.Tensor]:
    """Inputs by pitch: turned back from the order of the walk."""
    features = NoteFeatures(CONFIG)
    inputs = features(features.walk(now).unsqueeze(0), features.walk(before).unsqueeze(0))[0]
    return features, inputs.flip(0)


def test_the_note_axis_sees_what_was_chosen_above_and_nothing_below() -> None:
    now = frame({72: (STRIKE, 0b0001), 64: (HOLD, 0b0110), 50: (STRIKE, 0b1000)})
    features, inputs = walk_inputs(now, frame({}))
    running, to_come = features.slices["running_chord"], features.slices["to_come"]
    assert inputs[72 - 48, running].sum() == 1  # nothing chosen yet: only the "no distance" flag
    at_60 = inputs[60 - 48, running]
    assert at_60[:12].nonzero().flatten().tolist() == [0, 4]  # c and e above
    assert at_60[12:].nonzero().flatten().tolist() == [4]  # the nearest is four semitones away
    assert inputs[60 - 48, to_come].tolist() == [0, 0, 0, 1]
    assert inputs[64 - 48, to_come].tolist() == [0, 1, 1, 1]
    other = now.clone()
    other[: 60 - 48] = 0
    assert torch.equal(inputs[60 - 48], walk_inputs(other, frame({}))[1][60 - 48])


def test_intervals_and_motion_of_placed_voices() -> None:
    before = frame({70: (STRIKE, 0b0001), 64: (STRIKE, 0b0010)})
    now = frame({72: (STRIKE, 0b0001), 64: (HOLD, 0b0010)})
    features, inputs = walk_inputs(now, before)
    voices = inputs[57 - 48, features.slices["voice_intervals"]].view(4, 18)
    assert voices[0].nonzero().flatten().tolist() == [3, 12, 16, 17]  # 15 semitones, rising
    assert voices[0, 12] == 15 / 12
    assert voices[1].nonzero().flatten().tolist() == [7, 12, 15]  # a fifth, did not move
    assert voices[2:].abs().sum() == 0


def parallels(before: dict[int, tuple[int, int]], now: dict[int, tuple[int, int]], pitch: int) -> list[float]:
    """Flags at a pitch: fifths then octaves, for S A T B."""
    features, inputs = walk_inputs(frame(now), frame(before))
    flags: list[float] = inputs[pitch - 48, features.slices["parallels"]].tolist()
    return flags


def test_parallel_flags_mark_the_cell_and_the_voice_that_would_make_them() -> None:
    before = {67: (STRIKE, 0b0001), 60: (STRIKE, 0b0010), 55: (STRIKE, 0b1000)}
    now = {69: (STRIKE, 0b0001)}
    assert parallels(before, now, 62) == [0, 1, 0, 0, 0, 0, 0, 0]  # the alto from c to d under g to a
    assert parallels(before, now, 57) == [0, 0, 0, 0, 0, 0, 0, 1]  # the bass from g to a, an octave below
    assert parallels(before, now, 61) == [0] * 8  # no perfect interval
    assert parallels(before, {67: (HOLD, 0b0001)}, 60) == [0] * 8  # nobody moves
    assert parallels(before, {67: (STRIKE, 0b0001)}, 60) == [0] * 8  # repeated, not parallel
    assert parallels({67: (STRIKE, 1), 72: (STRIKE, 2)}, {69: (STRIKE, 1)}, 62) == [0] * 8  # contrary motion
    assert parallels({67: (STRIKE, 1)}, now, 62) == [0] * 8  # the alto enters after a rest


def test_dissonance_is_told_apart_by_how_the_voice_comes_to_it() -> None:
    config = dataclasses.replace(CONFIG, dissonance=True)
    features = NoteFeatures(config)
    before = {67: (STRIKE, 0b0001), 65: (STRIKE, 0b0010), 60: (STRIKE, 0b0100), 48: (STRIKE, 0b1000)}
    inputs = features(*(features.walk(frame(x)).unsqueeze(0) for x in ({67: (HOLD, 0b0001)}, before)))

    def at(pitch: int) -> list[float]:
        found: list[float] = inputs[0, config.high_pitch - pitch, features.slices["dissonance"]].tolist()
        return found

    # for each voice: it stays, it steps, it leaps
    assert at(65) == [0, 1, 0, 0, *[0] * 4, 0, 0, 1, 1]  # f under g: the alto has it, tenor and bass would leap there
    assert at(66) == [*[0] * 4, 0, 1, 0, 0, 0, 0, 1, 1]  # the alto would step there
    assert at(57) == [*[0] * 8, 0, 1, 1, 1]  # a seventh
    assert at(64) == [0] * 12  # a third


def test_the_beat_tells_six_eight_from_three_four() -> None:
    features = TimeFeatures(dataclasses.replace(CONFIG, beat=True))
    rows = unknown(1, 12)
    rows[0, :, Condition.STEP_IN_BAR], rows[0, :, Condition.BAR_STEPS] = torch.arange(12), 12
    rows[0, :, Condition.BEAT_STEPS] = 4
    simple = features.of_steps(rows)["beat"][0]
    assert simple[:, -1].nonzero().flatten().tolist() == [0, 4, 8]
    assert simple[:, :-1].sum() == 0
    rows[0, :, Condition.BEAT_STEPS] = 6
    dotted = features.of_steps(rows)["beat"][0]
    assert dotted[:, -1].nonzero().flatten().tolist() == [0, 6]
    assert dotted[:, :6].argmax(1).tolist() == [0, 1, 2, 3, 4, 5] * 2
    assert (dotted[:, 6] == 1).all()


def test_places_can_be_asked_for_one_by_one() -> None:
    features = NoteFeatures(CONFIG)
    now = features.walk(frame({72: (STRIKE, 1), 64: (HOLD, 6), 50: (STRIKE, 8)})).unsqueeze(0)
    before = features.walk(frame({70: (STRIKE, 1), 64: (STRIKE, 6), 52: (STRIKE, 8)})).unsqueeze(0)
    whole = features(now, before)
    for place in range(30):
        begun = now.clone()
        begun[:, place:] = 0
        assert torch.equal(features(begun, before, slice(place, place + 1)), whole[:, place : place + 1])


UNVOICED = FeatureConfig(
    low_pitch=48, num_notes=30, num_states=2, num_voices=0, order="low-to-high", ranks=4, next_voice=True, clock=True
)


def chord(*pitches: int) -> torch.Tensor:
    row = torch.zeros(1, 30, dtype=torch.uint8)
    row[0, [pitch - 48 for pitch in pitches]] = 1
    return row


def test_ranks_stand_in_for_voices() -> None:
    features = NoteFeatures(UNVOICED)
    inputs = features(chord(50, 62, 65), chord(48, 60, 64))[0]
    assert inputs[62 - 48, features.slices["to_come"]].tolist() == [0, 1, 1, 1]
    voices = inputs[65 - 48, features.slices["voice_intervals"]].view(4, 18)
    assert voices[0].nonzero().flatten().tolist() == [3, 12, 16, 17]  # the lowest, 15 semitones away, rising
    assert voices[1].nonzero().flatten().tolist() == [3, 12, 16, 17]
    assert voices[2:].abs().sum() == 0
    flags = inputs[:, features.slices["parallels"]]
    assert flags[62 - 48].tolist() == [0, 0, 0, 0, 0, 1, 0, 0]  # from c and c to d and d


def test_the_next_voice_is_seen_from_where_it_was() -> None:
    features = NoteFeatures(UNVOICED)
    inputs = features(chord(50, 62), chord(48, 60))[0][:, features.slices["next_voice"]]
    assert inputs[51 - 48].nonzero().flatten().tolist() == [12 - 9, 25, 26]  # a sixth below the second voice's c
    assert inputs[51 - 48, 25] == -9 / 12
    assert inputs[48 - 48].nonzero().flatten().tolist() == [12, 26]  # where the lowest was
    assert inputs[63 - 48].abs().sum() == 0  # the third was silent


def test_with_voices_the_next_one_follows_the_walk() -> None:
    before = frame({72: (STRIKE, 0b0001), 67: (STRIKE, 0b0010), 50: (STRIKE, 0b1000)})
    pitches: dict[Order, int] = {"high-to-low": 72, "low-to-high": 50}
    for order, pitch in pitches.items():
        features = NoteFeatures(dataclasses.replace(CONFIG, order=order, next_voice=True))
        inputs = features(features.walk(0 * before).unsqueeze(0), features.walk(before).unsqueeze(0))[0]
        inputs = features.walk(inputs[:, features.slices["next_voice"].start + 12])
        assert inputs.nonzero().flatten().tolist() == [pitch - 48]


def test_the_clock_counts_from_the_beginning() -> None:
    features = TimeFeatures(UNVOICED)
    rows = unknown(1, 15)
    rows[..., Condition.SINCE_START] = torch.arange(15)
    clock = features(torch.zeros(1, 15, 30, dtype=torch.uint8), rows)[0, :, 0, features.slices["clock"]]
    assert clock.shape == (15, 4 + 4 + 3 + 4 + 2)
    assert clock[0].nonzero().flatten().tolist() == [0, 4, 8, 11, 15]
    # the third sixteenth of the second quarter
    assert clock[6].nonzero().flatten().tolist() == [2, 4 + 1, 8 + 1, 11, 16]


def test_an_unknown_mode_is_either() -> None:
    features = TimeFeatures(UNVOICED)
    rows = unknown()
    rows[..., Condition.TONIC] = 7
    key = features(chord().unsqueeze(0), rows)[0, 0, 55 - 48, features.slices["key"]]
    assert key.nonzero().flatten().tolist() == [0, 12]


def test_johnsons_bits_count_from_the_bar_line_or_else_from_the_beginning() -> None:
    features = TimeFeatures(dataclasses.replace(UNVOICED, metre="bits"))
    rows = unknown(1, 2)
    rows[..., Condition.SINCE_START] = torch.tensor([5, 6])
    rows[0, 1, Condition.STEP_IN_BAR] = 9
    bits = features(torch.zeros(1, 2, 30, dtype=torch.uint8), rows)[0, :, 0, features.slices["metre"]]
    assert bits.tolist() == [[1, -1, 1, -1], [1, -1, -1, 1]]
