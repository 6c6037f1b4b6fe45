"""Caches and threads of the tests, none of which writes to the user's caches; weights of tiny networks; and
tiny scores, written line by line.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from biaxial.music.score import Note, Score

Tone = int | None | tuple[int | None, float]
Write = Callable[..., Score]

_ROOT = Path(__file__).parent.parent
os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run in a process for each processor
os.environ.setdefault("BIAXIAL_KERNELS", str(_ROOT / ".pytest_cache" / "kernels"))
os.environ["XDG_CACHE_HOME"] = str(_ROOT / ".pytest_cache" / "user")


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of an untrained tiny network."""
    import torch  # not for tests that need none

    from biaxial.models.biaxial import BiaxialLSTM
    from biaxial.models.config import PRESETS
    from biaxial.weights import save_weights

    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_weights(path, BiaxialLSTM(PRESETS["tiny"]), {})
    return path


@pytest.fixture(scope="session")
def styled_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with two styles that the network listens to, as after training."""
    from dataclasses import replace

    import torch

    from biaxial.models.biaxial import BiaxialLSTM
    from biaxial.models.config import PRESETS
    from biaxial.weights import save_weights

    path = tmp_path_factory.mktemp("weights") / "styled.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = BiaxialLSTM(replace(PRESETS["tiny"], styles=("bach", "hymn")))
        for stack in (network.time_axis, network.walk(0).axis):
            torch.nn.init.normal_(stack.of_style[0].get_parameter("weight"))
        save_weights(path, network, {})
    return path


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
