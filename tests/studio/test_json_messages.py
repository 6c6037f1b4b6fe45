"""Messages go to JSON and come back as they were; what is not one is refused, with its place."""

from __future__ import annotations

import dataclasses
import json
import random
from typing import Any

import pytest

from biaxial.studio import messages
from biaxial.studio.json_messages import MessageError, from_json, schema_of, to_json
from biaxial.studio.messages import Document, Forbid, Harmonise, Note, Render, Rules, Span
from tests.studio.conftest import chorale

KINDS = [kind for kind in vars(messages).values() if dataclasses.is_dataclass(kind)]


def test_a_document_comes_back_as_it_was() -> None:
    document = chorale(
        forbidden=(Forbid(0, 4, 60), Forbid(4, 8, 61, 2)),
        chords=(messages.Chord(0, "C"),),
        words=(messages.Word(0, "Wo", True),),
        fermatas=(4,),
        title="Über “alles” <b>",
        seed=7,
    )
    text = json.dumps(to_json(document))
    assert from_json(Document, json.loads(text)) == document
    assert json.loads(text)["notes"][0]["from"] == "you"
    assert "source" not in json.loads(text)["notes"][0]


def test_defaults_may_be_left_out_and_are_written() -> None:
    request = from_json(Harmonise, {"document": {}, "drawing": {"rules": {"leaps": 1}}})
    assert request == Harmonise(Document(), drawing=messages.Drawing(rules=Rules(leaps=1.0)))
    assert to_json(request)["selection"] == []
    assert from_json(Render, {}).what == "score"


@pytest.mark.parametrize(
    ("value", "field", "says"),
    [
        ([], "", "not an object"),
        ({"document": 3}, "document", "not an object"),
        ({}, "document", "missing"),
        ({"document": {"notes": [{"id": "a"}]}}, "document.notes[0].voice", "missing"),
        ({"document": {"note": []}}, "document", "nothing called"),
        ({"document": {"pickup": 1.5}}, "document.pickup", "whole number"),
        ({"document": {"pickup": True}}, "document.pickup", "whole number"),
        ({"document": {"pickup": 10**30}}, "document.pickup", "whole number"),
        ({"document": {"tempo": "fast"}}, "document.tempo", "not a number"),
        ({"document": {"tempo": float("inf")}}, "document.tempo", "not a number"),
        ({"document": {"tempo": float("nan")}}, "document.tempo", "not a number"),
        ({"document": {"title": None}}, "document.title", "not a text"),
        ({"document": {"title": "a\ud800"}}, "document.title", "not a text"),  # half of a sign
        ({"document": {}, "selection": {}}, "selection", "not a list"),
        ({"document": {}, "drawing": {"ranges": [[1, 2, 3]]}}, "drawing.ranges[0]", "length"),
        ({"document": {}, "drawing": {"draft": 1}}, "drawing.draft", "true or false"),
        ({"document": {"notes": [{"from": "ai"}]}}, "document.notes[0].id", "missing"),
    ],
)
def test_what_is_no_message_is_refused_with_its_place(value: object, field: str, says: str) -> None:
    with pytest.raises(MessageError, match=says) as caught:
        from_json(Harmonise, value)
    assert caught.value.field == field
    assert "\n" not in str(caught.value)


def test_words_out_of_a_list_are_taken_alone() -> None:
    note = to_json(chorale().notes[0])
    assert from_json(Note, note).source == "you"
    with pytest.raises(MessageError, match="none of you, machine"):
        from_json(Note, note | {"from": "ai"})
    with pytest.raises(MessageError, match="none of 2, 4"):
        from_json(Render, {"staves": 3})


def test_damaged_messages_are_refused_in_one_line_or_read() -> None:
    rng = random.Random(4)
    values: tuple[Any, ...] = (None, [], {}, -1, 1e308, "x" * 5000, True, [[]], {"a": {}}, "\n\u2028", [None] * 40)
    whole = to_json(Harmonise(chorale(2), (Span(1, 0, 4),)))

    def damaged(value: Any) -> Any:
        if rng.random() < 0.02:
            return rng.choice(values)
        if isinstance(value, dict):
            return {name: damaged(one) for name, one in value.items() if rng.random() > 0.01}
        return [damaged(one) for one in value] if isinstance(value, list) else value

    refusals = []
    for _ in range(300):
        try:
            from_json(Harmonise, damaged(whole))
        except MessageError as error:
            refusals.append(str(error))
    assert len(refusals) > 100
    assert not [line for line in refusals if "\n" in line or len(line) > 400]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_message_has_a_schema(kind: type[Any]) -> None:
    known: dict[str, Any] = {}
    assert schema_of(kind, known) == {"$ref": f"#/components/schemas/{kind.__name__}"}
    assert known[kind.__name__]["description"]
    json.dumps(known)
