"""The parameters that a token LSTM of a config has: what a file of weights is checked against before it is used."""

from __future__ import annotations

from biaxial.models.network_arrays import Shapes, stack_shapes
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.strings import NO_PITCH, PLACES, codec_of


def token_shapes(config: SequenceConfig) -> Shapes:
    """Names and shapes of all parameters of a :class:`~biaxial.tokens.network.SequenceLSTM`."""
    size = codec_of(config).size
    rows = {"embedding": size, "step_in_bar": PLACES, "bar_steps": PLACES, "mode": 3}
    if config.last_pitch:
        rows["pitch"] = NO_PITCH + 1
    tables: Shapes = {f"{name}.weight": (count, config.embedding) for name, count in rows.items()}
    head: Shapes = {"head.weight": (size, config.hidden[-1]), "head.bias": (size,)}
    return tables | stack_shapes("stack", config.embedding, config.hidden) | head
