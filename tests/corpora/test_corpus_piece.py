"""Arrays that are mapped from disk."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from biaxial.corpora.corpus_piece import Arrays, Store
from biaxial.features.conditions import Condition


def arrays(num_steps: int, value: int, voiced: bool = True) -> Arrays:
    return (
        np.full((num_steps, 128), value, np.int8),
        np.full((num_steps, 128), value if voiced else 0, np.uint8),
        np.full((num_steps, len(Condition)), -value, np.int16),
        np.full((num_steps, 128), value if voiced else 0, np.uint8),
    )


def test_what_is_appended_is_mapped(tmp_path: Path) -> None:
    lengths = (3, 1, 4, 1, 5)
    with Store(tmp_path) as store:
        places = [store.append(arrays(length, index, index % 2 == 0)) for index, length in enumerate(lengths, 1)]
        store.map()
    assert store.num_steps == sum(lengths)
    for index, (place, length) in enumerate(zip(places, lengths, strict=True), 1):
        found, expected = store.arrays(place, length), arrays(length, index, index % 2 == 0)
        for column in range(4):
            assert np.array_equal(found[column], expected[column])
            assert not found[column].flags.writeable
        store.release()
    assert list(tmp_path.iterdir()) == []


def resident_mib() -> int:
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssFile"))
    return int(line.split()[1]) // 1024


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say what is resident")
def test_pages_that_were_looked_at_are_given_back(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        places = [store.append(arrays(1000, 1)) for _ in range(300)]
        store.map()
    before = resident_mib()
    total = sum(int(store.arrays(place, 1000)[0].sum()) for place in places)
    assert resident_mib() > before + 30
    store.release()
    assert resident_mib() < before + 5
    for place in places:
        total -= int(store.arrays(place, 1000)[0].sum())
        store.release()
        assert resident_mib() < before + 5
    assert total == 0
