"""The stepper of the CPU: the decisions of the reference in float32, by compiled loops and plain matrix products.

A step computes the gates of the time axis (:mod:`biaxial.sampling.kernels.time_axis`: inputs are sums of rows of
weights, hidden states matrix products), in one more product the time axis's whole share in the note axis, and then
walks over the notes (:mod:`biaxial.sampling.kernels.walk`). Every piece has products of its own, always of the same
shape, so that to the last bit it does not depend on its batch; threads take pieces, not parts of a product.

Particles of a piece that have drawn the same frames so far share one state, and the time axis runs once for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from biaxial.constants import SILENT
from biaxial.features.conditions import Condition
from biaxial.features.known import Known
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import ModelConfig
from biaxial.sampling.constraints import Polyphony, Rule
from biaxial.sampling.kernels.time_axis import TimeTables, inputs_share, lstm_cells
from biaxial.sampling.kernels.walk import Choosing, WalkTables, walk
from biaxial.sampling.stepper import Encoded, Proposal, Stepper, StepState
from biaxial.sampling.voice_leading import VoiceLeadingRule

Products = Literal["float32", "bfloat16"]

_ROWS = 8
"""The walk takes this many rows of weights at once."""


@dataclass(frozen=True)
class Histories:
    """State of the time axis after different pasts.

    Attributes
    ----------
    hidden, cells
        Of every layer, shape ``(u, n, h)``, for ``u`` different pasts.
    rows
        Which of them each row of the batch has, shape ``(b,)``.
    """

    hidden: tuple[Tensor, ...]
    cells: tuple[Tensor, ...]
    rows: NDArray[np.int64]


@dataclass(frozen=True)
class CompiledState(StepState):
    """Where drawing stands; the time axis's state is in ``histories``."""

    histories: Histories | None = None

    def take(self, rows: Tensor) -> CompiledState:
        """The state of some pieces of the batch, in any order and any number of times."""
        old = self.histories
        assert old is not None
        histories = Histories(old.hidden, old.cells, old.rows[rows.numpy()])
        return CompiledState(self.previous[rows], None, self.log_likelihood[rows], None, histories)


class CompiledStepper(Stepper):
    """Draws the frames of :class:`~biaxial.sampling.stepper.Stepper`, many times as fast.

    Parameters
    ----------
    model
        The network; one for which :meth:`runs` is true.
    proposal
        Temperature and min-p.
    precision
        Of the matrix products of the time axis; all else is float32, and float64 after the logits.
    threads
        Threads that share the pieces of a batch.

    Raises
    ------
    ValueError
        If the network is not of the kind that is compiled.
    """

    def __init__(
        self,
        model: BiaxialLSTM,
        proposal: Proposal | None = None,
        precision: Products = "float32",
        threads: int = 1,
    ) -> None:
        super().__init__(model, proposal, torch.float32)
        if not self.runs(self.config):
            raise ValueError("networks with two walks, with the echo, ranks or next_voice inputs are not compiled")
        self.products = torch.bfloat16 if precision == "bfloat16" else torch.float32
        self.threads = threads
        self.pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) if threads > 1 else None
        self._choosing: dict[tuple[Rule, ...], Choosing] = {}
        self._of_key: dict[tuple[int, int], NDArray[np.float32]] = {}
        with torch.inference_mode():
            self._time_tables()
            self._walk_tables()

    @staticmethod
    def runs(config: ModelConfig) -> bool:
        """Whether networks of this config are compiled."""
        return not (config.order == "both" or config.echo or config.ranks or config.next_voice)

    def start(self, batch: int) -> CompiledState:
        """The state before the first step: silence."""
        plain, n = super().start(batch), self.config.num_notes
        sizes = self.config.time_hidden
        hidden, cells = (tuple(torch.zeros(batch, n, size) for size in sizes) for _ in range(2))
        return CompiledState(plain.previous, None, plain.log_likelihood, None, Histories(hidden, cells, np.arange(batch)))

    @torch.inference_mode()
    def encode(self, known: Known | None, conditions: Tensor) -> Encoded:
        """Work out what only depends on what is given; arguments as in :meth:`.Stepper.encode`."""
        parts = list(self.model.time_features.of_steps(conditions).values())
        inputs = torch.cat(parts, -1) if parts else torch.zeros(*conditions.shape[:2], 0)
        return Encoded(self.model.encode(known, conditions), inputs.float())

    @torch.inference_mode()
    def step(
        self,
        state: StepState,
        conditions: Tensor,
        randoms: Tensor,
        known: Known | None = None,
        bias: Tensor | None = None,
        rules: Sequence[Rule] = (),
        encoded: Encoded | None = None,
    ) -> tuple[Tensor, Tensor, StepState]:
        """Draw one frame; arguments and results as in :meth:`.Stepper.step`."""
        assert isinstance(state, CompiledState)
        if encoded is None or encoded.inputs is None:
            encoded = self.encode(None, conditions.unsqueeze(1)).at(0)
        choosing = self._choosing.get(tuple(rules)) or self._choosing.setdefault(tuple(rules), self._chosen_by(rules))
        share, histories = self._over_time(state, conditions, encoded)
        b, n, k = *state.previous.shape, len(self.config.alphabet)
        biases = np.zeros((0, n, k)) if bias is None else _contiguous(bias.double().expand(len(bias) if bias.ndim == 3 else 1, n, k))
        may_stop = not biases[..., SILENT].any()
        nothing = np.zeros((0, n), dtype=np.uint8)
        given = (nothing,) * 3 if known is None else tuple(_contiguous(part.expand(b, n)) for part in known)
        previous, uniform = state.previous.numpy(), _contiguous(randoms)
        frame, weight, nats = np.zeros((b, n), dtype=np.uint8), np.zeros(b), np.zeros(b)

        def draw(rows: slice) -> None:
            walk(
                self.walk_tables,
                choosing,
                share,
                histories.rows[rows],
                previous[rows],
                uniform[rows],
                *(part[rows] for part in given),
                biases[rows] if len(biases) == b else biases,
                may_stop,
                frame[rows],
                weight[rows],
                nats[rows],
            )

        self._spread(draw, b)
        drawn = torch.from_numpy(frame)
        log_likelihood = state.log_likelihood + torch.from_numpy(nats)
        return drawn, torch.from_numpy(weight), CompiledState(drawn, None, log_likelihood, None, histories)

    def _spread(self, work: Callable[[slice], None], count: int) -> None:
        """Do a piece of work for so many rows, by all threads."""
        if self.pool is None or count == 1:
            return work(slice(count))
        size = max(1, count // (4 * self.threads))
        list(self.pool.map(work, [slice(first, first + size) for first in range(0, count, size)]))

    def _over_time(
        self, state: CompiledState, conditions: Tensor, encoded: Encoded
    ) -> tuple[NDArray[np.float32], Histories]:
        """Run the time axis for every past there is; returns its share in the note axis, shape ``(u, n, w)``."""
        old, n = state.histories, self.config.num_notes
        assert old is not None and encoded.inputs is not None
        previous = state.previous.numpy()
        number: dict[tuple[int, bytes], int] = {}
        past = [number.setdefault((row, frame.tobytes()), len(number)) for row, frame in zip(old.rows.tolist(), previous, strict=True)]
        rows = np.array(past)
        first = np.unique(rows, return_index=True)[1]  # a row of the batch for each past
        share = torch.empty(len(first), n, self.walk_tables.inputs.shape[1])
        new = Histories(*(tuple(torch.empty(len(first), n, x.shape[2]) for x in part) for part in (old.hidden, old.cells)), rows)
        inputs, per_piece = encoded.inputs.numpy(), len(rows) // len(encoded.inputs)
        context = encoded.context
        into_inputs = None if context is None else [self._product(part, self.context_inputs) for part in context]
        into_output = None if context is None else [self._product(part, self.context_output) for part in context]
        keys = conditions[:, [Condition.TONIC, Condition.MODE]].tolist()
        before = [part.numpy() for part in old.cells], [part.numpy() for part in new.cells], [part.numpy() for part in new.hidden]

        def run(pasts: slice) -> None:
            with torch.inference_mode():
                for index in range(len(first))[pasts]:
                    row, source = int(first[index]), int(old.rows[first[index]])
                    piece = row // per_piece
                    gates = np.empty((n, self.time_weights[0].shape[1]), dtype=np.float32)
                    inputs_share(self.time_tables, self._notes_share(*keys[row]), inputs[piece], previous[row], gates)
                    if into_inputs is not None:
                        gates += into_inputs[piece].numpy()
                    for layer, weights in enumerate(self.time_weights):
                        hidden = old.hidden[layer][source]
                        if layer:
                            hidden, gates = torch.cat([new.hidden[layer - 1][index], hidden], 1), self.time_biases[layer]
                        recurrent = self._product(hidden, weights)
                        lstm_cells(gates, recurrent.numpy(), before[0][layer][source], before[1][layer][index], before[2][layer][index])
                    output = new.hidden[-1][index]
                    if into_output is not None:
                        output = output + into_output[piece]
                    torch.add(self._product(output, self.share_weights), self.share_biases, out=share[index])

        self._spread(run, len(first))
        return share.numpy(), new

    def _product(self, x: Tensor, weights: Tensor) -> Tensor:
        return torch.mm(x.to(self.products), weights).float()

    def _notes_share(self, tonic: int, mode: int) -> NDArray[np.float32]:
        """The share of pitch and key in the gates of the first layer, with its biases, shape ``(n, g)``."""
        found = self._of_key.get((tonic, mode))
        if found is None:
            features, layer = self.model.time_features, self._layer(self.model.time_axis.layers[0])
            conditions = torch.full((1, 1, len(Condition)), -1)
            conditions[..., Condition.TONIC], conditions[..., Condition.MODE] = tonic, mode
            share = layer[2]
            for name, part in features.of_notes(conditions).items():
                share = share + part[0, 0].float() @ layer[0][features.slices[name]]
            found = self._of_key[tonic, mode] = _contiguous(share)
        return found

    @staticmethod
    def _layer(layer: nn.Module) -> tuple[Tensor, Tensor, Tensor]:
        """Weights of an LSTM layer for its inputs ``(f, g)`` and its hidden state ``(h, g)``, and its biases ``(g,)``."""
        assert isinstance(layer, nn.LSTM)
        biases = layer.bias_ih_l0 + layer.bias_hh_l0
        return layer.weight_ih_l0.detach().T.contiguous(), layer.weight_hh_l0.detach().T.contiguous(), biases.detach()

    def _time_tables(self) -> None:
        features, layers = self.model.time_features, [self._layer(layer) for layer in self.model.time_axis.layers]
        inputs, width = layers[0][0], layers[0][0].shape[1]
        steps = [inputs[features.slices[name]] for name in ("metre", "clock", "form") if name in features.slices]
        reach = 2 * self.config.neighbourhood + 1
        self.time_tables = TimeTables(
            planes=_contiguous(features.planes),
            neighbourhood=_contiguous(inputs[features.slices["neighbourhood"]].reshape(-1, reach, width)),
            chord=_contiguous(inputs[features.slices["chord"]]),
            steps=_contiguous(torch.cat([*steps, inputs[:0]])),
            low_pitch=self.config.low_pitch,
        )
        self.time_weights = [layers[0][1], *(torch.cat(layer[:2]) for layer in layers[1:])]
        self.time_weights = [weights.to(self.products) for weights in self.time_weights]
        self.time_biases = [_contiguous(layer[2].unsqueeze(0)) for layer in layers]
        if self.model.context is not None:
            into_inputs = self.model.context.into_inputs.weight.detach().T
            self.context_inputs = (into_inputs @ inputs).to(self.products)
            self.context_output = self.model.context.into_output.weight.detach().T.contiguous().to(self.products)

    def _walk_tables(self) -> None:
        net, config, alphabet = self.model.walk(0), self.config, self.config.alphabet
        features, layers = net.features, [self._layer(layer) for layer in net.axis.layers]
        heard, states = config.time_hidden[-1], len(alphabet)
        hidden = config.note_hidden[-1]
        head = net.head.weight.detach().T  # h (+ inputs) k
        of_inputs = head[hidden:] if config.head_sees_inputs else torch.zeros(len(layers[0][0]), states)
        weights = torch.cat([layers[0][0], of_inputs], 1)  # inputs w
        self.share_weights = weights[:heard].contiguous().to(self.products)
        self.share_biases = torch.cat([layers[0][2], net.head.bias.detach()])
        parts, sizes = list[Tensor](), list[tuple[int, int, int]]()
        for index, (into, recurrent, biases) in enumerate(layers):
            rows = _padded(torch.cat([into, recurrent]) if index else recurrent)
            sizes.append((sum(len(part) for part in parts), *rows.shape))
            parts += [rows.flatten()] + ([biases] if index else [])
        starts = {name: part.start for name, part in features.slices.items()}
        self.walk_tables = WalkTables(
            inputs=_contiguous(weights[heard:]),
            chosen_before=starts["chosen_before"],
            running_chord=starts.get("running_chord", -1),
            to_come=starts.get("to_come", -1),
            voice_intervals=starts.get("voice_intervals", -1),
            parallels=starts.get("parallels", -1),
            layers=_contiguous(torch.cat(parts)),
            sizes=np.array(sizes),
            head=_contiguous(_padded(head[:hidden])),
            states=alphabet.states,
            voices=alphabet.voices,
            planes=_contiguous(features.planes),
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

    def _chosen_by(self, rules: Sequence[Rule]) -> Choosing:
        """The proposal and the rules as the kernel reads them."""
        leading = [rule for rule in rules if isinstance(rule, VoiceLeadingRule)]
        bounds = [(rule.least, rule.most) for rule in rules if isinstance(rule, Polyphony)]
        if len(leading) > 1 or len(leading) + len(bounds) < len(rules):
            raise ValueError("only polyphony, and one rule of voice leading, are compiled")
        voices, n, proposal = self.config.num_voices, self.config.num_notes, self.proposal
        weights, outside, widest = np.zeros(5), np.zeros((voices, n), dtype=bool), np.zeros((voices, voices), dtype=np.int64)
        for rule in leading:
            rule = rule.turned(False)
            w = rule.weights
            weights[:] = w.parallels, w.crossing, w.spacing, w.leaps, w.range
            outside, widest = rule.outside.bool().numpy(), _contiguous(rule.widest[..., 0].long())
        return Choosing(
            float(proposal.temperature),
            float(proposal.min_p),
            ("model", "draw", "piece").index(proposal.target),
            _contiguous(self.shift.double()),
            np.array(bounds, dtype=np.int64).reshape(-1, 2),
            weights,
            _contiguous(torch.from_numpy(outside)),
            widest,
        )


def _contiguous(x: Tensor) -> NDArray[np.generic]:
    """A contiguous array of its own."""
    return np.ascontiguousarray(x.detach().numpy())


def _padded(weights: Tensor) -> Tensor:
    """Weights with rows of zeros up to a multiple of :data:`_ROWS`."""
    return nn.functional.pad(weights, (0, 0, 0, -len(weights) % _ROWS))
