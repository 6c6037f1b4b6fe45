"""pretty_midi: a score as its object and back.

pretty_midi by itself loses markers, the end and the title of a file, ends all notes of a pitch where the first of them
ends, and refuses late ticks; so its object is made of mido's messages, with notes of ours and texts for the rest
(:mod:`biaxial.formats.interop.common_ground`). It has seconds for ticks, and
comes back exactly. It numbers keys by their tonic: C# major, F# major, Cb major and their minors come back with the
signature of at most six accidentals, Db, Gb, B.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from biaxial.formats.interop.common_ground import score_of_tracks, texts_of, tonic_key
from biaxial.formats.midi.midi_writer import CHURCH_ORGAN, notes_by_voice, to_mido
from biaxial.music.score import Score

if TYPE_CHECKING:
    from pretty_midi import PrettyMIDI


def to_pretty_midi(score: Score) -> PrettyMIDI:
    """A score as an object of pretty_midi, an instrument for each voice.

    It takes eight bytes for each tick, 80 MB for the ten million that pretty_midi allows by itself; its bound,
    ``pretty_midi.pretty_midi.MAX_TICK``, is raised where the score is longer.

    Raises
    ------
    InputError
        If the score holds what MIDI cannot say.
    """
    from pretty_midi import Instrument, Note, PrettyMIDI, Text, pretty_midi

    file = to_mido(score.outline)
    pretty_midi.MAX_TICK = max(pretty_midi.MAX_TICK, score.length_ticks + 2)
    piece = PrettyMIDI(mido_object=file, charset="utf-8")

    def seconds(tick: int) -> float:
        return float(piece.tick_to_time(tick))

    for name, notes in notes_by_voice(score):
        if notes:
            piece.instruments.append(Instrument(CHURCH_ORGAN, name=name))
            piece.instruments[-1].notes = [
                Note(note.played_velocity, note.pitch, seconds(note.onset_ticks), seconds(note.end_ticks))
                for note in notes
            ]
    piece.text_events = [Text(text, seconds(tick)) for tick, text in texts_of(score)]
    return piece


def from_pretty_midi(piece: PrettyMIDI) -> Score:
    """An object of pretty_midi as a score; voices, pickup and all else are told as in a MIDI file.

    Raises
    ------
    InputError
        If it cannot be used as music.
    """

    def tick(seconds: float) -> int:
        return int(piece.time_to_tick(seconds))

    def notes(instrument: Any) -> list[tuple[int, int, int, int]]:
        return [
            (tick(note.start), tick(note.end) - tick(note.start), int(note.pitch), int(note.velocity))
            for note in instrument.notes
        ]

    _, tempos = piece.get_tempo_changes()
    return score_of_tracks(
        "the PrettyMIDI object",
        int(piece.resolution),
        [(instrument.name, instrument.is_drum, notes(instrument)) for instrument in piece.instruments],
        tempo_bpm=float(tempos[0]) if len(tempos) else None,
        keys=[
            tonic_key(change.key_number % 12, "major" if change.key_number < 12 else "minor")
            for change in sorted(piece.key_signature_changes, key=_time)
        ],
        metres=[(tick(c.time), c.numerator, c.denominator) for c in sorted(piece.time_signature_changes, key=_time)],
        texts=[(tick(text.time), text.text) for text in piece.text_events],
    )


def _time(change: Any) -> float:
    return float(change.time)
