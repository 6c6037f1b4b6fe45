"""The tools that an assistant has: each takes plain arguments, and returns plain values that say what was done.

All of them raise :class:`~biaxial.music.errors.InputError` or another ``ValueError`` for what cannot be done, in one
line that the assistant reads.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from biaxial.assistants.bounded_folder import BoundedFolder
from biaxial.judge.judge import oddness
from biaxial.judge.measures import MEASURES
from biaxial.music.errors import InputError
from biaxial.music.score import Score
from biaxial.music.spelling import pitch_name
from biaxial.render.files import Rendering, check_writable, write_file
from biaxial.tasks.model import Model
from biaxial.tasks.piece import Piece
from biaxial.tasks.plans.outline import read_bars


class ToolBox:
    """The tools, and the model that they share, which is loaded when it is first needed.

    Parameters
    ----------
    folder
        Where files are read and written.
    checkpoint
        Weights; those of the package by default.
    """

    def __init__(self, folder: BoundedFolder, checkpoint: Path | None = None) -> None:
        self.folder, self._checkpoint = folder, checkpoint

    @cached_property
    def model(self) -> Model:
        """The model."""
        from biaxial.tasks.loading import load_model

        return load_model(self._checkpoint)

    def compose(
        self,
        output: list[str],
        bars: int,
        key: str | None,
        time_signature: str,
        seed: int | None,
        title: str,
        style: str | None = None,
    ) -> dict[str, Any]:
        """Compose a piece and write it."""
        paths = self._writable(output, Rendering())
        piece = self.model.compose(bars, key=key, time_signature=time_signature, seed=_seed(seed), style=style)
        return self._written(piece, paths, title)

    def harmonise(
        self,
        melody: str,
        output: list[str],
        voice: str | None,
        key: str | None,
        chords: str | None,
        seed: int | None,
        style: str | None = None,
    ) -> dict[str, Any]:
        """Write the other voices to a tune."""
        paths = self._writable(output, Rendering())
        self.folder.read(melody)
        source = self.folder.inside(melody)
        piece = self.model.harmonise(source, voice=voice, key=key, chords=chords, seed=_seed(seed), style=style)
        return self._written(piece, paths, "")

    def infill(
        self,
        piece: str,
        bars: str,
        output: list[str],
        voices: list[str] | None,
        seed: int | None,
        style: str | None = None,
    ) -> dict[str, Any]:
        """Write some bars anew."""
        paths = self._writable(output, Rendering())
        score, remarks = self.folder.read(piece)
        filled = self.model.infill(score, read_bars(bars), voices=voices, seed=_seed(seed), style=style)
        return self._written(filled, paths, "", remarks)

    def judge(self, piece: str) -> dict[str, Any]:
        """Judge a piece beside Bach's chorales."""
        score, remarks = self.folder.read(piece)
        found = self.model.judge(_with_notes(score, piece))
        odd = sorted(found.standard, key=lambda name: -oddness(name, found.standard[name]))[:10]
        shared = found.novelty.all_voices
        return {
            "grade": round(found.grade, 3),
            "groups": {name: round(value, 3) for name, value in found.groups.items()},
            "oddest": [
                {
                    "measure": MEASURES[name].label,
                    "value": round(found.values[name], 4),
                    "standard_deviations": round(found.standard[name], 2),
                }
                for name in odd
            ],
            "longest_passage_of_bach": None
            if shared is None
            else {"bar": shared.bar, "bars": round(float(shared.bars), 2), "source": shared.source},
            "remarks": [*remarks, *found.remarks],
        }

    def explain(self, piece: str, bars: str | None, top: int, style: str | None = None) -> dict[str, Any]:
        """Say which moments surprised the network, and what it expected."""
        from biaxial.tasks.explanation import explain

        score, remarks = self.folder.read(piece)
        wanted = None if bars is None else read_bars(bars)
        found = explain(self.model.teller(style), _with_notes(score, piece), bars=wanted, top=top)

        def named(pitch: int | None) -> str:
            return "nothing more" if pitch is None else pitch_name(pitch, score.key)

        return {
            "nats_per_step": round(found.nats / max(1, found.num_steps), 4),
            "moments": [
                {
                    "bar": moment.bar,
                    "beat": moment.beat,
                    "sound": named(moment.pitch),
                    "voices": ["SATB"[voice] if voice < 4 else str(voice + 1) for voice in moment.voices],
                    "nats": round(moment.nats, 3),
                    "expected": [
                        {"sound": named(one.pitch), "probability": round(one.probability, 4)} for one in instead
                    ],
                }
                for moment, instead in zip(found.moments, found.expected, strict=True)
            ],
            "remarks": list(remarks),
        }

    def render(self, piece: str, output: list[str], staves: int, instrument: str, write_chords: bool) -> dict[str, Any]:
        """Write a piece as other kinds of files."""
        rendering = Rendering(staves=staves, instrument=instrument, write_chords=write_chords)  # type: ignore[arg-type]
        paths = self._writable(output, rendering)
        score, remarks = self.folder.read(piece)
        return {"files": self._save(score, paths, rendering), "remarks": list(remarks)}

    def _writable(self, names: list[str], rendering: Rendering) -> list[Path]:
        paths = self.folder.check_new(names)
        for name in names:
            check_writable(Path(name), rendering)
        return paths

    def _save(self, score: Score, paths: list[Path], rendering: Rendering, piece: Piece | None = None) -> list[str]:
        plan = None if piece is None else piece.plan
        return [
            name
            for path in paths
            for name in self.folder.write(path, lambda place: write_file(score, place, rendering, plan))
        ]

    def _written(self, piece: Piece, paths: list[Path], title: str, remarks: tuple[str, ...] = ()) -> dict[str, Any]:
        score = replace(piece.score, title=title) if title else piece.score
        return {
            "files": self._save(score, paths, Rendering(), piece),
            "seed": piece.seed,
            "key": None if score.key is None else score.key.name,
            "bars": len(score.bar_starts()),
            "nats_per_step": round(piece.nats_per_step, 4),
            "plan": None if piece.plan is None else piece.plan.summary,
            "remarks": [*remarks, *piece.remarks],
        }


def _seed(seed: int | None) -> int:
    return secrets.randbelow(2**32) if seed is None else seed


def _with_notes(score: Score, name: str) -> Score:
    if not score.notes:
        raise InputError(f"{name}: there are no notes in it")
    return score
