"""ABC notation -> an outline and its voices.

Why not music21, which reads ABC too: version 10.5 loses inline fields (``[K:F]``), changes of metre, fermatas, rests of
whole bars and the names of voices, mixes voices written in turns, and refuses a tune without ``L:`` and ``M:``.

Grace notes and decorations other than fermatas, accents and dynamics are dropped, and layout is passed over. What ``&``
adds to a voice is a part of its own.
An accidental holds for its octave until the bar ends, as in print, and for a note tied over the bar line.

Source: the ABC standard 2.1, https://abcnotation.com/wiki/abc:standard:v2.1.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Final

from biaxial.files.limits import checked_size, read_within
from biaxial.formats.abc.fields import (
    AbcKey,
    AbcVoice,
    Shift,
    read_key,
    read_metre,
    read_shift,
    read_tempo,
    read_unit,
    read_voice,
)
from biaxial.formats.abc.macros import Macro, expanded, read_macro
from biaxial.formats.abc.tune_lines import Line, tune_of
from biaxial.formats.abc.voice import ACCENTS, FERMATAS, NotSupportedError, VoiceReader
from biaxial.formats.written_music import DEFAULT_TEMPO_BPM
from biaxial.music.bar_lines import pickup_and_metres
from biaxial.music.errors import InputError
from biaxial.music.keys import stated_key
from biaxial.music.parts import Parts, parts_of, phrase_ends
from biaxial.music.repeats import repeats_of
from biaxial.music.score import Score, TimeSignature

_INLINE = re.compile(r"\[([A-Za-z]):([^\[\]]*)\]")

MAX_TUNE_BYTES: Final = 1 << 18
"""Most bytes of a file: a hundred times a usual tune, ten times one in four parts."""
_CP1252 = bytes((0x81, 0x8D, 0x8F, 0x90, 0x9D))
"""Bytes that stand for nothing in Windows-1252."""
_MAX_MACROS = 100
_MAX_REASON_LENGTH = 160
_MAX_REMARKS = 10


def read_abc(path: str | os.PathLike[str]) -> Parts:
    """Read an ABC file that holds one tune.

    Raises
    ------
    InputError
        If it holds several, or cannot be understood: one line that names the file and the place, what is wrong and what
        to do.
    OSError
        If it cannot be opened.
    """
    data = read_within(path, MAX_TUNE_BYTES)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1" if data.translate(None, _CP1252) != data else "cp1252")
    return parse_abc(text, os.fspath(path))


def parse_abc(text: str, name: str = "ABC text") -> Parts:
    """Read a tune in ABC; ``name`` is what messages call it.

    Raises
    ------
    InputError
        As :func:`read_abc`.
    """
    tune = _Tune()
    try:
        found = tune_of(text)
    except ValueError as error:
        raise InputError(f"{name}: {error}") from None
    for line in found.lines:
        try:
            tune.read_line(line)
        except NotSupportedError as error:
            raise InputError(f"{name}: line {line.number}: {error}; write it in another way") from None
        except ValueError as error:
            raise InputError(f"{name}: line {line.number}: {_reason(error)}; correct it there") from None
    if not tune.in_body:
        raise InputError(
            f"{name}: no K: field, so this is not an ABC tune; give one, or write a line K:C before the notes"
        )
    if found.left_out:
        tune.remark(
            f"the tune ends at the empty line before line {found.left_out_from}: what follows, {found.left_out} "
            f"line{'s' * (found.left_out > 1)}, is not music"
        )
    try:
        parts = tune.parts()
        checked_size(parts.outline)
    except ValueError as error:
        raise InputError(f"{name}: {_reason(error)}") from error
    return parts


def _reason(error: ValueError) -> str:
    """What is wrong, in one line that can be read; it may show what stands in the file."""
    text = " ".join(str(error).split())
    return text if len(text) <= _MAX_REASON_LENGTH else f"{text[: _MAX_REASON_LENGTH - 3]}..."


class _Tune:
    """What has been read so far: the header, then voices that take the lines of the body in turns."""

    def __init__(self) -> None:
        self.in_body = False
        self._title = ""
        self._tempo = DEFAULT_TEMPO_BPM
        self._has_tempo = False
        self._key = AbcKey()
        self._metre: TimeSignature | None = TimeSignature()
        self._unit: Fraction | None = None
        self._shift = Shift()
        self._known: dict[str, AbcVoice] = {}
        self._voices: dict[str, VoiceReader] = {}
        self._voice = ""
        self._macros: list[Macro] = []
        self._fermata_marks, self._accent_marks = {"H"}, {"L"}
        self._going_on: set[str] = set()
        self._remarks: list[str] = []

    def remark(self, text: str) -> None:
        """Keep something to be said to the user, once."""
        if text and text not in self._remarks and len(self._remarks) < _MAX_REMARKS:
            self._remarks.append(text)

    def read_line(self, line: Line) -> None:
        """Read one line of the tune."""
        if line.field:
            self._read_field(line.field, line.content)
        elif self.in_body:
            begun: set[str] = set(self._going_on)
            for kind, content in _pieces(expanded(line.content, self._macros)):
                if kind:
                    self._read_field(kind, content)
                else:
                    voice = self._current()
                    if content.strip() and self._voice not in begun:
                        voice.begin_line()
                        begun.add(self._voice)
                    voice.read(content)
            self._going_on = begun if line.content.endswith("\\") else set()

    def _read_field(self, kind: str, content: str) -> None:
        if kind == "T":
            self._title = self._title or re.sub(r"\\([\\%&])", r"\1", content.strip())
        elif kind == "Q" and not self._has_tempo and (tempo := read_tempo(content)) is not None:
            self._tempo, self._has_tempo = tempo, True
        elif kind == "w" and self.in_body:
            self._current().read_words(content)
        elif kind == "V":
            key = content.split()[0] if content.split() else ""
            self._known[key] = read_voice(content, self._known.get(key))
            if self.in_body:
                self._voice = key
                voice = self._current()
                voice.shift = voice.shift.changed(read_shift(content.strip().partition(" ")[2]))
        elif kind == "K":
            stated, remark = read_key(content)
            self.remark(remark)
            if not self.in_body:
                self._key, self._shift, self.in_body = stated or AbcKey(), read_shift(content), True
            else:
                voice = self._current()
                voice.key, voice.shift = stated or voice.key, voice.shift.changed(read_shift(content))
        elif kind == "M" and not self.in_body:
            self._metre = read_metre(content)
        elif kind == "M":
            self._current().change_metre(read_metre(content))
        elif kind == "L" and not self.in_body:
            self._unit = read_unit(content)
        elif kind == "L":
            self._current().unit = read_unit(content)
        elif kind == "P" and not self.in_body and len(re.findall("[A-Za-z]", content)) > 1:
            self.remark(f"its parts are played in the order {content.strip()[:40]}, which is not kept")
        elif kind == "U":
            self._define(content)
        elif kind == "m":
            self._macros.append(read_macro(content))
            if len(self._macros) > _MAX_MACROS:
                raise ValueError(f"more than {_MAX_MACROS} macros")

    def _define(self, content: str) -> None:
        """A letter gets another meaning, of which only a fermata and an accent count."""
        letter, _, meaning = (part.strip() for part in content.partition("="))
        for names, letters in ((FERMATAS, self._fermata_marks), (ACCENTS, self._accent_marks)):
            if meaning.strip("!+") in names:
                letters.add(letter)
            else:
                letters.discard(letter)

    def _current(self) -> VoiceReader:
        if self._voice not in self._voices:
            known = self._known.get(self._voice, AbcVoice(self._voice))
            shift = self._shift.changed(known.shift)
            self._voices[self._voice] = VoiceReader(
                self._key, self._metre, self._unit, shift, self._fermata_marks, self._accent_marks
            )
        return self._voices[self._voice]

    def parts(self) -> Parts:
        """Everything that was read."""
        voices = {key: voice for key, voice in self._voices.items() if voice.has_music}
        for voice in voices.values():
            voice.finish()
        first = next(iter(voices.values()), None)
        pickup, metres = pickup_and_metres(first.measures if first else ())
        lines = [(key, layer) for key, voice in voices.items() for layer in voice.layers()]
        notes = [note for _, layer in lines for note in layer]
        chords = {chord.onset_ticks: chord for voice in reversed(voices.values()) for chord in voice.chords}
        length = max((voice.length_ticks for voice in voices.values()), default=0)
        length = max([length, *(note.end_ticks for note in notes)])
        sung = (voice.verses() for voice in voices.values())
        verses = next((found for found in sung if found and found[0]), [()])
        outline = Score(
            length_ticks=length,
            time_signatures=metres,
            pickup_ticks=pickup,
            key=stated_key(self._key.fifths, self._key.mode, notes),
            fermatas=phrase_ends([voice.fermatas() for voice in voices.values()]),
            tempo_bpm=self._tempo,
            title=self._title,
            chords=tuple(chord for onset, chord in chords.items() if onset < length),
            lyrics=verses[0],
            repeats=repeats_of(first.signs if first else (), length),
        )
        named = [(self._known.get(key, AbcVoice(key)).name, layer) for key, layer in lines]
        return replace(parts_of(outline, named), remarks=tuple(self._remarks), more_verses=tuple(verses[1:]))


def _pieces(line: str) -> Iterator[tuple[str, str]]:
    """A line of music cut at its inline fields: the letter of a field and its content, or ``""`` and music."""
    end = 0
    for field in _INLINE.finditer(line):
        yield "", line[end : field.start()]
        yield field[1], field[2]
        end = field.end()
    yield "", line[end:]
