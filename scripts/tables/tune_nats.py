"""Nats of held-out tunes under melody weights, beside a trigram and two floors, as a markdown table.

``python scripts/tables/tune_nats.py TUNES`` takes a minute. TUNES is a folder of single lines split into train, valid
and test, such as ``scripts/make/hymn_tunes.py`` writes. All systems read the lines in the home key, and all but the
weights are counted on the training lines in the same run.

``trigram``
    The next event given the two before it: a pitch or a rest, its length, and whether it ends a phrase, or the end of
    the line. Interpolated Kneser-Ney (Chen and Goodman 1999, with one discount for each order, about n1 / (n1 + 2 n2));
    below the unigram stand the events whose pitch, length and phrase end are drawn independently, one half added to
    every count, so that every event up to :data:`LONGEST` steps has a probability. It hears neither metre nor mode.
``repeat the step before``, ``independent notes``
    As :mod:`biaxial.likelihood.frame_nats` has them. They say nothing of phrase ends nor of where the line ends, so
    they have less to pay for.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from biaxial.corpora.corpus import Corpus, outcomes_of
from biaxial.likelihood.corpus_nats import evaluate
from biaxial.likelihood.frame_nats import IndependentNotes, RepeatFrame, ratio
from biaxial.metrics.figures.report import Figure
from biaxial.models.config import ModelConfig
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.tasks.loading import load_token_model
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.melody_codec import END as END_TOKEN
from biaxial.tokens.melody_codec import HOLD, NUM_PITCHES, PHRASE_END, REST
from biaxial.tokens.strings import cells_of

Event = tuple[int, int, bool]
"""Pitch or :data:`~biaxial.tokens.melody_codec.REST`, length in steps, whether it ends a phrase."""

START: Final[Event] = (-1, 0, False)
END: Final[Event] = (-2, 0, False)
LONGEST: Final = 256
"""Longest event in steps."""
HEADINGS: Final = ("split", "tunes", "system", "nats per quarter")


def events_of(tokens: Sequence[int]) -> list[Event]:
    """The events of a line, END among them.

    Raises
    ------
    InputError
        If a phrase ends with a note that began before, or an event is too long.
    """
    found: list[Event] = []
    marked = False
    for token in tokens:
        if token == PHRASE_END:
            marked = True
        elif found and not marked and (token == HOLD or (token == REST and found[-1][0] == REST)):
            pitch, length, ends = found[-1]
            found[-1] = (pitch, length + 1, ends)
        elif token == HOLD:
            raise InputError("a phrase ends within a note; mark the note where it begins")
        else:
            found.append(END if token == END_TOKEN else (token, 1, marked))
            marked = False
    if any(length > LONGEST for _, length, _ in found):
        raise InputError(f"an event is longer than {LONGEST} steps")
    return found


class Trigram:
    """An interpolated Kneser-Ney trigram of events.

    Parameters
    ----------
    lines
        The events of each training line.
    """

    def __init__(self, lines: Sequence[Sequence[Event]]) -> None:
        trigrams: Counter[tuple[Event, ...]] = Counter(
            gram for line in lines for gram in zip([START, START, *line], [START, *line], line, strict=False)
        )
        bigrams: Counter[tuple[Event, ...]] = Counter(gram[1:] for gram in trigrams)  # how many events come before each
        unigrams: Counter[tuple[Event, ...]] = Counter(gram[1:] for gram in bigrams)
        self._orders = [_Order(counts) for counts in (trigrams, bigrams, unigrams)]
        sounded = [event for line in lines for event in line if event != END]
        pitches, lengths, ends = (Counter(column) for column in zip(*sounded, strict=True))
        total = len(sounded)
        self._pitch = {pitch: (pitches[pitch] + 0.5) / (total + 64.5) for pitch in (*range(NUM_PITCHES), REST)}
        self._length = {n: (lengths[n] + 0.5) / (total + LONGEST / 2) for n in range(1, LONGEST + 1)}
        self._ends = {end: (ends[end] + 0.5) / (total + 1) for end in (False, True)}
        self._end = (len(lines) + 0.5) / (total + len(lines) + 1)

    def prob(self, first: Event, second: Event, event: Event) -> float:
        """Probability of an event after two others."""
        pitch, length, ends = event
        found = self._end
        if event != END:
            found = (1 - self._end) * self._pitch[pitch] * self._length[length] * self._ends[ends]
        for order, context in zip(reversed(self._orders), ((), (second,), (first, second)), strict=True):
            found = order.mixed(context, event, found)
        return found

    def nats(self, line: Sequence[Event]) -> float:
        """Negative log-probability of a line."""
        grams = zip([START, START, *line], [START, *line], line, strict=False)
        return -sum(math.log(self.prob(*gram)) for gram in grams)


class _Order:
    """Counts of one order, and how they are mixed with the order below."""

    def __init__(self, counts: Counter[tuple[Event, ...]]) -> None:
        once, twice = (sum(count == times for count in counts.values()) for times in (1, 2))
        self._discount = (once + 0.5) / (once + 2 * twice + 1)  # never 0: what is new has a probability
        self._counts = counts
        self._totals: defaultdict[tuple[Event, ...], int] = defaultdict(int)
        self._kinds: defaultdict[tuple[Event, ...], int] = defaultdict(int)
        for gram, count in counts.items():
            self._totals[gram[:-1]] += count
            self._kinds[gram[:-1]] += 1

    def mixed(self, context: tuple[Event, ...], event: Event, below: float) -> float:
        """Probability of an event after a context, given that of the order below."""
        total = self._totals.get(context, 0)
        if not total:
            return below
        kept = max(0.0, self._counts.get((*context, event), 0) - self._discount)
        return (kept + self._discount * self._kinds[context] * below) / total


def trigram_nats(corpus: Corpus, split: str, config: SequenceConfig) -> Figure:
    """Nats a quarter of the lines of a split under the trigram."""

    def lines(name: str) -> list[list[list[Event]]]:
        pieces = (piece for piece in corpus.pieces if piece.split == name)
        return [[events_of(s.string.tokens.tolist()) for s in cells_of(piece).strings(config)] for piece in pieces]

    trigram = Trigram([line for piece in lines("train") for line in piece])
    nats = [sum(map(trigram.nats, piece)) for piece in lines(split)]
    return ratio("", "nats per quarter", nats, _quarters(corpus, split))


def floor_nats(corpus: Corpus, split: str, config: SequenceConfig) -> dict[str, Figure]:
    """Nats a quarter of the pieces of a split under the two floors."""
    frames = ModelConfig(low_pitch=0, num_notes=NUM_PITCHES, num_voices=0, steps_per_quarter=corpus.steps_per_quarter)

    def rolls(name: str) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
        pieces = (piece for piece in corpus.pieces if piece.split == name)
        return [outcomes_of(piece, frames, semitones=cells_of(piece).shift(config)) for piece in pieces]

    train = rolls("train")
    floors: dict[str, IndependentNotes | RepeatFrame] = {
        "repeat the step before": RepeatFrame.fit(train, frames.alphabet),
        "independent notes": IndependentNotes.fit(np.concatenate(train), frames.alphabet),
    }
    quarters = _quarters(corpus, split)
    return {
        name: ratio("", "nats per quarter", [-float(floor.log_probs(roll).sum()) for roll in rolls(split)], quarters)
        for name, floor in floors.items()
    }


def _quarters(corpus: Corpus, split: str) -> list[float]:
    return [piece.num_steps / corpus.steps_per_quarter for piece in corpus.pieces if piece.split == split]


def main() -> None:
    """Read the command line, score, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, metavar="TUNES", help="folder of single lines, or a prepared .npz file")
    parser.add_argument("--checkpoint", default="hymn-tunes-v1", help="melody weights (default: %(default)s)")
    options = parser.parse_args()
    model = load_token_model(options.checkpoint, "cpu")
    corpus, _ = Corpus.read(options.corpus, Grid(model.config.steps_per_quarter))
    print(f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}")
    for split in ("valid", "test"):
        if not (num_tunes := len(corpus.split(split))):
            continue
        found = {
            model.name: evaluate([model.network], corpus, [split])[0].figures["quarter"],
            "trigram": trigram_nats(corpus, split, model.config),
            **floor_nats(corpus, split, model.config),
        }
        for name, figure in found.items():
            print(f"| {split} | {num_tunes} | {name} | {figure.value:.2f} ± {figure.standard_error:.2f} |")


if __name__ == "__main__":
    main()
