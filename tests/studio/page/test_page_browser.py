"""The page in a real browser: the whole walk, alone with the studio; by mouse, keyboard and touch."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.studio.page.conftest import TUNE, VERB_MS, Open, Studio, Watched

pytestmark = pytest.mark.browser

MAX_BYTES = 300_000
MAX_REQUESTS = 20
LATE_SECONDS = 0.05


def tune_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [note for note in document["notes"] if note["from"] == "you"]


def test_the_first_load_is_small_and_a_tune_is_there(studio: Studio, open_page: Open) -> None:
    watched = open_page("about:blank")
    sizes: list[int] = []
    watched.page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    watched.page.context.unroute_all()
    watched.page.goto(studio.address)
    watched.page.wait_for_selector("#score [data-note]")
    watched.page.wait_for_load_state("networkidle")
    assert len(sizes) <= MAX_REQUESTS
    assert sum(sizes) <= MAX_BYTES
    assert watched.page.locator("button.bright:visible").all_inner_texts() == ["Harmonise"]
    assert watched.complaints == []


def test_the_whole_walk_asks_nobody_but_the_studio(studio: Studio, open_page: Open, kept: dict[str, str]) -> None:
    watched = open_page(studio.address)
    page = watched.page
    page.wait_for_selector("#score [data-note]")
    watched.type_tune()
    tune = tune_of(watched.document())
    watched.app("m.app.begin()")
    first = json.dumps([watched.document(), watched.app("m.app.settings")])
    assert [note["pitch"] for note in tune] == [67, 69, 71, 72, 74, 71, 69, 67, 69, 71, 67]
    assert all(note["lock"] for note in tune)

    watched.harmonise()
    if not kept:
        watched.app("m.app.keepSteps()")
        kept.update(page.evaluate("({...localStorage})"))
    assert {note["voice"] for note in watched.document()["notes"]} == {0, 1, 2, 3}
    bass = [note for note in watched.document()["notes"] if note["voice"] == 3]

    page.click(f"[data-note='{bass[0]['id']}'] .notehead")
    page.click("#lock")
    locked = next(note for note in watched.document()["notes"] if note["id"] == bass[0]["id"])
    assert locked["lock"]

    watched.app("m.app.select({start: 0, end: 16, voices: [1, 2, 3], note: null})")
    before = watched.document()
    page.click("#again")
    watched.wait("m.app.coming === 0 && m.app.ways.length === 5 && m.app.chosen === 1 && !m.app.busy")
    for take in (0, 1, 2, 3, 4):
        page.click(f"[data-take='{take}']")
        watched.wait(f"m.app.ways[{take}] && m.app.chosen >= 0", 5000)
        after = watched.document()
        outside = [note for note in before["notes"] if note["onset"] >= 16 or note["voice"] == 0 or note["lock"]]
        lost = [note for note in outside if note not in after["notes"]]
        assert lost == [], f"take {take}"
        if take == 0:
            assert after == before
    page.click("[data-take='2']")

    page.click("#play")
    watched.wait("m.player.position() > 0.3")
    page.click("[data-take='3']")
    watched.wait("m.verbs.played === m.app.document && m.player.position() > 0.3")
    assert watched.app("m.player.playing !== null")
    page.click("#play")
    assert not watched.app("m.app.playing")

    page.click("#open-panel")
    page.click("#tab-2")
    for kind in ("mid", "musicxml", "json"):
        with page.expect_download() as download:
            page.click(f"[data-format='{kind}']")
        assert download.value.suggested_filename == f"Four-bars.{kind}"
        assert download.value.path().stat().st_size > 100

    assert [note for note in tune if note not in watched.document()["notes"]] == []
    last, steps = json.dumps([watched.document(), watched.app("m.app.settings")]), watched.app("m.app.history.at")
    page.keyboard.press("Escape")
    for _ in range(steps):
        page.keyboard.press("Control+z")
    assert json.dumps([watched.document(), watched.app("m.app.settings")]) == first
    for _ in range(steps):
        page.keyboard.press("Control+Shift+z")
    assert json.dumps([watched.document(), watched.app("m.app.settings")]) == last
    home = studio.address.partition("#")[0]
    assert [address for address in watched.asked if not address.startswith((home, "blob:", "data:"))] == []
    assert watched.complaints == []


def test_a_click_on_a_notehead_selects_its_note(harmonised: Watched) -> None:
    page = harmonised.page
    heads = harmonised.app("m.score.heads.map((head) => ({...head}))")
    assert len(heads) > 40
    right = 0
    for head in heads:
        box = page.evaluate(
            """([x, y]) => { const box = document.getElementById('score');
            scrollBy(0, box.getBoundingClientRect().top + y - box.scrollTop - 250);
            const at = box.getBoundingClientRect();
            return [at.left + x - box.scrollLeft, at.top + y - box.scrollTop] }""",
            [head["x"], head["y"]],
        )
        others = [one["id"] for one in heads if abs(one["x"] - head["x"]) < 1.5 and abs(one["y"] - head["y"]) < 1.5]
        harmonised.app("m.app.select(null)")
        seen = []
        for _ in dict.fromkeys(others):
            page.mouse.click(*box)
            seen.append(harmonised.app("m.app.selection?.note"))
        right += set(seen) == set(others)
    assert right >= 0.99 * len(heads)


def test_unisons_are_reached_one_click_after_the_other(harmonised: Watched) -> None:
    harmonised.app(
        """m.app.change('Unison', {...m.app.document, notes: m.app.document.notes.filter((n) => n.voice !== 1).concat(
        {id: 'u99', voice: 1, onset: 0, duration: 4, pitch: 67, lock: true, from: 'you'})})"""
    )
    harmonised.wait("m.score.document === m.app.document")
    soprano = harmonised.app("m.app.document.notes.find((n) => n.voice === 0).id")
    box = harmonised.page.locator("[data-note='u99'] .notehead").first.bounding_box()
    seen = []
    for _ in range(4):
        harmonised.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        seen.append(harmonised.app("m.app.selection.note"))
    assert set(seen[:2]) == {soprano, "u99"}
    assert seen[2:] == seen[:2]


def test_lit_notes_follow_the_sound(harmonised: Watched) -> None:
    harmonised.page.click("#play")
    harmonised.wait("m.player.position() > 0.2")
    seen = harmonised.page.evaluate(
        """import('/main.js').then((m) => new Promise((done) => {
          const seen = [];
          const look = () => {
            const at = m.player.position();
            if (at === null || seen.length >= 150) return done(seen);
            const notes = m.player.playing.stems.header.notes;
            const late = 0.05;
            const may = new Set(notes.filter((n) => n.start <= at + late && at - late < n.end).map((n) => n.note));
            const must = notes.filter((n) => n.start <= at - late && at + late < n.end).map((n) => n.note);
            const lit = [...document.querySelectorAll('#score .lit')].map((group) => group.dataset.note);
            seen.push(lit.every((id) => may.has(id)) && must.every((id) => lit.includes(id)));
            requestAnimationFrame(look);
          };
          requestAnimationFrame(look);
        }))"""
    )
    assert len(seen) > 20
    assert sum(seen) >= 0.99 * len(seen)
    harmonised.page.click("#play")
    harmonised.page.wait_for_function("() => !document.querySelector('#score .lit')")


def test_mute_and_solo_are_heard_at_once(harmonised: Watched) -> None:
    page = harmonised.page
    page.click("[data-voice='0'][data-what='mute']")
    page.click("[data-voice='3'][data-what='solo']")
    assert harmonised.app("m.player.levels") == [0, 0, 0, 1]
    page.click("[data-voice='3'][data-what='solo']")
    assert harmonised.app("m.player.levels") == [0, 1, 1, 1]


def test_why_puts_a_pitch_there_and_forbids_one(harmonised: Watched) -> None:
    page = harmonised.page
    alto = harmonised.app("m.app.document.notes.filter((n) => n.voice === 1)[1]")
    page.click(f"[data-note='{alto['id']}'] .notehead")
    page.keyboard.press("w")
    page.wait_for_selector("#why .likely", timeout=VERB_MS)
    shares = page.locator("#why .number").all_inner_texts()
    assert all(re.fullmatch(r"\d+(\.\d+)?%", share) for share in shares)
    row = page.locator("#why .likely:not([disabled])").first
    pitch = int(row.get_attribute("data-pitch"))
    page.locator("#why [data-forbid]").last.click()
    assert len(harmonised.document()["forbidden"]) == 1
    row.click()
    now = next(note for note in harmonised.document()["notes"] if note["id"] == alto["id"])
    assert (now["pitch"], now["lock"], now["from"]) == (pitch, True, "you")
    assert harmonised.document()["forbidden"][0]["voice"] == 1


def test_a_fault_leads_to_its_place(harmonised: Watched) -> None:
    page = harmonised.page
    harmonised.app(
        """m.app.change('Fifths', {...m.app.document, notes: m.app.document.notes.filter((n) => n.voice < 2 ||
        n.onset > 8).concat([0, 1].flatMap((k) => [2, 3].map((voice) => ({id: `f${k}${voice}`, voice, onset: 4 * k,
        duration: 4, pitch: 62 + 2 * k - 7 * (voice - 2), lock: true, from: 'you'}))))})"""
    )
    page.wait_for_selector("#badge button", timeout=VERB_MS)
    harmonised.wait("m.app.judged.faults.some((fault) => fault.notes.includes('f12'))")
    page.click("#badge button")
    number = harmonised.app("m.app.judged.faults.findIndex((fault) => fault.notes.includes('f12'))")
    page.click(f"[data-fault='{number}']")
    chosen = harmonised.app("m.app.selection")
    assert chosen["start"] <= 4 < chosen["end"]
    assert page.evaluate("document.getElementById('music').contains(document.activeElement)")


def test_the_keyboard_alone_is_enough(studio: Studio, open_page: Open) -> None:
    watched = open_page(studio.address)
    page = watched.page
    page.wait_for_selector("#score [data-note]")
    watched.app("m.app.set('Draft', {drawing: {...m.app.settings.drawing, draft: true}, play: false, seed: 3})")

    def tab_to(selector: str) -> None:
        for _ in range(60):
            if page.evaluate("(s) => document.activeElement?.matches(s) ?? false", selector):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {selector}")

    tab_to("#abc")
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(TUNE)
    watched.wait("m.app.document.title === 'Four bars' && m.score.document === m.app.document")
    tab_to("#grid [role=gridcell]")
    page.keyboard.press("h")
    watched.wait("m.app.ways.length >= 2 && m.score.document === m.app.document")
    page.keyboard.press("Home")
    first = watched.app("m.app.selection.note")
    page.keyboard.press("ArrowRight")
    assert watched.app("m.app.selection.start") == 4
    assert page.evaluate("document.activeElement.textContent").startswith("A 4, quarter, bar 1, beat 2")
    page.keyboard.press("ArrowDown")
    assert watched.app("m.app.selection.voices") == [1]
    note = watched.app("m.app.selection.note")
    page.keyboard.press("l")
    assert watched.app(f"m.app.document.notes.find((n) => n.id === '{note}').lock")
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert not watched.app(f"m.app.document.notes.find((n) => n.id === '{note}').lock")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("b")
    assert watched.app("[m.app.selection.start, m.app.selection.end, m.app.selection.voices.length]") == [0, 16, 4]
    page.keyboard.press("Escape")  # ends what is still being written, or selects nothing
    watched.app("m.app.select({start: 0, end: 16, voices: [0, 1, 2, 3], note: null})")
    page.keyboard.press("r")
    watched.wait("m.app.ways.length >= 2 && m.app.ways[1].spans.length === 4 && !m.app.busy")
    page.keyboard.press("0")
    assert watched.app("m.app.chosen") == 0
    page.keyboard.press(" ")
    watched.wait("m.player.position() > 0")
    page.keyboard.press(" ")
    assert not watched.app("m.app.playing")
    tab_to("#play")
    tab_to("#open-panel")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=tab]")
    page.keyboard.press("ArrowRight")
    assert page.locator("[aria-selected=true][role=tab]").inner_text() == "History"
    page.keyboard.press("Escape")
    assert page.locator("#panel").is_hidden()
    assert first
    assert watched.complaints == []


def test_touch_on_a_small_screen_is_enough(studio: Studio, open_page: Open) -> None:
    watched = open_page(studio.address, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = watched.page
    page.wait_for_selector("#score [data-note]")
    watched.app("m.app.set('Draft', {drawing: {...m.app.settings.drawing, draft: true}, play: false, seed: 3})")
    page.tap("#show-abc")
    page.fill("#abc", TUNE)
    page.tap("#read")
    watched.wait("m.app.document.title === 'Four bars' && m.score.document === m.app.document")
    page.tap("#show-abc")
    page.tap("#harmonise")
    watched.wait("m.app.ways.length === 5 && m.score.document === m.app.document && !m.app.busy")
    page.tap("#score .machine .notehead")
    assert watched.app("m.app.selection.note")
    page.tap("#again")
    watched.wait("m.app.ways.length === 5 && m.app.ways[1].spans.length === 1 && m.app.coming === 0")
    page.tap("[data-take='3']")
    page.tap("#lock")
    page.tap("#show-voices")
    page.tap("[data-voice='2'][data-what='mute']")
    page.tap("#play")
    watched.wait("m.player.position() > 0")
    page.tap("#play")
    page.tap("#open-panel")
    page.wait_for_selector("[role=tab]")
    for tab in range(4):
        page.tap(f"#tab-{tab}")
        assert page.evaluate("document.getElementById('panel-body').scrollWidth <= innerWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert watched.complaints == []


def test_the_piano_writes_a_tune(studio: Studio, open_page: Open) -> None:
    watched = open_page(studio.address)
    page = watched.page
    page.wait_for_selector("#score [data-note]")
    page.click("#empty")
    page.wait_for_selector("#piano .keys:focus")
    assert page.locator("#harmonise").inner_text() == "Compose a piece"
    page.keyboard.press("a")
    page.keyboard.press("d")
    page.keyboard.press(" ")
    page.click("[data-pitch='67']")
    notes = [(note["onset"], note["pitch"], note["lock"]) for note in watched.document()["notes"]]
    assert notes == [(0, 60, True), (4, 64, True), (12, 67, True)]
    page.keyboard.press("Backspace")
    assert len(watched.document()["notes"]) == 2
    page.wait_for_selector("#score [data-note]")


def test_what_cannot_be_read_is_said_beside_the_tune_and_nothing_is_lost(studio: Studio, open_page: Open) -> None:
    watched = open_page(studio.address)
    page = watched.page
    page.wait_for_selector("#score [data-note]")
    before = watched.document()
    for name, data in {
        "empty.mid": b"",
        "music.mp3": b"ID3",
        "song.mid": b"ID3 not MIDI",
        "bomb.mxl": b"PK\x03\x04",
        "evil.musicxml": b'<!DOCTYPE x [<!ENTITY a "b">]><score-partwise/>',
        "<img src=x onerror=hacked=1>.abc": b"K:C\n\x00",
        "large.abc": b"K:C\n" + b"C" * 3_000_000,
    }.items():
        page.set_input_files("#file", {"name": name, "mimeType": "application/octet-stream", "buffer": data})
        page.wait_for_function("() => !/^(Reading|$)/.test(document.getElementById('tune-said').textContent)")
        said = page.locator("#tune-said").inner_text()
        assert said
        assert "\n" not in said
        assert watched.document() == before
        watched.app("m.app.say('tune')")
    assert page.evaluate("typeof hacked") == "undefined"


def test_words_and_titles_are_text_and_nothing_else(studio: Studio, open_page: Open) -> None:
    watched = open_page(studio.address)
    page = watched.page
    page.wait_for_selector("#score [data-note]")
    evil = "<img src=x onerror=hacked=1><script>hacked=1</script>"
    page.fill("#abc", f"T:{evil}\nM:4/4\nL:1/4\nK:C\nC D E F|\nw: {evil.replace(' ', '_')} a b c\n")
    page.click("#read")
    watched.wait("m.app.document.title.includes('script') && m.score.document === m.app.document")
    page.click("#open-panel")
    page.click("#tab-1")
    page.wait_for_timeout(100)
    assert page.evaluate("typeof hacked") == "undefined"
    assert page.locator("#score script, #score image, #score foreignObject").count() == 0
    drawn = """import('/score.js').then((m) => m.safeSvg(`<svg xmlns="http://www.w3.org/2000/svg" onload="hacked=1">
      <script>hacked=1</script><foreignObject/><a href="https://example.org"/><use href="#x"/><g onclick="x" style="x"/>
      <image href="https://example.org/x.png"/></svg>`).outerHTML)"""
    assert not re.search("hacked|example|onclick|style|foreignObject", page.evaluate(drawn))


def test_nothing_is_lost_when_the_program_is_killed(start_studio: Callable[[], Studio], open_page: Open) -> None:
    studio = start_studio()
    watched = open_page(studio.address)
    page = watched.page
    page.wait_for_selector("#score [data-note]")
    watched.type_tune()
    page.click("#harmonise")
    watched.wait("m.app.busy !== null", 5000)
    before = watched.document()
    studio.kill()
    page.wait_for_function("() => document.getElementById('server-said').textContent.includes('does not answer')")
    watched.app("m.app.pick(m.app.document.notes[0].id, false)")
    watched.app("m.app.nudge(1, 0)")
    after = watched.document()
    assert [note["id"] for note in after["notes"]] == [note["id"] for note in before["notes"]]
    studio.start()
    page.wait_for_function("() => document.getElementById('server-said').textContent === ''", timeout=VERB_MS)
    watched.wait("m.score.document === m.app.document", VERB_MS)
    page.reload()
    page.wait_for_selector("#score [data-note]")
    assert watched.document() == after
    assert watched.app("m.app.undo()")
    assert watched.document() == before


def test_styles_are_offered_where_the_weights_know_some(harmonised: Watched) -> None:
    page = harmonised.page
    page.click("#open-panel")
    page.wait_for_selector("[data-name='Style']")
    assert page.locator("[data-name='Style'] option").all_inner_texts() == ["Usual", "None", "bach", "hymn"]
    page.select_option("[data-name='Style']", "hymn")
    assert harmonised.document()["style"] == "hymn"
    page.keyboard.press("Escape")
    before = harmonised.document()["notes"]
    page.click("#again")
    harmonised.wait("m.app.busy !== null", 5000)
    harmonised.wait("m.app.busy === null", VERB_MS)
    assert harmonised.document()["style"] == "hymn"
    assert harmonised.document()["notes"] != before
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert harmonised.document()["style"] == ""


def test_players_and_playing_are_settings_of_the_sound(harmonised: Watched) -> None:
    page = harmonised.page
    page.click("#open-panel")
    page.select_option("[data-name='Players']", "quartet")
    page.locator("[data-name='Played as people play']").fill("0.6")
    harmonised.wait("m.app.settings.humanise === 0.6")
    asked = harmonised.app("m.verbs.sounding")
    assert (asked["instruments"], asked["humanise"]) == ("quartet", 0.6)
    page.click("#tab-2")
    with page.expect_download() as download:
        page.click("[data-format='musicxml']")
    assert "<part-name>Violin 1</part-name>" in download.value.path().read_text(encoding="utf-8")
    page.click("#tab-0")
    page.get_by_role("button", name="Usual settings").click()
    assert harmonised.app("m.verbs.sounding")["instruments"] == ""
    page.keyboard.press("Escape")
