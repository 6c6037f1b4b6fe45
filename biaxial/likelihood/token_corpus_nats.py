"""Held-out likelihood of a corpus under a token LSTM, split by split, in the units of every other model.

A frame is one step of the piece, whatever the number of its lines: the nats of four voices that a ``melody`` model
scores one by one are added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from biaxial.corpora.corpus import Corpus, CorpusPiece
from biaxial.corpora.splits import SPLITS
from biaxial.likelihood.frame_nats import ratio
from biaxial.metrics.figures.report import Figure
from biaxial.music.errors import InputError
from biaxial.tokens.network import SequenceLSTM, string_log_likelihoods
from biaxial.tokens.strings import cells_of


@dataclass(frozen=True)
class StringEvaluation:
    """Likelihood of some pieces.

    Parameters
    ----------
    label
        Which pieces they are.
    num_pieces, num_frames, num_tokens, num_events, num_notes
        How many pieces, frames, tokens, events (notes, chords and rests) and notes there are.
    per_frame, per_quarter, per_token, per_event, per_note
        Nats of each, a ratio of sums over pieces.
    """

    label: str
    num_pieces: int
    num_frames: int
    num_tokens: int
    num_events: int
    num_notes: int
    per_frame: Figure
    per_quarter: Figure
    per_token: Figure
    per_event: Figure
    per_note: Figure


@dataclass(frozen=True)
class _Scored:
    """A piece: its nats, frames, tokens, events and notes."""

    nats: float
    frames: int
    tokens: int
    events: int
    notes: int


def evaluate_strings(
    network: SequenceLSTM,
    corpus: Corpus,
    splits: Sequence[str] = SPLITS,
    progress: Callable[[int], None] | None = None,
) -> list[StringEvaluation]:
    """Score pieces under a token LSTM.

    Parameters
    ----------
    network
        The network, in evaluation mode.
    corpus
        The pieces.
    splits
        The splits to score; those without pieces are left out.
    progress
        Called with the number of frames done since its last call.

    Returns
    -------
    One evaluation for each split, and with more than one split another for all.

    Raises
    ------
    InputError
        If the corpus is on another grid.
    """
    spq = network.config.steps_per_quarter
    if corpus.steps_per_quarter != spq:
        raise InputError(f"the corpus has {corpus.steps_per_quarter} steps a quarter, the weights are for {spq}")
    scored: dict[str, list[_Scored]] = {}
    for split in (split for split in SPLITS if split in splits):
        for piece in corpus.split(split):
            scored.setdefault(split, []).append(_score(network, piece))
            corpus.release()
            if progress is not None:
                progress(piece.num_steps)
    found = [_sum_up(split, pieces, spq) for split, pieces in scored.items()]
    if len(scored) > 1:
        found.append(_sum_up("all", [piece for pieces in scored.values() for piece in pieces], spq))
    return found


def _score(network: SequenceLSTM, piece: CorpusPiece) -> _Scored:
    strings = cells_of(piece).strings(network.config)
    return _Scored(
        -sum(string_log_likelihoods(network, strings)),
        piece.num_steps,
        sum(string.length for string in strings),
        sum(string.string.num_events for string in strings),
        sum(string.string.num_notes for string in strings),
    )


def _sum_up(label: str, pieces: Sequence[_Scored], steps_per_quarter: int) -> StringEvaluation:
    nats = [piece.nats for piece in pieces]
    counts = {name: [getattr(piece, name) for piece in pieces] for name in ("frames", "tokens", "events", "notes")}
    return StringEvaluation(
        label,
        len(pieces),
        num_frames=sum(counts["frames"]),
        num_tokens=sum(counts["tokens"]),
        num_events=sum(counts["events"]),
        num_notes=sum(counts["notes"]),
        per_frame=ratio("frame", "nats per step", nats, counts["frames"]),
        per_quarter=ratio("quarter", "nats per quarter", nats, [n / steps_per_quarter for n in counts["frames"]]),
        per_token=ratio("token", "nats per token", nats, counts["tokens"]),
        per_event=ratio("event", "nats per event", nats, counts["events"]),
        per_note=ratio("note", "nats per note", nats, counts["notes"]),
    )
