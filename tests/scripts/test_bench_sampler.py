"""A short run of ``scripts/bench/sampler.py``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch

from biaxial.sampling.choose import fast_stepper

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def script(name: str) -> ModuleType:
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return importlib.import_module(f"scripts.bench.{name}")


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ("--speed --batches 1 --seconds 0.001 --quick", 3 + 6 + 5),
        ("--parts --quick --networks hexahedria --batches 1 2", 2 * 2),
        ("--agreement 4", 3),
        ("--lengths 1 2 --quick", 2),
        ("--gpu --device cpu --pieces 1 2 --bars 1", 2 * 2),
    ],
)
@pytest.mark.slow
def test_a_section_prints_its_rows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, rows: int
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench_sampler.py", *words.split()])
    script("sampler").main()
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    heads = sum(line.startswith("|---") for line in lines)
    assert len(lines) - 2 * heads == rows
    assert not any("nan" in line or "inf " in line for line in lines)


def test_operations_are_those_of_the_weights() -> None:
    networks = script("sampler_networks")
    for setting in (networks.hexahedria(), networks.chorale()):
        network = setting.network
        matrices = [network.walk(0).head.weight]
        for layer in (*network.time_axis.layers, *network.walk(0).axis.layers):
            matrices += [layer.weight_ih_l0, layer.weight_hh_l0]
        weights = sum(matrix.numel() for matrix in matrices)
        assert setting.operations(inputs=True) == 2 * network.config.num_notes * weights
        assert setting.operations(inputs=False) < setting.operations(inputs=True)


def test_music_of_random_weights_has_about_four_notes() -> None:
    networks = script("sampler_networks")
    setting = networks.hexahedria()
    drawer = networks.Drawer(fast_stepper(setting.network, setting.proposal), setting, 16)
    plain = script("plain_generator").PlainGenerator(setting.network.config, 16).eval()
    for one in (drawer, plain):
        one.advance(24)
    sounding = (drawer.state.previous > 0).sum(axis=1).mean()
    assert 2 < sounding < 8
    assert 2 < plain.previous[..., 0].sum(1).mean() < 8
