"""One voice of ABC notation: the music of its lines -> notes, measures, chords, fermatas, words.

Times are quarter notes as fractions until the voice is finished, then ticks (480 a quarter, to the nearest). A voice
may have several layers: what stands after ``&`` sounds together with the same bar before it.

Source: the ABC standard 2.1, section 4.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from biaxial.files.limits import MAX_QUARTERS, check_notes
from biaxial.formats.abc.fields import ACCIDENTALS, AbcKey, Shift, default_unit, read_number
from biaxial.formats.abc.words import Word, WrittenNote, read_words
from biaxial.music.bar_lines import Measure
from biaxial.music.constants import MAX_PITCH, TICKS_PER_QUARTER
from biaxial.music.performance.dynamics import DynamicMarks
from biaxial.music.repeats import MAX_PASSES, Sign
from biaxial.music.score import ChordSymbol, Note, Syllable, TimeSignature
from biaxial.music.symbols import parse_chord

_LENGTH = r"(?P<{0}times>\d*)(?P<{0}slashes>/*)(?P<{0}over>\d*)"
_PITCH = r"(?P<sign>\^\^|\^|__|_|=)?(?P<letter>[A-Ga-g])(?P<octave>[,']*)"
_HEAD = re.compile(_PITCH + _LENGTH.format("") + r"(?P<tie>-?)")
_TOKEN: Final = re.compile(
    # Space, ornaments, grace notes, spacers, slurs, what the standard keeps for later, and octave marks without a note.
    r"(?P<skip>[\s`\\$*;?@#,']|:(?![|:\]])|\{[^}]*\}|y\d*|\)|\((?![\d&]))"
    r'|"(?P<text>[^"]*)"'
    r"|(?P<tie>-)|(?P<mark>[~.h-wH-W])"
    r"|!(?P<name>[^!|\s]*)!|\+(?P<old_name>[^+|\s]+)\+|(?P<line_break>!)"
    # (3abc, and in full (3:2:3abc: three notes in the time of two, for the next three.
    r"|\((?P<tuplet>\d)(?::(?P<in_time>\d*))?(?::(?P<of>\d*))?"
    # Bar lines and repeats with the number of an ending, which may also stand alone.
    r"|(?P<bar>:*\[?\|+[\]|:]*|::+|:+\]|\[:+\|*)(?:\s*\[?(?P<number>\d[\d,.-]*))?|\[(?P<ending>\d[\d,.-]*)"
    r"|(?P<note>" + re.sub(r"\?P<\w+>", "?:", _HEAD.pattern) + r")"
    r"|\[(?P<chord>[^\]|]*)\]" + _LENGTH.format("c") + r"(?P<ctie>-?)"
    r'|\["(?P<quoted>\d[\d,.-]*)"'
    r"|(?P<rest>[zx])" + _LENGTH.format("r") + r"|[ZX](?P<bars>\d*)"
    r"|(?P<broken>>+|<+)"
    r"|(?P<overlay>&)(?![&)])"
)
_NOT_SUPPORTED: Final = {
    "(&": "an overlay of several bars",
    "&": "an overlay of several bars",
    "^/": "a quarter tone",
    "_/": "a quarter tone",
}
_INSIDE_CHORDS: Final = re.compile(r"!([^!|\s]*)!|\+([^+|\s]+)\+|\"[^\"]*\"|([~.h-wH-W])")
_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
MAX_CHORD_NAME_LENGTH: Final = 40
"""Most letters of a chord symbol; a longer text is an annotation."""
MAX_STROKES: Final = 8
"""Most strokes of ``A//`` and signs of ``A>>B``: each halves a length, and eight of them make 1/256."""

MAX_LAYERS: Final = 8
"""Most voices that ``&`` makes of one."""
MAX_VERSES: Final = 32
"""Most verses."""
FERMATAS: Final = ("fermata", "invertedfermata")
ACCENTS: Final = (">", "accent", "emphasis")
HAIRPINS: Final = {"<(": True, "crescendo(": True, ">(": False, "diminuendo(": False}
"""What begins a hairpin, and whether it is a crescendo."""
HAIRPIN_ENDS: Final = ("<)", "crescendo)", ">)", "diminuendo)")

_TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}


class NotSupportedError(ValueError):
    """A sign that ABC has and this reader does not know."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not supported")


@dataclass(eq=False)
class _Sound:
    """A note that may still grow by a tie or a broken rhythm."""

    onset: Fraction
    length: Fraction
    pitch: int
    has_fermata: bool


_Place = tuple[str, int]
"""Letter and octave of a note as it is written."""


class VoiceReader:
    """Reads the music of one voice, line by line.

    Parameters
    ----------
    key, metre, unit
        What the header says; without a unit length the metre decides.
    shift
        How much higher the voice sounds than it is written.
    fermata_marks, accent_marks
        Letters that stand for a fermata or an accent; they may change as the tune goes on.
    """

    def __init__(
        self,
        key: AbcKey,
        metre: TimeSignature | None,
        unit: Fraction | None,
        shift: Shift,
        fermata_marks: Collection[str] = ("H",),
        accent_marks: Collection[str] = ("L",),
    ) -> None:
        self.key = key
        self.unit = unit or default_unit(metre)
        self.shift = shift
        self.chords: list[ChordSymbol] = []
        self.measures: list[Measure] = []
        self.signs: list[Sign] = []
        self._verses: list[list[Word]] = []
        self._metre, self._fermata_marks, self._accent_marks = metre, fermata_marks, accent_marks
        self._layers: list[list[_Sound]] = [[]]
        self._ties: list[dict[_Place, _Sound]] = [{}]
        self._layer = 0
        self._struck: dict[_Place, _Sound] = {}
        self._now = self._bar = self._overlaid = Fraction(0)
        self._accidentals: dict[_Place, int] = {}
        self._last: tuple[list[_Sound], Fraction] = ([], Fraction(0))
        self._broken = Fraction(1)
        self._tuplet, self._in_tuplet = Fraction(1), 0
        self._fermata, self._marks = False, DynamicMarks()
        self._line: list[WrittenNote] = []
        self._verse = 0
        self._num_bars = 0

    @property
    def has_music(self) -> bool:
        """Whether anything, be it a rest, has been read."""
        return self._now > 0

    @property
    def length_ticks(self) -> int:
        """Length of what has been read."""
        return _ticks(self._now)

    def layers(self) -> list[list[Note]]:
        """The notes of each layer, tied ones merged, as loud as its marks say; those of the voice are the first."""
        return [
            self._marks.heard(
                [Note(on, max(_ticks(s.onset + s.length) - on, 1), s.pitch) for s in layer for on in [_ticks(s.onset)]]
            )
            for layer in self._layers
        ]

    def fermatas(self) -> set[int]:
        """Onsets, in ticks, of the notes with a fermata."""
        return {_ticks(sound.onset) for layer in self._layers for sound in layer if sound.has_fermata}

    def verses(self) -> list[tuple[Syllable, ...]]:
        """The words, verse by verse."""
        return [tuple(Syllable(_ticks(w.onset), w.text, w.goes_on) for w in verse) for verse in self._verses]

    def begin_line(self) -> None:
        """A new line of music, which may have words of its own."""
        self._line, self._verse = [], 0

    def read_words(self, text: str) -> None:
        """Read the words of the line: the first time its first verse, then the next one.

        Raises
        ------
        ValueError
            If a syllable is too long, or there are more than :data:`MAX_VERSES`.
        """
        if self._verse == len(self._verses):
            if self._verse == MAX_VERSES:
                raise ValueError(f"more than {MAX_VERSES} verses")
            self._verses.append([])
        self._verses[self._verse] += read_words(text, self._line)
        self._verse += 1

    def change_metre(self, metre: TimeSignature | None) -> None:
        """Go on in another metre, with a new bar."""
        self._end_bar()
        self._metre = metre

    def read(self, music: str) -> None:
        """Read a line, or a part of one.

        Raises
        ------
        NotSupportedError
            If it has a sign of ABC that this reader does not know.
        ValueError
            If it has a sign that ABC does not know.
        """
        position = 0
        while position < len(music):
            token = _TOKEN.match(music, position)
            if token is None:
                for sign, what in _NOT_SUPPORTED.items():
                    if music.startswith(sign, position):
                        raise NotSupportedError(what)
                raise ValueError(f"{music[position : position + 12]!r} is not music that can be read here")
            position = token.end()
            self._read_token(token)

    def finish(self) -> None:
        """Close the last bar."""
        self._end_bar()

    def _read_token(self, token: re.Match[str]) -> None:
        if token["note"]:
            self._strike([token["note"]], Fraction(1), False)
        elif token["chord"] is not None:
            for mark in _INSIDE_CHORDS.finditer(token["chord"]):
                self._mark(mark[1] or mark[2], mark[3])
            heads = [head[0] for head in _HEAD.finditer(_INSIDE_CHORDS.sub("", token["chord"]))]
            if len(heads) > MAX_PITCH:
                raise ValueError(f"a chord of {len(heads)} notes")
            self._strike(heads, _factor(token, "c"), bool(token["ctie"]))
        elif token["rest"]:
            self._advance([], self.unit * _factor(token, "r"))
        elif token["bars"] is not None:
            metre = self._metre or TimeSignature()
            for _ in range(read_number(token["bars"] or "1")):
                self._advance([], Fraction(4 * metre.numerator, metre.denominator))
                self._end_bar()
        elif token["bar"]:
            self._end_bar()
            self._read_bar_line(token["bar"], token["number"])
        elif token["ending"] or token["quoted"]:
            self._read_ending(token["ending"] or token["quoted"])
        elif token["text"] is not None:
            self._read_text(token["text"])
        elif token["broken"]:
            self._break(token["broken"])
        elif token["tie"]:
            self._ties[self._layer] = dict(self._struck)
        elif token["overlay"]:
            self._overlay()
        elif token["tuplet"]:
            count = int(token["tuplet"])
            compound = self._metre is not None and self._metre.numerator % 3 == 0 and self._metre.denominator >= 8
            in_time = read_number(token["in_time"] or "0") or _TUPLETS.get(count, 3 if compound else 2)
            if count:
                self._tuplet, self._in_tuplet = Fraction(in_time, count), read_number(token["of"] or "0") or count
        else:
            self._mark(token["name"] or token["old_name"], token["mark"])

    def _mark(self, name: str | None, letter: str | None) -> None:
        """A decoration: a fermata, an accent, or what says how loud it goes on; of others nothing is kept."""
        self._fermata |= name in FERMATAS or letter in self._fermata_marks
        tick = _ticks(self._now)
        if name in ACCENTS or letter in self._accent_marks:
            self._marks.accents.add(tick)
        elif name in HAIRPINS:
            self._marks.open(tick, grows=HAIRPINS[name])
        elif name in HAIRPIN_ENDS:
            self._marks.close(tick)
        elif name is not None:
            self._marks.mark(tick, name)

    def _read_bar_line(self, bar: str, number: str | None) -> None:
        tick, inside = _ticks(self._now), bar.strip(":")
        ends, starts = len(bar) - len(bar.lstrip(":")), bar.endswith(":")
        if ends:
            self.signs.append(Sign(tick, "end", min(ends + 1, MAX_PASSES) if inside else 2))
        elif "]" in inside or "[" in inside or "||" in inside:
            self.signs.append(Sign(tick, "stop"))
        if starts:
            self.signs.append(Sign(tick, "start"))
        if number is not None:
            self._read_ending(number)

    def _read_ending(self, text: str) -> None:
        """The number of an ending: ``1``, ``1,3``, ``2-4``; from the second one on, nothing is tied into it."""
        numbers: set[int] = set()
        for first, last in re.findall(r"(\d+)(?:-(\d+))?", text):
            numbers.update(range(read_number(first), read_number(last or first) + 1))
        numbers = {number for number in numbers if 1 <= number <= MAX_PASSES}
        if numbers:
            self.signs.append(Sign(_ticks(self._now), "ending", numbers=tuple(sorted(numbers))))
        if 1 not in numbers:
            self._ties = [{} for _ in self._ties]

    def _overlay(self) -> None:
        """Go back to the beginning of the bar, in another layer."""
        self._overlaid = max(self._overlaid, self._now)
        self._now = self._bar
        self._layer += 1
        if self._layer == MAX_LAYERS:
            raise ValueError(f"more than {MAX_LAYERS} voices in a bar")
        if self._layer == len(self._layers):
            self._layers.append([])
            self._ties.append({})
        self._struck, self._accidentals = {}, {}

    def _strike(self, heads: list[str], factor: Fraction, all_tied: bool) -> None:
        """Notes that begin together; the first one's length counts, as in print."""
        sounds: list[_Sound] = []
        struck: dict[_Place, _Sound] = {}
        tied: dict[_Place, _Sound] = {}
        lengths = []
        for head in heads:
            match = _HEAD.fullmatch(head)
            assert match is not None
            octave = match["letter"].islower() + match["octave"].count("'") - match["octave"].count(",")
            place = (match["letter"].upper(), octave)
            before = self._ties[self._layer].get(place)
            lengths.append(self.unit * _factor(match, "") * factor)
            if match["sign"]:
                self._accidentals[place] = ACCIDENTALS[match["sign"]]
            pitch = 60 + self.shift.semitones + 12 * octave + _LETTERS[place[0]]
            pitch += self._accidentals.get(place, self.key.letters.get(place[0], 0))
            if before is not None and not match["sign"]:
                pitch = before.pitch
            sound = _Sound(self._now, Fraction(0), pitch, self._fermata)
            if before is not None and before.pitch == pitch and before.onset + before.length == self._now:
                before.has_fermata |= self._fermata
                sound = before
            else:
                self._layers[self._layer].append(sound)
            if sound not in sounds:
                sounds.append(sound)
            struck[place] = sound
            if match["tie"] or all_tied:
                tied[place] = sound
        check_notes(sum(map(len, self._layers)))
        if sounds:
            self._fermata = False
            if self._layer == 0:
                self._line.append(WrittenNote(self._now, self._num_bars))
            self._advance(sounds, lengths[0])
            self._struck, self._ties[self._layer] = struck, tied

    def _advance(self, sounds: list[_Sound], length: Fraction) -> None:
        length *= self._broken
        self._broken = Fraction(1)
        if self._in_tuplet:
            length *= self._tuplet
            self._in_tuplet -= 1
        for sound in sounds:
            sound.length += length
        self._now += length
        if self._now > MAX_QUARTERS:
            raise ValueError(f"the piece is longer than {MAX_QUARTERS} quarter notes")
        self._last = (sounds, length)
        self._struck, self._ties[self._layer] = {}, {}

    def _break(self, signs: str) -> None:
        """``A>B``: the first takes half of the second (``>>`` three quarters); ``<`` the other way round."""
        if len(signs) > MAX_STROKES:
            raise ValueError(f"{len(signs)} signs {signs[0]} in a row")
        small = Fraction(1, 2 ** len(signs))
        first, self._broken = (2 - small, small) if signs[0] == ">" else (small, 2 - small)
        sounds, length = self._last
        for sound in sounds:
            sound.length += length * (first - 1)
        self._now += length * (first - 1)

    def _end_bar(self) -> None:
        self._now, self._overlaid, self._layer = max(self._now, self._overlaid), Fraction(0), 0
        if self._now > self._bar:
            start, end = _ticks(self._bar), _ticks(self._now)
            if self._metre is not None and end > start:
                self.measures.append(Measure(start, end - start, self._metre))
            self._bar = self._now
            self._num_bars += 1
        self._accidentals = {}

    def _read_text(self, text: str) -> None:
        """A chord symbol; annotations (``"^slowly"``) and other words are passed over."""
        if len(text) > MAX_CHORD_NAME_LENGTH:
            return
        try:
            classes, bass = parse_chord(text)
        except ValueError:
            return
        onset = _ticks(self._now)
        if self.chords and self.chords[-1].onset_ticks == onset:
            self.chords.pop()
        self.chords.append(ChordSymbol(onset, classes, bass, text.strip()))


def _factor(match: re.Match[str], prefix: str) -> Fraction:
    """A length as a multiple of the unit: ``3``, ``/``, ``//``, ``3/2``."""
    times = Fraction(read_number(match[f"{prefix}times"] or "1"))
    slashes, over = len(match[f"{prefix}slashes"]), match[f"{prefix}over"]
    if slashes > MAX_STROKES:
        raise ValueError(f"{slashes} strokes in a row")
    if not slashes:
        return times
    return times / (read_number(over) or 1) if over else times / 2**slashes


def _ticks(quarters: Fraction) -> int:
    return round(quarters * TICKS_PER_QUARTER)
