"""Hymn tunes: where phrases end, what is left out, and on which side a tune falls."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from biaxial.formats.midi.midi_writer import write_midi
from biaxial.formats.read import read_score
from biaxial.music.score import Key, Note, Score, Syllable

Q = 480
WORDS = "A- maz- ing grace! How sweet the sound, That saved a wretch like me."


@pytest.fixture(scope="module")
def script() -> ModuleType:
    root = str(Path(__file__).parents[2])
    if root not in sys.path:
        sys.path.insert(0, root)
    return importlib.import_module("scripts.make.hymn_tunes")


def abc(music: str, metrical: str = "8 6", words: str = WORDS, key: str = "C", title: str = "Tune") -> str:
    return f"%OHMETRICAL {metrical}\nX:1\nT:{title}\nM:4/4\nL:1/4\nK:{key}\n{music}\nw: {words}\n"


TUNE = "c d e f | g f e d | c d e d | f e d c | c2"
"""Fifteen notes and a sixteenth: the words have fourteen syllables."""


def syllables(words: str) -> list[Syllable]:
    return [Syllable(Q * i, word.removesuffix("-"), word.endswith("-")) for i, word in enumerate(words.split())]


def test_lines_of_a_verse_are_counted_or_heard_in_the_words(script: ModuleType) -> None:
    words = syllables(WORDS)
    assert script.line_ends(words, [8, 6]) == [7]
    assert script.line_ends(words, [6, 4, 4]) == [5, 9]
    assert script.line_ends(words, []) == script.line_ends(words, [8, 8]) == [3, 7]  # "grace! How", "sound, That"
    assert script.line_ends(syllables("Come, Lord, come and stay with us"), []) == [0]


def test_the_last_note_before_a_line_ends_the_phrase(script: ModuleType) -> None:
    notes = tuple(Note(Q * i, Q, 60 + i) for i in range(8))
    words = [Syllable(tick * Q, text) for tick, text in ((0, "one"), (1, "two,"), (4, "Three"), (5, "four"))]
    assert script.phrase_ends(notes, words, [2, 2]) == (3 * Q, 7 * Q)  # "two" is sung on three notes


def test_a_soprano_has_its_key_phrase_ends_and_no_last_rest(script: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "Psalm.abc"
    path.write_text(abc("e d c B, | A, B, c d | e f e d | c B, A,2 | z4", key="C"))
    tune = script.read_hymn(path)
    assert tune.name == "hymn-Psalm"
    assert tune.score.key == Key.from_name("A minor")
    assert tune.score.fermatas == (7 * Q, 14 * Q)
    assert tune.score.length_ticks == 16 * Q
    assert script.refusal(tune) == ""


def test_what_is_left_out_and_where_the_rest_goes(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hymns, chorales = tmp_path / "hymns", tmp_path / "chorales"
    hymns.mkdir()
    held_out = "c e d f | e g f a | g b a c' | b g e c | d f e c | g e c2"
    files = {
        "Plain": abc(TUNE),
        "Copy": abc("d e ^f g | a g ^f e | d e ^f e | g ^f e d | d2", key="D", title="Other"),
        "Open": abc("c d e f | g f e d | c d e d | f e d c | d2"),
        "Triplets": abc("(3cde f g | g f e d | c d e d | f e d c"),
        "Broken": abc("c d e ? &"),
        "Held": abc(held_out),
        "Wordless": abc(TUNE, words=""),
    }
    for name, text in files.items():
        (hymns / f"{name}.abc").write_text(text)
    for side, music in (("train", TUNE), ("valid", held_out)):
        path = tmp_path / f"{side}.abc"
        path.write_text(abc(music))
        line = script.read_hymn(path).score
        lower = tuple(Note(n.onset_ticks, n.length_ticks, n.pitch - 12, 1) for n in line.notes)
        (chorales / side).mkdir(parents=True)
        score = Score((*line.notes, *lower), key=line.key, fermatas=line.fermatas)
        write_midi(score, chorales / side / f"bwv-{side}.mid")
    words = [str(hymns), str(chorales), str(tmp_path / "tunes")]
    assert script.main(words) == 0
    found = capsys.readouterr()
    assert "3 tunes, 3 written (train 1 hymns, 1 chorales; valid 0 hymns, 1 chorales" in found.out
    reasons = dict(line.removeprefix("left out: hymn-").split(": ", 1) for line in found.err.splitlines())
    assert reasons["Plain"] == "the tune of hymn-Copy"  # in the order of their names
    assert reasons["Open"] == "does not end on its tonic"
    assert reasons["Triplets"] == "off the grid of sixteenths"
    assert reasons["Held"] == "the tune of a held-out chorale"
    assert {"Broken", "Wordless"} <= reasons.keys()
    tune = read_score(tmp_path / "tunes" / "train" / "hymn-Copy.mid")
    assert tune.num_voices <= 1
    assert tune.fermatas == (7 * Q, 16 * Q)
    assert script.main(words) == 0
    assert "3 tunes, 0 written" in capsys.readouterr().out
    (tmp_path / "tunes" / "test").mkdir()
    (tmp_path / "tunes" / "train" / "hymn-Copy.mid").rename(tmp_path / "tunes" / "test" / "hymn-Copy.mid")
    assert script.main(words) == 2
    assert "belongs to train now; remove it" in capsys.readouterr().err
