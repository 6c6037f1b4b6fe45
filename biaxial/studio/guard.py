"""Who may ask the server: checks before anything of a request is read, and headers on every answer.

Other pages of the browser can send requests to this machine, and a name that they own may be made to mean it. So the
``Host`` has to be one of this server's own names, else 421; an ``Origin``, where there is one, has to be the page's,
else 403 (``null`` is no page of ours); and what is not a file of the page wants the token, else 401.
"""

from __future__ import annotations

import hmac
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from biaxial.studio.json_messages import to_json
from biaxial.studio.messages import Problem
from biaxial.studio.state_file import TOKEN_HEADER

HOSTS: Final = ("127.0.0.1", "localhost")
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def problem(status: int, error: str, field: str = "", headers: dict[str, str] | None = None) -> JSONResponse:
    """An answer that says in one line why a request was not served."""
    return JSONResponse(to_json(Problem(" ".join(error.split()), field)), status, headers)


class Guard:
    """Passes on what may be asked.

    Parameters
    ----------
    app
        What answers.
    port
        Where the server is.
    token
        What requests to ``/api`` carry.
    """

    def __init__(self, app: ASGIApp, port: int, token: str) -> None:
        self._app, self._token = app, token.encode()
        self._hosts = {f"{host}:{port}" for host in HOSTS} | ({*HOSTS} if port == 80 else set())
        self._origins = {f"http://{host}" for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":  # nothing here speaks over web sockets
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._refused(scope["path"], Headers(scope=scope))
        await (self._app if refused is None else refused)(scope, receive, send_guarded)

    def _refused(self, path: str, headers: Headers) -> JSONResponse | None:
        if headers.getlist("host") not in [[host] for host in self._hosts]:
            return problem(421, "this is not the name of the studio; open the address that it printed")
        if any(origin not in self._origins for origin in headers.getlist("origin")):
            return problem(403, "this request comes from another page than the studio's own")
        if path.startswith("/api/"):
            token = headers.get(TOKEN_HEADER, "").encode("latin-1", "replace")
            if not hmac.compare_digest(token, self._token):
                return problem(401, "the token is missing or wrong; open the address that the studio printed")
        return None
