"""Pages draw and do nothing else, and every note on them has the document's id."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from biaxial.music.errors import InputError
from biaxial.studio.messages import Chord, Document, Note, Render, Word
from biaxial.studio.pages import clean, engraved
from tests.studio.conftest import chorale, tune

pytest.importorskip("verovio", reason="pages need verovio: pip install -e '.[dev]'")


@pytest.mark.parametrize("staves", [2, 4])
def test_every_note_has_its_id(staves: int) -> None:
    long = Note("long", 0, 32, 40, 72, True, "you")  # tied over two bar lines
    document = chorale(8, length=80, title="T", words=(Word(0, "Wo"),), chords=(Chord(0, "C"),), fermatas=(28,))
    document = replace(document, notes=(*document.notes, long))
    pages = engraved(Render(document, staves=staves, width=90)).pages  # type: ignore[arg-type]
    found = [name for page in pages for name in re.findall(r'class="note" data-note="([^"]+)"', page)]
    found += [name for page in pages for name in re.findall(r'data-note="([^"]+)"[^>]*class="note"', page)]
    assert set(found) == {note.id for note in document.notes}
    assert found.count("long") == 3
    assert len(found) == len(document.notes) + 2
    ids = [name for page in pages for name in re.findall(r' id="([^"]+)"', page)]
    assert len(ids) == len(set(ids))


def test_no_style_no_link_no_size() -> None:
    for page in engraved(Render(chorale(8, title="T"))).pages:
        root = ElementTree.fromstring(page)
        names = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert names <= {"svg", "g", "defs", "path", "rect", "ellipse", "polygon", "polyline", "text", "tspan", "use"}
        attributes = {name for element in root.iter() for name in element.attrib}
        assert not {"style", "onclick"} & attributes
        links = {element.get("href") for element in root.iter() if element.get("href")}
        ids = {element.get("id") for element in root.iter()}
        assert links
        assert {str(link)[1:] for link in links} <= ids
        assert not {"width", "height"} & set(root.attrib)
        assert root.get("viewBox")


def test_what_is_not_drawing_is_dropped() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="x()">'
        "<script>x()</script><style>g {}</style><foreignObject><p/></foreignObject><image href='http://e.example/a'/>"
        '<a href="javascript:x()"><path d="M0 0"/></a><animate/><set/><!-- c --><?pi?>'
        '<g class="note" id="n1.2" onclick="x()" style="fill:red"><use xlink:href="#a"/><use href="http://e.example/#a"/>'
        "<text>&lt;script&gt;</text></g></svg>"
    )
    made = clean(svg, 3)
    for bad in (
        "<script",
        "style",
        "foreign",
        "image",
        "<a",
        "animate",
        "set",
        "onload",
        "onclick",
        "example",
        "javascript",
    ):
        assert bad not in made
    assert 'data-note="n1"' in made
    assert 'href="#p3-a"' in made
    assert "&lt;script&gt;" in made


def test_a_narrow_page_has_fewer_bars_on_a_line() -> None:
    document = tune(64)
    wide, narrow = (engraved(Render(document, width=width)).pages for width in (300, 80))
    systems = [sum(page.count('class="system"') for page in pages) for pages in (wide, narrow)]
    assert systems[1] > 2 * systems[0]


def test_what_cannot_be_printed_is_one_line() -> None:
    with pytest.raises(InputError, match="no length"):
        engraved(Render(Document()))
    with pytest.raises(InputError, match="60 and 400"):
        engraved(Render(chorale(2), width=10))
    assert engraved(Render(Document(length=32))).pages  # rests are a page too
