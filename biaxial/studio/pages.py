"""A document as pages of SVG that a strict page may show: known elements and attributes alone, and ids of its notes.

What is not drawing goes: styles, which the page's own sheet has, scripts, foreign objects, links, and every attribute
that is not one of drawing. Each part of a note has ``data-note``; other ids are made different on each page.
"""

from __future__ import annotations

import threading
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from biaxial.music.errors import InputError
from biaxial.music.score import Score
from biaxial.render.engraving import A4_MM, svg_pages
from biaxial.studio.documents import STEP_TICKS, check_document, score_of
from biaxial.studio.json_messages import MessageError
from biaxial.studio.messages import Document, Engraved, Render

WIDTHS: Final = (60, 400)
_SVG: Final = "http://www.w3.org/2000/svg"
_LINK: Final = "{http://www.w3.org/1999/xlink}href"
_DRAWN: Final = "svg g defs symbol path rect circle ellipse line polygon polyline text tspan use"
_SAID: Final = (
    "class color cx cy d dx dy fill fill-opacity fill-rule font-family font-size font-style font-weight height id "
    "overflow points r rx ry stroke stroke-dasharray stroke-linecap stroke-linejoin stroke-opacity stroke-width "
    "text-anchor transform version viewBox visibility width x x1 x2 y y1 y2"
)
_ELEMENTS: Final = frozenset(_DRAWN.split())
_ATTRIBUTES: Final = frozenset(_SAID.split())
_ENGRAVER = threading.Lock()
"""One page is made at a time: Verovio does not let Python go on meanwhile anyway."""

ElementTree.register_namespace("", _SVG)


def engraved(request: Render) -> Engraved:
    """The pages of a document.

    Raises
    ------
    InputError
        If it has no length, or Verovio is not installed.
    """
    document = request.document
    check_document(document)
    if not WIDTHS[0] <= request.width <= WIDTHS[1]:
        raise MessageError("width", f"{request.width} is not between {WIDTHS[0]} and {WIDTHS[1]} millimetres")
    score = score_of(document)
    if not score.length_ticks:
        raise InputError("the piece has no length, so there is nothing to print; write a note, or give it a length")
    size = request.width, max(A4_MM[1], request.width)
    with _ENGRAVER:
        pages = svg_pages(
            score,
            staves=request.staves,
            size_mm=size,
            names=note_names(document, score),
            part_names=request.staves == 4,
        )
    return Engraved(tuple(clean(page, number) for number, page in enumerate(pages, 1)))


def note_names(document: Document, score: Score) -> list[str]:
    """The ids of the notes of a document's score, in its order."""
    names = {(note.voice, note.onset * STEP_TICKS): note.id for note in document.notes}
    return [names[note.voice or 0, note.onset_ticks] for note in score.notes]


def clean(svg: str, page: int) -> str:
    """A page that draws and does nothing else.

    Parameters
    ----------
    svg
        What Verovio made.
    page
        Its number, which makes its ids different from those of other pages.
    """
    root = ElementTree.fromstring(svg)
    _clean(root, f"p{page}-")
    for name in ("width", "height"):  # as large as its place
        root.attrib.pop(name, None)
    return ElementTree.tostring(root, encoding="unicode")


def _clean(element: Element, prefix: str) -> None:
    for child in list(element):
        name = child.tag.removeprefix(f"{{{_SVG}}}") if isinstance(child.tag, str) else ""
        if name in _ELEMENTS:
            _clean(child, prefix)
        else:
            element.remove(child)
    link = element.attrib.pop(_LINK, element.attrib.pop("href", ""))
    for name in [name for name in element.attrib if name not in _ATTRIBUTES]:
        del element.attrib[name]
    if link.startswith("#"):
        element.set("href", f"#{prefix}{link[1:]}")
    if own := element.attrib.pop("id", ""):
        if "note" in element.get("class", "").split():
            element.set("data-note", own.partition(".")[0])
        element.set("id", prefix + own)
