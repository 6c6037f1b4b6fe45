"""A hub on this machine: the part of its interface that loading and uploading a model go through.

Repositories are folders with a folder for each revision. What is asked for is written down in ``asked``.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Hub(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = root
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def do_HEAD(self) -> None:
        self._file(with_body=False)

    def do_GET(self) -> None:
        if self.path.startswith("/api/models/"):
            self._info()
        else:
            self._file(with_body=True)

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(f"POST {self.path}")
        if self.headers.get("Authorization") != "Bearer hf_right":
            self._json({"error": "Invalid credentials in Authorization header"}, 401)
        elif self.path == "/api/repos/create":
            name = json.loads(data)
            folder = self.server.root / name.get("organization", "me") / name["name"] / "main"
            folder.mkdir(parents=True, exist_ok=True)
            self._json({"url": f"{self.server.address}/{folder.parent.relative_to(self.server.root)}"})
        elif "/preupload/" in self.path:
            files = [
                {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in json.loads(data)["files"]
            ]
            self._json({"files": files})
        elif "/commit/" in self.path:
            folder = self.server.root / self.path.split("/models/")[1].split("/commit/")[0] / "main"
            for line in map(json.loads, data.splitlines()):
                if line["key"] == "file":
                    value = line["value"]
                    (folder / value["path"]).write_bytes(base64.b64decode(value["content"]))
            url = f"{self.server.address}/{folder.parent.relative_to(self.server.root)}/commit/{'1' * 40}"
            self._json({"commitOid": "1" * 40, "commitUrl": url, "success": True})
        else:
            self._json({}, 200)

    def _info(self) -> None:
        self.server.asked.append(f"GET {self.path}")
        match = re.fullmatch(r"/api/models/([^/]+/[^/?]+)(?:/revision/([^/?]+))?(?:\?.*)?", self.path)
        assert match is not None, self.path
        repository, folder = self.server.root / match[1], self.server.root / match[1] / (match[2] or "main")
        if not repository.is_dir():
            self._json({"error": "Repository not found"}, 404, code="RepoNotFound")
        elif not folder.is_dir():
            self._json({"error": "Revision not found"}, 404, code="RevisionNotFound")
        else:
            files = [{"rfilename": f.name, "size": f.stat().st_size} for f in sorted(folder.iterdir())]
            self._json({"id": match[1], "sha": _sha(folder), "siblings": files})

    def _file(self, *, with_body: bool) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        match = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self.path)
        assert match is not None, self.path
        folder = self.server.root / match[1] / match[2]
        data = (folder / match[3]).read_bytes()
        self.send_response(200)
        self.send_header("ETag", f'"{sha1(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", _sha(folder))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if with_body:
            self.wfile.write(data)

    def _json(self, document: Any, status: int = 200, code: str = "") -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if code:
            self.send_header("X-Error-Code", code)
        self.end_headers()
        self.wfile.write(data)


def _sha(folder: Path) -> str:
    """The commit of a revision."""
    return sha1(str(folder).encode()).hexdigest()


@contextmanager
def serving(root: Path) -> Iterator[Hub]:
    hub = Hub(root)
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
