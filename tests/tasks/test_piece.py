"""A piece as a document and back, and documents that are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from biaxial import ChordSymbol, InputError, Key, LogLikelihood, Note, Piece, Score, TimeSignature
from biaxial.formats.json_score import read_json
from biaxial.formats.midi.midi_writer import read_midi

SCORE = Score(
    (Note(0, 170, 67, 0, 99, locked=True), Note(3, 5, 40, 3), Note(960, 1, 127)),
    1441,
    ticks_per_quarter=960,
    time_signatures=(TimeSignature(6, 8), TimeSignature(5, 4, 1000)),
    pickup_ticks=7,
    key=Key(-7, "minor"),
    fermatas=(3, 960),
    tempo_bpm=100 / 3,
    title='Tune "ß"\n',
    chords=(ChordSymbol(0, frozenset({0, 4, 7}), 4, "C/E"), ChordSymbol(5, frozenset(), name="N.C.")),
)
PIECE = Piece(SCORE, 2**63 - 1, "tiny", LogLikelihood(-1 / 3, 13, 4), -0.1, ("one: ü", "two"))


@pytest.mark.parametrize(
    "piece",
    [
        PIECE,
        Piece(Score((), 480), 0, "", LogLikelihood(-float("inf"), 4, 0), -float("inf")),
        Piece(Score((Note(0, 1, 0),), fermatas=()), 5, "m", LogLikelihood(-1e-300, 1, 1)),
    ],
)
def test_a_piece_is_the_same_after_being_text(piece: Piece) -> None:
    assert Piece.from_json(piece.to_json()) == piece
    assert "\n" not in piece.to_json()


def test_a_saved_document_keeps_locks_and_chords_and_midi_does_not(tmp_path: Path) -> None:
    simple = Score(
        (Note(0, 480, 67, 0, locked=True), Note(0, 480, 48, 3)), chords=(ChordSymbol(0, frozenset({0, 7}), name="C5"),)
    )
    piece = Piece(simple, 1, "tiny", LogLikelihood(-1.0, 4, 2))
    piece.save(tmp_path / "p.json")
    assert read_json(tmp_path / "p.json") == simple
    piece.save(str(tmp_path / "p.mid"))
    back = read_midi(tmp_path / "p.mid")
    assert [(n.pitch, n.locked) for n in back.notes] == [(67, False), (48, False)]
    for name in ("p.mp3", "p", ".mxl"):
        with pytest.raises(InputError, match="end its name in"):
            piece.save(tmp_path / name)
    assert len(list(tmp_path.iterdir())) == 2


def damaged() -> dict[str, str]:
    whole = json.loads(PIECE.to_json())
    texts = {
        "nothing": "",
        "no JSON": "{",
        "cut": PIECE.to_json()[:-5],
        "null": "null",
        "a number": "5",
        "a list": "[]",
        "an empty object": "{}",
        "deep": "[" * 100_000,
    }
    for name in whole:
        if name == "plan":  # which older documents lack
            texts["text plan"] = json.dumps({**whole, name: "I:auth"})
            texts["empty plan"] = json.dumps({**whole, name: {"pickup_ticks": 0, "phrases": []}})
            continue
        if name == "instruments":
            texts["unknown instruments"] = json.dumps({**whole, name: ["kazoo"]})
            texts["number as instruments"] = json.dumps({**whole, name: 5})
            texts["numbers as instruments"] = json.dumps({**whole, name: [5]})
            continue
        if name == "style":
            texts["unreadable style"] = json.dumps({**whole, name: "bach:\n"})
            texts["list as style"] = json.dumps({**whole, name: ["bach"]})
            continue
        if name != "level_nats":  # which older documents lack
            texts[f"no {name}"] = json.dumps({key: value for key, value in whole.items() if key != name})
        texts[f"null {name}"] = json.dumps({**whole, name: None})
        if name not in ("score", "model"):
            texts[f"text {name}"] = json.dumps({**whole, name: "a\nb"})
    texts["endless steps"] = json.dumps({**whole, "num_steps": float("inf")})
    texts["no whole seed"] = json.dumps({**whole, "seed": float("nan")})
    texts["numbers as remarks"] = json.dumps({**whole, "remarks": [1]})
    texts["wrong note"] = json.dumps({**whole, "score": {**whole["score"], "notes": [{"pitch": 300}]}})
    texts["a score that cannot be"] = json.dumps({**whole, "score": {**whole["score"], "length_ticks": 5}})
    return texts


@pytest.mark.parametrize("name", damaged())
def test_damaged_documents_are_refused_in_one_line(name: str) -> None:
    with pytest.raises(InputError) as caught:
        Piece.from_json(damaged()[name])
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) > 20


def test_likelihoods_for_each_step_and_note() -> None:
    assert LogLikelihood(-12.0, 4, 3).nats_per_step == 3
    assert LogLikelihood(-12.0, 4, 3).nats_per_note == 4
    assert LogLikelihood(-12.0, 4, 0).nats_per_note == 12
