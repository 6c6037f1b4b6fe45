"""Printed music (MusicXML, kern) by way of music21, read into ticks: notes, measures, fermatas, chords.

Notes are merged over ties, grace notes and unpitched percussion are dropped, repeats stay as written. Onsets and ends
that are no whole ticks (a quintuplet) go to the nearest. music21 is imported inside the functions, since it is slow and
few commands need it; what it returns is ``Any`` here.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Sequence
from contextlib import redirect_stderr
from copy import deepcopy
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from biaxial.files.limits import check_notes, checked_size
from biaxial.formats.xml_guard import check_kern, read_musicxml
from biaxial.music.bar_lines import Measure, pickup_and_metres
from biaxial.music.constants import MAX_PITCH, MIN_PITCH, TICKS_PER_QUARTER
from biaxial.music.errors import InputError
from biaxial.music.keys import stated_key
from biaxial.music.parts import Part, Parts, parts_of, phrase_ends
from biaxial.music.score import ChordSymbol, Note, Score, Syllable, TimeSignature

DEFAULT_TEMPO_BPM: Final = 80.0
"""Quarter notes a minute where the file says nothing."""

_MADE_UP_TITLES = ("music21 fragment", "music21 score", "music21")
_FREE_KINDS = ("none", "other", "pedal")


def read_notation(path: str | os.PathLike[str]) -> Parts:
    """Read a MusicXML or kern file.

    Notes sound as they sound, not as a transposing instrument reads them. Repeats stay as written. The key is the first
    signature's, by :func:`~biaxial.music.keys.stated_key`. Chord symbols of all parts are kept, of two at one moment
    the first part's; of the words the first verse of the first part that has any. Four voices on two staves, two on
    each, are four parts.

    Raises
    ------
    InputError
        If it cannot be read, or holds no part or more than one piece: one line that names the file, what is wrong and
        what to do.
    OSError
        If it cannot be opened.
    """
    path = Path(path)
    return _quietly(lambda: _read(_parse(path), path), path)


def parts_of_stream(stream: Any) -> Parts:
    """Read a score or part of music21, which stays as it is; see :func:`read_notation`.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    path = Path("the music21 object")
    return _quietly(lambda: _read(_sounding(_in_parts(deepcopy(stream)), path), path), path)


def _in_parts(stream: Any) -> Any:
    """A stream without parts as a score with one."""
    from music21 import stream as streams

    if "Opus" in stream.classes or getattr(stream, "parts", None):
        return stream
    part = streams.Part()
    for element in stream if stream.hasMeasures() else stream.makeMeasures():
        part.insert(element.offset, element)
    return streams.Score([part])


def _quietly(read: Callable[[], Parts], path: Path) -> Parts:
    try:
        with warnings.catch_warnings(), open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
            warnings.simplefilter("ignore")
            return read()
    except (InputError, FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # music21 raises whatever a damaged file leads it to
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise InputError(f"{path}: cannot be read as music ({reason}); export it again, or save it as MIDI") from error


def _parse(path: Path) -> Any:
    if path.suffix.lower() == ".krn":
        check_kern(path)
        from music21 import converter

        piece = converter.parse(path, format="humdrum", forceSource=True)
    else:
        root = read_musicxml(path)
        if root.tag != "score-partwise":
            raise ValueError(f"its music is in <{root.tag}>, not <score-partwise>")
        from music21.musicxml.xmlToM21 import MusicXMLImporter

        _play_as_told(root)
        importer = MusicXMLImporter()  # takes the tree that was checked; converter.parse would read the file again
        importer.xmlRootToScore(root, importer.stream)
        piece = importer.stream
    return _sounding(piece, path)


def _play_as_told(root: Any) -> None:
    """Drop a printed tempo where the same direction says how fast that is played: music21 believes what is printed."""
    for direction in root.iter("direction"):
        sound = direction.find("sound")
        if sound is not None and sound.get("tempo"):
            for kind in direction.findall("direction-type"):
                if kind.find("metronome") is not None:
                    direction.remove(kind)


def _sounding(piece: Any, path: Path) -> Any:
    """The piece with its notes as they sound, and its bars in step.

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
    _align(list(piece.parts))
    return piece


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


def _read(piece: Any, path: Path) -> Parts:
    streams = list(piece.parts)
    read = _four_lines(streams) or [(_name(stream), *part_notes(stream)) for stream in streams]
    notes = [note for _, part, _ in read for note in part]
    pickup, metres = pickup_and_metres(measures_of(streams[0]))
    sharps, mode = printed_signature(streams[0])
    chords: dict[int, ChordSymbol] = {}
    for stream in reversed(streams):
        chords |= {chord.onset_ticks: chord for chord in _chords(stream)}
    length = max([*(ticks(stream.highestTime) for stream in streams), *(note.end_ticks for note in notes)])
    outline = Score(
        length_ticks=length,
        time_signatures=metres,
        pickup_ticks=pickup,
        key=None if sharps is None else stated_key(sharps, mode, notes),
        fermatas=phrase_ends([fermatas for *_, fermatas in read]),
        tempo_bpm=_tempo(piece),
        title=_title(piece, path),
        chords=tuple(chord for onset, chord in chords.items() if onset < length),
        lyrics=next(filter(None, map(_lyrics, streams)), ()),
    )
    checked_size(outline)
    check_notes(len(notes))
    return parts_of(outline, ((name, part) for name, part, _ in read))


_Line = tuple[str, list[Note], set[int]]
"""Name of a part or voice, its notes, and which have a fermata."""


def _four_lines(streams: Sequence[Any]) -> list[_Line] | None:
    """Four voices that stand on two staves, two on each, as in a hymn book; ``None`` if there is anything else."""
    if len(streams) != 2:
        return None
    lines: list[_Line] = []
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
            lines.append((name, *part_notes(stream, without=others)))
    return lines if all(notes and Part("", tuple(notes)).is_line for _, notes, _ in lines) else None


def ticks(quarters: float | Fraction) -> int:
    """The tick nearest to a time in quarter notes."""
    return round(Fraction(quarters) * TICKS_PER_QUARTER)


def part_notes(part: Any, voice: int | None = None, without: Collection[int] = ()) -> tuple[list[Note], set[int]]:
    """Notes of one part, tied ones merged, and the onsets of those with a fermata (anywhere under the tie).

    ``without`` are the ``id`` of elements that are passed over.
    """
    notes: list[Note] = []
    fermatas: set[int] = set()
    tied: dict[int, int] = {}  # pitch: place in notes of the note that goes on
    for element in part.flatten().notes:
        if element.duration.isGrace or not {"Note", "Chord"} & set(element.classes) or "Harmony" in element.classes:
            continue
        if id(element) in without:
            continue
        start, end = ticks(element.offset), ticks(element.offset + element.duration.quarterLength)
        has_fermata = any(type(expression).__name__ == "Fermata" for expression in element.expressions)
        for head in element.notes if element.isChord else (element,):
            pitch = round(head.pitch.ps)  # .midi would move it into its range
            if not MIN_PITCH <= pitch <= MAX_PITCH:
                raise ValueError(f"pitch {head.pitch.nameWithOctave} is not a MIDI number")
            kind = None if head.tie is None else head.tie.type
            place = tied.pop(pitch, None) if kind in ("stop", "continue") else None
            onset = start
            if place is not None and notes[place].end_ticks == start:
                onset = notes[place].onset_ticks
                notes[place] = Note(onset, max(end - onset, 1), pitch, voice)
            else:
                place = len(notes)
                notes.append(Note(onset, max(end - onset, 1), pitch, voice))
            if kind in ("start", "continue"):
                tied[pitch] = place
            if has_fermata:
                fermatas.add(onset)
    return notes, fermatas


def measures_of(part: Any) -> list[Measure]:
    """The measures of a part as they are written."""
    written = list(part.getElementsByClass("Measure"))
    starts = [ticks(measure.offset) for measure in written]
    ends = [*starts, ticks(part.highestTime)][1:]
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


def _tempo(piece: Any) -> float:
    """The first tempo that a player could keep, in quarter notes a minute, else the default."""
    marks = (mark.getQuarterBPM() for mark in piece.recurse().getElementsByClass("MetronomeMark"))
    return next((float(bpm) for bpm in marks if bpm and 20 <= bpm <= 300), DEFAULT_TEMPO_BPM)


def _name(part: Any) -> str:
    """Name of a part; of kern's ``*I"Soprano`` music21 leaves ``"Soprano`` as a mark that it does not know."""
    tandems = (mark.tandem for mark in part.flatten().getElementsByClass("MiscTandem"))
    return part.partName or next((text[1:] for text in tandems if text.startswith('"')), "")


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


def _lyrics(part: Any) -> tuple[Syllable, ...]:
    """The first verse of a part; of two syllables at one moment the first."""
    found: dict[int, Syllable] = {}
    for element in part.flatten().notes:
        for lyric in element.lyrics:
            if lyric.number == 1 and lyric.text and not element.duration.isGrace:
                goes_on = lyric.syllabic in ("begin", "middle")
                found.setdefault(ticks(element.offset), Syllable(ticks(element.offset), lyric.text, goes_on))
    return tuple(found.values())


def _title(piece: Any, path: Path) -> str:
    title = ((piece.metadata.bestTitle if piece.metadata else None) or "").strip()
    # music21 makes up a title where there is none: its own name, or the file's.
    return "" if title.lower() in _MADE_UP_TITLES or title == path.name else title
