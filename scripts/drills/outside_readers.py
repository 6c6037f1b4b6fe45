"""What programs that are not ours hear in a file: notes by voice, key, metre, pickup, fermatas, words.

Times are ticks, 480 to a quarter note, counted from the beginning of the piece. A fact that a program does not tell is
``None``.
"""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal
from xml.etree import ElementTree

from biaxial.formats.page.layout import laid_out
from biaxial.music.score import Score

Q: Final = 480
Sung = tuple[int, int, int]
"""Onset, length and pitch of a note."""
_XML_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"


@dataclass(frozen=True)
class Heard:
    """What was heard in a file.

    Parameters
    ----------
    voices
        The notes of each voice from the top, in order, ties joined.
    sharps, mode, metre, pickup
        As the piece begins.
    fermatas
        Onsets of the notes that have one, in any voice.
    words
        Syllables with their onsets.
    """

    voices: tuple[tuple[Sung, ...], ...]
    sharps: int | None = None
    mode: str | None = None
    metre: str | None = None
    pickup: int | None = None
    fermatas: frozenset[int] | None = None
    words: tuple[tuple[int, str], ...] | None = None


def written(score: Score, staves: Literal[2, 4] = 2) -> Heard:
    """What should be heard of a score in four voices that is written on so many staves."""
    page = laid_out(score, staves)
    voices = tuple(
        tuple(sorted((note.onset_ticks, note.length_ticks, note.pitch) for note in page.score.voice_notes(voice)))
        for voice in range(page.score.num_voices)
    )
    return Heard(
        voices,
        page.key.fifths,
        page.key.mode,
        page.bars[0].metre.name,
        page.score.pickup_ticks,
        frozenset(page.score.notes[note].onset_ticks for note in (*page.marks.above, *page.marks.below)),
        tuple((word.onset_ticks, word.text) for word in page.score.lyrics),
    )


def _beginnings(paused: Iterable[int], notes: Iterable[Sung]) -> set[int]:
    """The onsets of notes that sound at some ticks: a fermata may stand on what is tied to them."""
    sung = list(notes)
    return {onset for tick in paused for onset, length, _ in sung if onset <= tick < onset + length}


def _voices(parts: Iterable[Iterable[Sung]]) -> tuple[tuple[Sung, ...], ...]:
    found = (tuple(sorted(part)) for part in parts)
    return tuple(part for part in found if part)


def music21_reader(path: Path) -> Heard:
    """music21: kern, ABC and MEI."""
    from music21 import converter, expressions, key, meter, stream

    score = converter.parse(path, forceSource=True)
    fermatas: set[int] = set()
    voices = []
    for part in score.parts:
        inside = list(part.recurse().getElementsByClass(stream.Voice))
        names = sorted({str(voice.id) for voice in inside}) or [""]
        by_voice: dict[str, list[Any]] = {name: [] for name in names}
        for note in part.recurse().notes:
            voice = note.getContextByClass(stream.Voice) if inside else None
            by_voice["" if voice is None else str(voice.id)].append(note)
        for notes in by_voice.values():
            sung: list[Sung] = []
            paused = set()
            for note in notes:
                onset, length = (round(Fraction(t) * Q) for t in (note.getOffsetInHierarchy(part), note.quarterLength))
                if any(isinstance(mark, expressions.Fermata) for mark in note.expressions):
                    paused.add(onset)
                for pitch in note.pitches:
                    tied = note.tie is not None and note.tie.type in ("stop", "continue")
                    before = next((s for s in reversed(sung) if s[2] == pitch.midi and s[0] + s[1] == onset), None)
                    if tied and before is not None:
                        sung[sung.index(before)] = (before[0], before[1] + length, before[2])
                    else:
                        sung.append((onset, length, pitch.midi))
            voices.append(sung)
            fermatas |= _beginnings(paused, sung)
    keys = list(score.recurse().getElementsByClass(key.KeySignature))
    modes = [found.mode for found in keys if isinstance(found, key.Key)]
    metre = next(iter(score.recurse().getElementsByClass(meter.TimeSignature)), None)
    first = next(iter(score.parts[0].getElementsByClass(stream.Measure)), None)
    pickup = None
    if first is not None and metre is not None:
        length = round(Fraction(first.duration.quarterLength) * Q)
        pickup = length if length < round(metre.barDuration.quarterLength * Q) else 0
    return Heard(
        _voices(voices),
        keys[0].sharps if keys else None,
        modes[0] if modes else None,
        None if metre is None else metre.ratioString,
        pickup,
        frozenset(fermatas) if path.suffix == ".krn" else None,
    )


def verovio_reader(path: Path) -> Heard:
    """Verovio: MEI, kern and ABC."""
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    if not toolkit.loadFile(str(path)):
        raise ValueError(f"Verovio cannot read {path}")
    root = ElementTree.fromstring(toolkit.getMEI())
    timed = toolkit.renderToTimemap({"includeMeasures": True})
    onsets = {name: round(event["qstamp"] * Q) for event in timed for name in event.get("on", ())}
    ends = {name: round(event["qstamp"] * Q) for event in timed for name in event.get("off", ())}
    head: dict[str, str] = {}
    for tie in sorted(root.iterfind(".//{*}tie"), key=lambda tie: onsets.get(tie.get("startid", "")[1:], 0)):
        start, end = (tie.get(side, "").removeprefix("#") for side in ("startid", "endid"))
        head[end] = head.get(start, start)
        ends[head[end]] = ends[end]
    voices: dict[tuple[int, int], list[Sung]] = defaultdict(list)
    for staff in root.iterfind(".//{*}staff"):
        for layer in staff.iterfind("{*}layer"):
            place = int(staff.get("n", "0")), int(layer.get("n", "0"))
            for name in (note.get(_XML_ID, "") for note in layer.iterfind(".//{*}note")):
                if name not in head:
                    pitch = toolkit.getMIDIValuesForElement(name)["pitch"]
                    voices[place].append((onsets[name], ends[name] - onsets[name], pitch))
    pauses = (mark.get("startid", "").removeprefix("#") for mark in root.iterfind(".//{*}fermata"))
    signature = next(root.iterfind(".//{*}keySig"), None)
    metre = next(root.iterfind(".//{*}meterSig"), None)
    bars = [round(event["qstamp"] * Q) for event in timed if "measureOn" in event]
    whole = Q * 4 if metre is None else Fraction(int(metre.get("count", "4")) * 4 * Q, int(metre.get("unit", "4")))
    sharps = "0" if signature is None else signature.get("sig", "0")
    return Heard(
        _voices(notes for _, notes in sorted(voices.items())),
        0 if sharps == "0" else int(sharps[:-1]) * (1 if sharps[-1] == "s" else -1),
        None if signature is None else signature.get("mode"),
        None if metre is None else f"{metre.get('count')}/{metre.get('unit')}",
        bars[1] if len(bars) > 1 and bars[1] < whole else 0,
        frozenset(onsets[head.get(name, name)] for name in pauses if name in onsets),
    )


def abc2midi_reader(path: Path) -> Heard:
    """abc2midi: ABC. Fermatas are those notes that it lengthens unless it is told not to."""
    from mido import MidiFile

    plain, paused = path.with_suffix(".plain.mid"), path.with_suffix(".paused.mid")
    for target, flags in ((plain, ["-NFER"]), (paused, [])):
        subprocess.run(["abc2midi", path, "-o", target, *flags], check=True, capture_output=True)
    sounding = [_tracks(MidiFile(file)) for file in (plain, paused)]
    fermatas = {
        note[0]
        for voice, longer in zip(*sounding, strict=True)
        for note, other in zip(voice, longer, strict=True)
        if other[1] > note[1]
    }
    messages = [message for track in MidiFile(plain).tracks for message in track]
    said = next((message.key for message in messages if message.type == "key_signature"), None)
    metre = next((message for message in messages if message.type == "time_signature"), None)
    sharps, mode = (None, None) if said is None else _signature(said)
    return Heard(
        _voices(sounding[0]),
        sharps,
        mode,
        None if metre is None else f"{metre.numerator}/{metre.denominator}",
        None,
        frozenset(fermatas),
    )


def _tracks(midi: Any) -> list[list[Sung]]:
    """The notes of each track that has any."""
    scale = Fraction(Q, midi.ticks_per_beat)
    found = []
    for track in midi.tracks:
        now, notes = 0, []
        begun: dict[int, int] = {}
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                begun[message.note] = now
            elif message.type in ("note_on", "note_off") and message.note in begun:
                # abc2midi begins a tick late
                onset, end = (round(tick * scale / 10) * 10 for tick in (begun.pop(message.note), now))
                notes.append((onset, end - onset, message.note))
        if notes:
            found.append(sorted(notes))
    return found


def _signature(name: str) -> tuple[int, str]:
    from biaxial.music.score import Key

    key = Key.from_name(f"{name.removesuffix('m')} {'minor' if name.endswith('m') else 'major'}")
    return key.fifths, key.mode


_LISTENER: Final = r"""
#(define (said . words) (format #t "~{~a~^\t~}\n" words))
#(define (now context) (ly:moment-main (ly:context-current-moment context)))
#(define (long event) (ly:moment-main (ly:duration-length (ly:event-property event 'duration))))
#(define (is-tied event)
  (pair? (filter (lambda (mark) (ly:in-event-class? mark 'tie-event)) (ly:event-property event 'articulations '()))))
\layout {
  \context { \Voice \consists #(lambda (context) (make-engraver (listeners
    ((note-event engraver event) (said (ly:context-id context) (now context)
      (if (is-tied event) "tied" "note") (+ 60 (ly:pitch-semitones (ly:event-property event 'pitch))) (long event)
      (ly:moment-main (ly:context-property context 'measurePosition))))
    ((tie-event engraver event) (said (ly:context-id context) (now context) "tie"))
    ((articulation-event engraver event)
      (said (ly:context-id context) (now context) (ly:event-property event 'articulation-type)))))) }
  \context { \Staff \consists #(lambda (context) (make-engraver (listeners
    ((key-change-event engraver event) (said "" (now context) "key"
      (ly:event-property event 'pitch-alist) (ly:pitch-semitones (ly:event-property event 'tonic))))))) }
  \context { \Score \consists #(lambda (context) (make-engraver (listeners
    ((time-signature-event engraver event) (said "" (now context) "time"
      (ly:event-property event 'numerator) (ly:event-property event 'denominator)))))) }
}
"""
"""Makes LilyPond print what it hears, to which voice it belongs and where in the bar it stands."""


def lilypond_reader(path: Path) -> Heard:
    """LilyPond's own program, as it interprets the music before it draws it."""
    wrapper = path.with_suffix(".listen.ly")
    source = re.sub(r"\\score \{ \\unfoldRepeats.*", "", path.read_text(encoding="utf-8"))
    wrapper.write_text(source.replace("\n", "\n" + _LISTENER, 1), encoding="utf-8")
    done = subprocess.run(
        ["lilypond", "-dno-print-pages", "--loglevel=WARN", "-o", path.parent, wrapper],
        check=True,
        capture_output=True,
        text=True,
    )
    if "warning" in done.stderr:
        raise ValueError(f"LilyPond warns: {done.stderr.strip().splitlines()[0]}")
    voices: dict[str, list[Sung]] = {name: [] for name in re.findall(r'\\new Voice = "(\w+)"', source)}
    open_ties: dict[str, int] = {}
    paused: dict[str, list[int]] = defaultdict(list)
    sharps = mode = metre = pickup = None
    for line in done.stdout.splitlines():
        voice, when, what, *rest = line.split("\t")
        onset = round(Fraction(when) * 4 * Q)
        if what == "key" and sharps is None:
            sharps = round(sum(map(Fraction, re.findall(r"\. (-?\d+(?:/\d+)?)\)", rest[0]))) * 2)
            mode = "minor" if (int(rest[1]) - sharps * 7) % 12 == 9 else "major"
        elif what == "time" and metre is None:
            metre = "/".join(rest)
        elif what == "fermata":
            paused[voice].append(onset)
        elif what == "tie":
            open_ties[voice] = onset
        elif what in ("note", "tied"):
            pitch, length = int(rest[0]), round(Fraction(rest[1]) * 4 * Q)
            notes = voices[voice]
            pickup = max(0, -round(Fraction(rest[2]) * 4 * Q)) if pickup is None else pickup
            if notes and notes[-1][2] == pitch and voice in open_ties and notes[-1][0] + notes[-1][1] == onset:
                notes[-1] = (notes[-1][0], notes[-1][1] + length, pitch)
                del open_ties[voice]
            else:
                notes.append((onset, length, pitch))
    fermatas = {tick for voice, ticks in paused.items() for tick in _beginnings(ticks, voices[voice])}
    return Heard(_voices(voices.values()), sharps, mode, metre, pickup, frozenset(fermatas))


def pretty_midi_reader(path: Path) -> Heard:
    """pretty_midi: MIDI, with its words."""
    from pretty_midi import PrettyMIDI

    midi = PrettyMIDI(str(path))

    def tick(seconds: float) -> int:
        tick: int = round(midi.time_to_tick(seconds) * Q / midi.resolution)
        return tick

    voices = [[(tick(n.start), tick(n.end) - tick(n.start), n.pitch) for n in part.notes] for part in midi.instruments]
    key = midi.key_signature_changes[0].key_number if midi.key_signature_changes else None
    metres = midi.time_signature_changes
    bar = [Fraction(m.numerator * 4 * Q, m.denominator) for m in metres]
    short = len(metres) > 1 and bar[0] < bar[1] and tick(metres[1].time) == bar[0]
    main = metres[1] if short else metres[0]
    sharps = None if key is None else (key % 12 * 7 + (9 if key >= 12 else 0) + 6) % 12 - 6
    return Heard(
        _voices(voices),
        sharps if key is None or key < 12 else (key % 12 * 7 - 3 + 6) % 12 - 6,
        None if key is None else ("minor" if key >= 12 else "major"),
        f"{main.numerator}/{main.denominator}",
        int(bar[0]) if short else 0,
        None,
        tuple((tick(word.time), word.text) for word in midi.lyrics),
    )
