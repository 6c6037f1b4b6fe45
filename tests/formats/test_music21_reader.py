"""MusicXML: notes, bars, keys, chords, and damaged files."""

from __future__ import annotations

import zipfile
from itertools import pairwise
from pathlib import Path

import pytest

from biaxial.formats.music21_reader import read_notation
from biaxial.music.errors import InputError
from biaxial.music.keys import stated_key
from biaxial.music.parts import Part, Parts
from biaxial.music.score import Key, Note

Q = 480


def sounds(part: Part) -> list[tuple[float, float, int]]:
    return [(note.onset_ticks / Q, note.length_ticks / Q, note.pitch) for note in part.notes]


def note(step: str, octave: int, duration: int, more: str = "", before: str = "") -> str:
    """A note of ``duration`` sixtieths of a quarter."""
    return (
        f"<note>{before}<pitch><step>{step[0]}</step><alter>{step.count('#') - step.count('b')}</alter>"
        f"<octave>{octave}</octave></pitch><duration>{duration}</duration>{more}</note>"
    )


def rest(duration: int) -> str:
    return f"<note><rest/><duration>{duration}</duration></note>"


def musicxml(*parts: list[str], attributes: str = "", titles: str = "", names: tuple[str, ...] = ()) -> str:
    names = names or tuple(f"P{number}" for number in range(1, len(parts) + 1))
    listed = "".join(
        f'<score-part id="P{i}"><part-name>{name}</part-name></score-part>' for i, name in enumerate(names, 1)
    )
    body = ""
    for i, measures in enumerate(parts, 1):
        first = f"<attributes><divisions>60</divisions>{attributes}</attributes>"
        body += f'<part id="P{i}">'
        for number, measure in enumerate(measures):
            body += f'<measure number="{number}">{first if number == 0 else ""}{measure}</measure>'
        body += "</part>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?><score-partwise version="4.0">'
        f"{titles}<part-list>{listed}</part-list>{body}</score-partwise>"
    )


def signature(fifths: int = 0, mode: str = "", metre: str = "4/4", more: str = "") -> str:
    beats, kind = metre.split("/")
    stated = f"<mode>{mode}</mode>" if mode else ""
    return (
        f"<key><fifths>{fifths}</fifths>{stated}</key>"
        f"<time><beats>{beats}</beats><beat-type>{kind}</beat-type></time>{more}"
    )


def read(tmp_path: Path, text: str, name: str = "piece.musicxml") -> Parts:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_notation(path)


def harmony(root: str, kind: str, more: str = "") -> str:
    alter = f"<root-alter>{-1 if 'b' in root else 1}</root-alter>" if len(root) > 1 else ""
    return f"<harmony><root><root-step>{root[0]}</root-step>{alter}</root><kind>{kind}</kind>{more}</harmony>"


def tie(kind: str) -> str:
    return f'<tie type="{kind}"/><notations><tied type="{kind}"/></notations>'


FERMATA = "<notations><fermata/></notations>"
TUNE = [
    '<direction><direction-type><words>x</words></direction-type><sound tempo="96"/></direction>' + note("A", 4, 60),
    harmony("Bb", "major-seventh", "<bass><bass-step>D</bass-step></bass>")
    + note("D", 5, 120)
    + harmony("C", "none")
    + note("D", 5, 120, tie("start")),
    harmony("F", "minor") + note("D", 5, 60, tie("stop")) + note("E", 5, 180, FERMATA),
    harmony("C", "pedal") + note("F#", 5, 120) + rest(60),
]


def test_a_tune_in_every_field(tmp_path: Path) -> None:
    titles = "<work><work-title>Ein Lied</work-title></work>"
    piece = read(tmp_path, musicxml(TUNE, attributes=signature(2, "major"), titles=titles, names=("Violin",)))
    outline = piece.outline
    assert (outline.title, outline.tempo_bpm, outline.key) == ("Ein Lied", 96, Key(2))
    assert [metre.name for metre in outline.time_signatures] == ["4/4"]
    assert (outline.pickup_ticks, outline.length_ticks, outline.fermatas) == (Q, 12 * Q, (6 * Q,))
    assert [(c.onset_ticks // Q, sorted(c.pitch_classes), c.bass) for c in outline.chords] == [
        (1, [2, 5, 9, 10], 2),
        (3, [], None),
        (5, [0, 5, 8], None),
        (9, [], None),
    ]
    assert outline.chords[0].name == "Bbmaj7/D"
    assert [part.name for part in piece.parts] == ["Violin"]
    assert sounds(piece.parts[0]) == [(0, 1, 69), (1, 2, 74), (3, 3, 74), (6, 3, 76), (9, 2, 78)]


def test_a_packed_file_is_the_same(tmp_path: Path) -> None:
    text = musicxml(TUNE, attributes=signature())
    container = '<?xml version="1.0"?><container><rootfiles><rootfile full-path="score.xml"/></rootfiles></container>'
    with zipfile.ZipFile(tmp_path / "piece.mxl", "w") as packed:
        packed.writestr("META-INF/container.xml", container)
        packed.writestr("score.xml", text)
    assert read_notation(tmp_path / "piece.mxl") == read(tmp_path, text) == read(tmp_path, text, "piece.XML")


def test_no_title_no_key_no_fermata(tmp_path: Path) -> None:
    outline = read(tmp_path, musicxml([note("A", 4, 240)])).outline
    assert (outline.title, outline.key, outline.fermatas, outline.tempo_bpm) == ("", None, None, 80)
    made_up = "<movement-title>Music21 Fragment</movement-title>"
    assert read(tmp_path, musicxml([note("A", 4, 240)], titles=made_up)).outline.title == ""


def test_chords_and_several_voices_in_a_part(tmp_path: Path) -> None:
    first = note("C", 5, 240, tie("start")) + note("E", 5, 240, before="<chord/>")
    second = "<backup><duration>240</duration></backup>" + note("G", 4, 120) + note("C", 5, 120)
    measures = [first + second, note("C", 5, 120, tie("stop")) + note("E", 5, 120, before="<chord/>") + rest(120)]
    (part,) = read(tmp_path, musicxml(measures, attributes=signature())).parts
    assert sounds(part) == [(0, 2, 67), (0, 6, 72), (0, 4, 76), (2, 2, 72), (4, 2, 76)]


def test_a_tie_to_another_pitch_or_over_a_rest_joins_nothing(tmp_path: Path) -> None:
    measure = note("C", 5, 60, tie("start")) + note("D", 5, 60, tie("stop")) + rest(60) + note("C", 5, 60, tie("stop"))
    (part,) = read(tmp_path, musicxml([measure])).parts
    assert sounds(part) == [(0, 1, 72), (1, 1, 74), (3, 1, 72)]


def test_bars_begin_together_where_a_part_leaves_out_its_last_rests(tmp_path: Path) -> None:
    whole = [note("C", 5, 240), note("D", 5, 240), note("E", 5, 240)]
    short = [note("C", 4, 120), note("G", 3, 60) + rest(60), note("C", 4, 240)]
    upper, lower = read(tmp_path, musicxml(whole, short, attributes=signature())).parts
    assert sounds(upper) == [(0, 4, 72), (4, 4, 74), (8, 4, 76)]
    assert sounds(lower) == [(0, 2, 60), (4, 1, 55), (8, 4, 60)]


def test_triplets_are_exact_and_quintuplets_go_to_the_nearest_tick(tmp_path: Path) -> None:
    change = "<time-modification><actual-notes>{}</actual-notes><normal-notes>{}</normal-notes></time-modification>"
    triplets = note("C", 5, 20, "<type>eighth</type>" + change.format(3, 2)) * 3
    septuplets = "".join(note("D", 5, 60, "<type>quarter</type>" + change.format(7, 4)) for _ in range(7))
    text = musicxml([triplets + rest(180), septuplets.replace(">60<", f">{240 / 7:.4f}<"), note("C", 5, 240)])
    piece = read(tmp_path, text)
    notes = piece.parts[0].notes
    assert [(n.onset_ticks, n.length_ticks) for n in notes[:3]] == [(0, 160), (160, 160), (320, 160)]
    assert [n.onset_ticks for n in notes[3:10]] == [1920 + round(1920 * i / 7) for i in range(7)]
    assert all(a.end_ticks == b.onset_ticks for a, b in pairwise(notes[3:]))
    assert piece.outline.length_ticks == 12 * Q


def test_grace_notes_and_percussion_are_dropped(tmp_path: Path) -> None:
    drum = "<note><unpitched><display-step>C</display-step><display-octave>5</display-octave></unpitched>"
    grace = note("B", 4, 0, before="<grace/>").replace("<duration>0</duration>", "")
    piece = read(tmp_path, musicxml([grace + note("C", 5, 240)], [drum + "<duration>240</duration></note>"]))
    assert [sounds(part) for part in piece.parts] == [[(0, 4, 72)]]


def test_a_transposing_instrument_sounds(tmp_path: Path) -> None:
    clarinet = signature(2, "major", more="<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>")
    piece = read(tmp_path, musicxml([harmony("D", "major") + note("D", 5, 240)], attributes=clarinet))
    assert (sounds(piece.parts[0]), piece.outline.key) == ([(0, 4, 72)], Key(0))
    assert piece.outline.chords[0].pitch_classes == {0, 4, 7}


def test_metres_that_change(tmp_path: Path) -> None:
    change = "<attributes><time><beats>3</beats><beat-type>4</beat-type></time></attributes>"
    measures = [note("C", 5, 240), change + note("C", 5, 180), note("C", 5, 180)]
    outline = read(tmp_path, musicxml(measures, attributes=signature())).outline
    assert [(metre.name, metre.onset_ticks // Q) for metre in outline.time_signatures] == [("4/4", 0), ("3/4", 4)]
    assert outline.bar_starts() == (0, 4 * Q, 7 * Q)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.musicxml", b""),
        ("x.musicxml", b"<score-partwise>"),
        ("x.musicxml", b"no music"),
        ("x.mxl", b"PK\x03\x04 broken"),
        ("x.musicxml", musicxml([note("C", 12, 240)]).encode()),
    ],
)
def test_a_damaged_file_is_one_line(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match="cannot be read as music") as caught:
        read_notation(tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path / name}: ")
    assert str(caught.value).endswith("; export it again, or save it as MIDI")
    assert "\n" not in str(caught.value)


def test_a_file_without_parts_or_notes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it has no parts; give a file with music"):
        read(tmp_path, musicxml())
    piece = read(tmp_path, musicxml([rest(240), rest(240)]))
    assert (piece.parts, piece.outline.length_ticks) == ((), 8 * Q)


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_notation(tmp_path / "none.musicxml")


@pytest.mark.parametrize(
    ("fifths", "mode", "last", "key"),
    [
        (2, "major", 71, Key(2)),  # stated, whatever it ends on
        (2, "minor", 74, Key(2, "minor")),
        (0, "dorian", 62, Key(-1, "minor")),
        (0, "mixolydian", 67, Key(1)),
        (0, "phrygian", 64, Key(1, "minor")),
        (0, "lydian", 65, Key(-1)),
        (7, "mixolydian", 70, Key(7, "minor")),  # there is no key with eight sharps: the last note decides
        (2, None, 74, Key(2)),
        (2, None, 71, Key(2, "minor")),
    ],
)
def test_a_stated_key(fifths: int, mode: str | None, last: int, key: Key) -> None:
    assert stated_key(fifths, mode, [Note(0, Q, 60), Note(Q, Q, last), Note(Q, Q, last + 4)]) == key


def test_a_key_without_notes_is_major() -> None:
    assert stated_key(-3, None, []) == Key(-3)
