"""Scores as MusicXML: what is printed is what sounds, in every metre, key and layout; and it is read back."""

from __future__ import annotations

import importlib.util
import random
import sys
import time
import zipfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Literal
from xml.etree.ElementTree import fromstring

import pytest

from biaxial.formats.melody_file import read_melody
from biaxial.formats.musicxml import musicxml_text, write_musicxml
from biaxial.formats.read import read_parts, read_score
from biaxial.formats.write import save_score
from biaxial.music.performance.instruments import PRESETS, InstrumentName
from biaxial.music.score import ChordSymbol, Key, Note, Score, TimeSignature
from biaxial.music.symbols import parse_chord

Q = 480
METRES = ("4/4", "3/4", "6/8", "2/2", "12/8", "5/8", "9/8", "3/2", "7/16", "1/4", "3/8", "5/4")
KEYS = ("C major", "E major", "Ab major", "C minor", "C# minor", "Cb major", "C# major", "Eb minor")


def _load_reader() -> ModuleType:
    spec = importlib.util.spec_from_file_location("page_reader", Path(__file__).with_name("page_reader.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["page_reader"] = module
    spec.loader.exec_module(module)
    return module


reader = _load_reader()


def sounds(notes: tuple[Note, ...]) -> list[tuple[int, int, int]]:
    return sorted((note.onset_ticks, note.length_ticks, note.pitch) for note in notes)


def voice(draw: random.Random, number: int | None, length: int, lengths: tuple[int, ...]) -> list[Note]:
    """A line with rests."""
    notes, now = [], 0
    while now < length:
        long = min(draw.choice(lengths), length - now)
        if draw.random() < 0.85:
            notes.append(Note(now, long, draw.randint(50, 80), number))
        now += long
    return notes


PLAIN = tuple(units * 120 for units in (1, 2, 3, 4, 4, 5, 6, 7, 8, 11, 12, 16, 19))
FINE = (*PLAIN, 30, 60, 90, 210)
THIRDS = (160, 160, 320, 80, 480, 240, 120, 960, 40, 20, 10, 640)


def piece(seed: int, metre: str, key: str | None, lengths: tuple[int, ...], num_voices: int = 4) -> Score:
    draw = random.Random(seed)
    signature = TimeSignature.from_name(metre)
    bar = signature.bar_ticks(Q)
    length = 6 * bar
    notes = [note for number in range(num_voices) for note in voice(draw, number, length, lengths)]
    return Score(
        tuple(notes),
        length,
        time_signatures=(signature, TimeSignature(3, 4, 4 * bar)) if seed % 2 else (signature,),
        pickup_ticks=draw.randrange(bar // 120) * 120,
        key=None if key is None else Key.from_name(key),
    )


def lines_of(page: dict[tuple[int, str], list[tuple[int, int, int]]]) -> list[list[tuple[int, int, int]]]:
    return [page[place] for place in sorted(page)]


@pytest.mark.parametrize("metre", METRES)
@pytest.mark.parametrize("lengths", [PLAIN, FINE, THIRDS])
@pytest.mark.parametrize("staves", [2, 4])
def test_what_is_printed_is_what_sounds(metre: str, lengths: tuple[int, ...], staves: Literal[2, 4]) -> None:
    for seed in range(3):
        score = piece(seed, metre, (*KEYS, None)[(METRES.index(metre) + 3 * seed) % 9], lengths)
        page = reader.read_page(musicxml_text(score, staves=staves))
        assert lines_of(page.notes) == [sounds(score.voice_notes(v)) for v in range(4)]
        starts = score.bar_starts()
        edges = [*([0] if score.pickup_ticks else []), *starts, score.length_ticks]
        assert page.bars == list(pairwise(edges))


@pytest.mark.parametrize("num_voices", [1, 2, 3, 5, 8])
def test_each_of_other_voices_has_a_staff(num_voices: int) -> None:
    score = piece(num_voices, "4/4", "D minor", PLAIN, num_voices)
    text = musicxml_text(score)
    assert lines_of(reader.read_page(text).notes) == [sounds(score.voice_notes(v)) for v in range(num_voices)]
    assert text.count("<clef>") == len(fromstring(text).findall("part")) == num_voices


@pytest.mark.parametrize("seed", range(30))
def test_music_without_voices_stands_on_two_staves(seed: int) -> None:
    draw = random.Random(seed)
    notes = {(n.onset_ticks, n.pitch): n for _ in range(6) for n in voice(draw, None, 8 * Q * 4, (*PLAIN, *THIRDS))}
    ends: dict[int, int] = {}
    kept = []
    for note in sorted(notes.values(), key=lambda note: note.onset_ticks):  # a key is struck again only when it is up
        if ends.get(note.pitch, 0) <= note.onset_ticks:
            kept.append(note)
            ends[note.pitch] = note.end_ticks
    score = Score(tuple(kept), time_signatures=(TimeSignature(3, 4),))
    text = musicxml_text(score)
    page = reader.read_page(text)
    assert sorted(note for line in page.notes.values() for note in line) == sounds(score.notes)
    assert "<staves>2</staves>" in text


def test_a_line_without_voices_has_one_staff_in_its_clef() -> None:
    high, low = (Score(tuple(voice(random.Random(1), None, 4 * Q, PLAIN))).transposed(shift) for shift in (0, -24))
    assert "<sign>G</sign>" in musicxml_text(high)
    assert "<sign>F</sign>" in musicxml_text(low)
    assert "<staves>" not in musicxml_text(high)


def test_what_was_played_goes_to_the_nearest_values() -> None:
    draw = random.Random(0)
    exact = [note for note in voice(draw, 0, 32 * Q, (120, 240, 480)) if note.length_ticks]
    near = tuple(
        replace(note, onset_ticks=note.onset_ticks + draw.randint(1, 7), length_ticks=note.length_ticks - 9)
        for note in exact
    )
    page = reader.read_page(musicxml_text(Score(near, 32 * Q)))
    assert lines_of(page.notes) == [sounds(tuple(exact))]


@pytest.mark.parametrize("per_quarter", [1, 4, 12, 96, 100, 220, 1024, 9600])
def test_any_resolution(per_quarter: int) -> None:
    score = Score(tuple(Note(beat * per_quarter, per_quarter, 60 + beat) for beat in range(4)), 0, per_quarter)
    assert lines_of(reader.read_page(musicxml_text(score)).notes) == [[(b * Q, Q, 60 + b) for b in range(4)]]


@pytest.mark.slow
def test_strange_scores_can_be_printed() -> None:
    for seed in range(60):
        draw = random.Random(seed)
        notes = tuple(
            Note(draw.randrange(4000), draw.randrange(1, 3000), draw.randrange(128), draw.choice([None, 0, 1, 2, 3]))
            for _ in range(draw.randrange(25))
        )
        if seed % 3 == 0:
            notes = tuple(replace(note, voice=seed % 4) for note in notes)
        score = Score(
            notes,
            ticks_per_quarter=draw.choice([480, 96, 7, 1000]),
            time_signatures=(TimeSignature(draw.randrange(2, 8), 4), TimeSignature(5, 16, draw.randrange(1, 5000))),
            pickup_ticks=draw.randrange(14),
            key=draw.choice([None, Key(draw.randrange(-7, 8), "minor")]),
            fermatas=tuple(draw.randrange(4000) for _ in range(3)),
            chords=(ChordSymbol(draw.randrange(4000), frozenset(draw.sample(range(12), draw.randrange(5)))),),
            title=draw.choice(["", "<&>\x00\ud800"]),
        )
        reader.read_page(musicxml_text(score))


def test_notes_can_have_names_and_what_is_tied_has_a_number() -> None:
    score = Score((Note(0, 9 * Q, 72, 0), Note(0, Q, 60, 1), Note(Q, Q, 62, 1)), key=Key(0))
    root = fromstring(musicxml_text(score, names=["long", "a", "b"]).encode())
    found = [note.get("id") for note in root.iter("note") if note.find("pitch") is not None]
    assert sorted(filter(None, found)) == ["a", "b", "long", "long.1", "long.2"]
    assert not [note for note in fromstring(musicxml_text(score).encode()).iter("note") if note.get("id")]


def test_an_empty_score_is_a_bar_of_rest() -> None:
    page = reader.read_page(musicxml_text(Score()))
    assert (page.notes, page.bars) == ({}, [(0, 4 * Q)])


FOUR = piece(0, "4/4", "G minor", PLAIN)
FOUR = replace(
    FOUR,
    fermatas=tuple(note.onset_ticks for note in FOUR.voice_notes(0)[2::5]),
    tempo_bpm=72.5,
    title="Ach, „was“ <soll> & ich",
    chords=tuple(
        ChordSymbol(bar, *parse_chord(name), name) for bar, name in ((0, "Gm"), (Q, "N.C."), (4 * Q, "D7/F#"))
    ),
)


@pytest.mark.parametrize("name", ["four.musicxml", "four.mxl", "four.MusicXML"])
def test_all_comes_back(tmp_path: Path, name: str) -> None:
    save_score(FOUR, tmp_path / name)
    assert read_score(tmp_path / name) == FOUR
    assert [part.name for part in read_parts(tmp_path / name).parts] == ["Soprano", "Alto", "Tenor", "Bass"]
    assert sounds(read_melody(tmp_path / name, line="Soprano").score.notes) == sounds(FOUR.voice_notes(0))


def test_four_staves_come_back(tmp_path: Path) -> None:
    write_musicxml(FOUR, tmp_path / "four.musicxml", staves=4)
    assert read_score(tmp_path / "four.musicxml") == FOUR


def captions_of(text: str) -> list[list[tuple[int, str, str | None]]]:
    """For each part the tick, text and staff of what is printed below."""
    found: list[list[tuple[int, str, str | None]]] = []
    for part in fromstring(text).iter("part"):
        now, last = 0, 0
        found.append([])
        for element in part.iterfind("measure/*"):
            if element.tag == "direction" and element.get("placement") == "below":
                tick = now + int(element.findtext("offset", "0"))
                found[-1].append((tick, element.findtext("direction-type/words", ""), element.findtext("staff")))
            length = int(element.findtext("duration", "0"))
            if element.tag == "note" and element.find("chord") is not None:
                assert length == last
            elif element.tag in ("note", "forward", "backup"):
                now, last = now + (-length if element.tag == "backup" else length), length
    return found


CAPTIONS = [(0, "A  V: half"), (3 * Q + 60, "<B> & b"), (4 * Q, "C"), (4 * Q, "D")]


@pytest.mark.parametrize("staves", [2, 4])
def test_captions_stand_under_the_lowest_staff_at_their_time(tmp_path: Path, staves: Literal[2, 4]) -> None:
    text = musicxml_text(FOUR, staves=staves, captions=CAPTIONS)
    *others, lowest = captions_of(text)
    assert others == [[]] * (1 if staves == 2 else 3)
    assert lowest == [(tick, said, None) for tick, said in CAPTIONS]
    write_musicxml(FOUR, tmp_path / "four.musicxml", staves=staves, captions=CAPTIONS)
    assert read_score(tmp_path / "four.musicxml") == FOUR, "they are no music"
    assert "below" not in musicxml_text(FOUR)


def test_captions_of_a_piano_stand_under_its_left_hand() -> None:
    score = Score((Note(0, 16 * Q, 72), Note(0, 8 * Q, 40), Note(0, 4 * Q, 43)), ticks_per_quarter=Q)
    assert captions_of(musicxml_text(score, captions=CAPTIONS)) == [[(tick, said, "2") for tick, said in CAPTIONS]]
    fine = replace(score, ticks_per_quarter=2 * Q)
    assert [tick for tick, *_ in captions_of(musicxml_text(fine, captions=CAPTIONS))[0]] == [0, 750, 960, 960]


def test_two_staves_with_a_chord_in_a_line_are_no_choir(tmp_path: Path) -> None:
    path = tmp_path / "four.musicxml"
    chord = (
        "<note><chord/><pitch><step>C</step><octave>3</octave></pitch><duration>480</duration><voice>2</voice></note>"
    )
    score = Score(tuple(Note(beat * Q, Q, 72 - 7 * v, v) for beat in range(4) for v in range(4)))
    text = musicxml_text(score)
    path.write_text(text, encoding="utf-8")
    assert len(read_parts(path).parts) == 4
    path.write_text(f"{chord}\n   <note>".join(text.rsplit("<note>", 1)), encoding="utf-8")
    assert [len(part.notes) for part in read_parts(path).parts] == [8, 9]
    assert read_score(path).num_voices == 0


def test_fermatas_stand_above_and_below_and_last() -> None:
    notes = (Note(0, 6 * Q, 72, 0), Note(0, Q, 67, 1), Note(0, Q, 60, 2), Note(0, Q, 48, 3), Note(Q, 7 * Q, 43, 3))
    root = fromstring(musicxml_text(Score(notes, 8 * Q, fermatas=(0,))))
    found = [
        (part.get("id"), measure.get("number"), note.findtext("voice"), mark.get("type"))
        for part in root.findall("part")
        for measure in part.findall("measure")
        for note in measure.findall("note")
        for mark in note.findall("notations/fermata")
    ]
    assert found == [("P1", "2", "1", "upright"), ("P2", "2", "2", "inverted")]


def values(score: Score, which: int = 0) -> list[str]:
    """Types of the notes of a part: dots, ties and triplets as signs, rests in parentheses."""
    words = []
    for note in fromstring(musicxml_text(score)).findall("part")[which].iter("note"):
        word = (note.findtext("type") or "bar") + "." * len(note.findall("dot"))
        word = f"({word})" if note.find("rest") is not None else word
        words.append(word + "3" * (note.find("time-modification") is not None) + "~" * (len(note.findall("tie")) > 0))
    return words


def line(*lengths: int, metre: str = "4/4", pickup: int = 0) -> Score:
    """A line in eighths, rests below zero."""
    now, notes = 0, []
    for number, length in enumerate(lengths):
        if length > 0:
            notes.append(Note(now, length * 240, 60 + number % 12, 0))
        now += abs(length) * 240
    return Score(tuple(notes), now, time_signatures=(TimeSignature.from_name(metre),), pickup_ticks=pickup)


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (line(8), ["whole"]),
        (line(2, 6), ["quarter", "half."]),
        (line(1, 2, 2, 3), ["eighth", "quarter", "quarter", "eighth~", "quarter~"]),
        (line(2, 5, 1), ["quarter", "half~", "eighth~", "eighth"]),
        (line(1, 4, 3), ["eighth", "eighth~", "quarter.~", "eighth~", "quarter~"]),
        (line(-8, 8), ["(bar)", "whole"]),
        (line(-2, 2, -4), ["(quarter)", "quarter", "(half)"]),
        (line(1, -5, 2), ["eighth", "(eighth)", "(quarter)", "(quarter)", "quarter"]),
        (line(6, metre="6/8"), ["half."]),
        (line(4, 2, metre="6/8"), ["quarter.~", "eighth~", "quarter"]),
        (line(1, -5, metre="6/8"), ["eighth", "(eighth)", "(eighth)", "(quarter.)"]),
        (line(9, 9, metre="9/8"), ["half.~", "quarter.~"] * 2),
        (line(1, 3, 3, 2, metre="3/8", pickup=240), ["eighth", "quarter.", "quarter.", "quarter"]),
        (line(2, 6, metre="4/4", pickup=480), ["quarter", "half."]),
        (line(-2, 8, metre="4/4", pickup=480), ["(quarter)", "whole"]),
    ],
)
def test_values_show_the_beats(score: Score, expected: list[str]) -> None:
    assert values(score) == expected


def test_triplets_of_eighths_and_of_quarters() -> None:
    three = tuple(Note(i * 160, 160, 60 + i, 0) for i in range(3))
    wide = tuple(Note(2 * Q + i * 320, 320, 60 + i, 0) for i in range(3))
    score = Score((*three, Note(Q, Q, 64, 0), *wide))
    assert values(score) == ["eighth3", "eighth3", "eighth3", "quarter", "quarter3", "quarter3", "quarter3"]
    brackets = [mark.get("type") for mark in fromstring(musicxml_text(score)).iter("tuplet")]
    assert brackets == ["start", "stop", "start", "stop"]
    late = Score((*three, Note(Q, 3 * Q + 160, 64, 0), Note(4 * Q + 160, 320, 65, 0)), 8 * Q)
    assert values(late)[3:6] == ["half.~", "eighth3~", "quarter3"]


def beams(score: Score) -> list[list[str]]:
    return [
        [beam.text or "" for beam in note.findall("beam")] for note in fromstring(musicxml_text(score)).iter("note")
    ]


def test_beams_go_over_a_beat() -> None:
    assert beams(line(1, 1, 1, 1, 4)) == [["begin"], ["end"], ["begin"], ["end"], []]
    assert beams(line(1, 1, 1, 3, metre="6/8")) == [["begin"], ["continue"], ["end"], []]
    assert beams(line(1, -1, 1, 1, 4))[:4] == [[], [], ["begin"], ["end"]]
    dotted = Score((Note(0, 360, 60, 0), Note(360, 120, 62, 0), Note(Q, 120, 64, 0), Note(Q + 120, 360, 65, 0)), 4 * Q)
    assert beams(dotted)[:4] == [["begin"], ["end", "backward hook"], ["begin", "forward hook"], ["end"]]


def test_bar_numbers_metres_and_the_last_bar_line() -> None:
    score = Score(
        (Note(0, Q, 60, 0),),
        17 * Q,
        time_signatures=(TimeSignature(), TimeSignature(3, 4, 9 * Q)),
        pickup_ticks=Q,
        key=Key(-3, "minor"),
    )
    root = fromstring(musicxml_text(score))
    measures = root.findall("part/measure")
    assert [(m.get("number"), m.get("implicit")) for m in measures] == [
        ("0", "yes"),
        *((str(n), None) for n in range(1, 6)),
    ]
    assert [
        (m.get("number"), m.findtext("attributes/time/beats"))
        for m in measures
        if m.find("attributes/time") is not None
    ] == [("0", "4"), ("3", "3")]
    assert [m.get("number") for m in measures if m.find("barline") is not None] == ["5"]
    assert (root.findtext(".//fifths"), root.findtext(".//mode")) == ("-3", "minor")


def test_stems_of_a_pair_of_voices_and_none_elsewhere() -> None:
    root = fromstring(musicxml_text(piece(0, "4/4", "C major", (480,))))
    stems = {
        (note.findtext("voice"), note.findtext("stem")) for note in root.iter("note") if note.find("pitch") is not None
    }
    assert stems == {("1", "up"), ("2", "down")}
    assert "<stem>" not in musicxml_text(line(2, 2, 4))


def test_given_notes_have_their_colour() -> None:
    notes = (Note(0, Q, 60, 0, locked=True), Note(Q, Q, 62, 0))
    assert "color" not in musicxml_text(Score(notes))
    root = fromstring(musicxml_text(Score(notes), given_colour="#0A4FA3"))
    assert [note.get("color") for note in root.iter("note") if note.find("pitch") is not None] == ["#0A4FA3", None]


def test_an_archive_is_the_same_at_any_time_and_says_what_it_is(tmp_path: Path) -> None:
    write_musicxml(FOUR, tmp_path / "a.mxl")
    write_musicxml(FOUR, tmp_path / "b.mxl")
    assert (tmp_path / "a.mxl").read_bytes() == (tmp_path / "b.mxl").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.mxl") as packed:
        assert packed.namelist() == ["mimetype", "META-INF/container.xml", "score.musicxml"]
        assert packed.getinfo("mimetype").compress_type == zipfile.ZIP_STORED
        assert packed.read("score.musicxml").decode() == musicxml_text(FOUR)


def test_sixteen_bars_are_written_at_once() -> None:
    score = piece(0, "4/4", "D major", PLAIN)
    long = replace(
        score,
        notes=tuple(
            replace(note, onset_ticks=note.onset_ticks + shift * score.length_ticks)
            for shift in range(3)
            for note in score.notes
        ),
        length_ticks=3 * score.length_ticks,
    )
    fastest = 1.0
    for _ in range(5):
        started = time.perf_counter()
        musicxml_text(long)
        fastest = min(fastest, time.perf_counter() - started)
    assert fastest < 0.25  # measured: 0.02


def test_accidentals_and_reminders() -> None:
    def signs(*pitches: int) -> list[str | None]:
        """The signs of quarter notes in 2/4 and G major."""
        notes = tuple(Note(place * Q, Q, pitch, 0) for place, pitch in enumerate(pitches))
        score = Score(notes, time_signatures=(TimeSignature(2, 4),), key=Key(1))
        return [note.findtext("accidental") for note in fromstring(musicxml_text(score)).iter("note")]

    assert signs(67, 66, 67, 66) == [None] * 4
    assert signs(68, 68, 69, 71) == ["sharp", None, None, None]
    assert signs(68, 67, 67, 67) == ["sharp", "natural", None, None]
    assert signs(68, 69, 67, 67) == ["sharp", None, "natural", None]  # a reminder in the next bar
    assert signs(68, 69, 68, 69, 71, 67) == ["sharp", None, "sharp", None, None, "natural"]
    assert signs(68, 69, 69, 69, 67, 69) == ["sharp", None, None, None, None, None]
    assert signs(68, 69, 79, 79) == ["sharp", None, None, None]  # another octave
    tied = Score(
        (Note(0, Q, 69, 0), Note(Q, 2 * Q, 68, 0), Note(3 * Q, Q, 67, 0)), time_signatures=(TimeSignature(2, 4),)
    )
    assert [n.findtext("accidental") for n in fromstring(musicxml_text(replace(tied, key=Key(1)))).iter("note")] == [
        None,
        "sharp",
        None,
        "natural",
    ]


@pytest.mark.parametrize(
    ("bpm", "metre", "printed"),
    [
        (76.0, "6/8", "51"),
        (76.0, "4/4", "76"),
        (92.5, "3/4", "92"),
        (100 / 3, "4/4", "33"),
        (0.4, "4/4", "1"),
        (60.0, "3/8", "40"),
    ],
)
def test_a_printed_tempo_is_a_whole_number_and_the_one_that_is_played_is_exact(
    bpm: float, metre: str, printed: str, tmp_path: Path
) -> None:
    score = Score((Note(0, 3 * Q, 60),), time_signatures=(TimeSignature.from_name(metre),), tempo_bpm=bpm)
    root = fromstring(musicxml_text(score))
    assert [mark.text for mark in root.iter("per-minute")] == [printed]
    (sound,) = root.iter("sound")
    assert float(sound.get("tempo", "")) == pytest.approx(bpm)
    if bpm >= 20:  # no player could keep a slower one
        write_musicxml(score, tmp_path / "tempo.musicxml")
        assert read_score(tmp_path / "tempo.musicxml").tempo_bpm == pytest.approx(bpm)


@pytest.mark.parametrize("staves", [2, 4])
@pytest.mark.parametrize("name", list(PRESETS))
def test_each_part_names_its_instrument(name: InstrumentName, staves: Literal[2, 4]) -> None:
    root = fromstring(musicxml_text(FOUR, staves=staves, instrument=name))
    parts = list(root.iter("score-part"))
    assert len(parts) == staves
    for number, part in enumerate(parts, 1):
        instrument, played = part.find("score-instrument"), part.find("midi-instrument")
        assert instrument is not None
        assert played is not None
        assert instrument.get("id") == played.get("id")
        assert instrument.findtext("instrument-name") == PRESETS[name].name
        assert instrument.findtext("instrument-sound") == PRESETS[name].sound
        assert played.findtext("midi-program") == str(PRESETS[name].program + 1)
        assert played.findtext("midi-channel") == str(number)


def test_no_part_plays_on_the_channel_of_the_drums() -> None:
    root = fromstring(musicxml_text(Score(tuple(Note(0, Q, 60, voice) for voice in range(12)))))
    assert [element.text for element in root.iter("midi-channel")] == [str(c) for c in (*range(1, 10), 11, 12, 13)]
