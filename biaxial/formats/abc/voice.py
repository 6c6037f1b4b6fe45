r"""One voice of ABC notation: the music of its lines -> notes, measures, chords, fermatas and words.

Times are quarter notes as fractions until the voice is finished, then ticks (480 a quarter, to the nearest).

Words are lines of syllables (``w:``) under the line of music above them. A space or a hyphen ends a syllable; ``_`` and
``*`` pass over a note, and so does each further hyphen; ``|`` goes on to the next bar; ``~`` is a space and ``\-`` a
hyphen within a syllable. Every note that is written counts, a tied one too.

Source: the ABC standard 2.1; words are its section 5.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

from biaxial.files.limits import MAX_QUARTERS, check_notes
from biaxial.formats.abc.fields import ACCIDENTALS, AbcKey, default_unit, read_number
from biaxial.music.bar_lines import Measure
from biaxial.music.constants import MAX_PITCH, TICKS_PER_QUARTER
from biaxial.music.score import ChordSymbol, Note, Syllable, TimeSignature
from biaxial.music.symbols import parse_chord

MAX_SYLLABLE_LENGTH: Final = 100
"""Most letters of a syllable."""

_SYLLABLE = re.compile(r"\||_|\*|(?:\\-|[^\s|_*\-])+-?|-")


class WrittenNote(NamedTuple):
    """A note or chord of a line: when it begins, in quarter notes, and in which bar it is, counted anyhow."""

    onset: Fraction
    bar: int


class Word(NamedTuple):
    """A syllable under a note, and whether the word goes on."""

    onset: Fraction
    text: str
    goes_on: bool


def read_words(text: str, notes: Sequence[WrittenNote]) -> list[Word]:
    """Lay a line of syllables under notes; what is too many is left out.

    Raises
    ------
    ValueError
        If a syllable has more than :data:`MAX_SYLLABLE_LENGTH` letters.
    """
    words: list[Word] = []
    place = 0
    bar = notes[0].bar if notes else 0
    for token in _SYLLABLE.findall(text):
        if token == "|":
            bar += 1
            while place < len(notes) and notes[place].bar < bar:
                place += 1
            continue
        if token not in ("_", "*", "-") and place < len(notes):
            if len(token) > MAX_SYLLABLE_LENGTH:
                raise ValueError(f"a syllable of {len(token)} letters, {token[:20]!r}")
            goes_on = token.endswith("-") and not token.endswith("\\-")
            said = (token[:-1] if goes_on else token).replace("\\-", "-").replace("~", " ")
            words.append(Word(notes[place].onset, said, goes_on))
        place += 1
    return words


_LENGTH = r"(?P<{0}times>\d*)(?P<{0}slashes>/*)(?P<{0}over>\d*)"
_PITCH = r"(?P<sign>\^\^|\^|__|_|=)?(?P<letter>[A-Ga-g])(?P<octave>[,']*)"
_HEAD = re.compile(_PITCH + _LENGTH.format("") + r"(?P<tie>-?)")
_TOKEN: Final = re.compile(
    # Space, ornaments (letters that U: may define too), grace notes, spacers, slurs.
    r"(?P<skip>[\s`\\$*;?@~.h-wI-W-]|:(?![|:])|\{[^}]*\}|y\d*|\)|\((?!\d))"
    r'|"(?P<text>[^"]*)"'
    r"|(?P<fermata>H|[!+](?:inverted)?fermata[!+])"
    r"|(?P<decoration>![^!|]*!|\+[^+|]*\+|!)"
    # (3abc, and in full (3:2:3abc: three notes in the time of two, for the next three.
    r"|\((?P<tuplet>\d)(?::(?P<in_time>\d*))?(?::(?P<of>\d*))?"
    # Bar lines and repeats with the number of an ending, which may also stand alone.
    r"|(?P<bar>:*\[?\|+[\]|:]*|::+)(?:\s*\[?\d[\d,.-]*)?|(?P<ending>\[\d[\d,.-]*)"
    r"|(?P<note>" + re.sub(r"\?P<\w+>", "?:", _HEAD.pattern) + r")"
    r"|\[(?P<chord>[^\]|]*)\]" + _LENGTH.format("c") + r"(?P<ctie>-?)"
    r"|(?P<rest>[zx])" + _LENGTH.format("r") + r"|[ZX](?P<bars>\d*)"
    r"|(?P<broken>>+|<+)"
)
_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
MAX_CHORD_NAME_LENGTH: Final = 40
"""Most letters of a chord symbol; a longer text is an annotation."""
MAX_STROKES: Final = 8
"""Most strokes of ``A//`` and signs of ``A>>B``: each halves a length, and eight of them make 1/256."""

_TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}


@dataclass(eq=False)
class _Sound:
    """A note that may still grow by a tie or a broken rhythm."""

    onset: Fraction
    length: Fraction
    pitch: int
    has_fermata: bool


class VoiceReader:
    """Reads the music of one voice, line by line.

    Parameters
    ----------
    key, metre, unit
        What the header says; without a unit length the metre decides.
    shift
        Semitones by which the voice sounds higher than it is written.
    """

    def __init__(self, key: AbcKey, metre: TimeSignature | None, unit: Fraction | None, shift: int) -> None:
        self.key = key
        self.unit = unit or default_unit(metre)
        self.chords: list[ChordSymbol] = []
        self.measures: list[Measure] = []
        self.words: list[Word] = []
        self._metre, self._shift = metre, shift
        self._sounds: list[_Sound] = []
        self._now = self._bar = Fraction(0)
        self._accidentals: dict[tuple[str, int], int] = {}
        self._tied: dict[tuple[str, int], _Sound] = {}
        self._last: tuple[list[_Sound], Fraction] = ([], Fraction(0))
        self._broken = Fraction(1)
        self._tuplet, self._in_tuplet = Fraction(1), 0
        self._fermata = False
        self._line: list[WrittenNote] = []
        self._has_words = False
        self._num_bars = 0

    @property
    def has_music(self) -> bool:
        """Whether anything, be it a rest, has been read."""
        return self._now > 0

    @property
    def length_ticks(self) -> int:
        """Length of what has been read."""
        return _ticks(self._now)

    def notes(self) -> list[Note]:
        """The notes, tied ones merged."""
        return [
            Note(on, max(_ticks(s.onset + s.length) - on, 1), s.pitch) for s in self._sounds for on in [_ticks(s.onset)]
        ]

    def fermatas(self) -> set[int]:
        """Onsets, in ticks, of the notes with a fermata."""
        return {_ticks(sound.onset) for sound in self._sounds if sound.has_fermata}

    def lyrics(self) -> tuple[Syllable, ...]:
        """The first verse."""
        return tuple(Syllable(_ticks(onset), text, goes_on) for onset, text, goes_on in self.words)

    def begin_line(self) -> None:
        """A new line of music, which may have words of its own."""
        self._line, self._has_words = [], False

    def read_words(self, text: str) -> None:
        """Read the words of the line; of several verses the first is kept.

        Raises
        ------
        ValueError
            If a syllable is too long.
        """
        if not self._has_words:
            self.words += read_words(text, self._line)
        self._has_words = True

    def change_metre(self, metre: TimeSignature | None) -> None:
        """Go on in another metre, with a new bar."""
        self._end_bar()
        self._metre = metre

    def read(self, music: str) -> None:
        """Read a line, or a part of one.

        Raises
        ------
        ValueError
            If it has a sign that ABC does not know, or that this reader does not (``&``, a second voice in a line).
        """
        position = 0
        while position < len(music):
            token = _TOKEN.match(music, position)
            if token is None:
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
            heads = [head[0] for head in _HEAD.finditer(re.sub(r"![^!]*!", "", token["chord"]))]
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
        elif token["text"] is not None:
            self._read_text(token["text"])
        elif token["broken"]:
            self._break(token["broken"])
        elif token["tuplet"]:
            count = int(token["tuplet"])
            compound = self._metre is not None and self._metre.numerator % 3 == 0 and self._metre.denominator >= 8
            in_time = read_number(token["in_time"] or "0") or _TUPLETS.get(count, 3 if compound else 2)
            if count:
                self._tuplet, self._in_tuplet = Fraction(in_time, count), read_number(token["of"] or "0") or count
        elif token["fermata"]:
            self._fermata = True

    def _strike(self, heads: list[str], factor: Fraction, all_tied: bool) -> None:
        """Notes that begin together; the first one's length counts, as in print."""
        sounds: list[_Sound] = []
        tied: dict[tuple[str, int], _Sound] = {}
        lengths = []
        for head in heads:
            match = _HEAD.fullmatch(head)
            assert match is not None
            octave = match["letter"].islower() + match["octave"].count("'") - match["octave"].count(",")
            place = (match["letter"].upper(), octave)
            before = self._tied.get(place)
            lengths.append(self.unit * _factor(match, "") * factor)
            if match["sign"]:
                self._accidentals[place] = ACCIDENTALS[match["sign"]]
            pitch = 60 + self._shift + 12 * octave + _LETTERS[place[0]]
            pitch += self._accidentals.get(place, self.key.letters.get(place[0], 0))
            if before is not None and not match["sign"]:
                pitch = before.pitch
            sound = _Sound(self._now, Fraction(0), pitch, self._fermata)
            if before is not None and before.pitch == pitch and before.onset + before.length == self._now:
                before.has_fermata |= self._fermata
                sound = before
            else:
                self._sounds.append(sound)
            if sound not in sounds:
                sounds.append(sound)
            if match["tie"] or all_tied:
                tied[place] = sound
        check_notes(len(self._sounds))
        if sounds:
            self._fermata = False
            self._line.append(WrittenNote(self._now, self._num_bars))
            self._advance(sounds, lengths[0])
            self._tied = tied

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
        self._tied = {}

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
