"""Which style a piece has."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from biaxial.corpora.corpus import Corpus
from biaxial.models.config import PRESETS
from biaxial.music.errors import InputError
from biaxial.training.style_sources import styled, with_styles


def named(corpus: Corpus, *names: str) -> Corpus:
    """A corpus of pieces with these names."""
    pieces = zip(corpus.pieces, names, strict=False)
    return dataclasses.replace(corpus, pieces=tuple(dataclasses.replace(piece, name=name) for piece, name in pieces))


def styles(corpus: Corpus) -> list[str | None]:
    return [piece.style for piece in corpus.pieces]


def test_without_a_source_nothing_has_a_style(corpus: Corpus) -> None:
    (found,) = styled([corpus], "")
    assert set(styles(found)) == {None}


def test_each_corpus_has_a_name(corpus: Corpus) -> None:
    own, mixed = styled([corpus, corpus], "hymn,bach")
    assert set(styles(own)) == {"hymn"}
    assert set(styles(mixed)) == {"bach"}
    assert own.checksum == corpus.checksum
    assert with_styles(PRESETS["tiny"], [own, mixed], "hymn,bach").styles == ("hymn", "bach")
    knowing = dataclasses.replace(PRESETS["tiny"], styles=("bach", "haydn"))
    assert with_styles(knowing, [own, mixed], "hymn,bach").styles == ("bach", "haydn", "hymn")


def test_folders_are_styles_but_for_those_of_splits(corpus: Corpus) -> None:
    names = ("haydn/op20/1.mxl", "train/haydn/2.mxl", "mozart/valid/3", "4", "test/5")
    (found,) = styled([named(corpus, *names)], "folders")
    assert styles(found) == ["haydn", "haydn", "mozart", None, None]
    assert with_styles(PRESETS["tiny"], [found], "folders").styles == ("haydn", "mozart")


def test_a_table_says_the_style_of_each_file(corpus: Corpus, tmp_path: Path) -> None:
    table = tmp_path / "styles.CSV"
    table.write_text("composer,file,style\nx,a/1.mid,baroque\nx,2.mxl,classical\nx,3.mxl,\n", "utf-8-sig")
    (found,) = styled([named(corpus, "a/1", "2.mxl", "3.mxl", "4")], str(table))
    assert styles(found) == ["baroque", "classical", None, None]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("bach,hymn", "--styles bach,hymn has 2 names; give one, of CORPUS"),
        ("folders", "--styles folders: no piece lies in a folder below the corpus, so that none has a style"),
        ("empty.csv", "it names no file of the corpus"),
        ("other.csv", "not a table of styles ('file'); give rows under a head file,style"),
        ("binary.csv", "not a table of styles"),
        ("short.csv", "not a table of styles"),
        ("nowhere.csv", "not a table of styles"),
    ],
)
def test_what_gives_no_styles_is_refused(
    corpus: Corpus, source: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty.csv").write_text("file,style\nx.mid,bach\n")
    Path("other.csv").write_text("name,style\nx.mid,bach\n")
    Path("binary.csv").write_bytes(b"\xff\x00\xfe")
    Path("short.csv").write_text("file,style\nx.mid\n")
    with pytest.raises(InputError) as error:
        styled([corpus], source)
    assert line in str(error.value)


def test_a_folder_may_have_a_name_that_cannot_be_asked_for(corpus: Corpus) -> None:
    (found,) = styled([named(corpus, "Haydn, Joseph/1")], "folders")
    with pytest.raises(InputError, match="--styles folders: 'Haydn, Joseph' is not a name of a style"):
        with_styles(PRESETS["tiny"], [found], "folders")
