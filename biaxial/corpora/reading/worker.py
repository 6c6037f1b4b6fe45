"""A process that reads files into the cache: a path on each line of its stdin, an answer on each line of its stdout.

Lines are JSON. An answer is ``{"key": ...}``, the entry that was written; ``{"problem": ...}``, why there is none; or
``{"fatal": ...}``, when the cache cannot be written to. The first line says that the process is ready. It is a program
of its own (``python -m biaxial.corpora.reading.worker CACHE STEPS [PART]``) and no fork of the one that trains: what a
broken file does to it is done to nobody else.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from biaxial.corpora.reading.entry import cache_key, packed, read_file
from biaxial.files.cache import Cache
from biaxial.music.grid import Grid

MEMORY_BYTES = 1 << 30
"""What one process may take, where the system can be told."""


def answer(path: Path, grid: Grid, cache: Cache, part: str = "all") -> dict[str, str]:
    """Read one file into the cache."""
    try:
        key = cache_key(path, grid, part)
        content = packed(*read_file(path, grid, part))
        if cache_key(path, grid, part) != key:
            return {"problem": "it was changed while it was read; run again"}
    except OSError as error:
        return {"problem": (error.strerror or str(error)).lower()}
    except MemoryError:
        return {"problem": f"it takes more than {MEMORY_BYTES >> 20} MiB of memory"}
    try:
        cache.put(key, content)
    except OSError as error:
        return {"fatal": str(cache.refusal(error))}
    return {"key": key}


def main() -> None:
    """Answer until stdin ends."""
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a reader prints is no answer
    with suppress(ImportError, ValueError, OSError):  # no such limit on this system
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    cache, grid = Cache(Path(sys.argv[1])), Grid(int(sys.argv[2]))
    part = sys.argv[3] if len(sys.argv) > 3 else "all"
    print("{}", file=out, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(Path(json.loads(line)), grid, cache, part)), file=out, flush=True)


if __name__ == "__main__":
    main()
