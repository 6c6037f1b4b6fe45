"""The driver: only what is missing is made, the manifest says what there is, and what does not fit is refused."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from biaxial.jobs.driver import Run, Tally, engine_of, serial
from biaxial.jobs.manifest import MANIFEST, Entry, append, read_manifests
from biaxial.jobs.order import Order, Weights
from biaxial.jobs.shards import ABOUT, read_documents, shard_name
from biaxial.jobs.workshop import Tell
from biaxial.music.errors import InputError
from biaxial.tasks.drawing.fill import UNMET
from biaxial.weights import load_network, save_weights
from tests.jobs.conftest import Make, files_of

NEARLY_ONE = ((60, 79), (55, 72), (48, 67), (40, 41))
"""Ranges in which the bass can end on the tonic of E major and not on that of C major."""


class Noted:
    """An engine that notes what it was asked for, and stops before some shard."""

    def __init__(self, stop_before: int | None = None) -> None:
        self.asked: list[int] = []
        self.stop_before = stop_before

    def __call__(
        self, order: Order, folder: Path, shards: Sequence[int], tell: Tell, /
    ) -> Generator[Entry, None, None]:
        for shard in shards:
            if shard == self.stop_before:
                raise KeyboardInterrupt
            self.asked.append(shard)
            yield from serial(order, folder, [shard], tell)


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / MANIFEST).read_text().splitlines()]


def test_an_interrupted_run_says_how_to_go_on_and_goes_on_with_what_is_missing(make: Make, tmp_path: Path) -> None:
    order, folder = make(5, 4), tmp_path / "broken"
    with pytest.raises(KeyboardInterrupt) as stop:
        Run(order, folder).make(Noted(stop_before=2))
    assert stop.value.__notes__ == [f"2 of 4 shards are finished; biaxial-compose --resume {folder} goes on"]
    engine, steps = Noted(), list[int]()
    run = Run(Order.load(folder), folder)
    assert run.num_missing_pieces == 3
    outcome = run.make(engine, steps.append)
    assert engine.asked == [2, 3]
    assert sum(steps) == 3
    assert (outcome.shards, outcome.pieces, outcome.made) == (4, 5, 3)
    Run(order, tmp_path / "whole").make(serial)
    assert files_of(folder) == files_of(tmp_path / "whole")
    engine = Noted()
    Run(order, folder).make(engine)
    assert engine.asked == []


def test_the_manifest_is_made_again_from_the_shards(make: Make, tmp_path: Path) -> None:
    order = make(3, 3)
    Run(order, tmp_path).make(serial)
    before = lines(tmp_path)
    assert [line["shard"] for line in before] == [0, 1, 2]
    assert all(line["host"] and line["seconds"] for line in before)
    text = (tmp_path / MANIFEST).read_text()
    (tmp_path / MANIFEST).write_text(text[: len(text) // 2])  # the second line is broken off
    engine = Noted()
    Run(order, tmp_path).make(engine)
    assert engine.asked == []
    again = [{**line, "seconds": None, "host": ""} for line in before]
    assert [{**line, "seconds": None, "host": ""} for line in lines(tmp_path)] == again
    assert lines(tmp_path)[0] == before[0]
    (tmp_path / MANIFEST).unlink()
    Run(order, tmp_path).make(engine)
    assert lines(tmp_path) == again


def test_a_line_after_one_that_was_broken_off_is_whole(make: Make, tmp_path: Path) -> None:
    Run(make(2, 2), tmp_path).make(serial)
    first, second = read_manifests(tmp_path)
    (tmp_path / MANIFEST).write_text(first.to_line()[:50])
    append(tmp_path / MANIFEST, second)
    assert list(read_manifests(tmp_path)) == [second]


def test_a_damaged_shard_is_made_again(make: Make, tmp_path: Path) -> None:
    order = make(2, 2)
    Run(order, tmp_path).make(serial)
    whole, path = files_of(tmp_path), tmp_path / shard_name(1)
    path.write_bytes(whole[path.name][:3000])
    engine = Noted()
    Run(order, tmp_path).make(engine)
    assert engine.asked == [1]
    assert files_of(tmp_path) == whole


def test_runs_of_some_shards_make_one_manifest_together(make: Make, tmp_path: Path) -> None:
    order = make(6, 6)
    for shards in (range(4, 6), range(2)):
        assert Run(order, tmp_path, shards).make(serial).shards == 2
    assert sorted(path.name for path in tmp_path.glob("*.jsonl")) == [
        "manifest-00000-00001.jsonl",
        "manifest-00004-00005.jsonl",
    ]
    Run(order, tmp_path).make(serial)
    assert [path.name for path in tmp_path.glob("*.jsonl")] == [MANIFEST]
    assert [line["shard"] for line in lines(tmp_path)] == list(range(6))
    with pytest.raises(InputError, match=r"^--shard-range: there are shards 0 to 5; give some of them$"):
        Run(order, tmp_path, range(3, 7))


def test_what_cannot_be_written_is_recorded_and_passed_over(make: Make, weights: Path, tmp_path: Path) -> None:
    keyed = tmp_path / "keyed.safetensors"
    save_weights(keyed, load_network(weights)[0], {"keys": {"C major": 1, "E major": 1}})
    order = replace(make(4, 2, cadence=True, ranges=NEARLY_ONE), weights=(Weights.of(keyed),))
    outcome = Run(order, tmp_path / "all").make(serial)
    assert 0 < outcome.num_failures < 4
    assert outcome.pieces + outcome.num_failures == 4
    documents = dict(read_documents(tmp_path / "all" / shard_name(0)))
    failures = documents[ABOUT]["failures"]
    assert failures[0]["reason"] == UNMET
    assert all(f"{failure['piece']:06d}" not in documents for failure in failures)
    assert lines(tmp_path / "all")[0]["failures"] == failures
    with pytest.raises(InputError, match=r"could not be written, and --max-failures is 0 \(piece \d: not all"):
        Run(order, tmp_path / "few").make(serial, max_failures=0)
    with pytest.raises(InputError, match="could not be written"):  # those that are there count
        Run(order, tmp_path / "all").make(serial, max_failures=0)


def test_pieces_that_cannot_be_planned_are_refused_before_the_first(make: Make, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="0 bars"):
        Run(replace(make(), plan={"bars": 0}), tmp_path / "empty").make(serial)
    with pytest.raises(InputError, match="range 84 to 96 is empty or leaves 36 to 81"):
        Run(make(ranges=((84, 96),) * 4), tmp_path / "high").make(serial)
    assert not list(tmp_path.rglob("*.tar"))


def test_another_order_version_or_other_weights_are_refused(make: Make, weights: Path, tmp_path: Path) -> None:
    Run(make(), tmp_path)
    with pytest.raises(InputError, match="another order was begun there; go on with it by --resume"):
        Run(make(seed=1), tmp_path)
    with pytest.raises(InputError, match=r"it was begun with biaxial 0\.0\.1"):
        Run(replace(make(), version="0.0.1"), tmp_path)
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(weights.read_bytes())
    order = replace(make(), weights=(replace(make().weights[0], path=str(copy)),))
    copy.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    with pytest.raises(InputError, match="not the weights that"):
        Run(order, tmp_path / "other")


def test_an_engine_goes_by_its_name() -> None:
    with pytest.raises(InputError, match=r"^'dask' is not a cluster; give local, processes, ray or ray://HOST:PORT$"):
        engine_of("dask")


def test_progress_counts_no_piece_twice_when_a_worker_dies() -> None:
    steps = list[int]()
    tally = Tally(steps.append)
    for shard, done in ((0, 1), (1, 1), (0, 2), (0, 0), (0, 1)):
        tally.tell(shard, done)
    tally.finish(0, 4)
    tally.tell(0, 3)  # said before it was finished, heard after
    tally.finish(1, 4)
    assert sum(steps) == 8
    assert -2 in steps
