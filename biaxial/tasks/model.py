"""The public face: a model that composes, harmonises, fills, continues and scores.

Each verb comes in two parts: ``plan_...`` decides everything and fails early, :meth:`Model.draw` draws. The verb itself
does both for one piece; several are planned with ``n`` and drawn with :meth:`Model.draw`, as they are finished.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from biaxial.files.machine import available_threads
from biaxial.models.config import ModelConfig
from biaxial.models.network_arrays import NetworkArrays
from biaxial.music.phrases import PhrasePlan
from biaxial.music.score import ChordSymbol, Key, TimeSignature
from biaxial.music.style import style_text
from biaxial.sampling.charges import Charges
from biaxial.sampling.choose import Precision, draws_compiled, fast_stepper
from biaxial.sampling.stepping import FrameStepper, Proposal
from biaxial.tasks.critic import PieceLike
from biaxial.tasks.drawing.fill import fill
from biaxial.tasks.drawing.sampling_options import Progress, SamplingOptions, with_changes
from biaxial.tasks.drawing.stream import Bar, stream
from biaxial.tasks.piece import Piece
from biaxial.tasks.plans.given import Source
from biaxial.tasks.plans.harmonisation import Forbidden
from biaxial.tasks.plans.outline import check_metre, drawn_key
from biaxial.tasks.plans.plan import Plan
from biaxial.tasks.plans.planner import Planner
from biaxial.tasks.sharing import Shared

if TYPE_CHECKING:
    from biaxial.models.biaxial import BiaxialLSTM

GPU_ROWS = 64
"""Pieces and particles from which on a GPU draws, where there is one."""


class Model(Planner, Shared):
    """A trained network with its public verbs.

    Parameters
    ----------
    network
        The network, in evaluation mode, or its arrays, which compose and harmonise without PyTorch.
    history
        How its weights came to be.
    name
        Name of the weights.
    threads
        Threads that share pieces, or particles of a piece; by default as many as there are processors.
    device
        Where a network that is made of arrays is to be, or ``"auto"``.
    """

    def __init__(
        self,
        network: BiaxialLSTM | NetworkArrays[ModelConfig],
        history: dict[str, Any],
        name: str,
        threads: int | None = None,
        device: str = "auto",
    ) -> None:
        super().__init__(network, history, device)
        self.name = name
        self.threads = threads or available_threads()
        self._kept: tuple[tuple[Proposal, Precision, bool, str | None], FrameStepper] | None = None

    def compose(
        self,
        bars: int = 16,
        *,
        key: Key | str | None = None,
        time_signature: TimeSignature | str = "4/4",
        tempo_bpm: float | None = None,
        phrases: Sequence[int] | None = None,
        pickup: float | Fraction | None = None,
        form: str | None = None,
        plan: PhrasePlan | str | None = None,
        primer: PieceLike | None = None,
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
        voice: str | int | Sequence[str | int] | None = None,
        line: str | None = None,
        key: Key | str | None = None,
        chords: str | Sequence[ChordSymbol] | None = None,
        phrases: str | Sequence[int] | None = None,
        transpose: int | Literal["fit"] = 0,
        transpose_back: bool = False,
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
            phrases=phrases,
            transpose=transpose,
            transpose_back=transpose_back,
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

        Notes have no velocities, also under weights with dynamics, which draw them when a piece is whole.

        Parameters
        ----------
        key
            A :class:`Key` or its name. By default one that is drawn as often as the corpus has it.
        time_signature
            The metre.
        seed, drawing, progress, changes
            As for :meth:`compose`, but there is no end, and no candidates are chosen among. With weights that carry
            charges, sections of sixteen bars are planned and their phrases drawn by particles, so that bars come a
            phrase at a time; ``draft=True`` draws every frame once, and bars come one by one.

        Raises
        ------
        InputError, ValueError
            If a value cannot be used.
        """
        drawing = with_changes(drawing or SamplingOptions(), changes)
        key = Key.from_name(key) if isinstance(key, str) else key or drawn_key(self.key_counts(drawing.style), seed)
        if isinstance(time_signature, str):
            time_signature = TimeSignature.from_name(time_signature)
        check_metre(time_signature, self.config.steps_per_quarter)
        charges = self._charges(drawing)
        self.mixture(drawing.style)
        return stream(self._stepper(drawing, 1), key, time_signature, seed, drawing, charges, progress)

    def draw(self, plan: Plan, progress: Progress | None = None) -> Iterator[Piece]:
        """Draw what was planned, a batch at a time; pieces come as they are finished.

        Parameters
        ----------
        plan
            What one of the planning verbs gave.
        progress
            Called with the number of frames drawn since its last call; what it raises ends the drawing.
        """
        stepper = self._stepper(plan.options, len(plan.requests))
        judge = self._judge() if plan.options.best_of > 1 else None
        charges, style = self._charges(plan.options), self._words(plan.options)
        dynamics = self.in_style(plan.options.style) if self.config.dynamics else None
        return fill(
            stepper,
            plan,
            self.name,
            charges=charges,
            style=style,
            instruments=self.instruments,
            dynamics=dynamics,
            judge=judge,
            progress=progress,
        )

    def _words(self, drawing: SamplingOptions) -> str | None:
        """The style that is drawn in, in words; ``None`` from weights without styles."""
        return style_text(self.mixture(drawing.style)) if self.styles else None

    def _charges(self, drawing: SamplingOptions) -> Charges | None:
        """What the faults of a phrase cost; nothing in music without voices."""
        return drawing.charged(self.history) if self.config.num_voices > 1 else None

    def _stepper(self, drawing: SamplingOptions, num_outputs: int) -> FrameStepper:
        """What draws; kept for the next time that pieces are drawn in the same way."""
        together = num_outputs * drawing.num_particles(self._charges(drawing)) * drawing.best_of
        on_gpu = together >= GPU_ROWS and self._is_on_gpu()
        way = drawing.proposal(self.history), drawing.precision, on_gpu, self._words(drawing)
        if self._kept is None or self._kept[0] != way:
            by_arrays = not on_gpu and draws_compiled(self.config, drawing.precision)
            network: BiaxialLSTM | NetworkArrays[ModelConfig]
            network = self._arrays_in_style(drawing.style) if by_arrays else self.in_style(drawing.style)
            self._kept = way, fast_stepper(network, *way[:2], self.threads, self.network.device if on_gpu else "cpu")
        return self._kept[1]
