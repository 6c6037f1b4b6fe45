"""The public face: a model that composes, harmonises, fills, continues and scores.

Each verb comes in two parts: ``plan_...`` decides everything and fails early, :meth:`Model.draw` draws. The verb itself
does both for one piece; several are planned with ``n`` and drawn with :meth:`Model.draw`, as they are finished.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch

from biaxial.music.errors import InputError
from biaxial.music.phrases import PhrasePlan
from biaxial.music.score import ChordSymbol, Key, Score, TimeSignature
from biaxial.tasks.critic import PieceLike
from biaxial.tasks.drawing.drawer import Drawer
from biaxial.tasks.drawing.sampling_options import Progress, SamplingOptions, with_changes
from biaxial.tasks.drawing.stream import Bar, stream
from biaxial.tasks.piece import Piece
from biaxial.tasks.plans.drawn_keys import drawn_key
from biaxial.tasks.plans.harmonisation import Forbidden, Source
from biaxial.tasks.plans.outline import DEFAULT_TEMPO_BPM, check_metre
from biaxial.weights.checkpoint import load_weights
from biaxial.weights.shipped import pretrained_path


def load(checkpoint: str | Path | None = None, device: str = "auto", threads: int | None = None) -> Model:
    """Load a model.

    Parameters
    ----------
    checkpoint
        A ``.safetensors`` file made by ``biaxial-train``; the shipped chorale weights by default.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` ... Scoring runs there; so does drawing on CUDA, if many pieces or particles
        are drawn together. Few are drawn faster by the CPU.
    threads
        Threads that share pieces, or particles of a piece, which are drawn together; by default as many as there are
        processors. A single one is drawn by one.

    Raises
    ------
    InputError
        If the file or the device cannot be used.
    """
    path = pretrained_path() if checkpoint is None else Path(checkpoint)
    network, made = load_weights(path)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        network = network.to(device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"device {device!r} cannot be used ({reason}); give cpu or auto") from error
    return Model(network, made, path.stem, threads)


class Model(Drawer):
    """A trained network with its public verbs.

    Parameters
    ----------
    network
        The network.
    made
        How its weights came to be.
    name
        Name of the weights.
    threads
        As for :func:`load`.
    """

    def compose(
        self,
        bars: int = 16,
        *,
        key: Key | str | None = None,
        time_signature: TimeSignature | str = "4/4",
        tempo_bpm: float = DEFAULT_TEMPO_BPM,
        phrases: Sequence[int] | None = None,
        pickup: float | Fraction | None = None,
        form: str | None = None,
        plan: PhrasePlan | str | None = None,
        primer: Score | str | Path | None = None,
        seed: int = 0,
        drawing: SamplingOptions | None = None,
        progress: Progress | None = None,
        **changes: Any,
    ) -> Piece:
        """Compose one piece.

        Parameters and errors are those of :meth:`plan_composition`; ``progress`` is called with the number of frames
        drawn since its last call, and what it raises ends the drawing.
        """
        planned = self.plan_composition(
            bars,
            key=key,
            time_signature=time_signature,
            tempo_bpm=tempo_bpm,
            phrases=phrases,
            pickup=pickup,
            form=form,
            plan=plan,
            primer=primer,
            seed=seed,
            drawing=drawing,
            **changes,
        )
        return next(self.draw(planned, progress))

    def harmonise(
        self,
        melody: Source,
        *,
        voice: str | int | Sequence[str | int] = "soprano",
        line: str | None = None,
        key: Key | str | None = None,
        chords: str | Sequence[ChordSymbol] | None = None,
        forbid: Sequence[Forbidden] = (),
        seed: int = 0,
        drawing: SamplingOptions | None = None,
        progress: Progress | None = None,
        **changes: Any,
    ) -> Piece:
        """Write the other voices to a melody, or to several given voices.

        Parameters and errors are those of :meth:`plan_harmonisation`, ``progress`` as for :meth:`compose`.
        """
        plan = self.plan_harmonisation(
            melody,
            voice=voice,
            line=line,
            key=key,
            chords=chords,
            forbid=forbid,
            seed=seed,
            drawing=drawing,
            **changes,
        )
        return next(self.draw(plan, progress))

    harmonize = harmonise

    def infill(
        self,
        piece: PieceLike,
        bars: int | str | tuple[int, int],
        *,
        voices: Sequence[str | int] | None = None,
        seed: int = 0,
        drawing: SamplingOptions | None = None,
        progress: Progress | None = None,
        **changes: Any,
    ) -> Piece:
        """Write some bars of a piece anew, in all voices or in some.

        Parameters and errors are those of :meth:`plan_infilling`, ``progress`` as for :meth:`compose`.
        """
        plan = self.plan_infilling(piece, bars, voices=voices, seed=seed, drawing=drawing, **changes)
        return next(self.draw(plan, progress))

    def bridge(
        self,
        first: PieceLike,
        second: PieceLike,
        bars: int,
        *,
        seed: int = 0,
        drawing: SamplingOptions | None = None,
        progress: Progress | None = None,
        **changes: Any,
    ) -> Piece:
        """Join two fragments by so many bars, in the key and tempo of the first.

        Parameters and errors are those of :meth:`plan_bridge`, ``progress`` as for :meth:`compose`.
        """
        plan = self.plan_bridge(first, second, bars, seed=seed, drawing=drawing, **changes)
        return next(self.draw(plan, progress))

    def continue_piece(
        self,
        piece: PieceLike,
        bars: int,
        *,
        seed: int = 0,
        drawing: SamplingOptions | None = None,
        progress: Progress | None = None,
        **changes: Any,
    ) -> Piece:
        """Let a piece go on for so many bars, after its last bar has been completed; the last one is an ending.

        Parameters and errors are those of :meth:`plan_continuation`, ``progress`` as for :meth:`compose`.
        """
        plan = self.plan_continuation(piece, bars, seed=seed, drawing=drawing, **changes)
        return next(self.draw(plan, progress))

    def stream(
        self,
        *,
        key: Key | str | None = None,
        time_signature: TimeSignature | str = "4/4",
        seed: int = 0,
        drawing: SamplingOptions | None = None,
        progress: Progress | None = None,
        **changes: Any,
    ) -> Iterator[Bar]:
        """Compose for ever, bar after bar, in bounded memory.

        Parameters
        ----------
        key
            A :class:`Key` or its name. By default one that is drawn as often as the corpus has it.
        time_signature
            The metre.
        seed, drawing, progress, changes
            As for :meth:`compose`. There is no ending, and no particles or candidates to choose among.

        Raises
        ------
        InputError, ValueError
            If a value cannot be used.
        """
        drawing = with_changes(drawing or SamplingOptions(), changes)
        key = Key.from_name(key) if isinstance(key, str) else key or drawn_key(self.made.get("keys", {}), seed)
        if isinstance(time_signature, str):
            time_signature = TimeSignature.from_name(time_signature)
        check_metre(time_signature, self.network.config.steps_per_quarter)
        return stream(self._stepper(drawing, 1), key, time_signature, seed, drawing, progress)
