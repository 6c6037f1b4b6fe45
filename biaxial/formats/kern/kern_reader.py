"""Read Humdrum kern.

The time of a line is that at which a column that has something new is free for it; all columns of a well-formed file
agree on it. A bar line stands where the next line of notes does. Repeats are those of the bar lines, or those that a
list of sections makes. Notes are those that sound, also of transposing instruments. Columns of words (``**text``,
``**silbe``) belong to the part on their left, those of dynamics (``**dynam``) to all parts between them and the column
of dynamics before; those of harmony and fingering are passed over.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from biaxial.formats.kern.columns import Cell, Columns, Row, Spine, kern_rows
from biaxial.formats.kern.kern_notes import MAX_TOKEN_LENGTH, Event, PartNotes, event_of
from biaxial.formats.kern.sections import repeats_of_sections
from biaxial.formats.written_music import UNEQUAL, Line, Page, left_out, playable_tempo, ticks
from biaxial.music.bar_lines import Measure
from biaxial.music.errors import InputError
from biaxial.music.parts import Part, Parts
from biaxial.music.performance.dynamics import DynamicMarks
from biaxial.music.repeats import Repeat, Sign, in_order, repeats_of
from biaxial.music.score import Key, Syllable, TimeSignature

MAX_METRE: Final = 64
"""Largest number in a metre."""

_TITLES = ("OTL", "OTP", "OTA", "OMD")
_RECORD = re.compile(r"!!!([A-Z]{3})(?:@[^:]*)?:\s*(.*)")
_METRE = re.compile(r"\*M(\d{1,3}(?:\+\d{1,3})*)/(\d{1,3})(?!\d)")
_KEY = re.compile(r"\*([A-Ga-g])([#-]?):(\w*)")
_MODES = {
    "ion": "ionian", "dor": "dorian", "phr": "phrygian", "lyd": "lydian", "mix": "mixolydian", "aeo": "aeolian",
    "loc": "locrian",
}  # fmt: skip
_LETTER = re.compile(r"[a-gA-G]")
_WORDS = ("text", "silbe", "lyrics")
_INSTRUMENTS = {
    "soprn": "Soprano", "cant": "Soprano", "mezzo": "Mezzo-soprano", "calto": "Alto", "alto": "Alto",
    "tenor": "Tenor", "barit": "Baritone", "bass": "Bass", "vox": "Voice", "piano": "Piano", "organ": "Organ",
    "cemba": "Harpsichord", "violn": "Violin", "vioin": "Violin", "violin": "Violin", "viola": "Viola",
    "cello": "Violoncello", "cbass": "Contrabass", "flt": "Flute", "oboe": "Oboe", "clars": "Clarinet",
    "fagot": "Bassoon", "cor": "Horn", "tromp": "Trumpet", "guitr": "Guitar", "arpa": "Harp",
}  # fmt: skip


def read_kern(path: str | os.PathLike[str]) -> Parts:
    """Read a kern file.

    Each column that begins with ``**kern`` is a part with all the columns that it splits into, the last column the
    first part, as on a page. Two parts of two columns each are four parts, as in a hymn book.

    Raises
    ------
    InputError
        If it cannot be read, or holds no part or more than one piece: one line that names the file, what is wrong and
        what to do.
    OSError
        If it cannot be opened.
    """
    path = Path(path)
    columns, sheet = Columns([], []), _Sheet()
    try:
        for row in kern_rows(path, columns):
            sheet.take(row, columns)
        if columns.num_pieces > 1:
            raise InputError(f"{path}: it holds {columns.num_pieces} pieces; give a file with one")
        if not columns.num_pieces:
            raise ValueError("there is no line of **kern in it")
        if not any(spine.kind == "kern" for spine in columns.spines):
            raise InputError(f"{path}: it has no parts; give a file with music")
        return sheet.page(columns.spines).parts()
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{path}: cannot be read as music ({error}); export it again, or save it as MIDI") from error


@dataclass
class _Sheet:
    """What has been read so far; times are in quarter notes."""

    parts: dict[Spine, PartNotes] = field(default_factory=dict)
    now: Fraction = Fraction(-1)
    bars: set[Fraction] = field(default_factory=set)
    metres: dict[Fraction, TimeSignature] = field(default_factory=dict)
    signatures: dict[Spine, tuple[int | None, str | None]] = field(default_factory=dict)
    tempos: list[float] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)
    words: dict[Spine, dict[Spine, list[Syllable]]] = field(default_factory=dict)
    """By part, and within it by column of words."""
    loose: list[int] = field(default_factory=list)
    """Lines at which the columns do not meet."""
    length: Fraction = Fraction(0)
    num_written: int = 0
    """Notes, counted by their letters alone."""
    num_unequal: int = 0
    signs: list[Sign] = field(default_factory=list)
    sections: list[tuple[int, str]] = field(default_factory=list)
    order: str = ""
    """Names of sections as they are played, with commas."""
    _bars_wait: list[str] = field(default_factory=list)
    _sections_wait: list[str] = field(default_factory=list)
    _metre_waits: TimeSignature | None = None

    def take(self, row: Row, columns: Columns) -> None:
        """Take a line.

        Raises
        ------
        ValueError
            If it is not kern; the message names the line and not the file.
        """
        if found := _RECORD.match(row.record):
            self.titles.setdefault(found[1], html.unescape(found[2]).strip())
        cells = [cell for cell in row.cells if cell.track.spine.kind == "kern"]
        if columns.num_pieces > 1 or not cells:
            return
        try:
            if cells[0].text.startswith("="):
                self._bars_wait.append(cells[0].text)
            elif any(cell.text.startswith("*") for cell in cells):
                for cell in cells:
                    self._tandem(cell)
            else:
                self._notes(row, [cell for cell in cells if cell.text != "."], columns)
        except ValueError as error:
            raise ValueError(f"line {row.number}: {error}") from None

    def _tandem(self, cell: Cell) -> None:
        text, spine = cell.text, cell.track.spine
        part = self.parts.setdefault(spine, PartNotes())
        sharps, mode = self.signatures.get(spine, (None, None))
        if re.match(r"\*M\d", text):
            self._metre_waits = _metre(text)
        elif text.startswith("*MM"):
            stated = text[3:].strip()
            self.tempos += [float(stated)] if re.fullmatch(r"\d{1,4}(\.\d{1,4})?", stated) else []
        elif text.startswith("*k[") and sharps is None:
            self.signatures[spine] = text.count("#") - text.count("-"), mode
        elif (found := _KEY.fullmatch(text)) and mode is None:
            mode = _MODES.get(found[3], "minor" if found[1].islower() else "major")
            if sharps is None and not found[3]:
                sharps = Key.from_name(f"{found[1].upper()}{found[2].replace('-', 'b')} {mode}").fifths
            self.signatures[spine] = sharps, mode
        elif found := re.fullmatch(r"\*>\[([^\]]*)\]", text):
            self.order = self.order or found[1]
        elif found := re.fullmatch(r"\*>(\w+)", text):
            self._sections_wait.append(found[1])
        elif text.startswith('*I"'):
            part.name = text[3:].strip()
        elif text.startswith("*I") and not part.name:
            part.name = _INSTRUMENTS.get(text[2:].lower(), "")

    def _notes(self, row: Row, cells: Sequence[Cell], columns: Columns) -> None:
        events = [(cell, event_of(cell.text)) for cell in cells]
        timed = [(cell, event) for cell, event in events if not event.is_grace]
        if timed:
            self._move_on(row.number, [cell for cell, _ in timed], columns)
        for cell, event in events:
            self.num_written += sum("r" not in mark and _LETTER.search(mark) is not None for mark in cell.text.split())
            self.num_unequal += event.unequal
            self.parts.setdefault(cell.track.spine, PartNotes()).add(event, max(self.now, Fraction(0)), cell.voice)
            if not event.is_grace:
                cell.track.end = self.now + event.quarters
                self.length = max(self.length, cell.track.end)
        if timed:
            self._sing(row, [spine for spine in columns.spines if spine.kind == "kern"], timed)
        self._shade(row)

    def _move_on(self, number: int, cells: Sequence[Cell], columns: Columns) -> None:
        ends = {cell.track.end for cell in cells}
        now = max(ends)
        if now <= self.now:  # all that begins here has rested for a while
            open_ends = [track.end for track in columns.tracks if track.spine.kind == "kern" and track.end > self.now]
            now = min(open_ends, default=self.now)
        if len(ends) > 1:
            self.loose.append(number)
        self.now = now
        self._place_bars(now)
        if self._metre_waits is not None:
            self.metres[now] = self._metre_waits
        self._metre_waits = None

    def _place_bars(self, now: Fraction) -> None:
        """Bar lines and names of sections that were read stand here."""
        for line in self._bars_wait:
            self.bars.add(now)
            if re.search(r":[|!]", line):
                self.signs.append(Sign(ticks(now), "end"))
            if re.search(r"[|!]:", line):
                self.signs.append(Sign(ticks(now), "start"))
        self.sections += [(ticks(now), name) for name in self._sections_wait]
        self._bars_wait, self._sections_wait = [], []

    def _sing(self, row: Row, parts: Sequence[Spine], timed: Sequence[tuple[Cell, Event]]) -> None:
        sounding = {cell.track.spine for cell, event in timed if event.heads}
        owner: Spine | None = None
        for text, track, _ in row.cells:
            if track.spine in parts:
                owner = track.spine
            elif owner in sounding and track.spine.kind in _WORDS and text.strip(".-_ |"):
                verses = self.words.setdefault(owner, {}).setdefault(track.spine, [])
                verses.append(Syllable(ticks(self.now), text.strip("-_ |"), text.endswith("-")))

    def _shade(self, row: Row) -> None:
        """What columns of dynamics say, to the parts on their left."""
        owners: list[Spine] = []
        tick = ticks(max(self.now, Fraction(0)))
        for text, track, _ in row.cells:
            if track.spine.kind == "dynam":
                for owner in owners if text != "." else ():
                    _take_dynamics(self.parts.setdefault(owner, PartNotes()).marks, tick, text)
                owners = []
            elif track.spine.kind == "kern":
                owners.append(track.spine)

    def page(self, spines: Sequence[Spine]) -> Page:
        """All that was read."""
        self._place_bars(self.length)
        from_top = [spine for spine in reversed(spines) if spine.kind == "kern"]
        parts = [self.parts.get(spine, PartNotes()) for spine in from_top]
        lines = _four_lines(parts) or [part.line() for part in parts]
        sharps, mode = self.signatures.get(from_top[0], (None, None))
        repeats, disorder = self._repeats()
        return Page(
            lines=lines,
            measures=self._measures(),
            length_ticks=ticks(self.length),
            sharps=sharps,
            mode=mode,
            tempo_bpm=playable_tempo(self.tempos),
            title=next((self.titles[code] for code in _TITLES if self.titles.get(code)), ""),
            verses=[
                tuple(verse) for verse in next((self.words[s].values() for s in from_top if s in self.words), [()])
            ],
            repeats=repeats,
            remarks=[*self._remarks(parts), *disorder],
        )

    def _repeats(self) -> tuple[Sequence[Repeat], list[str]]:
        end = ticks(self.length)
        if not self.order:
            return repeats_of(in_order(self.signs), end), []
        found = repeats_of_sections(self.order.split(","), sorted(set(self.sections)), end)
        if found is None:
            return (), [f"its sections are played in the order {self.order[:60]}, which is not kept"]
        return found, []

    def _measures(self) -> list[Measure]:
        changes = sorted(self.metres.items())
        end = ticks(self.length)
        starts = sorted({0, *(ticks(bar) for bar in self.bars)} - {end}) if end else []
        measures = []
        for start, after in zip(starts, [*starts, end][1:], strict=True):
            before = [metre for time, metre in changes if ticks(time) <= start]
            measures.append(Measure(start, after - start, before[-1] if before else TimeSignature()))
        return measures

    def _remarks(self, parts: Sequence[PartNotes]) -> list[str]:
        num_grace = sum(part.num_grace for part in parts)
        remarks = left_out(
            written=self.num_written,
            read=sum(len(part.notes) + part.num_joined for part in parts),
            reasons={"grace notes": num_grace},
        )
        if self.num_unequal:
            remarks.append(UNEQUAL.format(self.num_unequal))
        if self.loose:
            remarks.append(
                f"the columns do not meet at line {self.loose[0]}"
                + (f" and {len(self.loose) - 1} others" if len(self.loose) > 1 else "")
                + ": what was too short rests until the others are there"
            )
        return remarks


def _take_dynamics(marks: DynamicMarks, tick: int, text: str) -> None:
    """A token of dynamics: ``p``, ``sf``, ``<`` or ``>`` where a hairpin begins, ``[`` or ``]`` where it ends."""
    for sign in re.findall(r"[a-z]+|[<>\[\]]", text[:MAX_TOKEN_LENGTH]):
        if sign in "<>":
            marks.open(tick, grows=sign == "<")
        elif sign in "[]":
            marks.close(tick)
        else:
            marks.mark(tick, sign)


def _metre(text: str) -> TimeSignature:
    found = _METRE.match(text)
    upper, lower = (sum(map(int, found[1].split("+"))), int(found[2])) if found else (0, 0)
    if found and lower == 0:  # of double whole notes
        upper, lower = upper * 2 ** len(found[2]), 1
    if not found or not 0 < upper <= MAX_METRE or lower > MAX_METRE:
        raise ValueError(f"{text[:20]!r} is not a time signature")
    return TimeSignature.from_name(f"{upper}/{lower}")


def _four_lines(parts: Sequence[PartNotes]) -> list[Line] | None:
    """Four voices in two parts, two columns each all through; ``None`` if there is anything else."""
    if len(parts) != 2 or any({voice for _, voice in part.notes} != {0, 1} for part in parts):
        return None
    lines = []
    for part in parts:
        names = part.name.split()
        for voice, name in enumerate(names if len(names) == 2 else ("", "")):
            lines.append(replace(part.line(voice), name=name))
    are_lines = (Part("", tuple(sorted(line.notes, key=lambda note: note.onset_ticks))).is_line for line in lines)
    return lines if all(are_lines) else None
