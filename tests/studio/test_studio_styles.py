"""A document may ask for a style: verbs write in it, and explanations are given in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from biaxial.music.errors import InputError
from biaxial.studio.checking import Writing
from biaxial.studio.json_messages import from_json, to_json
from biaxial.studio.messages import Compose, Continue, Document, Drawing, Explain, Harmonise, Infill, Written
from biaxial.studio.reasons import explained
from biaxial.studio.takes import write
from biaxial.tasks.model import Model
from biaxial.weights import load_weights
from tests.studio.conftest import chorale, tune

DRAFT = Drawing(draft=True, cadence=False)
REQUESTS: dict[str, Writing] = {
    "compose": Compose(bars=2, key="C major", seed=3, drawing=DRAFT),
    "harmonise": Harmonise(tune(8), seed=3, drawing=DRAFT),
    "infill": Infill(chorale(8), seed=3, takes=1, drawing=DRAFT),
    "continue": Continue(chorale(4), bars=1, seed=3, drawing=DRAFT),
}


@pytest.fixture(scope="module")
def styled(styled_weights: Path) -> Model:
    return Model(load_weights(styled_weights)[0], {"style": "bach"}, "styled")


def asked(request: Writing, style: str) -> Writing:
    if isinstance(request, Compose):
        return replace(request, style=style)
    return replace(request, document=replace(request.document, style=style))


@pytest.mark.parametrize("verb", REQUESTS)
def test_every_verb_writes_in_the_style_of_the_document(styled: Model, verb: str) -> None:
    found: dict[str, Written] = {
        style: write(styled, asked(REQUESTS[verb], style))
        for style in ("", "bach", "hymn", "none", "bach:0.5,hymn:0.5")
    }
    notes = {style: written.takes[0].document.notes for style, written in found.items()}
    assert notes[""] == notes["bach"]  # which the weights carry
    assert len(set(notes.values())) == 4
    for style, written in found.items():
        assert written.takes[0].document.style == style


def test_an_explanation_is_in_the_style_of_the_document(styled: Model) -> None:
    likely = {
        style: explained(styled, Explain(replace(chorale(4), style=style), note="n1-2")).likely
        for style in ("", "bach", "hymn")
    }
    assert likely[""] == likely["bach"] != likely["hymn"]


@pytest.mark.parametrize("verb", REQUESTS)
def test_a_style_that_cannot_be_had_is_one_line(styled: Model, noise: Model, verb: str) -> None:
    with pytest.raises(InputError, match="they know bach, hymn"):
        write(styled, asked(REQUESTS[verb], "haydn"))
    with pytest.raises(InputError, match="know no styles"):
        write(noise, asked(REQUESTS[verb], "bach"))
    with pytest.raises(InputError, match="is not a style"):
        write(styled, asked(REQUESTS[verb], "bach:"))


def test_a_document_of_before_there_were_styles_is_read() -> None:
    plain = to_json(chorale(2))
    assert plain.pop("style") == ""
    assert from_json(Document, plain) == chorale(2)


def test_the_status_says_which_styles_there_are(styled: Model) -> None:
    from starlette.testclient import TestClient

    from biaxial.studio.jobs import Jobs
    from biaxial.studio.server import make_app
    from tests.studio.conftest import PORT, TOKEN

    jobs = Jobs(lambda: styled)
    jobs.start()
    base = f"http://127.0.0.1:{PORT}"
    with TestClient(make_app(jobs, PORT, TOKEN), base, headers={"X-Biaxial-Token": TOKEN}) as client:
        answer = client.post("/api/compose", json=to_json(REQUESTS["compose"]))  # waits for the model
        assert answer.status_code == 200
        assert client.get("/api/status").json()["styles"] == ["bach", "hymn"]
    jobs.close()
