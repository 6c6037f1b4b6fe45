"""MusicXML that music21 would read otherwise, or not at all, is read as it is meant, and nothing is lost in silence."""

from __future__ import annotations

from itertools import combinations, permutations
from pathlib import Path
from xml.etree import ElementTree

import pytest

from biaxial.formats.melody_file import read_melody
from biaxial.formats.music21_reader import read_notation
from biaxial.formats.musicxml.plain_tree import make_plain
from biaxial.music.errors import InputError
from biaxial.music.parts import Parts
from biaxial.music.score import Key

Q = 480
FOUR_FOUR = "<time><beats>4</beats><beat-type>4</beat-type></time>"
CHORD, CUE = "<chord/>", "<cue/>"


def note(name: str, quarters: float = 1, more: str = "", before: str = "") -> str:
    """A note such as ``C5``; 24 divisions a quarter."""
    pitch = f"<pitch><step>{name[0]}</step><octave>{name[1]}</octave></pitch>"
    return f"<note>{before}{pitch}<duration>{round(24 * quarters)}</duration>{more}</note>"


def rest(quarters: float, *, of_bar: bool = False, more: str = "") -> str:
    mark = ' measure="yes"' if of_bar else ""
    return f"<note><rest{mark}/><duration>{round(24 * quarters)}</duration>{more}</note>"


def style(text: str) -> str:
    return f"<attributes><measure-style>{text}</measure-style></attributes>"


FOUR = note("C5") + note("D5") + note("E5") + note("F5")
FOUR_SOUNDS = [(0, 1, 72), (1, 1, 74), (2, 1, 76), (3, 1, 77)]
WHOLE = note("C5", 4)


def document(*parts: list[str], attributes: str = FOUR_FOUR, divisions: str = "<divisions>24</divisions>") -> str:
    """Parts of bars; a bar may be a whole element of its own."""
    listed = "".join(f'<score-part id="P{i}"><part-name>{i}</part-name></score-part>' for i in range(1, len(parts) + 1))
    text = f"<score-partwise><part-list>{listed}</part-list>"
    for i, bars in enumerate(parts, 1):
        text += f'<part id="P{i}">'
        for number, bar in enumerate(bars, 1):
            first = f"<attributes>{divisions}{attributes}</attributes>" if number == 1 else ""
            mark = ' implicit="yes"' if "<!--implicit-->" in bar else ""
            text += f'<measure number="{number}"{mark}>{first}{bar}</measure>'
        text += "</part>"
    return text + "</score-partwise>"


def read(tmp_path: Path, *parts: list[str], **others: str) -> Parts:
    path = tmp_path / "piece.musicxml"
    path.write_text(document(*parts, **others), encoding="utf-8")
    return read_notation(path)


def sounds(piece: Parts, part: int = 0) -> list[tuple[float, float, int]]:
    return [(note.onset_ticks / Q, note.length_ticks / Q, note.pitch) for note in piece.parts[part].notes]


def later(quarters: float) -> list[tuple[float, float, int]]:
    return [(onset + quarters, length, pitch) for onset, length, pitch in FOUR_SOUNDS]


def bars(piece: Parts) -> list[float]:
    return [tick / Q for tick in piece.outline.bar_starts()]


@pytest.mark.parametrize("more", ["", "<type>whole</type>"])
@pytest.mark.parametrize("other", [[note("G4"), FOUR, WHOLE], None])
def test_a_pickup_of_rest_is_as_long_as_it_is_written(tmp_path: Path, other: list[str] | None, more: str) -> None:
    voice = ["<!--implicit-->" + rest(1, of_bar=True, more=more), FOUR, WHOLE]
    piece = read(tmp_path, voice, *([other] if other else []))
    assert (piece.outline.pickup_ticks, bars(piece), piece.outline.length_ticks) == (Q, [1, 5], 9 * Q)
    assert sounds(piece)[:4] == later(1)


@pytest.mark.parametrize("other", [None, [WHOLE, note("G4"), note("D4", 3), WHOLE]])
def test_a_rest_of_a_short_bar_is_as_long_as_the_bar(tmp_path: Path, other: list[str] | None) -> None:
    voice = [FOUR, "<!--implicit-->" + note("E5"), rest(3, of_bar=True), FOUR]
    piece = read(tmp_path, voice, *([other] if other else []))
    assert sounds(piece) == [*FOUR_SOUNDS, (4, 1, 76), *later(8)]
    assert bars(piece) == [0, 4, 8]
    assert [metre.name for metre in piece.outline.time_signatures] == ["4/4"]


def test_a_rest_of_a_bar_is_never_longer_than_its_metre(tmp_path: Path) -> None:
    """Some programs write every bar's rest as a whole note."""
    three = "<time><beats>3</beats><beat-type>4</beat-type></time>"
    low = [rest(4, more="<type>whole</type>"), rest(4, of_bar=True), note("E4", 3)]
    piece = read(tmp_path, [note("C5", 3)] * 3, low, attributes=three)
    assert sounds(piece) == [(0, 3, 72), (3, 3, 72), (6, 3, 72)]
    assert sounds(piece, 1) == [(6, 3, 64)]
    assert read(tmp_path, low, attributes=three).outline.length_ticks == 9 * Q


def test_a_bar_is_as_long_as_its_longest_part(tmp_path: Path) -> None:
    """One leaves out its last rests, one has nothing at all, one has empty time in their place."""
    skips = note("C5") + "<forward><duration>72</duration></forward>"
    short = [note("C4", 2), "", skips, note("C4", 4)]
    piece = read(tmp_path, [FOUR] * 4, short)
    assert sounds(piece, 1) == [(0, 2, 60), (8, 1, 72), (12, 4, 60)]
    assert sounds(read(tmp_path, short)) == [(0, 2, 60), (6, 1, 72), (10, 4, 60)]


def test_bars_whose_durations_were_rounded_are_whole(tmp_path: Path) -> None:
    sevenths = "".join(note("C5").replace(">24<", f">{96 / 7:.3f}<") for _ in range(7))
    longer = "".join(note("C5").replace(">24<", ">13.8<") for _ in range(7))
    piece = read(tmp_path, [sevenths, longer, WHOLE])
    assert bars(piece) == [0, 4, 8]


@pytest.mark.parametrize(
    "between",
    [
        "<direction><direction-type><words>dolce</words></direction-type></direction>",
        "<harmony><root><root-step>F</root-step></root><kind>major</kind></harmony>",
        "<print/>",
        '<sound tempo="90"/>',
        '<barline location="middle"><bar-style>dotted</bar-style></barline>',
        "<figured-bass><figure><figure-number>6</figure-number></figure></figured-bass>",
        "<attributes><clef><sign>G</sign><line>2</line></clef></attributes>",
        "<direction><direction-type><dynamics><p/></dynamics></direction-type></direction><print/>",
    ],
)
def test_notes_of_a_chord_sound_together_whatever_stands_between(tmp_path: Path, between: str) -> None:
    bar = note("C5") + between + note("A4", before=CHORD) + between + note("F4", before=CHORD) + note("D5", 3)
    piece = read(tmp_path, [bar, WHOLE])
    assert sounds(piece) == [(0, 1, 65), (0, 1, 69), (0, 1, 72), (1, 3, 74), (4, 4, 72)]
    assert piece.remarks == ()


def test_a_note_of_no_chord_is_a_note(tmp_path: Path) -> None:
    piece = read(tmp_path, [note("C5", before=CHORD) + note("D5", 3)])
    assert sounds(piece) == [(0, 1, 72), (1, 3, 74)]
    assert piece.remarks == ("notes of a chord that is not there, each read by itself: 1",)


@pytest.mark.parametrize("length", [0.5, 2, 3])
def test_a_chord_of_several_lengths_is_as_long_as_its_first(tmp_path: Path, length: float) -> None:
    bar = note("C4", 1, "<type>quarter</type>") + note("E5", length, "<type>half</type>", CHORD) + note("D4", 3)
    piece = read(tmp_path, [bar])
    assert sounds(piece) == [(0, 1, 60), (0, 1, 76), (1, 3, 62)]
    assert piece.remarks == (
        "notes of chords with a length of their own, which were read as long as the first of their chord: 1",
    )


def test_cue_notes_do_not_sound(tmp_path: Path) -> None:
    """In a line, as a voice, as a chord, first and last in a chord, and as a bar."""
    line = note("C5") + note("D5") + note("E5") + note("G6", before=CUE)
    voice = FOUR + "<backup><duration>96</duration></backup>" + note("C6", 4, "<voice>2</voice>", CUE)
    chord = note("C6", before=CUE) + note("E6", before=CUE + CHORD) + note("D5") + note("E5") + note("F5")
    first = note("C6", before=CUE) + note("C5", before=CHORD) + note("D5") + note("E5") + note("F5")
    last = note("C5") + note("C6", before=CUE + CHORD) + note("D5") + note("E5") + note("F5")
    piece = read(tmp_path, [line, voice, chord, first, last, note("C6", 4, before=CUE), FOUR])
    assert sounds(piece) == [
        *FOUR_SOUNDS[:3], *later(4), *later(8)[1:], *later(12), *later(16), *later(24)
    ]  # fmt: skip
    assert piece.remarks == ("7 of 29 notes were left out: 7 cue notes",)
    assert read_melody(tmp_path / "piece.musicxml").remarks == piece.remarks


def test_what_is_left_out_is_counted_by_its_kind(tmp_path: Path) -> None:
    grace = note("B4", before="<grace/>").replace("<duration>24</duration>", "")
    drum = "<note><unpitched/><duration>96</duration></note>"
    piece = read(tmp_path, [grace + FOUR, note("G6", 4, before=CUE)], [drum, rest(4)])
    assert sounds(piece) == FOUR_SOUNDS
    (remark,) = piece.remarks
    assert remark.startswith("3 of 7 notes were left out: ")
    assert set(remark.partition(": ")[2].split(" and ")) == {"1 grace notes", "1 cue notes", "1 percussion notes"}


@pytest.mark.parametrize("kinds", [("pitched", "unpitched"), ("rest", "pitched")])
def test_notes_that_would_be_lost_in_silence_are_a_refusal(tmp_path: Path, kinds: tuple[str, str]) -> None:
    made = {
        "pitched": "<pitch><step>C</step><octave>5</octave></pitch>", "unpitched": "<unpitched/>", "rest": "<rest/>"
    }  # fmt: skip
    bar = "".join(
        f"<note>{mark}{made[kind]}<duration>96</duration></note>" for kind, mark in zip(kinds, ("", CHORD), strict=True)
    )
    with pytest.raises(InputError, match=r"\(\d notes are written in it and \d were read, which cannot be explained\)"):
        read(tmp_path, [bar])


def test_a_note_without_a_staff_is_on_the_first(tmp_path: Path) -> None:
    low = "<backup><duration>96</duration></backup>" + note("C3", 4, "<staff>2</staff>")
    piece = read(tmp_path, [FOUR + low, WHOLE + low], attributes=FOUR_FOUR + "<staves>2</staves>")
    assert sounds(piece) == [*FOUR_SOUNDS, (4, 4, 72)]
    assert sounds(piece, 1) == [(0, 4, 48), (4, 4, 48)]


def test_a_part_has_as_many_staves_as_its_notes_are_on(tmp_path: Path) -> None:
    low = "<backup><duration>96</duration></backup>" + note("C3", 4, "<staff>3</staff>")
    piece = read(tmp_path, [WHOLE + low], attributes=FOUR_FOUR + "<staves>2</staves>")
    assert [sounds(piece, part) for part in range(2)] == [[(0, 4, 72)], [(0, 4, 48)]]
    with pytest.raises(InputError, match=r"part 1: a note is on a staff that is not a number from 1 to 16"):
        read(tmp_path, [note("C5", 4, "<staff>left</staff>")])


def test_without_divisions_a_duration_of_1_is_a_quarter(tmp_path: Path) -> None:
    plain = FOUR.replace(">24<", ">1<")
    remark = "it does not say what lengths are counted in (no <divisions>): 1 was read as a quarter note"
    piece = read(tmp_path, [plain, plain], divisions="")
    assert (sounds(piece), piece.remarks) == ([*FOUR_SOUNDS, *later(4)], (remark,))
    late = "<attributes><divisions>24</divisions></attributes>"
    piece = read(tmp_path, [plain, late + FOUR], divisions="")
    assert (sounds(piece), piece.remarks) == ([*FOUR_SOUNDS, *later(4)], (remark,))


@pytest.mark.parametrize("sign", ["1", "2", "4", ""])
def test_bars_that_a_sign_repeats_are_written_out(tmp_path: Path, sign: str) -> None:
    back = int(sign or 1)
    written = [note(name, 4) for name in ("C5", "D5", "E5", "F5")]
    start = style(f'<measure-repeat type="start">{sign}</measure-repeat>')
    repeats = [start + rest(4, of_bar=True), "", *[rest(4)] * 2]
    piece = read(tmp_path, [*written, *repeats, style('<measure-repeat type="stop"/>') + FOUR])
    pitches = [72, 74, 76, 77]
    for index in range(4, 8):
        pitches.append(pitches[index - back])
    assert sounds(piece) == [*((4 * bar, 4, pitch) for bar, pitch in enumerate(pitches)), *later(32)]
    assert piece.remarks == ("bars that a sign stands for, which were written out: 4",)


def test_bars_with_notes_under_a_sign_are_as_they_are(tmp_path: Path) -> None:
    start = style('<measure-repeat type="start">1</measure-repeat>')
    piece = read(tmp_path, [WHOLE, start + FOUR, style('<measure-repeat type="stop"/>') + rest(4)])
    assert sounds(piece) == [(0, 4, 72), *later(4)]


def test_signs_that_cannot_be_written_out_are_refused(tmp_path: Path) -> None:
    start = style('<measure-repeat type="start">1</measure-repeat>')
    with pytest.raises(InputError, match=r"part 1, bar 1: a sign repeats bars that are not there"):
        read(tmp_path, [start + rest(4), WHOLE])
    one = start.replace("<measure-style>", '<measure-style number="1">')
    both = WHOLE + "<backup><duration>96</duration></backup>" + note("C3", 4, "<staff>2</staff>")
    with pytest.raises(InputError, match=r"bar 2: a sign that repeats a bar on one of several staves is not supported"):
        read(tmp_path, [both, one + rest(4)], attributes=FOUR_FOUR + "<staves>2</staves>")
    two = one + one.replace('number="1"', 'number="2"')
    piece = read(tmp_path, [both, two + rest(4)], attributes=FOUR_FOUR + "<staves>2</staves>")
    assert [sounds(piece, part) for part in range(2)] == [[(0, 4, 72), (4, 4, 72)], [(0, 4, 48), (4, 4, 48)]]


def test_ties_that_are_drawn_join(tmp_path: Path) -> None:
    def tied(*kinds: str) -> str:
        return note("C5", 4, f"<notations>{''.join(f'<tied type={kind!r}/>' for kind in kinds)}</notations>")

    for middle in (("stop", "start"), ("continue",)):
        piece = read(tmp_path, [tied("start"), tied(*middle), tied("stop"), tied("let-ring"), WHOLE])
        assert sounds(piece) == [(0, 12, 72), (12, 4, 72), (16, 4, 72)]
        assert piece.remarks == ("notes with a tie that is drawn and not said to sound, which were joined: 3",)


@pytest.mark.parametrize(
    ("time", "name"),
    [
        ("<beats>3+2</beats><beat-type>8</beat-type>", "5/8"),
        ("<beats>2 + 2 + 3</beats><beat-type>8</beat-type>", "7/8"),
        ("<beats>3</beats><beat-type>8</beat-type><beats>2</beats><beat-type>8</beat-type>", "5/8"),
        ("<beats>2</beats><beat-type>4</beat-type><beats>3</beats><beat-type>8</beat-type>", "7/8"),
        ("<beats>3+2</beats><beat-type>8</beat-type><beats>1</beats><beat-type>4</beat-type>", "7/8"),
        (
            "<beats>3</beats><beat-type>4</beat-type>"
            "<interchangeable><beats>6</beats><beat-type>8</beat-type></interchangeable>",
            "3/4",
        ),
    ],
)
def test_a_metre_of_several_is_their_sum(tmp_path: Path, time: str, name: str) -> None:
    upper, lower = map(int, name.split("/"))
    piece = read(tmp_path, [note("C5", 4 * upper / lower)] * 3, attributes=f"<time>{time}</time>")
    assert [metre.name for metre in piece.outline.time_signatures] == [name]
    assert bars(piece) == [4 * upper / lower * bar for bar in range(3)]


def test_bars_without_a_metre_are_as_long_as_what_is_in_them(tmp_path: Path) -> None:
    piece = read(tmp_path, [note("C5", 7), note("D5", 3)], attributes="<time><senza-misura/></time>")
    assert sounds(piece) == [(0, 7, 72), (7, 3, 74)]
    assert piece.remarks == ("signs that end the metre, after which bars are as long as what is in them: 1",)


UNUSUAL = "<key><key-step>F</key-step><key-alter>1</key-alter><key-step>B</key-step><key-alter>-1</key-alter></key>"


def test_a_signature_of_no_key(tmp_path: Path) -> None:
    remark = "signatures that no key has, which were passed over: 1"
    usual = "<attributes><key><fifths>2</fifths></key></attributes>"
    piece = read(tmp_path, [FOUR, usual + FOUR], attributes=UNUSUAL + FOUR_FOUR)
    assert (sounds(piece), piece.outline.key, piece.remarks) == ([*FOUR_SOUNDS, *later(4)], None, (remark,))
    later_on = f"<attributes>{UNUSUAL}</attributes>"
    piece = read(tmp_path, [FOUR, later_on + FOUR], attributes="<key><fifths>0</fifths><mode>major</mode></key>")
    assert (piece.outline.key, piece.remarks) == (Key(0), (remark,))


@pytest.mark.parametrize("mode", ["none", "hypodorian", "", " Major "])
def test_a_mode_that_is_not_known_is_none(tmp_path: Path, mode: str) -> None:
    piece = read(tmp_path, [FOUR], attributes=f"<key><fifths>2</fifths><mode>{mode}</mode></key>")
    assert piece.outline.key == Key(2)


def test_chord_symbols_without_a_root_are_passed_over(tmp_path: Path) -> None:
    roots = [
        "<function>V</function>",
        "<numeral><numeral-root>5</numeral-root></numeral>",
        "<root><root-step>H</root-step></root>",
        "<root><root-step>G</root-step></root>",
    ]
    symbols = "".join(f"<harmony>{root}<kind>major</kind></harmony>" for root in roots)
    piece = read(tmp_path, [symbols + FOUR])
    assert [chord.name for chord in piece.outline.chords] == ["G"]
    assert piece.remarks == ("chord symbols without a root, which were passed over: 3",)


BROKEN = {
    "a note has neither a pitch nor a rest": "<note><duration>24</duration></note>",
    "a note has no duration": "<note><rest/></note>",
    "a note has the duration '-4'": note("C5").replace(">24<", ">-4<"),
    "a note has the duration 'long'": note("C5").replace(">24<", ">long<"),
    "a <backup> has no duration": "<backup/>",
    "a note has the step 'H'": note("H5"),
    "a note has the octave ''": note("C5").replace("<octave>5</octave>", ""),
    "a note is altered by 'x' semitones": note("C5").replace("<octave>", "<alter>x</alter><octave>"),
    "'0' divisions of a quarter note: give a number above 0": "<attributes><divisions>0</divisions></attributes>",
    "'x' divisions of a quarter note: give a number above 0": "<attributes><divisions>x</divisions></attributes>",
    "a key of 'two' fifths": "<attributes><key><fifths>two</fifths></key></attributes>",
    "'three' beats of a metre": "<attributes><time><beats>three</beats><beat-type>4</beat-type></time></attributes>",
    "'0' beats of a metre": "<attributes><time><beats>0</beats><beat-type>4</beat-type></time></attributes>",
    "a metre without beats": "<attributes><time><beats>3</beats></time></attributes>",
    "a sign repeats 'all' bars": style('<measure-repeat type="start">all</measure-repeat>'),
}


@pytest.mark.parametrize("reason", BROKEN)
def test_what_is_wrong_is_said_with_its_bar(tmp_path: Path, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, [FOUR], [FOUR, BROKEN[reason]])
    place = f"{tmp_path / 'piece.musicxml'}: cannot be read as music (part 2, bar 2: {reason})"
    assert str(caught.value) == f"{place}; export it again, or save it as MIDI"


@pytest.mark.parametrize(
    ("bar", "reason"),
    [
        (note("C5", 4, "<type>long-ish</type>"), " (something in part 1, bar 1 is not MusicXML)"),
        ('<sound tempo="fast"/>' + FOUR, ""),
        (note("C5", 4, "<lyric><syllabic>some</syllabic><text>a</text></lyric>"), ""),
    ],
)
def test_what_music21_says_is_not_shown(tmp_path: Path, bar: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, [bar])
    line = str(caught.value).partition("piece.musicxml: ")[2]
    assert line == f"cannot be read as music{reason}; export it again, or save it as MIDI"


def test_everything_at_once_is_still_counted(tmp_path: Path) -> None:
    """Kinds of bars in any order of three: notes begin where the lengths of the bars say, and all are there."""
    back = "<backup><duration>96</duration></backup>"
    kinds = {
        FOUR: 4,
        note("C5") + "<print/>" + note("A4", before=CHORD) + note("D5", 3): 3,
        rest(4, of_bar=True): 0,
        FOUR + back + note("C6", 4, "<voice>2</voice>", CUE): 4,
        note("C5", 2) + note("E5", 1, before=CHORD) + rest(2): 2,
    }
    for chosen in combinations(kinds, 3):
        for order in permutations(chosen):
            text = document([*order, FOUR])
            plain = make_plain(ElementTree.fromstring(text))
            assert plain.bars == [4 * Q] * 4
            piece = read(tmp_path, [*order, FOUR])
            assert len(piece.parts[0].notes) == sum(kinds[bar] for bar in order) + 4
            assert plain.num_written - plain.left_out.total() == len(piece.parts[0].notes)
            assert sounds(piece)[-4:] == later(12)
