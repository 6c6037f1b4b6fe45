"""Count what comes back: score -> MIDI, roll, MusicXML -> score over all chorales.

``python scripts/tables/round_trips.py CHORALES`` takes three minutes; CHORALES is a folder made by
``biaxial-chorales``. It also names the one thing that a cell cannot say (one voice holds a pitch that another strikes)
with its frequency, and the notes beside the grid. MusicXML is read back by our own reader and by music21 alone, and by
`partitura <https://partitura.readthedocs.io>`_ where that is installed; ``--schema`` takes the schema ``musicxml.xsd``
of MusicXML 4.0 beside its ``xml.xsd`` and ``xlink.xsd``, and needs lxml.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

from biaxial.corpora.reading.music_folder import read_folder
from biaxial.formats.midi.midi_writer import midi_bytes, parse_midi
from biaxial.formats.musicxml import write_musicxml
from biaxial.formats.read import read_score
from biaxial.formats.written_music import ticks
from biaxial.models.config import PRESETS
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Score
from biaxial.music.spelling import spell

LAYOUTS: tuple[Literal[2, 4], ...] = (2, 4)
Sung = tuple[int, int, int, int, str, int]
"""Voice, onset, length, pitch, letter and accidental."""


def main() -> None:
    """Read, convert there and back, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder made by biaxial-chorales")
    parser.add_argument("--schema", type=Path, help="musicxml.xsd of MusicXML 4.0")
    options = parser.parse_args()
    items, _ = read_folder(options.folder)
    scores = [item.score for item in items]
    print(f"{len(scores)} chorales, {sum(len(score.notes) for score in scores)} notes")
    midi_and_roll(scores)
    with get_context("spawn").Pool(2) as pool:
        for staves in LAYOUTS:
            found: Counter[str] = Counter()
            for one in pool.imap(printed, [(score, staves, options.schema) for score in scores], chunksize=4):
                found.update(one)
            counts = ", ".join(f"{name} {count}" for name, count in found.items())
            print(f"score -> MusicXML on {staves} staves -> score: {counts}")


def midi_and_roll(scores: Sequence[Score]) -> None:
    """Count what comes back out of MIDI and out of rolls."""
    config, grid = PRESETS["chorale"], Grid()
    midi = exact = without = joined = pieces_joined = moved = dropped = sounding = struck = 0
    for score in scores:
        midi += parse_midi(midi_bytes(score)) == score
        roll = Roll.from_score(score, grid, config.low_pitch, config.num_notes)
        beside = grid.quantised(score)[1]
        back = roll.to_score() == score
        exact += back
        without += not back and not roll.num_joined and not beside
        joined, pieces_joined = joined + roll.num_joined, pieces_joined + bool(roll.num_joined)
        moved, dropped = moved + beside, dropped + roll.num_dropped
        sounding, struck = sounding + int((roll.states > 0).sum()), struck + int((roll.states == 2).sum())
    print(f"score -> MIDI -> score: {midi} exact")
    print(f"score -> roll -> score: {exact} exact; {without} others that differ without one of the following reasons")
    print(f"a voice holds what another strikes: {joined} of {sounding} sounding cells, in {pieces_joined} pieces")
    print(
        f"notes beside the sixteenth grid: {moved}, of which {dropped} share their step with a longer one and are lost"
    )
    print(f"struck cells: {struck}")


def printed(task: tuple[Score, Literal[2, 4], Path | None]) -> dict[str, int]:
    """Whether one chorale comes back out of MusicXML, by each way to read it."""
    score, staves, schema = task
    written = sorted(
        (note.voice or 0, note.onset_ticks, note.length_ticks, note.pitch, spelling.letter, spelling.alter)
        for note, spelling in zip(score.notes, spell(score), strict=True)
    )
    fermatas = set(score.fermatas or ())
    found = {}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "piece.musicxml"
        write_musicxml(score, path, staves=staves)
        found["our reader, in every field"] = int(read_score(path) == score)
        readers = {"music21": by_music21(path)} if staves == 4 else {}
        if find_spec("partitura"):
            readers["partitura"] = by_partitura(path, staves)
        for name, (notes, pauses) in readers.items():
            found[f"{name}, notes"] = int(sorted(notes) == written)
            ends = {note[1] for note in written for tick in pauses if note[0] == 0 and note[1] <= tick < sum(note[1:3])}
            found[f"{name}, fermatas"] = int(ends == fermatas)
        if schema:
            found["valid"] = int(is_valid(path, schema))
    return found


def by_music21(path: Path) -> tuple[list[Sung], set[int]]:
    """Notes, and where the first part has fermatas, as music21 reads them, each part a voice."""
    from music21 import converter

    notes: list[Sung] = []
    pauses: set[int] = set()
    for voice, part in enumerate(converter.parse(path, forceSource=True).parts):
        for note in part.stripTies().flatten().notes:
            onset, length = ticks(note.offset), ticks(note.duration.quarterLength)
            notes.append((voice, onset, length, round(note.pitch.ps), note.pitch.step, int(note.pitch.alter)))
        for note in part.flatten().notes if voice == 0 else ():
            if any(type(expression).__name__ == "Fermata" for expression in note.expressions):
                pauses.add(ticks(note.offset))
    return notes, pauses


def by_partitura(path: Path, staves: int) -> tuple[list[Sung], set[int]]:
    """Notes and fermatas as partitura reads them."""
    import partitura  # type: ignore[import-not-found, import-untyped, unused-ignore]

    notes: list[Sung] = []
    pauses: set[int] = set()

    def scaled(time: int) -> int:
        return time * 480 // quarter

    for number, part in enumerate(partitura.load_musicxml(path).parts):
        quarter = int(part._quarter_durations[0])
        for note in part.notes_tied:
            voice = number if staves == 4 else 2 * number + note.voice - 1
            times = scaled(note.start.t), scaled(note.duration_tied)
            notes.append((voice, *times, note.midi_pitch, note.step, note.alter or 0))
        if number == 0:
            pauses |= {scaled(mark.start.t) for mark in _fermatas(part)}
    return notes, pauses


def _fermatas(part: Any) -> Iterator[Any]:
    from partitura.score import Fermata  # type: ignore[import-not-found, import-untyped, unused-ignore]

    yield from part.iter_all(Fermata)


def is_valid(path: Path, schema: Path) -> bool:
    """Whether a file follows the schema."""
    from lxml import etree  # type: ignore[import-not-found, import-untyped, unused-ignore]

    text = schema.read_text(encoding="utf-8").replace("http://www.musicxml.org/xsd/", "")
    rules = etree.XMLSchema(etree.fromstring(text.encode(), base_url=str(schema)))
    return bool(rules.validate(etree.parse(path)))


if __name__ == "__main__":
    main()
