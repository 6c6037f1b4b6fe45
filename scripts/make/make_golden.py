"""Write ``tests/tasks/golden.json``: what weights give, for the tests that say that it stays so.

``python scripts/make/make_golden.py`` takes about ten seconds. Run it when weights have come, and only then: what older
ones give must not change.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from biaxial.corpora.bach_chorales import chorale_paths, read_chorale
from biaxial.files.assets import ASSETS
from biaxial.files.atomic import atomic_write
from biaxial.music.checksum import music_checksum
from biaxial.tasks.loading import load_model, load_token_model

ROOT = Path(__file__).parents[2]
PIECES = ((4, "G major", 7), (2, "E minor", 3))
TUNE = ("hymn-tunes-v1", "F major", 5)
CHORALE = "bwv10.7.mxl"
"""Held out for validation."""


def of_chorales(weights: Path) -> dict[str, Any]:
    """What biaxial weights compose, and what a chorale costs them."""
    model = load_model(weights, "cpu")
    pieces = []
    for bars, key, seed in PIECES:
        piece = model.compose(bars, key=key, seed=seed, draft=True)
        checksum = music_checksum(piece.score)
        pieces.append(
            {"bars": bars, "key": key, "seed": seed, "nats_per_step": piece.nats_per_step, "sha256": checksum}
        )
    path = next(path for path in chorale_paths() if path.name == CHORALE)
    nats = model.log_likelihood(read_chorale(path)).nats_per_step
    print(f"{weights.name}: {len(pieces)} pieces, {CHORALE} at {nats:.4f} nats per step")
    return {"pieces": pieces, "chorale": {"file": CHORALE, "nats_per_step": nats}}


def main() -> None:
    """Compose, score, write."""
    paths = sorted(ASSETS.glob("chorales-*.safetensors"))
    name, key, seed = TUNE
    tune = load_token_model(name, "cpu").compose(key=key, seed=seed)
    drawn = {"weights": name, "key": key, "seed": seed, "sha256": music_checksum(tune.score)}
    document = {"chorales": {path.stem: of_chorales(path) for path in paths}, "tune": drawn}
    atomic_write(ROOT / "tests" / "tasks" / "golden.json", json.dumps(document, indent=2).encode() + b"\n")


if __name__ == "__main__":
    main()
