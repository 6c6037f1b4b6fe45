"""ABC notation -> an outline and its voices.

Why not music21, which reads ABC too: version 10.5 loses inline fields (``[K:F]``), changes of metre, fermatas, rests of
whole bars and the names of voices, mixes voices written in turns, and refuses a tune without ``L:`` and ``M:``.

Repeats stay as written, grace notes and decorations other than fermatas are dropped, words after the first verse and
layout are passed over.
An accidental holds for its octave until the bar ends, as in print, and for a note tied over the bar line.

Source: the ABC standard 2.1, https://abcnotation.com/wiki/abc:standard:v2.1.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from biaxial.files.limits import checked_size, read_within
from biaxial.formats.abc.fields import (
    AbcKey,
    AbcVoice,
    read_key,
    read_metre,
    read_shift,
    read_tempo,
    read_unit,
    read_voice,
)
from biaxial.formats.abc.voice import VoiceReader
from biaxial.formats.written_music import DEFAULT_TEMPO_BPM
from biaxial.music.bar_lines import pickup_and_metres
from biaxial.music.errors import InputError
from biaxial.music.keys import stated_key
from biaxial.music.parts import Parts, parts_of, phrase_ends
from biaxial.music.score import Score, TimeSignature

_FIELD = re.compile(r"([IKLMmNPQRrsTUVWw+]):(.*)")
_INLINE = re.compile(r"\[([A-Za-z]):([^\[\]]*)\]")

MAX_TUNE_BYTES: Final = 1 << 18
"""Most bytes of a file: a hundred times a usual tune, ten times one in four parts."""
_MAX_REASON_LENGTH = 160


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
        text = data.decode("latin-1")
    return parse_abc(text, os.fspath(path))


def parse_abc(text: str, name: str = "ABC text") -> Parts:
    """Read a tune in ABC; ``name`` is what messages call it.

    Raises
    ------
    InputError
        As :func:`read_abc`.
    """
    lines = text.splitlines()
    tunes = [line for line in lines if re.match(r"X:", line)]
    if len(tunes) > 1:
        raise InputError(f"{name}: it holds {len(tunes)} tunes; give a file with one")
    tune = _Tune()
    for number, line in enumerate(lines, 1):
        try:
            tune.read_line(line)
        except ValueError as error:
            raise InputError(f"{name}: line {number}: {_reason(error)}; correct it there") from None
    if not tune.in_body:
        raise InputError(
            f"{name}: no K: field, so this is not an ABC tune; give one, or write a line K:C before the notes"
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
        self._shift = 0
        self._known: dict[str, AbcVoice] = {}
        self._voices: dict[str, VoiceReader] = {}
        self._voice = ""

    def read_line(self, line: str) -> None:
        """Read one line of the file."""
        line = re.sub(r"(?<!\\)%.*", "", line).rstrip()
        field = re.fullmatch(_FIELD if self.in_body else re.compile(r"([A-Za-z+]):(.*)"), line)
        if field is not None:
            self._read_field(field[1], field[2])
        elif self.in_body:
            begun: set[str] = set()
            for kind, content in _pieces(line):
                if kind:
                    self._read_field(kind, content)
                else:
                    voice = self._current()
                    if content.strip() and self._voice not in begun:
                        voice.begin_line()
                        begun.add(self._voice)
                    voice.read(content)

    def _read_field(self, kind: str, content: str) -> None:
        if kind == "T":
            self._title = self._title or content.strip()
        elif kind == "Q" and not self._has_tempo and (tempo := read_tempo(content)) is not None:
            self._tempo, self._has_tempo = tempo, True
        elif kind == "w" and self.in_body:
            self._current().read_words(content)
        elif kind == "V":
            key = content.split()[0] if content.split() else ""
            self._known[key] = read_voice(content, self._known.get(key))
            if self.in_body:
                self._voice = key
                self._current()
        elif kind == "K" and not self.in_body:
            self._key, self._shift, self.in_body = read_key(content), read_shift(content) or 0, True
        elif kind == "K":
            self._current().key = read_key(content)
        elif kind == "M" and not self.in_body:
            self._metre = read_metre(content)
        elif kind == "M":
            self._current().change_metre(read_metre(content))
        elif kind == "L" and not self.in_body:
            self._unit = read_unit(content)
        elif kind == "L":
            self._current().unit = read_unit(content)

    def _current(self) -> VoiceReader:
        if self._voice not in self._voices:
            known = self._known.get(self._voice, AbcVoice(self._voice))
            shift = known.shift or self._shift
            self._voices[self._voice] = VoiceReader(self._key, self._metre, self._unit, shift)
        return self._voices[self._voice]

    def parts(self) -> Parts:
        """Everything that was read."""
        voices = {key: voice for key, voice in self._voices.items() if voice.has_music}
        for voice in voices.values():
            voice.finish()
        first = next(iter(voices.values()), None)
        pickup, metres = pickup_and_metres(first.measures if first else ())
        notes = [note for voice in voices.values() for note in voice.notes()]
        chords = {chord.onset_ticks: chord for voice in reversed(voices.values()) for chord in voice.chords}
        length = max((voice.length_ticks for voice in voices.values()), default=0)
        outline = Score(
            length_ticks=max([length, *(note.end_ticks for note in notes)]),
            time_signatures=metres,
            pickup_ticks=pickup,
            key=stated_key(self._key.fifths, self._key.mode, notes),
            fermatas=phrase_ends([voice.fermatas() for voice in voices.values()]),
            tempo_bpm=self._tempo,
            title=self._title,
            chords=tuple(chord for onset, chord in chords.items() if onset < length),
            lyrics=next(filter(None, (voice.lyrics() for voice in voices.values())), ()),
        )
        names = (self._known.get(key, AbcVoice(key)).name for key in voices)
        return parts_of(outline, zip(names, (voice.notes() for voice in voices.values()), strict=True))


def _pieces(line: str) -> Iterator[tuple[str, str]]:
    """A line of music cut at its inline fields: the letter of a field and its content, or ``""`` and music."""
    end = 0
    for field in _INLINE.finditer(line):
        yield "", line[end : field.start()]
        yield field[1], field[2]
        end = field.end()
    yield "", line[end:]
