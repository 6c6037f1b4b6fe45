"""Machine code of kernels is kept beside the package, else in the user's cache folder; where no folder is, it runs too.

What the shipped networks need runs without numba, from intermediate code that belongs to the sources as they are.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import llvmlite.binding as llvm
import pytest

import biaxial
from biaxial.sampling.kernels.tables import NARROW
from biaxial.sampling.machine_code import ENTRY, shipped_code
from biaxial.sampling.packed_weights import has_unit

PROGRAM = """
import sys
import numpy as np
from biaxial.sampling.kernel_calls import lstm_cells
from biaxial.sampling.machine_code import is_compiled, keeps_kernels
before = is_compiled()
arrays = [np.full((1, 1, size), 2, np.float32) for size in (4, 1, 1, 1)]
lstm_cells(*arrays)
assert 0.8 < arrays[-1].item() < 0.9
print(before, is_compiled(), keeps_kernels(), "numba" in sys.modules)
"""
COMPOSED = """
import sys
sys.modules["numba"] = None  # importing it fails
import biaxial
from biaxial.music.score import Note
model = biaxial.load()
assert model.compose(2, seed=1).score.notes
tune = biaxial.Score(tuple(Note(480 * i, 480, p) for i, p in enumerate((67, 69, 71, 72))), 1920)
assert model.harmonise(tune, seed=1, particles=2).score.num_voices == 4
"""

JUDGED = """
import sys
import biaxial
from biaxial.music.score import Note, Score
piece = Score(tuple(Note(480 * i, 480, p, v) for i in range(4) for v, p in enumerate((67, 62, 59, 43))))
assert biaxial.load().judge(piece).surprise.nats > 0
print(*({"numba", "torch", "matplotlib"} & set(sys.modules)))
"""
DRAWN = """
import sys
import llvmlite.binding as llvm
if name := sys.argv[1]:  # a processor that has less than this one
    llvm.get_host_cpu_name, llvm.get_host_cpu_features = lambda: name, llvm.FeatureMap
import biaxial
from biaxial.music.checksum import music_checksum
from biaxial.sampling.packed_weights import panel_width
piece = biaxial.load().compose(2, seed=1, draft=True)
print(panel_width(), music_checksum(piece.score), "numba" in sys.modules)
"""


def run(program: str, site: Path, home: Path, *words: str, **own: str) -> list[str]:
    """What a new process prints that has a copy of the package, and a home, of its own."""
    away = ("BIAXIAL_KERNELS", "XDG_CACHE_HOME")
    variables = {name: value for name, value in os.environ.items() if name not in away}
    variables |= {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(home), **own}
    done = subprocess.run(
        [sys.executable, "-c", program, *words], cwd=home, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def with_only(kernel: str) -> str:
    """The part of the shipped intermediate code that a kernel needs."""
    module = llvm.parse_assembly(gzip.decompress(shipped_code().read_bytes()).decode())
    for function in module.functions:
        if not function.is_declaration and not function.name.startswith(ENTRY + kernel):
            function.linkage = "internal"
    llvm.initialize_native_target()
    machine, passes = llvm.Target.from_default_triple().create_target_machine(), llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    return str(module)


def copied(folder: Path, *, shipped: bool) -> Path:
    """A copy of the package in which nothing was compiled, with the intermediate code of a small kernel or without."""
    leave_out = shutil.ignore_patterns("__pycache__", "assets", "page")
    shutil.copytree(Path(biaxial.__file__).parent, folder / "site" / "biaxial", ignore=leave_out)
    if shipped:
        (folder / "site" / "biaxial" / "assets").mkdir()
        code = gzip.compress(with_only("lstm_cells").encode())
        (folder / "site" / "biaxial" / "assets" / shipped_code().name).write_bytes(code)
    return folder / "site"


def entries(folder: Path) -> list[Path]:
    """What is kept below a folder."""
    return [path for path in folder.rglob("*") if path.is_file() and len(path.parent.name + path.name) == 64]


def test_the_shipped_code_is_that_of_the_sources() -> None:
    assert shipped_code().exists(), "the kernels have changed: run scripts/make/kernels.py"


@pytest.mark.parametrize("writable", [True, False], ids=["beside the package", "in the user's folder"])
def test_where_machine_code_is_kept(tmp_path: Path, writable: bool) -> None:
    site, home = copied(tmp_path, shipped=True), tmp_path / "home"
    home.mkdir()
    beside = site / "biaxial" / "sampling" / "kernels" / "__pycache__"
    if not writable:
        beside.touch()  # no folder can be made there, not even by the superuser
    assert run(PROGRAM, site, home) == ["False", "True", "True", "False"]
    kept = entries(beside if writable else home)
    assert len(kept) == 1
    assert run(PROGRAM, site, home) == ["True", "True", "True", "False"]
    kept[0].write_bytes(kept[0].read_bytes()[:-1])  # damage is seen, and made good
    assert run(PROGRAM, site, home) == ["False", "True", "True", "False"]


def test_a_kernel_runs_where_no_folder_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    site = copied(tmp_path, shipped=True)
    assert run(PROGRAM, site, tmp_path, BIAXIAL_KERNELS=str(tmp_path / "file")) == ["False", "True", "False", "False"]


def test_numba_makes_what_is_not_shipped_and_that_is_kept(tmp_path: Path) -> None:
    site, folder = copied(tmp_path, shipped=False), tmp_path / "kernels"
    assert run(PROGRAM, site, tmp_path, BIAXIAL_KERNELS=str(folder))[-1] == "True"
    assert len(entries(folder)) == 1
    assert run(PROGRAM, site, tmp_path, BIAXIAL_KERNELS=str(folder))[-1] == "False"


def test_shipped_code_is_for_every_processor() -> None:
    text = gzip.decompress(shipped_code().read_bytes()).decode()
    assert not re.search(r"@llvm\.(?:x86|aarch64|arm)\.|target-(?:cpu|features)", text)


@pytest.mark.slow
@pytest.mark.skipif(not has_unit("fma"), reason="what is simulated must run here")
@pytest.mark.parametrize("processor", ["x86-64", "x86-64-v3"])
def test_a_processor_without_wide_vectors_draws_the_same_music(tmp_path: Path, processor: str) -> None:
    site, kernels = Path(biaxial.__file__).parents[1], os.environ["BIAXIAL_KERNELS"]
    width, *drawn = run(DRAWN, site, tmp_path, processor, BIAXIAL_KERNELS=kernels)
    assert int(width) == NARROW
    assert drawn == run(DRAWN, site, tmp_path, "", BIAXIAL_KERNELS=kernels)[1:]
    assert drawn[-1] == "False"


def test_the_shipped_networks_draw_without_numba(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", COMPOSED], cwd=tmp_path, check=True, capture_output=True)


@pytest.mark.slow
def test_what_scores_is_compiled_by_itself_and_needs_neither_numba_nor_pytorch(tmp_path: Path) -> None:
    site, kernels = Path(biaxial.__file__).parents[1], tmp_path / "kernels"
    run(DRAWN, site, tmp_path, "", BIAXIAL_KERNELS=str(kernels))
    assert len(entries(kernels)) == 1
    assert run(JUDGED, site, tmp_path, BIAXIAL_KERNELS=str(kernels)) == []
    assert len(entries(kernels)) == 2
