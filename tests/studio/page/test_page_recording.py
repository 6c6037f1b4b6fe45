"""The record button in a real browser: a tune comes out of the microphone into the tune bar, and goes nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.formats.audio.conftest import ODE_PITCHES, ODE_STEPS, RATE, voice
from tests.studio.page.conftest import CHROMIUM, Open, Studio, Watched, watch

pytestmark = pytest.mark.browser

pytest.importorskip("swift_f0", reason="hearing a tune needs swift-f0: pip install -e '.[audio]'")
soundfile: Any = pytest.importorskip("soundfile")


@pytest.fixture
def singing(studio: Studio, chromium: Any, tmp_path: Path) -> Iterator[Watched]:
    """A page whose microphone hears the Ode to Joy, over and over."""
    soundfile.write(tmp_path / "ode.wav", voice(ODE_PITCHES, ODE_STEPS), RATE, "PCM_16")
    flags = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    flags += [f"--use-file-for-fake-audio-capture={tmp_path / 'ode.wav'}", "--no-sandbox"]
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=flags)
    yield watch(browser.new_context(permissions=["microphone"]), studio.address)
    browser.close()


def test_a_tune_is_sung_into_the_tune_bar(singing: Watched) -> None:
    page = singing.page
    page.wait_for_selector("#score [data-note]")
    page.click("#record")
    page.wait_for_function("() => /Stop .(1[2-9]|2[0-9]) s/.test(document.getElementById('record').textContent)")
    page.click("#record")
    page.wait_for_function("() => document.getElementById('record').textContent.trim() === 'Record'", timeout=60_000)
    assert "guessed from the sound" in page.inner_text("#tune-said")
    heard = singing.document()["notes"]
    intervals = [str(after["pitch"] - before["pitch"]) for before, after in pairwise(heard)]
    wanted = [str(after - before) for before, after in pairwise(ODE_PITCHES)]
    assert " ".join(wanted[1:9]) in " ".join(intervals)
    assert all(note["lock"] and note["from"] == "you" for note in heard)
    text = page.input_value("#abc")
    assert text.startswith("%abc-2.1")
    # What was heard wrong is corrected where it is written.
    page.fill("#abc", text.replace("K:", "T:Corrected\nK:"))
    singing.wait("m.app.document.title === 'Corrected'", 10_000)
    home = page.url.partition("#")[0]
    assert [address for address in singing.asked if not address.startswith((home, "blob:", "data:"))] == []
    assert [address for address in singing.asked if "listen" in address] == [f"{home}api/listen?name=recording.wav"]
    assert singing.complaints == []


def test_a_microphone_that_is_not_there_is_one_line(studio: Studio, open_page: Open) -> None:
    watched = open_page(studio.address)
    watched.page.wait_for_selector("#score [data-note]")
    watched.page.click("#record")
    watched.page.wait_for_function("() => document.getElementById('tune-said').textContent !== ''")
    assert "press again" in watched.page.inner_text("#tune-said")
    assert watched.page.inner_text("#record").strip() == "Record"
