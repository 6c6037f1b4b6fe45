"""Make the intermediate code of the kernels that the shipped networks need, which is part of the package.

python scripts/make/kernels.py

To be run after a change of ``biaxial/sampling/kernels``, ``kernel_calls.py`` or ``portable_code.py``; until then the
package works all the same, but the first run has numba make what is missing, which takes ten seconds.
"""

from __future__ import annotations

import gzip
import os
import tempfile

# little is optimised, and nothing for the processor that happens to be here: that is done where the code will run
os.environ |= {"NUMBA_OPT": "2", "NUMBA_LOOP_VECTORIZE": "0", "NUMBA_SLP_VECTORIZE": "0", "NUMBA_CPU_NAME": "generic"}
os.environ["NUMBA_CPU_FEATURES"] = ""

import llvmlite.binding as llvm

from biaxial.files.assets import ASSETS
from biaxial.files.atomic import atomic_write
from biaxial.sampling import machine_code
from biaxial.sampling.portable_code import portable_code
from biaxial.tasks.loading import load_model


def main() -> None:
    """Compose, harmonise and score by numba's kernels, and keep what was made of them."""
    made = dict[str, str]()

    def write(module: str, name: str, symbol: str, arguments: tuple[object, ...]) -> str:
        made[symbol] = portable_code(module, name, symbol, arguments)
        return made[symbol]

    machine_code._write, machine_code._read_shipped = write, lambda: None
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BIAXIAL_KERNELS"] = folder
        model = load_model(None, "cpu")
        piece = model.compose(2, seed=1)
        model.harmonise(piece.score, seed=1, particles=1)
        model.judge(piece)
    whole = llvm.parse_assembly("")
    for text in made.values():
        part = llvm.parse_assembly(text)
        for function in part.functions:
            if not function.is_declaration and not function.name.startswith(machine_code.ENTRY):
                function.linkage = "internal"
        whole.link_in(part)
    for old in ASSETS.glob("kernels-*.ll.gz"):
        old.unlink()
    atomic_write(machine_code.shipped_code(), gzip.compress(str(whole).encode(), mtime=0))
    print(f"{machine_code.shipped_code()}: {len(made)} kernels")


if __name__ == "__main__":
    main()
