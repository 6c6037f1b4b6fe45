"""The token LSTMs that have names."""

from __future__ import annotations

from typing import Final

from biaxial.tokens.config import SequenceConfig

SEQUENCE_PRESETS: Final[dict[str, SequenceConfig]] = {
    "melody": SequenceConfig(kind="melody", embedding=64, hidden=(256, 256), dropout=0.3),
    "chord": SequenceConfig(kind="chord", embedding=128, hidden=(128, 128), dropout=0.15),
    "chord-large": SequenceConfig(kind="chord", embedding=128, hidden=(512, 512, 512), dropout=0.3),
}
"""``melody`` and ``chord`` are the defaults of their kinds; ``chord-large`` has the sizes of the widely copied Keras
composer."""
