"""``manifest.jsonl``: a line of JSON for each shard that is finished.

A line has the shard's number, its file with size and checksum, and its job (:class:`~biaxial.jobs.order.Job`): seeds,
version, checksums of the weights, options. Then what came of it: pieces that were written, failures with their reasons,
nats and steps of all pieces, the mean grade where they were judged, seconds and host. All but the last two can be read
from the shards again. Lines are appended as shards are finished; a line that was broken off is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from biaxial.files.atomic import written_whole
from biaxial.jobs.shards import ABOUT, read_documents

MANIFEST: Final = "manifest.jsonl"
_PARTS: Final = "manifest*.jsonl"
"""A run of some of the shards has a manifest of its own, so that several can run at once."""


@dataclass(frozen=True)
class Entry:
    """The line of a shard.

    Parameters
    ----------
    shard, file, num_bytes, sha256
        Its number, its file, and the size and the checksum of that.
    job
        What made it, in plain values.
    written
        How many pieces are in it.
    failures
        The pieces that could not be written: number, seed, name of the given file, reason.
    nats, num_steps
        Sum of the log-likelihoods, and steps of all pieces.
    grade
        Mean grade; ``None`` where pieces were not judged.
    seconds, host
        How long it took and where; ``None`` and empty in a line that was made again.
    """

    shard: int
    file: str
    num_bytes: int
    sha256: str
    job: dict[str, Any]
    written: int
    failures: list[dict[str, Any]]
    nats: float
    num_steps: int
    grade: float | None
    seconds: float | None = None
    host: str = ""

    def to_line(self) -> str:
        """Itself as a line."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Entry | None:
        """Read a line; ``None`` for one that was broken off or is something else."""
        try:
            return cls(**json.loads(line))
        except (ValueError, TypeError, RecursionError):
            return None


def entry_of(path: Path, seconds: float | None = None, host: str = "") -> Entry:
    """The line of a finished shard, read from it.

    Raises
    ------
    InputError, ValueError, KeyError, TypeError
        If it is not a whole shard.
    """
    written, nats, num_steps, grades, about = 0, 0.0, 0, list[float](), None
    for name, document in read_documents(path):
        if name == ABOUT:
            about = document
            continue
        written += 1
        nats += document.get("nats", 0.0)
        num_steps += document.get("num_steps", 0)
        if document.get("grade") is not None:
            grades.append(document["grade"])
    if about is None:
        raise ValueError(f"{path}: it does not say what made it")
    job, failures = about["job"], about["failures"]
    if written + len(failures) != job["pieces"]:
        raise ValueError(f"{path}: it has {written} pieces of {job['pieces']}")
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    grade = sum(grades) / len(grades) if grades else None
    size = path.stat().st_size
    shard = int(about["shard"])
    return Entry(shard, path.name, size, sha256, job, written, failures, nats, num_steps, grade, seconds, host)


def read_manifests(folder: Path) -> Iterator[Entry]:
    """All lines of a folder, of whatever runs, whose shards are there."""
    for path in sorted(folder.glob(_PARTS)):
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                entry = Entry.from_line(line)
                if entry is not None and _size(folder / Path(entry.file).name) == entry.num_bytes:
                    yield entry


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def part_name(shards: range, all_shards: int) -> str:
    """The manifest of a run of some shards."""
    if len(shards) == all_shards:
        return MANIFEST
    return f"manifest-{shards.start:05d}-{shards.stop - 1:05d}.jsonl"


def append(path: Path, entry: Entry) -> None:
    """Add a line, which reaches the disk; one that was broken off before is ended first."""
    with path.open("ab+") as file:
        if file.tell() and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
            file.write(b"\n")
        file.write(entry.to_line().encode())
        file.flush()
        os.fsync(file.fileno())


def write_manifest(folder: Path, entries: Iterable[Entry]) -> None:
    """Write all lines anew, by shard, in place of all manifests of the folder."""
    by_shard = {entry.shard: entry for entry in entries}
    with written_whole(folder / MANIFEST) as file:
        for shard in sorted(by_shard):
            file.write(by_shard[shard].to_line().encode())
    for part in folder.glob(_PARTS):
        if part.name != MANIFEST:
            part.unlink()
