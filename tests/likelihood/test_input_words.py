"""Inputs in words: what the network is told at a cell of a small piece, read back from its numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from biaxial.features.conditions import outline_conditions
from biaxial.features.time_axis import TimeFeatures
from biaxial.likelihood.attribution import weigh_inputs
from biaxial.likelihood.input_words import BITS, MEMORY, TIME_AXIS, InputWeight, in_words, voice_name
from biaxial.likelihood.surprise import laid_out
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.grid import Grid
from biaxial.music.phrases import Phrase, PhrasePlan
from biaxial.music.score import Key, Note, Score

Q = 480
LINES = ((70, 72), (65, 65), (62, 62), (46, 48))
SCORE = Score(
    tuple(Note(i * Q, Q, p, v) for v, line in enumerate(LINES) for i, p in enumerate(line)),
    5 * Q,
    key=Key(-2),
    fermatas=(3 * Q,),
)


def told(score: Score, step: int, pitch: int, **fields: Any) -> dict[tuple[str, str], str]:
    """What each input says, by axis and name."""
    torch.manual_seed(0)
    net = BiaxialLSTM(replace(PRESETS["tiny"], **fields)).eval()
    found = weigh_inputs(net, laid_out(score, net.config), step, pitch - net.config.low_pitch)
    words = {(w.axis, w.name): in_words(net.config, w, pitch, score.key) for w in found.inputs}
    assert all(one.meaning for one in words.values())
    return {place: one.value for place, one in words.items()}


def test_a_cell_in_a_chorale() -> None:
    assert told(SCORE, 4, 62) == {
        ("time", "position"): "0.58",
        ("time", "pitch_class"): "D",
        ("time", "neighbourhood"): "Bb4 held (Soprano), F4 held (Alto), D4 held (Tenor)",
        ("time", "chord"): "D (+0), F (+3), Bb (+8) 2 times",
        ("time", "key"): "4 semitones above the tonic, major",
        ("time", "metre"): "step 1 of 4 in beat 2, 2 more in the bar; strength 0.25",
        ("time", "form"): "3.75 quarter notes to the end, 2 quarter notes to the next phrase end, "
        "at least 32 quarter notes since the last",
        ("time", MEMORY): "",
        ("note", "chosen_before"): "silent",
        ("note", "running_chord"): "F (+3), C (+10); the nearest 3 semitones away",
        ("note", "to_come"): "Tenor, Bass",
        ("note", "voice_intervals"): "Soprano 10 above, up 2; Alto 3 above, not moved",
        ("note", "parallels"): "none",
        ("note", TIME_AXIS): "",
        ("note", MEMORY): "",
    }


def test_the_bass_would_make_a_parallel_octave() -> None:
    words = told(SCORE, 4, 48)
    assert words["note", "parallels"] == "parallel octave: Bass"
    assert words["note", "chosen_before"] == "silent"
    assert told(SCORE, 4, 71)["note", "chosen_before"] == "struck (Soprano)"


def test_the_first_step_and_a_phrase_end() -> None:
    first = told(SCORE, 0, 70)
    assert first["time", "neighbourhood"] == "silence"
    assert first["time", "chord"] == "nothing"
    assert first["time", "form"].startswith("the first step, 4.75 quarter notes to the end, 3 quarter notes to")
    assert first["note", "running_chord"] == "nothing"
    assert first["note", "voice_intervals"] == "none is placed"
    assert first["note", "to_come"] == "Soprano, Alto, Tenor, Bass"
    at = told(SCORE, 12, 70)["time", "form"]
    assert at == "1.75 quarter notes to the end, a phrase end, at least 32 quarter notes since the last"
    after = told(SCORE, 14, 70)["time", "form"]
    assert after.endswith("at least 32 quarter notes to the next phrase end, 0.5 quarter notes since the last")
    assert told(SCORE, 5, 36)["note", "to_come"] == "none"


def test_what_is_not_known_is_called_unknown() -> None:
    words = told(replace(SCORE, key=None, fermatas=None), 4, 62)
    assert words["time", "key"] == "unknown"
    assert words["time", "form"] == "3.75 quarter notes to the end"
    assert words["time", "neighbourhood"].startswith("A#4 held"), "no key, no flats"
    minor = told(replace(SCORE, key=Key(-2, "minor")), 4, 67)
    assert minor["time", "key"] == "the tonic, minor"


def test_the_four_beat_inputs_of_the_published_network() -> None:
    expected = {0: "----", 1: "+---", 2: "-+--", 4: "--+-", 8: "---+", 15: "++++"}
    whole = Score(tuple(Note(i * Q, Q, 60, 0) for i in range(4)))
    for step, signs in expected.items():
        said = told(whole, step, 60, metre="bits")["time", "metre"].split(", ")
        assert [one[0] for one in said] == list(signs)
        assert [one.partition(" ")[2] for one in said] == [
            names[sign == "+"] for names, sign in zip(BITS, signs, strict=True)
        ]


HEARD = "silent, after at least 1 equal steps"


@pytest.mark.parametrize(
    ("step", "clock", "echo", "so_far"),
    [
        (0, "the first step", "none", "none"),
        (3, "3 quarter notes since the beginning", HEARD, f"{HEARD}; the frame is like it so far"),
    ],
)
def test_inputs_of_music_as_bare_frames(step: int, clock: str, echo: str, so_far: str) -> None:
    frames = Score(tuple(Note(i * Q, Q, pitch, 0) for i, pitch in enumerate((60, 62, 60, 62))))
    words = told(
        frames,
        step,
        64,
        num_states=2,
        clock=True,
        echo=True,
        next_voice=True,
        metre="none",
        form=False,
        steps_per_quarter=1,
    )
    assert (words["time", "clock"], words["time", "echo"], words["note", "echo"]) == (clock, echo, so_far)
    away = "4 semitones up" if step else "no voice to come, or none that sounded"
    assert words["note", "next_voice"] == away


def test_ranks_stand_in_for_voices() -> None:
    fields: dict[str, Any] = {"num_voices": 0, "voice_neighbourhood": False, "ranks": 2, "parallels": False}
    words = told(SCORE, 4, 62, **fields)
    assert words["time", "neighbourhood"] == "Bb4 held, F4 held, D4 held"
    assert (
        words["note", "voice_intervals"] == "note 1 of the walk 10 above, up 2; note 2 of the walk 3 above, not moved"
    )
    assert words["note", "to_come"] == "none"


def test_far_off_is_said_to_be_so() -> None:
    config = PRESETS["tiny"]
    long = InputWeight("time", "form", (0.0, 1.0, *[0.0] * 16, 1.0, *[0.0] * 27), 0, 0)
    assert in_words(config, long, 60).value == "at least 32 quarter notes to the end"
    assert voice_name(0) == "Soprano"
    assert voice_name(5) == "Voice 6"


def test_what_is_not_planned_is_unknown_and_dissonances_are_told() -> None:
    words = told(SCORE, 4, 62, plan=True, beat=True, dissonance=True)
    assert words["time", "plan"] == words["time", "phrase_key"] == "unknown"
    assert words["time", "beat"] == "a beat begins"
    assert words["note", "dissonance"] == "stays: Tenor; leaps: Bass"  # d under the c of the soprano


def test_a_plan_in_words() -> None:
    config = replace(PRESETS["tiny"], plan=True, beat=True)
    plan = PhrasePlan((Phrase(5 * Q, 2 * Q, "V", "half"),))
    rows = outline_conditions(replace(SCORE, notes=()), Grid(config.steps_per_quarter), plan)
    parts = TimeFeatures(config).of_steps(torch.from_numpy(rows).unsqueeze(0))
    values = tuple(parts["plan"][0, 0].tolist())
    said = in_words(config, InputWeight("time", "plan", values, 0.0, 0.0), 60, SCORE.key)
    assert said.value == "half, new, last note 2 or more quarter notes"
