"""Facts that no part of the package may change: MIDI limits, voices and their ranges.

Pitches are MIDI numbers (60 is middle C), voices are counted from the top: 0 soprano, 1 alto, 2 tenor, 3 bass.
"""

from typing import Final

VERSION: Final = "0.1.0"
MIN_PITCH: Final = 0
MAX_PITCH: Final = 127
TICKS_PER_QUARTER: Final = 480
STEPS_PER_QUARTER: Final = 4
DEFAULT_VELOCITY: Final = 80
"""How hard a note is played of which nobody says how loud it is."""

SILENT: Final = 0
"""Cell state: nothing sounds."""
HOLD: Final = 1
"""Cell state: a note sounds that began earlier. With two cell states it stands for any sounding cell."""
STRIKE: Final = 2
"""Cell state: a note begins here."""

VOICE_NAMES: Final = ("Soprano", "Alto", "Tenor", "Bass")
NUM_VOICES: Final = len(VOICE_NAMES)

VOICE_RANGES: Final = ((57, 81), (53, 74), (48, 69), (36, 64))
"""Lowest and highest pitch of each voice, S A T B, over the four-part Bach chorales that music21 10.5.1 carries."""
