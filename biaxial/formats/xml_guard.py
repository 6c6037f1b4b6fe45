"""Files of printed music, looked through before music21 makes objects of them.

music21 takes a millisecond and ten kilobytes for every note, makes a list as long as the upper number of a time
signature, and a part for every staff that a file says it has. What is damaged or hostile ends here, in milliseconds.
"""

from __future__ import annotations

import codecs
import re
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Final
from xml.etree import ElementTree
from xml.parsers import expat

from biaxial.files.limits import MEBIBYTE, read_within
from biaxial.files.zip_members import check_members, read_member

MAX_XML_BYTES: Final = 16 * MEBIBYTE
"""Largest MusicXML, unpacked. A Beethoven quartet of 40 minutes has 11 MB, as many as any file of music21's corpus."""
MAX_XML_DEPTH: Final = 50
"""Deepest nesting; MusicXML has less than 20 levels."""
MAX_ELEMENTS: Final = 500_000
"""Most elements; that quartet has 194,000."""
MAX_OBJECTS: Final = 40_000
"""Most of what stands in a measure: notes, rests, directions, and the measures themselves. That quartet has 29,000, for
which music21 needs a quarter of a minute."""
MAX_PARTS: Final = 200
"""Most parts; the largest orchestral scores have sixty."""
MAX_NUMBERS: Final = {
    "beats": 64,
    "beat-type": 64,
    "staves": 16,
    "fifths": 14,
    "alter": 10,
    "root-alter": 10,
    "bass-alter": 10,
    "degree-alter": 10,
    "degree-value": 21,
    "inversion": 10,
    "octave": 20,
    "octave-change": 10,
    "diatonic": 128,
    "chromatic": 128,
    "actual-notes": 1000,
    "normal-notes": 1000,
    "divisions": 1_000_000,
    "duration": 1_000_000_000,
}
"""Largest number in an element, where music21 would count up to it, and in times."""

_DEPTH_OF_OBJECTS = 4  # score-partwise, part, measure, note
_MUSIC_SUFFIXES = (".musicxml", ".xml", ".mxl")
_NUMBER = re.compile(r"\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")


def read_musicxml(path: Path) -> ElementTree.Element:
    """The root element of a MusicXML file, packed or not.

    Raises
    ------
    ValueError, expat.ExpatError
        If it is no XML, defines entities, or goes beyond a limit; the message does not say which file.
    InputError
        If it is too large.
    OSError
        If it cannot be opened.
    """
    data = read_within(path, MAX_XML_BYTES)
    if path.suffix.lower() == ".mxl" and zipfile.is_zipfile(BytesIO(data)):
        data = _unpacked(data)
    tree = _Tree()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.EntityDeclHandler = tree.entity
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.builder.data
    parser.Parse(data.decode("utf-16") if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else data, True)
    return tree.builder.close()


def _unpacked(data: bytes) -> bytes:
    """The music of a packed file: its first member with the suffix of some."""
    check_members(data)
    with zipfile.ZipFile(BytesIO(data)) as packed:
        for member in packed.infolist():
            if "META-INF" not in member.filename and member.filename.endswith(_MUSIC_SUFFIXES):
                return read_member(packed, member, MAX_XML_BYTES)
    raise ValueError("there is no MusicXML in it")


class _Tree:
    """Builds the elements and counts them."""

    def __init__(self) -> None:
        self.builder = ElementTree.TreeBuilder()
        self._open: list[ElementTree.Element] = []
        self._num_elements = self._num_objects = self._num_parts = 0

    def entity(self, name: str, *_: object) -> None:
        raise ValueError(f"it defines an entity, {name[:40]!r}, which music does not need")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._num_elements += 1
        self._num_objects += len(self._open) < _DEPTH_OF_OBJECTS
        self._num_parts += tag in ("part", "score-part")
        if len(self._open) >= MAX_XML_DEPTH:
            raise ValueError(f"its elements are nested more than {MAX_XML_DEPTH} deep")
        if self._num_elements > MAX_ELEMENTS or self._num_objects > MAX_OBJECTS:
            raise ValueError(f"it has more than {MAX_OBJECTS} notes and measures, or {MAX_ELEMENTS} elements")
        if self._num_parts > 2 * MAX_PARTS:
            raise ValueError(f"it has more than {MAX_PARTS} parts")
        names = {_qualified(name): value for name, value in attributes.items()}
        self._open.append(self.builder.start(_qualified(tag), names))

    def end(self, tag: str) -> None:
        self.builder.end(_qualified(tag))
        element = self._open.pop()
        largest = MAX_NUMBERS.get(tag)
        if largest is not None and any(float(n) > largest for n in _NUMBER.findall(element.text or "")):
            raise ValueError(f"<{tag}> is {(element.text or '')[:40].strip()}, and {largest} is the most")


def _qualified(name: str) -> str:
    """A name with its namespace as ElementTree writes it."""
    return "{" + name if "}" in name else name
