"""ABC notation: notes, bars, voices, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from biaxial.formats.abc.fields import read_key
from biaxial.formats.abc.tune import parse_abc, read_abc
from biaxial.music.errors import InputError
from biaxial.music.parts import Part
from biaxial.music.score import Key

C = "L:1/4\nK:C\n"
Q = 480


def sounds(part: Part) -> list[tuple[float, float, int]]:
    return [(note.onset_ticks / Q, note.length_ticks / Q, note.pitch) for note in part.notes]


def tune(text: str) -> list[tuple[float, float, int]]:
    (part,) = parse_abc(text).parts
    return sounds(part)


def lengths(music: str, header: str = C) -> list[float]:
    return [length for _, length, _ in tune(header + music)]


def pitches(music: str, header: str = C) -> list[int]:
    return [pitch for _, _, pitch in tune(header + music)]


def test_a_tune_in_every_field() -> None:
    piece = parse_abc(
        "%abc-2.1\nX:1\nT:Air % a comment\nT:Second title\nC:Trad.\nM:3/4\nL:1/8\nQ:1/4=100\nK:Ddor\n"
        'A2 | "Dm"d2 e2 f2- | f2 "^slowly""C/E"(3efg !fermata!a2 |\n"Bb7"[FA]2 z2 "N.C."d2 |: HA4 :|\nw: some words\n'
    )
    outline = piece.outline
    assert (outline.title, outline.tempo_bpm, outline.key) == ("Air", 100.0, Key(-1, "minor"))
    assert [(metre.name, metre.onset_ticks) for metre in outline.time_signatures] == [("3/4", 0)]
    assert (outline.pickup_ticks, outline.length_ticks) == (Q, 12 * Q)
    assert outline.bar_starts() == (Q, 4 * Q, 7 * Q, 10 * Q)
    assert outline.fermatas == (6 * Q, 10 * Q)
    assert outline.notes == ()
    assert [
        (chord.onset_ticks // Q, chord.name, sorted(chord.pitch_classes), chord.bass) for chord in outline.chords
    ] == [
        (1, "Dm", [2, 5, 9], None),
        (5, "C/E", [0, 4, 7], 4),
        (7, "Bb7", [2, 5, 8, 10], None),
        (9, "N.C.", [], None),
    ]
    third = pytest.approx(1 / 3)
    assert sounds(piece.parts[0]) == [
        (0, 1, 69),
        (1, 1, 74),
        (2, 1, 76),
        (3, 2, 77),  # tied over the bar line
        (5, third, 76),
        (pytest.approx(16 / 3), third, 77),
        (pytest.approx(17 / 3), third, 79),
        (6, 1, 81),
        (7, 1, 65),
        (7, 1, 69),
        (9, 1, 74),
        (10, 2, 69),
    ]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("C D2 E/ F// G3/2 A/4 B3/", [1, 2, 0.5, 0.25, 1.5, 0.25, 1.5]),
        ("A>B A<B A>>B", [1.5, 0.5, 0.5, 1.5, 1.75, 0.25]),
        ("(3ABc (2AB (5ABcde A", [2 / 3] * 3 + [1.5] * 2 + [0.4] * 5 + [1]),
        ("(3:2:2A2B c", [4 / 3, 2 / 3, 1]),
        ("{ag}A z B x2 c y d", [1, 1, 1, 1]),
        ("A- A | A-|A B", [2, 2, 1]),
        ("A- B A", [1, 1, 1]),  # a tie to another pitch is none
        ("[CE]2 [C2E2] [CE]/", [2, 2, 2, 2, 0.5, 0.5]),
    ],
)
def test_lengths(music: str, expected: list[float]) -> None:
    assert lengths(music) == pytest.approx(expected, abs=1 / Q)


@pytest.mark.parametrize(
    ("header", "unit"),
    [("M:3/4\nK:C\n", 0.5), ("M:2/4\nK:C\n", 0.25), ("K:C\n", 0.5), ("M:2/4\nL:1/2\nK:C\n", 2), ("L:1\nK:C\n", 4)],
)
def test_the_unit_length_follows_the_metre_unless_it_is_given(header: str, unit: float) -> None:
    assert lengths("A", header) == [unit]


@pytest.mark.parametrize(
    ("key", "music", "expected"),
    [
        ("C", "C c c' C, C,, B", [60, 72, 84, 48, 36, 71]),
        ("G", "F f =F F | F", [66, 78, 65, 65, 66]),
        ("Bb", "B _B ^B ^^B __B | E", [70, 70, 72, 73, 69, 63]),
        ("C", "^F f F | F", [66, 77, 66, 65]),  # the accidental is for its octave
        ("C", "^F-|F F | F", [66, 65, 65]),  # but goes on under a tie, which makes one note
        ("F#m", "F C G D", [66, 61, 68, 62]),
        ("D mix", "F C", [66, 60]),
        ("Eb dorian", "D G", [61, 66]),
        ("D exp _B", "F B", [65, 70]),
        ("D =c", "F c", [66, 72]),
        ("none", "F", [65]),
        ("HP", "c f g", [73, 78, 79]),
        ("G clef=bass", "F", [66]),
        ("clef=treble", "F", [65]),
        ("C clef=treble-8", "c", [60]),
        ("C octave=1", "C", [72]),
    ],
)
def test_pitches(key: str, music: str, expected: list[int]) -> None:
    assert pitches(music, f"L:1/4\nK:{key}\n") == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("Gm", Key(-2, "minor")),
        ("A minor", Key(0, "minor")),
        ("Emaj", Key(4)),
        ("G mix", Key(1)),  # G mixolydian has no sharp, and G is its tonic
        ("E phr", Key(1, "minor")),
        ("HP", Key(3)),
        ("none", Key(0, "minor")),  # decided by the last note, A
    ],
)
def test_keys_of_the_piece(key: str, expected: Key) -> None:
    assert parse_abc(f"L:1/4\nK:{key}\nC E A |\n").outline.key == expected


def test_a_change_of_key_and_metre_on_a_line_and_inline() -> None:
    piece = parse_abc("M:4/4\n" + C + "F4 | [K:G] F4 |\nK:D\nM:3/4\nC3 | [M:2/4][L:1/8] F2 F2 |")
    assert [note.pitch for note in piece.parts[0].notes] == [65, 66, 61, 66, 66]
    found = [(metre.name, metre.onset_ticks // Q) for metre in piece.outline.time_signatures]
    assert found == [("4/4", 0), ("3/4", 8), ("2/4", 11)]


@pytest.mark.parametrize(
    ("metre", "music", "pickup", "metres"),
    [
        ("C|", "A4 | A4", 0, ["2/2"]),
        ("2+3/8", "A5/2 | A5/2", 0, ["5/8"]),
        ("6/8", "A/ | A3 | A5/2 |]", 0.5, ["6/8"]),
        ("4/4", "A4 | Z2 | A4", 0, ["4/4"]),
        ("4/4", "A4 | A A :: A A | A4 ||", 0, ["4/4"]),  # a repeat within a bar
        ("4/4", "A4 | A3 | A4", 0, ["4/4", "3/4", "4/4"]),
        ("4/4", "A A", 0, ["4/4"]),  # one bar alone is no pickup
        ("none", "A A | A A A | A", 0, ["4/4"]),
    ],
)
def test_bars(metre: str, music: str, pickup: float, metres: list[str]) -> None:
    outline = parse_abc(f"M:{metre}\n{C}{music}\n").outline
    assert outline.pickup_ticks == pickup * Q
    assert [signature.name for signature in outline.time_signatures] == metres


def test_free_metre_before_the_first_bars() -> None:
    outline = parse_abc("M:none\n" + C + "A A\n[M:3/4] A2 | A3 |").outline
    assert [(metre.name, metre.onset_ticks // Q) for metre in outline.time_signatures] == [
        ("4/4", 0),
        ("2/4", 2),
        ("3/4", 4),
    ]
    assert outline.pickup_ticks == 0


SOPRANO, BASS = [(0, 1, 67), (1, 2, 69), (3, 2, 71)], [(0, 1, 55), (1, 2, 57), (3, 2, 59)]


@pytest.mark.parametrize(
    "text",
    [
        'V:1 name="Sopran"\nG | A2 |\nB2 |\nV:2 nm=Bass clef=bass\nG, | A,2 |\nB,2 |',
        'V:1 name="Sopran"\nV:2 name="Bass"\n[V:1] G | A2 |\n[V:2] G, | A,2 |\n[V:1] B2 |\n[V:2] B,2 |',
        "V:Sopran\nG | A2 |\nV:Bass octave=-1\nG | A2 |\nV:Sopran\nB2 |\nV:Bass\nB2 |",
        "[V:Sopran]G|A2|[V:Bass]G,|A,2|[V:Sopran]B2|[V:Bass]B,2|",
    ],
)
def test_voices_in_a_row_and_in_turns(text: str) -> None:
    piece = parse_abc("M:2/4\n" + C + text)
    assert [part.name for part in piece.parts] == ["Sopran", "Bass"]
    assert [sounds(part) for part in piece.parts] == [SOPRANO, BASS]
    assert (piece.outline.pickup_ticks, piece.outline.length_ticks) == (Q, 5 * Q)


def test_rests_at_both_ends_count() -> None:
    piece = parse_abc("M:2/4\n" + C + "z2 | A2 | z2 |]")
    assert (sounds(piece.parts[0]), piece.outline.length_ticks) == ([(2, 2, 69)], 6 * Q)


def test_a_tempo_is_given_in_its_own_beats() -> None:
    assert parse_abc('Q:"Slow" 3/8=50\n' + C + "A").outline.tempo_bpm == 75
    assert parse_abc("Q:120\n" + C + "A").outline.tempo_bpm == 120
    assert parse_abc('Q:"Slow"\n' + C + "A").outline.tempo_bpm == 80
    assert parse_abc(C + "A").outline.tempo_bpm == 80


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("X:1\nK:C\nA\n\nX:2\nK:C\nB\n", "tune.abc: it holds 2 tunes; give a file with one"),
        (
            "hello\n",
            "tune.abc: no K: field, so this is not an ABC tune; give one, or write a line K:C before the notes",
        ),
        ("K:C\nA B ] C\n", "tune.abc: line 2: '] C' is not music that can be read here; correct it there"),
        ("K:C\n(& A | B &) C |\n", "tune.abc: line 2: an overlay of several bars is not supported; write it"),
        ("K:C\nA ^/B\n", "tune.abc: line 2: a quarter tone is not supported; write it in another way"),
        ("K:C\nm:~G3\n", "tune.abc: line 2: m:~G3 is not a macro such as ~G3=G{A}G{F}G; correct it there"),
        ("K:C\nA\n%%beginps\n0 0 moveto\n", "tune.abc: line 3: %%beginps has no end; write one"),
        ("K:C\nC|C & C & C & C & C & C & C & C & C|", "tune.abc: line 2: more than 8 voices in a bar"),
        ("M:4/5\nK:C\nA\n", "tune.abc: line 1: 4/5 is not a time signature"),
        ("L:x\nK:C\nA\n", "tune.abc: line 1: L:x is not a note length such as 1/8"),
        ("K:G#\nA\n", "tune.abc: line 1: the key K:G# would need 8 accidentals"),
        ("K:C\nc''''''\n", "tune.abc: pitch 144 is not a MIDI number (0 to 127)"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_abc(text, "tune.abc")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_any_single_byte_is_read_or_refused(tmp_path: Path) -> None:
    text = b'X:1\nT:A\nM:3/4\nL:1/8\nK:G\n"G"G2 | (3ABc [ce]2- [ce]2 | B>A z/ G |]\n'
    refused = []
    for position in range(len(text)):
        for value in b"\xff&[(|{9":
            (tmp_path / "x.abc").write_bytes(text[:position] + bytes([value]) + text[position + 1 :])
            try:
                read_abc(tmp_path / "x.abc")
            except InputError as error:
                refused.append(str(error))
    assert len(refused) > 50
    assert all("\n" not in message and message.startswith(f"{tmp_path}/x.abc: ") for message in refused)


def test_a_file_with_a_byte_order_mark_or_in_latin_1(tmp_path: Path) -> None:
    (tmp_path / "bom.abc").write_bytes(b"\xef\xbb\xbfX:1\nT:\xc3\x84\nK:C\nA")
    (tmp_path / "old.abc").write_bytes(b"X:1\r\nT:\xc4\r\nK:C\r\nA\r\n")
    assert [read_abc(tmp_path / name).outline.title for name in ("bom.abc", "old.abc")] == ["Ä", "Ä"]


MUSIC = ("C D E F|G A G F|", "E D C2|]")


@pytest.mark.parametrize(
    "between",
    [
        "Z:Ed",
        "S:a dead cat",
        "d: * * . * | * . * *",
        "a: a bad edge",
        " B:a bad edge",
        "r:a faded bead",
        "N:a bad edge\\\na faded bead",
        "N:a bad edge\n+:a faded bead",
        "%%text a bad edge",
        "% a bad edge",
        "%%begintext\nA bad edge\n\nK:G\n%%endtext",
        "%%beginsvg\n<g>\n%%endsvg",
        "I:begintext\na bad edge\nI:endtext",
        "N:a\x85bad\u2028edge\x0cA",
        "[r:a bad edge]",
    ],
)
def test_what_is_not_music_between_lines_of_music(between: str) -> None:
    piece = parse_abc(f"X:1\n{C}{MUSIC[0]}\n{between}\n{MUSIC[1]}\n")
    assert [note.pitch for note in piece.parts[0].notes] == [60, 62, 64, 65, 67, 69, 67, 65, 64, 62, 60]
    assert piece.remarks == ()


def test_text_around_a_tune_is_not_music_and_what_follows_it_is_said() -> None:
    body = "\n".join(MUSIC)
    piece = parse_abc(f"L:1/4\n\nK:G is a key\nA bad edge\n\nX:1\nK:C\n{body}\n   \nA bad edge\n\nK:G\n")
    assert [note.pitch for note in piece.parts[0].notes] == [60, 62, 64, 65, 67, 69, 67, 65, 64, 62, 60]
    assert piece.outline.key == Key(0)
    assert piece.remarks == ("the tune ends at the empty line before line 11: what follows, 2 lines, is not music",)


def test_an_empty_line_before_the_music_does_not_end_the_tune() -> None:
    assert lengths("\nA2 A|") == [2, 1]


@pytest.mark.parametrize("music", ["A:|", "A::A:|", "A :| A"])
def test_a_note_and_a_repeat_at_the_beginning_of_a_line_are_music(music: str) -> None:
    assert set(pitches(music)) == {69}


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("A3 -A2 B", [5, 1]),
        ("A - A B", [2, 1]),
        ("A | -A", [2]),
        ("A- |\n| A", [2]),
        ('A- "G" !trill! A', [2]),
        ("A-[K:D]A", [2]),
        ("A-{B}A", [2]),
        ("A.-A", [2]),
        ("[CE] -[CE]", [2, 2]),
        ("A z -A", [1, 1]),  # a rest ends it
        ("|:A B-|1 B:|2 B", [1, 2, 1]),  # into the first ending, not the second
        ("|:A B|1 B-:|2 B", [1, 1, 1, 1]),
        ("A>-A B", [2, 1]),
    ],
)
def test_ties(music: str, expected: list[float]) -> None:
    assert lengths(music) == expected


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("c [K:treble-8]c [K:treble]c", [72, 60, 72]),
        ("c [K:clef=bass octave=-1]c [K:octave=0]c", [72, 60, 72]),
        ("F [K:D clef=treble+8]F [K:G]F", [65, 78, 78]),
        ("F [K:D]F [K:bass]F", [65, 66, 66]),  # a clef leaves the key
        ("c [V:1 transpose=-2]c [V:1]c [V:1 clef=treble-8]c", [72, 70, 70, 58]),
        ("c [K:transpose=2 octave=1]c [K:score=ce]c [K:sound=cB]c", [72, 86, 86, 83]),
    ],
)
def test_clefs_and_transposition_on_the_way(music: str, expected: list[int]) -> None:
    assert pitches("V:1\n" + music) == expected


@pytest.mark.parametrize(
    ("key", "fifths", "mode", "remark"),
    [
        ("d", 2, "major", "K:d is taken for D major"),
        ("d minor", -1, "minor", "K:d minor is taken for D minor"),
        ("bb", -2, "major", "K:bb is taken for Bb major"),
        ("D foo", 2, "major", "K:D foo is taken for D major"),
        ("xyz", 0, None, "K:xyz is not a key: read without accidentals"),
        ("G clef=bass octave=-1", 1, "major", ""),
        ("G bass-8 middle=d", 1, "major", ""),
        ("^f clef=treble", 0, None, ""),
        ("D Mixolydian ^c", 1, "mixolydian", ""),
        ("none clef=bass", 0, None, ""),
        ("", 0, None, ""),
    ],
)
def test_keys_that_are_written_oddly(key: str, fifths: int, mode: str | None, remark: str) -> None:
    found, said = read_key(key)
    assert found is not None
    assert (found.fifths, found.mode, said) == (fifths, mode, remark)
    assert parse_abc(f"K:{key}\nA|").remarks == ((remark,) if remark else ())


@pytest.mark.parametrize("clef", ["bass", "treble-8", "clef=alto octave=-1", "transpose=2"])
def test_a_clef_alone_is_not_a_key(clef: str) -> None:
    assert read_key(clef) == (None, "")


def test_an_order_of_parts_is_said_not_to_be_kept() -> None:
    piece = parse_abc(f"P:AAB\n{C}P:A\nA4|\nP:B\nB4|\n")
    assert piece.remarks == ("its parts are played in the order AAB, which is not kept",)
    assert parse_abc(f"P:A\n{C}A4|\n").remarks == ()


def test_letters_get_other_meanings() -> None:
    piece = parse_abc("U:W = !fermata!\nU: H = !trill!\n" + C + "WA HB [!+!Wc] | [U:T=+fermata+] Td He |")
    assert piece.outline.fermatas == (0, 2 * Q, 3 * Q)


def test_letters_inside_a_chord_are_not_notes() -> None:
    assert pitches('[C"G"!fermata!ET]') == [60, 64]


def test_macros_are_written_out() -> None:
    assert pitches("A X B", "m:X = c d\n" + C) == [69, 72, 74, 71]
    assert pitches("~A/ B ~b'", "m:~n=non\n" + C) == [69, 71, 69, 71, 95, 96, 95]


def test_an_overlay_is_a_part_of_its_own() -> None:
    piece = parse_abc("M:4/4\n" + C + "c d ^e f & C2 E-E | g4- & E4 |\nw: a b c d e\ng4 |]")
    assert [sounds(part) for part in piece.parts] == [
        [(0, 1, 72), (1, 1, 74), (2, 1, 77), (3, 1, 77), (4, 8, 79)],
        [(0, 2, 60), (2, 2, 64), (4, 4, 64)],
    ]
    assert [word.onset_ticks // Q for word in piece.outline.lyrics] == [0, 1, 2, 3, 4]
    assert piece.outline.bar_starts() == (0, 4 * Q, 8 * Q)


def test_four_lines_in_two_voices_are_four_parts() -> None:
    piece = parse_abc("M:4/4\n" + C + "V:1\nc4 & G4 |\nV:2\nE4 & C,4 |\n")
    assert [part.notes[0].pitch for part in piece.parts] == [72, 67, 64, 48]


def test_an_exclamation_mark_that_breaks_a_line_takes_no_notes_with_it() -> None:
    assert len(pitches("A B! c d !e f|")) == 6


def test_windows_letters_in_an_old_file(tmp_path: Path) -> None:
    (tmp_path / "x.abc").write_bytes(b"X:1\nT:Wait\x85 caf\xe9\nK:C\nA\n")
    assert read_abc(tmp_path / "x.abc").outline.title == "Wait… café"


def test_the_number_of_an_ending_may_stand_in_quotes() -> None:
    plain, quoted = (
        parse_abc(C + f"|: C D E F |{one} G4 :|{two} A4 |]") for one, two in (("[1", "[2"), ('["1"', '["2-3"'))
    )
    assert sounds(quoted.parts[0]) == sounds(plain.parts[0])
    assert len(quoted.outline.repeats) == 1
    assert pitches('["1"CE] C2') == [60, 64, 60]


def test_octave_marks_without_a_note_are_passed_over() -> None:
    assert pitches("(,.([CE] F)) 'G A,") == [60, 64, 65, 67, 57]
