"""Held-out likelihood of a corpus, split by split: what ``biaxial-evaluate`` prints.

A piece with a pitch that the model cannot express has likelihood zero; it is never left out in silence. A tune is
familiar if the line of highest notes, without its repetitions and in any key, is that of a training piece.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from biaxial.corpora.benchmark_frames import NUM_PITCHES
from biaxial.corpora.corpus import Corpus, CorpusPiece, outcomes_of
from biaxial.corpora.splits import SPLITS
from biaxial.likelihood.frame_nats import FrameLogProbs, HeldOutNats, held_out_nats, network_log_probs, ratio
from biaxial.metrics.figures.report import Figure
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import ModelConfig
from biaxial.music.constants import SILENT
from biaxial.music.errors import InputError


@dataclass(frozen=True)
class Evaluation:
    """Likelihood of some pieces.

    Parameters
    ----------
    label
        Which pieces they are.
    num_pieces, num_frames, num_notes
        How many pieces, frames and struck cells (with two cell states: sounding cells) there are.
    impossible
        Names of the pieces of likelihood zero.
    nats
        Nats of the other pieces.
    roll
        The roll's part in their nats per frame, without that of the voices.
    """

    label: str
    num_pieces: int
    num_frames: int
    num_notes: int
    impossible: tuple[str, ...]
    nats: HeldOutNats
    roll: Figure

    @property
    def nats_per_frame(self) -> float:
        """Nats of a frame over all pieces; infinite if one of them is impossible."""
        return float("inf") if self.impossible else self.nats.per_step.value

    @property
    def nats_per_note(self) -> float:
        """Nats of a note over all pieces; infinite if one of them is impossible."""
        return float("inf") if self.impossible else self.nats.per_note.value


def check_networks(networks: Sequence[BiaxialLSTM]) -> ModelConfig:
    """The config of networks that can be averaged: that of the first.

    Raises
    ------
    InputError
        If they differ in what a cell can be, in the note range or in the grid.
    """
    config = networks[0].config
    for network in networks[1:]:
        for name in ("low_pitch", "num_notes", "num_states", "num_voices", "steps_per_quarter"):
            ours, theirs = getattr(config, name), getattr(network.config, name)
            if ours != theirs:
                raise InputError(
                    f"these weights cannot be averaged: {name} is {ours} in the first and {theirs} in another"
                )
    return config


def evaluate(
    networks: Sequence[BiaxialLSTM],
    corpus: Corpus,
    splits: Sequence[str] = SPLITS,
    progress: Callable[[int], None] | None = None,
) -> list[Evaluation]:
    """Score pieces under a network, or under the average of several.

    Parameters
    ----------
    networks
        The networks, in evaluation mode.
    corpus
        The pieces.
    splits
        The splits to score; those without pieces are left out.
    progress
        Called with the number of frames done since its last call.

    Returns
    -------
    One evaluation for each split; where the corpus has training pieces, another for the tunes of a held-out split that
    are not among them; and with more than one split, one for all.

    Raises
    ------
    InputError
        If the networks do not fit together, or the corpus has no voices and they need them.
    """
    config = check_networks(networks)
    if corpus.steps_per_quarter != config.steps_per_quarter:
        raise InputError(
            f"the corpus has {corpus.steps_per_quarter} steps a quarter, the weights are for {config.steps_per_quarter}"
        )
    if config.num_voices not in (0, corpus.num_voices):
        raise InputError(
            f"the weights are for music in {config.num_voices} voices, every note in one, and the corpus has "
            f"{corpus.num_voices or 'none, or not the same number everywhere'}; give weights without voices"
        )
    scored = {split: _score(networks, corpus.split(split), progress) for split in SPLITS if split in splits}
    scored = {split: pieces for split, pieces in scored.items() if pieces}
    known = {_tune(piece) for piece in corpus.split("train")}
    found = []
    for split, pieces in scored.items():
        found.append(_sum_up(split, pieces, config))
        new = [piece for piece in pieces if _tune(piece[0]) not in known]
        if split != "train" and 0 < len(new) < len(pieces):
            found.append(_sum_up(f"{split}, tune not in train", new, config))
    if len(scored) > 1:
        found.append(_sum_up("all", [piece for pieces in scored.values() for piece in pieces], config))
    return found


_Scored = list[tuple[CorpusPiece, FrameLogProbs | None]]


def _score(
    networks: Sequence[BiaxialLSTM], pieces: Sequence[CorpusPiece], progress: Callable[[int], None] | None
) -> _Scored:
    """Pieces with their log-probabilities, ``None`` for those that the networks cannot express."""
    config = networks[0].config
    fits = [
        config.low_pitch <= piece.pitch_range()[0] and piece.pitch_range()[1] <= config.high_pitch for piece in pieces
    ]
    possible = [piece for piece, fit in zip(pieces, fits, strict=True) if fit]
    rolls = [outcomes_of(piece, config) for piece in possible]
    found = iter(network_log_probs(networks, rolls, [piece.conditions for piece in possible], progress=progress))
    if progress is not None:
        progress(sum(piece.num_steps for piece, fit in zip(pieces, fits, strict=True) if not fit))
    return [(piece, next(found) if fit else None) for piece, fit in zip(pieces, fits, strict=True)]


def _sum_up(label: str, scored: _Scored, config: ModelConfig) -> Evaluation:
    pieces = [piece for piece, _ in scored]
    possible = [(piece, log_probs) for piece, log_probs in scored if log_probs is not None]
    rolls = [outcomes_of(piece, config) for piece, _ in possible]
    steps = [piece.num_steps for piece, _ in possible]
    state = config.num_states - 1
    return Evaluation(
        label,
        len(pieces),
        sum(piece.num_steps for piece in pieces),
        sum(int((np.minimum(piece.states, state) == state).sum()) for piece in pieces),
        tuple(piece.name for piece, log_probs in scored if log_probs is None),
        held_out_nats(rolls, [log_probs.frames for _, log_probs in possible], config.alphabet),
        ratio("roll", "nats per step", [-log_probs.states.sum() for _, log_probs in possible], steps),
    )


def _tune(piece: CorpusPiece) -> tuple[int, ...]:
    """Steps of the line of highest notes, without repetitions."""
    sounding = piece.states != SILENT
    top = (NUM_PITCHES - 1 - sounding[:, ::-1].argmax(axis=1))[sounding.any(axis=1)]
    moves = np.diff(top)
    return tuple(moves[moves != 0].tolist())
