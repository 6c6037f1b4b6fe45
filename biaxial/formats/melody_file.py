"""The one line of a file that is to be harmonised, a line out of bare pitches and lengths, or one part of a file.

A score with a melody has one note at a time, without voices; everything that was left out on the way is said in a
remark, one line each, to be shown to the user. A folder of other people's files is read as one part of each, or as all
of them merged.
"""

from __future__ import annotations

import math
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from biaxial.formats.read import Music, read_music
from biaxial.formats.repeat_reading import Repeats
from biaxial.music.constants import MAX_PITCH, MIN_PITCH, TICKS_PER_QUARTER
from biaxial.music.errors import InputError
from biaxial.music.note_ends import are_on_grid, common_share, lengthened
from biaxial.music.parts import Part, Parts
from biaxial.music.pickups import likely_pickup
from biaxial.music.score import Key, Note, Score, TimeSignature

NEARLY_A_LINE: Final = 0.05
"""Share of its sounding time for which a part may have several notes at once and still count as one line.

Players hold a key for a moment longer than the note is written.
"""


_TUNE = re.compile(
    r"\b(melod(y|ie|ia|ía)|mélodie|tune|vocals?|vox|gesang|singstimme|chant|cant(o|us))\b", re.IGNORECASE
)
_PERHAPS_TUNE = re.compile(r"^\D*\b(voice|lead|solo|song|air|lied|stimme|voix|voce|voz)\b\D*$", re.IGNORECASE)
"""Numbered voices are any."""
_NO_TUNE = re.compile(r"\b(accomp\w*|back\w*|bass|counter\w*|guitar|harmony|pad|second|synth|drums)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Melody:
    """A line and what was decided to get it.

    Parameters
    ----------
    score
        One note at a time, no voices; all else as in the file.
    remarks
        One line each; empty where there was nothing to decide.
    """

    score: Score
    remarks: tuple[str, ...] = ()


def read_melody(path: str | os.PathLike[str], line: str | None = None, repeats: Repeats = "keep") -> Melody:
    """Read the melody of a file.

    Of several parts those are looked at whose name says that they are the tune (Melody, Tune, Vocals; else Voice, Lead,
    Song), or all where none says so; of these the one with the highest mean pitch is taken among those that are a line
    (or nearly, :data:`NEARLY_A_LINE`), else among all. Where its notes sound together it becomes one line by
    :func:`skyline`.

    Parameters
    ----------
    path
        Any file that :mod:`biaxial.formats.read` reads.
    line
        The part to take instead: its number, counted from 1, or its name, in any case.
    repeats
        What becomes of repeats (:mod:`biaxial.formats.repeat_reading`).

    Raises
    ------
    InputError
        If the file cannot be read or has no notes, or there is no such part, or several of that name.
    OSError
        If it cannot be opened.
    """
    return melody_of(read_music(path, repeats), line)


def melody_of(music: Music, line: str | None = None) -> Melody:
    """The melody of a file that has been parsed; parameters and errors are those of :func:`read_melody`."""
    piece, name = music.parts, os.fspath(music.path)
    if not piece.parts:
        but = f" ({'; '.join(piece.remarks)})" if piece.remarks else ""
        raise InputError(f"{name}: it has no notes{but}; give a file with a melody")
    remarks = list(piece.remarks)
    if line is not None:
        index = _named(piece, line, name)
    else:
        index = _tune(piece)
        if len(piece.parts) > 1:
            where = f"part {index + 1} of {len(piece.parts)}: {', '.join(piece.names)}"
            remarks.append(f"took {piece.names[index]!r} ({where}) as the melody; choose another with --part")
    notes, left_out, cut = skyline(piece.parts[index].notes)
    if left_out or cut:
        what = [f"{left_out} left out"] * bool(left_out) + [f"{cut} cut short"] * bool(cut)
        remarks.append(
            f"{piece.names[index]!r} has several notes at once: took the highest, of its "
            f"{len(piece.parts[index].notes)} notes {' and '.join(what)}"
        )
    is_midi = music.path.suffix.lower() in (".mid", ".midi")
    if is_midi and music.note_ends == "written":
        notes, remark = _as_written(piece, notes)
        remarks += remark
    score = replace(piece.outline, notes=notes, length_ticks=max(piece.outline.length_ticks, notes[-1].end_ticks))
    pickup = likely_pickup(score) if is_midi and music.pickup is None else None
    if pickup is not None:
        beats = f"{float(pickup):g}"
        remarks.append(f"the metre would fit better with a pickup of {beats} quarter notes; --pickup {beats} states it")
    return Melody(score, tuple(remarks))


def _as_written(piece: Parts, line: tuple[Note, ...]) -> tuple[tuple[Note, ...], list[str]]:
    """A line of a MIDI file with its notes as long as they were written, and what to say of it."""
    ticks, share = piece.outline.ticks_per_quarter, common_share(piece.parts)
    if not are_on_grid(piece.parts, ticks):
        return line, ["most notes begin beside the beats and their parts, as when played; they are kept as they are"]
    longer = line if share is None else lengthened(line, share, ticks)
    changed = sum(before != after for before, after in zip(line, longer, strict=True))
    if not changed:
        return line, []
    return longer, [
        f"most notes end a little before the next begins: lengthened {changed} of the melody; "
        "--note-ends as-played keeps them"
    ]


def _named(piece: Parts, line: str, file: str) -> int:
    parts = f"it has {', '.join(f'{number} {name}' for number, name in enumerate(piece.names, 1))}"
    wanted = line.strip()
    found = [index for index, name in enumerate(piece.names) if name.lower() == wanted.lower()]
    if not found and wanted.isdecimal() and 1 <= int(wanted) <= len(piece.parts):
        return int(wanted) - 1
    if len(found) > 1:
        raise InputError(f"{file}: {len(found)} parts are called {line!r}; give the number of one: {parts}")
    if not found:
        raise InputError(f"{file}: no part {line!r}; {parts}")
    return found[0]


def _tune(piece: Parts) -> int:
    names = [name.replace("_", " ") for name in piece.names]
    for words in (_TUNE, _PERHAPS_TUNE):
        found = [index for index, name in enumerate(names) if words.search(name) and not _NO_TUNE.search(name)]
        if found:
            return _highest_line(piece.parts, found)
    return _highest_line(piece.parts, range(len(names)))


def _highest_line(parts: Sequence[Part], among: Sequence[int]) -> int:
    lines = [index for index in among if _overlap(parts[index].notes) <= NEARLY_A_LINE]
    return max(lines or among, key=lambda index: parts[index].mean_pitch)


def _overlap(notes: Sequence[Note]) -> float:
    """Share of the sounding time in which several notes sound."""
    changes = sorted([(n.onset_ticks, 1) for n in notes] + [(n.end_ticks, -1) for n in notes])
    sounding = single = several = before = 0
    for tick, change in changes:
        single += (tick - before) * (sounding > 0)
        several += (tick - before) * (sounding > 1)
        sounding, before = sounding + change, tick
    return several / single


def skyline(notes: Sequence[Note]) -> tuple[tuple[Note, ...], int, int]:
    """One line out of notes that sound together: the highest that begins, until another takes over.

    Of notes that begin together the highest stays, the longest of equal ones. A later note takes over from one that
    still sounds if it is at least as high, or if the two overlap for less than half of the shorter one, as when a key
    is held a moment too long; the note before it ends there and does not come back. Other notes that begin below one
    that sounds are left out.

    Returns
    -------
    The line, how many notes it leaves out, and how many it cuts short.
    """
    line: list[Note] = []
    left_out = cut = 0
    for note in sorted(notes, key=lambda note: (note.onset_ticks, -note.pitch, -note.length_ticks)):
        last = line[-1] if line else None
        if last is None or last.end_ticks <= note.onset_ticks:
            line.append(note)
            continue
        overlap = min(last.end_ticks, note.end_ticks) - note.onset_ticks
        held_over = 2 * overlap < min(last.length_ticks, note.length_ticks)
        if note.onset_ticks == last.onset_ticks or (note.pitch < last.pitch and not held_over):
            left_out += 1
            continue
        line[-1] = replace(last, length_ticks=note.onset_ticks - last.onset_ticks)
        cut += 1
        line.append(note)
    return tuple(line), left_out, cut


def melody_from_beats(
    pairs: Sequence[tuple[int | None, float | Fraction]],
    *,
    time_signature: str = "4/4",
    key: Key | str | None = None,
    tempo_bpm: float = 80.0,
    pickup_beats: float | Fraction = 0,
    title: str = "",
) -> Score:
    """A melody out of pitches and lengths, one after the other.

    Parameters
    ----------
    pairs
        MIDI pitch, or ``None`` for a rest, and length in quarter notes; ends go to the nearest of 480 ticks a quarter.
    time_signature
        For example ``"3/4"``.
    key
        A key or its name; ``None`` where it is not known.
    tempo_bpm
        Quarter notes a minute.
    pickup_beats
        Length of the pickup in quarter notes, less than a bar.
    title
        Name of the piece.

    Raises
    ------
    InputError
        If a pair is no pitch and length, there is no note at all, or the rest describes no piece; the message names the
        pair, counted from 1.
    """
    notes: list[Note] = []
    now = Fraction(0)
    for number, pair in enumerate(pairs, 1):
        try:
            pitch, length = pair
        except (TypeError, ValueError):
            raise InputError(f"pair {number}: {pair!r} is not a pitch and length; give two numbers") from None
        quarters = _quarters(length, f"pair {number}: length")
        onset, end = _ticks(now), _ticks(now + quarters)
        now += quarters
        if end == onset:
            raise InputError(f"pair {number}: length {length!r} must be more than 0, at least 1/480 of a quarter note")
        if pitch is None:
            continue
        if isinstance(pitch, bool) or not isinstance(pitch, int) or not MIN_PITCH <= pitch <= MAX_PITCH:
            raise InputError(f"pair {number}: pitch {pitch!r} is not a MIDI number; give 0 to 127, or None for a rest")
        notes.append(Note(onset, end - onset, pitch))
    if not notes:
        raise InputError("the melody has no notes; give pairs of a MIDI pitch and a length in quarter notes")
    try:
        return Score(
            notes=tuple(notes),
            length_ticks=_ticks(now),
            time_signatures=(TimeSignature.from_name(time_signature),),
            pickup_ticks=_ticks(_quarters(pickup_beats, "pickup_beats")),
            key=Key.from_name(key) if isinstance(key, str) else key,
            tempo_bpm=float(tempo_bpm),
            title=title,
        )
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"the melody cannot be made: {error}") from error


def _quarters(length: object, name: str) -> Fraction:
    if isinstance(length, bool) or not isinstance(length, int | float | Fraction) or not math.isfinite(length):
        raise InputError(f"{name} {length!r} is not a number of quarter notes")
    if length < 0:
        raise InputError(f"{name} {length!r} must not be below 0")
    return Fraction(length)


def _ticks(quarters: Fraction) -> int:
    return round(quarters * TICKS_PER_QUARTER)


ALL: Final = "all"
MOST_CHORDS: Final = "chords"
HIGHEST_LINE: Final = "melody"


def read_part(path: str | os.PathLike[str], part: str = ALL, repeats: Repeats = "keep") -> Score:
    """Read a file, or one part of it.

    Parameters
    ----------
    path
        Any file that :mod:`biaxial.formats.read` reads.
    part
        As :func:`part_of` takes it.
    repeats
        What becomes of repeats (:mod:`biaxial.formats.repeat_reading`).

    Raises
    ------
    InputError
        If the file cannot be read or has no such part.
    OSError
        If it cannot be opened.
    """
    return part_of(read_music(path, repeats), part)


def part_of(music: Music, part: str = ALL) -> Score:
    """A file that has been parsed, or one part of it.

    Parameters
    ----------
    music
        The file.
    part
        ``"all"``: everything but drums, with voices where they can be told. ``"chords"``: the part that strikes several
        notes at once most often, the first of equal ones. ``"melody"``: its highest line (:func:`melody_of`). Else the
        name of a part, in any case, or its number, counted from 1.

    Raises
    ------
    InputError
        If it has no such part.
    """
    if part == ALL:
        return music.score
    if part == HIGHEST_LINE:
        return melody_of(music).score
    piece = music.parts
    if not piece.parts:
        return piece.outline
    if part == MOST_CHORDS:
        return replace(piece.outline, notes=max(piece.parts, key=num_chords).notes)
    wanted = part.strip().lower()
    found = [one for one, name in zip(piece.parts, piece.names, strict=True) if name.lower() == wanted]
    if not found and wanted.isdecimal() and 1 <= int(wanted) <= len(piece.parts):
        found = [piece.parts[int(wanted) - 1]]
    if not found:
        raise InputError(f"{os.fspath(music.path)}: no part {part!r}; it has {', '.join(piece.names)}")
    return replace(piece.outline, notes=tuple(note for one in found for note in one.notes))


def num_chords(part: Part) -> int:
    """Moments at which several notes begin together."""
    return sum(count > 1 for count in Counter(note.onset_ticks for note in part.notes).values())
