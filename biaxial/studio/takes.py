"""The verbs that write: from a request to takes, of which each is the document with other notes in its free cells.

A seed gives the same notes whatever other takes are asked for. What is harmonised from its beginning to its end is the
piece that ``biaxial harmonise`` writes with the same seed; redoing follows fewer particles, for its selection is short
and somebody waits for four takes of it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from biaxial.music.errors import InputError
from biaxial.sampling.voice_leading_weights import VoiceLeading
from biaxial.studio.checking import Writing, check_writing
from biaxial.studio.documents import (
    STEP_TICKS,
    document_of,
    key_named,
    length_of,
    lines,
    metre_of,
    rewritten,
    score_of,
    spans_of,
)
from biaxial.studio.messages import (
    STEPS_PER_QUARTER,
    Compose,
    Continue,
    Document,
    Drawing,
    Harmonise,
    Infill,
    Span,
    Take,
    Written,
)
from biaxial.tasks.drawing.sampling_options import HARMONISING, Progress, SamplingOptions
from biaxial.tasks.model import Model
from biaxial.tasks.piece import Piece
from biaxial.tasks.plans.harmonisation import Forbidden
from biaxial.tasks.plans.plan import Plan
from biaxial.tasks.plans.regions import Region

REDOING: Final = replace(HARMONISING, particles=4)
"""How a selection is drawn anew by default."""
MIN_GIVEN_SHARE: Final = 0.5
"""A voice whose notes are all locked is given all through if they fill this share of the piece."""
FORBIDDEN_MET: Final = "a forbidden pitch could not be avoided; forbid less there, or try another seed"
_OPTION: Final = re.compile(r"; [^;]*--\w+[^;]*")
"""What a remark says of options of the command line."""


def write(model: Model, request: Writing, progress: Progress | None = None) -> Written:
    """Do what a request asks for.

    Parameters
    ----------
    model
        A model of four voices.
    request
        What is to be written.
    progress
        As for :meth:`.Model.draw`; what it raises ends the drawing.

    Raises
    ------
    InputError, ValueError
        If the request cannot be served; one line.
    """
    check_writing(request)
    if isinstance(request, Compose):
        return _drawn(model, _composition(model, request), _composed(request.style), progress)
    document = request.document
    if isinstance(request, Continue):
        return _drawn(model, _continuation(model, request), _continued(document), progress)
    plan = _harmonisation(model, request) if isinstance(request, Harmonise) else _infilling(model, request)
    written = _drawn(model, plan, _redone(document), progress)
    if all(not take.added and not take.removed for take in written.takes):
        return replace(written, remarks=(*written.remarks, "nothing that is free was written otherwise"))
    return written


def options(base: SamplingOptions, drawing: Drawing, style: str) -> SamplingOptions:
    """How a request is drawn, given how its verb does so by default, in a style as a document has it.

    Raises
    ------
    ValueError
        If a weight is out of bounds.
    """
    changes: dict[str, Any] = {"cadence": drawing.cadence, "style": style or None}
    if drawing.temperature is not None:
        changes["temperature"] = drawing.temperature
    if drawing.ranges is not None:
        changes["ranges"] = drawing.ranges
    if drawing.rules is not None:
        changes["voice_leading"] = VoiceLeading(**asdict(drawing.rules))
    if drawing.draft:
        changes |= {"draft": True, "particles": 1, "lookahead": False}
    return replace(base, **changes)


def _composition(model: Model, request: Compose) -> Plan:
    return model.plan_composition(
        request.bars,
        key=key_named(request.key),
        time_signature=metre_of(request.metre),
        tempo_bpm=request.tempo,
        pickup=None if request.pickup is None else request.pickup / STEPS_PER_QUARTER,
        form=request.form,
        plan=request.plan,
        seed=request.seed,
        n=request.takes,
        drawing=options(SamplingOptions(), request.drawing, request.style),
    )


def _harmonisation(model: Model, request: Harmonise) -> Plan:
    document = request.document
    drawing = options(HARMONISING, request.drawing, document.style)
    given = _given(document) if request.given is None else tuple(dict.fromkeys(request.given))
    spans = spans_of(document, request.selection)
    sung = {note.voice for note in document.notes}
    if not given or not sung >= set(given):
        raise InputError("no voice is given; write a tune, or lock the voice that is to be harmonised")
    if request.selection:
        free = [span for span in spans if span.voice not in given]
        if not free:
            raise InputError("the selection has given voices alone; select some of the others too")
        return _rewriting(model, document, free, request.seed, request.takes, drawing)
    return model.plan_harmonisation(
        score_of(document),
        voice=given,
        forbid=_forbidden(document),
        seed=request.seed,
        n=request.takes,
        drawing=drawing,
    )


def _given(document: Document) -> tuple[int, ...]:
    """The voices that are known all through: all their notes are locked, and fill much of the piece.

    Where none fills that much, it is the one that fills most.
    """
    locked = {voice: line for voice, line in enumerate(lines(document)) if line and all(note.lock for note in line)}
    filled = {voice: sum(note.duration for note in line) for voice, line in locked.items()}
    given = tuple(voice for voice, steps in filled.items() if steps >= MIN_GIVEN_SHARE * length_of(document))
    return given or ((max(filled, key=lambda voice: filled[voice]),) if filled else ())


def _infilling(model: Model, request: Infill) -> Plan:
    spans = spans_of(request.document, request.selection)
    drawing = options(REDOING, request.drawing, request.document.style)
    return _rewriting(model, request.document, spans, request.seed, request.takes, drawing)


def _rewriting(
    model: Model, document: Document, spans: Sequence[Span], seed: int, takes: int, drawing: SamplingOptions
) -> Plan:
    regions = [Region(span.voice, span.first * STEP_TICKS, span.end * STEP_TICKS) for span in spans]
    return model.plan_rewriting(
        score_of(document), regions, forbid=_forbidden(document), seed=seed, n=takes, drawing=drawing
    )


def _continuation(model: Model, request: Continue) -> Plan:
    drawing = options(SamplingOptions(), request.drawing, request.document.style)
    score = score_of(request.document)
    return model.plan_continuation(score, request.bars, seed=request.seed, n=request.takes, drawing=drawing)


def _forbidden(document: Document) -> list[Forbidden]:
    every = (0, 1, 2, 3)
    return [
        Forbidden(
            one.first / STEPS_PER_QUARTER,
            one.end / STEPS_PER_QUARTER,
            (one.pitch,),
            every if one.voice is None else (one.voice,),
        )
        for one in document.forbidden
    ]


def _drawn(model: Model, plan: Plan, as_take: Callable[[Piece], Take | None], progress: Progress | None) -> Written:
    """Draw a plan; a take that is ``None`` is left out."""
    began = time.perf_counter()
    pieces = list(model.draw(plan, progress))
    seconds = time.perf_counter() - began
    takes = tuple(filter(None, map(as_take, pieces)))
    if not takes:
        raise InputError(FORBIDDEN_MET)
    said = [*plan.remarks, *(remark for piece in pieces for remark in piece.remarks)]
    if len(takes) < len(pieces):
        said.append(f"{len(pieces) - len(takes)} of {len(pieces)} takes were left out: {FORBIDDEN_MET}")
    remarks = dict.fromkeys(_OPTION.sub("", remark) for remark in said)
    return Written(takes, tuple(remarks), drawing_seconds=seconds)


def _composed(style: str) -> Callable[[Piece], Take]:
    def as_take(piece: Piece) -> Take:
        document, _ = document_of(piece.score, "machine", f"m{piece.seed}-", piece.seed)
        added = tuple(note.id for note in document.notes)
        return Take(piece.seed, replace(document, style=style), added, (), piece.nats_per_step)

    return as_take


def _continued(document: Document) -> Callable[[Piece], Take]:
    def as_take(piece: Piece) -> Take:
        found = rewritten(document, piece.score, piece.seed, longer=True)
        return Take(piece.seed, *found, piece.nats_per_step)

    return as_take


def _redone(document: Document) -> Callable[[Piece], Take | None]:
    def as_take(piece: Piece) -> Take | None:
        found = rewritten(document, piece.score, piece.seed)
        return None if _breaks(found.document, found.added) else Take(piece.seed, *found, piece.nats_per_step)

    return as_take


def _breaks(document: Document, added: Sequence[str]) -> bool:
    """Whether a note that was added has a forbidden pitch where it is forbidden."""
    new = set(added)
    return any(
        note.id in new
        and note.pitch == one.pitch
        and one.voice in (None, note.voice)
        and note.onset < one.end
        and one.first < note.onset + note.duration
        for one in document.forbidden
        for note in document.notes
    )
