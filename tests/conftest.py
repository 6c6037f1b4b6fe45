"""Caches of the tests: no test writes to the user's.

Compiled kernels are cached for each version of their source, since numba looks at one file of several.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_KERNELS = _ROOT / "biaxial" / "sampling" / "kernels"
_VERSION = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(_KERNELS.glob("*.py")))).hexdigest()[:16]
os.environ.setdefault("NUMBA_CACHE_DIR", str(_ROOT / ".pytest_cache" / f"kernels-{_VERSION}"))
os.environ["XDG_CACHE_HOME"] = str(_ROOT / ".pytest_cache" / "user")
