"""Repeat signs and endings at the bar lines of a page."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement

from biaxial.formats.musicxml.notes import add
from biaxial.formats.page.written_bars import Bar
from biaxial.music.repeats import Ending, Repeat


def left_signs(measure: Element, bar: Bar, repeats: Iterable[Repeat]) -> None:
    """Write the bar line at the beginning of a measure, where there is one to be seen."""
    starts = bar.start > 0 and any(repeat.start_ticks == bar.start for repeat in repeats)
    begun = [ending for repeat in repeats for ending in repeat.endings if ending.start_ticks == bar.start]
    if not starts and not begun:
        return
    line = SubElement(measure, "barline", location="left")
    if starts:
        add(line, "bar-style", "heavy-light")
    if begun:
        SubElement(line, "ending", number=_numbers(begun[0]), type="start")
    if starts:
        SubElement(line, "repeat", direction="forward")


def right_signs(measure: Element, bar: Bar, repeats: Iterable[Repeat], *, is_last: bool) -> None:
    """Write the bar line at the end of a measure, where it is not a plain one."""
    ended = [(r, e) for r in repeats for e in r.endings if e.end_ticks == bar.end]
    whole = [r for r in repeats if not r.endings and r.end_ticks == bar.end]
    goes_back = bool(whole) or any(number < repeat.times for repeat, ending in ended for number in ending.numbers)
    if not goes_back and not ended and not is_last:
        return
    line = SubElement(measure, "barline", location="right")
    if goes_back or is_last:
        add(line, "bar-style", "light-heavy")
    if ended:
        SubElement(line, "ending", number=_numbers(ended[0][1]), type="stop" if goes_back or is_last else "discontinue")
    if goes_back:
        sign = SubElement(line, "repeat", direction="backward")
        if whole and whole[0].times > 2:
            sign.set("times", str(whole[0].times))


def _numbers(ending: Ending) -> str:
    return ",".join(map(str, ending.numbers))
