"""A tree of MusicXML made plain, in place, before music21 makes objects of it.

What music21 reads otherwise than it is meant, or not at all, is written out here: a note of a chord stands right after
the chord's first, cue notes become empty time, every note of a part on several staves has a staff, a sign that repeats
bars becomes those bars, a metre is one fraction, bars last as long as what is in them, and a note says how loud it is.
What is counted on the way says later whether all notes were read. Durations are in quarter notes here, bars in ticks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from biaxial.formats.musicxml.plain_attributes import Attributes
from biaxial.formats.musicxml.plain_dynamics import PartDynamics
from biaxial.formats.written_music import UNEQUAL, ticks

ROUNDED: Final = Fraction(1, 24)
"""A bar is full that is shorter than its metre by less, in quarter notes, if the difference is not a sixteenth or a
twelfth of one: durations were rounded. So is one that is up to half a quarter note longer by such a difference."""

_FOUR_QUARTERS = Fraction(4)
_TIMED = ("note", "backup", "forward")
_STEPS = frozenset("ABCDEFG")
_NUMBER = re.compile(r"\d{1,12}(\.\d{0,12})?")
_LEFT_OUT = {"cue notes": "cue", "grace notes": "grace", "percussion notes": "unpitched"}


@dataclass
class Plain:
    """What has been found in a tree.

    Parameters
    ----------
    bars
        Lengths of the bars in ticks, those of all parts at once.
    num_written
        Notes, of every kind, each as often as it is written.
    left_out
        Kinds of notes that are not read, and how many there are.
    key_is_unknown
        Whether the first part begins with a signature that no key has.
    remarks
        One line each.
    """

    bars: list[int] = field(default_factory=list)
    num_written: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    key_is_unknown: bool = False
    remarks: list[str] = field(default_factory=list)


@dataclass
class _Bar:
    """How long the content of a bar is, by what it is, and the metre that it stands in, in quarter notes."""

    metre: Fraction | None = None
    sounding: Fraction = Fraction(0)
    resting: Fraction = Fraction(0)
    empty: Fraction = Fraction(0)
    may_be_short: bool = False


def make_plain(root: Element) -> Plain:
    """Change a tree whose root is ``score-partwise``, and say what was found in it.

    Raises
    ------
    ValueError
        If it cannot be read; the message names the part and the bar and not the file.
    """
    found, bars, dynamics = Plain(), list[_Bar](), list[PartDynamics]()
    counts: Counter[str] = Counter()
    for number, part in enumerate(root.findall("part"), 1):
        reader = _PartReader(found, counts, Attributes(), part.findall("measure"))
        dynamics.append(reader.dynamics)
        try:
            reader.attributes.set_staves(part)
        except ValueError as error:
            raise ValueError(f"part {number}: {error}") from None
        for index, measure in enumerate(reader.measures):
            if index == len(bars):
                bars.append(_Bar(may_be_short=index == 0 or measure.get("implicit") == "yes"))
            try:
                reader.take(index, bars[index])
            except ValueError as error:
                name = (measure.get("number") or str(index + 1))[:20]
                raise ValueError(f"part {number}, bar {name}: {error}") from None
        found.key_is_unknown |= number == 1 and reader.attributes.key_is_unknown
        counts.update(reader.attributes.counts)
    found.bars = [_length(bar, is_last=bar is bars[-1]) for bar in bars]
    starts = list(accumulate(found.bars, initial=0))
    for part_dynamics in dynamics:
        part_dynamics.tell_notes(starts)
    found.remarks += [remark.format(counts[name]) for name, remark in _REMARKS.items() if counts[name]]
    return found


_REMARKS = {
    "unequal": UNEQUAL,
    "tied": "notes with a tie that is drawn and not said to sound, which were joined: {}",
    "repeated": "bars that a sign stands for, which were written out: {}",
    "stray": "notes of a chord that is not there, each read by itself: {}",
    "rootless": "chord symbols without a root, which were passed over: {}",
    "undivided": "it does not say what lengths are counted in (no <divisions>): 1 was read as a quarter note",
    "keys": "signatures that no key has, which were passed over: {}",
    "free": "signs that end the metre, after which bars are as long as what is in them: {}",
    "beats": "signs that repeat beats, which were passed over: {}",
}
"""Remarks, with places for the number of times that they hold."""


def _length(bar: _Bar, *, is_last: bool) -> int:
    """Length of a bar in ticks; where parts differ, that of the longest."""
    length = bar.sounding
    if not length or not bar.may_be_short:
        length = max(length, min(bar.resting, bar.metre or bar.resting))
    if not length or not is_last:
        length = max(length, bar.empty)
    if bar.metre and length:
        difference = length - bar.metre
        fits = any((difference * parts).denominator == 1 for parts in (16, 12))
        if not fits and -ROUNDED < difference <= Fraction(1, 2):
            length = bar.metre
    return ticks(length or bar.metre or _FOUR_QUARTERS)


@dataclass
class _PartReader:
    """One part, bar by bar."""

    found: Plain
    counts: Counter[str]
    attributes: Attributes
    measures: Sequence[Element]
    dynamics: PartDynamics = field(default_factory=PartDynamics)

    def take(self, index: int, bar: _Bar) -> None:
        measure = self.measures[index]
        self._repeat(index)
        self.counts["stray"] += _gather_chords(measure)
        for note in measure.findall("note"):
            self._look_through(note)
        self.counts["rootless"] += _drop_rootless(measure)
        _drop_cues(measure)
        num_notes = len(measure.findall("note"))
        now, before, head = Fraction(0), Fraction(0), measure
        for element in list(measure):
            if element.tag == "attributes":
                self.attributes.take(element)
            elif element.tag == "backup":
                now = max(now - self._duration(element, measure), Fraction(0))
            elif element.tag == "forward":
                now += self._duration(element, measure)
                bar.empty = max(bar.empty, now)
            elif element.tag in ("direction", "sound"):
                self.dynamics.direction(index, now + self._offset(element, measure), element)
            elif element.tag == "note" and element.find("grace") is None:
                if element.find("chord") is None:
                    head, before = element, now
                self.dynamics.note(index, before, element, head)
                now = max(now, before + self._length(element, head, measure))
                if _fills_bar(element, alone=num_notes == 1):
                    bar.resting = max(bar.resting, now)
                else:
                    bar.sounding = max(bar.sounding, now)
        bar.metre = bar.metre or self.attributes.metre

    def _look_through(self, note: Element) -> None:
        pitch, is_rest = note.find("pitch"), note.find("rest") is not None
        if pitch is not None:
            _check_pitch(pitch)
        elif not is_rest and note.find("unpitched") is None:
            raise ValueError("a note has neither a pitch nor a rest")
        if not is_rest:
            self.found.num_written += 1
            kind = next((kind for kind, tag in _LEFT_OUT.items() if note.find(tag) is not None), None)
            if kind is not None:
                self.found.left_out[kind] += 1
        if self.attributes.num_staves > 1 and note.find("staff") is None:
            SubElement(note, "staff").text = "1"
        self.counts["tied"] += _join(note)

    def _length(self, note: Element, head: Element, measure: Element) -> Fraction:
        """Length of a note, in a chord that of the chord's first."""
        rest, divisions = note.find("rest"), self.attributes.divisions_in(measure)
        if rest is not None and rest.get("measure") == "yes" and note.find("duration") is None:
            SubElement(note, "duration").text = str(float((self.attributes.metre or _FOUR_QUARTERS) * divisions))
        length = self._duration(note, measure)
        if note is not head and length != self._duration(head, measure):
            self.counts["unequal"] += 1
            for tag in ("duration", "type", "dot", "time-modification"):
                for own in note.findall(tag):
                    note.remove(own)
                note.extend(deepcopy(head.findall(tag)))
            length = self._duration(head, measure)
        return length

    def _duration(self, element: Element, measure: Element) -> Fraction:
        text = (element.findtext("duration") or "").strip()
        if not _NUMBER.fullmatch(text):
            what = "a note" if element.tag == "note" else f"a <{element.tag}>"
            raise ValueError(f"{what} has the duration {text[:20]!r}" if text else f"{what} has no duration")
        return Fraction(text) / self.attributes.divisions_in(measure)

    def _offset(self, direction: Element, measure: Element) -> Fraction:
        """How long after its place a direction stands."""
        text = (direction.findtext("offset") or "").strip()
        if not _NUMBER.fullmatch(text.removeprefix("-")):
            return Fraction(0)
        return Fraction(text) / self.attributes.divisions_in(measure)

    def _repeat(self, index: int) -> None:
        """Write out a bar that a sign stands for; a bar that has notes beside the sign has been written out."""
        measure = self.measures[index]
        self.attributes.mark_repeats(measure)
        if not self.attributes.repeats or measure.find("note/pitch") is not None:
            return
        staves, back = set(self.attributes.repeats), set(self.attributes.repeats.values())
        if len(back) > 1 or (None not in staves and len(staves) < self.attributes.num_staves):
            raise ValueError("a sign that repeats a bar on one of several staves is not supported")
        if index < max(back):
            raise ValueError("a sign repeats bars that are not there")
        for element in [element for element in measure if element.tag in _TIMED]:
            measure.remove(element)
        repeated = self.measures[index - max(back)]
        measure.extend(deepcopy([element for element in repeated if element.tag in _TIMED]))
        self.counts["repeated"] += 1


def _fills_bar(note: Element, *, alone: bool) -> bool:
    """Whether it is a rest of a whole bar, whatever length it has."""
    rest = note.find("rest")
    whole = alone and (note.findtext("type") or "").strip() in ("whole", "breve") and note.find("dot") is None
    return rest is not None and (whole or rest.get("measure") == "yes")


def _check_pitch(pitch: Element) -> None:
    step, octave, alter = (pitch.findtext(tag, "").strip() for tag in ("step", "octave", "alter"))
    if step not in _STEPS:
        raise ValueError(f"a note has the step {step[:20]!r}")
    if not re.fullmatch(r"-?\d{1,2}", octave):
        raise ValueError(f"a note has the octave {octave[:20]!r}")
    if alter and not re.fullmatch(r"[-+]?\d{1,2}(\.\d*)?", alter):
        raise ValueError(f"a note is altered by {alter[:20]!r} semitones")


def _gather_chords(measure: Element) -> int:
    """Let notes of a chord stand right after its first; returns how many have none and become notes by themselves."""
    elements, last, stray = list(measure), -1, 0
    ordered: list[Element] = []
    for element in elements:
        if element.tag == "note" and (chord := element.find("chord")) is not None:
            if last >= 0:
                last += 1
                ordered.insert(last, element)
                continue
            element.remove(chord)
            stray += 1
        ordered.append(element)
        if element.tag == "note":
            last = len(ordered) - 1
    measure[:] = ordered
    return stray


def _drop_rootless(measure: Element) -> int:
    """Drop chord symbols that are degrees of a key, or nothing known; returns how many."""
    dropped = [
        harmony
        for harmony in measure.findall("harmony")
        if harmony.findtext("root/root-step", "").strip() not in _STEPS
        and harmony.findtext("kind", "").strip() != "none"
    ]
    for harmony in dropped:
        measure.remove(harmony)
    return len(dropped)


def _drop_cues(measure: Element) -> None:
    """Put empty time in the place of cue notes."""
    chords: list[list[Element]] = []
    for note in measure.findall("note"):
        if note.find("chord") is None:
            chords.append([])
        chords[-1].append(note)
    instead: dict[Element, list[Element]] = {}
    for chord in chords:
        heard = [note for note in chord if note.find("cue") is None]
        if len(heard) == len(chord):
            continue
        instead |= {note: [note] if note in heard else [] for note in chord}
        for mark in heard[0].findall("chord") if heard else ():
            heard[0].remove(mark)  # the first that sounds leads the chord
        if not heard and chord[0].find("grace") is None:
            forward = Element("forward")
            SubElement(forward, "duration").text = chord[0].findtext("duration")
            instead[chord[0]] = [forward]
    if instead:
        measure[:] = [one for element in measure for one in instead.get(element, [element])]


def _join(note: Element) -> bool:
    """Let a tie sound that is drawn, where none is said to sound; returns whether there is one."""
    drawn = {tied.get("type") for tied in note.iterfind("notations/tied")}
    kinds = [kind for kind in ("stop", "start") if drawn & {kind, "continue"}]
    if not kinds or note.find("tie") is not None or note.find("pitch") is None:
        return False
    for kind in kinds:
        SubElement(note, "tie", {"type": kind})
    return True
