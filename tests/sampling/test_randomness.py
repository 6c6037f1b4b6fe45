"""Random numbers of a place are those of a generator that is made for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from biaxial.sampling.randomness import level_uniforms, resampling_uniforms, uniforms


def made(seed: int, slot: int, step: int, count: int) -> NDArray[np.float64]:
    bits = np.random.Philox(key=[seed % 2**64, slot], counter=[0, 0, step, 0])
    return np.random.Generator(bits).random(count)


def test_numbers_are_those_of_their_place() -> None:
    seeds, slots = [0, 7, -5000, 2**64 + 7, 2**63 + 77], [0, 3, 0, 2**16, 1]
    for step, n in ((0, 46), (1, 1), (2**40, 5), (0, 46)):
        expected = np.stack([made(seed, slot, step, n) for seed, slot in zip(seeds, slots, strict=True)])
        assert np.array_equal(uniforms(seeds, step, n, slots), expected)
    assert np.array_equal(uniforms(seeds, 3, 9), np.stack([made(seed, 0, 3, 9) for seed in seeds]))


def test_resampling_and_levels_have_numbers_of_their_own() -> None:
    assert resampling_uniforms([5, 6], 9).tolist() == [made(seed, 2**33, 9, 1)[0] for seed in (5, 6)]
    assert np.array_equal(level_uniforms([5], 9, 4, [2])[0], made(5, 2**34 + 2, 9, 4))


def test_threads_do_not_disturb_each_other() -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda step: uniforms([1], step, 500), range(400)))
    assert all(np.array_equal(numbers[0], made(1, 0, step, 500)) for step, numbers in enumerate(found))
