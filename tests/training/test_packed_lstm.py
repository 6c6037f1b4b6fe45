"""An LSTM layer over packed sequences is PyTorch's own layer over each of them, forward and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from biaxial.sampling.kernel_calls import cells_backward, cells_forward
from biaxial.training.packed_lstm import Packing, Shared, lstm_layer

LENGTHS = torch.tensor([3, 0, 7, 1, 7, 4])
UNITS = 20
"""Not a whole number of a processor's vectors."""


@pytest.fixture(params=[1, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_sequences_lie_step_by_step_with_the_longest_first() -> None:
    packing = Packing.of(LENGTHS)
    assert packing.rows.tolist() == [2, 4, 5, 0, 3]
    assert packing.counts == [5, 4, 4, 3, 2, 2, 2, 0]
    places = {cell: place for place, cell in enumerate(zip(packing.row.tolist(), packing.step.tolist(), strict=True))}
    assert len(places) == int(LENGTHS.sum()) == packing.starts[-1]
    for (row, step), place in places.items():
        assert packing.starts[step] + row == place
    before = [places[row, step - 1] for row, step in places if step]
    assert packing.before.tolist() == before


def layer_of(width: int) -> tuple[nn.LSTM, Tensor, Tensor, Tensor]:
    """A layer, the weights of its inputs and of its hidden state, and its bias."""
    layer = nn.LSTM(width, UNITS, batch_first=True)
    of_inputs, recurrent, bias, another = layer.parameters()
    return layer, of_inputs, recurrent, bias + another


def test_nothing_to_pack_is_nothing() -> None:
    packing, (_, weights, recurrent, bias) = Packing.of(torch.zeros(4, dtype=torch.long)), layer_of(2)
    shared = Shared(bias.unsqueeze(0), packing.row)
    out = lstm_layer(packing, [(torch.zeros(0, 2), weights)], recurrent, shared, torch.ones(0, UNITS))
    assert out.shape == (0, UNITS)
    assert not torch.autograd.grad(out.sum(), recurrent)[0].any()


def reference(layer: nn.LSTM, packing: Packing, x: Tensor, mask: Tensor) -> Tensor:
    """What PyTorch's layer makes of each sequence by itself."""
    out = torch.zeros(len(x), UNITS)
    for row in range(len(packing.rows)):
        own = (packing.row == row).nonzero().squeeze(1)
        found: Tensor = layer(x[own].unsqueeze(0))[0][0]
        out = out.index_add(0, own, found * mask[row])
    return out


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-5), (torch.bfloat16, 0.03)])
def test_output_and_gradients_are_those_of_pytorch(threads: int, dtype: torch.dtype, error: float) -> None:
    torch.manual_seed(0)
    packing, (layer, weights, recurrent, bias) = Packing.of(LENGTHS), layer_of(8)
    x, of = torch.randn(int(LENGTHS.sum()), 5).requires_grad_(), torch.arange(int(LENGTHS.sum())) % 3
    mask = torch.empty(len(packing.rows), UNITS).bernoulli_(0.5) * 2
    towards = torch.randn(len(x), UNITS)

    expected = reference(layer, packing, torch.cat([x, functional.one_hot(of)], 1), mask)
    wanted = torch.autograd.grad((expected * towards).sum(), [x, *layer.parameters()])

    first, second, of_shared = torch.split(weights, [2, 3, 3], 1)
    parts = [(x[:, :2].to(dtype), first.to(dtype)), (x[:, 2:].to(dtype), second.to(dtype))]
    found = lstm_layer(packing, parts, recurrent.to(dtype), Shared(of_shared.t() + bias, of), mask)
    assert found.dtype == dtype
    grads = torch.autograd.grad((found.float() * towards).sum(), [x, *layer.parameters()])
    assert (found - expected).abs().max() < error
    for ours, its in zip(grads, wanted, strict=True):
        assert (ours - its).norm() < error * its.norm()


def test_a_layer_that_is_done_is_let_go() -> None:
    packing, (_, weights, recurrent, bias) = Packing.of(LENGTHS), layer_of(5)
    x, mask = torch.randn(int(LENGTHS.sum()), 5), torch.ones(len(packing.rows), UNITS)
    shared = Shared(bias.unsqueeze(0), torch.zeros_like(packing.row))
    out = lstm_layer(packing, [(x, weights)], recurrent, shared, mask)
    torch.autograd.grad(out.sum(), weights)
    for kernel in (cells_forward, cells_backward):
        assert not kernel._tables


def test_there_is_one_way_back() -> None:
    packing, (_, weights, recurrent, bias) = Packing.of(LENGTHS), layer_of(5)
    x, mask = torch.randn(int(LENGTHS.sum()), 5), torch.ones(len(packing.rows), UNITS)
    shared = Shared(bias.unsqueeze(0), torch.zeros_like(packing.row))
    out = lstm_layer(packing, [(x, weights)], recurrent, shared, mask).sum()
    torch.autograd.grad(out, weights, retain_graph=True)
    with pytest.raises(RuntimeError, match="a second time"):
        torch.autograd.grad(out, weights)
