"""A studio that runs, a browser that drives its page, and a page that may ask nobody but the studio."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
START_SECONDS: Final = 60
VERB_MS: Final = 90_000
"""A drawing compiles its kernels where nothing has done so before."""
TUNE: Final = "T:Four bars\nM:4/4\nL:1/4\nQ:1/4=80\nK:G\nG A B c | d2 B2 | A G A B | HG4 |]\n"
APP: Final = "import('/main.js')"


class Studio:
    """The studio's own command, in a process of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.process: subprocess.Popen[str] | None = None
        self.address = ""

    def start(self) -> None:
        """Start it, and wait for the address that it prints."""
        command = [sys.executable, "-m", "biaxial", "studio", "--no-browser", "--port", str(self.port)]
        environment = {**os.environ, "XDG_STATE_HOME": str(self.folder), "PYTHONUNBUFFERED": "1"}
        with (self.folder / "stderr").open("a") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        assert self.address.startswith(f"http://127.0.0.1:{self.port}/#"), (self.folder / "stderr").read_text()

    def kill(self) -> None:
        """End it as nothing ends by itself."""
        assert self.process is not None
        self.process.kill()
        self._ended()

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self._ended()

    def _ended(self) -> None:
        assert self.process is not None
        with self.process:  # waits, and closes what it wrote to
            pass


@dataclass
class Watched:
    """A page of the studio, and what it asked for and complained of."""

    page: Any
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def app(self, expression: str) -> Any:
        """A value of the page's own state; the modules of the page are ``m``."""
        return self.page.evaluate(f"{APP}.then((m) => {expression})")

    def wait(self, expression: str, timeout: int = VERB_MS) -> None:
        """Wait until the page's state is such."""
        self.app("void (window.m = m)")  # what is waited for may not be a promise
        self.page.wait_for_function(f"() => {expression}", timeout=timeout)

    def document(self) -> dict[str, Any]:
        """The document as it is now."""
        return dict(self.app("m.app.document"))

    def type_tune(self, tune: str = TUNE) -> None:
        """Type a tune and wait until it is engraved."""
        if self.page.locator("#abc-box").is_hidden():
            self.page.click("#show-abc")
        self.page.fill("#abc", tune)
        self.page.click("#read")
        self.wait("m.verbs.engraved === m.app.document && m.app.document.title === 'Four bars'")
        self.page.wait_for_selector("#score [data-note]")

    def harmonise(self) -> None:
        """Harmonise in draft, all four takes."""
        self.app("m.app.set('Draft', {drawing: {...m.app.settings.drawing, draft: true}, play: false, seed: 11})")
        self.page.click("#harmonise")
        self.page.wait_for_selector("[data-take='4']", timeout=VERB_MS)
        self.wait("m.score.document === m.app.document && document.querySelector('#score .machine')")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser of the distribution; tests that need one are skipped, and say so, where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def start_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Studio]]:
    """Start studios, each with a port and a state folder of its own."""
    pytest.importorskip("uvicorn", reason="the studio is not installed: pip install '.[studio]'")
    pytest.importorskip("verovio", reason="pages of music need verovio: pip install '.[studio]'")
    started: list[Studio] = []

    def start() -> Studio:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        studio = Studio(tmp_path_factory.mktemp("studio"), port)
        studio.start()
        started.append(studio)
        return studio

    yield start
    for studio in started:
        studio.stop()


@pytest.fixture(scope="session")
def studio(start_studio: Callable[[], Studio]) -> Studio:
    """One studio for all tests that let it live."""
    return start_studio()


Open = Callable[..., Watched]


def watch(context: Any, address: str) -> Watched:
    """Open a page in a context in which only the studio can be reached from then on."""
    watched = Watched(context.new_page())
    home = address.partition("#")[0]

    def route(route: Any) -> None:
        watched.asked.append(route.request.url)
        if route.request.url.startswith((home, "blob:", "data:")):
            route.continue_()
        else:
            route.abort()

    context.route("**/*", route)
    watched.page.on("console", lambda said: watched.complaints.append(said.text) if said.type == "error" else None)
    watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    watched.page.goto(address)
    return watched


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Open]:
    """Open a page in a context of its own, in which only the studio can be reached."""
    contexts: list[Any] = []

    def opened(address: str, **options: Any) -> Watched:
        contexts.append(chromium.new_context(**{"viewport": {"width": 1280, "height": 860}, **options}))
        return watch(contexts[-1], address)

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def harmonised(studio: Studio, open_page: Open, kept: dict[str, str]) -> Watched:
    """A page with a tune of four bars in four parts, drawn once for all tests."""
    watched = open_page(studio.address)
    if not kept:
        watched.page.wait_for_selector("#score [data-note]")
        watched.type_tune()
        watched.harmonise()
        watched.app("m.app.keepSteps()")
        kept.update(watched.page.evaluate("({...localStorage})"))
        return watched
    restore(watched, kept)
    return watched


def restore(watched: Watched, kept: dict[str, str]) -> None:
    """Open the page again with what another page had kept."""
    watched.page.wait_for_selector("#score [data-note]")
    watched.page.evaluate("window.addEventListener('pagehide', (e) => e.stopImmediatePropagation(), true)")
    address = watched.page.url
    watched.page.goto("about:blank")
    script = "".join(f"localStorage.setItem({name!r}, {text!r});" for name, text in kept.items())
    watched.page.context.add_init_script(f"if (!sessionStorage.done) {{ {script} sessionStorage.done = 1 }}")
    watched.page.goto(address)
    watched.page.wait_for_selector("#score .machine")
    watched.wait("m.score.document === m.app.document")


@pytest.fixture(scope="session")
def kept() -> dict[str, str]:
    """What a page with a harmonised tune keeps in the browser, once one has done so."""
    return {}
