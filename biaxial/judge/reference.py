"""What pieces are judged against: the measures of a corpus at several lengths, and the passages it consists of.

Every piece of a corpus is cut to 4, 8, 12 or 16 bars, as far as it has them, so that a piece of five bars stands beside
the first bars of chorales and not beside whole ones. A corpus has training, validation and test pieces
(:mod:`biaxial.corpora.splits`). Its distributions are those of the training pieces; nats are those of validation
pieces, which a model of that corpus was not trained on, and passages shared by chance those of validation and test
pieces. Copies are searched for in all of them.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from biaxial.corpora.splits import FolderItem
from biaxial.files.arrays import read_arrays
from biaxial.files.assets import ASSETS
from biaxial.judge.chord_counts import Chords, chord_distances, from_arrays, to_arrays, total
from biaxial.judge.measures import Reading, copied, in_piece, nats_per_step
from biaxial.judge.profiles import FEATURES, Profile, distance, pooled
from biaxial.likelihood.scored_cells import Precision
from biaxial.likelihood.surprise import laid_out, surprises
from biaxial.metrics.novelty.passages import PassageIndex
from biaxial.models.config import ModelConfig
from biaxial.models.network_arrays import NetworkArrays, arrays_of
from biaxial.music.errors import InputError
from biaxial.music.score import Score
from biaxial.sampling.piece_scorer import PieceScorer

if TYPE_CHECKING:
    from biaxial.models.biaxial import BiaxialLSTM

Teller: TypeAlias = "BiaxialLSTM | NetworkArrays[ModelConfig]"
"""What says how likely music is: arrays, by the kernels and the walk that draw, or a network of PyTorch."""
CUTS: Final = (4, 8, 12, 16)
"""Lengths in bars at which pieces are compared."""
MAX_SCORED: Final = 36
"""Validation pieces whose nats are taken, at most."""
FARTHEST: Final = 10.0
"""Standard deviations beyond which a value only counts as far away."""

Table = Mapping[str, NDArray[np.float64]]
"""Values of each measure over the pieces of a corpus; NaN where a piece does not have it."""


def cut_of(num_bars: int, cuts: Iterable[int] = CUTS) -> int:
    """The length that a piece of so many bars is compared at: the nearest by ratio."""
    return min(cuts, key=lambda cut: abs(math.log(cut / max(1, num_bars))))


@dataclass(frozen=True, eq=False)
class Reference:
    """A corpus as the judge sees it.

    Parameters
    ----------
    name
        What it is called in tables.
    pieces
        Names of the training pieces, in the order of the tables.
    pool
        The distributions of these together.
    chords
        Their chords.
    tables
        By length in bars, the values of every measure. Those of nats and of copies are of held-out pieces.
    passages
        What is searched for copies.
    weights
        Checksum of the network whose nats these are; empty if there are none.
    """

    name: str
    pieces: tuple[str, ...]
    pool: Profile
    chords: Chords
    tables: Mapping[int, Table]
    passages: PassageIndex
    weights: str = ""

    def values(self, measure: str, cut: int) -> NDArray[np.float64]:
        """The values of one measure over the pieces that have it."""
        values = self.tables[cut].get(measure, np.empty(0))
        return values[~np.isnan(values)]

    def standard(self, measure: str, cut: int, value: float) -> float:
        """By how many standard deviations a value lies above the mean of the corpus, at most ten either way.

        NaN for a value that is none, and where fewer than two pieces of the corpus have the measure. Where all of them
        have one value, any other is ten away.
        """
        if math.isnan(value) or (cut, measure) not in self._centres:
            return math.nan
        mean, spread = self._centres[cut, measure]
        difference = value - mean
        if abs(difference) < 1e-9:
            return 0.0
        found = difference / spread if spread > 1e-12 else math.copysign(math.inf, difference)
        return float(np.clip(found, -FARTHEST, FARTHEST))

    @cached_property
    def _centres(self) -> dict[tuple[int, str], tuple[float, float]]:
        """Mean and standard deviation of each measure at each length, where at least two pieces have it."""
        found = {}
        for cut, table in self.tables.items():
            for measure in table:
                if len(values := self.values(measure, cut)) > 1:
                    found[cut, measure] = float(values.mean()), float(values.std(ddof=1))
        return found

    def left_out(self, names: Collection[str]) -> frozenset[str]:
        """Where copies in pieces of the corpus are not looked for.

        In themselves, and if one of them is held out, in all that are: two settings of one tune are on one side.
        """
        held_out = frozenset(self.passages.names) - frozenset(self.pieces)
        return frozenset(names) | (held_out if held_out & frozenset(names) else frozenset())

    def distances(self, reading: Reading) -> dict[str, float]:
        """How far the distributions and the chords of a piece are from those of the corpus, as measures."""
        return _distances(reading.profile, self.pool) | chord_distances(reading.chords, self.chords)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """All that the reference is, as plain arrays for an ``.npz`` file."""
        arrays: dict[str, NDArray[Any]] = {
            "text": np.array([self.name, self.weights], dtype=np.str_),
            "pieces": np.array(self.pieces, dtype=np.str_),
        }
        arrays |= {f"pool/{name}": counts for name, counts in self.pool.items()}
        arrays |= {f"chords/{name}": counts for name, counts in to_arrays(self.chords).items()}
        for cut, table in self.tables.items():
            arrays |= {f"table/{cut}/{name}": values.astype(np.float32) for name, values in table.items()}
        return arrays | {f"passages/{name}": array for name, array in self.passages.to_arrays().items()}

    @classmethod
    def load(cls, path: Path) -> Reference:
        """Read what was written as :meth:`to_arrays`.

        Raises
        ------
        ValueError
            If it is something else.
        OSError
            If it cannot be opened.
        """
        arrays = read_arrays(path)

        def below(prefix: str) -> dict[str, NDArray[Any]]:
            return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}

        if not {"text", "pieces"} <= arrays.keys():
            raise ValueError(f"{path}: not what pieces are judged against; make it again")
        tables: dict[int, dict[str, NDArray[np.float64]]] = {}
        for place, values in below("table/").items():
            cut, name = place.split("/")
            tables.setdefault(int(cut), {})[name] = values.astype(np.float64)
        name, weights = arrays["text"].tolist()
        passages = PassageIndex.from_arrays(below("passages/"))
        chords = from_arrays(below("chords/"))
        return cls(name, tuple(arrays["pieces"].tolist()), below("pool/"), chords, tables, passages, weights)


@lru_cache(maxsize=1)
def shipped_reference() -> Reference:
    """Bach's chorales, with their nats under the shipped weights; ``scripts/make/make_reference.py`` makes the file."""
    return Reference.load(shipped_path())


def shipped_path() -> Path:
    """Where it lies."""
    return ASSETS / "bach.npz"


def measure_corpus(
    name: str,
    items: Sequence[FolderItem],
    cuts: Collection[int] = CUTS,
    network: Teller | None = None,
    precision: Precision = "float32",
    progress: Callable[[int], None] | None = None,
) -> Reference:
    """Measure a corpus.

    Parameters
    ----------
    name
        What it is called.
    items
        Its pieces.
    cuts
        The lengths, among :data:`CUTS`, at which it is measured.
    network
        Whose nats are taken; those of pieces that it cannot express are left out.
    precision
        As for :func:`~biaxial.likelihood.cell_nats.cell_nats`.
    progress
        Called with 1 after each piece, and length, that was measured.
    """
    held_out = [item for item in items if item.split != "train"]
    own = [item for item in items if item.split == "train"] or held_out
    held_out = held_out or own
    passages = PassageIndex.from_scores((item.name, item.score) for item in items)
    longest = [Reading.of(item.score, max(CUTS)) for item in own]
    pool, chords = pooled(reading.profile for reading in longest), total(reading.chords for reading in longest)
    unseen = [item for item in items if item.split == "valid"] or held_out
    asked = [item for item in unseen if network is not None and not refusal(network, item.score)][:MAX_SCORED]
    scored = []
    if network is not None and asked:
        teller = PieceScorer(network, precision) if isinstance(network, NetworkArrays) else network
        scored = surprises(teller, [item.score for item in asked], precision=precision)
    tables = {}
    for cut in cuts:
        rows = []
        for item, full in zip(own, longest, strict=True):
            reading = full if cut == max(CUTS) else Reading.of(item.score, cut)
            others = {key: counts - full.profile.get(key, 0) for key, counts in pool.items()}
            rows.append(
                in_piece(reading)
                | _distances(reading.profile, others)
                | chord_distances(reading.chords, chords, full.chords)
            )
            if progress is not None:
                progress(1)
        unseen_names = {item.name for item in held_out} if held_out is not own else set[str]()
        chance = [
            copied(passages.longest(Reading.of(item.score, cut).score, unseen_names | {item.name})) for item in held_out
        ]
        table = {**_columns(rows), **_columns(chance)}
        if scored:
            nats = [nats_per_step(each, Reading.of(item.score, cut)) for item, each in zip(asked, scored, strict=True)]
            table["nats_per_step"] = np.array(nats)
        tables[cut] = table
    return Reference(
        name, tuple(item.name for item in own), pool, chords, tables, passages, checksum(network if scored else None)
    )


def _columns(rows: Sequence[Mapping[str, float]]) -> dict[str, NDArray[np.float64]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: np.array([row.get(name, math.nan) for row in rows]) for name in names}


def refusal(network: Teller | None, score: Score) -> str:
    """Why a network cannot read a piece; empty if it can."""
    if network is None:
        return "no weights were given"
    try:
        laid_out(score, network.config)
    except InputError as error:
        return str(error)
    return ""


def checksum(network: Teller | None) -> str:
    """What tells one network's weights, those of its first walk alone, from another's; empty for none."""
    if network is None:
        return ""
    weights = (network if isinstance(network, NetworkArrays) else arrays_of(network)).weights
    digest = hashlib.sha256()
    for name, array in sorted(weights.items()):
        if not name.startswith("walks.1."):
            digest.update(name.encode())
            digest.update(array.tobytes())
    return digest.hexdigest()[:16]


def _distances(profile: Profile, pool: Profile) -> dict[str, float]:
    both = [name for name in FEATURES if name in profile and name in pool]
    return {f"distance_{name}": distance(name, profile[name], pool[name]) for name in both}
