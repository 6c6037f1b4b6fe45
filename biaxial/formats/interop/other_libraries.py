"""music21, symusic, muspy, note-seq, partitura and mido: a score as an object of theirs and back.

Reading looks at what an object has, not at its class, so no library is imported for it. What each cannot hold is said
in its function; chord symbols go to music21 only, words to music21 and mido, and which notes are locked goes nowhere.
What a library does hold comes back as it was.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

import numpy as np

from biaxial.formats.interop.common_ground import metres_of, score_of_tracks, texts_of, tonic_key
from biaxial.formats.interop.pretty_midi_door import from_pretty_midi
from biaxial.formats.midi.midi_reader import NO_PICKUP, parse_midi
from biaxial.formats.midi.midi_writer import CHURCH_ORGAN, midi_bytes, notes_by_voice, to_mido, voice_name
from biaxial.formats.music21_reader import parts_of_stream
from biaxial.music.constants import DEFAULT_VELOCITY, NUM_VOICES, TICKS_PER_QUARTER
from biaxial.music.errors import InputError
from biaxial.music.parts import Part, as_score
from biaxial.music.score import Key, Note, Score

__all__ = [
    "from_mido",
    "from_music21",
    "from_muspy",
    "from_note_array",
    "from_note_sequence",
    "from_symusic",
    "is_foreign", "score_of_object",
    "to_mido",
    "to_music21",
    "to_muspy",
    "to_note_array",
    "to_note_sequence",
    "to_symusic",
]  # fmt: skip


def score_of_object(music: Any) -> Score:
    """The score of whatever object of these libraries it is.

    Raises
    ------
    InputError
        If it is none of them, or cannot be used as music.
    """
    read = _reader(music)
    if read is None:
        raise InputError(
            f"{type(music).__name__} is not music; give a file, a Score, or an object of pretty_midi, mido, music21, "
            "symusic, muspy, note-seq or partitura"
        )
    try:
        return read(music)
    except InputError:
        raise
    except Exception as error:  # the object lacks something, or a time of it is infinite
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise InputError(f"the {type(music).__name__} object: it cannot be read as music ({reason})") from error


def is_foreign(music: Any) -> bool:
    """Whether it is an object of one of these libraries."""
    return _reader(music) is not None


def _reader(music: Any) -> Callable[[Any], Score] | None:
    if getattr(getattr(music, "dtype", None), "names", None):
        return from_note_array
    has = set(dir(music))
    return next((read for needed, read in _READERS if needed <= has), None)


def from_mido(file: Any) -> Score:
    """A file of mido as a score.

    Raises
    ------
    InputError
        If it cannot be used as music.
    """
    data = io.BytesIO()
    try:
        file.save(file=data)
    except Exception as error:  # whatever its messages hold
        raise InputError(f"the mido object: it cannot be written ({error})") from error
    return parse_midi(data.getvalue(), "the mido object")


def to_music21(score: Score) -> Any:
    """A score as one of music21, a part for each voice, by way of MusicXML."""
    from music21 import converter

    from biaxial.formats.musicxml import musicxml_text

    music = converter.parseData(musicxml_text(score, staves=4), format="musicxml")
    for mark in music.recurse().getElementsByClass("MetronomeMark"):
        mark.numberSounding = score.tempo_bpm / mark.referent.quarterLength  # what is printed is rounded
    return music


def from_music21(stream: Any) -> Score:
    """A score or a part of music21.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    return as_score(parts_of_stream(stream))


def to_symusic(score: Score) -> Any:
    """A score as one of symusic, in ticks."""
    import symusic

    piece = symusic.Score.from_midi(midi_bytes(score))
    piece.markers = [symusic.TextMeta(tick, text) for tick, text in texts_of(score)]
    return piece


def from_symusic(piece: Any) -> Score:
    """A score of symusic in ticks, quarters or seconds.

    Raises
    ------
    InputError
        If it cannot be used as music.
    """
    piece = piece.to("tick")
    tempos = sorted(piece.tempos, key=_time)
    return score_of_tracks(
        "the symusic object",
        piece.ticks_per_quarter,
        [(track.name, track.is_drum, _played(track.notes)) for track in piece.tracks],
        tempo_bpm=tempos[0].qpm if tempos else None,
        keys=[_key(key.key, minor=key.tonality == 1) for key in sorted(piece.key_signatures, key=_time)],
        metres=[(metre.time, metre.numerator, metre.denominator) for metre in sorted(piece.time_signatures, key=_time)],
        texts=[(text.time, text.text) for text in piece.markers],
    )


def to_muspy(score: Score) -> Any:
    """A score as music of muspy, a track for each voice."""
    import muspy

    key = score.key
    return muspy.Music(
        muspy.Metadata(title=score.title),
        score.ticks_per_quarter,
        [muspy.Tempo(0, score.tempo_bpm)],
        [] if key is None else [muspy.KeySignature(0, key.tonic, key.mode, key.fifths)],
        [muspy.TimeSignature(*metre) for metre in metres_of(score)],
        annotations=[muspy.Annotation(tick, text) for tick, text in texts_of(score)],
        tracks=[
            muspy.Track(
                CHURCH_ORGAN,
                name=name,
                notes=[muspy.Note(n.onset_ticks, n.pitch, n.length_ticks, n.played_velocity) for n in notes],
            )
            for name, notes in notes_by_voice(score)
        ],
    )


def from_muspy(music: Any) -> Score:
    """Music of muspy.

    Raises
    ------
    InputError
        If it cannot be used as music.
    """
    tempos = sorted(music.tempos, key=_time)
    return score_of_tracks(
        "the muspy object",
        music.resolution,
        [(track.name or "", track.is_drum, _played(track.notes)) for track in music.tracks],
        tempo_bpm=tempos[0].qpm if tempos else None,
        keys=[
            tonic_key(key.root, key.mode) if key.fifths is None else _key(key.fifths, minor=key.mode == "minor")
            for key in sorted(music.key_signatures, key=_time)
            if key.fifths is not None or key.root is not None
        ],
        metres=[(metre.time, metre.numerator, metre.denominator) for metre in sorted(music.time_signatures, key=_time)],
        texts=[(text.time, str(text.annotation)) for text in music.annotations],
    )


def to_note_sequence(score: Score) -> Any:
    """A score as a NoteSequence of note-seq, whose times are seconds and whose keys are numbered by their tonic."""
    import note_seq

    seconds = 60 / score.tempo_bpm / score.ticks_per_quarter
    sequence = note_seq.NoteSequence(ticks_per_quarter=score.ticks_per_quarter, total_time=score.length_ticks * seconds)
    sequence.sequence_metadata.title = score.title
    sequence.tempos.add(qpm=score.tempo_bpm)
    if score.key is not None:
        sequence.key_signatures.add(key=score.key.tonic, mode=1 if score.key.mode == "minor" else 0)
    for tick, numerator, denominator in metres_of(score):
        sequence.time_signatures.add(time=tick * seconds, numerator=numerator, denominator=denominator)
    for tick, text in texts_of(score):
        sequence.text_annotations.add(time=tick * seconds, text=text)
    for part, (name, notes) in enumerate(notes_by_voice(score)):
        sequence.part_infos.add(part=part, name=name)
        for n in notes:
            start, end = n.onset_ticks * seconds, n.end_ticks * seconds
            values = {"pitch": n.pitch, "velocity": n.played_velocity, "start_time": start, "end_time": end}
            sequence.notes.add(**values, part=part, instrument=part, program=CHURCH_ORGAN)
    return sequence


def from_note_sequence(sequence: Any) -> Score:
    """A NoteSequence of note-seq, its seconds on the ticks of its tempos.

    Raises
    ------
    InputError
        If it cannot be used as music.
    """
    resolution = sequence.ticks_per_quarter or TICKS_PER_QUARTER
    tempos = sorted(sequence.tempos, key=_time)
    turns: list[float] = [0.0, *(tempo.time for tempo in tempos if tempo.time > 0)]
    speeds = [(tempo.time, tempo.qpm / 60 * resolution) for tempo in tempos] or [(0.0, 2.0 * resolution)]
    ticks_at = [0.0]
    for start, end in pairwise(turns):
        ticks_at.append(ticks_at[-1] + (end - start) * _speed(speeds, start))

    def tick(seconds: float) -> int:
        place = bisect_right(turns, seconds) - 1
        return round(ticks_at[place] + (seconds - turns[place]) * _speed(speeds, turns[place]))

    names = {info.part: info.name for info in sequence.part_infos}
    parts: dict[tuple[int, int, bool], list[tuple[int, int, int, int]]] = {}
    for note in sequence.notes:
        onset = tick(note.start_time)
        played = parts.setdefault((note.part, note.instrument, note.is_drum), [])
        played.append((onset, tick(note.end_time) - onset, note.pitch, note.velocity))
    return score_of_tracks(
        "the NoteSequence",
        resolution,
        [(names.get(part, ""), drums, notes) for (part, _, drums), notes in parts.items()],
        tempo_bpm=tempos[0].qpm if tempos else None,
        keys=[
            tonic_key(k.key, "minor" if k.mode == 1 else "major") for k in sorted(sequence.key_signatures, key=_time)
        ],
        metres=[(tick(m.time), m.numerator, m.denominator) for m in sorted(sequence.time_signatures, key=_time)],
        texts=[(tick(text.time), text.text) for text in sequence.text_annotations],
    )


def _speed(speeds: Sequence[tuple[float, float]], seconds: float) -> float:
    """Ticks a second from a moment on."""
    return next((speed for start, speed in reversed(speeds) if start <= seconds), speeds[0][1])


def to_note_array(score: Score) -> np.ndarray:
    """A score as a note array of partitura: notes, voices (counted from 1, 0 for none), metre, key where it is known.

    It has no place for velocities, tempo, phrase ends, title, and silence at the end.
    """
    unit = score.ticks_per_quarter
    fields: dict[str, tuple[str, list[Any]]] = {
        "onset_quarter": ("f4", [(n.onset_ticks - score.pickup_ticks) / unit for n in score.notes]),
        "duration_quarter": ("f4", [n.length_ticks / unit for n in score.notes]),
        "onset_div": ("i4", [n.onset_ticks for n in score.notes]),
        "duration_div": ("i4", [n.length_ticks for n in score.notes]),
        "pitch": ("i4", [n.pitch for n in score.notes]),
        "voice": ("i4", [0 if n.voice is None else n.voice + 1 for n in score.notes]),
        "id": ("U256", [f"n{index}" for index in range(len(score.notes))]),
        "ts_beats": ("i4", [score.time_signature_at(n.onset_ticks).numerator for n in score.notes]),
        "ts_beat_type": ("i4", [score.time_signature_at(n.onset_ticks).denominator for n in score.notes]),
        "divs_pq": ("i4", [unit] * len(score.notes)),
    }
    if score.key is not None:
        fields["ks_fifths"] = "i4", [score.key.fifths] * len(score.notes)
        fields["ks_mode"] = "i4", [-1 if score.key.mode == "minor" else 1] * len(score.notes)
    array = np.zeros(len(score.notes), [(name, kind) for name, (kind, _) in fields.items()])
    for name, (_, values) in fields.items():
        array[name] = values
    return array


def from_note_array(notes: Any) -> Score:
    """A note array of partitura's scores, or its score or part.

    Voices of an array that names no parts are soprano, alto and so on where each has one note at a time; so are four
    parts of a score, in its order. Otherwise no voice is told.

    Raises
    ------
    InputError
        If it lacks a field that is needed.
    """
    if hasattr(notes, "note_array"):
        wanted = ("key_signature", "time_signature", "divs_per_quarter")
        notes = notes.note_array(**{f"include_{name}": True for name in wanted})
    if missing := {"onset_div", "duration_div", "pitch", "voice", "divs_pq"} - set(notes.dtype.names or ()):
        raise InputError(f"the note array: no field {', '.join(sorted(missing))}; let partitura include them")
    fields = set(notes.dtype.names)
    if len(set(notes["divs_pq"].tolist())) != 1:
        raise InputError("the note array: no resolution, or several; give the notes of a score with one")
    unit = int(notes["divs_pq"][0])
    columns = [notes[name].tolist() for name in ("onset_div", "duration_div", "pitch", "voice")]
    owners = [name.split("_")[0] if "_" in name else "" for name in notes["id"].tolist()] if "id" in fields else [""]
    owners *= len(notes) if len(owners) == 1 else 1
    parts: dict[tuple[str, int], list[tuple[int, int, int, int]]] = {}
    for owner, onset, length, pitch, voice in zip(owners, *columns, strict=True):
        parts.setdefault((owner, voice), []).append((onset, length, pitch, DEFAULT_VELOCITY))
    notes_of = {part: tuple(Note(on, max(n, 1), p) for on, n, p, _ in sorted(found)) for part, found in parts.items()}
    lines = all(Part("", line).is_line for line in notes_of.values())
    names = [""] * len(parts)
    if lines and set(owners) == {""} and all(voice > 0 for _, voice in parts):
        names = [voice_name(voice - 1) for _, voice in sorted(parts)]
    elif lines and len(parts) == NUM_VOICES:
        names = [voice_name(voice) for voice in range(NUM_VOICES)]
    tracks = [(name, False, parts[part]) for name, part in zip(names, sorted(parts), strict=True)]
    metres, keys, pickup = list[tuple[int, int, int]](), list[Key](), 0
    if {"ts_beats", "ts_beat_type"} <= fields:
        beats = zip(columns[0], notes["ts_beats"].tolist(), notes["ts_beat_type"].tolist(), strict=True)
        for onset, numerator, denominator in sorted(beats):
            if not metres or metres[-1][1:] != (numerator, denominator):
                metres.append((onset if metres else 0, numerator, denominator))
    if {"ks_fifths", "ks_mode"} <= fields:
        keys = [_key(int(notes["ks_fifths"][0]), minor=notes["ks_mode"][0] < 0)]
    if "onset_quarter" in fields:
        pickup = columns[0][0] - round(float(notes["onset_quarter"][0]) * unit)
    score = score_of_tracks("the note array", unit, tracks, keys=keys, metres=metres, texts=[(0, NO_PICKUP)])
    return replace(score, pickup_ticks=pickup)


_READERS: Final[tuple[tuple[set[str], Callable[[Any], Score]], ...]] = (
    ({"instruments", "time_to_tick"}, from_pretty_midi),
    ({"ticks_per_beat", "tracks"}, from_mido),
    ({"getElementsByClass", "recurse"}, from_music21),
    ({"ticks_per_quarter", "tracks", "markers"}, from_symusic),
    ({"resolution", "tracks", "annotations"}, from_muspy),
    ({"part_infos", "total_time"}, from_note_sequence),
    ({"note_array"}, from_note_array),
)
"""What an object of each library has, and what reads it."""


def _key(fifths: int, *, minor: bool) -> Key:
    return Key(int(fifths), "minor" if minor else "major")


def _time(mark: Any) -> float:
    return float(mark.time)


def _played(notes: Iterable[Any]) -> list[tuple[int, int, int, int]]:
    return [(n.time, n.duration, n.pitch, DEFAULT_VELOCITY if n.velocity is None else n.velocity) for n in notes]
