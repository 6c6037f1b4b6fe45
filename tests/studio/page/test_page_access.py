"""The page for everyone: axe finds nothing in any state, by day and by night, on large and small screens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.studio.page.conftest import Open, Studio, Watched, restore

STYLE = Path(__file__).parents[3] / "biaxial" / "studio" / "page" / "style.css"
SIZES = ((1280, 860), (360, 740))
TEXT = 4.5
GRAPHICS = 3.0


def colours() -> dict[str, dict[str, str]]:
    """The colours of the sheet, by day and by night."""
    style = STYLE.read_text(encoding="utf-8")
    day, night = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[:2]
    found = {
        name: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,8})\b", text))
        for name, text in (("day", day), ("night", night))
    }
    return {"day": found["day"], "night": found["day"] | found["night"]}


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) > 4 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Of two colours, as WCAG 2.2 has it."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_as_wcag_has_it() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("light", ["day", "night"])
def test_text_and_graphics_stand_out(light: str) -> None:
    of = colours()[light]
    for paper in ("ground", "paper", "shade", "chosen-wash", "accent-wash"):
        for text in ("ink", "quiet", "accent", "wrong", "fine"):
            assert contrast(of[text], of[paper]) >= TEXT, (text, paper)
    assert contrast(of["on-accent"], of["accent"]) >= TEXT
    assert contrast(of["on-bright"], of["bright"]) >= TEXT
    for paper in ("paper", "chosen-wash"):
        for drawn in ("line", "bright", "machine", "voice-0", "voice-1", "voice-2", "voice-3"):
            assert contrast(of[drawn], of[paper]) >= GRAPHICS, (drawn, paper)


def first(_: Watched) -> None:
    """As it opens."""


def empty(watched: Watched) -> None:
    while watched.page.locator("#panel:visible, #why:visible").count():
        watched.page.keyboard.press("Escape")  # each time what lies on top
        watched.page.wait_for_timeout(50)
    watched.page.click("#empty")
    watched.page.wait_for_selector("#piano .keys:focus")


def selected(watched: Watched) -> None:
    watched.app("m.app.pick(m.app.document.notes[5].id, false)")
    watched.app("m.app.say('verbs', 'All that is selected is locked.')")


def reasons(watched: Watched) -> None:
    watched.app("m.app.pick(m.app.document.notes[5].id, false)")
    watched.page.click("#ask")
    watched.page.wait_for_selector("#why .likely", timeout=60_000)


def panel(watched: Watched) -> None:
    watched.page.click("#open-panel")
    watched.page.wait_for_selector("[role=tab]")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing(
    studio: Studio, open_page: Open, kept: dict[str, str], size: tuple[int, int], scheme: str
) -> None:
    pytest.importorskip("axe_playwright_python", reason="axe is not installed: pip install axe-playwright-python")
    from axe_playwright_python.sync_playwright import Axe

    width, height = size
    watched = open_page(
        studio.address, viewport={"width": width, "height": height}, color_scheme=scheme, bypass_csp=True
    )
    watched.page.wait_for_selector("#score [data-note]")
    for state in (first, selected, reasons, panel, empty):
        if state is selected:
            if not kept:
                watched.type_tune()
                watched.harmonise()
                watched.app("m.app.keepSteps()")
                kept.update(watched.page.evaluate("({...localStorage})"))
            restore(watched, kept)
        state(watched)
        watched.page.wait_for_timeout(150)
        found = Axe().run(watched.page)
        assert found.violations_count == 0, f"{state.__name__}: {found.generate_report()}"
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.browser
def test_the_notes_are_a_grid_of_words(harmonised: Watched) -> None:
    page = harmonised.page
    rows = page.locator("#grid [role=row]")
    assert rows.count() == 4
    cells = page.locator("#grid [role=gridcell]").all_inner_texts()
    assert len(cells) == len(harmonised.document()["notes"])
    assert all(
        re.fullmatch(
            r"[A-G]( sharp| flat)* \d, .+, bar \d, beat [\d.]+, (yours|written here)(, locked)?(, fermata)?", cell
        )
        for cell in cells
    )
    assert page.locator("#grid [tabindex='0']").count() == 1
    assert page.locator("#score").get_attribute("aria-hidden") == "true"
