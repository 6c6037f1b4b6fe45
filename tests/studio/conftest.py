"""A server with an untrained network behind it: it writes noise, but by the same road; and documents to send."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch

from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.studio.messages import Document, Note, Source
from biaxial.tasks.model import Model

pytest.importorskip("starlette", reason="the studio needs starlette: pip install -e '.[dev]'")
pytest.importorskip("httpx2", reason="asking the studio needs httpx2: pip install -e '.[dev]'")

PORT, TOKEN = 8374, "t" * 43
Ask = Callable[[str, object], Any]
SOURCES: tuple[Source, ...] = ("you", "machine")
LINES = ((72, 74, 76, 72), (67, 65, 67, 67), (64, 62, 60, 64), (48, 50, 52, 48))


@pytest.fixture(scope="session")
def noise() -> Model:
    torch.manual_seed(0)
    return Model(BiaxialLSTM(PRESETS["tiny"]).eval(), {"keys": {"G major": 2, "A minor": 1}}, "noise")


def chorale(quarters: int = 8, **fields: Any) -> Document:
    """Four voices in quarters, the soprano of which is the user's."""
    notes = tuple(
        Note(f"n{voice}-{i}", voice, 4 * i, 4, line[i % 4], voice == 0, "you" if voice == 0 else "machine")
        for voice, line in enumerate(LINES)
        for i in range(quarters)
    )
    return replace(Document(key="C major", notes=notes, length=4 * quarters), **fields)


def tune(quarters: int = 8, **fields: Any) -> Document:
    """The soprano of :func:`chorale` alone."""
    whole = chorale(quarters, **fields)
    return replace(whole, notes=tuple(note for note in whole.notes if note.voice == 0))


def random_document(rng: random.Random, steps: int = 32) -> Document:
    """Four voices of random lengths, pitches, rests and locks."""
    notes = []
    for voice, (low, high) in enumerate(((57, 81), (53, 74), (48, 69), (36, 64))):
        step = 0
        while step < steps:
            length = min(rng.choice((1, 2, 3, 4, 4, 4, 8)), steps - step)
            if rng.random() < 0.9:
                lock, source = rng.random() < 0.3, rng.choice(SOURCES)
                notes.append(Note(f"v{voice}-{step}", voice, step, length, rng.randint(low, high), lock, source))
            step += length
    rng.shuffle(notes)
    pickup = rng.choice((0, 4))
    return Document(key="G major", pickup=pickup, length=steps, notes=tuple(notes), fermatas=(12,), title="T")


@pytest.fixture
def client(noise: Model) -> Iterator[Any]:
    """The server as the page asks it."""
    from starlette.testclient import TestClient

    from biaxial.studio.jobs import Jobs
    from biaxial.studio.server import make_app

    jobs = Jobs(lambda: noise)
    jobs.start()
    base = f"http://127.0.0.1:{PORT}"
    with TestClient(make_app(jobs, PORT, TOKEN), base, headers={"X-Biaxial-Token": TOKEN}) as asked:
        yield asked
    jobs.close()


@pytest.fixture
def ask(client: Any) -> Ask:
    """Send a message to a verb; the JSON that comes back."""
    from biaxial.studio.json_messages import to_json

    def send(verb: str, message: object) -> Any:
        found = client.post(f"/api/{verb}", json=to_json(message))
        assert found.status_code == 200, found.text
        return found.json()

    return send
