"""The server: routes that turn requests into answers, and keep nothing between them.

What needs the model waits for its turn (:mod:`biaxial.studio.jobs`); everything else is done in threads of its own. A
wrong input is status 400 and one line.
"""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from biaxial.formats.audio.sound_file import hears
from biaxial.music.constants import VERSION
from biaxial.music.errors import InputError
from biaxial.studio.guard import Guard, problem
from biaxial.studio.jobs import Job, JobEnded, Jobs, NoModel, TooManyJobs
from biaxial.studio.json_messages import MessageError, from_json, to_json
from biaxial.studio.messages import (
    Cancel,
    Cancelled,
    Compose,
    Continue,
    Explain,
    Export,
    Harmonise,
    Infill,
    Judge,
    Read,
    Render,
    Status,
)
from biaxial.studio.openapi import JSON, MAX_BYTES, OCTETS, ROUTES, description
from biaxial.studio.openapi import Route as Described

DRAINED_BYTES: Final = 16_000_000
"""So many octets more are thrown away before a request is refused, so that a browser hears the answer."""
PAGE: Final = Path(__file__).parent / "page"
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": JSON,
    ".woff2": "font/woff2",
}
"""Kinds of files that the page is made of."""

Endpoint = Callable[[Request], Awaitable[Response]]


class Refused(Exception):
    """A request that is refused for what it is sent as."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status


class Studio:
    """What the routes do.

    Parameters
    ----------
    jobs
        Who waits for the model.
    usual_port
        The fixed port, where the server is at another one.
    """

    def __init__(self, jobs: Jobs, usual_port: int | None = None) -> None:
        self._jobs, self._usual_port = jobs, usual_port

    def files(self) -> dict[str, Callable[[bytes, str], Awaitable[Response]]]:
        """What serves each route that is sent a file, given the file and its name."""
        return {"read": self.read_bytes, "listen": self.hear_bytes}

    def verbs(self) -> dict[str, Callable[[Request, Any], Awaitable[Response]]]:
        """What serves each route that is sent a message."""
        return {
            "read": self._read,
            "compose": self._write,
            "harmonise": self._write,
            "infill": self._write,
            "continue": self._write,
            "explain": self._explain,
            "judge": self._judge,
            "render": self._render,
            "export": self._export,
            "cancel": self._cancel,
        }

    async def status(self, _: Request) -> Response:
        """Whether the model is ready, and the jobs."""
        jobs = self._jobs
        name = "" if jobs.model is None else jobs.model.name
        ready = jobs.model is not None
        styles = () if jobs.model is None else jobs.model.styles
        at = self._usual_port
        return answer(Status(VERSION, name, ready, jobs.problem, jobs.statuses(), at, styles, hears=hears()))

    async def _read(self, _: Request, message: Read) -> Response:
        return await self.read_bytes(message.text.encode(errors="replace"), message.name)

    async def read_bytes(self, data: bytes, name: str) -> Response:
        """A file as a document."""
        from biaxial.studio.opening import opened

        return answer(await to_thread.run_sync(opened, data, name))

    async def hear_bytes(self, data: bytes, name: str) -> Response:
        """The tune that is heard in a sound as a document; nothing of the sound is kept."""
        from biaxial.studio.hearing import heard

        return answer(await to_thread.run_sync(heard, data, name))

    async def _write(self, request: Request, message: Compose | Harmonise | Infill | Continue) -> Response:
        from biaxial.studio.checking import check_writing, frames

        await to_thread.run_sync(check_writing, message)

        def work(model: Any, advance: Callable[[int], None]) -> Any:
            from biaxial.studio.takes import write

            return write(model, message, advance)

        return await self._in_turn(request, self._jobs.add(message.turn, work, frames(message)))

    async def _explain(self, request: Request, message: Explain) -> Response:
        from biaxial.studio.checking import place_of

        await to_thread.run_sync(place_of, message)

        def work(model: Any, _: Callable[[int], None]) -> Any:
            from biaxial.studio.reasons import explained

            return explained(model, message)

        return await self._in_turn(request, self._jobs.add(message.turn, work))

    async def _judge(self, _: Request, message: Judge) -> Response:
        from biaxial.studio.reasons import judged

        return answer(await to_thread.run_sync(judged, message))

    async def _render(self, _: Request, message: Render) -> Response:
        if message.what == "score":
            from biaxial.studio.pages import engraved

            return answer(await to_thread.run_sync(engraved, message))
        from biaxial.studio.sounds import sounding

        return Response(await to_thread.run_sync(sounding, message), media_type=OCTETS)

    async def _export(self, _: Request, message: Export) -> Response:
        from biaxial.studio.keeping import kept

        file = await to_thread.run_sync(kept, message)
        headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
        return Response(file.data, media_type=file.media_type, headers=headers)

    async def _cancel(self, _: Request, message: Cancel) -> Response:
        return answer(Cancelled(self._jobs.cancel(message.client, message.job)))

    async def _in_turn(self, request: Request, job: Job) -> Response:
        """The result of a job, which ends when nobody waits for it any more."""
        done = asyncio.wrap_future(job.result)
        gone = asyncio.ensure_future(request.receive())
        try:
            await asyncio.wait({done, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not done.done():
                self._jobs.end(job)
            return answer(await done)
        finally:
            gone.cancel()
            self._jobs.end(job)


def answer(message: Any) -> JSONResponse:
    """A message as an answer."""
    return JSONResponse(to_json(message))


def make_app(jobs: Jobs, port: int, token: str, usual_port: int | None = None, page: Path = PAGE) -> Guard:
    """The whole server as an ASGI application.

    Parameters
    ----------
    jobs
        Who waits for the model, started.
    port
        Where it will be asked.
    token
        What requests carry.
    usual_port
        The fixed port, where this is another one.
    page
        Folder of the page's files.
    """
    studio = Studio(jobs, usual_port)
    routes = [Route(f"/{route.name}", _endpoint(route, studio), methods=["POST"]) for route in ROUTES if route.is_sent]
    described = JSONResponse(description())

    async def openapi(_: Request) -> Response:
        return described

    routes += [Route("/status", studio.status), Route("/openapi.json", openapi)]
    files = {path.relative_to(page).as_posix(): path for path in page.rglob("*") if path.suffix in TYPES}
    file = partial(_file, files)
    every = [Mount("/api", routes=routes), Route("/", file), Route("/{name:path}", file)]
    failures: Mapping[Any, Any] = {HTTPException: _http_failure, Exception: _bug}
    return Guard(Starlette(routes=every, exception_handlers=failures), port, token)


async def _file(files: Mapping[str, Path], request: Request) -> Response:
    """A file of the page: one of those that were there when the server began."""
    name = request.path_params.get("name", "") or "index.html"
    if name not in files:
        raise HTTPException(404)
    data = await to_thread.run_sync(files[name].read_bytes)
    return Response(data, media_type=TYPES[files[name].suffix], headers={"Cache-Control": "no-cache"})


def _endpoint(route: Described, studio: Studio) -> Endpoint:
    """What serves a route that is sent a message or a file."""
    verb, file = studio.verbs().get(route.name), studio.files().get(route.name)

    async def endpoint(request: Request) -> Response:
        try:
            media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if media == OCTETS and file is not None:
                return await file(await _body(request, route.file_bytes), request.query_params.get("name", ""))
            body = await _body(request)
            if media != JSON or verb is None or route.request is None:
                wanted = OCTETS if verb is None else JSON
                raise Refused(415, f"{media or 'a body without a type'} is not read here; send {wanted}")
            return await verb(request, await to_thread.run_sync(_message, route.request, body))
        except Refused as error:
            return problem(error.status, str(error))
        except MessageError as error:
            return problem(400, str(error), error.field)
        except JobEnded as error:
            return problem(409, str(error))
        except (NoModel, TooManyJobs) as error:
            return problem(503, str(error), headers={"Retry-After": "5"})
        except ClientDisconnect:
            return Response(status_code=400)
        except ModuleNotFoundError as error:
            return problem(400, f"this needs {error.name}, which is not installed: pip install {error.name}")
        except MemoryError:
            return problem(400, "there is not enough memory for this; take a shorter piece")
        except (ValueError, OSError, RecursionError) as error:
            return problem(400, str(error) or type(error).__name__)

    return endpoint


async def _body(request: Request, most: int = MAX_BYTES) -> bytes:
    """What was sent, counted as it comes."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size <= most:
            parts.append(part)
        elif size > most + DRAINED_BYTES:
            break
    if size > most:
        raise Refused(413, f"this is larger than {most // 1_000_000} MB, the most that is read; take a smaller one")
    return b"".join(parts)


def _message(kind: type[Any], data: bytes) -> Any:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"this is not JSON ({' '.join(str(error).split())})") from None
    return from_json(kind, value)


async def _http_failure(request: Request, error: Exception) -> Response:
    """What was asked for in a place or in a way that there is none."""
    assert isinstance(error, HTTPException)
    said = {404: "there is nothing here", 405: f"{request.method} is not what is done here"}
    return problem(error.status_code, said.get(error.status_code, error.detail), headers=dict(error.headers or {}))


async def _bug(_: Request, error: Exception) -> Response:
    """An error of the program: the terminal has all of it."""
    print("".join(traceback.format_exception(error)), file=sys.stderr, end="")
    return problem(500, "something went wrong in the studio; the terminal that it runs in says what")
