"""The longest passage that a piece shares with a corpus, up to transposition, and where it stands in both.

A passage is a run of events (:mod:`biaxial.metrics.novelty.events`) that are the same in both: of one voice, notes and
rests with the same lengths and the same intervals between them; of all voices, chords with the same lengths and
intervals, struck alike. One note changed ends it there.

The *length* of a passage is its number of events, but no more than two for each *move*, a step to another pitch: one
note repeated, or one chord held for many bars, has length 0. Of passages of one length the one that takes more time is
longer. Quarter notes would be worse: chorales share held final chords, and with equal lengths planted quotations are
told from chance less often (docs/evaluation.md).

The index has no notes, only hashes of a few events in a row, a bar for each of them, and the names of the pieces: the
same arrays in memory and in a file. Passages of :data:`MIN_LINE_LENGTH` notes or :data:`MIN_CHORDS_LENGTH` chords and
more are all found, and shorter ones are not. They have two hashes of 24 bits or more, so that of 10 ** 14 pairs of
places less than one is taken for a passage by mistake.

Everything shares something with everything: what two pieces of a corpus share by chance stands in docs/evaluation.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from biaxial.metrics.novelty.events import Events, chord_events, height_between, line_events
from biaxial.metrics.novelty.passage_rows import NO_VOICE, GramRows
from biaxial.metrics.writing.slices import Places
from biaxial.music.score import Score

MIN_LINE_LENGTH: Final = 6
"""Fewest notes and rests of a passage of one voice; a gram has one less."""
MIN_CHORDS_LENGTH: Final = 4
"""Fewest chords of a passage of all voices; a gram has one less."""
LONG_PASSAGE: Final = 10
"""Length of a passage of all voices that is no chance: Bach chorales of different tunes share 9 chords at most, but for
one pair that shares a whole phrase."""

_FORMAT: Final = (1, MIN_LINE_LENGTH, MIN_CHORDS_LENGTH)


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of a piece that is also in a corpus.

    Parameters
    ----------
    num_events
        Notes and rests of one voice; chords (slices) of all voices.
    length
        What passages are compared by: events, but no more than two for each step to another pitch.
    quarters
        Length in quarter notes.
    bars
        Length in bars of the metre that holds where the passage begins.
    bar, voice
        Where it begins in the judged piece. Bars are counted from 1 and a pickup is bar 0; voices are counted from 0,
        and ``None`` is all voices together or the highest line of music without voices.
    source, source_bar, source_voice
        Where it begins in the corpus: in the first piece that has it, in the order of the corpus.
    also_in
        All other pieces that have it.
    transposition
        Semitones by which the judged piece is higher than the source.
    """

    num_events: int
    length: int
    quarters: float
    bars: float
    bar: int
    voice: int | None
    source: str
    source_bar: int
    source_voice: int | None
    also_in: tuple[str, ...]
    transposition: int


@dataclass(frozen=True, slots=True)
class Novelty:
    """What a piece shares with a corpus.

    Parameters
    ----------
    one_voice, all_voices
        The longest passages; ``None`` where none is long enough to be looked for and has a length.
    shared
        Share of the piece's time, from its first note to its last, that lies in passages of all voices with
        length :data:`LONG_PASSAGE` or more: 1 where the whole piece is in the corpus; NaN without notes.
    """

    one_voice: Passage | None
    all_voices: Passage | None
    shared: float


@dataclass(frozen=True, eq=False)
class PassageIndex:
    """A corpus in which passages can be looked up.

    Parameters
    ----------
    names
        Of the pieces, all different.
    lines, chords
        The grams of their voices, and of all voices together.

    Raises
    ------
    ValueError
        If two pieces have one name, or there are grams of a piece that has none.
    """

    names: tuple[str, ...]
    lines: GramRows
    chords: GramRows

    def __post_init__(self) -> None:
        if twice := [name for name, count in Counter(self.names).items() if count > 1]:
            raise ValueError(f"{twice[0]!r} is the name of several pieces; each needs one of its own")
        if any((rows.pieces >= len(self.names)).any() for rows in (self.lines, self.chords)):
            raise ValueError(f"the {len(self.names)} names are fewer than the pieces")

    @classmethod
    def from_scores(cls, pieces: Iterable[tuple[str, Score]]) -> PassageIndex:
        """Index a corpus of named pieces; the scores are not kept.

        Raises
        ------
        ValueError
            If two pieces have one name.
        """
        names: list[str] = []
        lines: list[tuple[int, Events, NDArray[np.int64]]] = []
        chords: list[tuple[int, Events, NDArray[np.int64]]] = []
        for number, (name, score) in enumerate(pieces):
            names.append(name)
            places = Places(score)
            lines += [(number, row, places.bars_at(row.onsets)) for row in line_events(score)]
            chords += [(number, row, places.bars_at(row.onsets)) for row in chord_events(score)]
        return cls(
            tuple(names),
            GramRows.from_events(lines, MIN_LINE_LENGTH - 1),
            GramRows.from_events(chords, MIN_CHORDS_LENGTH - 1),
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """All that the index is, as plain arrays for an ``.npz`` file."""
        return {
            "format": np.array(_FORMAT),
            "names": np.array(self.names, dtype=np.str_),
            **self.lines.to_arrays("line_"),
            **self.chords.to_arrays("chord_"),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> PassageIndex:
        """The index that :meth:`to_arrays` wrote.

        Raises
        ------
        ValueError
            If the arrays are those of no index, or of one made by another version; one line.
        """
        if "format" not in arrays or arrays["format"].tolist() != list(_FORMAT):
            raise ValueError("no index of passages, or one of another version: make it anew from the scores")
        names = arrays.get("names")
        if names is None or names.dtype.kind != "U" or names.ndim != 1:
            raise ValueError("names must be a row of texts")
        rows = (GramRows.from_arrays(arrays, prefix) for prefix in ("line_", "chord_"))
        return cls(tuple(names.tolist()), *rows)

    def longest(self, score: Score, exclude: Collection[str] = ()) -> Novelty:
        """The longest passages that a piece shares with the corpus.

        Parameters
        ----------
        score
            The piece, with or without voices.
        exclude
            Names of pieces to leave out, such as the piece itself (:meth:`containing`) or all settings of its tune;
            names that are not in the corpus do nothing.
        """
        left_out = set(exclude)
        numbers = [number for number, name in enumerate(self.names) if name in left_out] if left_out else []
        line, _ = self._longest(self.lines, MIN_LINE_LENGTH, line_events(score), score, numbers)
        chords, shared = self._longest(self.chords, MIN_CHORDS_LENGTH, chord_events(score), score, numbers)
        return Novelty(line, chords, shared)

    def containing(self, score: Score) -> tuple[str, ...]:
        """Pieces of the corpus that have all of a piece's music in one stretch, in whatever transposition.

        A piece that is itself in the corpus is found, and so is a part of one if its first and last chords are as long
        as they are there. A piece of fewer than :data:`MIN_CHORDS_LENGTH` chords is not looked for.
        """
        found: list[str] = []
        for events in chord_events(score):
            if len(events) >= MIN_CHORDS_LENGTH:
                found += self._names(self.chords, self.chords.places(events.grams(MIN_CHORDS_LENGTH - 1)))
        return tuple(found)

    def _names(self, rows: GramRows, places: NDArray[np.int64]) -> list[str]:
        return [self.names[number] for number in np.unique(rows.pieces[rows.row_of[places]])]

    def _longest(
        self, rows: GramRows, shortest: int, judged: Sequence[Events], score: Score, left_out: Sequence[int]
    ) -> tuple[Passage | None, float]:
        """The longest passage, and the share of the time that lies in long ones."""
        allowed = rows.without(left_out)
        best, where = (0, 0), None
        time = long_time = 0
        for events in judged:
            grams = events.grams(shortest - 1)
            counts = rows.longest(grams, allowed) + shortest - 2  # events
            firsts = np.flatnonzero(counts >= shortest)
            counts = counts[firsts]
            sizes, ticks = events.sizes(firsts, counts)
            time += int(events.lengths.sum())
            long_time += events.ticks_within(firsts[sizes >= LONG_PASSAGE], counts[sizes >= LONG_PASSAGE])
            for index in np.lexsort((-firsts, ticks, sizes))[-1:].tolist():
                size = int(sizes[index]), int(ticks[index])
                if size[0] and size > best:
                    best, where = size, (events, grams, int(firsts[index]), int(counts[index]))
        shared = long_time / time if time else float("nan")
        if where is None:
            return None, shared
        events, grams, first, count = where
        places = rows.places(grams[first : first + count - shortest + 2], allowed)
        place, row = int(places[0]), int(rows.row_of[places[0]])
        names = self._names(rows, places)
        onset = int(events.onsets[first])
        per_bar = score.time_signature_at(onset).bar_ticks(score.ticks_per_quarter)
        return Passage(
            num_events=count,
            length=best[0],
            quarters=best[1] / score.ticks_per_quarter,
            bars=best[1] / per_bar,
            bar=int(Places(score).bars_at(events.onsets[first])),
            voice=events.voice,
            source=names[0],
            source_bar=int(rows.bars[place]),
            source_voice=None if rows.voices[row] == NO_VOICE else int(rows.voices[row]),
            also_in=tuple(names[1:]),
            transposition=height_between(int(rows.grams[place]), int(grams[first])),
        ), shared
