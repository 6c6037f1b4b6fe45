"""A piece in a notebook: its score, or its piano roll, and a player. All is within the page and needs no file."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import Final

from biaxial.music.errors import InputError
from biaxial.music.score import Score
from biaxial.render.files import GIVEN_COLOUR

SAMPLE_RATE: Final = 24_000
"""Of the player: a notebook keeps all that it shows, and this takes 60% of what 44100 would. It reaches 12 kHz."""


def score_html(score: Score) -> str:
    """A piece as HTML.

    Parameters
    ----------
    score
        Any music.

    Returns
    -------
    Pages of printed music where they can be engraved, else the piano roll; and a player where sound can be made.
    """
    return f'<div style="max-width: 60em">{_pictures(score)}{_player(score)}</div>'


def _pictures(score: Score) -> str:
    from biaxial.render.engraving import svg_pages

    try:
        pages = [page.encode() for page in svg_pages(score, given_colour=GIVEN_COLOUR)]
    except InputError:  # Verovio is not installed
        from biaxial.render.piano_roll import piano_roll

        pages = piano_roll(score, "svg")
    # Images keep to themselves: the styles and names within one SVG would reach all others of the page.
    style = "width: 100%; background: white"
    alt = escape(score.title or "a piece")
    return "".join(f'<img src="{_data("image/svg+xml", page)}" alt="{alt}" style="{style}">' for page in pages)


def _player(score: Score) -> str:
    try:
        from biaxial.render.audio import audio_bytes

        sound = audio_bytes(score, ".ogg", sample_rate=SAMPLE_RATE)
    except (ImportError, InputError):  # what makes sound is not installed, or there is nothing to hear
        return ""
    return f'<audio controls src="{_data("audio/ogg", sound)}" style="width: 100%"></audio>'


def _data(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{b64encode(data).decode('ascii')}"
