"""Each route does what it says; wrong inputs are one line each, and never a status of 500."""

from __future__ import annotations

import io
import json
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from biaxial.studio.checking import Writing
from biaxial.studio.jobs import Jobs
from biaxial.studio.json_messages import from_json, to_json
from biaxial.studio.messages import (
    Cancel,
    Compose,
    Continue,
    Document,
    Drawing,
    Explain,
    Harmonise,
    Infill,
    Judge,
    Opened,
    Read,
    Render,
    Span,
    Turn,
    Written,
)
from biaxial.studio.openapi import ROUTES
from biaxial.studio.server import make_app
from biaxial.tasks.model import Model
from tests.studio.conftest import PORT, TOKEN, Ask, chorale, tune

DRAFT = Drawing(draft=True, cadence=False)
OCTETS = {"Content-Type": "application/octet-stream"}


def test_the_verbs_that_write_give_takes(ask: Ask) -> None:
    requests: dict[str, Writing] = {
        "compose": Compose(bars=1, drawing=DRAFT),
        "harmonise": Harmonise(tune(4), drawing=DRAFT),
        "infill": Infill(chorale(4), (Span(1, 0, 8),), takes=2, drawing=DRAFT),
        "continue": Continue(chorale(4), bars=1, drawing=DRAFT),
    }
    for verb, request in requests.items():
        written = from_json(Written, ask(verb, request))
        assert len(written.takes) == request.takes
        assert written.takes[0].added
        assert written.drawing_seconds > 0


def test_the_other_verbs_answer(client: Any, ask: Ask) -> None:
    assert from_json(Opened, ask("read", Read("X:1\nK:G\nGABc|d4|\n"))).document.key == "G major"
    assert len(ask("explain", Explain(chorale(4), note="n1-2", most=3))["likely"]) >= 3
    assert {count["rule"] for count in ask("judge", Judge(chorale(4)))["rules"]} >= {"parallel_fifths", "crossings"}
    assert ask("cancel", Cancel("nobody")) == {"jobs": 0}
    status = client.get("/api/status").json()
    assert (status["model"], status["ready"], status["jobs"]) == ("noise", True, [])


def test_the_description_has_every_route_and_every_message(client: Any) -> None:
    said = client.get("/api/openapi.json").json()
    assert set(said["paths"]) == {f"/api/{route.name}" for route in ROUTES}
    text = json.dumps(said)
    for name in ("Document", "Written", "Explained", "Problem"):
        assert name in said["components"]["schemas"]
        assert f"#/components/schemas/{name}" in text


def test_the_page_is_files_that_were_there(noise: Model, tmp_path: Path) -> None:
    from starlette.testclient import TestClient

    (tmp_path / "index.html").write_text("<!doctype html><title>Studio</title>")
    (tmp_path / "main.js").write_text("export {};")
    (tmp_path / "notes.py").write_text("secret")
    (tmp_path.parent / "outside.js").write_text("secret")
    with TestClient(make_app(Jobs(lambda: noise), PORT, TOKEN, page=tmp_path), f"http://127.0.0.1:{PORT}") as client:
        assert client.get("/").text.startswith("<!doctype html>")
        assert client.get("/").headers["content-type"].startswith("text/html")
        assert client.get("/main.js").headers["content-type"].startswith("text/javascript")
        for name in ("notes.py", "../outside.js", "%2e%2e/outside.js", "main.js/", "none.js"):
            assert client.get(f"/{name}").status_code == 404


ABC = b"X:1\nT:%s\nK:C\nCDEF|GABc|\n"
BAD_FILES: tuple[tuple[str, bytes], ...] = (
    ("empty.mid", b""),
    ("blank.abc", b"  \n\n"),
    ("song.mid", b"ID3\x04" + bytes(2000)),  # an mp3 of another name
    ("song.mp3", b"ID3\x04" + bytes(2000)),
    ("noname", b"X:1\nK:C\nC|\n"),
    ("", b"x"),
    ("cut.mid", b"MThd\x00\x00\x00\x06\x00\x01\x00\x02\x01\xe0MTrk\x00\x00\xff\xff\x00"),
    ("picture.musicxml", b"\x89PNG\r\n\x1a\n" + bytes(100)),
    ("dtd.musicxml", b'<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><score-partwise>&c;</score-partwise>'),
    ("outside.musicxml", b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><score-partwise>&a;</score-partwise>'),
    ("open.musicxml", b"<score-partwise><part>"),
    ("page.xml", b"<html><script>alert(1)</script></html>"),
    ("noise.mxl", b"PK\x03\x04" + bytes(50)),
    ("list.json", b"[1, 2, 3]"),
    ("deep.json", b"[" * 100_000),
    ("torn.json", b'{"score": '),
    ("newer.json", b'{"format": "biaxial-studio", "version": 99}'),
    ("odd.json", b'{"format": "biaxial-studio", "version": 1, "document": {"notes": 3}}'),
    ("wide.json", b'{"format": "biaxial-studio", "version": 1, "document": {"length": 99999}}'),
    ("nothing.abc", b"X:1\nT:x\nK:C\nz4|\n"),
    ("words.krn", b"hello"),
    ("../../etc/passwd", b"root"),
    ("<img src=x onerror=alert(1)>.mid", b"nothing"),
)


@pytest.mark.parametrize(("name", "data"), BAD_FILES)
def test_a_bad_file_is_one_line(client: Any, name: str, data: bytes) -> None:
    found = client.post("/api/read", params={"name": name}, content=data, headers=OCTETS)
    assert found.status_code == 400, found.text
    said = found.json()["error"]
    assert "\n" not in said
    assert len(said) < 500
    assert "/tmp" not in said
    assert "Traceback" not in said


def test_a_bomb_of_a_zip_is_one_line(client: Any) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("META-INF/container.xml", b"<container/>")
        packed.writestr("score.musicxml", bytes(200_000_000))
    found = client.post("/api/read", params={"name": "b.mxl"}, content=out.getvalue(), headers=OCTETS)
    assert found.status_code == 400
    assert "\n" not in found.json()["error"]


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("harmonise", b""),
        ("harmonise", b"null"),
        ("harmonise", b"{" * 50_000),
        ("harmonise", b"\xff\xfe{}"),
        ("harmonise", b'{"document": {"length": 1e999}}'),
        ("harmonise", json.dumps({"document": to_json(chorale(2)), "seed": -1}).encode()),
        ("infill", json.dumps({"document": to_json(chorale(2)), "takes": 10**9}).encode()),
        ("infill", json.dumps({"document": {"title": "\ud800"}}).encode()),
        ("compose", b'{"bars": 100000000}'),
        ("compose", b'{"metre": "1/0"}'),
        ("continue", b'{"document": {}, "bars": -4}'),
        ("explain", json.dumps({"document": to_json(chorale(2)), "note": "<script>"}).encode()),
        ("render", b'{"what": "stems"}'),
        ("render", b'{"what": "score", "width": 1000000}'),
        ("export", b'{"document": {}, "format": "exe"}'),
        ("export", b'{"document": {}, "format": "pdf"}'),
        ("cancel", b"{}"),
    ],
)
def test_a_bad_message_is_one_line(client: Any, verb: str, body: bytes) -> None:
    found = client.post(f"/api/{verb}", content=body, headers={"Content-Type": "application/json"})
    assert found.status_code == 400, found.text
    assert "\n" not in found.json()["error"]


def test_what_is_written_in_a_title_stays_text(client: Any, ask: Ask) -> None:
    title = '<script>alert(1)</script><a href="https://elsewhere.example" onclick="x()">'
    opened = from_json(Opened, ask("read", Read((ABC % title.encode()).decode())))
    assert opened.document.title == title
    (page,) = ask("render", Render(opened.document))["pages"]
    assert "<script" not in page
    assert "<a " not in page
    assert "&lt;script&gt;" in page
    file = client.post("/api/export", json={"document": to_json(opened.document), "format": "mid"})
    assert file.headers["content-disposition"] == (
        'attachment; filename="script-alert-1-script-a-href-https-elsewhere-example-onclick.mid"'
    )


def test_a_newer_request_of_a_page_replaces_its_older_one(client: Any) -> None:
    found: list[Any] = []

    def harmonise(name: str, quarters: int, drawing: Drawing) -> None:
        request = Harmonise(tune(quarters), drawing=drawing, turn=Turn("page", name))
        found.append((name, client.post("/api/harmonise", json=to_json(request)).status_code))

    long = threading.Thread(target=harmonise, args=("long", 800, Drawing()))
    long.start()
    for _ in range(200):
        if any(job["working"] for job in client.get("/api/status").json()["jobs"]):
            break
        time.sleep(0.05)
    jobs = client.get("/api/status").json()["jobs"]
    assert [(job["client"], job["job"], job["total"]) for job in jobs] == [("page", "long", 3200)]
    harmonise("short", 4, DRAFT)
    long.join(30)
    assert sorted(found) == [("long", 409), ("short", 200)]


def test_a_model_that_is_not_there_is_said(noise: Model) -> None:
    from starlette.testclient import TestClient

    def load() -> Model:
        raise ValueError("the weights are torn")

    jobs = Jobs(load)
    jobs.start()
    assert jobs.is_ready.wait(10)
    headers = {"X-Biaxial-Token": TOKEN}
    with TestClient(make_app(jobs, PORT, TOKEN, 1), f"http://127.0.0.1:{PORT}", headers=headers) as client:
        status = client.get("/api/status").json()
        assert (status["ready"], status["problem"], status["usual_port"]) == (False, "the weights are torn", 1)
        found = client.post("/api/compose", json={"bars": 1})
        assert (found.status_code, found.json()["error"]) == (503, "the weights are torn")
        assert client.post("/api/judge", json={"document": to_json(Document())}).status_code == 200


def test_several_pages_may_ask_at_once(client: Any) -> None:
    document = to_json(chorale(4, title="T"))
    music = client.post("/api/export", json={"document": document, "format": "musicxml"}).content

    def asked(number: int) -> int:
        if number % 5 == 4:
            found = client.post("/api/read", params={"name": "a.musicxml"}, content=music, headers=OCTETS)
        elif number % 5 == 3:
            found = client.post("/api/export", json={"document": document, "format": ("pdf", "flac")[number % 2]})
        else:
            what = ("score", "stems", "bank")[number % 5]
            found = client.post("/api/render", json={"document": document, "what": what})
        return int(found.status_code)

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(asked, range(20))) == [200] * 20
