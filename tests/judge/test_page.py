"""The page: whole, safe, and in need of nothing else."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from biaxial.corpora.splits import FolderItem
from biaxial.judge.judge import Judge, Judgement
from biaxial.judge.page import page
from biaxial.judge.reference import Reference
from biaxial.music.score import Score
from biaxial.tasks.model import Model

VOID = {"meta", "br", "line", "rect", "circle", "path", "polyline"}
Attributes = list[tuple[str, str | None]]


class Reader(HTMLParser):
    """Collects tags, and fails where one is closed that is not open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID or (tag == "rect" and not self.get_starttag_text().endswith("/>")):  # type: ignore[union-attr]
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "circle":
            return
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def count(self, tag: str, kind: str = "") -> int:
        return sum(name == tag and kind in (attributes.get("class") or "") for name, attributes in self.tags)


@pytest.fixture(scope="module")
def judged(bach: Reference, hymns: list[FolderItem], model: Model) -> list[Judgement]:
    return Judge(bach, model.in_style()).judge([(f"<b>{item.name}</b> & more", item.score) for item in hymns[:3]])


def test_a_page_is_well_formed_and_has_all_pieces(judged: list[Judgement], bach: Reference) -> None:
    html = page(judged, bach, "Hymns <script>alert(1)</script>")
    read = Reader(html)
    assert read.open == []
    assert read.count("details") == len(judged)
    assert read.count("circle", "corpus") == len(bach.pieces)
    assert read.count("circle", "pieces") == len(judged)
    notes = sum(len(each.reading.score.notes) for each in judged)
    assert sum(read.count("rect", kind) for kind in ("v0", "v1", "v2", "v3")) == notes
    assert read.count("rect", "surprise") > 0
    assert read.count("rect", "broken") > 0
    assert "<script" not in html
    assert "<b>train" not in html
    assert "&lt;b&gt;train/0&lt;/b&gt; &amp; more" in html


def test_a_page_needs_nothing_from_elsewhere(judged: list[Judgement], bach: Reference) -> None:
    html = page(judged, bach, "Hymns")
    assert not [attributes for _, attributes in Reader(html).tags if {"src", "srcset", "data"} & attributes.keys()]
    links = [attributes["href"] for tag, attributes in Reader(html).tags if "href" in attributes]
    assert links
    assert all(str(link).startswith("#") for link in links)
    assert "url(" not in html
    assert "@import" not in html


def test_a_learning_curve_is_drawn_where_there_is_one(judged: list[Judgement], bach: Reference) -> None:
    curve = {"train_nats": [(1, 3.0), (2, 2.0)], "valid_nats": [(1, 2.5), (2, 2.25)]}
    assert "Learning curve" not in page(judged, bach, "Hymns")
    html = page(judged, bach, "Hymns", curve)
    assert "the best on held-out pieces is 2.250" in html
    assert Reader(html).count("polyline", "curve") == 2


def test_music_to_which_little_applies_has_a_page_too(bach: Reference, piano: Score, model: Model) -> None:
    found = Judge(bach, model.in_style()).judge([("piano", piano)])
    html = page(found, bach, "Piano")
    assert "no likelihood was taken" in html
    assert Reader(html).count("rect", "vn") == len(piano.notes)
    assert "nan" not in html.lower().replace("contrary", "")
