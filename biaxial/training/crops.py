"""Crops and batches: random crops of the training pieces, transposed; whole pieces for validation.

All randomness is drawn from (seed, epoch, place in the epoch), so that a resumed run sees what the unbroken one would
have seen.

For a network with a context encoder something is taken to be known of many crops: a melody, some voices, all but a gap,
a beginning, some notes. Notes are known whole: one that sounds at a known step is known from its onset to its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from biaxial.corpora.corpus import Corpus, CorpusPiece, outcomes_of
from biaxial.corpora.corpus_piece import levels_of
from biaxial.features.conditions import GROUPS, TONICS, UNKNOWN, Condition, hidden
from biaxial.features.echo import Echo, echoes
from biaxial.features.known import Known
from biaxial.models.batch import Batch
from biaxial.models.config import ModelConfig
from biaxial.music.cells import CellAlphabet
from biaxial.music.constants import HOLD, SILENT, VOICE_RANGES
from biaxial.training.batches import CorpusBatches, crop_spans, drawn_batches
from biaxial.training.config import TrainConfig
from biaxial.training.mixing import Mix

MAX_STEPS = 8192
"""Steps of a batch of whole pieces; eight of the longest chorales have fewer."""


Kind = Literal["melody", "voices", "gap", "beginning", "notes"]
SHARES: Final[dict[Kind, float]] = {"melody": 0.5, "voices": 0.18, "gap": 0.18, "beginning": 0.07, "notes": 0.07}
"""How often each kind is drawn, where anything is known."""


@dataclass(frozen=True)
class Given:
    """What is known of a crop.

    Parameters
    ----------
    kind
        The highest voice all through (``"melody"``); some voices, but not all (``"voices"``); everything but some
        voices in a span of at most half of the crop (``"gap"``); everything up to a step, and from there on perhaps the
        highest voice (``"beginning"``); single notes here and there (``"notes"``).
    seed
        Of whatever is drawn.
    """

    kind: Kind = "melody"
    seed: int = 0

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Given:
        """One at random."""
        kinds = list(SHARES)
        return cls(kinds[int(rng.choice(len(kinds), p=list(SHARES.values())))], int(rng.integers(2**31)))

    def voices(self, outcomes: NDArray[np.uint8], alphabet: CellAlphabet) -> NDArray[np.uint8]:
        """Sets of known voices, shape ``(t, n)``, of frames ``(t, n)``."""
        if not alphabet.num_voices:
            return self._cells(outcomes, alphabet)
        wanted = self._steps(len(outcomes), alphabet.num_voices)
        sounding = alphabet.voice_matrix[outcomes]  # t n v
        states = alphabet.states[outcomes]
        known = np.stack(
            [
                _whole_notes(wanted[:, voice], _line(states, sounding[:, :, voice]))
                for voice in range(alphabet.num_voices)
            ],
            axis=1,
        )  # t v
        sets = (known * (1 << np.arange(alphabet.num_voices))).sum(axis=1)
        return np.broadcast_to(sets.astype(np.uint8)[:, None], outcomes.shape)

    def _steps(self, num_steps: int, num_voices: int) -> NDArray[np.bool_]:
        """At which steps each voice is known, shape ``(t, v)``."""
        rng = np.random.default_rng(self.seed)
        known = np.zeros((num_steps, num_voices), dtype=bool)
        some = rng.random(num_voices) < 0.5  # a set that is neither empty nor full
        if some.all() or not some.any():
            some = np.arange(num_voices) == rng.integers(num_voices)
        if self.kind == "melody":
            known[:, 0] = True
        elif self.kind == "voices":
            known[:, some] = True
        elif self.kind == "gap":
            length = int(rng.integers(1, max(2, num_steps // 2)))
            start = int(rng.integers(0, num_steps - length + 1))
            known[:] = True
            open_voices = some if rng.random() < 0.5 else np.ones(num_voices, dtype=bool)
            known[start : start + length, open_voices] = False
        elif self.kind == "beginning":
            known[: int(rng.integers(1, num_steps + 1))] = True
            known[:, 0] |= rng.random() < 0.5
        else:
            share = rng.uniform(0.01, 0.1)
            known[:] = rng.random(known.shape) < share
        return known

    def _cells(self, outcomes: NDArray[np.uint8], alphabet: CellAlphabet) -> NDArray[np.uint8]:
        """Known cells of a corpus without voices: the highest note and all above it stand for the melody."""
        num_steps, num_notes = outcomes.shape
        sounds = alphabet.states[outcomes] != SILENT
        top = np.where(sounds.any(axis=1), num_notes - 1 - sounds[:, ::-1].argmax(axis=1), num_notes)
        steps = self._steps(num_steps, 2)  # stand-ins: the highest note, and all the rest
        melody = np.arange(num_notes)[None, :] >= top[:, None]
        known = np.where(melody, steps[:, :1], steps[:, 1:])
        states = alphabet.states[outcomes]
        for n in np.flatnonzero(sounds.any(axis=0)):
            column = slice(n, n + 1)
            known[:, n] = _whole_notes(known[:, n], _line(states[:, column], sounds[:, column]))
        return known.astype(np.uint8)


@dataclass(frozen=True)
class Crop:
    """Where a crop comes from: piece, first step, number of steps, transposition, hidden conditions, what is known.

    Its style is that of the piece, unless it is hidden too.
    """

    piece: CorpusPiece
    start: int
    length: int
    semitones: int = 0
    hide: tuple[str, ...] = ()
    given: Given | None = None
    hides_style: bool = False

    @property
    def style(self) -> str | None:
        """The style that the network is told."""
        return None if self.hides_style else self.piece.style


def transpositions(piece: CorpusPiece, config: ModelConfig, most: int) -> list[int]:
    """Shifts by at most ``most`` semitones that keep a piece in the note range and its voices in their ranges."""
    low, high = piece.pitch_range()
    bounds = [(low, high, config.low_pitch, config.high_pitch)]
    if config.num_voices == len(VOICE_RANGES):
        bounds += [(*piece.voice_range(v), *VOICE_RANGES[v]) for v in range(config.num_voices)]
    shifts = range(-most, most + 1)
    return [
        s
        for s in shifts
        if s == 0 or all(bottom <= lowest + s and highest + s <= top for lowest, highest, bottom, top in bounds)
    ]


def collate(crops: list[Crop], config: ModelConfig) -> Batch:
    """Make a batch of crops; without any it is one step that is masked."""
    length = max((crop.length for crop in crops), default=1)
    b, n = max(1, len(crops)), config.num_notes
    outcomes = np.zeros((b, length, n), np.uint8)
    previous = np.zeros((b, n), np.uint8)
    conditions = np.full((b, length, len(Condition)), UNKNOWN, np.int16)
    mask = np.zeros((b, length), bool)
    echo = Echo(torch.zeros(b, length, n).byte(), torch.zeros(b, length).long(), torch.zeros(b, length).bool())
    known = Known.nothing(b, length, n)
    style = torch.zeros(b, len(config.styles))
    levels = np.zeros((b, length, n), np.uint8)
    for row, crop in enumerate(crops):
        end = crop.start + crop.length
        first = 0 if config.echo else max(0, crop.start - 1)  # the echo looks at all that came before
        so_far = outcomes_of(crop.piece, config, end, crop.semitones, first)
        outcomes[row, : crop.length] = so_far[crop.start - first :]
        if crop.start:
            previous[row] = so_far[crop.start - first - 1]
        if config.dynamics:
            levels[row, : crop.length] = levels_of(crop.piece, config, end, crop.semitones, crop.start)
        if crop.given is not None:
            frames = outcomes[row, : crop.length]
            voices = crop.given.voices(frames, config.alphabet)
            for part, found in zip(known, Known.of(frames, voices, config.alphabet), strict=True):
                part[row, : crop.length] = found
        if config.echo:
            heard = echoes(torch.from_numpy(so_far).unsqueeze(0))
            for part, found in zip(echo, heard, strict=True):
                part[row, : crop.length] = found[0, crop.start :]
        rows = crop.piece.conditions[crop.start : end].copy()
        for tonic in TONICS:
            in_key = rows[:, tonic] != UNKNOWN
            rows[in_key, tonic] = (rows[in_key, tonic] + crop.semitones) % 12
        conditions[row, : crop.length] = hidden(rows, *crop.hide)
        mask[row, : crop.length] = True
        if config.styles and crop.style is not None:
            style[row, config.styles.index(crop.style)] = 1
    return Batch(
        torch.from_numpy(outcomes),
        torch.from_numpy(previous),
        torch.from_numpy(conditions),
        torch.from_numpy(mask),
        echo if config.echo else None,
        known if any(crop.given for crop in crops) else None,
        style=style if config.styles else None,
        levels=torch.from_numpy(levels) if config.dynamics else None,
    )


def piece_crops(piece: CorpusPiece, config: ModelConfig, train: TrainConfig, rng: np.random.Generator) -> list[Crop]:
    """As many crops as are needed to cover a piece; the first begins near its beginning, the last ends near its end.

    Each crop is transposed at random, and each group of conditions is hidden in a share of them; for a network with a
    context encoder something is known of a share of them. A network with styles is not told that of another share.
    """
    crops = []
    shifts = transpositions(piece, config, train.transpose)
    for start, length in crop_spans(piece.num_steps, train, rng):
        hide = tuple(group for group in GROUPS if rng.random() < train.hidden_share(group))
        shift = int(rng.choice(shifts))
        given = Given.drawn(rng) if config.context_hidden and rng.random() < train.known_share else None
        hides_style = bool(config.styles) and rng.random() < train.no_style_share
        crops.append(Crop(piece, start, length, shift, hide, given, hides_style))
    return crops


def epoch_crops(
    pieces: tuple[CorpusPiece, ...], config: ModelConfig, train: TrainConfig, epoch: int, mix: Mix | None = None
) -> Iterator[list[Crop]]:
    """The batches of one epoch, as crops.

    Every piece is covered; crops of an old corpus may be mixed in. Crops of about the same length come together, since
    the shorter ones of a batch are padded.
    """
    yield from drawn_batches(pieces, train, epoch, mix, lambda piece, rng: piece_crops(piece, config, train, rng))


def whole_pieces(pieces: tuple[CorpusPiece, ...], batch_size: int, given: Given | None = None) -> list[list[Crop]]:
    """Whole pieces in batches of similar length, with something known of each or nothing, and no plan of any.

    A batch has at most ``batch_size`` pieces, and at most :data:`MAX_STEPS` steps unless one piece alone has more.
    """
    batches: list[list[Crop]] = []
    for piece in sorted(pieces, key=lambda piece: piece.num_steps):
        last = batches[-1] if batches else []
        if not last or len(last) == batch_size or (len(last) + 1) * piece.num_steps > MAX_STEPS:
            batches.append([])
        batches[-1].append(Crop(piece, 0, piece.num_steps, hide=("plan",), given=given))
    return batches


class CorpusData(CorpusBatches[Crop]):
    """Batches for a biaxial LSTM."""

    def __init__(self, corpus: Corpus, config: ModelConfig, train: TrainConfig, mix: Mix | None = None) -> None:
        super().__init__(corpus, train, mix)
        self.config = config

    def crops_of(self, piece: CorpusPiece, rng: np.random.Generator) -> list[Crop]:
        """As :func:`piece_crops`."""
        return piece_crops(piece, self.config, self.train, rng)

    def held_out(self) -> list[list[Crop]]:
        """Whole held-out pieces with all conditions known but the plan; with an encoder once more, the melody known."""
        pieces = self.corpus.split("valid")
        batches = whole_pieces(pieces, 8)
        if self.config.context_hidden:
            batches += whole_pieces(pieces, 8, Given("melody"))
        return batches

    def collated(self, crops: list[Crop]) -> Batch:
        """As :func:`collate`."""
        return collate(crops, self.config)


def _line(states: NDArray[np.int8], sounding: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number of the note that a voice sounds at each step, counted from 1, shape ``(t,)``; 0 in a rest.

    ``sounding`` says in which cells the voice sounds, shape ``(t, n)``.
    """
    sounds = np.asarray(sounding.any(axis=1))
    place = np.asarray(sounding.argmax(axis=1))
    state = np.take_along_axis(states, place[:, None], axis=1)[:, 0]
    moved = np.ones(len(place), dtype=bool)
    moved[1:] = (place[1:] != place[:-1]) | ~sounds[:-1]
    begins = sounds & ((state != HOLD) | moved)
    return np.where(sounds, np.cumsum(begins), 0)


def _whole_notes(known: NDArray[np.bool_], line: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Steps at which a voice is known, extended to all of every note that is known in part."""
    notes = np.unique(line[known & (line > 0)])
    return np.asarray(known | np.isin(line, notes))
