"""A short run of ``scripts/bench/novelty.py`` on pieces made up here, quotations planted in them among it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from biaxial.corpora.splits import FolderItem, Split
from biaxial.metrics.figures.statistics import first_bars
from biaxial.music.score import Note, Score

SCRIPT = Path(__file__).parents[2] / "scripts" / "bench" / "novelty.py"


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("bench_novelty", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_novelty"] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    yield module
    del sys.modules["bench_novelty"]


@pytest.fixture(scope="module")
def items() -> list[FolderItem]:
    """Four voices that go by step, in quarters and eighths, as a chorale does."""
    random, made = np.random.default_rng(0), []
    for number in range(26):
        side: Split = "train" if number < 20 else "valid"
        notes = []
        for voice in range(4):
            tick, pitch = 0, 74 - 7 * voice
            while tick < 12 * 1920:
                length = int(random.choice((240, 480, 480, 480)))
                pitch = int(np.clip(pitch + random.choice((-2, -1, 0, 1, 2)), 70 - 7 * voice, 78 - 7 * voice))
                notes.append(Note(tick, length, pitch, voice))
                tick += length
        made.append(FolderItem(f"{side}/{number}", side, first_bars(Score(tuple(notes)), 12)))
    return made


def test_planted_quotations_are_found(
    script: ModuleType, items: list[FolderItem], capsys: pytest.CaptureFixture[str]
) -> None:
    script.planted(items, 12)
    out, missed = capsys.readouterr()
    rows = {line.split("|")[1].strip(): line.split("|")[2:4] for line in out.splitlines()[2:]}
    assert [int(cell) for cell in rows["all_voices"]] == [12, 12]
    assert int(rows["one_voice"][1]) >= 11, missed


def test_planting_changes_four_bars_and_no_more(script: ModuleType, items: list[FolderItem]) -> None:
    host, source = items[-1].score, items[0].score
    for voice in (None, 2):
        piece = script.plant(host, 3, source, 6, 5, voice)
        start, end = 2 * 1920, 6 * 1920
        outside = [n for n in host.notes if n.end_ticks <= start or n.onset_ticks >= end]
        assert set(outside) <= set(piece.notes)
        quoted = {(n.onset_ticks, n.pitch) for n in piece.notes if start <= n.onset_ticks < end and n.voice == 2}
        assert quoted >= {
            (n.onset_ticks - 3 * 1920, n.pitch + 5)
            for n in source.notes
            if 5 * 1920 <= n.onset_ticks < 9 * 1920 and n.voice == 2
        }
        kept = [n for n in host.notes if n.voice == 1]
        assert (set(kept) <= set(piece.notes)) == (voice == 2)


def test_size_and_growth_print_a_row_each(
    script: ModuleType, items: list[FolderItem], capsys: pytest.CaptureFixture[str]
) -> None:
    script.size(items)
    assert "26 pieces" in capsys.readouterr().out
    copies = [script.varied(items[0].score, copy, np.random.default_rng(0)) for copy in (0, 1)]
    assert copies[0] is items[0].score
    assert [n.onset_ticks for n in copies[1].notes] == [n.onset_ticks for n in copies[0].notes]
    assert len({b.pitch - a.pitch for a, b in zip(copies[0].notes, copies[1].notes, strict=True)}) > 1
