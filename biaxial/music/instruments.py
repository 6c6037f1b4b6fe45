"""What a piece is played on, as other programs call it.

Programs are those of General MIDI 1, counted from 0; sounds are of the list of MusicXML 4.0,
https://www.w3.org/2021/06/musicxml40/listings/sounds.xml/.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

InstrumentName = Literal["organ", "choir", "piano", "strings"]


class Preset(NamedTuple):
    """An instrument of General MIDI.

    Parameters
    ----------
    program
        Its number, counted from 0.
    name
        Its name there.
    sound
        What MusicXML calls it.
    """

    program: int
    name: str
    sound: str


PRESETS: Final[dict[InstrumentName, Preset]] = {
    "organ": Preset(19, "Church Organ", "keyboard.organ.pipe"),
    "choir": Preset(52, "Choir Aahs", "voice.vocals"),
    "piano": Preset(0, "Acoustic Grand Piano", "keyboard.piano"),
    "strings": Preset(48, "String Ensemble 1", "strings.group"),
}
"""The instruments that a piece may be written for."""

CHANNELS: Final = (*range(9), *range(10, 16))
"""All MIDI channels but the tenth, the drums', counted from 0."""
