"""Shards: the same bytes from the same job, whole or not at all, and pieces that come back as they went in."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from biaxial.cli.compose import main as compose
from biaxial.jobs import read_shards
from biaxial.jobs.driver import Run, serial
from biaxial.jobs.shards import ABOUT, read_documents, write_shard
from biaxial.jobs.workshop import Workshop
from biaxial.music.errors import InputError
from tests.jobs.conftest import Make, files_of


@pytest.fixture
def corpus(make: Make, tmp_path: Path) -> Path:
    Run(make(5, 2, seed=7), tmp_path / "corpus").make(serial)
    return tmp_path / "corpus"


def test_a_shard_has_its_members_in_order_without_times_and_owners(corpus: Path) -> None:
    with tarfile.open(corpus / "shard-00001.tar") as tar:
        members = tar.getmembers()
    names = [f"{number:06d}{ending}" for number in (2, 3, 4) for ending in (".json", ".mid")]
    assert [member.name for member in members] == [*names, ABOUT]
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in members} == {(0, 0, 0, "", "")}


def test_pieces_are_those_that_their_seeds_give_alone(corpus: Path, weights: Path, tmp_path: Path) -> None:
    pieces = list(read_shards(corpus))
    assert [piece.name for piece in pieces] == [f"{number:06d}" for number in range(5)]
    assert [piece.piece.seed for piece in pieces] == [7, 8, 9, 10, 11]
    words = ["--bars", "1", "--particles", "1", "--no-cadence", "--checkpoint", str(weights), "-q", "--seed", "10"]
    assert compose([*words, "-o", str(tmp_path / "alone.mid")]) == 0
    assert pieces[3].read() == (tmp_path / "alone.mid").read_bytes()
    assert pieces[3].piece.model == "tiny"
    with pytest.raises(FileNotFoundError):
        pieces[3].read(".flac")


def test_how_pieces_are_cut_into_shards_does_not_matter(corpus: Path, make: Make, tmp_path: Path) -> None:
    Run(make(5, 5, seed=7), tmp_path / "other").make(serial)
    assert [piece.piece for piece in read_shards(tmp_path / "other")] == [piece.piece for piece in read_shards(corpus)]


def test_a_shard_is_the_same_wherever_and_whenever_it_is_made(corpus: Path, make: Make, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    shop = Workshop(make(5, 2, seed=7), tmp_path / "elsewhere", threads=2)
    for shard in (1, 0):
        shop.run(shard)
    assert files_of(tmp_path / "elsewhere") == files_of(corpus)


def test_a_shard_says_what_made_it(corpus: Path, make: Make) -> None:
    documents = dict(read_documents(corpus / "shard-00001.tar"))
    assert documents[ABOUT]["job"] == json.loads(json.dumps(make(5, 2, seed=7).job(1).to_dict()))
    assert documents[ABOUT]["failures"] == []


def test_a_shard_that_cannot_be_finished_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with write_shard(tmp_path / "shard-00000.tar") as shard:
            shard.add("000000.mid", b"MThd")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_of_a_shard_goes_when_it_is_made(make: Make, tmp_path: Path) -> None:
    for name in (".shard-00000.tar.0123.tmp", ".shard-00001.tar.4567.tmp", ".mine.tmp"):
        (tmp_path / name).write_bytes(b"half")
    Workshop(make(), tmp_path).run(0)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".mine.tmp",
        ".shard-00001.tar.4567.tmp",
        "shard-00000.tar",
    ]


def test_what_is_not_a_shard_of_pieces_is_refused_in_one_line(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no shards in it"):
        next(read_shards(tmp_path))
    with write_shard(tmp_path / "shard-00000.tar") as shard:
        shard.add_json("000000.json", {"grade": 1.0})
    with pytest.raises(InputError, match=r"shard-00000.tar: 000000: not the JSON document of a piece"):
        next(read_shards(tmp_path))
    path = corpus / "shard-00000.tar"
    path.write_bytes(b"x" * 2000)
    with pytest.raises(InputError, match="not a whole tar file"):
        next(read_shards(corpus))
