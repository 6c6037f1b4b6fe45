"""Where a running studio is found: ``studio.json`` in the user's state folder, which nobody else may read.

It has address, port, token, process and version. The token outlives a restart, so that a page that is open goes on
working. What a program left behind that was killed is stale: its process is gone, or does not answer with its token.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from biaxial.files.atomic import atomic_write
from biaxial.music.constants import VERSION

TOKEN_HEADER: Final = "X-Biaxial-Token"
MIN_TOKEN: Final = 32
_MAX_BYTES: Final = 4096
_ASK_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Running:
    """A studio that was started.

    Parameters
    ----------
    address
        Such as ``http://127.0.0.1:8374``; empty when it has ended.
    port
        The same as a number; 0 when it has ended.
    token
        What its requests carry.
    pid
        Its process; 0 when it has ended.
    version
        Of the package.
    """

    address: str
    port: int
    token: str
    pid: int
    version: str = VERSION

    @property
    def page(self) -> str:
        """What a browser opens; the fragment is not sent anywhere."""
        return f"{self.address}/#{self.token}"


def state_path() -> Path:
    """The file: in ``$XDG_STATE_HOME``, or where the system keeps such things."""
    home = Path.home()
    if given := os.environ.get("XDG_STATE_HOME"):
        folder = Path(given)
    elif sys.platform == "darwin":
        folder = home / "Library" / "Application Support"
    elif os.name == "nt":
        folder = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
    else:
        folder = home / ".local" / "state"
    return folder / "biaxial" / "studio.json"


def read_state() -> Running | None:
    """What the file says, stale or not; ``None`` where there is none that can be trusted."""
    path = state_path()
    try:
        with path.open("rb") as file:
            if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                return None  # others may know the token
            said = json.loads(file.read(_MAX_BYTES))
        found = Running(**{name: said[name] for name in Running.__dataclass_fields__})
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    kinds = {"address": str, "port": int, "token": str, "pid": int, "version": str}
    sound = all(type(getattr(found, name)) is kind for name, kind in kinds.items())
    return found if sound and len(found.token) >= MIN_TOKEN and found.token.isascii() else None


def running() -> Running | None:
    """The studio that is running; ``None`` where none is, also where a stale file says so."""
    found = read_state()
    return found if found is not None and found.pid and _is_alive(found.pid) and _answers(found) else None


def kept_token() -> str:
    """The token of the time before, or a new one."""
    before = read_state()
    return secrets.token_urlsafe(MIN_TOKEN) if before is None else before.token


def write_state(state: Running) -> None:
    """Write the file, for this user alone.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path = state_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    umask = os.umask(0o077)
    try:
        atomic_write(path, json.dumps(asdict(state), indent=1).encode() + b"\n")
    finally:
        os.umask(umask)


def leave(state: Running) -> None:
    """Say that a studio has ended, unless another one has begun since; the token stays."""
    if read_state() == state:
        with suppress(OSError):
            write_state(replace(state, address="", port=0, pid=0))


def _is_alive(pid: int) -> bool:
    if os.name != "posix":
        return True  # whether it answers is asked anyway
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _answers(state: Running) -> bool:
    """Whether a studio with this token is at the address."""
    import urllib.request

    request = urllib.request.Request(f"http://127.0.0.1:{state.port}/api/status", headers={TOKEN_HEADER: state.token})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_ASK_SECONDS) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False
