r"""A score as LilyPond source, ready to be printed (``lilypond hymn.ly``), with a block for MIDI.

Each line of a staff is a variable. Words are sung by the voice that has notes for them. Chord symbols stand above the
top staff, as ``\chordmode`` has them where it has a name for the kind, else as their notes, which LilyPond names. Of
velocities there are marks and accents. What LilyPond cannot hold: which notes were given, and where the notes of a
recording lie exactly.

Source: the manuals of LilyPond 2.24, https://lilypond.org/doc/v2.24/Documentation/notation/.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final, Literal

from biaxial.files.atomic import atomic_write
from biaxial.formats.page.chord_names import KINDS, Tone, named_chord
from biaxial.formats.page.layout import Layout, WrittenLine, laid_out
from biaxial.formats.page.values import Value
from biaxial.formats.page.written_levels import Levels, levels_of_line
from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.performance.instruments import Clef
from biaxial.music.performance.seating import seated
from biaxial.music.score import ChordSymbol, Key, Score
from biaxial.music.spelling import Spelling, nearest_place, spelled

VERSION: Final = "2.24.0"
"""The version of LilyPond whose language this is."""

_WHOLE: Final = 4 * TICKS_PER_QUARTER
_CLEFS: Final[dict[Clef, str]] = {"treble": "treble", "tenor": '"treble_8"', "alto": "alto", "bass": "bass"}
_ALTERED: Final = {-2: "eses", -1: "es", 0: "", 1: "is", 2: "isis"}
_VOICES: Final = ("One", "Two", "Three", "Four")
_KINDS: Final = {
    "major": "",
    "minor": ":m",
    "diminished": ":dim",
    "augmented": ":aug",
    "dominant": ":7",
    "major-seventh": ":maj7",
    "minor-seventh": ":m7",
    "diminished-seventh": ":dim7",
    "half-diminished": ":m7.5-",
    "major-sixth": ":6",
    "minor-sixth": ":m6",
    "suspended-second": ":sus2",
    "suspended-fourth": ":sus4",
}
"""What follows the root in ``\\chordmode``."""


def lilypond_text(score: Score, *, staves: Literal[2, 4] = 2, instruments: Sequence[str] = ()) -> str:
    """The source of a score.

    Parameters
    ----------
    score
        Any music. Without a key it is spelled, and its signature printed, in the likeliest.
    staves
        On how many staves four voices stand.
    instruments
        Names of what plays each voice, which decide on clefs and give each a staff.
    """
    seating = seated(score, tuple(instruments))
    page = laid_out(seating.score, staves, seating.seats)
    lines = page.lines()
    names = _variables(lines)
    title = " ".join(page.score.title.split())
    parts = [
        f'\\version "{VERSION}"',
        "\\header {" + (f" title = {_quoted(title)}" if title else "") + " tagline = ##f }",
        _global(page),
        *(f"{name} = {{\n{_music(page, line)}\n}}" for name, line in zip(names, lines, strict=True)),
    ]
    words = [_words(page, line) for line in lines]
    if page.score.chords:
        parts.append("harmonies = \\chordmode {\n  " + " ".join(_chords(page)) + "\n}")
    music = "\n".join(_staves(page, lines, names, words))
    parts.append(f"music = {music}")
    above = "\\new ChordNames { \\harmonies } " if page.score.chords else ""
    parts.append(f"\\score {{ << {above}\\music >> \\layout {{ }} }}")
    parts.append("\\score { \\unfoldRepeats \\music \\midi { } }")
    return "\n".join(parts) + "\n"


def write_lilypond(
    score: Score,
    path: str | os.PathLike[str],
    *,
    staves: Literal[2, 4] = 2,
    instruments: Sequence[str] = (),
) -> None:
    """Write a score as LilyPond source, whole or not at all; parameters are those of :func:`lilypond_text`.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    atomic_write(path, lilypond_text(score, staves=staves, instruments=instruments).encode())


def _variables(lines: Sequence[WrittenLine]) -> list[str]:
    """A name for each line, of letters only: that of its voice where no other has it."""
    names = [line.name.lower() for line in lines]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return [
        name if name.isalpha() and names.count(name) == 1 else "line" + letters[index // 26] + letters[index % 26]
        for index, name in enumerate(names)
    ]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _global(page: Layout) -> str:
    bpm = page.score.tempo_bpm
    said = f"\\tempo 4 = {max(1, round(bpm))}"
    if bpm != round(bpm):
        exact = Fraction(bpm).limit_denominator(1000) / 4
        said += f" \\set Score.tempoWholesPerMinute = #(ly:make-moment {exact.numerator} {exact.denominator})"
    keeps = " \\set Score.alternativeRestores = #'()" if page.score.repeats else ""
    return f"global = {{ \\key {_tone(Tone(*_tonic(page.key)))} \\{page.key.mode} {said}{keeps} }}"


def _tonic(key: Key) -> tuple[str, int]:
    name = key.name.split()[0]
    return name[0], name.count("#") - name.count("b")


def _tone(tone: Tone | Spelling) -> str:
    return tone.letter.lower() + _ALTERED[tone.alter]


def _staves(page: Layout, lines: Sequence[WrittenLine], names: Sequence[str], words: Sequence[str]) -> Iterator[str]:
    group = "ChoirStaff" if len(page.players) > 1 else "PianoStaff"
    yield f"\\new {group} <<"
    for staff in range(1, lines[-1].staff + 1):
        here = [index for index, line in enumerate(lines) if line.staff == staff]
        yield "  \\new Staff <<"
        yield f"    \\clef {_CLEFS[lines[here[0]].clef]}"
        for place, index in enumerate(here):
            stems = f"\\voice{_VOICES[place]} " if len(here) > 1 else ""
            yield f'    \\new Voice = "{names[index]}" {{ {stems}\\global \\{names[index]} }}'
        yield "  >>"
        for index in here:
            if words[index]:
                yield f'  \\new Lyrics \\lyricsto "{names[index]}" {{ {words[index]} }}'
    yield ">>"


def _music(page: Layout, line: WrittenLine) -> str:
    """The bars of a line with what is repeated in braces, a bar on a line of text."""
    levels = levels_of_line(page.score, line.bars)
    rows = []
    for index, values in enumerate(line.bars):
        row = "  " + _before(page, index) + " ".join(_value(page, line, levels, value) for value in values)
        whole = index + 1 < len(page.bars) and not page.goes_on(index + 1)
        rows.append(row + (" |" if whole else "") + _after(page, index))
    return "\n".join(rows) + '\n  \\bar "|."' * (not page.times_back(len(page.bars) - 1))


def _before(page: Layout, index: int) -> str:
    bar = page.bars[index]
    marks = f"\\repeat volta {page.times_begun(index)} {{ " if page.times_begun(index) else ""
    if numbers := page.ending_begun(index):
        marks += "" if _is_inside_endings(page, index) else "} \\alternative { "
        marks += f"\\volta {','.join(map(str, numbers))} {{ "
    if index == 0 or page.new_metre(index):
        marks += f"\\time {bar.metre.name} "
    if not page.goes_on(index):
        same = (other for other in page.bars[index:] if other.number == bar.number)
        length = sum(other.end - other.start for other in same)
        is_last = page.bars[-1].number == bar.number
        if length < bar.metre.bar_ticks(TICKS_PER_QUARTER) and (index == 0 or not is_last):
            marks += f"\\partial {_length(length)} "
    return marks


def _is_inside_endings(page: Layout, index: int) -> bool:
    """Whether an ending of the same repeat is over where one begins."""
    start = page.bars[index].start
    return any(e.end_ticks == start for r in page.score.repeats for e in r.endings if start < r.end_ticks)


def _after(page: Layout, index: int) -> str:
    end = page.bars[index].end
    ended = next((r for r in page.score.repeats if r.end_ticks == end), None)
    return (" }" if page.ending_is_over(index) else "") + (" }" if ended is not None else "")


def _value(page: Layout, line: WrittenLine, levels: Levels, value: Value) -> str:
    before = "\\tuplet 3/2 { " if "start" in value.bracket else ""
    after = " }" if "stop" in value.bracket else ""
    chord, length = value.chord, _length(value.written_ticks)
    marks = "\\fermata" if page.has_fermata(chord) else ""
    if not chord.notes:
        rest = "s" if line.is_hidden else "r" if value.name else "R"
        return f"{before}{rest}{length}{marks}{after}"
    marks += ("->" if levels.has_accent(value) else "") + (f"\\{levels.mark(value)}" if levels.mark(value) else "")
    heads = [_head(page.spellings[note]) for note in chord.notes]
    ties = ["~" if note in chord.goes_on else "" for note in chord.notes]
    if len(heads) == 1:
        return f"{before}{heads[0]}{length}{marks}{ties[0]}{after}"
    tied = " ".join(head + tie for head, tie in zip(heads, ties, strict=True))
    return f"{before}<{tied}>{length}{marks}{after}"


def _head(spelling: Spelling) -> str:
    octave = "'" * (spelling.octave - 3) or "," * (3 - spelling.octave)
    return _tone(spelling) + octave


def _length(ticks: int) -> str:
    """A length as a value, with its dot, or as a part of a whole note."""
    part = Fraction(ticks, _WHOLE)
    if part == 2:
        return "\\breve"
    if part.numerator in (1, 3) and part.denominator <= 128 and (part.numerator == 1 or part.denominator > 1):
        return str(part.denominator) if part.numerator == 1 else f"{part.denominator // 2}."
    return f"1*{part.numerator}/{part.denominator}"


def _words(page: Layout, line: WrittenLine) -> str:
    """The words of a line, a sign for each note that has none; empty where it is not sung."""
    said, sung = [], False
    for value in (value for values in line.bars for value in values if value.chord.notes):
        word = page.syllable(value.chord)
        if word is None:
            said += ["_"] if not value.chord.came_from else []
        else:
            sung = True
            said.append(_quoted(" ".join(word[0].text.split())) + (" --" if word[0].goes_on else ""))
    return " ".join(said) if sung else ""


def _chords(page: Layout) -> Iterator[str]:
    """The chord symbols, a rest before the first."""
    chords, end = page.score.chords, page.bars[-1].end
    if chords[0].onset_ticks:
        yield f"s1*{Fraction(chords[0].onset_ticks, _WHOLE)}"
    ends = [*(chord.onset_ticks for chord in chords[1:]), end]
    for chord, until in zip(chords, ends, strict=True):
        yield _chord(chord, page.key, f"1*{Fraction(until - chord.onset_ticks, _WHOLE)}")


def _chord(chord: ChordSymbol, key: Key, length: str) -> str:
    named = named_chord(chord, key)
    if named is None:
        return f"r{length}"
    if KINDS[named.kind] != named.intervals or named.kind not in _KINDS:
        tones = [spelled(60 + tone, nearest_place(tone, key.fifths + 2)) for tone in sorted(chord.pitch_classes)]
        return f"<{' '.join(map(_tone, tones))}>{length}"
    bass = ""
    if named.bass is not None:
        above = (named.bass.pitch_class - named.root.pitch_class) % 12
        bass = ("/" if above in named.intervals else "/+") + _tone(named.bass)
    return f"{_tone(named.root)}{length}{_KINDS[named.kind]}{bass}"
