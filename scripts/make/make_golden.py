"""Write ``tests/tasks/golden.json``: what the shipped weights give, for the test that says that it stays so.

``python scripts/make/make_golden.py`` takes about ten seconds. Run it when the shipped weights have changed, and only
then.
"""

from __future__ import annotations

import json
from pathlib import Path

import biaxial
from biaxial.corpora.bach_chorales import chorale_paths, read_chorale
from biaxial.files.atomic import atomic_write
from biaxial.music.checksum import music_checksum

PIECES = ((4, "G major", 7), (2, "E minor", 3))
TUNE = ("hymn-tunes-v1", "F major", 5)
CHORALE = "bwv10.7.mxl"
"""Held out for validation."""


def main() -> None:
    """Compose, score, write."""
    model = biaxial.load(device="cpu")
    pieces = []
    for bars, key, seed in PIECES:
        piece = model.compose(bars, key=key, seed=seed, draft=True)
        checksum = music_checksum(piece.score)
        pieces.append(
            {"bars": bars, "key": key, "seed": seed, "nats_per_step": piece.nats_per_step, "sha256": checksum}
        )
    path = next(path for path in chorale_paths() if path.name == CHORALE)
    nats = model.log_likelihood(read_chorale(path)).nats_per_step
    name, key, seed = TUNE
    tune = biaxial.load(name, "cpu").compose(key=key, seed=seed)
    drawn = {"weights": name, "key": key, "seed": seed, "sha256": music_checksum(tune.score)}
    document = {"pieces": pieces, "tune": drawn, "chorale": {"file": CHORALE, "nats_per_step": nats}}
    target = Path(__file__).parents[2] / "tests" / "tasks" / "golden.json"
    atomic_write(target, json.dumps(document, indent=2).encode() + b"\n")
    print(f"{target}: {len(pieces)} pieces, {CHORALE} at {nats:.4f} nats per step")


if __name__ == "__main__":
    main()
