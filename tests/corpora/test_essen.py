"""The folk songs: how tunes are read, their keys, and that variants stay together."""

from __future__ import annotations

from pathlib import Path

import pytest

from biaxial.corpora.essen import (
    FolkSong,
    figures,
    numbered,
    read_songs,
    song_paths,
    split_songs,
    sung_key,
    variants,
)
from biaxial.music.errors import InputError
from biaxial.music.score import Key, Note, Score

TWO = """
X:1
T: EINS
N: E0001
M: 3/4
L: 1/8
K: G
D2 | G2 A2 B2 | d4 c2 | B4

X:2
T: ZWEI
N: E0002
M: 4/4
L: 1/4
K: C
C | [CE] G c2
"""


def song(name: str, *pitches: int) -> FolkSong:
    return FolkSong(name, Score(tuple(Note(480 * i, 480, pitch) for i, pitch in enumerate(pitches))))


def test_a_file_holds_many_tunes(tmp_path: Path) -> None:
    (tmp_path / "x.abc").write_text(TWO)
    songs, refused = read_songs(tmp_path / "x.abc")
    assert [s.name for s in songs] == ["E0001"]
    score = songs[0].score
    assert [note.pitch for note in score.notes] == [62, 67, 69, 71, 74, 72, 71]
    assert (score.key, score.time_signatures[0].name, score.pickup_ticks) == (Key.from_name("G major"), "3/4", 480)
    assert score.num_voices == 0
    assert refused == [("E0002", "E0002: it is not one line")]


def test_the_mode_is_found_from_the_notes() -> None:
    def line(*pitches: int) -> tuple[Note, ...]:
        return tuple(Note(480 * i, 480, pitch) for i, pitch in enumerate(pitches))

    g = Key.from_name("G major")
    assert sung_key(g, line(67, 71, 74, 67)) == g
    assert sung_key(g, line(67, 70, 74, 67)) == Key.from_name("G minor")
    assert sung_key(g, line(64, 67, 71, 64)) == Key.from_name("E minor")
    assert sung_key(Key(-5), line(61, 64, 61)) == Key(-5)  # eight flats are no signature


def test_songs_have_names_of_their_own() -> None:
    found = numbered([song("A", 60), song("B", 60), song("A", 62), song("A", 64)])
    assert [s.name for s in found] == ["A", "B", "A-2", "A-3"]


def test_variants_share_figures_or_a_number() -> None:
    tune = (60, 62, 64, 65, 67, 69, 71, 72, 71, 67, 64, 60, 62, 60)
    same = tuple(pitch + 5 for pitch in tune)
    changed = (*tune[:-2], 65, 64)
    other = (72, 67, 69, 65, 64, 67, 60, 62, 59, 60, 64, 67, 72)
    songs = [song("E1", *tune), song("E2", *same), song("E3", *changed), song("E4", *other), song("E4A", *tune[:4])]
    assert len(figures(songs[0].score)) == 7
    assert figures(songs[0].score) == figures(songs[1].score)
    assert variants(songs) == [0, 0, 0, 1, 1]
    assert figures(song("x", 60, 60, 62, 62, 64).score) == frozenset()


def test_all_variants_are_on_one_side() -> None:
    songs = [song(f"E{i}", *(60 + (i // 2 * 7 + j * j * (1 + i // 2)) % 12 for j in range(14))) for i in range(40)]
    sides = split_songs(songs)
    assert {"train", "valid", "test"} == set(sides)
    groups: dict[int, set[str]] = {}
    for group, side in zip(variants(songs), sides, strict=True):
        groups.setdefault(group, set()).add(side)
    assert all(len(found) == 1 for found in groups.values())


def test_the_parts_of_the_collection() -> None:
    assert [path.name for path in song_paths()] == ["erk5.abc", "erk10.abc", "erk20.abc", "erk30.abc"]
    assert [path.name for path in song_paths(("kinder",))] == ["kinder0.abc"]
    with pytest.raises(InputError, match="there is no part 'irl'"):
        song_paths(("irl",))
