"""A tune is the voice in whose range it lies, the soprano if in doubt; and it is moved by no more than it takes."""

from __future__ import annotations

import pytest

from biaxial.music.constants import VOICE_NAMES, VOICE_RANGES
from biaxial.music.score import Note
from biaxial.tasks.plans.voice_choice import fitting_shift, voice_by_range

Q = 480


def tune(*pitches: int, voice: int | None = None) -> list[Note]:
    return [Note(place * Q, Q, pitch, voice) for place, pitch in enumerate(pitches)]


@pytest.mark.parametrize(
    ("pitches", "voice"),
    [
        ((67, 72, 69), 0),
        ((57, 60, 62, 55), 0),  # one note too low is still a soprano
        ((57, 60, 55, 54), 0),  # and so are two of four
        ((56, 56, 56, 74), 1),
        ((57, 55, 54, 53), 2),
        ((50, 53, 55, 60), 2),
        ((40, 43, 45, 52), 3),
        ((48, 50, 52, 55), 3),  # tenor and bass can sing it: it lies in the middle of the bass
        ((12, 14, 16), 0),  # nobody can
        ((31, 33, 35, 36), 0),
        ((90, 95), 0),
    ],
)
def test_the_voice_of_a_tune(pitches: tuple[int, ...], voice: int) -> None:
    found, remark = voice_by_range(tune(*pitches))
    assert found == voice
    assert (VOICE_NAMES[voice].lower() in remark) == (voice > 0)


def test_no_notes_are_a_soprano() -> None:
    assert voice_by_range([]) == (0, "")


@pytest.mark.parametrize("voice", range(4))
def test_the_fewest_semitones_that_fit(voice: int) -> None:
    low, high = VOICE_RANGES[voice]
    assert fitting_shift(tune(low, high), voice) == 0
    assert fitting_shift(tune(low - 1, high - 5), voice) == 1
    assert fitting_shift(tune(low + 5, high + 2), voice) == -2
    assert fitting_shift(tune(low + 2, high + 2, voice=voice), 0) == -2, "notes with a voice have their own"
