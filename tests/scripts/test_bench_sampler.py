"""A short run of ``scripts/bench/sampler.py``."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch

SCRIPT = Path(__file__).parents[2] / "scripts" / "bench" / "sampler.py"


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("bench_sampler", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_sampler"] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    threads = torch.get_num_threads()
    yield module
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ("--speed --batches 1 --seconds 0.001 --quick", 3 + 6 + 5),
        ("--agreement 4", 3),
        ("--lengths 1 2 --quick", 2),
        ("--gpu --device cpu --pieces 1 2 --bars 1", 2 * 2),
    ],
)
def test_a_section_prints_its_rows(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, rows: int
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench_sampler.py", *words.split()])
    script.main()
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    heads = sum(line.startswith("|---") for line in lines)
    assert len(lines) - 2 * heads == rows
    assert not any("nan" in line or "inf " in line for line in lines)


def test_operations_are_those_of_the_weights(script: ModuleType) -> None:
    for setting in (script.hexahedria(), script.chorale()):
        network = setting.network
        matrices = [network.walk(0).head.weight]
        for layer in (*network.time_axis.layers, *network.walk(0).axis.layers):
            matrices += [layer.weight_ih_l0, layer.weight_hh_l0]
        weights = sum(matrix.numel() for matrix in matrices)
        assert setting.operations(inputs=True) == 2 * network.config.num_notes * weights
        assert setting.operations(inputs=False) < setting.operations(inputs=True)


def test_music_of_random_weights_has_about_four_notes(script: ModuleType) -> None:
    setting = script.hexahedria()
    drawer = script.Drawer(script.fast_stepper(setting.network, setting.proposal), setting, 16)
    plain = script.PlainGenerator(setting.network.config, 16).eval()
    for one in (drawer, plain):
        one.advance(24)
    sounding = (drawer.state.previous > 0).sum(1).float().mean()
    assert 2 < sounding < 8
    assert 2 < plain.previous[..., 0].sum(1).mean() < 8
