"""Reads a MusicXML page as a person does, from what is printed: the signature, the accidentals of the bar, types, dots,
tuplets, ties, bar lines. What the file says besides (alterations, durations, the place in the bar) is only compared.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple
from xml.etree.ElementTree import Element, fromstring

Q = 480
_TYPES: dict[str, int | Fraction] = {
    "breve": 8,
    "whole": 4,
    "half": 2,
    "quarter": 1,
    "eighth": Fraction(1, 2),
    "16th": Fraction(1, 4),
}
_TYPES |= {"32nd": Fraction(1, 8), "64th": Fraction(1, 16), "128th": Fraction(1, 32)}
_SIGNS = {"flat-flat": -2, "flat": -1, "natural": 0, "sharp": 1, "double-sharp": 2}
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


class Sounding(NamedTuple):
    """A note: where it begins, how long it is, its pitch."""

    onset: int
    length: int
    pitch: int


class Page(NamedTuple):
    """What a page says: the notes of each part and voice, its bars, and where its fermatas stand."""

    notes: dict[tuple[int, str], list[Sounding]]
    bars: list[tuple[int, int]]
    fermatas: set[int]


def text_of(element: Element, path: str) -> str:
    found = element.findtext(path)
    assert found is not None, path
    return found


def read_page(text: str) -> Page:
    """Read a document, and check that each bar is filled and that what is printed agrees with what is said."""
    root = fromstring(text)
    found: dict[tuple[int, str], list[Sounding]] = {}
    fermatas: set[int] = set()
    bars: list[tuple[int, int]] = []
    for number, part in enumerate(root.findall("part")):
        bar, usual = 0, dict.fromkeys(_STEPS, 0)
        tied: dict[tuple[str, int], int] = {}  # (voice, pitch): place in found of the note that goes on
        starts = []
        for measure in part.findall("measure"):
            fifths = measure.findtext("attributes/key/fifths")
            if fifths is not None:
                order = "FCGDAEB" if int(fifths) > 0 else "BEADGCF"
                usual |= dict.fromkeys(order[: abs(int(fifths))], 1 if int(fifths) > 0 else -1)
            end = _read_measure(measure, bar, usual, found, number, tied, fermatas)
            starts.append((bar, end))
            bar = end
        assert not tied, "every tie ends"
        assert bars in ([], starts), "the bars of all parts are the same"
        bars = starts
    return Page({key: sorted(notes) for key, notes in found.items()}, bars, fermatas)


def _read_measure(
    measure: Element,
    bar: int,
    usual: dict[str, int],
    found: dict[tuple[int, str], list[Sounding]],
    part: int,
    tied: dict[tuple[str, int], int],
    fermatas: set[int],
) -> int:
    now, start, ends = bar, bar, set()
    heads: list[tuple[int, int, int, Element]] = []
    for element in measure:
        if element.tag in ("backup", "forward"):
            length = int(text_of(element, "duration"))
            if element.tag == "backup":
                ends.add(now)
            now += length if element.tag == "forward" else -length
        if element.tag != "note":
            continue
        length = int(text_of(element, "duration"))
        kind = element.findtext("type")
        if kind is not None:
            printed = _TYPES[kind] * Q * (Fraction(3, 2) if element.find("dot") is not None else 1)
            if element.find("time-modification") is not None:
                printed *= Fraction(2, 3)
            assert printed == length
        if element.find("chord") is None:
            start = now
            now += length
        if element.find("pitch") is not None:
            heads.append((start, len(heads), length, element))
    ends.add(now)
    (end,) = ends  # every voice fills the bar
    said: dict[tuple[str, str, int], int] = {}
    for start, _, length, element in sorted(heads):
        letter, octave = text_of(element, "pitch/step"), int(text_of(element, "pitch/octave"))
        alter = int(element.findtext("pitch/alter") or 0)
        voice, staff = text_of(element, "voice"), element.findtext("staff") or ""
        kinds = [tie.get("type") for tie in element.findall("tie")]
        assert kinds == [tie.get("type") for tie in element.findall("notations/tied")]
        sign = element.findtext("accidental")
        if sign is not None:
            said[staff, letter, octave] = _SIGNS[sign]
        pitch = 12 * (octave + 1) + _STEPS[letter] + alter
        line = found.setdefault((part, voice), [])
        if "stop" in kinds:
            assert sign is None
            place = tied.pop((voice, pitch))
            before = line[place]
            assert before.onset + before.length == start, "a tie leads to the next note"
            line[place] = before._replace(length=before.length + length)
        else:
            assert said.get((staff, letter, octave), usual[letter]) == alter, "the printed sign is the one that sounds"
            place = len(line)
            line.append(Sounding(start, length, pitch))
        if "start" in kinds:
            tied[voice, pitch] = place
        if element.find("notations/fermata") is not None:
            fermatas.add(line[place].onset)
    return end
