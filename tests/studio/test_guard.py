"""Who is answered: a table of requests with their codes, and the headers of every answer."""

from __future__ import annotations

from typing import Any

import pytest

from biaxial.studio.guard import HEADERS
from biaxial.studio.messages import Document, Judge
from biaxial.studio.openapi import MAX_BYTES
from biaxial.studio.server import DRAINED_BYTES
from tests.studio.conftest import PORT, TOKEN, Ask

HOST, JSON, OCTETS = f"127.0.0.1:{PORT}", "application/json", "application/octet-stream"
WHAT_IS_JUDGED = b'{"document": {}}'

TABLE: tuple[tuple[str, str, dict[str, str | None], bytes, int], ...] = (
    ("POST", "/api/judge", {}, WHAT_IS_JUDGED, 200),
    ("POST", "/api/judge", {"Host": f"localhost:{PORT}"}, WHAT_IS_JUDGED, 200),
    ("POST", "/api/judge", {"Host": "127.0.0.1"}, WHAT_IS_JUDGED, 421),
    ("POST", "/api/judge", {"Host": f"127.0.0.1:{PORT + 1}"}, WHAT_IS_JUDGED, 421),
    ("POST", "/api/judge", {"Host": f"rebound.example:{PORT}"}, WHAT_IS_JUDGED, 421),
    ("GET", "/", {"Host": "rebound.example"}, b"", 421),
    ("POST", "/api/judge", {"Origin": f"http://{HOST}"}, WHAT_IS_JUDGED, 200),
    ("POST", "/api/judge", {"Origin": "https://elsewhere.example"}, WHAT_IS_JUDGED, 403),
    ("POST", "/api/judge", {"Origin": f"https://{HOST}"}, WHAT_IS_JUDGED, 403),
    ("POST", "/api/judge", {"Origin": f"http://127.0.0.1:{PORT + 1}"}, WHAT_IS_JUDGED, 403),
    ("POST", "/api/judge", {"Origin": "null"}, WHAT_IS_JUDGED, 403),
    ("POST", "/api/judge", {"X-Biaxial-Token": None}, WHAT_IS_JUDGED, 401),
    ("POST", "/api/judge", {"X-Biaxial-Token": TOKEN[:-1]}, WHAT_IS_JUDGED, 401),
    ("GET", f"/api/status?token={TOKEN}", {"X-Biaxial-Token": None}, b"", 401),
    ("GET", "/api/nothing", {"X-Biaxial-Token": None}, b"", 401),
    ("POST", "/api/judge", {"Content-Type": "text/plain"}, WHAT_IS_JUDGED, 415),
    ("POST", "/api/judge", {"Content-Type": OCTETS}, WHAT_IS_JUDGED, 415),
    ("POST", "/api/judge", {"Content-Type": "application/x-www-form-urlencoded"}, b"document=1", 415),
    ("POST", "/api/judge", {"Content-Type": None}, WHAT_IS_JUDGED, 415),
    ("POST", "/api/read?name=a.abc", {"Content-Type": OCTETS}, b"X:1\nK:C\nCDEF|\n", 200),
    ("POST", "/api/read?name=a.abc", {"Content-Type": OCTETS}, b"%" * (MAX_BYTES + 1), 413),
    ("POST", "/api/judge", {}, b" " * MAX_BYTES + b"1", 413),
    ("POST", "/api/judge", {"Content-Length": "5"}, b"{", 400),
    ("GET", "/api/judge", {}, b"", 405),
    ("PUT", "/api/judge", {}, WHAT_IS_JUDGED, 405),
    ("GET", "/api/nothing", {}, b"", 404),
    ("GET", "/..%2f..%2fserver.py", {}, b"", 404),
    ("GET", "/../guard.py", {}, b"", 404),
    ("GET", "/etc/passwd", {}, b"", 404),
    ("GET", "//etc/passwd", {}, b"", 404),
    ("GET", "/api/status", {}, b"", 200),
    ("GET", "/api/openapi.json", {}, b"", 200),
)


@pytest.mark.parametrize(("method", "path", "headers", "body", "status"), TABLE)
def test_the_table_of_requests(
    client: Any, method: str, path: str, headers: dict[str, str | None], body: bytes, status: int
) -> None:
    usual = {"content-type": JSON, "host": HOST, "x-biaxial-token": TOKEN}
    sent = usual | {name.lower(): value for name, value in headers.items()}
    request = client.build_request(method, path, content=body)
    for name, value in sent.items():
        request.headers.pop(name, None)
        if value is not None:
            request.headers[name] = value
    found = client.send(request)
    assert found.status_code == status, found.text
    if status >= 400:
        assert set(found.json()) == {"error", "field"}
        assert "\n" not in found.json()["error"]
    for name, value in HEADERS.items():
        assert found.headers[name] == value


def test_the_policy_is_the_one_that_was_agreed(client: Any) -> None:
    assert client.get("/api/status").headers["content-security-policy"] == (
        "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def test_no_answer_lets_another_page_in(client: Any, ask: Ask) -> None:
    ask("judge", Judge(Document()))
    found = client.options(
        "/api/judge", headers={"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    )
    assert found.status_code == 403
    assert not [name for name in found.headers if name.startswith("access-control")]


def test_a_body_without_a_length_is_counted_as_it_comes(client: Any) -> None:
    sent = 0

    def endless() -> Any:
        nonlocal sent
        while sent < 4 * DRAINED_BYTES:
            sent += 100_000
            yield b" " * 100_000

    found = client.post("/api/judge", content=endless(), headers={"Content-Type": JSON})
    assert found.status_code == 413
