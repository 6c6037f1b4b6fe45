"""Scores as JSON documents and back."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from biaxial.formats.json_score import FORMAT, read_json, score_from_dict, score_to_dict, write_json
from biaxial.formats.write import save_score
from biaxial.music.errors import InputError
from biaxial.music.score import ChordSymbol, Key, Note, Score, Syllable, TimeSignature


def random_score(seed: int) -> Score:
    draw = random.Random(seed)
    notes = tuple(
        Note(
            draw.randrange(4000),
            draw.randrange(1, 1000),
            draw.randrange(128),
            draw.choice([None, 0, 1, 2, 3, 7]),
            draw.randrange(1, 128),
            draw.random() < 0.5,
        )
        for _ in range(draw.randrange(30))
    )
    chords = []
    for onset in draw.sample(range(5000), draw.randrange(6)):
        classes = frozenset(draw.sample(range(12), draw.randrange(5)))
        chords.append(ChordSymbol(onset, classes, draw.choice([None, *classes]), draw.choice(["", "G♭7/B", 'a"\n'])))
    return Score(
        notes=notes,
        length_ticks=draw.choice([0, 5000, 10**6]) or max((note.end_ticks for note in notes), default=0),
        ticks_per_quarter=draw.choice([480, 96, 960]),
        time_signatures=(TimeSignature(draw.randrange(2, 8), 4), TimeSignature(3, 8, draw.randrange(1, 5000))),
        pickup_ticks=draw.randrange(100),
        key=draw.choice([None, Key(draw.randrange(-7, 8), draw.choice(["major", "minor"]))]),
        fermatas=draw.choice([None, (), (5, 100, 4999)]),
        tempo_bpm=draw.choice([80.0, 100 / 3, 1e-3, draw.random() * 200]),
        title=draw.choice(["", "Wär’ Gott", 'two\n"lines"\\', "\x00音", "\ud800"]),
        chords=tuple(chords),
        lyrics=tuple(
            Syllable(draw.randrange(5000), draw.choice(["", "la", 'ü"']), draw.random() < 0.5) for _ in range(3)
        ),
    )


@pytest.mark.parametrize("seed", range(200))
def test_random_scores_come_back(seed: int, tmp_path: Path) -> None:
    score = random_score(seed)
    assert score_from_dict(score_to_dict(score)) == score
    assert score_from_dict(json.loads(json.dumps(score_to_dict(score)))) == score
    write_json(score, tmp_path / "score.json")
    assert read_json(tmp_path / "score.json") == score


def test_an_empty_score_comes_back() -> None:
    assert score_from_dict(score_to_dict(Score())) == Score()


def test_the_file_is_readable_and_has_a_line_for_each_note(tmp_path: Path) -> None:
    score = Score((Note(0, 480, 60, 0, locked=True), Note(480, 480, 62, 0)), title="Für")
    save_score(score, tmp_path / "score.json")
    lines = (tmp_path / "score.json").read_text(encoding="utf-8").splitlines()
    assert '  "title": "Für",' in lines
    note = '{"onset_ticks": 480, "length_ticks": 480, "pitch": 62, "voice": 0, "locked": false}'
    assert f"    {note}" in lines


def test_what_has_a_default_may_be_left_out() -> None:
    document = {"format": FORMAT, "notes": [{"onset_ticks": 0, "length_ticks": 480, "pitch": 60}]}
    assert score_from_dict(document) == Score((Note(0, 480, 60),))


def whole() -> dict[str, Any]:
    score = Score((Note(0, 480, 60, 0),) * 4, 1920, chords=(ChordSymbol(0, frozenset({0})),), fermatas=(0,))
    return score_to_dict(score)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("format", "biaxial-score-2", "format must be 'biaxial-score-1'"),
        ("format", None, "format must be text, not null"),
        ("title", 3, "title must be text, not 3"),
        ("composer", "x", '"composer" is not a field; there are format, title, length_ticks'),
        ("length_ticks", -1, "length_ticks must be a whole number, at least 0, not -1"),
        ("length_ticks", 100, "the document is wrong: the score ends at tick 100"),
        ("tempo_bpm", True, "tempo_bpm must be a number, 0.001 to 60000000, not true"),
        ("tempo_bpm", float("nan"), "tempo_bpm must be a number, 0.001 to 60000000, not NaN"),
        ("key", "H major", "key is wrong: 'H major' is not a key"),
        ("key", 1, "key must be text, not 1"),
        ("fermatas", 3, "fermatas must be a list, not 3"),
        ("fermatas", [0, 1.5], "fermatas[1] must be a whole number, at least 0, not 1.5"),
        ("notes", None, "notes must be a list, not null"),
        ("notes.3", [], "notes[3] must be an object, not a list of 0"),
        ("notes.3.pitch", 128, "notes[3].pitch must be a whole number, 0 to 127, not 128"),
        ("notes.3.pitch", "C4", 'notes[3].pitch must be a whole number, 0 to 127, not "C4"'),
        ("notes.3.pitch", True, "notes[3].pitch must be a whole number, 0 to 127, not true"),
        ("notes.0.length_ticks", 0, "notes[0].length_ticks must be a whole number, at least 1, not 0"),
        ("notes.0.voice", -1, "notes[0].voice must be a whole number, 0 to 127, not -1"),
        ("notes.0.locked", 1, "notes[0].locked must be true or false, not 1"),
        ("notes.0.pich", 60, 'notes[0]."pich" is not a field; there are onset_ticks'),
        ("notes.0.a\nb", 60, 'notes[0]."a\\nb" is not a field'),
        ("chords.0.pitch_classes", [0, 12], "chords[0].pitch_classes[1] must be a whole number, 0 to 11, not 12"),
        ("chords.0.bass", 4, "chords[0] is wrong: the bass 4 is none of the chord's"),
        ("time_signatures", [], "the document is wrong: time signatures must begin at tick 0"),
        ("time_signatures.0.denominator", 5, "time_signatures[0] is wrong: 4/5 is not a time signature"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(path: str, value: object, message: str) -> None:
    document = whole()
    assert score_from_dict(document)
    place: Any = document
    *way, last = path.split(".")
    for step in way:
        place = place[int(step) if isinstance(place, list) else step]
    place[int(last) if isinstance(place, list) else last] = value
    with pytest.raises(InputError) as caught:
        score_from_dict(document, "my.json")
    assert str(caught.value).startswith(f"my.json: {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("field", ["format", "notes.0.pitch", "notes.0.onset_ticks", "chords.0.pitch_classes"])
def test_what_must_be_there(field: str) -> None:
    document = whole()
    name, *inner = field.split(".")
    place = document[name][0] if inner else document
    del place[inner[-1] if inner else name]
    with pytest.raises(InputError, match="is missing"):
        score_from_dict(document)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b'{"format": 1'])
def test_what_is_no_json(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.json").write_bytes(data)
    with pytest.raises(InputError, match="not a JSON document") as caught:
        read_json(tmp_path / "x.json")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("document", [[], None, 3, "x", {}])
def test_what_is_no_document(document: object) -> None:
    with pytest.raises(InputError, match="document"):
        score_from_dict(document)
