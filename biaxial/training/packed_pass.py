"""What training asks of the network on the CPU, and nothing else: the nats of the cells of which anything is open.

Once all voices of a frame are placed, silence is certain in the rest of it: those cells cost no nats and teach nothing.
So a walk stops there; a note of the time axis is run until the last step at which a walk reads it, and the context
encoder for those notes alone, in pieces of which something is known. The nats, and their gradient, are those of
:meth:`biaxial.models.biaxial.BiaxialLSTM.walk_log_likelihood`, to which tests hold this pass.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional

from biaxial.features.echo import Echo, echoes
from biaxial.features.known import Known
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.layers import LSTMStack
from biaxial.models.network_arrays import IMPOSSIBLE
from biaxial.training.packed_lstm import Packing, Shared, lstm_layer


def product_type(model: BiaxialLSTM) -> torch.dtype | None:
    """The precision of the products of this pass, as autocast has it; ``None`` where the pass cannot be taken."""
    weights = model.walk(0).head.weight
    if weights.device.type != "cpu" or weights.dtype != torch.float32:
        return None
    dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else torch.float32
    return dtype if dtype in (torch.float32, torch.bfloat16) else None


class _Steps(NamedTuple):
    """Inputs that all notes of a step share.

    Attributes
    ----------
    inputs, weights
        Shapes ``(b, t, f)`` and ``(g, f)``, float32.
    of
        Which of the steps ``(b t)`` each cell is in, shape ``(c,)``.
    """

    inputs: Tensor
    weights: Tensor
    of: Tensor

    def beside(self, shared: Shared) -> Shared:
        """These and what else is shared: one row for all, or one for each piece."""
        gates = self.inputs @ self.weights.t() + shared.gates.unsqueeze(1)
        return Shared(gates.flatten(0, 1), self.of)


class PackedPass:
    """The nats of a batch.

    Parameters
    ----------
    model
        The network, with its weights in float32 on the CPU.
    batch
        The pieces.
    dtype
        Precision of products: float32 or bfloat16.
    """

    def __init__(self, model: BiaxialLSTM, batch: Batch, dtype: torch.dtype) -> None:
        self.model, self.batch, self.dtype = model, batch, dtype
        self.b, self.t, self.n = batch.outcomes.shape
        self.echo = echoes(batch.outcomes) if model.config.echo and batch.echo is None else batch.echo
        with torch.autocast("cpu", enabled=False):
            self.told = model.style_vector(batch.style)  # b e

    def nats(self) -> Tensor:
        """The nats of all steps of all pieces; of two walks the mean of theirs."""
        with torch.autocast("cpu", enabled=False):
            walks = [_Walk(self, index) for index in range(len(self.model.walks))]
            reach = torch.stack([walk.read_until() for walk in walks]).amax(0)  # b n
            packing = Packing.of(reach.flatten())
            cells = self._places(packing.rows[packing.row], packing.step)
            of_time = self._time_axis(packing, cells)
            places = torch.full((self.b * self.t * self.n,), -1)
            places[cells] = torch.arange(len(packing.row))
            return torch.stack([walk.nats(of_time, places) for walk in walks]).mean(0)

    def _time_axis(self, packing: Packing, cells: Tensor) -> Tensor:
        """Output of the time axis in packed sequences of notes, rows ``(b n)``: shape ``(c, h)``."""
        model, batch = self.model, self.batch
        features, first = model.time_features, _weights(model.time_axis.layers[0], "weight_ih_l0")
        seen = batch.before if batch.seen is None else batch.seen
        parts = features.of_cells(seen, batch.conditions, self.echo)
        parts = {name: parts[name] for name in features.slices if name in parts}
        dense = torch.cat([part.to(self.dtype) for part in parts.values()], -1).flatten(0, 2)[cells]
        inputs = [(dense, _columns(first, [features.slices[name] for name in parts]).to(self.dtype))]
        context = self._context(packing)
        if context is not None and model.context is not None:  # by one matrix in place of two, one after the other
            inputs.append((context, (first @ model.context.into_inputs.weight).to(self.dtype)))
        of_steps = features.of_steps(batch.conditions)
        weights = _columns(first, [features.slices[name] for name in of_steps])
        pieces = packing.rows // self.n
        steps = _Steps(_joined(of_steps, batch.conditions), weights, pieces[packing.row] * self.t + packing.step)
        output = self.stack(model.time_axis, packing, inputs, pieces, steps)
        if context is not None and model.context is not None:
            output = torch.addmm(output, context, model.context.into_output.weight.to(self.dtype).t())
        return output

    def stack(
        self,
        stack: LSTMStack,
        packing: Packing,
        inputs: list[tuple[Tensor, Tensor]],
        pieces: Tensor,
        steps: _Steps | None = None,
    ) -> Tensor:
        """Run a stack over packed sequences.

        Parameters
        ----------
        inputs
            Inputs of the first layer and their weights, as :func:`.packed_lstm.lstm_layer` has them.
        pieces
            The piece that each sequence is of, shape ``(r,)``.
        steps
            Inputs of the first layer that all notes of a step share.
        """
        x = inputs[0][0]
        for index, layer in enumerate(stack.layers):
            weights, shared = _weights(layer, "weight_ih_l0"), self._bias(layer, packing)
            if self.told is not None:
                style = (self.told @ _weights(stack.of_style[index], "weight").t()).tanh()
                shared = Shared(shared.gates + style @ weights.t(), pieces[packing.row])
            if index == 0 and steps is not None:
                shared = steps.beside(shared)
            entering = inputs if index == 0 else [(x, weights.to(self.dtype))]
            x = self._layer(layer, packing, entering, shared, stack.dropout)
        return x

    def _bias(self, layer: nn.Module, packing: Packing) -> Shared:
        """The bias of a layer, the same for all cells."""
        bias = _weights(layer, "bias_ih_l0") + _weights(layer, "bias_hh_l0")
        return Shared(bias.unsqueeze(0), torch.zeros_like(packing.row))

    def _layer(
        self,
        layer: nn.Module,
        packing: Packing,
        inputs: list[tuple[Tensor, Tensor]],
        shared: Shared,
        dropout: float,
    ) -> Tensor:
        recurrent = _weights(layer, "weight_hh_l0").to(self.dtype)
        mask = torch.ones(len(packing.rows), recurrent.shape[1])
        if self.model.training and dropout > 0:
            mask.bernoulli_(1 - dropout).div_(1 - dropout)
        return lstm_layer(packing, inputs, recurrent, shared, mask)

    def _context(self, packing: Packing) -> Tensor | None:
        """What the encoder tells the cells of packed sequences of notes, shape ``(c, 2 h)``; ``None`` if nothing."""
        encoder, known, features = self.model.context, self.batch.known, self.model.time_features
        if encoder is None or known is None or not (pieces := known.pieces.bool()).any():
            return None
        known, conditions = known.at(pieces), self.batch.conditions[pieces]
        parts = [encoder.features(known, features), *features.of_notes(conditions).values()]
        dense = torch.cat([part.to(self.dtype) for part in parts], -1).flatten(0, 2)  # (p t n) f
        of_steps = _joined(features.of_steps(conditions), conditions)  # p t f
        reach = torch.zeros(self.b * self.n, dtype=torch.long)
        reach[packing.rows] = packing.row.bincount(minlength=len(packing.rows))
        told = pieces.repeat_interleave(self.n)
        reach, ends = reach[told], self.batch.lengths.repeat_interleave(self.n)[told]  # (p n)
        number = torch.where(told, told.cumsum(0) - 1, -1)  # of each sequence among them
        of_cell = number[packing.rows[packing.row]]
        wanted = torch.where(of_cell < 0, len(dense), self._places(of_cell, packing.step))
        found = []
        for layer, own in (
            (encoder.forwards, Packing.of(reach)),
            (encoder.backwards, Packing.of(torch.where(reach > 0, ends, 0))),
        ):
            rows = own.rows[own.row]
            steps = own.step if layer is encoder.forwards else ends[rows] - 1 - own.step
            cells = self._places(rows, steps)
            weights, for_steps = torch.split(_weights(layer, "weight_ih_l0"), [dense.shape[1], of_steps.shape[2]], 1)
            shared = _Steps(of_steps, for_steps, cells // self.n).beside(self._bias(layer, own))
            pairs = [(dense[cells], weights.to(self.dtype))]
            read = functional.pad(self._layer(layer, own, pairs, shared, encoder.dropout), (0, 0, 0, 1))
            places = torch.full((len(dense) + 1,), len(cells))  # where nothing is told there is a zero
            places[cells] = torch.arange(len(cells))
            found.append(read[places[wanted]])
        return torch.cat(found, dim=-1)

    def _places(self, rows: Tensor, steps: Tensor) -> Tensor:
        """Which cells, of ``(b t n)``, some steps of some sequences of notes are, rows ``(b n)``."""
        return (rows // self.n * self.t + steps) * self.n + rows % self.n


class _Walk:
    """One walk of the note axis over the frames of a pass."""

    def __init__(self, whole: PackedPass, index: int) -> None:
        self.whole, self.walk = whole, whole.model.walk(index)
        turn, batch = self.walk.features.walk, whole.batch
        self.outcomes, self.before = (turn(x).flatten(0, 1).long() for x in (batch.outcomes, batch.before))
        self.known = None if batch.known is None else Known(*(turn(x).flatten(0, 1) for x in batch.known))
        self.echo = None
        if whole.echo is not None:
            frame, length, from_start = whole.echo
            self.echo = Echo(turn(frame).flatten(0, 1), length.flatten(), from_start.flatten())
        self.possible = self.walk.possible(self.outcomes, self.before, known=self.known)  # (b t) n k
        is_open = (self.possible.sum(-1) > 1) & batch.mask.flatten().unsqueeze(1)
        self.ends = (is_open * torch.arange(1, whole.n + 1)).amax(1)  # (b t)

    def read_until(self) -> Tensor:
        """How many steps of each note are read, shape ``(b, n)``."""
        whole = self.whole
        read = torch.arange(whole.n) < self.ends.unsqueeze(1)
        read = rearrange(self.walk.features.walk(read), "(b t) n -> b t n", b=whole.b)
        return (read * torch.arange(1, whole.t + 1).view(1, -1, 1)).amax(1)

    def nats(self, of_time: Tensor, places: Tensor) -> Tensor:
        """The nats of all frames, given the output of the time axis and where that of each cell ``(b t n)`` lies."""
        whole, walk = self.whole, self.walk
        packing = Packing.of(self.ends)
        frames = packing.rows[packing.row]
        cells = frames * whole.n + packing.step
        notes = whole.n - 1 - packing.step if walk.config.walks_down else packing.step
        heard = of_time[places[frames * whole.n + notes]]
        features = walk.features(self.outcomes, self.before, echo=self.echo, known=self.known)
        chosen = features.flatten(0, 1)[cells].to(whole.dtype)
        entering = _weights(walk.axis.layers[0], "weight_ih_l0").to(whole.dtype)
        inputs = _beside([heard, chosen], entering)
        hidden = whole.stack(walk.axis, packing, inputs, packing.rows // whole.t)
        head = walk.head.weight.to(whole.dtype)
        seen = [hidden, heard, chosen] if walk.config.head_sees_inputs else [hidden]
        logits = sum((functional.linear(x, weights) for x, weights in _beside(seen, head)), start=walk.head.bias)
        logits = torch.where(self.possible.flatten(0, 1)[cells], logits, IMPOSSIBLE)
        return functional.cross_entropy(logits, self.outcomes.flatten()[cells], reduction="sum")


def _weights(module: nn.Module, name: str) -> Tensor:
    return module.get_parameter(name)


def _beside(inputs: list[Tensor], weights: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Inputs that stand side by side, with the weights of each."""
    return list(zip(inputs, torch.split(weights, [x.shape[1] for x in inputs], 1), strict=True))


def _columns(weights: Tensor, slices: list[slice]) -> Tensor:
    """The weights of some groups of inputs."""
    return torch.cat([weights[:, :0], *(weights[:, group] for group in slices)], dim=1)


def _joined(of_steps: dict[str, Tensor], conditions: Tensor) -> Tensor:
    """All inputs that notes share, of each step, shape ``(b, t, f)``."""
    return torch.cat([conditions[..., :0].float(), *of_steps.values()], dim=-1)
