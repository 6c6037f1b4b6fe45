"""``biaxial-explain``: what surprised the network in a piece, as a picture and a table; the inputs of a cell."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biaxial.cli.common import Arguments, nothing_to_lose, verb
from biaxial.cli.options import REQUIRED, option, parse, parser
from biaxial.files.atomic import check_output
from biaxial.files.weights_file import DEFAULT, check_kind, check_weights, config_in_header, weights_path
from biaxial.formats.read import read_score
from biaxial.metrics.writing.slices import Places
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.score import Key, Score
from biaxial.music.spelling import pitch_name, read_pitch
from biaxial.render.rows import picture_kind
from biaxial.tasks.plans.outline import bar_span, read_bars

if TYPE_CHECKING:
    from biaxial.likelihood.expectation import Expected
    from biaxial.likelihood.surprise import Moment
    from biaxial.tasks.explanation import CellExplanation, Explanation

PROG = "biaxial-explain"
DESCRIPTION = (
    "Draw how probable every cell of a piece was, print its most surprising notes, and what was expected instead."
)
_FIRST = (
    "The time axis comes first: the past is complete before a frame begins, and is summed up for all notes at once."
)
_LAST = "The note axis comes last, next to the decision: it walks from {}, and knows what it chose on its way."


def read_place(text: str) -> tuple[int, float]:
    """Read ``"5:3"``, ``"5:2.5"``: a bar and a quarter note of it, both counted from 1.

    Raises
    ------
    ValueError
        If it is something else.
    """
    match = re.fullmatch(r"\s*(\d{1,6})\s*:\s*(\d{1,3}(?:\.\d{1,6})?)\s*", text, flags=re.ASCII)
    if match is None:
        raise ValueError(f"{text!r} is not a place; give a bar and a beat, such as 5:3, or 5:2.5 for half a beat later")
    return int(match[1]), float(match[2])


@dataclass(frozen=True)
class ExplainOptions:
    """What to explain."""

    piece: Path = option(REQUIRED, positional=True, metavar="PIECE", help="MIDI, MusicXML, ABC, kern or JSON file")
    output: Path | None = option(
        None, short="-o", help="picture to write, .png or .svg (default: PIECE.explained.png, beside the piece)"
    )
    bars: tuple[int, int] | None = option(
        None, parse=read_bars, metavar="N[-N]", help="bars to explain, counted from 1, such as 5-8; 0 is the pickup"
    )
    at: tuple[int, float] | None = option(
        None,
        parse=read_place,
        metavar="BAR:BEAT",
        help="explain one cell, with --pitch: its bar, and its quarter note counted from 1, such as 5:3 or 5:2.5",
    )
    pitch: int | None = option(
        None, parse=read_pitch, metavar="PITCH", help="the note of that cell, such as G4, Bb3, or a MIDI number"
    )
    top: int = option(10, within=(0, 200), help="how many moments to list and to mark")
    style: str | None = option(
        None,
        metavar="NAME,...",
        help="style that the piece is heard in, or several with weights, such as bach:0.7,hymn:0.3; none for none "
        "(default: what the weights carry)",
    )
    checkpoint: Path | None = option(None, help="weights to use (default: those in the package)")
    json: bool = option(False, help="print one JSON object")
    quiet: bool = option(False, short="-q", help="no remarks beside the results")


@verb(PROG)
def main(argv: Arguments, prog: str) -> None:
    """Explain what the command line names: write the picture, and print the table."""
    (options,) = parse(parser(prog, DESCRIPTION, ExplainOptions), argv)
    if (options.at is None) != (options.pitch is None):
        raise InputError("a cell has a place and a note: give both --at and --pitch, or neither")
    path = options.output or options.piece.with_suffix(".explained.png")
    picture_kind(path)
    check_output(path)
    weights = weights_path(options.checkpoint or DEFAULT)
    check_weights(weights)
    check_kind(weights, biaxial=True)
    score = read_score(options.piece)
    _check_places(score, options, config_in_header(weights).get("steps_per_quarter"))
    with nothing_to_lose():
        from biaxial.tasks.explanation import explain
        from biaxial.tasks.loading import load_model
        from biaxial.tasks.plans.composition import with_voices  # what a refusal does not need

        model = load_model(options.checkpoint)
    voiced = with_voices(score, model.config.num_voices)
    if voiced is not score and not options.quiet:
        print("note: the file has no voices; every note was given one, by least movement", file=sys.stderr)
    found = explain(model.teller(options.style), voiced, bars=options.bars, top=options.top)
    cell = None if options.at is None else found.cell(options.at[0], options.at[1], options.pitch)
    found.save(path, cell)
    if options.json:
        print(json.dumps(_plain(found, cell, path, model.name)))
        return
    _print(found)
    if cell is not None:
        _print_cell(cell, found.surprise.roll.outline.key, found.network.config.walks_down)
    print(f"\n{path}: {found.num_steps} steps, {found.nats:.1f} nats, {found.nats / found.num_steps:.3f} per step")


def _check_places(score: Score, options: ExplainOptions, steps_per_quarter: object) -> None:
    """Refuse bars and places that the piece does not have, before the network is loaded."""
    if not score.notes:
        raise InputError(f"{options.piece}: it has no notes; give music that has some")
    if options.bars is not None:
        bar_span(score, *options.bars)
    if options.at is not None and isinstance(steps_per_quarter, int) and 1 <= steps_per_quarter <= 96:
        grid = Grid(steps_per_quarter)
        laid, _ = grid.quantised(score)
        unit = grid.step_ticks(laid.ticks_per_quarter)
        Places(laid).tick_at(*options.at, steps_per_quarter, -(-laid.length_ticks // unit) * unit)


def _print(found: Explanation) -> None:
    """The table of moments."""
    key = found.surprise.roll.outline.key
    rows = [("#", "bar", "beat", "note", "nats", "expected instead")]
    for number, (moment, instead) in enumerate(zip(found.moments, found.expected, strict=True), start=1):
        told = ", ".join(f"{_sound(e, key)} {e.probability:.0%}" for e in instead if e.probability >= 0.005)
        rows.append(
            (str(number), str(moment.bar), f"{moment.beat:g}", _sound(moment, key), f"{moment.nats:.2f}", told or "-")
        )
    _table(rows)


def _print_cell(cell: CellExplanation, key: Key | None, down: bool) -> None:
    """One cell: its inputs, what each of them weighs, and what they are."""
    moment = cell.moment
    assert moment.pitch is not None
    here = f"bar {moment.bar} beat {moment.beat:g}, {pitch_name(moment.pitch, key)}"
    what = _sound(moment, key) if moment.happening != "silent" else "silent"
    print(f"\n{here}: {what}, {moment.nats:.2f} nats; sounds with {cell.sounds:.1%}, is struck with {cell.strikes:.1%}")
    walk = _LAST.format("the top down" if down else "the bottom up")
    for axis, line in (("time", _FIRST), ("note", walk)):
        print(f"\n{line}\n")
        rows = [(f"{axis} axis", "nats", "sounding", "what it says here")]
        inputs = [(weighed, words) for weighed, words in cell.inputs if weighed.axis == axis]
        for weighed, words in inputs:
            value = words.value or "-"
            rows.append((weighed.name, f"{weighed.log_prob:+.2f}", f"{weighed.log_sounding:+.2f}", value))
        _table(rows)
        print()
        width = max(len(weighed.name) for weighed, _ in inputs)
        for weighed, words in inputs:
            print(f"{weighed.name:{width}}  {words.meaning}")
    print(
        "\nAll is as it was when the walk came to this cell: given every earlier step, and the notes on its way."
        "\nnats: how much log-probability what the cell holds loses without the input; above 0 it spoke for it."
        "\nsounding: the same of a note sounding here at all."
    )


def _table(rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows in Markdown, their columns in line."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        print(f"| {' | '.join(f'{text:{width}}' for text, width in zip(row, widths, strict=True))} |")
        if number == 0:
            print(f"|{'|'.join('-' * (width + 2) for width in widths)}|")


def _sound(moment: Moment | Expected, key: Key | None) -> str:
    """``"Alto F#4 held"``; ``"nothing more"`` where a walk ends."""
    from biaxial.likelihood.input_words import voice_name

    if moment.pitch is None:
        return "nothing more"
    voices = "+".join(map(voice_name, moment.voices))
    return f"{voices} {pitch_name(moment.pitch, key)} {moment.happening}".strip()


def _plain(found: Explanation, cell: CellExplanation | None, path: Path, model: str) -> dict[str, Any]:
    """Plain values for ``--json``."""
    key, surprise = found.surprise.roll.outline.key, found.surprise
    wanted = range(surprise.roll.num_steps)[found.steps]

    def named(moment: Moment | Expected) -> dict[str, Any]:
        name = None if moment.pitch is None else pitch_name(moment.pitch, key)
        return {**asdict(moment), "name": name}

    values: dict[str, Any] = {
        "picture": str(path),
        "model": model,
        "num_steps": found.num_steps,
        "nats": found.nats,
        "nats_per_step": found.nats / found.num_steps,
        "moments": [
            {**named(moment), "expected": [named(one) for one in instead]}
            for moment, instead in zip(found.moments, found.expected, strict=True)
        ],
        "notes": [
            {"onset_ticks": n.note.onset_ticks, "pitch": n.note.pitch, "voice": n.note.voice, "step": n.step}
            | {"nats": n.nats, "strike": n.strike, "silence": n.silence, "hold": n.hold}
            for n in surprise.notes
            if n.step in wanted
        ],
        "first_step": wanted.start,
        "steps": surprise.per_step[found.steps].tolist(),
    }
    if cell is not None:
        inputs = [{**asdict(weighed), **asdict(words)} for weighed, words in cell.inputs]
        values["cell"] = {**named(cell.moment), "sounds": cell.sounds, "strikes": cell.strikes, "inputs": inputs}
    return values
