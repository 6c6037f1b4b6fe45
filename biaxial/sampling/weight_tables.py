"""A network's weights as the compiled stepper wants them: tables of rows for sparse inputs, matrices for the rest."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from biaxial.features.conditions import UNKNOWN, Condition
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import ModelConfig
from biaxial.sampling.kernels.shared import Floats, WalkTables
from biaxial.sampling.kernels.time_step import EchoTables, TimeTables


class Matrix:
    """A matrix of weights.

    oneDNN, where PyTorch has it, lays the weights out once for so many rows; its products are then about a sixth faster
    than those of ``torch.mm``, which does it anew every time. The operators are those that PyTorch's own compiler uses;
    they are not part of its public face, so that ``torch.mm`` takes over where they are not as expected.

    Parameters
    ----------
    weights
        Shape ``(i, o)``.
    num_rows
        Rows of what it will be multiplied with.
    precision
        Of the product.
    """

    def __init__(self, weights: Tensor, num_rows: int, precision: torch.dtype) -> None:
        self.weights = weights.to(precision)
        self.laid_out: Tensor | None = None
        rows = torch.ones(num_rows, len(weights), dtype=precision)
        try:
            self._product = torch.ops.mkldnn._linear_pointwise.default
            self.laid_out = torch.ops.mkldnn._reorder_linear_weight(self.weights.T.contiguous(), num_rows)
            if not torch.allclose(self(rows), (rows @ self.weights).float(), rtol=0.1, atol=0.1):
                self.laid_out = None
        except (AttributeError, RuntimeError, TypeError):
            self.laid_out = None

    def __call__(self, x: Tensor) -> Tensor:
        """``x @ weights``, float32, shape ``(n, o)`` for ``x`` of shape ``(n, i)``."""
        x = x.to(self.weights.dtype)
        if self.laid_out is None:
            return torch.mm(x, self.weights).float()
        product: Tensor = self._product(x, self.laid_out, None, "none", [], "")
        return product.float()


_ROWS = 8
"""The walk takes this many rows of weights at once."""


def can_compile(config: ModelConfig) -> bool:
    """Whether networks of a config are compiled: one walk, and no ranks in place of voices."""
    return config.order != "both" and not config.ranks


class Weights:
    """The weights of a network in float32, and those of its matrix products in their own precision.

    Parameters
    ----------
    model
        The network, on the CPU in float32.
    products
        Precision of the matrices.

    Attributes
    ----------
    time_tables, walk_tables
        What the kernels read.
    recurrent
        For each layer of the time axis, from what enters it (but in the first) and its own hidden state to its gates.
    biases
        Biases of each of these layers, shape ``(1, g)``.
    share, share_biases
        From the output of the time axis to its share in the note axis; the biases of shape ``(w,)``.
    echo_to_gates, echo_to_share
        Tables of the echo for the gates of the first layer and for the share; ``None`` for a network without it.
    context_to_gates, context_to_output
        From the output of the context encoder to the gates of the first layer and to the output of the time axis.
    """

    def __init__(self, model: BiaxialLSTM, products: torch.dtype) -> None:
        self.model = model
        layers = [_layer(layer) for layer in model.time_axis.layers]
        self._into_first, _, self._first_biases = layers[0]
        self._of_key: dict[tuple[int, int], Floats] = {}
        self._of_phrase: dict[tuple[int, int], Floats] = {}
        matrices = [layers[0][1], *(torch.cat(layer[:2]) for layer in layers[1:])]
        self._shape = model.config.num_notes, products
        self.recurrent = [Matrix(weights, *self._shape) for weights in matrices]
        self.biases = [contiguous(layer[2].unsqueeze(0)) for layer in layers]
        self.time_tables = self._time_tables()
        self.walk_tables = self._walk_tables()
        context = model.context
        if context is not None:
            to_inputs, to_output = context.into_inputs.weight.detach().T, context.into_output.weight.detach().T
            self.context_to_gates = Matrix(to_inputs @ self._into_first, *self._shape)
            self.context_to_output = Matrix(to_output, *self._shape)

    def of_notes(self, tonic: int, mode: int) -> Floats:
        """The share of pitch and key in the gates of the first layer, with its biases, shape ``(n, g)``."""
        if (tonic, mode) not in self._of_key:
            conditions = _conditions({Condition.TONIC: tonic, Condition.MODE: mode})
            parts, share = self.model.time_features.of_notes(conditions), self._first_biases
            parts.pop("phrase_key", None)
            for name, part in parts.items():
                share = share + self._into_gates(name, part)
            self._of_key[tonic, mode] = contiguous(share)
        return self._of_key[tonic, mode]

    def of_phrase(self, tonic: int, mode: int) -> Floats:
        """The share of the key that a phrase closes in, shape ``(n, g)``, or ``(0, g)`` where it makes none."""
        if (tonic, mode) not in self._of_phrase:
            conditions = _conditions({Condition.PHRASE_TONIC: tonic, Condition.PHRASE_MODE: mode})
            part = self.model.time_features.of_notes(conditions).get("phrase_key")
            share = self._into_first[:0] if part is None or tonic < 0 else self._into_gates("phrase_key", part)
            self._of_phrase[tonic, mode] = contiguous(share)
        return self._of_phrase[tonic, mode]

    def _into_gates(self, name: str, part: Tensor) -> Tensor:
        """The share of a group of inputs of one step, shape ``(1, 1, n, f)``, in the gates of the first layer."""
        return part[0, 0].float() @ self._into_first[self.model.time_features.slices[name]]

    def _time_tables(self) -> TimeTables:
        features, inputs = self.model.time_features, self._into_first
        window, config = 2 * self.model.config.neighbourhood + 1, self.model.config
        steps = [inputs[features.slices[name]] for name in features.of_steps_names]
        echo = features.slices.get("echo")
        self.echo_to_gates = None if echo is None else _echo_tables(features.planes, inputs[echo])
        return TimeTables(
            planes=contiguous(features.planes),
            neighbourhood=contiguous(inputs[features.slices["neighbourhood"]].reshape(-1, window, inputs.shape[1])),
            chord=contiguous(inputs[features.slices["chord"]]),
            steps=contiguous(torch.cat([*steps, inputs[:0]])),
            low_pitch=config.low_pitch,
        )

    def _walk_tables(self) -> WalkTables:
        net, config, alphabet = self.model.walk(0), self.model.config, self.model.config.alphabet
        layers = [_layer(layer) for layer in net.axis.layers]
        heard, hidden = config.time_hidden[-1], config.note_hidden[-1]
        head = net.head.weight.detach().T  # h, and inputs below it; k
        to_logits = head[hidden:] if config.head_sees_inputs else head.new_zeros(len(layers[0][0]), len(alphabet))
        inputs = torch.cat([layers[0][0], to_logits], 1)  # time axis's output and inputs; w
        self.share = Matrix(inputs[:heard], *self._shape)
        self.share_biases = torch.cat([layers[0][2], net.head.bias.detach()])
        matrices = [_padded(torch.cat(layer[:2]) if index else layer[1]) for index, layer in enumerate(layers)]
        parts = [torch.cat([rows.flatten(), layer[2]]) for rows, layer in zip(matrices, layers, strict=True)]
        echo = net.features.slices.get("echo")
        self.echo_to_share = None if echo is None else _echo_tables(net.features.planes, inputs[heard:][echo][:-1])
        starts = accumulate(map(len, parts), initial=0)
        begin = {name: part.start for name, part in net.features.slices.items()}
        return WalkTables(
            inputs=contiguous(inputs[heard:]),
            chosen_before=begin["chosen_before"],
            running_chord=begin.get("running_chord", -1),
            to_come=begin.get("to_come", -1),
            voice_intervals=begin.get("voice_intervals", -1),
            parallels=begin.get("parallels", -1),
            dissonance=begin.get("dissonance", -1),
            next_voice=begin.get("next_voice", -1),
            followed=-1 if echo is None else echo.stop - 1,
            layers=contiguous(torch.cat(parts)),
            sizes=np.array([(start, *rows.shape) for start, rows in zip(starts, matrices, strict=False)]),
            head=contiguous(_padded(head[:hidden])),
            states=alphabet.states,
            voices=alphabet.voices,
            planes=contiguous(net.features.planes),
            may_follow=alphabet.may_follow,
            fits=alphabet.fits,
            agrees=alphabet.agrees,
            without=alphabet.without,
            held_voices=alphabet.held_voices,
            num_states=config.num_states,
            num_voices=config.num_voices,
            low_pitch=config.low_pitch,
            down=config.walks_down,
        )


def _conditions(columns: dict[Condition, int]) -> Tensor:
    """Conditions of one step of which only some are known, shape ``(1, 1, c)``."""
    conditions = torch.full((1, 1, len(Condition)), UNKNOWN)
    for column, value in columns.items():
        conditions[..., column] = value
    return conditions


def _echo_tables(planes: Tensor, weights: Tensor) -> EchoTables:
    """Tables of the echo, given what each outcome shows and the weights of all its inputs but the flag."""
    count = planes.shape[1]
    return EchoTables(*map(contiguous, (planes @ weights[:count], weights[count:-1], weights[-1])))


def contiguous(x: Tensor) -> NDArray[Any]:
    """A tensor as a contiguous array."""
    return np.ascontiguousarray(x.detach().numpy())


def _layer(layer: nn.Module) -> tuple[Tensor, Tensor, Tensor]:
    """Weights of an LSTM layer for its inputs ``(f, g)`` and its hidden state ``(h, g)``, and its biases ``(g,)``."""
    weights = {name: parameter.detach() for name, parameter in layer.named_parameters()}
    into, recurrent = (weights[name].T.contiguous() for name in ("weight_ih_l0", "weight_hh_l0"))
    return into, recurrent, weights["bias_ih_l0"] + weights["bias_hh_l0"]


def _padded(weights: Tensor) -> Tensor:
    """Weights with rows of zeros up to a multiple of :data:`_ROWS`."""
    return nn.functional.pad(weights, (0, 0, 0, -len(weights) % _ROWS))
