"""Held-out likelihood of a corpus, split by split: what ``biaxial-evaluate`` prints, for every kind of network.

A frame is one step of the piece. Under a token LSTM whose strings are single lines, the nats of all lines are added.

A piece with a pitch that the model cannot express has likelihood zero; it is never left out in silence. A tune is
familiar if the line of highest notes, without its repetitions and in any key, is that of a training piece.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from biaxial.corpora.benchmark_frames import NUM_PITCHES
from biaxial.corpora.corpus import Corpus, CorpusPiece, outcomes_of
from biaxial.corpora.corpus_piece import levels_of
from biaxial.corpora.splits import SPLITS
from biaxial.features.conditions import hidden
from biaxial.likelihood.cell_nats import cell_nats
from biaxial.likelihood.frame_nats import Nats, figures_of, frame_nats
from biaxial.likelihood.level_nats import level_nats
from biaxial.metrics.figures.report import Figure
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.music.constants import SILENT
from biaxial.music.errors import InputError
from biaxial.tokens.network import SequenceLSTM, string_log_likelihoods
from biaxial.tokens.strings import cells_of

Networks = Sequence[BiaxialLSTM | SequenceLSTM]
Progress = Callable[[int], None] | None


@dataclass(frozen=True)
class Evaluation:
    """Likelihood of some pieces.

    Parameters
    ----------
    label
        Which pieces they are.
    num_pieces, num_frames, num_notes
        How many pieces, frames and notes there are. The notes of a biaxial LSTM are struck cells (with two cell states:
        sounding cells).
    impossible
        Names of the pieces of likelihood zero.
    figures
        Nats of the other pieces, ratios of sums over pieces, by what they are for. Of a biaxial LSTM ``frame``,
        ``note``, ``moving`` and ``still`` frames, and ``roll``, the roll's part in the nats of a frame, without that of
        the voices; under a single network with dynamics also ``level``, of how loud the notes are, given these. Of a
        token LSTM ``frame``, ``quarter``, ``token``, ``event`` (a note, chord or rest) and ``note``.
    """

    label: str
    num_pieces: int
    num_frames: int
    num_notes: int
    impossible: tuple[str, ...]
    figures: dict[str, Figure]

    def nats_per(self, name: str) -> float:
        """One of the figures over all pieces; infinite if one of them is impossible."""
        return float("inf") if self.impossible else self.figures[name].value


@dataclass(frozen=True)
class Scored:
    """A piece, its notes and its nats; ``None`` if the networks cannot express it."""

    piece: CorpusPiece
    num_notes: int
    nats: Nats | None


def check_networks(networks: Networks) -> None:
    """Refuse networks that cannot be averaged.

    Raises
    ------
    InputError
        If they are of different kinds, token LSTMs, or differ in what a cell can be, in the note range or in the grid.
    """
    if len(networks) > 1 and not all(isinstance(network, BiaxialLSTM) for network in networks):
        raise InputError("melody and chord weights are not averaged; give one path")
    for network in networks[1:]:
        for name in ("low_pitch", "num_notes", "num_states", "num_voices", "steps_per_quarter"):
            ours, theirs = getattr(networks[0].config, name), getattr(network.config, name)
            if ours != theirs:
                raise InputError(
                    f"these weights cannot be averaged: {name} is {ours} in the first and {theirs} in another"
                )


def evaluate(
    networks: Networks, corpus: Corpus, splits: Sequence[str] = SPLITS, progress: Progress = None
) -> list[Evaluation]:
    """Score pieces under a network, or under the average of several biaxial LSTMs.

    Parameters
    ----------
    networks
        The networks, in evaluation mode.
    corpus
        The pieces.
    splits
        The splits to score; those without pieces are left out. None at all: every piece, in one row.
    progress
        Called with the number of frames done since its last call.

    Returns
    -------
    One evaluation for each split; where the corpus has training pieces, another for the tunes of a held-out split that
    are not among them; and with more than one split, one for all.

    Raises
    ------
    InputError
        If the networks do not fit together, the corpus is on another grid, or it has no voices and they need them.
    """
    check_networks(networks)
    if corpus.steps_per_quarter != (steps := networks[0].config.steps_per_quarter):
        raise InputError(f"the corpus has {corpus.steps_per_quarter} steps a quarter, the weights are for {steps}")
    if not splits:
        return [_sum_up("all", _score(networks, corpus, corpus.pieces, progress))]
    known = {_tune(piece) for piece in corpus.split("train")}
    scored: dict[str, list[Scored]] = {}
    found = []
    for split in SPLITS:
        if split not in splits or not corpus.split(split):
            continue
        pieces = scored[split] = _score(networks, corpus, corpus.split(split), progress)
        found.append(_sum_up(split, pieces))
        new = [each for each in pieces if _tune(each.piece) not in known]
        if split != "train" and 0 < len(new) < len(pieces):
            found.append(_sum_up(f"{split}, tune not in train", new))
    if len(scored) > 1:
        found.append(_sum_up("all", [each for pieces in scored.values() for each in pieces]))
    return found


def _score(networks: Networks, corpus: Corpus, pieces: Sequence[CorpusPiece], progress: Progress) -> list[Scored]:
    """Score pieces; the kind of network says how."""
    if isinstance(network := networks[0], SequenceLSTM):
        return [_score_strings(network, corpus, piece, progress) for piece in pieces]
    scored = score_frames([each for each in networks if isinstance(each, BiaxialLSTM)], corpus, pieces, progress)
    if len(networks) > 1 or network.dynamics is None:
        return scored
    return [each if each.nats is None else _with_levels(network, each, each.nats) for each in scored]


def _with_levels(network: BiaxialLSTM, scored: Scored, nats: Nats) -> Scored:
    """A piece with the nats of its levels."""
    piece, levels = scored.piece, levels_of(scored.piece, network.config)
    count, total = int((levels > 0).sum()), 0.0
    if count:
        conditions = hidden(piece.conditions, "plan")
        total = level_nats(network, outcomes_of(piece, network.config), conditions, levels)
    return replace(scored, nats={**nats, "level": (total, count)})


def score_frames(
    networks: Sequence[BiaxialLSTM], corpus: Corpus, pieces: Sequence[CorpusPiece], progress: Progress
) -> list[Scored]:
    """Score pieces under a biaxial LSTM, or under the average of several, all in one pass.

    Raises
    ------
    InputError
        If the corpus has no voices and they need them.
    """
    config = networks[0].config
    if config.num_voices not in (0, corpus.num_voices):
        raise InputError(
            f"the weights are for music in {config.num_voices} voices, every note in one, and the corpus has "
            f"{corpus.num_voices or 'none, or not the same number everywhere'}; give weights without voices"
        )
    state, scored = config.num_states - 1, []
    ranges = [piece.pitch_range() for piece in pieces]
    fits = [config.low_pitch <= low and high <= config.high_pitch for low, high in ranges]
    possible = [piece for piece, fit in zip(pieces, fits, strict=True) if fit]
    rolls = [outcomes_of(piece, config) for piece in possible]
    told = [hidden(piece.conditions, "plan") for piece in possible]  # which was read off their notes
    cells = cell_nats(networks, rolls, told, progress=progress)
    nats = iter(
        {
            **frame_nats(roll, -found.nats.sum(axis=1), config.alphabet),
            "roll": (float(found.roll_nats.sum()), len(roll)),
        }
        for roll, found in zip(rolls, cells, strict=True)
    )
    for piece, fit in zip(pieces, fits, strict=True):
        num_notes = int((np.minimum(piece.states, state) == state).sum())
        scored.append(Scored(piece, num_notes, next(nats) if fit else None))
        if not fit and progress is not None:
            progress(piece.num_steps)
    return scored


def _score_strings(network: SequenceLSTM, corpus: Corpus, piece: CorpusPiece, progress: Progress) -> Scored:
    """Score a piece under a token LSTM."""
    strings = cells_of(piece).strings(network.config)
    nats, num_notes = -sum(string_log_likelihoods(network, strings)), sum(each.string.num_notes for each in strings)
    corpus.release()
    if progress is not None:
        progress(piece.num_steps)
    counts = {
        "frame": piece.num_steps,
        "quarter": piece.num_steps / network.config.steps_per_quarter,
        "token": sum(each.length for each in strings),
        "event": sum(each.string.num_events for each in strings),
        "note": num_notes,
    }
    return Scored(piece, num_notes, {name: (nats, count) for name, count in counts.items()})


def _sum_up(label: str, scored: Sequence[Scored]) -> Evaluation:
    return Evaluation(
        label,
        len(scored),
        sum(each.piece.num_steps for each in scored),
        sum(each.num_notes for each in scored),
        tuple(each.piece.name for each in scored if each.nats is None),
        figures_of([each.nats for each in scored if each.nats is not None]),
    )


def _tune(piece: CorpusPiece) -> tuple[int, ...]:
    """Steps of the line of highest notes, without repetitions."""
    sounding = piece.states != SILENT
    top = (NUM_PITCHES - 1 - sounding[:, ::-1].argmax(axis=1))[sounding.any(axis=1)]
    moves = np.diff(top)
    return tuple(moves[moves != 0].tolist())
