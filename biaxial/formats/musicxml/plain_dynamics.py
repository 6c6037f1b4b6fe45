"""How loud each note of MusicXML is played: its marks, hairpins, accents and sounds made into an attribute of the note.

The attribute ``dynamics`` is a share of a velocity of 90, in percent, as the specification has it for notes and for
``<sound>``; a note that has one already keeps it. What stands in a part holds for all of it, whatever the staff.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final
from xml.etree.ElementTree import Element

from biaxial.formats.written_music import ticks
from biaxial.music.performance.dynamics import STRESSED, STRESSED_THEN, DynamicMarks, louder

FORTE: Final = 90
"""The velocity of 100 percent."""

_PERCENT = re.compile(r"\d{1,4}(\.\d{0,12})?")
_ACCENTS = ("accent", "strong-accent")


def percent(velocity: int) -> str:
    """What MusicXML calls a velocity."""
    return f"{velocity * 100 / FORTE:.2f}"


def _velocity(text: str | None) -> int | None:
    if text is None or not _PERCENT.fullmatch(text.strip()):
        return None
    return min(max(round(float(text) * FORTE / 100), 1), 127)


@dataclass
class PartDynamics:
    """The marks of one part and its notes, each with its bar and its place there in quarter notes."""

    _directions: list[tuple[int, Fraction, Element]] = field(default_factory=list)
    _notes: list[tuple[int, Fraction, Element, bool]] = field(default_factory=list)

    def direction(self, bar: int, place: Fraction, element: Element) -> None:
        """Take what may say how loud it goes on: a direction, or a sound."""
        self._directions.append((bar, place, element))

    def note(self, bar: int, place: Fraction, element: Element, head: Element) -> None:
        """Take a note, and the first of its chord, whose accent it shares."""
        accents = (head.find(f"notations/articulations/{name}") for name in _ACCENTS)
        self._notes.append((bar, place, element, any(accent is not None for accent in accents)))
        if element.find("notations/dynamics") is not None:
            self._directions.append((bar, place, element))

    def tell_notes(self, starts: Sequence[int]) -> None:
        """Write into each note how loud it is, where anything says so; ``starts`` are the ticks of bars."""
        marks = DynamicMarks()
        for tick, element in sorted(
            ((starts[bar] + ticks(place), element) for bar, place, element in self._directions),
            key=lambda pair: pair[0],
        ):
            _take(marks, tick, element)
        said = marks.velocities([starts[bar] + ticks(place) for bar, place, *_ in self._notes])
        for (_, _, element, has_accent), velocity in zip(self._notes, said, strict=True):
            if element.get("dynamics") is not None and _velocity(element.get("dynamics")) is None:
                del element.attrib["dynamics"]
            if has_accent:
                velocity = louder(velocity)
            if velocity is not None and element.get("dynamics") is None:
                element.set("dynamics", percent(velocity))


def _take(marks: DynamicMarks, tick: int, element: Element) -> None:
    """What a direction, a sound or a note says; what is played goes before what is printed.

    Beside a mark that stresses one note, a sound is how loud that note is, and no level that holds.
    """
    is_stress = False
    for kind in [*element.findall("direction-type"), *element.findall("notations")]:
        for dynamics in kind.findall("dynamics"):
            for printed in dynamics:
                is_other = printed.tag == "other-dynamic"
                name = (printed.text or "").strip() if is_other else printed.tag
                marks.mark(tick, name)
                is_stress |= name in STRESSED or name in STRESSED_THEN
        for wedge in kind.findall("wedge"):
            if wedge.get("type") in ("crescendo", "diminuendo"):
                marks.open(tick, grows=wedge.get("type") == "crescendo")
            elif wedge.get("type") == "stop":
                marks.close(tick)
        for words in kind.findall("words"):
            marks.word(tick, words.text or "")
    sound = element if element.tag == "sound" else element.find("sound")
    velocity = None if sound is None else _velocity(sound.get("dynamics"))
    if velocity is not None and not is_stress:
        marks.levels[tick] = velocity
