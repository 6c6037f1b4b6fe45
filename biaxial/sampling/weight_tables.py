"""A network's weights as the compiled stepper wants them: tables of rows for sparse inputs, matrices for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

import numpy as np

from biaxial.features.input_layout import cell_planes, note_layout
from biaxial.features.of_conditions import ConditionInputs
from biaxial.models.config import ModelConfig
from biaxial.models.network_arrays import NetworkArrays
from biaxial.sampling.input_shares import InputShares
from biaxial.sampling.kernels.tables import EchoTables, Floats, TimeTables, WalkTables
from biaxial.sampling.packed_weights import packed, panel_width
from biaxial.sampling.products import Matrix, Products, matrix


def can_compile(config: ModelConfig) -> bool:
    """Whether networks of a config are compiled: one walk, and no ranks in place of voices."""
    return config.order != "both" and not config.ranks


class Weights:
    """The weights of a network in float32, and those of its matrix products in their own precision.

    Parameters
    ----------
    network
        The network.
    products
        Precision of the matrices.

    Attributes
    ----------
    time_tables, walk_tables
        What the kernels read.
    first
        The share of conditions in the gates of the first layer.
    below, recurrent
        To the gates of each layer of the time axis, from the layer below (but in the first) and its own hidden state.
    biases
        Biases of each of these layers, shape ``(g,)``.
    share, share_biases
        From the output of the time axis to its share in the note axis; the biases of shape ``(w,)``.
    plain
        The matrices of ``recurrent``, ``below`` and ``share`` as they are, in the order of :class:`.AxisTables`.
    echo_to_gates, echo_to_share
        Tables of the echo for the gates of the first layer and for the share; ``None`` for a network without it.
    context_to_gates, context_to_output
        From the output of the context encoder to the gates of the first layer and to the output of the time axis.
    """

    def __init__(self, network: NetworkArrays[ModelConfig], products: Products) -> None:
        self.config, self._weights, self._products = network.config, network.weights, products
        self.inputs = ConditionInputs(network.config, network.positions)
        layers = self._layers("time_axis", self.config.time_hidden)
        self._into_first = layers[0][0]
        self.first = InputShares(self.inputs, self.inputs.slices, self._into_first, layers[0][2])
        self.below = [self._matrix(layer[0]) for layer in layers[1:]]
        self.recurrent = [self._matrix(layer[1]) for layer in layers]
        self.biases = [layer[2] for layer in layers]
        self.time_tables = self._time_tables()
        self.walk_tables = self._walk_tables()
        self.plain = [layers[0][1], *(rows for layer in layers[1:] for rows in layer[:2]), self._into_share]
        if self.config.context_hidden:
            to_inputs, to_output = (self._weights[f"context.into_{name}.weight"].T for name in ("inputs", "output"))
            self.context_to_gates = self._matrix(to_inputs @ self._into_first)
            self.context_to_output = self._matrix(to_output)

    def _layers(self, stack: str, sizes: tuple[int, ...]) -> list[tuple[Floats, Floats, Floats]]:
        """The layers of a stack, as :func:`lstm_layer` has them."""
        return [lstm_layer(self._weights, f"{stack}.layers.{index}") for index in range(len(sizes))]

    def _matrix(self, weights: Floats) -> Matrix:
        """A matrix of weights that what all notes have, ``n`` rows, is multiplied with."""
        return matrix(weights, self.config.num_notes, self._products)

    def _time_tables(self) -> TimeTables:
        slices, inputs, config = self.inputs.slices, self._into_first, self.config
        window, planes = 2 * config.neighbourhood + 1, cell_planes(config, config.voice_neighbourhood)
        echo = slices.get("echo")
        self.echo_to_gates = None if echo is None else _echo_tables(planes, inputs[echo])
        return TimeTables(
            planes=planes,
            neighbourhood=inputs[slices["neighbourhood"]].reshape(-1, window, inputs.shape[1]),
            chord=inputs[slices["chord"]],
            steps=self.first.steps,
            low_pitch=config.low_pitch,
        )

    def _walk_tables(self) -> WalkTables:
        config, alphabet = self.config, self.config.alphabet
        planes, (slices, _) = cell_planes(config, True), note_layout(config)
        layers = self._layers("walks.0.axis", config.note_hidden)
        heard, hidden = config.time_hidden[-1], config.note_hidden[-1]
        head = np.ascontiguousarray(self._weights["walks.0.head.weight"].T)  # h, and inputs below it; k
        nothing = np.zeros((len(layers[0][0]), len(alphabet)), np.float32)
        to_logits = head[hidden:] if config.head_sees_inputs else nothing
        inputs = np.concatenate([layers[0][0], to_logits], axis=1)  # time axis's output and inputs; w
        self._into_share = inputs[:heard]
        self.share = self._matrix(self._into_share)
        self.share_biases = np.concatenate([layers[0][2], self._weights["walks.0.head.bias"]])
        matrices = [np.concatenate(layer[:2]) if index else layer[1] for index, layer in enumerate(layers)]
        parts = [np.concatenate([packed(rows).ravel(), layer[2]]) for rows, layer in zip(matrices, layers, strict=True)]
        echo = slices.get("echo")
        self.echo_to_share = None if echo is None else _echo_tables(planes, inputs[heard:][echo][:-1])
        starts = accumulate(map(len, parts), initial=0)
        begin = {name: part.start for name, part in slices.items()}
        return WalkTables(
            inputs=inputs[heard:],
            chosen_before=begin["chosen_before"],
            running_chord=begin.get("running_chord", -1),
            to_come=begin.get("to_come", -1),
            voice_intervals=begin.get("voice_intervals", -1),
            parallels=begin.get("parallels", -1),
            dissonance=begin.get("dissonance", -1),
            next_voice=begin.get("next_voice", -1),
            followed=-1 if echo is None else echo.stop - 1,
            layers=np.concatenate(parts),
            sizes=np.array([(start, *rows.shape) for start, rows in zip(starts, matrices, strict=False)]),
            head=packed(head[:hidden]).ravel(),
            panel_width=panel_width(),
            states=alphabet.states,
            voices=alphabet.voices,
            planes=planes,
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


def _echo_tables(planes: Floats, weights: Floats) -> EchoTables:
    """Tables of the echo, given what each outcome shows and the weights of all its inputs but the flag."""
    count = planes.shape[1]
    return EchoTables(planes @ weights[:count], weights[count:-1], weights[-1])


def lstm_layer(weights: Mapping[str, Floats], name: str) -> tuple[Floats, Floats, Floats]:
    """Weights of an LSTM layer for its inputs ``(f, g)`` and its hidden state ``(h, g)``, and its biases ``(g,)``."""
    into, recurrent = (np.ascontiguousarray(weights[f"{name}.weight_{kind}_l0"].T) for kind in ("ih", "hh"))
    return into, recurrent, weights[f"{name}.bias_ih_l0"] + weights[f"{name}.bias_hh_l0"]
