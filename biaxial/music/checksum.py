"""A checksum of the music itself: notes and outline, whatever file they stand in and whichever library wrote it.

Times are fractions of a quarter note, so that the resolution does not count; the tempo counts to a hundredth. Title,
words, chord symbols, velocities and what is locked do not: two files with the same checksum are the same music.
"""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction

from biaxial.music.score import Score


def music_checksum(score: Score) -> str:
    """SHA-256 of the notes and the outline of a score, as 64 hexadecimal digits."""

    def quarters(ticks: int) -> str:
        return str(Fraction(ticks, score.ticks_per_quarter))

    voices = {n: -1 if n is None else n for n in {note.voice for note in score.notes}}
    notes = sorted((n.onset_ticks, voices[n.voice], n.pitch, n.length_ticks) for n in score.notes)
    music = {
        "length": quarters(score.length_ticks),
        "metres": [[quarters(s.onset_ticks), s.name] for s in score.time_signatures],
        "pickup": quarters(score.pickup_ticks),
        "key": None if score.key is None else score.key.name,
        "fermatas": None if score.fermatas is None else [quarters(tick) for tick in score.fermatas],
        "tempo": round(float(score.tempo_bpm), 2),
        "notes": [[quarters(onset), quarters(length), pitch, voice] for onset, voice, pitch, length in notes],
    }
    return hashlib.sha256(json.dumps(music, separators=(",", ":")).encode()).hexdigest()
