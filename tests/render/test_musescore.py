"""Twenty of our files in MuseScore 3, which reads them without a word: all metres, keys, marks and instruments.

What it reads from MIDI it divides anew, and words may lose the triplet that they are sung to: those are in scores only.
Skipped where MuseScore is not installed; a distribution calls it ``mscore3``.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

import pytest

from biaxial.music.performance.instruments import PRESETS, InstrumentName
from biaxial.music.score import Key, Note, Score, Syllable, TimeSignature
from biaxial.render.files import Rendering, write_file

MUSESCORE = shutil.which("mscore3")
Q = 480
METRES = ("4/4", "3/4", "6/8", "2/2", "12/8", "5/4", "3/8", "3/2", "9/8", "2/4")
KEYS = (
    "G major",
    "D minor",
    "Eb major",
    "F# minor",
    "C major",
    "Ab major",
    "E major",
    "C# minor",
    "Bb major",
    "A minor",
)
RHYTHMS = ((Q, Q), (2 * Q,), (Q // 2, Q // 2, Q), (3 * Q // 2, Q // 2), (Q, Q // 4, Q // 4, Q // 2))
TRIPLET = (Q // 3, Q // 3, Q // 3, Q)

pytestmark = [pytest.mark.slow, pytest.mark.skipif(MUSESCORE is None, reason="mscore3 is not installed")]


def piece(number: int, rhythms: Sequence[tuple[int, ...]]) -> Score:
    """Four voices of eight bars with rests, ties, triplets, fermatas and words; each second one has a pickup."""
    draw, metre = random.Random(number), TimeSignature.from_name(METRES[number])
    bar = metre.bar_ticks(Q)
    pickup = (number % 2) * 4 * Q // metre.denominator
    length = pickup + 8 * bar
    notes = []
    for voice, middle in enumerate((72, 65, 58, 48)):
        now = 0
        while now < length:
            for ticks in draw.choice(rhythms):
                end = min(now + ticks, length)
                if end > now and draw.random() < 0.95:
                    notes.append(Note(now, end - now, middle + draw.randint(-5, 5), voice, locked=voice == 0))
                now = end
    soprano = [note.onset_ticks for note in notes if note.voice == 0]
    words = tuple(Syllable(tick, text, text == "Hal") for tick, text in zip(soprano, ("Hal", "le", "Ä&<") * 99))  # noqa: B905
    return Score(
        tuple(notes),
        length,
        time_signatures=(metre, replace(TimeSignature(3, 4), onset_ticks=pickup + 4 * bar))
        if number == 9
        else (metre,),
        pickup_ticks=pickup,
        key=Key.from_name(KEYS[number]),
        fermatas=tuple(soprano[5::7]),
        tempo_bpm=76 + number / 3,
        title=f"Piece {number} & more",
        lyrics=words,
    )


def converted(source: Path, suffix: str) -> tuple[Path, str]:
    """A file as MuseScore makes it, and what it said."""
    made = source.with_suffix(suffix)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(source.parent)}
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        environment[name] = str(source.parent)
    source.parent.chmod(0o700)
    done = subprocess.run(
        [str(MUSESCORE), "-o", str(made), str(source)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    said = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
    return made, "\n".join(line for line in said if not re.match(r"convert <|to <|\.\.\. success!|$", line))


@pytest.mark.parametrize("number", range(10))
@pytest.mark.parametrize("suffix", [".musicxml", ".mid"])
def test_musescore_reads_it_without_a_word(number: int, suffix: str, tmp_path: Path) -> None:
    instruments: tuple[InstrumentName, ...] = get_args(InstrumentName)
    instrument = instruments[number % len(instruments)]
    staves: Literal[2, 4] = 4 if number % 3 else 2
    looks = Rendering(instrument=instrument, staves=staves, write_chords=number % 2 == 0)
    score = piece(number, RHYTHMS if suffix == ".mid" else (*RHYTHMS, TRIPLET))
    (source,) = write_file(score, tmp_path / f"piece{suffix}", looks)
    made, said = converted(source, ".mscx")
    assert said == ""
    text = made.read_text(encoding="utf-8")
    programs = re.findall(r'<program value="(\d+)"', text)
    assert programs
    assert set(programs) == {str(PRESETS[instrument].program)}
    if suffix == ".musicxml":
        checks: dict[str, Any] = {"<Fermata>": True, "<Lyrics>": True, "<Harmony>": looks.write_chords}
        for mark, is_there in checks.items():
            assert (mark in text) == is_there
        assert ("<irregular>1</irregular>" in text) == (score.pickup_ticks > 0)
