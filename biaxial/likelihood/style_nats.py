"""How likely each piece is in each style that a network knows, and which style makes it most probable.

With styles that are equally probable beforehand, the most probable style of a piece is that in which the piece is
likeliest (Bayes' rule).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from biaxial.corpora.corpus import Corpus
from biaxial.corpora.splits import SPLITS, Split
from biaxial.likelihood.corpus_nats import score_frames
from biaxial.likelihood.frame_nats import ratio
from biaxial.metrics.figures.report import Figure
from biaxial.models.biaxial import BiaxialLSTM


@dataclass(frozen=True)
class StyledPiece:
    """A piece and its nats.

    Parameters
    ----------
    name, split
        Which piece.
    num_frames
        Its frames.
    nats
        Of the whole piece, by the names of the styles.
    """

    name: str
    split: Split
    num_frames: int
    nats: dict[str, float]

    @property
    def style(self) -> str:
        """The most probable one."""
        return min(self.nats, key=lambda name: self.nats[name])


@dataclass(frozen=True)
class StyleRow:
    """Some pieces under one style: nats of a frame, and how many of them are most probable in it."""

    label: str
    style: str
    figure: Figure
    num_best: int
    num_pieces: int


def style_nats(
    network: BiaxialLSTM,
    corpus: Corpus,
    splits: Sequence[Split] = (),
    progress: Callable[[int], None] | None = None,
) -> tuple[StyledPiece, ...]:
    """Score pieces in every style.

    Parameters
    ----------
    network
        A network with styles, in evaluation mode.
    corpus
        The pieces; those with a pitch that the network cannot express are left out.
    splits
        The splits to score, all by default.
    progress
        Called with the number of frames done since its last call; each is done once for each style.

    Raises
    ------
    InputError
        If the corpus has no voices and the network needs them.
    """
    names = network.config.styles
    pieces = [piece for piece in corpus.pieces if not splits or piece.split in splits]
    nats: list[dict[str, float]] = [{} for _ in pieces]
    for index, name in enumerate(names):
        settled = network.in_style([float(other == index) for other in range(len(names))])
        for own, scored in zip(nats, score_frames([settled], corpus, pieces, progress), strict=True):
            if scored.nats is not None:
                own[name] = scored.nats["frame"][0]
    return tuple(
        StyledPiece(piece.name, piece.split, piece.num_steps, own)
        for piece, own in zip(pieces, nats, strict=True)
        if own
    )


def style_rows(pieces: Sequence[StyledPiece], by_split: bool) -> list[StyleRow]:
    """A row for each style, split by split or of all pieces."""
    groups: dict[str, list[StyledPiece]] = {"all": list(pieces)}
    if by_split:
        groups = {name: [piece for piece in pieces if piece.split == name] for name in SPLITS}
    return [
        StyleRow(
            label,
            style,
            ratio("frame", "nats per frame", [piece.nats[style] for piece in own], [piece.num_frames for piece in own]),
            sum(piece.style == style for piece in own),
            len(own),
        )
        for label, own in groups.items()
        if own
        for style in own[0].nats
    ]
