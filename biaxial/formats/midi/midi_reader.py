"""Any MIDI file -> :class:`~biaxial.music.score.Score`; what ``midi_writer`` writes comes back exactly.

What a file leaves open is decided by these rules:

- Voices: if every track with notes is named Soprano, Alto, Tenor, Bass, Voice 5 (and so on) or Notes, no two alike,
  the names tell. Otherwise four parts (a part: what one track plays on one channel) with one note at a time each are
  soprano to bass by falling mean pitch. Otherwise no note has a voice. Drums (channel 10) are left out.
- Notes: a note-on with velocity 0 is a note-off. A note-off ends the oldest sounding note of its pitch, channel and
  track; where fewer note-offs than note-ons follow it ends all of them, as a key that is pressed twice rises once. A
  note that nothing ends lasts to the end of its track. None is shorter than a tick.
- Velocities: as they are, but for 80 in a file where every note has that, or a text says so: it is what is written of
  a note of which nobody said how loud it is.
- Metre: 4/4 until the file says otherwise. One that comes less than a 32nd note beside a beat belongs to the beat. A
  first metre that holds for less than one bar of the second is a pickup.
- Fermatas: markers of that name; "not recorded" without them. Tempo and key: the first of each, and of several tempos
  at its tick the last; without them 120, as the MIDI standard has it, and unknown. A key signature that nobody set is
  often written as C major.
- Words: the lyrics of the first track that has some; one that ends with a hyphen goes on with the word.
- Title: the name of the first track, unless other tracks follow and it has notes itself.
"""

from __future__ import annotations

import os
from collections import defaultdict, deque
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from operator import itemgetter
from typing import Any, Final

from biaxial.files.limits import check_notes, checked_size, read_within
from biaxial.formats.midi import midi_messages
from biaxial.formats.midi.midi_messages import Event, decoded
from biaxial.music.constants import DEFAULT_VELOCITY, NUM_VOICES, VOICE_NAMES
from biaxial.music.errors import InputError
from biaxial.music.parts import Parts, parts_of
from biaxial.music.score import Key, Note, Score, Syllable, TimeSignature

UNVOICED_NAME: Final = "Notes"
"""Name of the track that holds notes without a voice."""
VOICE_OF_NAME: Final[dict[str, int | None]] = {
    **{name.lower(): voice for voice, name in enumerate(VOICE_NAMES)},
    **{f"voice {voice + 1}": voice for voice in range(NUM_VOICES, 128)},
    UNVOICED_NAME.lower(): None,
}
"""The voice of a track by its name, in small letters."""
FERMATA: Final = "fermata"
"""Marker at the onset of a note that ends a phrase."""
NO_FERMATA: Final = "no fermata"
"""Text that says that phrase ends were looked for and there are none."""
NO_PICKUP: Final = "no pickup"
"""Text that says that a short first bar is a bar."""
EXACT_METRES: Final = "metres as they stand"
"""Text that says that no metre came early or late."""
NOT_SAID: Final = f"nobody said how loud notes of velocity {DEFAULT_VELOCITY} are"
"""Text that says so where other notes have velocities."""

_DRUMS = 9
_RawNote = tuple[int, int, int, int | None]
"""Onset, length, pitch, velocity."""
_Part = tuple[int, int]
"""Index of a track, and a channel."""
_Key = tuple[int, int]
"""A channel, and a pitch."""
_Press = tuple[int, int]
"""Onset, and velocity."""


@dataclass(frozen=True)
class MidiTracks:
    """The tracks of a MIDI file, decoded, and what is made of them.

    Parameters
    ----------
    name
        What messages call the file.
    ticks_per_quarter
        Its resolution.
    tracks
        The events of each track.
    """

    name: str
    ticks_per_quarter: int
    tracks: Sequence[Sequence[Event]]

    def score(self) -> Score:
        """One score; notes have voices where they can be told.

        Raises
        ------
        InputError
            If it has more notes, or lasts longer, than can be used.
        """
        try:
            parts = _parts(self.tracks)
            voices = _voices(parts, [_track_name(events) for events in self.tracks])
            notes = [
                Note(onset, length, pitch, voices[part], velocity)
                for part, part_notes in parts.items()
                for onset, length, pitch, velocity in part_notes
            ]
            outline = _outline(self.ticks_per_quarter, self.tracks, parts)
            return checked_size(replace(outline, notes=tuple(notes)))
        except ValueError as error:
            raise InputError(f"{self.name}: {error}") from error

    def parts(self) -> Parts:
        """An outline and parts, named by their tracks.

        Raises
        ------
        InputError
            As :meth:`score`.
        """
        try:
            parts = _parts(self.tracks)
            outline = checked_size(_outline(self.ticks_per_quarter, self.tracks, parts))
        except ValueError as error:
            raise InputError(f"{self.name}: {error}") from error
        names = [_track_name(events) for events in self.tracks]
        # One track with one name for several channels tells nothing about each of them.
        tracks_used = [index for index, _ in parts]
        named = (
            (names[index] if tracks_used.count(index) == 1 else f"{names[index]} channel {channel + 1}", notes)
            for (index, channel), notes in parts.items()
        )
        has_drums = any(_DRUMS in _read_notes(events) for events in self.tracks)
        remarks = ["left out drums (MIDI channel 10)"] * has_drums
        return parts_of(
            outline, ((name, [Note(*raw[:3], None, raw[3]) for raw in notes]) for name, notes in named), remarks
        )


def read_midi_tracks(path: str | os.PathLike[str]) -> MidiTracks:
    """Decode a MIDI file.

    Raises
    ------
    InputError
        If it is no MIDI file, or damaged.
    OSError
        If it cannot be opened.
    """
    return _decoded_tracks(read_within(path, midi_messages.MAX_FILE_BYTES), os.fspath(path))


def read_midi(path: str | os.PathLike[str]) -> Score:
    """Read a MIDI file as a score; a file without notes gives a score without notes.

    Raises
    ------
    InputError
        If it is no MIDI file, or damaged, or cannot be used as music.
    OSError
        If it cannot be opened.
    """
    return read_midi_tracks(path).score()


def parse_midi(data: bytes, name: str = "MIDI data") -> Score:
    """Read the bytes of a MIDI file.

    Parameters
    ----------
    data
        The whole file.
    name
        What messages call it.

    Raises
    ------
    InputError
        As :func:`read_midi`.
    """
    return _decoded_tracks(data, name).score()


def _decoded_tracks(data: bytes, name: str) -> MidiTracks:
    try:
        return MidiTracks(name, *midi_messages.decode(data))
    except ValueError as error:
        raise InputError(f"{name}: {error}") from error


def _parts(tracks: Sequence[Sequence[Event]]) -> dict[_Part, list[_RawNote]]:
    parts = {
        (index, channel): notes
        for index, events in enumerate(tracks)
        for channel, notes in _read_notes(events).items()
        if channel != _DRUMS
    }
    check_notes(sum(map(len, parts.values())))
    velocities = {velocity for notes in parts.values() for *_, velocity in notes}
    texts = {message.text for events in tracks for _, message in events if message.type == "text"}
    if velocities != {DEFAULT_VELOCITY} and NOT_SAID not in texts:
        return parts
    return {
        part: [
            (on, length, pitch, None if velocity == DEFAULT_VELOCITY else velocity)
            for on, length, pitch, velocity in notes
        ]
        for part, notes in parts.items()
    }


def _outline(ticks_per_quarter: int, tracks: Sequence[Sequence[Event]], parts: dict[_Part, list[_RawNote]]) -> Score:
    """All but the notes; as long as the longest track or the last note of a part."""
    metas = sorted((event for events in tracks for event in events if event[1].is_meta), key=itemgetter(0))
    texts = {decoded(message.text) for _, message in metas if message.type == "text"}
    markers = ((tick, decoded(message.text)) for tick, message in metas if message.type == "marker")
    fermatas = [tick for tick, text in markers if text.lower() == FERMATA]
    pickup, signatures = _metres(metas, ticks_per_quarter, texts)
    tempos = [(tick, message.tempo) for tick, message in metas if message.type == "set_tempo" and message.tempo]
    keys = (message.key for _, message in metas if message.type == "key_signature")
    ends = [events[-1][0] for events in tracks]
    ends += [onset + length for notes in parts.values() for onset, length, *_ in notes]
    return Score(
        length_ticks=max(ends, default=0),
        ticks_per_quarter=ticks_per_quarter,
        time_signatures=signatures,
        pickup_ticks=pickup,
        key=next(map(Key.from_name, keys), None),
        fermatas=tuple(fermatas) if fermatas or NO_FERMATA in texts else None,
        tempo_bpm=_tempo(next((tempo for tick, tempo in reversed(tempos) if tick == tempos[0][0]), 500_000)),
        lyrics=next(filter(None, map(_lyrics, tracks)), ()),
        title=_track_name(tracks[0]) if tracks and not (len(tracks) > 1 and _read_notes(tracks[0])) else "",
    )


def _lyrics(events: Iterable[Event]) -> tuple[Syllable, ...]:
    texts = ((tick, decoded(message.text).strip()) for tick, message in events if message.type == "lyrics")
    return tuple(Syllable(tick, text.removesuffix("-"), text.endswith("-")) for tick, text in texts if text)


def _read_notes(events: Iterable[Event]) -> dict[int, list[_RawNote]]:
    """Notes of one track by channel."""
    presses = defaultdict[_Key, deque[_Press]](deque)
    notes: defaultdict[int, list[_RawNote]] = defaultdict(list)
    now, events = 0, list(events)
    most_to_come = _most_note_offs_to_come(events)
    for index, (now, message) in enumerate(events):
        if _is_note_on(message):
            presses[message.channel, message.note].append((now, message.velocity))
        elif message.type in ("note_on", "note_off") and (held := presses[message.channel, message.note]):
            first = held[0][0]
            ended = [held.popleft()]
            if most_to_come[index] < len(held):
                # A press in the last eighth of another one is the next note, which begins a moment early.
                while held and 8 * (now - held[0][0]) > now - first:
                    ended.append(held.popleft())
            notes[message.channel] += [
                (onset, max(now - onset, 1), message.note, velocity) for onset, velocity in ended
            ]
    for (channel, pitch), left in presses.items():
        notes[channel] += [(onset, max(now - onset, 1), pitch, velocity) for onset, velocity in left]
    return {channel: found for channel, found in notes.items() if found}


def _most_note_offs_to_come(events: Sequence[Event]) -> list[int]:
    """After each event, how many more note-offs than note-ons of its key there are at most up to any later place."""
    most = defaultdict[_Key, int](int)
    found = [0] * len(events)
    for index in range(len(events) - 1, -1, -1):
        message = events[index][1]
        if message.type in ("note_on", "note_off"):
            key = message.channel, message.note
            found[index] = most[key]
            most[key] = max(0, most[key] + (-1 if _is_note_on(message) else 1))
    return found


def _is_note_on(message: Any) -> bool:
    return bool(message.type == "note_on" and message.velocity > 0)


def _voices(parts: dict[_Part, list[_RawNote]], names: Sequence[str]) -> dict[_Part, int | None]:
    """The voice of each part, by the names of the tracks, else by pitch, else none."""
    used = [names[index].strip().lower() for index in dict.fromkeys(index for index, _ in parts)]
    if all(name in VOICE_OF_NAME for name in used) and len(set(used)) == len(used):
        return {part: VOICE_OF_NAME[names[part[0]].strip().lower()] for part in parts}
    if len(parts) == NUM_VOICES and all(map(_is_melody, parts.values())):
        means = {part: Fraction(sum(pitch for _, _, pitch, _ in notes), len(notes)) for part, notes in parts.items()}
        order = sorted(parts, key=lambda part: -means[part])
        return {part: order.index(part) for part in parts}
    return dict.fromkeys(parts)


def _is_melody(notes: Sequence[_RawNote]) -> bool:
    return all(first[0] + first[1] <= second[0] for first, second in pairwise(sorted(notes)))


def _metres(
    metas: Iterable[Event], ticks_per_quarter: int, texts: Container[str]
) -> tuple[int, tuple[TimeSignature, ...]]:
    """Pickup and metres; what is no metre is passed over, and of two at one tick the last one counts."""
    found = {0: TimeSignature()}
    for tick, message in metas:
        if message.type == "time_signature" and message.numerator and message.denominator <= 64:
            found[tick] = TimeSignature(min(message.numerator, 64), message.denominator, tick)
    signatures = list(found.values())
    if EXACT_METRES not in texts:
        signatures = on_beats(signatures, ticks_per_quarter)
    pickup = 0
    if NO_PICKUP not in texts and has_pickup(signatures, ticks_per_quarter):
        pickup = signatures[1].onset_ticks
        signatures[:2] = [TimeSignature(signatures[1].numerator, signatures[1].denominator)]
    return pickup, tuple(signatures)


def on_beats(signatures: Sequence[TimeSignature], ticks_per_quarter: int) -> list[TimeSignature]:
    """Metres of which those less than a 32nd note beside a beat, or a quarter, of the one before are moved to it."""
    moved = [signatures[0]]
    for signature in signatures[1:]:
        before = moved[-1]
        beat = Fraction(4 * ticks_per_quarter, max(before.denominator, 4))
        place = before.onset_ticks + round((signature.onset_ticks - before.onset_ticks) / beat) * beat
        if place.denominator == 1 and 8 * abs(place - signature.onset_ticks) < ticks_per_quarter:
            signature = replace(signature, onset_ticks=int(place))
        if signature.onset_ticks == before.onset_ticks:
            moved.pop()
        moved.append(signature)
    return moved


def _track_name(events: Iterable[Event]) -> str:
    return next((decoded(message.name) for _, message in events if message.type == "track_name"), "")


def has_pickup(signatures: Sequence[TimeSignature], ticks_per_quarter: int) -> bool:
    """Whether a first metre that ends early makes a pickup of the first bar."""
    return len(signatures) > 1 and signatures[1].onset_ticks < signatures[1].bar_ticks(ticks_per_quarter)


def tempo_microseconds(tempo_bpm: float) -> int:
    """Microseconds a quarter, as a file holds them: a whole number of three bytes."""
    return min(max(round(60e6 / tempo_bpm), 1), 0xFFFFFF)


def _tempo(microseconds: int) -> float:
    """The tempo with fewest decimals that is written as this number of microseconds a quarter."""
    exact = 60e6 / microseconds
    rounded = (round(exact, decimals) for decimals in range(7))
    return next((tempo for tempo in rounded if tempo > 0 and tempo_microseconds(tempo) == microseconds), exact)
