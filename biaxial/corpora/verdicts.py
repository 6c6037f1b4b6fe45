"""What became of every file of a folder: used, or why not; as a short table for people and as JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from biaxial.files.atomic import atomic_write

Kind = Literal[
    "used",
    "unreadable",
    "empty",
    "out of range",
    "other voices",
    "badly quantised",
    "duplicate",
    "too slow",
    "crashed",
]
KINDS: Final[tuple[Kind, ...]] = (
    "used",
    "unreadable",
    "empty",
    "out of range",
    "other voices",
    "badly quantised",
    "duplicate",
    "too slow",
    "crashed",
)

SHOWN: Final = 20
"""Files that a table names before it counts the rest."""


@dataclass(frozen=True)
class Verdict:
    """What became of one file.

    Parameters
    ----------
    file
        Path below the folder.
    verdict
        One of :data:`KINDS`.
    reason
        One line; of a file that is used, what was left out of it, or nothing.
    num_notes, num_steps, num_voices
        Its size; 0 voices if some note has none, all 0 if it was not read.
    off_grid
        Mean distance of its onsets from the grid, in steps: 0 is exact, 0.25 what notes at any time have.
    num_lost
        Notes that shared their step and line with a longer one and are lost.
    """

    file: str
    verdict: Kind
    reason: str = ""
    num_notes: int = 0
    num_steps: int = 0
    num_voices: int = 0
    off_grid: float = 0.0
    num_lost: int = 0


def voices_reason(num_voices: int, wanted: int) -> str:
    """The reason of ``"other voices"``."""
    return f"it has {num_voices or 'no'} voice{'s' * (num_voices != 1)}, and the network is for {wanted}"


def summary(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """The lines of a table: how many files have each verdict, then what was left out and why, at most 20 by name."""
    if not verdicts:
        return
    counts = Counter(verdict.verdict for verdict in verdicts)
    width = max(len(kind) for kind in counts)
    for kind in KINDS:
        if counts[kind]:
            yield f"{kind:{width}} {counts[kind]:7,} files{_sizes(verdicts) if kind == 'used' else ''}"
    left_out = [verdict for verdict in verdicts if verdict.verdict != "used"]
    for verdict in left_out[:SHOWN]:
        yield f"left out: {' '.join(verdict.file.split())}: {verdict.verdict}: {verdict.reason}"
    if len(left_out) > SHOWN:
        yield f"left out: {len(left_out) - SHOWN:,} more; --verdicts FILE lists all"


def _sizes(verdicts: Sequence[Verdict]) -> str:
    used = [verdict for verdict in verdicts if verdict.verdict == "used"]
    notes, steps, lost = (sum(getattr(v, name) for v in used) for name in ("num_notes", "num_steps", "num_lost"))
    off_grid = sum(verdict.off_grid * verdict.num_notes for verdict in used) / notes
    return f": {notes:,} notes ({lost:,} lost), {steps:,} steps, onsets {off_grid:.3f} steps off the grid on average"


def write_verdicts(path: Path, verdicts: Sequence[Verdict]) -> None:
    """Write them as a JSON list, an object on each line, whole or not at all.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    rows = ",\n".join(f"  {json.dumps(asdict(verdict))}" for verdict in verdicts)
    atomic_write(path, f"[\n{rows}\n]\n".encode())
