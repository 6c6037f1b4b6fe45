"""Take the pictures of docs/studio.md: the studio's page, wide and narrow, by day and by night.

``python scripts/make/studio_pictures.py [FOLDER]`` starts the studio, harmonises its first tune in Chromium with seed 7
and writes four PNG to ``docs/pictures/studio``. It needs ``pip install '.[studio]' playwright`` and Chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the package is
from biaxial.cli.common import Arguments, command
from biaxial.music.errors import InputError

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures" / "studio"
SIZES: Final = {"wide": (1280, 860), "narrow": (360, 740)}
SCHEMES: Final = ("light", "dark")
SEED: Final = 7
WAIT_MS: Final = 300_000
_BARS: Final = "{start: 20, end: 52, voices: [1, 2, 3], note: null}"
_NOTE: Final = "m.app.document.notes.filter((note) => note.voice === 2)[2].id"


@contextmanager
def studio() -> Iterator[str]:
    """The address of a studio that runs as long as it is needed."""
    with tempfile.TemporaryDirectory() as state:
        start = [sys.executable, "-m", "biaxial", "studio", "--no-browser", "--port", "8390"]
        environment = {**os.environ, "XDG_STATE_HOME": state, "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(start, stdout=subprocess.PIPE, text=True, env=environment)
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.wait(30)


def harmonised(page: Any, address: str) -> dict[str, str]:
    """What the browser keeps once the first tune has been harmonised."""
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    page.wait_for_selector("#score [data-note]")
    page.evaluate(
        f"import('/main.js').then((m) => {{ m.app.set('Seed', {{seed: {SEED}, play: false}}); m.app.begin() }})"
    )
    page.click("#harmonise")
    page.wait_for_selector("[data-take='4']")
    page.evaluate("import('/main.js').then((m) => m.app.keepSteps())")
    return dict(page.evaluate("({...localStorage})"))


def take(page: Any, address: str, kept: dict[str, str], path: Path, *, asking: bool) -> None:
    """Open the page with what another one has kept, select something, and take a picture.

    Parameters
    ----------
    page
        A page of Playwright's.
    address
        Of the studio.
    kept
        What the browser keeps.
    path
        Where the picture goes.
    asking
        Whether it shows what else might stand in the place of the note.
    """
    page.set_default_timeout(WAIT_MS)
    script = "".join(f"localStorage.setItem({json.dumps(name)}, {json.dumps(text)});" for name, text in kept.items())
    page.add_init_script(script)
    page.goto(address)
    page.wait_for_selector("#score .machine")
    page.wait_for_selector("#badge > *")
    chosen = f"m.app.pick({_NOTE}, false)" if asking else f"m.app.select({_BARS})"
    page.evaluate(f"import('/main.js').then((m) => {{ {chosen}; m.score.lookAt(m.app.selection) }})")
    if asking:
        page.click("#ask")
        page.wait_for_selector("#why .likely")
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(path))


@command("studio_pictures")
def main(argv: Arguments) -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="where the pictures go (%(default)s)")
    folder = parser.parse_args(argv).folder
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise InputError("pictures need playwright, which is not installed: pip install playwright") from None
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise InputError("pictures need Chromium, which is not installed: apt-get install chromium")
    with studio() as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        kept = harmonised(browser.new_page(), address)
        for name, (width, height) in SIZES.items():
            for scheme in SCHEMES:
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme=scheme,
                    device_scale_factor=1 if name == "wide" else 2,
                )
                asking = (name, scheme) in (("wide", "light"), ("narrow", "dark"))
                path = folder / f"{name}-{scheme}.png"
                take(context.new_page(), address, kept, path, asking=asking)
                print(path)
                context.close()
        browser.close()


if __name__ == "__main__":
    sys.exit(main(None))
