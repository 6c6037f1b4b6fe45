"""Scores to MIDI files and back, field for field."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mido import MidiFile

from biaxial.formats.midi.midi_messages import Event, decode, decoded
from biaxial.formats.midi.midi_writer import midi_bytes, parse_midi, read_midi, write_midi
from biaxial.music.constants import VOICE_NAMES
from biaxial.music.errors import InputError
from biaxial.music.performance.instruments import InstrumentName
from biaxial.music.score import ChordSymbol, Key, Note, Score, Syllable, TimeSignature
from biaxial.music.symbols import parse_chord

Q = 480

CHORALE = Score(
    notes=(
        Note(0, 480, 67, 0),
        Note(0, 480, 60, 1),
        Note(0, 480, 60, 2),  # a unison
        Note(0, 480, 48, 3),
        Note(480, 480, 67, 0),  # a repeated note
        Note(480, 960, 60, 1),
        Note(480, 240, 60, 2),
        Note(720, 720, 60, 2, velocity=127),  # repeated while the alto holds the same pitch
        Note(480, 960, 36, 3, velocity=1),
        Note(960, 480, 69, 0),
    ),
    length_ticks=1920,
    time_signatures=(TimeSignature(3, 4),),
    pickup_ticks=480,
    key=Key(-2, "minor"),
    fermatas=(0, 960),
    tempo_bpm=92.5,
    title="BWV 0: Nun danket’s Gott",
)


def round_trip(score: Score) -> Score:
    return parse_midi(midi_bytes(score))


def events(score: Score, track: int) -> list[Event]:
    return decode(midi_bytes(score))[1][track]


def metas(score: Score, kind: str) -> list[Event]:
    return [event for event in events(score, 0) if event[1].type == kind]


def test_a_chorale_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "chorale.mid"
    write_midi(CHORALE, path)
    assert read_midi(path) == CHORALE
    assert read_midi(str(path)) == CHORALE


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""},
        {"title": "two\nlines\t\x00 and 音"},
        {"key": None},
        {"key": Key(7)},
        {"key": Key(-7, "minor")},
        {"fermatas": None},
        {"fermatas": ()},
        {"fermatas": (1920,)},
        {"pickup_ticks": 0},
        {"pickup_ticks": 1},
        {"pickup_ticks": 160},  # a triplet: no bar is that short
        {"pickup_ticks": 720},
        {"pickup_ticks": 1439},
        {"length_ticks": 1440},
        {"length_ticks": 10**6},
        {"ticks_per_quarter": 32767},
        {"ticks_per_quarter": 4, "pickup_ticks": 2},
        {"tempo_bpm": 60.0},
        {"tempo_bpm": 121.0},
        {"tempo_bpm": 77.77},
    ],
)
def test_every_field_comes_back(changes: dict[str, object]) -> None:
    score = replace(CHORALE, **changes)  # type: ignore[arg-type]
    assert round_trip(score) == score


@pytest.mark.parametrize(
    ("metre", "pickup"),
    [("5/4", 0), ("5/4", 480), ("6/8", 240), ("6/8", 720), ("3/2", 480), ("2/2", 960), ("12/8", 1), ("7/16", 120)],
)
def test_odd_metres_and_their_pickups_come_back(metre: str, pickup: int) -> None:
    score = replace(CHORALE, time_signatures=(TimeSignature.from_name(metre),), pickup_ticks=pickup)
    assert round_trip(score) == score


@pytest.mark.parametrize(
    ("pickup", "metre", "written"),
    [(480, "4/4", (1, 4)), (720, "4/4", (3, 8)), (960, "4/4", (2, 4)), (960, "2/2", (1, 2)), (240, "6/8", (1, 8))],
)
def test_a_pickup_is_written_as_a_bar_of_its_own(pickup: int, metre: str, written: tuple[int, int]) -> None:
    score = replace(CHORALE, time_signatures=(TimeSignature.from_name(metre),), pickup_ticks=pickup)
    found = [(tick, metre.numerator, metre.denominator) for tick, metre in metas(score, "time_signature")]
    numerator, denominator = map(int, metre.split("/"))
    assert found == [(0, *written), (pickup, numerator, denominator)]


def test_metres_that_change_come_back() -> None:
    signatures = (TimeSignature(4, 4), TimeSignature(1, 4, 480), TimeSignature(1, 4, 960), TimeSignature(3, 4, 1440))
    score = replace(CHORALE, time_signatures=signatures, pickup_ticks=240)
    assert round_trip(score) == score


@pytest.mark.parametrize("first", ["1/4", "4/4", "3/8"])
def test_a_short_first_bar_is_no_pickup_unless_the_score_says_so(first: str) -> None:
    signatures = (TimeSignature.from_name(first), TimeSignature(4, 4, 480))
    score = replace(CHORALE, time_signatures=signatures, pickup_ticks=0)
    assert round_trip(score) == score


def test_voices_have_named_tracks_and_channels_of_their_own() -> None:
    _, tracks = decode(midi_bytes(CHORALE))
    assert len(tracks) == 5
    names = [decoded(message.name) for track in tracks for _, message in track if message.type == "track_name"]
    assert names == ["BWV 0: Nun danket’s Gott", *VOICE_NAMES]
    channels = [{message.channel for _, message in track if not message.is_meta} for track in tracks]
    assert channels == [set(), {0}, {1}, {2}, {3}]


def test_all_tracks_end_where_the_piece_ends() -> None:
    _, tracks = decode(midi_bytes(CHORALE))
    assert [(track[-1][0], track[-1][1].type) for track in tracks] == [(1920, "end_of_track")] * 5


def test_every_note_on_has_its_note_off() -> None:
    for track in decode(midi_bytes(CHORALE))[1][1:]:
        kinds = [message.type for _, message in track]
        assert kinds.count("note_on") == kinds.count("note_off") > 0


def test_a_note_ends_before_the_next_begins() -> None:
    assert [message.type for tick, message in events(CHORALE, 1) if tick == 480] == ["note_off", "note_on"]


def test_fermatas_are_markers() -> None:
    assert [(tick, marker.text) for tick, marker in metas(CHORALE, "marker")] == [(0, "fermata"), (960, "fermata")]


def test_unknown_things_are_not_written() -> None:
    plain = Score(notes=(Note(0, 480, 60),))
    assert metas(plain, "key_signature") == metas(plain, "marker") == metas(plain, "text") == []
    assert round_trip(plain) == plain


@pytest.mark.parametrize("voices", [(0,), (3,), (0, 1), (1, 3), (0, 1, 2, 3, 4), tuple(range(20)), (None, 0, 2)])
def test_any_set_of_voices_comes_back(voices: tuple[int | None, ...]) -> None:
    score = Score(notes=tuple(Note(0, 480, 60, voice) for voice in voices))
    assert round_trip(score) == score


def test_the_drum_channel_is_never_used() -> None:
    score = Score(notes=tuple(Note(0, 480, 60, voice) for voice in range(20)))
    _, tracks = decode(midi_bytes(score))
    used = {message.channel for track in tracks for _, message in track if not message.is_meta}
    assert used == set(range(16)) - {9}


@pytest.mark.parametrize(
    "notes",
    [
        (Note(0, 480, 60), Note(0, 480, 60)),
        (Note(0, 480, 60), Note(0, 960, 60)),
        (Note(0, 480, 60, velocity=90), Note(0, 480, 60, velocity=20)),
        (Note(0, 960, 60), Note(480, 960, 60)),  # overlapping
        (Note(0, 960, 60), Note(240, 240, 60)),  # one inside the other
        (Note(0, 960, 60), Note(240, 480, 60), Note(300, 60, 60)),  # and a third inside
        (Note(0, 1, 60), Note(1, 1, 60), Note(2, 1, 60)),
    ],
)
@pytest.mark.parametrize("voice", [None, 2])
def test_notes_of_one_pitch_come_back(notes: tuple[Note, ...], voice: int | None) -> None:
    score = Score(notes=tuple(replace(note, voice=voice) for note in notes))
    assert round_trip(score) == score


@pytest.mark.parametrize("seed", range(100))
def test_random_scores_come_back(seed: int) -> None:
    draw = random.Random(seed)
    num_voices = draw.choice([0, 1, 4, 6])
    notes = tuple(
        Note(
            draw.randrange(4000),
            draw.randrange(1, 1000),
            draw.randrange(50, 70),
            draw.randrange(num_voices) if num_voices else None,
            draw.randrange(1, 128),
        )
        for _ in range(draw.randrange(60))
    )
    score = Score(
        notes=notes,
        length_ticks=draw.randrange(5000, 6000),
        ticks_per_quarter=draw.choice([480, 96, 960, 32767]),
        time_signatures=(TimeSignature(draw.randrange(2, 8), 4), TimeSignature(3, 8, draw.randrange(1000, 5000))),
        pickup_ticks=draw.randrange(150),
        fermatas=draw.choice([None, (), (5, 100, 4999)]),
        tempo_bpm=float(draw.randrange(30, 250)),
    )
    assert round_trip(score) == score


@pytest.mark.parametrize("tempo", [100 / 3, 1.0, 0.001, 59.999999, 1e9, 123.456789])
def test_a_tempo_that_cannot_be_written_comes_back_as_the_nearest_and_stays(tempo: float) -> None:
    once = round_trip(replace(CHORALE, tempo_bpm=tempo))
    assert round_trip(once) == once
    slowest = 60e6 / 0xFFFFFF
    assert once.tempo_bpm == pytest.approx(min(max(tempo, slowest), 60e6), rel=1e-4)


def test_an_outline_comes_back() -> None:
    assert round_trip(CHORALE.outline) == CHORALE.outline
    assert round_trip(Score()) == Score()


def test_the_same_score_gives_the_same_bytes() -> None:
    shuffled = replace(CHORALE, notes=tuple(reversed(CHORALE.notes)))
    assert midi_bytes(shuffled) == midi_bytes(CHORALE)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ticks_per_quarter": 32768}, "1 to 32767 ticks a quarter, not 32768"),
        ({"fermatas": (1921,)}, "tick 1921 lies after the end"),
        ({"time_signatures": (TimeSignature(), TimeSignature(3, 4, 1921))}, "tick 1921 lies after the end"),
        ({"time_signatures": (TimeSignature(), TimeSignature(3, 4, 480))}, "changes inside the pickup"),
        ({"length_ticks": 1 << 29}, "268435455 ticks"),
    ],
)
def test_what_midi_cannot_say_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        midi_bytes(replace(CHORALE, **changes))  # type: ignore[arg-type]


SUNG = Score(
    (*(Note(beat * Q, Q, 72 - beat, 0) for beat in range(4)), Note(0, 4 * Q, 48, 3)),
    chords=(ChordSymbol(0, *parse_chord("C"), "C"), ChordSymbol(2 * Q, *parse_chord("G7/B"), "G7/B")),
    fermatas=(3 * Q,),
    lyrics=(Syllable(0, "Hal", True), Syllable(Q, "le", True), Syllable(2 * Q, "lu, höchst…"), Syllable(3 * Q, "ja-")),
)


def messages(data: bytes, kind: str) -> list[tuple[int, int, Any]]:
    """Track, tick and message of each of a kind."""
    found = []
    for number, track in enumerate(MidiFile(file=io.BytesIO(data)).tracks):
        now = 0
        for message in track:
            now += message.time
            if message.type == kind:
                found.append((number, now, message))
    return found


@pytest.mark.parametrize(("instrument", "program"), [("organ", 19), ("choir", 52), ("piano", 0), ("strings", 48)])
def test_all_tracks_play_the_instrument_that_is_asked_for(instrument: InstrumentName, program: int) -> None:
    found = messages(midi_bytes(SUNG, instrument=instrument), "program_change")
    assert [(track, message.program) for track, _, message in found] == [(track, program) for track in range(1, 5)]


def test_words_are_lyrics_of_the_voice_that_sings_them_and_come_back() -> None:
    found = messages(midi_bytes(SUNG), "lyrics")
    assert [(track, tick) for track, tick, _ in found] == [(1, beat * Q) for beat in range(4)]
    assert [decoded(message.text) for *_, message in found] == ["Hal-", "le-", "lu, höchst…", "ja-"]
    back = parse_midi(midi_bytes(SUNG))
    assert back.lyrics[:3] == SUNG.lyrics[:3]
    low = replace(SUNG, notes=tuple(replace(note, voice=3 - (note.voice or 0)) for note in SUNG.notes))
    assert {track for track, *_ in messages(midi_bytes(low), "lyrics")} == {4}


def test_chord_symbols_are_markers_if_they_are_asked_for() -> None:
    assert [m.text for *_, m in messages(midi_bytes(SUNG), "marker")] == ["fermata"]
    data = midi_bytes(SUNG, write_chords=True)
    assert [(track, tick, m.text) for track, tick, m in messages(data, "marker")] == [
        (0, 0, "C"),
        (0, 2 * Q, "G7/B"),
        (0, 3 * Q, "fermata"),
    ]
    assert parse_midi(data) == parse_midi(midi_bytes(SUNG))
