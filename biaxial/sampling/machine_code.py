"""The machine code of kernels: found where it was kept, else made of their intermediate code for this processor.

Three things are tried in turn. A *cache* has the code that this processor was given before: beside the package, or in
the user's folder where nothing can be written there. The *package* has the intermediate code of the kernels that its
own networks need, which LLVM makes into machine code within seconds. For arguments of other kinds, and after a change
of a kernel, *numba* makes intermediate code first (:mod:`biaxial.sampling.portable_code`). LLVM is used as
llvmlite has it, without numba, whose import would take longer than all of this.
"""

from __future__ import annotations

import ctypes
import gzip
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

from biaxial.files.assets import ASSETS
from biaxial.files.cache import Cache, default_cache
from biaxial.music.errors import InputError

Entry = Callable[[bytes], int]
"""Machine code: it takes a block of words and returns zero, or something else after an error."""
ENTRY = "biaxial_"
"""What the names of entries begin with."""

_HERE = Path(__file__).parent
_DRAWING, _SCORING = "what drawing by the package's networks needs", "what scoring by them needs"
_SCORES = "score_piece"
"""The kernel that is compiled by itself, so that who only draws does not wait for it."""
_LOCK = Lock()


@cache
def version() -> str:
    """A word for what kernels are made of: their sources, and how they are entered."""
    sources = [*sorted((_HERE / "kernels").glob("*.py")), _HERE / "kernel_calls.py", _HERE / "portable_code.py"]
    return sha256(b"".join(path.read_bytes() for path in sources if path.exists())).hexdigest()[:16]


def shipped_code() -> Path:
    """The file with the intermediate code of the kernels that the package's networks need, compressed."""
    return ASSETS / f"kernels-{version()}.ll.gz"


def is_compiled() -> bool:
    """Whether the kernels that draw by the package's networks are at hand; otherwise they are made, once."""
    return _processor().has(_DRAWING)


def keeps_kernels() -> bool:
    """Whether what is compiled here is kept for the next time: some folder for it can be written to."""
    return next(_caches(), None) is not None


def entry(module: str, name: str, symbol: str, arguments: tuple[Any, ...]) -> Entry:
    """The machine code of a kernel.

    Parameters
    ----------
    module, name
        The file that has the kernel, and its name.
    symbol
        What its entry is called.
    arguments
        Arguments of the kinds that it is for.
    """
    with _LOCK:
        processor, part = _processor(), _SCORING if name == _SCORES else _DRAWING
        if (found := processor.find(symbol, part, _read_shipped)) is None:
            found = processor.find(symbol, symbol, lambda: _write(module, name, symbol, arguments))
    assert found is not None
    return found


def _read_shipped() -> str | None:
    return gzip.decompress(shipped_code().read_bytes()).decode() if shipped_code().exists() else None


def _write(module: str, name: str, symbol: str, arguments: tuple[Any, ...]) -> str:
    from biaxial.sampling.portable_code import portable_code  # loads numba

    return portable_code(module, name, symbol, arguments)


def _caches() -> Iterator[Cache]:
    """Where machine code is kept, the best place first."""
    own = os.environ.get("BIAXIAL_KERNELS")
    for folder in [Path(own)] if own else [_HERE / "kernels" / "__pycache__", default_cache() / "kernels"]:
        with suppress(InputError):
            yield Cache(folder)


class _Processor:
    """LLVM for the processor that this runs on."""

    def __init__(self) -> None:
        import llvmlite
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        triple, features = llvm.get_process_triple(), llvm.get_host_cpu_features().flatten()
        own = {"cpu": llvm.get_host_cpu_name(), "features": features, "reloc": _relocation(triple)}
        target = llvm.Target.from_triple(triple)
        self._llvm = llvm
        self._machine = target.create_target_machine(opt=3, jit=True, codemodel="jitdefault", **own)
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), self._machine)
        self._words = [llvmlite.__version__, triple, *own.values()]
        self._loaded = set[str]()

    def find(self, symbol: str, part: str, read: Callable[[], str | None]) -> Entry | None:
        """An entry in a part of the machine code; the part is made from what is read where it is not kept."""
        if part not in self._loaded:
            code = self._kept(part)
            if code is None and (text := read()) is not None and (code := self._compile(text, part)) is not None:
                for place in _caches():
                    with suppress(OSError):  # the disk is full
                        place.put(self._key(part), code)
                        break
            if code is not None:
                self._engine.add_object_file(self._llvm.ObjectFileRef.from_data(code))
                self._engine.finalize_object()
            self._loaded.add(part)
        address = self._engine.get_function_address(symbol)
        return ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p)(address) if address else None

    def has(self, part: str) -> bool:
        """Whether a part is loaded or kept."""
        return part in self._loaded or self._kept(part) is not None

    def _key(self, part: str) -> str:
        return sha256("\n".join([version(), part, *self._words]).encode()).hexdigest()

    def _kept(self, part: str) -> bytes | None:
        return next(filter(None, (place.get(self._key(part)) for place in _caches())), None)

    def _compile(self, text: str, part: str) -> bytes | None:
        """Machine code of a part from intermediate code; ``None`` where this LLVM does not know all of its words."""
        llvm = self._llvm
        try:
            module = llvm.parse_assembly(text)
        except RuntimeError:
            return None
        module.triple, module.data_layout = self._machine.triple, str(self._machine.target_data)
        for function in module.functions:
            if not function.is_declaration and not _is_entry(function.name, part):
                function.linkage = "internal"
        options = llvm.create_pipeline_tuning_options(3)
        options.loop_vectorization = options.slp_vectorization = True
        builder = llvm.create_pass_builder(self._machine, options)
        builder.getModulePassManager().run(module, builder)
        return bytes(self._machine.emit_object(module))


def _is_entry(name: str, part: str) -> bool:
    """Whether a function is an entry of a part; what no entry needs is not compiled."""
    other = {_DRAWING: name.startswith(ENTRY + _SCORES), _SCORING: not name.startswith(ENTRY + _SCORES)}
    return name.startswith(ENTRY) and not other.get(part, False)


@cache
def _processor() -> _Processor:
    return _Processor()


def _relocation(triple: str) -> str:
    """Code that is loaded where it is needed: x86 wants fixed places, others have a way of their own."""
    return "static" if triple.startswith(("x86", "i686")) else "default"
