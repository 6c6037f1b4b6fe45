"""Mutations of MusicXML: entities, absurd elements, nesting, encodings."""

from __future__ import annotations

import re

from scripts.drills.mutate_any import Draw

_BEFORE_XML = (
    '<!DOCTYPE x [<!ENTITY a "'
    + "ha" * 500
    + '">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]>",
    '<!DOCTYPE x [<!ENTITY j "' + "q" * 200_000 + '">]>',
    '<!DOCTYPE x [<!ENTITY j SYSTEM "file:///etc/hostname">]>',
    '<!DOCTYPE x [<!ENTITY % j SYSTEM "file:///etc/hostname"> %j;]>',
    '<!DOCTYPE x [<!ENTITY j "&k;"><!ENTITY k "&j;">]>',
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://localhost:9/partwise.dtd">',
)
_XML = (
    "<staves>999999</staves>", "<beats>99999999</beats>", '<repeat direction="backward" times="999999999"/>',
    '<sound dacapo="yes" dalsegno="x" segno="x" tocoda="x" coda="x" fine="yes" tempo="0"/>', "<dot/>" * 2000,
    "<forward><duration>99999999999</duration></forward>", "<backup><duration>99999999</duration></backup>",
    "<note><rest/><duration>-1</duration></note>", "<note><rest/><duration>1e300</duration></note>",
    '<attributes><divisions>0</divisions></attributes>', "<multiple-rest>99999999</multiple-rest>",
    "<attributes><transpose><chromatic>999999999</chromatic><octave-change>99999</octave-change></transpose></attributes>",
    "<attributes><key><fifths>99999999</fifths></key></attributes>",
    "<attributes><divisions>1e-300</divisions></attributes>",
    "<attributes><time><beats>9999999</beats><beat-type>4</beat-type></time></attributes>",
    "<attributes><time><beats>4</beats><beat-type>1073741824</beat-type></time></attributes>",
    "<attributes><measure-style><multiple-rest>9999999</multiple-rest></measure-style></attributes>",
    "<harmony><root><root-step>C</root-step></root><kind>major</kind><degree><degree-value>9999999</degree-value>"
    "<degree-alter>1</degree-alter><degree-type>add</degree-type></degree></harmony>",
    "<harmony><root><root-step>C</root-step><root-alter>99999</root-alter></root><kind>major</kind>"
    "<inversion>99999999</inversion></harmony>",
    "<note><pitch><step>C</step><alter>9999999</alter><octave>4</octave></pitch><duration>1</duration></note>",
    "<note><pitch><step>C</step><octave>99999999</octave></pitch><duration>1</duration><type>1024th</type></note>",
    "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration><time-modification><actual-notes>99999999"
    "</actual-notes><normal-notes>1</normal-notes></time-modification></note>",
    '<barline><ending number="1,2,3" type="start"/><repeat direction="forward"/></barline>', "&j;", "&b;&c;&j;" * 50,
)  # fmt: skip


def xml_entities(data: bytes, draw: Draw) -> bytes:
    """Entities that grow or loop, and a reference to them in a text."""
    body = re.sub(rb"<!DOCTYPE[^>]*>", b"", data)
    head = re.match(rb"\s*<\?xml[^>]*\?>", body)
    cut = head.end() if head else 0
    texts = [match.end() for match in re.finditer(rb"<(part-name|words|step|duration|work-title)>", body)]
    reference = draw.choice((b"&j;", b"&j;" * 5000, b"&a;", b"&j;&k;"))
    place = max(draw.choice(texts), cut) if texts else len(body)
    return body[:cut] + draw.choice(_BEFORE_XML).encode() + body[cut:place] + reference + body[place:]


def xml_piece(data: bytes, draw: Draw) -> bytes:
    """An absurd element somewhere."""
    places = [
        match.end() for match in re.finditer(rb"<measure[^>]*>|</note>|</attributes>|<attributes>|</pitch>", data)
    ]
    place = draw.choice(places or [len(data)])
    return data[:place] + draw.choice(_XML).encode() + data[place:]


def xml_nested(data: bytes, draw: Draw) -> bytes:
    """Elements in one another."""
    depth = draw.choice((50, 1000, 30_000, 300_000))
    tag = draw.choice(("note", "measure", "part", "a", "attributes", "score-partwise", "direction"))
    nest = (f"<{tag}>" * depth + f"</{tag}>" * draw.choice((depth, 0))).encode()
    place = draw.choice([match.end() for match in re.finditer(rb">", data)] or [0])
    return data[:place] + nest + data[place:]


def xml_encoded(data: bytes, draw: Draw) -> bytes:
    """Another encoding, stated or not."""
    text = re.sub(r"<\?xml[^>]*\?>", "", data.decode("utf-8", "ignore"))
    name = draw.choice(("utf-16", "latin-1", "utf-8-sig", "utf-7", "rot13", "idna", "x" * 500))
    coded = text.encode(name if name in ("utf-16", "latin-1", "utf-8-sig", "utf-7") else "utf-8", "ignore")
    stated = f'<?xml version="1.0" encoding="{draw.choice((name, "UTF-8", "ascii", "unicode_escape"))}"?>'
    return draw.choice((stated.encode() + coded, (stated + text).encode("utf-16", "ignore"), coded))


def xml_many(data: bytes, draw: Draw) -> bytes:
    """Very many measures, notes, parts or attributes."""
    for tag in draw.sample(["measure", "note", "part", "score-part"], 4):
        found = re.search(rf"<{tag}[ >].*?</{tag}>".encode(), data, re.DOTALL)
        if found:
            times = min(draw.choice((10, 50, 100, 200_000)), 12_000_000 // len(found[0]))
            return data[: found.end()] + found[0] * times + data[found.end() :]
    return data
