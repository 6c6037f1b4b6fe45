"""The public face: a model that composes and scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from biaxial.constants import STRIKE, TICKS_PER_QUARTER
from biaxial.errors import InputError
from biaxial.features.conditions import outline_conditions
from biaxial.io.midi import read_midi
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.checkpoint import load_weights
from biaxial.models.pretrained import pretrained_path
from biaxial.roll import Roll
from biaxial.sampling.parallel import ParallelStepper
from biaxial.score import Grid, Key, Score, TimeSignature
from biaxial.tasks.compose import Drawing, Progress, compose, drawn_key, primer_outcomes, proposal_of
from biaxial.tasks.outline import DEFAULT_TEMPO_BPM, check_metre, make_outline
from biaxial.tasks.piece import LogLikelihood, Piece


def load(checkpoint: str | Path | None = None, device: str = "auto") -> Model:
    """Load a model.

    Parameters
    ----------
    checkpoint
        A ``.safetensors`` file made by ``biaxial-train``; the shipped chorale weights by default.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` ... Scoring runs there; drawing runs on the CPU, in float64.

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
    return Model(network, made, path.stem)


class Model:
    """A trained network with its public verbs.

    Parameters
    ----------
    network
        The network.
    made
        How its weights came to be.
    name
        Name of the weights.
    """

    def __init__(self, network: BiaxialLSTM, made: dict[str, Any], name: str) -> None:
        self.network = network
        self.made = made
        self.name = name

    def compose(
        self,
        bars: int = 16,
        *,
        key: Key | str | None = None,
        time_signature: TimeSignature | str = "4/4",
        tempo_bpm: float = DEFAULT_TEMPO_BPM,
        phrases: Sequence[int] | None = None,
        primer: Score | str | Path | None = None,
        seed: int = 0,
        drawing: Drawing | None = None,
        progress: Progress | None = None,
    ) -> Piece:
        """Compose one piece; the parameters are those of :meth:`compose_many`."""
        pieces = self.compose_many(
            1,
            bars,
            key=key,
            time_signature=time_signature,
            tempo_bpm=tempo_bpm,
            phrases=phrases,
            primer=primer,
            seed=seed,
            drawing=drawing,
            progress=progress,
        )
        return next(pieces)

    def compose_many(
        self,
        num_outputs: int,
        bars: int = 16,
        *,
        key: Key | str | None = None,
        time_signature: TimeSignature | str = "4/4",
        tempo_bpm: float = DEFAULT_TEMPO_BPM,
        phrases: Sequence[int] | None = None,
        primer: Score | str | Path | None = None,
        seed: int = 0,
        drawing: Drawing | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Piece]:
        """Compose pieces, a batch at a time; they come as they are finished.

        Parameters
        ----------
        num_outputs
            How many.
        bars
            Length of each, 1 to 1000; its last bar is an ending.
        key
            A :class:`Key` or its name, such as ``"G major"``. By default the primer's, else one that is drawn as often
            as the corpus has it.
        time_signature
            The metre.
        tempo_bpm
            Quarter notes a minute.
        phrases
            Bars of each phrase, which add up to ``bars``.
        primer
            Music that the piece begins with: a score or a MIDI file. Its pickup comes before the bars.
        seed
            Piece ``i`` is the one that ``seed + i`` gives alone.
        drawing
            Temperature, min-p and constraints.
        progress
            Called with the number of frames drawn since its last call.

        Raises
        ------
        InputError, ValueError
            If a value cannot be used.
        """
        drawing = drawing or Drawing()
        key = Key.from_name(key) if isinstance(key, str) else key
        if isinstance(time_signature, str):
            time_signature = TimeSignature.from_name(time_signature)
        if primer is not None and not isinstance(primer, Score):
            primer = read_midi(Path(primer))
        if primer is not None:
            primer, _ = Grid(self.network.config.steps_per_quarter).quantised(primer)
            key = key or primer.key
        check_metre(time_signature, self.network.config.steps_per_quarter)
        seeds = range(seed, seed + num_outputs)
        outline = make_outline(
            bars,
            key=key,
            time_signature=time_signature,
            tempo_bpm=tempo_bpm,
            phrases=phrases,
            pickup_ticks=0 if primer is None else primer.pickup_ticks * TICKS_PER_QUARTER // primer.ticks_per_quarter,
        )
        outlines = [
            replace(outline, key=key or drawn_key(self.made.get("keys", {}), s), title=f"Chorale {s}") for s in seeds
        ]
        known = None if primer is None else primer_outcomes(primer, outline, self.network.config)
        stepper = ParallelStepper(self.network, proposal_of(drawing, self.made))
        return compose(stepper, outlines, seeds, drawing, self.name, known, progress)

    @torch.inference_mode()
    def log_likelihood(self, piece: Piece | Score | str | Path) -> LogLikelihood:
        """The log-probability of a piece, given its outline, by the parallel pass.

        Parameters
        ----------
        piece
            A piece, a score, or a MIDI file. A score without a key or without phrase ends is scored with these unknown.
            For a model with voices every note needs a voice.

        Raises
        ------
        InputError
            If the model has voices and the score none.
        """
        score = piece.score if isinstance(piece, Piece) else piece
        score = score if isinstance(score, Score) else read_midi(Path(score))
        config = self.network.config
        grid = Grid(config.steps_per_quarter)
        if config.num_voices and not 0 < score.num_voices <= config.num_voices:
            raise InputError(
                f"this model scores music in up to {config.num_voices} voices, every note in one, and the score has "
                f"{score.num_voices or 'none'}; biaxial.voices.assign_voices finds them"
            )
        try:
            roll = Roll.from_score(score, grid, config.low_pitch, config.num_notes)
        except ValueError:  # a pitch that the model cannot express
            steps = Roll.from_score(score, grid, 0, 128)
            return LogLikelihood(-float("inf"), steps.num_steps, int((steps.states == STRIKE).sum()))
        device = self.network.device
        outcomes = torch.from_numpy(config.alphabet.encode(roll.states, roll.voices)).unsqueeze(0).to(device)
        conditions = torch.from_numpy(outline_conditions(roll.outline, grid)).unsqueeze(0).to(device)
        frames = self.network.frame_log_likelihood(outcomes, torch.zeros_like(outcomes[:, 0]), conditions)
        return LogLikelihood(float(frames.double().sum()), roll.num_steps, int((roll.states == STRIKE).sum()))
