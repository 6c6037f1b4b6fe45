"""Scores as pages: SVG, PNG and PDF, and what is said where a wheel is missing."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from biaxial.music.errors import InputError
from biaxial.music.score import ChordSymbol, Key, Note, Score, Syllable
from biaxial.music.symbols import parse_chord
from biaxial.render.engraving import check_installed, engrave, svg_pages

Q = 480
SCORE = Score(
    tuple(
        Note(beat * Q, Q, 72 - 7 * voice + beat % 5, voice, locked=voice == 0)
        for beat in range(16)
        for voice in range(4)
    ),
    key=Key(-3, "minor"),
    fermatas=(15 * Q,),
    title="Wär’ <Gott> & nicht",
    chords=(ChordSymbol(0, *parse_chord("Bb7"), "Bb7"), ChordSymbol(Q, *parse_chord("F#m"), "F#m")),
)
LONG = replace(
    SCORE,
    notes=tuple(replace(note, onset_ticks=note.onset_ticks + 16 * Q * n) for n in range(20) for note in SCORE.notes),
    length_ticks=0,
    chords=(),
)


def words(svg: str) -> list[str]:
    """All text of a page, each with its signs."""
    return [
        "".join("".join(text.itertext()).split()) for text in fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]


def test_a_page_of_svg() -> None:
    pytest.importorskip("verovio")
    (page,) = svg_pages(SCORE)
    assert page == svg_pages(SCORE)[0]
    assert len(re.findall(r'class="note\b', page)) == 64
    assert len(re.findall(r'class="fermata\b', page)) == 2
    assert {"Wär’<Gott>&nicht", "SopranoAlto", "B♭7", "F♯m", "♩=80"} <= set(words(page))
    assert not re.search("[\ue000-\uf8ff]", page), "no text in the font of signs, which few programs load"
    assert re.match(r'<svg width="210mm" height="[\d.]+mm" viewBox', page)


def test_captions_are_printed_and_hide_nothing() -> None:
    pytest.importorskip("verovio")
    (page,) = svg_pages(SCORE, captions=[(0, "A\u2002V: half"), (5 * Q, "B\u2002♭VII: open")])
    assert {"AV:half", "B♭VII:open"} <= set(words(page))
    assert set(words(svg_pages(SCORE)[0])) < set(words(page))


def test_every_thread_gets_the_same_page() -> None:
    pytest.importorskip("verovio")
    pages = svg_pages(SCORE)
    for _ in range(2):
        with ThreadPoolExecutor(1) as thread:
            assert thread.submit(svg_pages, SCORE).result(60) == pages


def test_names_of_parts_can_be_left_out() -> None:
    pytest.importorskip("verovio")
    (page,) = svg_pages(SCORE, part_names=False)
    assert not {"SopranoAlto", "TenorBass", "SA", "TB"} & set(words(page))
    assert len(re.findall(r'class="note\b', page)) == 64


def test_given_notes_are_in_colour() -> None:
    pytest.importorskip("verovio")
    assert "#0A4FA3" not in svg_pages(SCORE)[0]
    assert svg_pages(SCORE, given_colour="#0A4FA3")[0].count("#0A4FA3") >= 16


def test_pictures_are_a_file_each_page(tmp_path: Path) -> None:
    pytest.importorskip("verovio")
    assert engrave(SCORE, tmp_path / "one.svg") == [tmp_path / "one.svg"]
    files = engrave(LONG, tmp_path / "long.svg")
    assert files == [tmp_path / f"long-{number}.svg" for number in range(1, len(files) + 1)]
    assert len(files) > 1
    assert sum(len(re.findall(r'class="note\b', file.read_text())) for file in files) == len(LONG.notes)


def test_png(tmp_path: Path) -> None:
    pytest.importorskip("verovio")
    pytest.importorskip("resvg_py")
    (file,) = engrave(SCORE, tmp_path / "x.PNG", pixels=800)
    data = file.read_bytes()
    width, height = struct.unpack(">II", data[16:24])
    assert data.startswith(b"\x89PNG")
    assert (width, height < 800) == (800, True)


def test_a_pdf_has_all_pages_of_a4(tmp_path: Path) -> None:
    pytest.importorskip("verovio")
    pytest.importorskip("typst")
    (file,) = engrave(LONG, tmp_path / "x.pdf")
    data = file.read_bytes()
    assert data.startswith(b"%PDF")
    boxes = re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", data)
    assert len(boxes) == len(svg_pages(LONG, full_height=True))
    assert {(round(float(width)), round(float(height))) for width, height in boxes} == {(595, 842)}
    (again,) = engrave(LONG, tmp_path / "y.pdf")
    assert again.read_bytes() == data


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x\.gif: .* \.svg, \.png, \.pdf"):
        engrave(SCORE, tmp_path / "x.gif")


@pytest.mark.parametrize(
    ("module", "wheel", "suffixes"),
    [
        ("verovio", "verovio", (".svg", ".png", ".pdf")),
        ("resvg_py", "resvg-py", (".png",)),
        ("typst", "typst", (".pdf",)),
    ],
)
def test_a_missing_wheel_is_named_with_its_command(
    module: str, wheel: str, suffixes: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if module != "verovio":
        pytest.importorskip("verovio")
    monkeypatch.setitem(sys.modules, module, None)
    for suffix in suffixes:
        with pytest.raises(InputError, match=f"need {wheel}, .*pip install verovio resvg-py typst$"):
            check_installed(suffix)
        with pytest.raises(InputError):
            engrave(SCORE, tmp_path / f"x{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_nothing_heavy_is_imported() -> None:
    program = (
        "import sys, biaxial.render.engraving, biaxial.formats.musicxml; "
        "print(*{'verovio', 'resvg_py', 'typst', 'music21', 'torch', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_later_pages_have_their_number_and_no_stray_sign() -> None:
    pytest.importorskip("verovio")
    pages = svg_pages(LONG)
    assert len(pages) > 2
    for number, page in enumerate(pages[1:], 2):
        assert f"–{number}–" in words(page)
        assert "–" not in words(page)


def test_alterations_of_chords_have_signs() -> None:
    pytest.importorskip("verovio")
    chord = ChordSymbol(0, *parse_chord("F#m7b5"), "F#m7b5")
    assert "F♯m7♭5" in words(svg_pages(replace(SCORE, chords=(chord,)))[0])


def test_words_are_black_under_given_notes() -> None:
    pytest.importorskip("verovio")
    (page,) = svg_pages(replace(SCORE, lyrics=(Syllable(0, "Herr"),)), given_colour="#0A4FA3")
    (verse,) = (group for group in fromstring(page).iter() if "verse" in (group.get("class") or "").split())
    assert verse.get("fill") == "#000000"
