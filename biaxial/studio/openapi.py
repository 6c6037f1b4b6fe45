"""The routes of the server, once: what serves them and their OpenAPI description are made of this table."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from biaxial.music.constants import VERSION
from biaxial.studio import messages
from biaxial.studio.json_messages import schema_of
from biaxial.studio.state_file import TOKEN_HEADER

JSON: Final = "application/json"
OCTETS: Final = "application/octet-stream"
MAX_BYTES: Final = 2_000_000
"""Most octets of a request."""
MAX_SOUND_BYTES: Final = 8_000_000
"""Most octets of a sound to listen to: a minute of stereo as CDs have it is 11 MB, but half of that as FLAC."""


class Route(NamedTuple):
    """A route.

    Parameters
    ----------
    name
        What comes after ``/api/``.
    says
        What it does.
    request
        The message that is sent; ``None`` for a GET.
    answer
        The message that comes back; ``None`` for octets or JSON of its own.
    octets
        Whether octets may come back.
    file_bytes
        Most octets of a file that may be sent in place of a message, its name in the address; 0 where none may.
    """

    name: str
    says: str
    request: type[Any] | None
    answer: type[Any] | None
    octets: bool = False
    file_bytes: int = 0

    @property
    def is_sent(self) -> bool:
        """Whether something is sent to it."""
        return self.request is not None or self.file_bytes > 0


ROUTES: Final = (
    Route("read", "a file, or ABC text, as a document", messages.Read, messages.Opened, file_bytes=MAX_BYTES),
    Route("listen", "a tune that is sung, as a document", None, messages.Opened, file_bytes=MAX_SOUND_BYTES),
    Route("compose", "a new piece", messages.Compose, messages.Written),
    Route("harmonise", "free cells, beside voices known all through", messages.Harmonise, messages.Written),
    Route("infill", "free cells of a selection", messages.Infill, messages.Written),
    Route("continue", "the piece and more bars", messages.Continue, messages.Written),
    Route("explain", "what else might stand in the place of a note", messages.Explain, messages.Explained),
    Route("judge", "faults, each with its place", messages.Judge, messages.Judged),
    Route("render", "pages of SVG, or sound", messages.Render, messages.Engraved, octets=True),
    Route("export", "a file to keep", messages.Export, None, octets=True),
    Route("cancel", "ends jobs of a client", messages.Cancel, messages.Cancelled),
    Route("status", "whether the model is ready, and the jobs", None, messages.Status),
    Route("openapi.json", "this description", None, None),
)


def description() -> dict[str, Any]:
    """The OpenAPI document of the server."""
    known: dict[str, Any] = {}
    failed = {"description": "one line", "content": {JSON: {"schema": schema_of(messages.Problem, known)}}}
    paths = {}
    for route in ROUTES:
        content: dict[str, Any] = {}
        if route.answer is not None:
            content[JSON] = {"schema": schema_of(route.answer, known)}
        if route.octets:
            content[OCTETS] = {"schema": {"type": "string", "format": "binary"}}
        said: dict[str, Any] = {
            "summary": route.says,
            "responses": {"200": {"description": "done", "content": content}, "default": failed},
        }
        if route.is_sent:
            body: dict[str, Any] = {}
            if route.request is not None:
                body[JSON] = {"schema": schema_of(route.request, known)}
            if route.file_bytes:
                body[OCTETS] = {"schema": {"type": "string", "format": "binary"}}
                said["parameters"] = [{"name": "name", "in": "query", "schema": {"type": "string"}}]
            said["requestBody"] = {"required": True, "content": body}
        paths[f"/api/{route.name}"] = {"post" if route.is_sent else "get": said}
    return {
        "openapi": "3.1.0",
        "info": {"title": "biaxial-studio", "version": VERSION},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": known,
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": TOKEN_HEADER}},
        },
    }
