"""Which files of a folder are read, their names and splits; which melodies count as one tune, and are kept together."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from biaxial.corpora.reading.music_folder import ReadConfig, read_folder
from biaxial.corpora.splits import (
    MAX_HELD_OUT,
    beat_melody,
    music_paths,
    piece_name,
    similarities,
    split_groups,
    splits_of,
    tune_groups,
)
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.music.errors import InputError
from biaxial.music.score import Note, Score, TimeSignature

PIECES = [Score(notes=(Note(0, 480, pitch),)) for pitch in range(60, 72)]


def fill(folder: Path, *names: str) -> Path:
    """Different pieces, since of files with the same music only one is used."""
    for piece, name in zip(PIECES, names, strict=False):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_midi(piece, folder / name)
    return folder


@pytest.fixture
def reading(tmp_path_factory: pytest.TempPathFactory) -> ReadConfig:
    return ReadConfig(cache=tmp_path_factory.mktemp("cache"), readers=1)


def test_folders_are_splits(tmp_path: Path, reading: ReadConfig) -> None:
    folder = fill(tmp_path, "train/a.mid", "valid/b.MIDI", "test/deep/c.mid", "other/d.mid")
    items, verdicts = read_folder(folder, config=reading)
    assert {item.name: item.split for item in items} == {
        "train/a": "train",
        "valid/b": "valid",
        "test/deep/c": "test",
        "other/d": "train",
    }
    by_name = {item.name: item.score for item in items}
    assert [by_name[name] for name in ("train/a", "valid/b", "test/deep/c", "other/d")] == PIECES[:4]
    assert {verdict.verdict for verdict in verdicts} == {"used"}


def test_without_such_folders_a_tenth_is_held_out_twice() -> None:
    names = [str(number) for number in range(30)]
    assert Counter(splits_of(names)) == {"train": 24, "valid": 3, "test": 3}
    assert dict(zip(names, splits_of(names), strict=True)) == dict(
        zip(names[::-1], splits_of(names[::-1]), strict=True)
    )


def test_a_few_files_have_no_test_part() -> None:
    assert Counter(splits_of(["a", "b", "c"])) == {"train": 2, "valid": 1}


def test_a_name_that_is_no_text_has_a_split_too() -> None:
    assert len(splits_of(["\udcff", "b"])) == 2


def test_all_kinds_of_music_are_found_at_any_depth(tmp_path: Path) -> None:
    names = ["a.mid", "b/c.MIDI", "b/d.xml", "e/f/g.musicxml", "e/h.mxl", "i.KRN", "j.abc"]
    fill(tmp_path, *names, "k.json", "l.txt", "m")
    (tmp_path / "folder.mid").mkdir()
    paths = music_paths(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == sorted(names)
    names = [piece_name(tmp_path, path) for path in paths]
    assert names == ["a", "b/c", "b/d.xml", "e/f/g.musicxml", "e/h.mxl", "i.KRN", "j.abc"]


def test_one_bad_file_does_not_end_the_run(tmp_path: Path, reading: ReadConfig) -> None:
    fill(tmp_path, "good.mid")
    (tmp_path / "bad.mid").write_bytes(b"PK")
    write_midi(Score(), tmp_path / "empty.mid")
    (tmp_path / "notes.txt").write_text("no music")
    (tmp_path / "tune.abc").write_text("X:1\nK:C\nCDEF|\n")
    items, verdicts = read_folder(tmp_path, config=reading)
    assert [item.name for item in items] == ["good", "tune.abc"]
    refused = [verdict for verdict in verdicts if verdict.verdict != "used"]
    assert [verdict.file for verdict in refused] == ["bad.mid", "empty.mid"]
    assert "not a MIDI file" in refused[0].reason
    assert "it has no notes" in refused[1].reason


@pytest.mark.parametrize(("content", "message"), [(None, "no MIDI files in it, nor"), (b"PK", "none of its 1 files")])
def test_a_folder_without_music(tmp_path: Path, content: bytes | None, message: str, reading: ReadConfig) -> None:
    if content is not None:
        (tmp_path / "bad.mid").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_folder(tmp_path, config=reading)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder; biaxial-chorales makes one"):
        read_folder(tmp_path / "none")


TUNE = (67, 69, 71, 72, 74, 72, 71, 69, 67, 74, 76, 77, 79, 77, 76, 74, 72, 71, 69, 71, 72, 69, 67, 66, 67)


def plain_alignment(first: tuple[int, ...], second: tuple[int, ...]) -> int:
    """The score of similarities, cell by cell."""
    best = 0
    for shift in range(-12, 13):
        scores = np.zeros((len(first) + 1, len(second) + 1), int)
        for i, j in itertools.product(range(len(first)), range(len(second))):
            match = 1 if first[i] == second[j] + shift else -1
            scores[i + 1, j + 1] = max(0, scores[i, j] + match, scores[i, j + 1] - 1, scores[i + 1, j] - 1)
        best = max(best, int(scores.max()))
    return best


def test_similarities_are_those_of_the_plain_table() -> None:
    draw = random.Random(0)
    melodies = [tuple(draw.randrange(60, 68) for _ in range(draw.randrange(1, 16))) for _ in range(8)]
    found = similarities(melodies)
    for i, j in itertools.product(range(8), repeat=2):
        assert found[i, j] == plain_alignment(melodies[i], melodies[j])


def test_a_melody_is_heard_on_the_beats() -> None:
    notes = (
        Note(0, 480, 60, 0),
        Note(480, 240, 62, 0),
        Note(720, 240, 64, 0),  # a passing note
        Note(960, 960, 65, 0),  # held over two beats
        Note(1920, 480, 65, 0),  # repeated
        Note(2880, 480, 60, 0),  # after a rest
        Note(0, 3360, 40, 1),
    )
    assert beat_melody(Score(notes=notes)) == (60, 62, 65, 60)


def test_the_beats_follow_the_pickup() -> None:
    notes = (Note(0, 240, 60, 0), Note(240, 240, 62, 0), Note(480, 240, 64, 0), Note(720, 480, 65, 0))
    score = Score(notes=notes, pickup_ticks=240, time_signatures=(TimeSignature(3, 4),))
    assert beat_melody(score) == (62, 65)


def groups(*melodies: tuple[int, ...], titles: tuple[str, ...] = ()) -> list[int]:
    return tune_groups(melodies, titles or ("",) * len(melodies), similarities(melodies))


def test_one_tune_in_another_key_and_with_ornaments() -> None:
    ornamented = tuple(pitch - 5 for pitch in (*TUNE[:8], 80, *TUNE[8:]))
    other = tuple(60 + 5 * i % 13 for i in range(25))
    assert groups(TUNE, other, ornamented) == [0, 1, 0]


def test_a_tune_is_joined_through_a_third_setting() -> None:
    long = TUNE + tuple(60 + 5 * i % 13 for i in range(25))
    assert groups(TUNE, tuple(60 + 5 * i % 13 for i in range(25)), long) == [0, 0, 0]


@pytest.mark.parametrize(("shared", "joined"), [(21, False), (22, True)])
def test_the_bound_for_long_tunes(shared: int, joined: bool) -> None:
    # two melodies of a hundred notes that share so many, and then have no pitch in common
    first = tuple(60 + 7 * i % 11 for i in range(shared)) + (40, 39) * 39
    second = tuple(60 + 7 * i % 11 for i in range(shared)) + (90, 107) * 39
    assert (groups(first, second) == [0, 0]) is joined


@pytest.mark.parametrize(("title", "joined"), [("Jesu, meine Freude", True), ("", False)])
def test_a_common_title_joins_what_is_half_alike(title: str, joined: bool) -> None:
    first = tuple(60 + 7 * i % 11 for i in range(13)) + (40, 39) * 20
    second = tuple(60 + 7 * i % 11 for i in range(13)) + (90, 107) * 20
    assert (groups(first, second, titles=(title, title)) == [0, 0]) is joined


def test_the_split_keeps_groups_together_and_does_not_hang_on_the_order() -> None:
    draw = random.Random(1)
    names = [f"bwv{number}" for number in range(200)]
    numbers = [draw.randrange(80) for _ in names]
    sides = dict(zip(names, split_groups(names, numbers), strict=True))
    for number in set(numbers):
        members = [name for name, group in zip(names, numbers, strict=True) if group == number]
        assert len({sides[name] for name in members}) == 1
        if len(members) > MAX_HELD_OUT:
            assert sides[members[0]] == "train"
    assert [list(sides.values()).count(side) for side in ("train", "valid", "test")] == [160, 20, 20]
    order = draw.sample(range(200), 200)
    again = split_groups([names[i] for i in order], [numbers[i] for i in order])
    assert dict(zip([names[i] for i in order], again, strict=True)) == sides
