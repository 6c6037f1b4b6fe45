"""Repeats of every kind of file: kept as signs, written out, passed over; and there and back."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from biaxial.formats.melody_file import read_melody, read_part
from biaxial.formats.musicxml import musicxml_text
from biaxial.formats.read import read_music, read_parts, read_score
from biaxial.formats.write import save_score
from biaxial.music.errors import InputError
from biaxial.music.repeats import Ending, Repeat
from biaxial.music.score import Score
from biaxial.music.written_out import written_out

Q = 480
HEADER = "M:4/4\nL:1/4\nK:C\n"
TWO_ENDINGS = "|:c4|1 d4:|2 e4|]\n"


def abc(path: Path, music: str) -> Path:
    path.write_text(HEADER + music)
    return path


def musicxml(path: Path) -> Path:
    def bar(number: int, step: str, left: str = "", right: str = "") -> str:
        note = f"<note><pitch><step>{step}</step><octave>5</octave></pitch><duration>4</duration></note>"
        head = (
            "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
            if number == 1
            else ""
        )
        left = left and f'<barline location="left">{left}</barline>'
        right = right and f'<barline location="right">{right}</barline>'
        return f'<measure number="{number}">{left}{head}{note}{right}</measure>'

    first, second = ('<ending number="1" type="{}"/>', '<ending number="2" type="{}"/>')
    bars = (
        bar(1, "C", '<repeat direction="forward"/>'),
        bar(2, "D", first.format("start"), first.format("stop") + '<repeat direction="backward"/>'),
        bar(3, "E", second.format("start"), second.format("discontinue")),
    )
    path.write_text(
        '<?xml version="1.0"?><score-partwise version="4.0"><part-list><score-part id="P1"><part-name>A</part-name>'
        f'</score-part></part-list><part id="P1">{"".join(bars)}</part></score-partwise>'
    )
    return path


def kern(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(("**kern", *lines, "==", "*-")) + "\n")
    return path


SECTIONS = ("*>[A,A1,A,A2]", "*>norep[A,A2]", "*M4/4", "*>A", "=1", "1cc", "*>A1", "=2", "1dd", "*>A2", "=3", "1ee")


def of_every_kind(folder: Path) -> list[Path]:
    path = abc(folder / "x.abc", TWO_ENDINGS)
    save_score(read_score(path), folder / "x.json")
    return [path, musicxml(folder / "x.musicxml"), kern(folder / "x.krn", *SECTIONS), folder / "x.json"]


def test_signs_are_kept_in_every_kind_of_file(tmp_path: Path) -> None:
    expected = (Repeat(0, 12 * Q, (Ending(4 * Q, 8 * Q, (1,)), Ending(8 * Q, 12 * Q, (2,)))),)
    for path in of_every_kind(tmp_path):
        score, music = read_score(path), read_music(path)
        assert [note.pitch for note in score.notes] == [72, 74, 76], path
        assert score.repeats == music.parts.outline.repeats == expected, path
        assert music.remarks == (), path


def test_repeats_are_written_out_in_every_kind_of_file_with_a_remark(tmp_path: Path) -> None:
    for path in of_every_kind(tmp_path):
        music = read_music(path, "expand")
        assert [note.pitch for note in music.score.notes] == [72, 74, 72, 76], path
        assert [note.pitch for note in music.parts.parts[0].notes] == [72, 74, 72, 76], path
        assert music.remarks == ("bars 1-3 are repeated: written out, 4 bars",), path
        assert music.score.repeats == read_parts(path, "expand").outline.repeats == (), path


def test_repeats_are_read_once_in_every_kind_of_file_with_a_remark(tmp_path: Path) -> None:
    for path in of_every_kind(tmp_path):
        music = read_music(path, "once")
        assert [note.pitch for note in music.score.notes] == [72, 74, 76], path
        assert music.remarks == ("bars 1-3 are repeated: read once",), path
        assert music.score.repeats == (), path


def test_a_melody_and_a_part_are_read_the_same_way(tmp_path: Path) -> None:
    path = abc(tmp_path / "x.abc", "V:1\n|:c4:|\nV:2\n|:E4:|\n")
    assert [note.pitch for note in read_melody(path, "2", "expand").score.notes] == [64, 64]
    assert read_melody(path, "2", "expand").remarks == ("bar 1 is repeated: written out, 2 bars",)
    assert [note.pitch for note in read_part(path, "2", "expand").notes] == [64, 64]
    assert len(read_part(path).notes) == 2
    assert read_part(path).repeats == (Repeat(0, 4 * Q),)


@pytest.mark.parametrize(
    ("music", "remark"),
    [
        ("|:c4:|d4|", "bar 1 is repeated: written out, 3 bars"),
        ("c4|:d4:|:e4|f4:|", "bars 2 and 3-4 are repeated: written out, 7 bars"),
        ("|:c4:|:d4:|:e4:|", "bars 1, 2 and 3 are repeated: written out, 6 bars"),
        ("c4:|d4:|e4:|f4:|g4:|", "bars 1, 2, 3 and 4, and more, are repeated: written out, 10 bars"),
        ("G|c4|d3:|", "bars 1-2 are repeated: written out, 4 bars"),
    ],
)
def test_remarks_name_the_bars(music: str, remark: str, tmp_path: Path) -> None:
    assert read_music(abc(tmp_path / "x.abc", music), "expand").remarks == (remark,)


def test_a_word_that_is_not_a_way_to_read_repeats(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="repeats: 'twice' is not a way to read them; give keep, once, expand"):
        read_score(abc(tmp_path / "x.abc", "c4:|"), "twice")  # type: ignore[arg-type]


def test_what_is_too_long_as_it_is_played_is_refused(tmp_path: Path) -> None:
    path = abc(tmp_path / "x.abc", f"|:{'Z200|' * 5} ::::::::|")
    with pytest.raises(InputError) as caught:
        read_score(path)
    assert (
        str(caught.value)
        == f"{path}: the piece is 36000 quarter notes long as it is played, and 20000 is the most; cut it"
    )
    with pytest.raises(InputError, match="its repeats make 12000 passages of it, and 5000 is the most; cut it"):
        read_score(abc(path, "C/C/:|" * 6000))


@pytest.mark.parametrize(
    "music",
    [
        "|:C D E F|1 G A B c-:|2 c B A G|C4|]",
        "G|c d e f|g f e:|g|a g f e|d e c|]",
        "|:c4|d4:|::e4|f4::|:g4|1 a4:|2,3 b4:|4 c4|d4|]",
        "C4|:D4::E4|F4:|G4|]",
        "c4|d2:|d2|e4:|",
    ],
)
def test_signs_come_back_and_sound_is_written_out(music: str, tmp_path: Path) -> None:
    score = read_score(abc(tmp_path / "x.abc", music))
    for name in ("x.musicxml", "x.mxl", "x.json", "x.mid"):
        save_score(score, tmp_path / name)
    assert read_score(tmp_path / "x.json") == score
    for name in ("x.musicxml", "x.mxl"):
        found = read_score(tmp_path / name)
        assert (found.repeats, found.notes, found.pickup_ticks) == (score.repeats, score.notes, score.pickup_ticks)
        assert found.bar_starts() == score.bar_starts()
    played = read_score(tmp_path / "x.mid")
    assert played == written_out(score)
    assert read_score(tmp_path / "x.musicxml", "expand").notes == played.notes


def page(score: Score) -> list[list[str]]:
    """What stands at the bar lines of a page, part by part."""
    root = fromstring(musicxml_text(score))
    return [
        [
            f"{measure.get('number')} {line.get('location')}: "
            + " ".join(
                sign.get("direction") or f"{sign.get('number')} {sign.get('type')}"
                for sign in line
                if sign.tag in ("repeat", "ending")
            )
            for measure in part.iter("measure")
            for line in measure.iter("barline")
        ]
        for part in root.iter("part")
    ]


VOICES = "V:1\nc4|c2:|c2|1 c4:|2 c4|]\nV:2\nA4|A4|A4|A4|\nV:3\nE4|E4|E4|E4|\nV:4\nC,4|C,4|C,4|C,4|\n"


def test_a_page_shows_signs_in_every_part_and_splits_a_bar_at_one(tmp_path: Path) -> None:
    score = read_score(abc(tmp_path / "x.abc", VOICES))
    signs = [
        "2 right: backward",
        "X2 left: forward",
        "3 left: 1 start",
        "3 right: 1 stop backward",
        "4 left: 2 start",
        "4 right: 2 stop",
    ]
    assert page(score) == [signs, signs]


def test_kern_bar_lines_repeat_where_there_is_no_list(tmp_path: Path) -> None:
    path = kern(tmp_path / "x.krn", "*M4/4", "=1!|:", "1cc", "=2", "1dd", "=3:|!|:", "1ee", "=4:|!", "1ff")
    assert read_score(path).repeats == (Repeat(0, 8 * Q), Repeat(8 * Q, 12 * Q))


@pytest.mark.parametrize(
    ("order", "repeats", "remarks"),
    [
        ("A,A,B,B", (Repeat(0, 4 * Q), Repeat(4 * Q, 8 * Q)), ()),
        ("A,B,A,B", (Repeat(0, 8 * Q),), ()),
        ("A,A,A,B", (Repeat(0, 4 * Q, times=3),), ()),
        ("A,B", (), ()),
        ("A,B,A", (), ("its sections are played in the order A,B,A, which is not kept",)),
        ("A,C", (), ("its sections are played in the order A,C, which is not kept",)),
    ],
)
def test_kern_lists_of_sections(
    order: str, repeats: tuple[Repeat, ...], remarks: tuple[str, ...], tmp_path: Path
) -> None:
    path = kern(tmp_path / "x.krn", f"*>[{order}]", "*M4/4", "*>A", "=1", "1cc", "*>B", "=2:|!", "1dd")
    music = read_music(path)
    assert (music.score.repeats, music.remarks) == (repeats, remarks)


def test_verses_of_musicxml_are_sung_in_turn(tmp_path: Path) -> None:
    path = musicxml(tmp_path / "x.musicxml")
    words = "<lyric number='1'><text>one</text></lyric><lyric number='2'><text>two</text></lyric></note>"
    path.write_text(path.read_text().replace("</note>", words, 1))
    assert [word.text for word in read_score(path).lyrics] == ["one"]
    assert [(word.onset_ticks // Q, word.text) for word in read_score(path, "expand").lyrics] == [
        (0, "one"),
        (8, "two"),
    ]
