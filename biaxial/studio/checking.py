"""What can be refused of a request to write before anything is drawn, and before the network is loaded."""

from __future__ import annotations

from typing import Final

from biaxial.music.errors import InputError
from biaxial.studio.documents import (
    TEMPOS,
    bar_steps,
    check_document,
    check_seed,
    check_style,
    key_named,
    length_of,
    metre_of,
    spans_of,
)
from biaxial.studio.json_messages import MessageError
from biaxial.studio.messages import MAX_BARS, MAX_TAKES, Compose, Continue, Drawing, Explain, Harmonise, Infill

TEMPERATURES: Final = (0.1, 2.0)
MAX_LIKELY: Final = 46
MAX_NAME: Final = 100
MAX_FRAMES: Final = 64_000

Writing = Compose | Harmonise | Infill | Continue
"""Requests that write."""


def check_writing(request: Writing) -> None:
    """Refuse a request to write that cannot be served.

    Raises
    ------
    InputError
        In one line that says what is wrong where.
    """
    check_seed(request.seed)
    if not 1 <= request.takes <= MAX_TAKES:
        raise MessageError("takes", f"{request.takes} takes cannot be drawn; ask for 1 to {MAX_TAKES}")
    _check_drawing(request.drawing)
    if isinstance(request, Compose):
        metre = metre_of(request.metre)
        key_named(request.key)
        check_style(request.style)
        if request.pickup is not None and not 0 <= request.pickup < bar_steps(metre):
            raise MessageError("pickup", f"{request.pickup} steps do not fit into a bar of {bar_steps(metre)}")
        if request.tempo is not None and not TEMPOS[0] <= request.tempo <= TEMPOS[1]:
            raise MessageError("tempo", f"{request.tempo:g} is not a tempo between {TEMPOS[0]:g} and {TEMPOS[1]:g}")
    else:
        check_document(request.document)
    if isinstance(request, Compose | Continue) and not 1 <= request.bars <= MAX_BARS:
        raise MessageError("bars", f"{request.bars} bars cannot be written; ask for 1 to {MAX_BARS}")
    if isinstance(request, Continue) and not request.document.notes:
        raise InputError("there is nothing to continue: the piece has no notes; write a tune, or compose one")
    if isinstance(request, Harmonise | Infill):
        if not length_of(request.document):
            raise InputError("there is nothing to fill yet: the piece has no length; write a tune, or compose one")
        spans_of(request.document, request.selection)
    if isinstance(request, Harmonise) and any(voice not in range(4) for voice in request.given or ()):
        raise MessageError("given", f"{list(request.given or ())} are not voices; give some of 0 to 3")
    if frames(request) > MAX_FRAMES * request.takes:
        raise InputError(f"the piece would have more than {MAX_FRAMES} steps; write it in parts")


def _check_drawing(drawing: Drawing) -> None:
    low, high = TEMPERATURES
    if drawing.temperature is not None and not low <= drawing.temperature <= high:
        raise MessageError("drawing.temperature", f"{drawing.temperature:g} is not between {low:g} and {high:g}")
    if drawing.ranges is not None and len(drawing.ranges) != 4:
        raise MessageError("drawing.ranges", f"{len(drawing.ranges)} ranges for four voices; give four")


def frames(request: Writing) -> int:
    """Frames of all takes of a request that was checked."""
    if isinstance(request, Compose):
        return request.bars * bar_steps(metre_of(request.metre)) * request.takes
    longer = request.bars * bar_steps(metre_of(request.document.metre)) if isinstance(request, Continue) else 0
    return (length_of(request.document) + longer) * request.takes


def place_of(request: Explain) -> tuple[int, int]:
    """The voice and the step that a request to explain is about.

    Raises
    ------
    InputError
        If there is no such place; one line.
    """
    document = request.document
    check_document(document)
    if not document.notes:
        raise InputError("there are no notes to explain; write a tune, or compose one")
    if not 1 <= request.most <= MAX_LIKELY:
        raise MessageError("most", f"{request.most} cannot be told; ask for 1 to {MAX_LIKELY}")
    if request.note is not None:
        found = next((note for note in document.notes if note.id == request.note), None)
        if found is None:
            raise MessageError("note", f"the document has no note {request.note[:MAX_NAME]!r}")
        return found.voice, found.onset
    voice, onset = request.voice, request.onset
    if voice is None or onset is None or voice not in range(4) or onset not in range(length_of(document)):
        raise MessageError("onset", "name a note, or a voice from 0 to 3 and a step of the piece")
    return voice, onset
