"""A corpus as arrays, and its file."""

from __future__ import annotations

import dataclasses
import multiprocessing
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest

from biaxial.corpora.corpus import Corpus
from biaxial.corpora.corpus_piece import Arrays, CorpusPiece, Store
from biaxial.music.errors import InputError


def test_a_corpus_comes_back_from_its_file(corpus: Corpus, tmp_path: Path) -> None:
    corpus.save(tmp_path / "c.npz")
    loaded = Corpus.load(tmp_path / "c.npz")
    assert loaded.checksum == corpus.checksum
    assert loaded.num_voices == 4
    for one, other in zip(corpus.pieces, loaded.pieces, strict=True):
        assert (one.name, one.split) == (other.name, other.split)
        for name in ("states", "voices", "conditions"):
            assert np.array_equal(getattr(one, name), getattr(other, name))


def test_the_checksum_sees_every_change(corpus: Corpus) -> None:
    piece = corpus.pieces[0]
    states = piece.states.copy()
    states[0, 0] = 2
    changes: list[dict[str, object]] = [{"states": states}, {"split": "test"}, {"name": "other"}]
    for change in changes:
        changed = dataclasses.replace(piece, **change)  # type: ignore[arg-type]
        assert dataclasses.replace(corpus, pieces=(changed, *corpus.pieces[1:])).checksum != corpus.checksum


def test_what_is_no_corpus_is_refused_by_name(corpus: Corpus, tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    corpus.save(path)
    data = path.read_bytes()
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    for content in (data[: len(data) // 2], b"", b"MThd", (tmp_path / "other.npz").read_bytes()):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"c\.npz: not a prepared corpus"):
            Corpus.load(path)


def test_a_corpus_of_mapped_arrays_reaches_another_process(corpus: Corpus, tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        first = [store.append(arrays_of(piece)) for piece in corpus.pieces]
        store.map()
    pieces = tuple(
        CorpusPiece(piece.name, piece.split, *store.arrays(place, piece.num_steps))
        for piece, place in zip(corpus.pieces, first, strict=True)
    )
    mapped = dataclasses.replace(corpus, pieces=pieces, store=store)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(attrgetter("checksum"), (mapped,)) == corpus.checksum
    assert mapped.store is store


def arrays_of(piece: CorpusPiece) -> Arrays:
    """What a store keeps of a piece of which nobody says how loud it is."""
    return piece.states, piece.voices, piece.conditions, np.zeros_like(piece.voices)
