"""The one table of suffixes: what each ending writes, and what is refused before any work is done."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import mido
import pytest

from biaxial.formats.read import read_score
from biaxial.music.errors import InputError
from biaxial.music.phrases import Phrase, PhrasePlan
from biaxial.music.score import Key, Note, Score
from biaxial.render.files import (
    GIVEN_COLOUR,
    PLAIN,
    WRITERS,
    Rendering,
    check_writable,
    missing_sounds,
    plan_under,
    suffix_of,
    write_file,
)

Q = 480

SIGNATURES = {
    ".mid": b"MThd",
    ".midi": b"MThd",
    ".musicxml": b"<?xml",
    ".mxl": b"PK",
    ".abc": b"%abc-2.1",
    ".krn": b"!!!OTL: Hymn",
    ".ly": b"\\version",
    ".mei": b"<?xml",
    ".cho": b"{title: Hymn}",
    ".json": b"{",
    ".svg": b"<?xml",
    ".png": b"\x89PNG",
    ".pdf": b"%PDF",
    ".roll.png": b"\x89PNG",
    ".roll.svg": b"<?xml",
    ".flac": b"fLaC",
    ".wav": b"RIFF",
    ".ogg": b"OggS",
}


@pytest.fixture
def hymn() -> Score:
    chords = ((72, 67, 64, 48), (71, 67, 62, 55), (72, 67, 64, 48))
    notes = (Note(beat * Q, Q, pitch, voice) for beat, chord in enumerate(chords) for voice, pitch in enumerate(chord))
    return Score(tuple(notes), key=Key(0, "major"), title="Hymn")


@pytest.mark.parametrize("suffix", list(WRITERS))
def test_each_ending_writes_its_kind_of_file(hymn: Score, tmp_path: Path, suffix: str) -> None:
    (path,) = write_file(hymn, tmp_path / f"a.hymn{suffix.upper()}")
    assert path == tmp_path / f"a.hymn{suffix.upper()}"
    assert path.read_bytes().startswith(SIGNATURES[suffix]) or suffix.endswith(".svg")
    if suffix.endswith(".svg"):
        assert b"<svg" in path.read_bytes()[:1000]
    assert list(tmp_path.iterdir()) == [path]


def test_the_longest_ending_decides() -> None:
    assert suffix_of(Path("a.roll.png")) == ".roll.png"
    assert suffix_of(Path("roll.png")) == ".png"
    assert suffix_of(Path("a.PNG")) == ".png"
    assert suffix_of(Path("a.mp3")) == suffix_of(Path("a")) == suffix_of(Path(".mid")) == ""


def test_an_unknown_ending_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.mp3: cannot write \.mp3; end its name in \.mid, .*\.svg.*\.flac"):
        check_writable(tmp_path / "a.mp3")
    with pytest.raises(InputError, match="cannot write a file without a suffix"):
        write_file(Score(), tmp_path / "a")


def test_a_missing_part_is_refused_before_anything_is_written(
    hymn: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("verovio", "resvg_py", "typst"):
        monkeypatch.setitem(sys.modules, module, None)
    for suffix in (".svg", ".png", ".pdf", ".mei"):
        with pytest.raises(InputError, match="pip install"):
            write_file(hymn, tmp_path / f"a{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_how_files_look_and_sound_reaches_what_writes_them(hymn: Score, tmp_path: Path) -> None:
    four, two = tmp_path / "four.musicxml", tmp_path / "two.musicxml"
    write_file(hymn, four, Rendering(staves=4))
    write_file(hymn, two)
    assert four.read_text().count("<score-part ") == 4 > two.read_text().count("<score-part ")
    write_file(hymn, tmp_path / "slow.wav")
    write_file(hymn, tmp_path / "strict.wav", Rendering(strict_tempo=True))
    assert (tmp_path / "slow.wav").stat().st_size > (tmp_path / "strict.wav").stat().st_size
    with pytest.raises(FileNotFoundError, match=r"nowhere\.sf2"):
        check_writable(tmp_path / "x.wav", Rendering(soundfont=Path("nowhere.sf2")))


def test_what_is_read_back_is_what_was_written(hymn: Score, tmp_path: Path) -> None:
    for suffix in (".mid", ".musicxml", ".mxl", ".json"):
        write_file(hymn, tmp_path / f"a{suffix}")
        assert read_score(tmp_path / f"a{suffix}").notes == hymn.notes


def test_nothing_of_it_is_imported_unless_it_is_asked_for() -> None:
    parts = {"biaxial.formats.musicxml", "verovio", "resvg_py", "typst", "soundfile", "matplotlib", "music21", "torch"}
    program = f"import sys, biaxial.render.files; assert not {parts} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_instrument_is_that_of_scores_and_midi_too(hymn: Score, tmp_path: Path) -> None:
    for suffix, sign in ((".musicxml", b"<midi-program>53</midi-program>"), (".mid", b"\xc0\x34")):
        (path,) = write_file(hymn, tmp_path / f"a{suffix}", Rendering(instrument="choir"))
        assert sign in path.read_bytes()
        write_file(hymn, path)
        assert sign not in path.read_bytes()


def test_chords_are_named_on_request(hymn: Score, tmp_path: Path) -> None:
    pytest.importorskip("verovio")
    for suffix, names in ((".musicxml", ("<harmony>",)), (".mid", (b"\x01G",)), (".svg", ('class="harm',))):
        path = tmp_path / f"a{suffix}"
        for asked in (True, False):
            write_file(hymn, path, Rendering(write_chords=asked))
            data = path.read_bytes()
            assert [(name if isinstance(name, bytes) else name.encode()) in data for name in names] == [asked]
    write_file(hymn, tmp_path / "a.musicxml", Rendering(write_chords=True))
    assert [chord.name for chord in read_score(tmp_path / "a.musicxml").chords] == ["C", "G", "C"]


def test_the_plan_stands_where_its_phrases_begin_in_the_music(tmp_path: Path) -> None:
    phrases = (Phrase(4 * Q, 3 * Q, "I", "half"), Phrase(2 * Q, Q, "V", "authentic"), Phrase(2 * Q, Q, "I", "plagal"))
    plan = PhrasePlan(phrases)
    melody = [(0, Q), (Q, 2 * Q), (3 * Q, Q), (4 * Q, 3 * Q)]  # its last phrase has no note of its own
    score = Score(tuple(Note(onset, length, 72, 0) for onset, length in melody), 8 * Q)
    assert plan_under(score, plan) == [
        (0, "A\u2002I: half"), (3 * Q, "B\u2002V: authentic"), (6 * Q, "C\u2002I: plagal"),
    ]  # fmt: skip
    longer = PhrasePlan((replace(phrases[0], length_ticks=6 * Q), *phrases[1:]))
    assert plan_under(score, longer) == plan_under(score, plan), "two quarters of silence were left out"
    (path,) = write_file(score, tmp_path / "a.musicxml", plan=plan)
    assert path.read_text().count("<words>") == 3
    read = read_score(path)
    write_file(score, path, Rendering(write_plan=False), plan)
    assert "<words>" not in path.read_text()
    assert read_score(path) == read


def test_pages_show_the_plan(hymn: Score, tmp_path: Path) -> None:
    pytest.importorskip("verovio")
    plan = PhrasePlan((Phrase(3 * Q, Q, "I", "authentic"),))
    (path,) = write_file(hymn, tmp_path / "a.svg", plan=plan)
    assert "I: authentic" in path.read_text()
    write_file(hymn, path)
    assert "I: authentic" not in path.read_text()


def test_given_notes_have_their_colour_on_every_page(hymn: Score, tmp_path: Path) -> None:
    pytest.importorskip("verovio")
    notes = tuple(
        replace(note, onset_ticks=note.onset_ticks + 3 * Q * n, locked=note.voice == 0)
        for n in range(120)
        for note in hymn.notes
    )
    pages = write_file(replace(hymn, notes=notes, length_ticks=0), tmp_path / "a.svg")
    assert len(pages) > 1
    assert all(GIVEN_COLOUR in page.read_text() for page in pages)
    pages = write_file(Score(notes[:12]), tmp_path / "b.svg", Rendering(given_colour="#AA0000"))
    assert "#AA0000" in pages[0].read_text()
    assert GIVEN_COLOUR not in pages[0].read_text()
    with pytest.raises(InputError, match="'red' is not a colour"):
        Rendering(given_colour="red")


@pytest.mark.parametrize("suffix", [".mid", ".musicxml", ".json"])
def test_a_composed_piece_that_rests_first_begins_with_a_pickup(hymn: Score, tmp_path: Path, suffix: str) -> None:
    late = replace(hymn, notes=tuple(replace(n, onset_ticks=n.onset_ticks + 3 * Q) for n in hymn.notes), length_ticks=0)
    path = tmp_path / f"a{suffix}"
    write_file(late, path)
    assert (read_score(path).pickup_ticks, read_score(path).notes[0].onset_ticks) == (Q, 0)
    if suffix == ".musicxml":
        assert '<measure number="0" implicit="yes">' in path.read_text()
    given = replace(late, notes=tuple(replace(note, locked=note.voice == 0) for note in late.notes))
    write_file(given, path)
    assert (read_score(path).pickup_ticks, read_score(path).notes[0].onset_ticks) == (0, 3 * Q)
    if suffix == ".musicxml":
        assert "implicit" not in path.read_text()


def test_each_voice_may_have_an_instrument(hymn: Score, tmp_path: Path) -> None:
    quartet = Rendering(instruments=("violin", "violin", "viola", "cello"))
    assert Rendering(instruments="quartet") == quartet  # type: ignore[arg-type]
    write_file(hymn, tmp_path / "a.musicxml", quartet)
    text = (tmp_path / "a.musicxml").read_text()
    assert re.findall(r"<part-name>(.*?)<", text) == ["Violin 1", "Violin 2", "Viola", "Violoncello"]
    assert re.findall(r"<sign>(.)<", text) == ["G", "G", "C", "F"]
    assert re.findall(r"<midi-program>(\d+)<", text) == ["41", "41", "42", "43"]
    assert "strings.viola" in text
    assert read_score(tmp_path / "a.musicxml").notes == hymn.notes
    write_file(hymn, tmp_path / "a.mid", quartet)
    programs = [m.program for track in mido.MidiFile(tmp_path / "a.mid").tracks for m in track if "program" in m.type]
    assert programs == [40, 40, 41, 42]
    assert read_score(tmp_path / "a.mid").notes == hymn.notes
    write_file(hymn, tmp_path / "a.ly", quartet)
    assert "\\clef alto" in (tmp_path / "a.ly").read_text()
    with pytest.raises(InputError, match="no instrument 'kazoo'"):
        Rendering(instruments=("kazoo",))


def test_missing_sounds_are_told_where_something_sounds() -> None:
    strings = Rendering(instruments=("violin", "cello", "piano"))
    line = missing_sounds([Path("a.mid"), Path("a.flac")], strings)
    assert line == (
        "the soundfont has no sound of its own for some instruments; it plays violin as strings, cello as strings"
    )
    assert missing_sounds([Path(".ogg")], strings) == line
    assert missing_sounds([Path("a.mid")], strings) == ""
    assert missing_sounds([Path("a.flac")], Rendering(instruments=("piano", "choir"))) == ""
    assert missing_sounds([Path("a.flac")], Rendering()) == ""


def test_only_midi_and_sound_are_played_as_people_play(hymn: Score, tmp_path: Path) -> None:
    none, much, other = Rendering(humanise_seed=9), Rendering(humanise=1.0), Rendering(humanise=1.0, humanise_seed=1)
    for suffix in (".mid", ".wav", ".musicxml", ".abc", ".krn", ".ly", ".json"):
        data = []
        for number, rendering in enumerate((PLAIN, none, much, much, other)):
            (path,) = write_file(hymn, tmp_path / f"{number}{suffix}", rendering)
            data.append(path.read_bytes())
        assert data[0] == data[1], suffix
        assert data[2] == data[3], suffix
        assert len(set(data)) == (3 if suffix in (".mid", ".wav") else 1), suffix
    assert read_score(tmp_path / "2.mid").tempo_bpm == hymn.tempo_bpm
    assert read_score(tmp_path / "2.mid").num_voices == hymn.num_voices
    for share in (-0.1, 1.5):
        with pytest.raises(InputError, match="give 0 to 1"):
            Rendering(humanise=share)
