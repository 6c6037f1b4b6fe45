"""Where the phrases of a piece that is to be drawn begin and end, in steps of the grid."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from biaxial.features.conditions import Condition
from biaxial.metrics.harmony.endings import strong_beats
from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.phrases import PhrasePlan, key_at
from biaxial.sampling.charges import OPEN, Phrase, Piece
from biaxial.tasks.plans.plan import Prepared

MELODY, ALL_VOICES = 1, 15
"""What comes again of a phrase, as sets of voices."""
PASSAGE_QUARTERS = 8
"""Longest passage that is charged at once, where no phrase ends before."""


def phrase_spans(prepared: Prepared, steps_per_quarter: int, plan: PhrasePlan | None = None) -> tuple[Phrase, ...]:
    """The phrases of a piece, and passages of about two bars where phrase ends are far apart or unknown.

    A phrase is over where the plan says so. Without one it is over with its last note where that is given, else at the
    next bar line.
    """
    if plan is not None:
        return _planned(prepared, steps_per_quarter, plan)
    outline = prepared.outline
    unit = outline.ticks_per_quarter // steps_per_quarter
    total = len(prepared.conditions)
    starts = [tick // unit for tick in outline.bar_starts()]
    spans, first = list[Phrase](), 0
    for tick in outline.fermatas or ():
        fermata = tick // unit
        given = [note.end_ticks for note in outline.notes if note.onset_ticks <= tick < note.end_ticks]
        line = next((start for start in starts if start > fermata), total)
        end = min(total, min(given) // unit if given else line)
        if first < end > fermata >= first:
            spans += _passages(first, end, fermata, steps_per_quarter)
            first = end
    if first < total:
        spans += _passages(first, total, None, steps_per_quarter)
    return tuple(spans)


def _planned(prepared: Prepared, steps_per_quarter: int, plan: PhrasePlan) -> tuple[Phrase, ...]:
    """The phrases of a plan."""
    unit = TICKS_PER_QUARTER // steps_per_quarter
    key = prepared.outline.key
    spans = list[Phrase]()
    for start, last, phrase in zip(plan.starts, plan.last_onsets, plan.phrases, strict=True):
        first, end, fermata = start // unit, (start + phrase.length_ticks) // unit, last // unit
        *passages, closing = _passages(first, end, fermata, steps_per_quarter)
        tonic = None if key is None or phrase.cadence == OPEN else key_at(phrase.key, key).tonic
        closing = closing._replace(cadence=phrase.cadence, tonic=tonic)
        is_given = bool(prepared.known.voices[first].all() & MELODY)
        if phrase.repeats is not None and (phrase.whole or not is_given):
            source = plan.starts[phrase.repeats] // unit
            returning = ALL_VOICES if phrase.whole else MELODY
            passages, closing = [], closing._replace(first=first, source=source, returning=returning)
        spans += [*passages, closing]
    return tuple(spans)


def _passages(first: int, end: int, fermata: int | None, steps_per_quarter: int) -> list[Phrase]:
    """A phrase as passages that are not too long; the last one has its end."""
    count = max(1, round((end - first) / (PASSAGE_QUARTERS * steps_per_quarter)))
    edges = [first + (end - first) * part // count for part in range(count + 1)]
    if fermata is not None:
        edges = [first, *(edge for edge in edges[1:-1] if edge < fermata), end]
    return [Phrase(a, b, fermata if b == end else None) for a, b in pairwise(edges)]


def piece_of(prepared: Prepared, steps_per_quarter: int) -> Piece:
    """Key and beats of a piece."""
    outline = prepared.outline
    unit = outline.ticks_per_quarter // steps_per_quarter
    steps = prepared.conditions
    quarters = (steps[:, Condition.STEP_IN_BAR] % steps_per_quarter == 0).astype(np.int8)
    quarters[strong_beats(outline) // unit] = 2
    key = outline.key
    return Piece(
        None if key is None else key.tonic, key is not None and key.mode == "minor", quarters, steps_per_quarter
    )
