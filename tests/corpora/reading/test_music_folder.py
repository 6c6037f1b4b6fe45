"""A folder as a corpus: verdicts, the cache, and arrays that are mapped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from biaxial.cli.reading import read_corpus
from biaxial.corpora.corpus import Corpus
from biaxial.corpora.reading import music_folder
from biaxial.corpora.reading.music_folder import ReadConfig, read_folder
from biaxial.corpora.verdicts import Verdict, summary
from biaxial.formats.json_score import write_json
from biaxial.formats.melody_file import read_part
from biaxial.formats.midi.midi_writer import midi_bytes, write_midi
from biaxial.formats.read import read_score
from biaxial.formats.repeat_reading import Repeats
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.score import Note, Score

GRID = Grid(4)


def piece(number: int, voices: int = 4, shift: int = 0) -> Score:
    """Two bars that are like no other piece's."""
    notes = [
        Note(480 * q + shift * (q % 4), 400, 72 - 7 * v + (q * (number + 2) + number * v) % 5, v if voices else None)
        for q in range(8)
        for v in range(voices or 3)
    ]
    return Score((*notes, Note(3840, 480 + 480 * number, 60, 0 if voices else None)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One file for each verdict that a file can have by itself, among good ones."""
    music = tmp_path / "music"
    (music / "deep" / "er").mkdir(parents=True)
    for number in range(3):
        write_midi(piece(number), music / f"{number}.mid")
    (music / "deep" / "copy.midi").write_bytes((music / "0.mid").read_bytes())
    (music / "deep" / "er" / "renamed.mid").write_bytes(midi_bytes(piece(1)).replace(b"Soprano", b"soprano"))
    write_midi(piece(3, shift=55), music / "beatless.mid")
    (music / "broken.mid").write_bytes(midi_bytes(piece(4))[:100])
    (music / "nothing.mid").write_bytes(b"")
    (music / "again.mid").write_bytes(b"")
    write_midi(Score(length_ticks=1920), music / "silent.mid")
    (music / "tune.abc").write_text("X:1\nM:3/4\nL:1/4\nK:G\nD|GAB|c2d|\n")
    (music / "page.xml").write_text("<html></html>")
    return music


def settings(folder: Path, max_off_grid: float = 0.125, seconds: float = 30.0) -> ReadConfig:
    return ReadConfig(max_off_grid, seconds, 2, folder.parent / "cache", folder.parent / "verdicts.json")


def verdicts(corpus: Corpus) -> dict[str, str]:
    return {verdict.file: verdict.verdict for verdict in corpus.verdicts}


EXPECTED = {
    "0.mid": "used",
    "1.mid": "used",
    "2.mid": "used",
    "again.mid": "unreadable",
    "beatless.mid": "badly quantised",
    "broken.mid": "unreadable",
    "deep/copy.midi": "duplicate",
    "deep/er/renamed.mid": "duplicate",
    "nothing.mid": "unreadable",
    "page.xml": "unreadable",
    "silent.mid": "empty",
    "tune.abc": "used",
}


def test_every_file_has_a_verdict(folder: Path) -> None:
    done: list[int] = []
    corpus, refused = Corpus.read(folder, GRID, done.append, settings(folder))
    assert verdicts(corpus) == EXPECTED
    assert sum(done) == len(EXPECTED)
    assert [piece.name for piece in corpus.pieces] == ["0", "1", "2", "tune.abc"]
    assert {path.relative_to(folder).as_posix() for path, _ in refused} == {
        file for file, verdict in EXPECTED.items() if verdict != "used"
    }
    by_file = {verdict.file: verdict for verdict in corpus.verdicts}
    assert by_file["deep/copy.midi"].reason == "the same music as 0.mid"
    assert "(0.25: no beat at all); try another --steps-per-quarter" in by_file["beatless.mid"].reason
    assert by_file["beatless.mid"].off_grid > 0.125
    assert "not a MIDI file (it is empty)" in by_file["again.mid"].reason
    assert (by_file["0.mid"].num_notes, by_file["0.mid"].num_steps, by_file["0.mid"].num_voices) == (33, 36, 4)
    rows = json.loads((folder.parent / "verdicts.json").read_text())
    assert [Verdict(**row) for row in rows] == list(corpus.verdicts)


def test_pieces_are_those_of_the_scores(folder: Path) -> None:
    corpus, _ = Corpus.read(folder, GRID, reading=settings(folder))
    found = {piece.name: piece for piece in corpus.pieces}
    for number in range(3):
        one, other = found[str(number)], type(found["0"]).from_score("x", "train", piece(number), GRID)
        for name in ("states", "voices", "conditions"):
            assert np.array_equal(getattr(one, name), getattr(other, name))
        assert not one.states.flags.writeable
        assert one.num_voices == other.num_voices == 4
        assert [one.pitch_range(), one.voice_range(2), one.voice_range(5)] == [
            other.pitch_range(),
            other.voice_range(2),
            other.voice_range(5),
        ]
    corpus.release()
    assert found["0"].num_struck == 33


def test_the_second_time_nothing_is_read_and_damage_is_mended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = Corpus.read(folder, GRID, reading=settings(folder))
    for path in (folder.parent / "cache").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1])
    mended, _ = Corpus.read(folder, GRID, reading=settings(folder))
    assert (mended.checksum, mended.verdicts) == (first.checksum, first.verdicts)

    def no_workers(*_: object) -> None:
        raise AssertionError("the cache knows all")

    monkeypatch.setattr(music_folder, "answers", no_workers)
    again, _ = Corpus.read(folder, GRID, reading=settings(folder))
    assert (again.checksum, again.verdicts) == (first.checksum, first.verdicts)
    (folder / "moved").mkdir()
    (folder / "1.mid").rename(folder / "moved" / "1.mid")
    assert verdicts(Corpus.read(folder, GRID, reading=settings(folder))[0])["moved/1.mid"] == "duplicate"


def test_a_higher_limit_lets_more_in_from_the_same_cache(folder: Path) -> None:
    Corpus.read(folder, GRID, reading=settings(folder))
    corpus, _ = Corpus.read(folder, GRID, reading=settings(folder, max_off_grid=0.25))
    assert verdicts(corpus)["beatless.mid"] == "used"


def test_a_file_that_leaves_the_range_is_left_out_where_there_is_one(folder: Path) -> None:
    write_midi(Score((Note(0, 480, 100, 0),)), folder / "high.mid")
    assert verdicts(Corpus.read(folder, GRID, reading=settings(folder))[0])["high.mid"] == "used"
    corpus, _ = Corpus.read(folder, GRID, reading=settings(folder), pitches=(36, 81))
    (high,) = (verdict for verdict in corpus.verdicts if verdict.file == "high.mid")
    assert (high.verdict, high.reason) == (
        "out of range",
        "pitches 100 to 100 leave the note range 36 to 81; set --low-pitch and --num-notes",
    )


@pytest.mark.slow
def test_a_slow_file_is_a_verdict(folder: Path) -> None:
    notes = tuple(Note(120 * i, 100, 60 + i % 12) for i in range(60_000))
    write_midi(Score(notes), folder / "endless.mid")
    corpus, _ = Corpus.read(folder, GRID, reading=settings(folder, seconds=0.2))
    found = {verdict.file: verdict for verdict in corpus.verdicts}
    assert found["endless.mid"].reason == "not read within 0.2 seconds; allow more with --file-seconds"
    assert found["0.mid"].verdict == "used"


def test_a_folder_with_nothing_to_use_still_leaves_its_verdicts(tmp_path: Path) -> None:
    folder = tmp_path / "music"
    folder.mkdir()
    (folder / "bad.mid").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"music: none of its 1 files can be used \(bad\.mid: not a MIDI file"):
        Corpus.read(folder, GRID, reading=settings(folder))
    assert json.loads((tmp_path / "verdicts.json").read_text())[0]["verdict"] == "unreadable"


def test_a_cache_that_cannot_be_written_to_ends_in_one_line(folder: Path) -> None:
    with pytest.raises(InputError, match="give a folder with --cache"):
        Corpus.read(folder, GRID, reading=ReadConfig(cache=folder / "0.mid" / "cache"))


def test_files_that_differ_in_voices_are_named(folder: Path) -> None:
    corpus, _ = Corpus.read(folder, GRID, reading=settings(folder))
    assert corpus.num_voices == 0
    assert corpus.voices_refusal(0) == ""
    assert corpus.voices_refusal(4) == (
        "the preset has 4 voices, but 1 of the 4 pieces have another number or none: tune.abc (no voices); take it out "
        "of the folder, or add --num-voices 0"
    )
    write_midi(piece(7, voices=3), folder / "12.mid")
    corpus, _ = Corpus.read(folder, GRID, reading=settings(folder))
    assert "2 of the 5 pieces have another number or none: the first is 12 (3 voices)" in corpus.voices_refusal(4)
    (folder / "12.mid").unlink()
    (folder / "tune.abc").unlink()
    corpus, _ = Corpus.read(folder, GRID, reading=settings(folder))
    assert corpus.num_voices == 4
    assert corpus.voices_refusal(4) == ""
    assert corpus.voices_refusal(2) == "the preset has 2 voices, the corpus 4 voices; add --num-voices 4"


def test_the_table_counts_and_names(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    read_corpus(folder, 4, True, settings(folder))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("used                  4 files: ")
    assert lines[1] == "unreadable            4 files"
    assert "left out: deep/copy.midi: duplicate: the same music as 0.mid" in lines
    for file, verdict in EXPECTED.items():
        assert any(line.startswith(f"left out: {file}: ") for line in lines) == (verdict != "used")
    many = [Verdict(f"{number}.mid", "empty", "it has no notes") for number in range(50)]
    lines = list(summary(many))
    assert len(lines) == 22
    assert lines[-1] == "left out: 30 more; --verdicts FILE lists all"


@pytest.mark.parametrize("wrong", [{"max_off_grid": -1}, {"file_seconds": 0}, {"readers": -1}])
def test_wrong_settings_are_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ReadConfig(**wrong)  # type: ignore[arg-type]


def test_scores_are_those_that_the_workers_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = folder / "slow.abc"
    slow.write_text("X:1\nM:3/4\nL:1/4\nQ:1/4=0.0001\nK:G\nGAB|\n")  # no document of a score may be as slow
    parsed = list[Path]()

    def counted(path: Path, part: str, repeats: Repeats) -> Score:
        parsed.append(path)
        return read_part(path, part, repeats)

    monkeypatch.setattr(music_folder, "read_part", counted)
    for part in ("all", "melody"):
        items, _ = read_folder(folder, GRID, ReadConfig(cache=folder.parent / "cache", readers=2, part=part))
        assert [item.name for item in items] == ["0", "1", "2", "slow.abc", "tune.abc"]
        files = [folder / (item.name if "." in item.name else f"{item.name}.mid") for item in items]
        assert [item.score for item in items] == [read_part(path, part) for path in files]
    assert parsed == [slow, slow]


def test_files_in_other_voices_are_left_out_one_by_one(folder: Path) -> None:
    write_midi(piece(7, voices=3), folder / "12.mid")
    corpus, _ = Corpus.read(folder, GRID, reading=settings(folder), num_voices=4)
    found = {each.file: (each.verdict, each.reason) for each in corpus.verdicts}
    assert found["12.mid"] == ("other voices", "it has 3 voices, and the network is for 4")
    assert found["tune.abc"] == ("other voices", "it has no voices, and the network is for 4")
    assert corpus.num_voices == 4
    assert [piece.num_voices for piece in corpus.pieces] == [4] * 3
    everything, _ = Corpus.read(folder, GRID, reading=settings(folder))
    everything.save(folder / "all.npz")
    prepared, _ = Corpus.read(folder / "all.npz", GRID, num_voices=4)
    assert prepared.checksum == corpus.checksum
    assert [each.file for each in prepared.verdicts if each.verdict == "other voices"] == ["12", "tune.abc"]
    assert summary(prepared.verdicts)


def test_a_folder_without_a_fitting_file_says_what_would_fit(folder: Path) -> None:
    with pytest.raises(InputError, match=r"for 2\); biaxial-train --num-voices 4 makes a network for such music"):
        Corpus.read(folder, GRID, reading=settings(folder), num_voices=2)


def test_a_file_is_a_folder_of_one(folder: Path) -> None:
    corpus, _ = Corpus.read(folder / "0.mid", GRID, reading=settings(folder))
    assert [(piece.name, each.file) for piece, each in zip(corpus.pieces, corpus.verdicts, strict=True)] == [
        ("0", "0.mid")
    ]
    write_json(read_score(folder / "0.mid"), folder / "0.json")
    document, _ = Corpus.read(folder / "0.json", GRID, reading=settings(folder))
    assert (document.pieces[0].states == corpus.pieces[0].states).all()
    with pytest.raises(InputError, match="not a folder, nor music"):
        Corpus.read(Path(__file__), GRID, reading=settings(folder))


def test_whether_a_folder_says_which_split_a_piece_belongs_to(folder: Path) -> None:
    assert not Corpus.read(folder, GRID, reading=settings(folder))[0].states_splits
    (folder / "test").mkdir()
    (folder / "2.mid").rename(folder / "test" / "2.mid")
    assert Corpus.read(folder, GRID, reading=settings(folder))[0].states_splits
