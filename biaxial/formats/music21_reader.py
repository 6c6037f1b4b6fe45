"""MusicXML, and scores of music21, read into ticks: notes, measures, fermatas, chords.

Notes are merged over ties, grace notes and unpitched percussion are dropped. Onsets and ends
that are no whole ticks (a quintuplet) go to the nearest. music21 is imported inside the functions, since it is slow and
few commands need it; what it returns is ``Any`` here.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import redirect_stderr
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree
from xml.parsers import expat

from biaxial.formats.music21_repeats import repeats_in
from biaxial.formats.musicxml.plain_tree import Plain, make_plain
from biaxial.formats.written_music import Line, Page, left_out, playable_tempo, ticks
from biaxial.formats.xml_guard import read_musicxml
from biaxial.music.bar_lines import Measure
from biaxial.music.constants import MAX_PITCH, MIN_PITCH, TICKS_PER_QUARTER
from biaxial.music.errors import InputError
from biaxial.music.parts import Part, Parts
from biaxial.music.performance.dynamics import DynamicMarks
from biaxial.music.score import ChordSymbol, Note, Syllable, TimeSignature

MAX_VERSES: Final = 32
"""Most verses of a part."""

_MADE_UP_TITLES = ("music21 fragment", "music21 score", "music21")
_PLACE = re.compile(r"In part \((.{1,20}?)\), measure \((.{1,20}?)\)")
_FREE_KINDS = ("none", "other", "pedal")


class _NotRead(ValueError):
    """What is wrong, in words of ours."""


def read_notation(path: str | os.PathLike[str]) -> Parts:
    """Read a MusicXML file.

    Notes sound as they sound, not as a transposing instrument reads them. The key is the first signature's, by
    :func:`~biaxial.music.keys.stated_key`. Repeats are those of the first part. Chord symbols of all parts are kept, of
    two at one moment the first part's; the words are those of the first part that has any. Four voices on two staves,
    two on each, are four parts. Notes are counted in the file and in what was read of it; what was left out is a
    remark.

    Raises
    ------
    InputError
        If it cannot be read, holds no part, or notes of it would be lost: one line that names the file, what is wrong
        and what to do.
    OSError
        If it cannot be opened.
    """
    path = Path(path)
    try:
        root = read_musicxml(path)
        if root.tag != "score-partwise":
            raise ValueError(f"its music is in <{root.tag[:40]}>, not <score-partwise>")
        plain = make_plain(root)
    except expat.ExpatError as error:
        raise _unreadable(path, f"it is not whole XML: line {error.lineno}, column {error.offset + 1}") from error
    except (InputError, OSError):
        raise
    except UnicodeError as error:
        raise _unreadable(path, "its letters are in no encoding that it names") from error
    except ValueError as error:
        raise _unreadable(path, str(error)) from error
    except Exception as error:  # a packed file may be damaged in many ways
        raise _unreadable(path, "it is damaged") from error
    return _quietly(lambda: _read_plain(_parse(root), plain, path), path)


def _unreadable(path: Path, reason: str) -> InputError:
    because = f" ({' '.join(reason.split())[:160]})" if reason else ""
    return InputError(f"{path}: cannot be read as music{because}; export it again, or save it as MIDI")


def parts_of_stream(stream: Any) -> Parts:
    """Read a score or part of music21, which stays as it is; see :func:`read_notation`.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    path = Path("the music21 object")
    return _quietly(lambda: _read_object(_in_parts(deepcopy(stream)), path), path)


def _read_object(stream: Any, path: Path) -> Page:
    piece = _sounding(stream, path)
    _align(list(piece.parts))
    page = _read(piece, path)
    if len(page.lines) != len(piece.parts):
        return page
    parts = zip(page.lines, piece.parts, strict=True)
    return replace(page, lines=[replace(line, notes=_louder_or_softer(part, line.notes)) for line, part in parts])


def _in_parts(stream: Any) -> Any:
    """A stream without parts as a score with one."""
    from music21 import stream as streams

    if "Opus" in stream.classes or getattr(stream, "parts", None):
        return stream
    part = streams.Part()
    for element in stream if stream.hasMeasures() else stream.makeMeasures():
        part.insert(element.offset, element)
    return streams.Score([part])


def _quietly(read: Callable[[], Page], path: Path) -> Parts:
    """What music21 reads without a word, and every error as one line of our own."""
    try:
        with warnings.catch_warnings(), open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
            warnings.simplefilter("ignore")
            page = read()
    except InputError:
        raise
    except _NotRead as error:
        raise _unreadable(path, str(error)) from error
    except Exception as error:  # music21 raises whatever a damaged file leads it to
        place = _PLACE.search(str(error))
        reason = f"something in part {place[1]}, bar {place[2]} is not MusicXML" if place else ""
        raise _unreadable(path, reason) from error
    try:
        return page.parts()
    except ValueError as error:
        raise _unreadable(path, str(error)) from error


def _parse(root: ElementTree.Element) -> Any:
    from music21.musicxml.xmlToM21 import MusicXMLImporter

    _play_as_told(root)
    importer = MusicXMLImporter()  # takes the tree that was checked; converter.parse would read the file again
    importer.xmlRootToScore(root, importer.stream)
    return importer.stream


def _play_as_told(root: Any) -> None:
    """Drop a printed tempo where the same direction says how fast that is played: music21 believes what is printed."""
    for direction in root.iter("direction"):
        sound = direction.find("sound")
        if sound is not None and sound.get("tempo"):
            for kind in direction.findall("direction-type"):
                if kind.find("metronome") is not None:
                    direction.remove(kind)


def _sounding(piece: Any, path: Path) -> Any:
    """The piece with its notes as they sound.

    Raises
    ------
    InputError
        If it is several pieces, or none.
    """
    if "Opus" in piece.classes:
        raise InputError(f"{path}: it holds {len(piece.scores)} pieces; give a file with one")
    if not piece.parts:
        raise InputError(f"{path}: it has no parts; give a file with music")
    if any(player.transposition for player in piece.recurse().getElementsByClass("Instrument")):
        piece.toSoundingPitch(inPlace=True)
    return piece


def _read_plain(stream: Any, plain: Plain, path: Path) -> Page:
    """A page, with its bars where the file has them."""
    piece = _sounding(stream, path)
    ends = list(accumulate(plain.bars, initial=0))
    for part in piece.parts:
        for bar, start in zip(part.getElementsByClass("Measure"), ends, strict=False):
            part.setElementOffset(bar, Fraction(start, TICKS_PER_QUARTER))
        part.coreElementsChanged()
    num_read = sum(len(_heads(element)) for part in piece.parts for element in _sounding_elements(part))
    try:
        remarks = left_out(written=plain.num_written, read=num_read, reasons=plain.left_out)
    except ValueError as error:
        raise _NotRead(str(error)) from error
    page = _read(piece, path, plain.bars)
    sharps = None if plain.key_is_unknown else page.sharps
    return replace(page, sharps=sharps, length_ticks=ends[-1], remarks=(*remarks, *plain.remarks))


def _align(parts: list[Any]) -> None:
    """Let the bars of all parts begin together.

    Where a part leaves out the last rests of a bar, music21 begins its next bar too early, and the parts drift apart.
    """
    bars = [list(part.getElementsByClass("Measure")) for part in parts]
    starts = [[bar.offset for bar in row] for row in bars]
    if len({len(row) for row in bars}) > 1 or all(row == starts[0] for row in starts):
        return
    ends = [[*row[1:], part.highestTime] for row, part in zip(starts, parts, strict=True)]
    start = 0.0
    for here, lengths in zip(zip(*bars, strict=True), zip(*map(_differences, starts, ends), strict=True), strict=True):
        for part, bar in zip(parts, here, strict=True):
            part.setElementOffset(bar, start)
        start += max(lengths)
    for part in parts:
        part.coreElementsChanged()


def _differences(starts: list[Any], ends: list[Any]) -> list[Any]:
    return [end - start for start, end in zip(starts, ends, strict=True)]


def _read(piece: Any, path: Path, bars: Sequence[int] | None = None) -> Page:
    streams = list(piece.parts)
    sharps, mode = printed_signature(streams[0])
    chords: dict[int, ChordSymbol] = {}
    for stream in reversed(streams):
        chords |= {chord.onset_ticks: chord for chord in _chords(stream)}
    measures = measures_of(streams[0], bars)
    verses = next((found for found in map(_verses, streams) if found and found[0]), [()])
    tempos = [mark.getQuarterBPM() for mark in piece.recurse().getElementsByClass("MetronomeMark")]
    return Page(
        lines=_four_lines(streams) or [Line(_name(stream), *part_notes(stream)) for stream in streams],
        measures=measures,
        length_ticks=max(ticks(stream.highestTime) for stream in streams),
        sharps=sharps,
        mode=mode,
        tempo_bpm=playable_tempo(tempos),
        title=_title(piece, path),
        chords=tuple(chords.values()),
        verses=verses,
        repeats=repeats_in(piece, streams[0], measures),
    )


def _four_lines(streams: Sequence[Any]) -> list[Line] | None:
    """Four voices that stand on two staves, two on each, as in a hymn book; ``None`` if there is anything else."""
    if len(streams) != 2:
        return None
    lines: list[Line] = []
    for stream in streams:
        found: dict[str, set[int]] = {}
        for measure in stream.getElementsByClass("Measure"):
            for voice in measure.voices:
                found.setdefault(str(voice.id), set()).update(id(element) for element in voice.notes)
        if len(found) != 2:
            return None
        upper, lower = (found[name] for name in sorted(found))
        names = _name(stream).split()
        for name, others in zip(names if len(names) == 2 else ("", ""), (lower, upper), strict=True):
            lines.append(Line(name, *part_notes(stream, without=others)))
    return lines if all(line.notes and Part("", tuple(line.notes)).is_line for line in lines) else None


def _sounding_elements(part: Any) -> Iterator[Any]:
    """Notes and chords of a part, without grace notes and percussion."""
    for element in part.flatten().notes:
        kinds = set(element.classes)
        if not element.duration.isGrace and {"Note", "Chord"} & kinds and "Harmony" not in kinds:
            yield element


def _heads(element: Any) -> Sequence[Any]:
    return element.notes if element.isChord else (element,)


def part_notes(part: Any, voice: int | None = None, without: Collection[int] = ()) -> tuple[list[Note], set[int]]:
    """Notes of one part, tied ones merged, and the onsets of those with a fermata (anywhere under the tie).

    ``without`` are the ``id`` of elements that are passed over.
    """
    notes: list[Note] = []
    fermatas: set[int] = set()
    tied: dict[int, int] = {}  # pitch: place in notes of the note that goes on
    for element in _sounding_elements(part):
        if id(element) in without:
            continue
        start, end = ticks(element.offset), ticks(element.offset + element.duration.quarterLength)
        has_fermata = any(type(expression).__name__ == "Fermata" for expression in element.expressions)
        for head in _heads(element):
            pitch = round(head.pitch.ps)  # .midi would move it into its range
            if not MIN_PITCH <= pitch <= MAX_PITCH:
                raise _NotRead(f"pitch {head.pitch.nameWithOctave} is not a MIDI number")
            kind = None if head.tie is None else head.tie.type
            place = tied.pop(pitch, None) if kind in ("stop", "continue") else None
            onset = start
            if place is not None and notes[place].end_ticks == start:
                onset = notes[place].onset_ticks
                notes[place] = replace(notes[place], length_ticks=max(end - onset, 1))
            else:
                place = len(notes)
                notes.append(Note(onset, max(end - onset, 1), pitch, voice, _velocity(head)))
            if kind in ("start", "continue"):
                tied[pitch] = place
            if has_fermata:
                fermatas.add(onset)
    return notes, fermatas


def _velocity(head: Any) -> int | None:
    if not head.hasVolumeInformation() or head.volume.velocity is None:
        return None
    return min(max(int(head.volume.velocity), 1), 127)


def _louder_or_softer(part: Any, notes: list[Note]) -> list[Note]:
    """Notes of a part with the velocities that its marks and hairpins say."""
    marks = DynamicMarks()
    flat = part.flatten()
    said = [(ticks(mark.offset), mark) for mark in flat.getElementsByClass("Dynamic")]
    for spanner in part.recurse().getElementsByClass("DynamicWedge"):
        first, last = (ticks(e.getOffsetInHierarchy(part)) for e in (spanner.getFirst(), spanner.getLast()))
        said += [(first, spanner), *([(last, None)] if last > first else [])]
    for tick, mark in sorted(said, key=lambda pair: pair[0]):
        if mark is None:
            marks.close(tick)
        elif "Dynamic" in mark.classes:
            marks.mark(tick, mark.value)
        else:
            marks.open(tick, grows="Crescendo" in mark.classes)
    accented = (element for element in flat.notes if any("Accent" in a.classes for a in element.articulations))
    marks.accents |= {ticks(element.offset) for element in accented}
    return marks.heard(notes)


def measures_of(part: Any, lengths: Sequence[int] | None = None) -> list[Measure]:
    """The measures of a part as they are written; ``lengths`` are theirs in ticks where music21 does not know them."""
    written = list(part.getElementsByClass("Measure"))
    starts = [ticks(measure.offset) for measure in written]
    ends = [*starts, ticks(part.highestTime)][1:]
    if lengths is not None:
        ends = [start + length for start, length in zip(starts, lengths, strict=False)]
    measures, metre = [], TimeSignature()
    for measure, start, end in zip(written, starts, ends, strict=True):
        if measure.timeSignature is not None:
            metre = TimeSignature.from_name(measure.timeSignature.ratioString)
        measures.append(Measure(start, end - start, metre))
    return measures


def printed_signature(part: Any) -> tuple[int | None, str | None]:
    """Sharps of the first key signature, ``None`` where there is none, and its mode where one is stated."""
    found = list(part.flatten().getElementsByClass("KeySignature"))
    first = [signature for signature in found if signature.offset == found[0].offset]
    stated = (getattr(signature, "mode", None) for signature in first)
    return (int(found[0].sharps) if found else None), next((mode for mode in stated if mode), None)


def _name(part: Any) -> str:
    return part.partName or ""


def _chords(part: Any) -> list[ChordSymbol]:
    chords = []
    for symbol in part.flatten().getElementsByClass("ChordSymbol"):
        onset, name = ticks(symbol.offset), symbol.figure.replace("-", "b")
        tones = () if symbol.chordKind in _FREE_KINDS else symbol.pitches
        bass, root = symbol.bass(), symbol.root()
        slash = bool(tones) and bass is not None and root is not None and bass.pitchClass != root.pitchClass
        classes = frozenset(tone.pitchClass for tone in tones) | ({bass.pitchClass} if slash else set())
        chords.append(ChordSymbol(onset, classes, bass.pitchClass if slash else None, name))
    return chords


def _verses(part: Any) -> list[tuple[Syllable, ...]]:
    """The words of a part, verse by verse; of two syllables at one moment the first."""
    found: dict[int, dict[int, Syllable]] = {}
    for element in part.flatten().notes:
        for lyric in element.lyrics:
            if 1 <= lyric.number <= MAX_VERSES and lyric.text and not element.duration.isGrace:
                goes_on = lyric.syllabic in ("begin", "middle")
                syllable = Syllable(ticks(element.offset), lyric.text, goes_on)
                found.setdefault(lyric.number, {}).setdefault(syllable.onset_ticks, syllable)
    return [tuple(found.get(number, {}).values()) for number in range(1, max(found, default=0) + 1)]


def _title(piece: Any, path: Path) -> str:
    title = ((piece.metadata.bestTitle if piece.metadata else None) or "").strip()
    # music21 makes up a title where there is none: its own name, or the file's.
    return "" if title.lower() in _MADE_UP_TITLES or title == path.name else title
