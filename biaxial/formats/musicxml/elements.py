"""Elements with text, whatever the text is."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def add(parent: Element, tag: str, text: str | int) -> Element:
    """Append an element with a text, without the control characters and lone surrogates that XML forbids."""
    element = SubElement(parent, tag)
    element.text = _NOT_XML.sub("", text) if isinstance(text, str) else str(text)
    return element
