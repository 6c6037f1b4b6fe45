"""Orders and jobs: numbers and seeds of pieces, JSON, and what a job does not say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from biaxial.files.weights_file import DEFAULT
from biaxial.jobs.order import ORDER_FILE, Order, Weights, file_checksum
from biaxial.music.errors import InputError
from tests.jobs.conftest import Make


@pytest.mark.parametrize(("pieces", "shards"), [(1, 1), (7, 3), (100, 7), (1000, 1000), (5, 4)])
def test_shards_share_the_pieces_evenly_and_in_order(make: Make, pieces: int, shards: int) -> None:
    order = make(pieces, shards)
    ranges = [order.numbers(shard) for shard in range(shards)]
    assert [number for numbers in ranges for number in numbers] == list(range(pieces))
    assert max(map(len, ranges)) - min(map(len, ranges)) <= 1


def test_more_shards_than_pieces_are_refused(make: Make) -> None:
    with pytest.raises(InputError, match=r"^--shards: 3 shards cannot be made of 2 pieces; give 1 to 2$"):
        make(2, 3)


def test_a_piece_has_the_seed_of_its_number_or_of_its_version(make: Make) -> None:
    order = make(5, 2, seed=10)
    assert [order.seed_of(number) for number in range(5)] == [10, 11, 12, 13, 14]
    assert order.job(1).seeds == (12, 14)
    given = {"a.mid": "1", "b.mid": "2", "c.mid": "3"}
    order = replace(order, verb="harmonise", pieces=6, shards=2, versions=2, given=given)
    found = [(order.given_name(number), order.seed_of(number)) for number in range(6)]
    assert found == [(name, seed) for name in given for seed in (10, 11)]
    assert order.job(0).given == {"a.mid": "1", "b.mid": "2"}
    assert order.job(1).given == {"b.mid": "2", "c.mid": "3"}
    assert order.job(1).seeds == (10, 11)


def test_an_order_comes_back_from_its_file(make: Make, tmp_path: Path) -> None:
    order = make(ranges=((60, 79), (55, 72), (48, 67), (40, 60)))
    order.save(tmp_path)
    loaded = Order.load(tmp_path)
    assert loaded.to_json() == order.to_json()
    assert loaded.job(1).to_dict() == json.loads(json.dumps(order.job(1).to_dict()))


def test_a_job_says_nothing_of_places(make: Make, weights: Path, tmp_path: Path) -> None:
    sound = tmp_path / "organ.sf2"
    order = replace(make(), source=str(tmp_path), writing={"soundfont": str(sound)})
    text = json.dumps(order.job(0).to_dict())
    assert str(tmp_path) not in text
    assert str(weights.parent) not in text
    assert "organ.sf2" in text
    assert file_checksum(weights) in text


def test_shipped_weights_go_by_their_name() -> None:
    assert Weights.of(DEFAULT).path == DEFAULT
    assert Weights.of(DEFAULT).name == DEFAULT


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, "no order.json in it"),
        ("{", "not an order that can be read"),
        ("[]", "not an order that can be read"),
        ('{"format": "another"}', "it is of another version"),
        ('{"format": "biaxial-order-1", "weights": [3]}', "not an order that can be read"),
        ('{"format": "biaxial-order-1", "weights": [], "verb": "dance"}', "not an order that can be read"),
    ],
)
def test_what_is_not_an_order_is_refused_in_one_line(content: str | None, line: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / ORDER_FILE).write_text(content)
    with pytest.raises(InputError, match=line) as error:
        Order.load(tmp_path)
    assert "\n" not in str(error.value)
