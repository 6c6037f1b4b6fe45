"""From a command line to a server that listens: a port on this machine alone, the state file, the browser."""

from __future__ import annotations

import errno
import os
import socket
import sys
import threading
import webbrowser
from typing import TYPE_CHECKING, Final

from biaxial.music.constants import VERSION
from biaxial.music.errors import InputError
from biaxial.studio.state_file import Running, kept_token, leave, state_path, write_state

if TYPE_CHECKING:
    from biaxial.tasks.model import Model

ADDRESS: Final = "127.0.0.1"
PORT: Final = 8374
PORTS_TRIED: Final = 50
_BUSY: Final = (errno.EADDRINUSE, errno.EACCES)


def serve(port: int = PORT, *, checkpoint: str | None = None, browser: bool = True) -> None:
    """Serve the studio until it is interrupted.

    Parameters
    ----------
    port
        The port; where it is taken the next free one, and that is said.
    checkpoint
        Weights of a biaxial model of four voices; the shipped ones by default.
    browser
        Whether a browser is opened.

    Raises
    ------
    InputError
        If no port is free.
    """
    listener = free_socket(port)
    at = listener.getsockname()[1]
    state = Running(f"http://{ADDRESS}:{at}", at, kept_token(), os.getpid(), VERSION)
    try:
        write_state(state)
    except OSError as error:
        print(f"{state_path()} could not be written ({error.strerror}): no plugin will find it", file=sys.stderr)
    if at != port:
        print(
            f"port {port} is taken, so this is port {at}; a document that your browser kept for port {port} is not "
            "seen from here: save it there as a project file and open that here",
            file=sys.stderr,
        )
    print(state.page, flush=True)
    try:
        _serve(listener, port, state, checkpoint, browser)
    finally:
        leave(state)


def _serve(listener: socket.socket, port: int, state: Running, checkpoint: str | None, browser: bool) -> None:
    """Serve at a socket that listens already, so that whoever comes early waits while the server is imported."""
    import uvicorn

    from biaxial.studio.jobs import Jobs
    from biaxial.studio.server import make_app

    at = state.port
    jobs = Jobs(lambda: load(checkpoint), warm)
    app = make_app(jobs, at, state.token, None if at == port else port)

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            jobs.close()
            await super().shutdown(sockets)

    server = Server(
        uvicorn.Config(
            app,
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=0,
        )
    )
    jobs.start()
    if browser:
        threading.Thread(target=webbrowser.open, args=(state.page,), daemon=True).start()
    server.run([listener])


def free_socket(port: int) -> socket.socket:
    """A socket that listens on this machine alone, at a port or the next free one after it; any for 0.

    Raises
    ------
    InputError
        If none of them is free.
    """
    for candidate in range(port, min(port + PORTS_TRIED, 65_536)):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if os.name == "posix":  # elsewhere it would share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((ADDRESS, candidate))
            listener.listen(128)
        except OSError as error:
            listener.close()
            if error.errno not in _BUSY:
                raise
            continue
        return listener
    raise InputError(f"no port from {port} to {min(port + PORTS_TRIED, 65_536) - 1} is free; give another with --port")


def load(checkpoint: str | None) -> Model:
    """The model of a studio.

    Raises
    ------
    InputError
        If the weights are of another kind, or of music without four voices.
    """
    from biaxial.tasks.loading import load_model

    model = load_model(checkpoint, "cpu")
    if model.config.num_voices != 4 or model.config.steps_per_quarter != 4:
        raise InputError(f"{model.name} does not write four voices in sixteenths; give other weights")
    return model


def warm(model: Model) -> None:
    """Draw a little in each way that the verbs draw, so that nothing is compiled or read while somebody waits."""
    from biaxial.studio.messages import Document, Harmonise, Infill, Note
    from biaxial.studio.takes import write

    notes = tuple(Note(f"w{step}", 0, step, 4, 72, True, "you") for step in range(0, 16, 4))
    document = Document(key="C major", notes=notes)
    write(model, Harmonise(document))
    write(model, Infill(document, takes=1))
