"""Orders of a few short pieces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from biaxial.jobs.order import Order, Weights
from biaxial.render.files import Rendering
from biaxial.tasks.drawing.sampling_options import SamplingOptions

Make = Callable[..., Order]


@pytest.fixture
def make(weights: Path) -> Make:
    """An order of pieces of one bar; the options of its drawing by name."""

    def build(pieces: int = 4, shards: int = 2, seed: int = 0, **options: object) -> Order:
        drawing = SamplingOptions(particles=1, **{"cadence": False, **options})  # type: ignore[arg-type]
        writing = {**asdict(Rendering()), "title": None, "endings": []}
        return Order(
            "biaxial-compose",
            "compose",
            {"bars": 1},
            seed,
            pieces,
            shards,
            (Weights.of(weights),),
            drawing=asdict(drawing),
            writing=writing,
        )

    return build


def files_of(folder: Path) -> dict[str, bytes]:
    """Every shard of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.tar"))}
