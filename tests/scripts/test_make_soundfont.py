"""The script that cuts the shipped soundfont, tried on that soundfont itself."""

from __future__ import annotations

import importlib.util
import io
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

from biaxial.render.audio import SOUNDFONT
from biaxial.render.sound.soundfont import SoundFont


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = Path(__file__).parents[2] / "scripts" / "make" / "make_soundfont.py"
    spec = importlib.util.spec_from_file_location("make_soundfont", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_soundfont"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_cutting_again_keeps_zones_and_loops(script: ModuleType, tmp_path: Path) -> None:
    source = SoundFont(SOUNDFONT)
    path = tmp_path / "again.sf3"
    path.write_bytes(script.soundfont(source))
    again = SoundFont(path)
    assert again.presets == source.presets
    for bank, program in source.presets:
        old, new = source.zones(bank, program), again.zones(bank, program)
        assert [(zone.keys, zone.pan, dict(zone.amounts)) for zone in new] == [
            (zone.keys, zone.pan, dict(zone.amounts)) for zone in old
        ]
        for before, after in zip(old, new, strict=True):
            a, b = source.sample(before.sample, before), again.sample(after.sample, after)
            assert (a.rate, a.pitch, a.loop_start, a.loop_end, len(a.frames)) == (
                b.rate,
                b.pitch,
                b.loop_start,
                b.loop_end,
                len(b.frames),
            )


def test_the_same_sound_gives_the_same_bytes_and_another_number_others(script: ModuleType) -> None:
    frames = np.sin(np.arange(20000) / 10).astype(np.float32)
    first, second, other = (script.ogg(frames, 22050, 0.3, serial) for serial in (1, 1, 2))
    assert first == second != other
    assert soundfile.read(io.BytesIO(other))[0].shape == (20000,)


@pytest.mark.parametrize("cents", [-30.0, 0.0, 17.0])
def test_how_far_a_sample_is_out_of_tune_is_found(script: ModuleType, cents: float) -> None:
    along = np.arange(3 * 22050) / 22050 * 2 * np.pi * 220 * 2 ** (cents / 1200)
    frames = (np.sin(along) + 0.5 * np.sin(2 * along) + 0.3 * np.sin(3 * along)).astype(np.float32)
    assert script.out_of_tune([frames], 22050, 57) == pytest.approx(cents, abs=0.5)
