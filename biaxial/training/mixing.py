"""An old corpus mixed into the training on a new one, so that a network that learns the new does not forget the old.

The crops of an epoch are those of the new corpus and, as a stated share of them all, crops of pieces drawn from the old
one. Only its training pieces are drawn, and none that the new corpus holds out, in whatever transposition. Validation
is on the new corpus alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from biaxial.corpora.corpus import Corpus, CorpusPiece
from biaxial.music.errors import InputError

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Mix:
    """An old corpus and its share.

    Parameters
    ----------
    corpus
        The old corpus; its training pieces are used.
    share
        Share of the crops of an epoch that come from it, between 0 and 1.
    path
        Where it came from, kept for resuming.
    held_out
        Pieces of the new corpus that must not be met in training.
    """

    corpus: Corpus
    share: float
    path: str = ""
    held_out: tuple[CorpusPiece, ...] = ()
    pieces: tuple[CorpusPiece, ...] = field(init=False)

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise InputError(f"--mix-share is a share between 0 and 1, not {self.share:g}")
        lengths = {piece.num_steps for piece in self.held_out}
        secret = {_shape(piece) for piece in self.held_out}
        pieces = tuple(
            piece
            for piece in self.corpus.split("train")
            if piece.num_steps not in lengths or _shape(piece) not in secret
        )
        if not pieces:
            raise InputError(f"{self.path or 'the corpus to mix in'}: no training pieces that are not held out")
        object.__setattr__(self, "pieces", pieces)

    def drawn(
        self, own: int, crops_of: Callable[[CorpusPiece, np.random.Generator], list[T]], rng: np.random.Generator
    ) -> list[T]:
        """Crops of the old corpus for one epoch.

        Parameters
        ----------
        own
            Crops of the new corpus in it.
        crops_of
            Cuts the crops of one piece.
        rng
            Draws pieces and crops; every piece comes once before one comes again.
        """
        wanted = round(own * self.share / (1 - self.share))
        crops: list[T] = []
        while len(crops) < wanted:
            for index in rng.permutation(len(self.pieces)):
                crops += crops_of(self.pieces[index], rng)
                if len(crops) >= wanted:
                    break
        return crops[:wanted]


def _shape(piece: CorpusPiece) -> bytes:
    """The frames of a piece as seen from its lowest note, which no transposition changes."""
    low, high = piece.pitch_range()
    return piece.states[:, low : high + 1].tobytes() + piece.voices[:, low : high + 1].tobytes()
