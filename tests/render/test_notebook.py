"""A piece in a notebook: its score or its piano roll, a player or none."""

from __future__ import annotations

import re
import sys
from base64 import b64decode
from dataclasses import replace
from types import ModuleType
from xml.etree import ElementTree

import pytest

from biaxial import LogLikelihood, Note, Piece, Score
from biaxial.music.errors import InputError
from biaxial.render.engraving import svg_pages
from biaxial.render.notebook import score_html
from biaxial.render.piano_roll import piano_roll

Q = 480
SCORE = Score(tuple(Note(beat * Q, Q, 72 - 7 * v, v) for beat in range(8) for v in range(4)), title='A <"tune"> & more')


def shown(html: str, kind: str) -> list[bytes]:
    """What stands within a page; the page is well formed."""
    whole = re.sub(r"<(img [^>]*)>", r"<\1/>", html).replace("<audio controls ", "<audio ")
    assert ElementTree.fromstring(whole).tag == "div"
    return [b64decode(data) for data in re.findall(rf'src="data:{re.escape(kind)};base64,([^"]*)"', html)]


def test_a_piece_shows_its_score() -> None:
    pytest.importorskip("verovio")
    piece = Piece(SCORE, 1, "tiny", LogLikelihood(-1.0, 4, 2))
    assert shown(piece._repr_html_(), "image/svg+xml") == [page.encode() for page in svg_pages(SCORE)]
    assert 'alt="A &lt;&quot;tune&quot;&gt; &amp; more"' in piece._repr_html_()


def test_without_verovio_it_shows_its_piano_roll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "verovio", None)
    assert shown(score_html(SCORE), "image/svg+xml") == piano_roll(SCORE, "svg")
    assert shown(score_html(replace(SCORE, notes=())), "image/svg+xml")


def test_a_piece_plots_itself() -> None:
    axes = Piece(SCORE, 1, "tiny", LogLikelihood(-1.0, 4, 2)).plot()
    assert axes.get_xlim() == (0, 8)
    assert Piece(SCORE, 1, "tiny", LogLikelihood(-1.0, 4, 2)).plot(axes) is axes


def test_a_player_has_the_sound_within_itself() -> None:
    pytest.importorskip("biaxial.render.audio")
    (sound,) = shown(score_html(SCORE), "audio/ogg")
    assert sound.startswith(b"OggS")
    assert 5_000 < len(sound) < 300_000
    assert shown(score_html(Score()), "audio/ogg") == [], "there is nothing to hear"


def test_without_the_parts_that_make_sound_there_is_no_player(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "biaxial.render.audio", None)
    assert "<audio" not in score_html(SCORE)

    def refuse(*_: object, **__: object) -> bytes:
        raise InputError("sound needs the package soundfile")

    lacking = ModuleType("biaxial.render.audio")
    lacking.audio_bytes = refuse  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "biaxial.render.audio", lacking)
    assert "<audio" not in score_html(SCORE)
    assert shown(score_html(SCORE), "image/svg+xml")
