"""Tiny scores, written line by line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from biaxial.music.score import Note, Score

Tone = int | None | tuple[int | None, float]
Write = Callable[..., Score]


@pytest.fixture
def write() -> Write:
    """Voices from the top, each a list of pitches (a quarter each), None (a rest), or either with its quarters."""

    def build(*lines: list[Tone], **fields: Any) -> Score:
        notes = []
        for voice, line in enumerate(lines):
            tick = 0
            for tone in line:
                pitch, quarters = tone if isinstance(tone, tuple) else (tone, 1)
                length = round(quarters * 480)
                if pitch is not None:
                    notes.append(Note(tick, length, pitch, voice))
                tick += length
        return Score(tuple(notes), **fields)

    return build
