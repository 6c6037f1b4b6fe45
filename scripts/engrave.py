"""Harmonise the tunes of docs/tunes and engrave them as the pictures of docs/harmonise.md.

``python scripts/engrave.py`` writes a PNG for each row of :data:`PICTURES` into docs/pictures, with the shipped weights
or those of ``--checkpoint``, in a minute or two; run it again when the weights change. Each picture is what the
command on the page gives with the same seed: two staves, soprano and alto above, tenor and bass below, the notes of the
tune in blue.

Verovio engraves and CairoSVG draws; nothing else needs them: ``pip install verovio cairosvg``. Pillow, which matplotlib
brings, makes the files small.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import biaxial
from biaxial import Key, Note, Score
from biaxial.io.load import read_score
from biaxial.tasks.request import refined

ROOT = Path(__file__).parents[1]
ODE_CHORDS = (
    "D | A7 | D | D A7 | D | A7 | D | A7 D | A | A7 D | A7 / D A7 | D E7 A D | D | A7 | D | A7 D"  # as on the page
)
PICTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "new-britain": ("new-britain", {}),
    "greensleeves": ("greensleeves", {}),
    "ode-to-joy": ("ode-to-joy", {}),
    "ode-chords": ("ode-to-joy", {"chords": ODE_CHORDS}),
    "auld-lang-syne": ("auld-lang-syne", {}),
    "ode-tenor": ("ode-to-joy", {"voice": "tenor"}),
    "maman": ("maman", {}),
}
"""Name of a picture: its tune, and what is asked for beside seed 1."""

PER_QUARTER = 8  # units of written time in a quarter note: thirty-seconds
VALUES = {32: (1, 0), 24: (2, 1), 16: (2, 0), 12: (4, 1), 8: (4, 0), 6: (8, 1), 4: (8, 0), 3: (16, 1), 2: (16, 0)}
VALUES[1] = (32, 0)
"""Units of a note that can be written without a tie: its value, and its dots."""

FIFTHS = "FCGDAEB"
ACCIDENTALS = {-2: "ff", -1: "f", 0: "n", 1: "s", 2: "x"}
TUNE_COLOUR = "#0a4fa3"
WIDTH = 1000


@dataclass(frozen=True)
class Sound:
    """A written note or rest: where it begins and how long it is, in units; ``note`` is ``None`` for a rest."""

    start: int
    length: int
    note: Note | None
    begins: bool = True
    ends: bool = True


def spelled(pitch: int, key: Key) -> tuple[str, int, int]:
    """Letter, octave and accidental of a pitch: of twelve fifths around the signature the one that sounds so."""
    place = next(f for f in range(key.fifths - 3, key.fifths + 9) if f * 7 % 12 == pitch % 12)
    octaves, letter = divmod(place + 1, 7)
    natural = pitch - octaves
    return FIFTHS[letter].lower(), natural // 12 - 1, octaves


def bars_of(score: Score, unit: int) -> list[tuple[int, int]]:
    """Start and end of every bar in units, the pickup among them."""
    starts = [start // unit for start in score.bar_starts()]
    edges = [*([0] if score.pickup_ticks else []), *starts, score.length_ticks // unit]
    return list(pairwise(edges))


def laid(notes: Sequence[Note], unit: int, length: int) -> list[Sound]:
    """One voice from the first to the last unit, with its rests."""
    sounds: list[Sound] = []
    now = 0
    for note in notes:
        start, end = note.onset_ticks // unit, note.end_ticks // unit
        if start > now:
            sounds.append(Sound(now, start - now, None))
        sounds.append(Sound(start, end - start, note))
        now = end
    return [*sounds, Sound(now, length - now, None)] if now < length else sounds


def cut(sounds: Iterable[Sound], edges: Sequence[int]) -> list[Sound]:
    """The same sounds, each cut where it crosses an edge."""
    pieces = []
    for sound in sounds:
        end = sound.start + sound.length
        points = [sound.start, *(edge for edge in edges if sound.start < edge < end), end]
        pieces += [
            Sound(a, b - a, sound.note, sound.begins and a == sound.start, sound.ends and b == end)
            for a, b in pairwise(points)
        ]
    return pieces


def written(sound: Sound, bar: tuple[int, int], beat: int) -> list[Sound]:
    """A sound within a bar as values that can be written: whole if it is one value, else cut at the beats."""
    start, length = sound.start - bar[0], sound.length
    on_beat = start % beat == 0
    within = start // beat == (start + length - 1) // beat
    if length in VALUES and (on_beat or within or (sound.note and length >= beat)):
        compound = beat == 12 and length not in (12, 24, 4, 2, 8, 6, 3, 1)
        if not compound or length == bar[1] - bar[0]:
            return [sound]
    beats = range(bar[0] + beat, bar[1], beat)
    if length not in VALUES and on_beat:  # the longest value that fits, then what is left
        first = next(value for value in VALUES if value <= length and (beat != 12 or value in (24, 12, 8, 4, 2)))
        head, *tail = cut([sound], [sound.start + first])
        return [head, *(piece for rest in tail for piece in written(rest, bar, beat))]
    pieces = cut([sound], list(beats))
    return [small for piece in pieces for small in (split(piece) if piece.length not in VALUES else [piece])]


def split(sound: Sound) -> list[Sound]:
    """A sound within a beat as the fewest values."""
    first = next(value for value in VALUES if value <= sound.length)
    pieces = cut([sound], [sound.start + first])
    return [pieces[0], *(p for rest in pieces[1:] for p in (split(rest) if rest.length not in VALUES else [rest]))]


class Engraver:
    """Writes a score of four voices as MEI.

    Parameters
    ----------
    score
        Music with a key, on a grid of thirty-seconds.
    """

    def __init__(self, score: Score) -> None:
        self.score, self.key = score, score.key or Key(0)
        self.unit = score.ticks_per_quarter // PER_QUARTER
        signature = score.time_signatures[0]
        compound = signature.denominator == 8 and signature.numerator % 3 == 0
        self.beat = 12 if compound else PER_QUARTER * 4 // signature.denominator
        length = score.length_ticks // self.unit
        self.voices = [laid(score.voice_notes(voice), self.unit, length) for voice in range(4)]

    def mei(self) -> str:
        """The document."""
        fifths, signature = self.key.fifths, self.score.time_signatures[0]
        sign = "0" if not fifths else f"{abs(fifths)}{'s' if fifths > 0 else 'f'}"
        bars = bars_of(self.score, self.unit)
        first = 0 if self.score.pickup_ticks else 1
        line = 4 if signature.bar_ticks(8) > 24 or self.beat == 12 else 8
        body = ""
        for number, bar in enumerate(bars, first):
            body += "<sb/>" if number > 1 and number % line == 1 else ""
            body += self._measure(number, bar, bar == bars[-1])
        return (
            '<mei xmlns="http://www.music-encoding.org/ns/mei" meiversion="5.0"><meiHead><fileDesc><titleStmt><title/>'
            "</titleStmt><pubStmt/></fileDesc></meiHead><music><body><mdiv><score>"
            f'<scoreDef keysig="{sign}" meter.count="{signature.numerator}" meter.unit="{signature.denominator}">'
            '<staffGrp symbol="bracket" bar.thru="true"><staffDef n="1" lines="5" clef.shape="G" clef.line="2"/>'
            '<staffDef n="2" lines="5" clef.shape="F" clef.line="4"/></staffGrp></scoreDef>'
            f"<section>{body}</section></score></mdiv></body></music></mei>"
        )

    def _measure(self, number: int, bar: tuple[int, int], last: bool) -> str:
        staves, marks = "", ""
        for staff in (0, 1):
            shown: dict[tuple[str, int], int] = {}
            parts = [self._within(self.voices[2 * staff + layer], bar) for layer in (0, 1)]
            in_order = sorted((s.start, layer, s) for layer in (0, 1) for s in parts[layer] if s.note)
            signs = {(start, layer): self._sign(sound, shown) for start, layer, sound in in_order}
            layers = ""
            for layer in (0, 1):
                layers += f'<layer n="{layer + 1}">{self._beamed(parts[layer], staff, layer, signs, bar)}</layer>'
            staves += f'<staff n="{staff + 1}">{layers}</staff>'
        for tick in self.score.fermatas or ():
            found = [
                s for s in self._within(self.voices[0], bar) if s.note and s.begins and s.start == tick // self.unit
            ]
            marks += "".join(f'<fermata staff="1" place="above" startid="#n0-{s.start}"/>' for s in found)
        right = ' right="end"' if last else ""
        return f'<measure n="{number}" metcon="{str(number > 0).lower()}"{right}>{staves}{marks}</measure>'

    def _within(self, sounds: Sequence[Sound], bar: tuple[int, int]) -> list[Sound]:
        inside = [s for s in cut(sounds, bar) if bar[0] <= s.start < bar[1]]
        return [piece for sound in inside for piece in written(sound, bar, self.beat)]

    def _sign(self, sound: Sound, shown: dict[tuple[str, int], int]) -> str:
        """The accidental of a note, to be printed only if the bar or the signature do not say it already."""
        assert sound.note is not None
        letter, octave, accidental = spelled(sound.note.pitch, self.key)
        place = FIFTHS.index(letter.upper())
        usual = (place < self.key.fifths) - (6 - place < -self.key.fifths)
        if not sound.begins or shown.get((letter, octave), usual) == accidental:
            return f'accid.ges="{ACCIDENTALS[accidental]}"'
        shown[letter, octave] = accidental
        return f'accid="{ACCIDENTALS[accidental]}"'

    def _beamed(
        self, sounds: Sequence[Sound], staff: int, layer: int, signs: dict[tuple[int, int], str], bar: tuple[int, int]
    ) -> str:
        def group(sound: Sound) -> tuple[int, int]:
            short = sound.note is not None and VALUES[sound.length][0] > 4
            return ((sound.start - bar[0]) // self.beat, -1) if short else (sound.start, sound.length)

        text = ""
        for (_, kind), members in groupby(sounds, group):
            items = [self._item(sound, staff, layer, signs) for sound in members]
            text += f"<beam>{''.join(items)}</beam>" if kind == -1 and len(items) > 1 else "".join(items)
        return text

    def _item(self, sound: Sound, staff: int, layer: int, signs: dict[tuple[int, int], str]) -> str:
        value, dots = VALUES[sound.length]
        length = f'dur="{value}"' + (f' dots="{dots}"' if dots else "")
        if sound.note is None:
            return f"<rest {length}/>"
        letter, octave, _ = spelled(sound.note.pitch, self.key)
        tie = {(True, True): "", (True, False): ' tie="i"', (False, False): ' tie="m"', (False, True): ' tie="t"'}
        words = [
            f'xml:id="n{2 * staff + layer}-{sound.start}" pname="{letter}" oct="{octave}" {length}',
            f'stem.dir="{("up", "down")[layer]}" {signs[sound.start, layer]}{tie[sound.begins, sound.ends]}',
            f"color={quoteattr(TUNE_COLOUR)}" if sound.note.locked else "",
        ]
        return f"<note {' '.join(words)}/>"


def engraved(score: Score) -> bytes:
    """A score as PNG."""
    import cairosvg  # type: ignore[import-not-found, import-untyped, unused-ignore]
    import verovio  # type: ignore[import-not-found, import-untyped, unused-ignore]
    from PIL import Image

    document = Engraver(refined(score, biaxial.Grid(PER_QUARTER))).mei()
    toolkit = verovio.toolkit()
    toolkit.setOptions(
        {
            "header": "none",
            "footer": "none",
            "adjustPageHeight": True,
            "pageHeight": 60000,
            "pageWidth": 1700,
            "pageMarginTop": 30,
            "pageMarginBottom": 30,
            "pageMarginLeft": 45,
            "pageMarginRight": 20,
            "spacingStaff": 6,
            "spacingSystem": 4,
            "minLastJustification": 0.5,
            "breaks": "encoded" if "<sb/>" in document else "auto",
            "svgViewBox": True,
        }
    )
    if not toolkit.loadData(document):
        raise RuntimeError("verovio could not read the document")
    svg = toolkit.renderToSVG(1)
    png = cairosvg.svg2png(bytestring=svg.encode(), output_width=WIDTH, background_color="white")
    out = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(16).save(out, "PNG", optimize=True)
    return out.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, help="weights (default: those in the package)")
    parser.add_argument("--only", nargs="+", choices=list(PICTURES), help="some of the pictures")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "pictures", help="folder (docs/pictures)")
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    model = biaxial.load(options.checkpoint, device="cpu")
    for name in options.only or PICTURES:
        tune, wanted = PICTURES[name]
        path = ROOT / "docs" / "tunes" / f"{tune}.abc"
        piece = model.harmonise(path, seed=1, **wanted)
        score = piece.score if piece.score.key else replace(piece.score, key=read_score(path).key)
        (options.output / f"{name}.png").write_bytes(engraved(score))
        print(f"{name}.png: {(options.output / f'{name}.png').stat().st_size} bytes", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
