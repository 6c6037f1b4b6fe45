"""Music that has something of everything, and libraries that warn when they are imported."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import pytest

from biaxial.music.score import Key, Note, Score, TimeSignature


def library(name: str) -> Any:
    """A library, or a skip that names it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(name)
        except ImportError:
            pytest.skip(f"{name} is not installed")


@pytest.fixture
def chorale() -> Score:
    """A pickup, unisons, repeated notes, fermatas, a rest at the end, velocities, a name in two writings."""
    notes = [
        Note(480 * beat, 480 if beat % 3 else 240, pitch - (beat * (voice + 1)) % 3, voice, 40 + 10 * voice + beat)
        for beat in range(9)
        for voice, pitch in enumerate((72, 67, 67, 48))
    ]
    return Score(
        tuple(notes),
        480 * 10,
        time_signatures=(TimeSignature(4, 4), TimeSignature(3, 4, 480 * 5)),
        pickup_ticks=480,
        key=Key(-3, "minor"),
        fermatas=(1920, 3840),
        tempo_bpm=92.5,
        title="Wär’ Gott nicht 音",
    )
