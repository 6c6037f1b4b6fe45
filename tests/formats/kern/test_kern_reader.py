"""Kern: notes, bars, words, columns that split and join in any way, and files that cannot be read."""

from __future__ import annotations

import random
import re
from fractions import Fraction
from pathlib import Path

import pytest

from biaxial.formats.kern.kern_reader import read_kern
from biaxial.formats.read import read_score
from biaxial.music.errors import InputError
from biaxial.music.parts import Part, Parts
from biaxial.music.score import Key

Q = 480


def sounds(part: Part) -> list[tuple[float, float, int]]:
    return [(note.onset_ticks / Q, note.length_ticks / Q, note.pitch) for note in part.notes]


def read(tmp_path: Path, *lines: str) -> Parts:
    """Lines of kern, with `` | `` between their columns."""
    path = tmp_path / "piece.krn"
    path.write_text("".join(line.replace(" | ", "\t") + "\n" for line in lines), encoding="utf-8")
    return read_kern(path)


def refused(tmp_path: Path, *lines: str) -> str:
    with pytest.raises(InputError) as caught:
        read(tmp_path, *lines)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'piece.krn'}: ")
    assert "\n" not in message
    return message.partition(": ")[2]


PIECE = (
    "!!!OTL: Ein Kern",
    "**kern | **kern",
    '*I"Bass | *I"Soprano',
    "*k[b-] | *k[b-]",
    "*d: | *d:",
    "*M3/4 | *M3/4",
    "*MM90 | *MM90",
    "4D | 4d",
    "=1 | =1",
    "2.d | 4f 4a",
    ". | 8g",
    ". | 8a",
    ". | [4b-",
    "=2 | =2",
    "2.d; | 4b-]",
    ". | 2a;",
    "== | ==",
    "*- | *-",
)


def test_a_piece_in_every_field(tmp_path: Path) -> None:
    piece = read(tmp_path, *PIECE)
    outline = piece.outline
    assert (outline.title, outline.key, outline.tempo_bpm) == ("Ein Kern", Key(-1, "minor"), 90)
    assert [metre.name for metre in outline.time_signatures] == ["3/4"]
    assert (outline.pickup_ticks, outline.length_ticks, outline.fermatas) == (Q, 7 * Q, (5 * Q,))
    assert [part.name for part in piece.parts] == ["Soprano", "Bass"]  # from top to bottom, as on a page
    top = [(0, 1, 62), (1, 1, 65), (1, 1, 69), (2, 0.5, 67), (2.5, 0.5, 69), (3, 2, 70), (5, 2, 69)]
    assert [sounds(part) for part in piece.parts] == [top, [(0, 1, 50), (1, 3, 62), (4, 3, 62)]]
    assert piece.remarks == ()


def test_a_column_that_splits_in_three(tmp_path: Path) -> None:
    lines = ("**kern", "*M4/4", "=1", "*^", "* | *^", "4cc | 4g | 4e", "2.dd | 2.a | 2.f", "*v | *v | *v", "=2", "1c")
    piece = read(tmp_path, *lines, "==", "*-")
    (part,) = piece.parts
    assert sounds(part) == [(0, 1, 64), (0, 1, 67), (0, 1, 72), (1, 3, 65), (1, 3, 69), (1, 3, 74), (4, 4, 60)]
    assert piece.outline.bar_starts() == (0, 4 * Q)


def test_columns_that_join_two_and_two_and_split_again(tmp_path: Path) -> None:
    """Both staves at once, in the order of Humdrum's own examples; a tie goes on through all of it."""
    lines = (
        "**kern | **dynam | **kern",
        "*M2/4 | * | *M2/4",
        "=1 | =1 | =1",
        "*^ | * | *^",
        "* | *^ | * | * | *^",
        "2C | 2E | 2G | p | 2c | 2e | [2g",
        "* | *v | *v | * | *v | *v | *",
        "=2 | =2 | =2 | =2 | =2",
        "4C | 4E | . | 4c | 2g_",
        "4D | 4F | . | 4d | .",
        "*v | *v | * | *v | *v",
        "=3 | =3 | =3",
        "* | * | *^",
        "2C | . | 2cc | 2g]",
        "* | * | *v | *v",
        "*- | *- | *-",
    )
    upper, lower = read(tmp_path, *lines).parts
    assert sounds(upper) == [(0, 2, 60), (0, 2, 64), (0, 6, 67), (2, 1, 60), (3, 1, 62), (4, 2, 72)]
    assert sounds(lower) == [
        (0, 2, 48), (0, 2, 52), (0, 2, 55), (2, 1, 48), (2, 1, 52), (3, 1, 50), (3, 1, 53), (4, 2, 48)
    ]  # fmt: skip


def test_columns_that_begin_and_end_and_change_places(tmp_path: Path) -> None:
    begun = read(tmp_path, "**kern", "4c", "4d", "*+", "* | **kern", "4e | 4g", "4f | 4a", "*- | *-").parts
    assert [sounds(part) for part in begun] == [
        [(2, 1, 67), (3, 1, 69)],
        [(0, 1, 60), (1, 1, 62), (2, 1, 64), (3, 1, 65)],
    ]
    ended = read(tmp_path, "**kern | **kern", "2C | 4c", ". | 4d", "*- | *", "4e", "*-").parts
    assert [sounds(part) for part in ended] == [[(0, 1, 60), (1, 1, 62), (2, 1, 64)], [(0, 2, 48)]]
    changed = read(tmp_path, "**kern | **kern", "4C | 4c", "*x | *x", "4d | 4D", "*- | *-").parts
    assert [sounds(part) for part in changed] == [[(0, 1, 60), (1, 1, 62)], [(0, 1, 48), (1, 1, 50)]]


def test_columns_of_two_parts_are_joined_each_to_its_own(tmp_path: Path) -> None:
    lines = ("**kern | **kern", "*^ | *^", "4C | 4E | 4c | 4e", "*v | *v | *v | *v", "4D | 4d", "*- | *-")
    assert [sounds(part) for part in read(tmp_path, *lines).parts] == [
        [(0, 1, 60), (0, 1, 64), (1, 1, 62)],
        [(0, 1, 48), (0, 1, 52), (1, 1, 50)],
    ]


def test_any_splits_and_joins_lose_no_note(tmp_path: Path) -> None:
    """Columns split and join at random; every note is where the time of its line says."""
    draw = random.Random(1)
    for _ in range(30):
        lines, wanted, width = ["**kern | **kern"], [], [1, 1]
        for time in range(12):
            which = draw.randrange(2)
            before = sum(width[:which])
            after = sum(width[which + 1 :])
            at = draw.randrange(width[which])
            if width[which] < 4 and draw.random() < 0.6:
                inside = ["*"] * at + ["*^"] + ["*"] * (width[which] - at - 1)
                width[which] += 1
            else:
                joined = draw.randint(1, width[which] - at)
                rest = width[which] - at - joined
                inside = ["*"] * at + (["*v"] * joined if joined > 1 else ["*"]) + ["*"] * rest
                width[which] += 1 - joined
            lines.append(" | ".join(["*"] * before + inside + ["*"] * after))
            cells = []
            for part, columns in enumerate(width):
                for _column in range(columns):
                    letter = draw.choice("cdefgab")
                    cells.append("4" + (letter if part else letter.upper()))
                    pitch = 48 + 12 * part + {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}[letter]
                    wanted.append((part, time, pitch))
            lines.append(" | ".join(cells))
        piece = read(tmp_path, *lines, " | ".join(["*-"] * sum(width)))
        found = [
            (1 - place, note.onset_ticks // Q, note.pitch)
            for place, part in enumerate(piece.parts)
            for note in part.notes
        ]
        assert sorted(found) == sorted(wanted)


def test_two_columns_on_each_of_two_staves_are_four_voices(tmp_path: Path) -> None:
    lines = (
        '*I"Tenor Bass | *I"Soprano Alto',
        "*^ | *^",
        "2e | 2C | 2cc; | 2g",
        "2d | 2D | 2b | 2f",
        "*v | *v | *v | *v",
    )
    piece = read(tmp_path, "**kern | **kern", *lines, "*- | *-")
    assert [(part.name, sounds(part)[0]) for part in piece.parts] == [
        ("Soprano", (0, 2, 72)), ("Alto", (0, 2, 67)), ("Tenor", (0, 2, 64)), ("Bass", (0, 2, 48))
    ]  # fmt: skip
    assert piece.outline.fermatas == (0,)
    assert {note.voice for note in read_score(tmp_path / "piece.krn").notes} == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("token", "quarters"),
    [("4c", 1), ("8.c", 0.75), ("4..c", 1.75), ("12c", Fraction(1, 3)), ("0c", 8), ("00c", 16), ("000c", 32),
     ("0.c", 12), ("3%2c", Fraction(8, 3)), ("(2c\\L", 2), ("6..c", Fraction(7, 6)), ("1cTt;", 4), ("c4", 1)],
)  # fmt: skip
def test_lengths(tmp_path: Path, token: str, quarters: float | Fraction) -> None:
    (part,) = read(tmp_path, "**kern", token, "*-").parts
    assert [(note.length_ticks, note.pitch) for note in part.notes] == [(round(quarters * Q), 60)]


@pytest.mark.parametrize(
    ("token", "pitch"), [("c", 60), ("cc", 72), ("ccc", 84), ("C", 48), ("CC", 36), ("BB", 47), ("b", 71)]
)
def test_pitches(tmp_path: Path, token: str, pitch: int) -> None:
    for sign, change in (("", 0), ("#", 1), ("-", -1), ("n", 0), ("##", 2), ("--", -2)):
        (part,) = read(tmp_path, "**kern", f"4{token}{sign}/", "*-").parts
        assert [note.pitch for note in part.notes] == [pitch + change]


def test_ties_join_and_rests_are_silent(tmp_path: Path) -> None:
    (part,) = read(tmp_path, "**kern", "[4c 4e", "4c_ 4f", "4c] 4e]", "4rgg", "4c]", "*-").parts
    assert sounds(part) == [(0, 3, 60), (0, 1, 64), (1, 1, 65), (2, 1, 64), (4, 1, 60)]


def test_bars_stand_where_they_are_written(tmp_path: Path) -> None:
    """A short bar in the middle, a metre that changes, one in double whole notes, one that is a sum."""
    lines = ("*M4/4", "4g", "=1", "1c", "=2", "2c", "=3", "*M3/4", "2.c", "=4", "*M2/0", "0c", "0c")
    outline = read(tmp_path, "**kern", *lines, "=5", "*M3+2/8", "2c", "8d", "==", "*-").outline
    assert outline.pickup_ticks == Q
    assert [(metre.name, metre.onset_ticks // Q) for metre in outline.time_signatures] == [
        ("4/4", 0), ("2/4", 5), ("3/4", 7), ("4/1", 10), ("5/8", 26)
    ]  # fmt: skip
    assert outline.bar_starts() == tuple(bar * Q for bar in (1, 5, 7, 10, 26))


def test_without_bar_lines_the_metre_holds(tmp_path: Path) -> None:
    piece = read(tmp_path, "**kern", "*M3/4", "4c", "4d", "2e", "*-")
    assert [metre.name for metre in piece.outline.time_signatures] == ["3/4"]
    assert sounds(piece.parts[0]) == [(0, 1, 60), (1, 1, 62), (2, 2, 64)]


def test_bar_lines_and_lists_of_sections_repeat(tmp_path: Path) -> None:
    lines = ("*M2/4", "2c", "=1!|:", "2d", "=2:|!|:", "2e", "=3", "2f", "=:|!")
    repeats = read(tmp_path, "**kern", *lines, "*-").outline.repeats
    assert [(sign.start_ticks // Q, sign.end_ticks // Q, sign.times) for sign in repeats] == [(2, 4, 2), (4, 8, 2)]
    sections = ("*M2/4", "*>A", "2c", "=", "*>B", "2d", "=", "*>C", "2e", "==")
    (sign,) = read(tmp_path, "**kern", "*>[A,B,B,B,C]", "*>norep[A,B,C]", *sections, "*-").outline.repeats
    assert (sign.start_ticks // Q, sign.end_ticks // Q, sign.times) == (2, 4, 3)
    (sign,) = read(tmp_path, "**kern", "*>[A,B,A,C]", *sections, "*-").outline.repeats
    assert [(end.start_ticks // Q, end.end_ticks // Q, end.numbers) for end in sign.endings] == [
        (2, 4, (1,)),
        (4, 6, (2,)),
    ]
    piece = read(tmp_path, "**kern", "*>[A,C,B]", *sections, "*-")
    assert (piece.outline.repeats, len(piece.parts[0].notes)) == ((), 3)
    assert piece.remarks == ("its sections are played in the order A,C,B, which is not kept",)


def test_other_columns_are_passed_over(tmp_path: Path) -> None:
    lines = ("**harm | **kern | **fing | **dynam", "*C: | *M4/4 | * | *", "4I | 4c | 1 | p", "4r | 2d | 3 | <")
    (part,) = read(tmp_path, *lines, "4V;; | . | . | .", "*- | *- | *- | *-").parts
    assert sounds(part) == [(0, 1, 60), (1, 2, 62)]


def test_words_belong_to_the_part_on_their_left(tmp_path: Path) -> None:
    lines = ("4C | . | 4c | A- | Ist", "4C | . | 4d | -men | .", "4C | no | 4r | nobody | .", "4C | . | 4e | end_ | .")
    piece = read(tmp_path, "**kern | **text | **kern | **silbe | **text", *lines, "*-" + " | *-" * 4)
    assert [(word.onset_ticks // Q, word.text, word.goes_on) for word in piece.outline.lyrics] == [
        (0, "A", True), (1, "men", False), (3, "end", False)
    ]  # fmt: skip
    assert [[word.text for word in verse] for verse in piece.more_verses] == [["Ist"]]


@pytest.mark.parametrize(
    ("marks", "key"),
    [
        (("*k[f#c#]", "*D:"), Key(2)),
        (("*k[b-]", "*d:"), Key(-1, "minor")),
        (("*e-:",), Key(-6, "minor")),
        (("*k[]", "*D:dor"), Key(-1, "minor")),
        (("*k[]", "*?:X"), Key(0)),
        (("*k[f#]",), Key(1)),
        (("*Z:",), None),
        ((), None),
    ],
)
def test_keys(tmp_path: Path, marks: tuple[str, ...], key: Key | None) -> None:
    assert (
        read(tmp_path, "**kern", *marks, "4d", "4c", "4g", "4c" if "*k[f#]" not in marks else "4g", "*-").outline.key
        == key
    )


def test_grace_notes_are_left_out_and_counted(tmp_path: Path) -> None:
    piece = read(tmp_path, "**kern", "8qb", "4cc", "8qqd 8qqe", "4r", "*-")
    assert sounds(piece.parts[0]) == [(0, 1, 72)]
    assert piece.remarks == ("3 of 4 notes were left out: 3 grace notes",)


def test_a_chord_of_several_lengths_is_as_long_as_its_first(tmp_path: Path) -> None:
    piece = read(tmp_path, "**kern", "4c 2e g", "4d", "*-")
    assert sounds(piece.parts[0]) == [(0, 1, 60), (0, 1, 64), (0, 1, 67), (1, 1, 62)]
    assert piece.remarks == (
        "notes of chords with a length of their own, which were read as long as the first of their chord: 1",
    )


def test_columns_that_do_not_meet_wait_for_each_other(tmp_path: Path) -> None:
    piece = read(tmp_path, "**kern | **kern", "2C | 4c", "4D | 4d", "4E | 4e", "*- | *-")
    assert [sounds(part) for part in piece.parts] == [
        [(0, 1, 60), (2, 1, 62), (3, 1, 64)],
        [(0, 2, 48), (2, 1, 50), (3, 1, 52)],
    ]
    assert piece.remarks == ("the columns do not meet at line 3: what was too short rests until the others are there",)


def test_several_pieces_in_one_file_are_refused(tmp_path: Path) -> None:
    message = refused(tmp_path, "!!!!SEGMENT: a.krn", *PIECE, "!!!!SEGMENT: b.krn", *PIECE)
    assert message == "it holds 2 pieces; give a file with one"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((), "there is no line of **kern in it"),
        (("no", "music"), "line 1 comes before any line of **kern"),
        (("**kern | **kern", "4c", "*- | *-"), "line 2: columns, 1 in place of 2"),
        (("**kern", "*^", "4c", "*-"), "line 3: columns, 1 in place of 2"),
        (("**kern", "4c", "**kern"), "line 3: **kern begins a column that has begun already"),
        (("**kern | **kern", "*x | *"), "line 2: a column is exchanged (*x) with none"),
        (("**kern", "4c", "hello"), "line 3: 'hello' has no length"),
        (("**kern", "4c", "4h"), "line 3: '4h' is not a note or a rest"),
        (("**kern", "4ce"), "line 2: '4ce' is not a note or a rest"),
        (("**kern", "c"), "line 2: 'c' has no length"),
        (("**kern", "*M4/5", "4c"), "line 2: 4/5 is not a time signature"),
        (("**kern", "*M4", "4c"), "line 2: '*M4' is not a time signature"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, lines: tuple[str, ...], reason: str) -> None:
    message = refused(tmp_path, *lines)
    assert message.startswith(f"cannot be read as music ({reason}")
    assert message.endswith("; export it again, or save it as MIDI")


def test_a_file_of_words_alone_has_no_parts(tmp_path: Path) -> None:
    assert refused(tmp_path, "**text", "la", "*-") == "it has no parts; give a file with music"
    assert refused(tmp_path, "**kern  **kern", "4c  4d", "*-  *-") == "it has no parts; give a file with music"


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_kern(tmp_path / "none.krn")


def test_files_of_a_corpus_are_whole() -> None:
    """Every note of three chorales, a mazurka and a mass, counted in their letters, is read."""
    import music21

    corpus = Path(music21.__file__).parent / "corpus"
    files = [*corpus.glob("bach/*.krn"), corpus / "chopin/mazurka06-2.krn", corpus / "palestrina/Agnus_08.krn"]
    assert len(files) == 5
    for path in files:
        rows = [line.split("\t") for line in path.read_text(encoding="latin-1").splitlines()]
        data = [token for row in rows if row[0][:1] not in ("", "!", "*", "=") for token in row]
        notes = [mark for token in data for mark in token.split() if re.match(r"[\[({&]*\d+[.%\d]*[a-gA-G]", mark)]
        read_notes = [note for part in read_kern(path).parts for note in part.notes]
        assert len(read_notes) == sum(not set("]_qQ") & set(mark) for mark in notes) > 100
