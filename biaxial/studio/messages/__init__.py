"""Every request and every answer of the studio, as frozen dataclasses: what travels as JSON and what Python calls take.

The server keeps nothing: the document travels with each request. Times and lengths are *steps* of the grid, sixteenths:
4 to a quarter note, 16 to a bar of 4/4, counted from the first moment of the piece, which is the start of the pickup
where there is one. Pitches are MIDI numbers, voices are 0 soprano, 1 alto, 2 tenor, 3 bass. A field with a default may
be left out, an unknown one is refused. In JSON :attr:`Note.source` is called ``from``; all other names are the same.

=======================  =====================  =====================  =================================================
route                    request                answer                 what it does
=======================  =====================  =====================  =================================================
``POST /api/read``       octets, or `Read`      `Opened`               a file, or ABC text, as a document
``POST /api/compose``    `Compose`              `Written`              a new piece
``POST /api/harmonise``  `Harmonise`            `Written`              free cells, beside voices known all through
``POST /api/infill``     `Infill`               `Written`              free cells of a selection (redo, fill)
``POST /api/continue``   `Continue`             `Written`              the piece and more bars
``POST /api/explain``    `Explain`              `Explained`            what else might stand in the place of a note
``POST /api/judge``      `Judge`                `Judged`               faults, each with its place
``POST /api/render``     `Render`               `Engraved`, or octets  pages of SVG; or sound (below)
``POST /api/export``     `Export`               octets                 a file to keep: its name in Content-Disposition
``POST /api/cancel``     `Cancel`               `Cancelled`            ends a job of this client, waiting or at work
``GET /api/status``                             `Status`               whether the model is ready, and the jobs
``GET /api/openapi.json``                                              this table for machines
=======================  =====================  =====================  =================================================

**Headers.** Every ``/api`` route wants ``X-Biaxial-Token``, the fragment of the page's address. A POST is
``application/json``, or for ``read`` alone ``application/octet-stream`` with the file's name as ``?name=tune.mid``
(percent-encoded; only its ending is looked at, and it is shown in messages). Answers are JSON but where the table says
octets. Bodies have at most 2 MB.

**Errors** are a :class:`Problem`, one plain line to be shown beside its cause: 400 a value that cannot be used (the
line names it), 401 token, 403 origin, 404, 405, 409 cancelled or replaced by a newer request of the same client (not a
fault: say nothing), 413 too large, 415 type, 421 host, 503 eight jobs wait already, or the model could not be loaded.

**Jobs.** ``compose``, ``harmonise``, ``infill``, ``continue`` and ``explain`` need the model and take turns. Their
requests may carry a :class:`Turn`: ``client`` (one text for each open page) and ``job`` (one for each request). A newer
request of a client replaces its older one, waiting or at work, unless the two have different ``lane`` texts: give
``explain`` a lane of its own, so that it does not end a drawing. While the model is still loading, a request waits. A
request whose connection is closed is ended. ``read``, ``judge``, ``render`` and ``export`` take no turn.

**Takes.** :class:`Written` has a :class:`Take` for each seed ``seed``, ``seed + 1``, ... with the whole document, and
the ids of notes that were added and removed; every other note is the one that was sent, in all its fields. A seed gives
the same take whatever others are asked for with it, so that takes can be asked for one after the other and the first
one heard sooner. Take number 0, what was there, is the page's own.

**Sound** (``render`` with ``what`` ``"stems"`` or ``"bank"``) is octets: 4 bytes little-endian, the length of a JSON
header; the header, a :class:`SoundHeader`, padded with spaces so that what follows begins at a multiple of 4; then the
samples, 16-bit little-endian, two channels interleaved, of each :class:`Sound` at its ``offset`` from the first sample.
Stems have their room and their share of the loudness: the sum of the four is what FLAC export writes.

**Engraving.** Each notehead's ``<g class="note">`` has ``data-note`` with the id of the document's note; of a note that
is tied over a bar line there are several. Ids in the SVG are unique in it and not to be relied on otherwise. There is
no ``<style>`` and no ``style`` attribute in it: what verovio has there belongs in the page's sheet.
"""

from __future__ import annotations

from biaxial.music.performance.instruments import InstrumentName
from biaxial.studio.messages.answers import (
    Cancelled,
    Engraved,
    Explained,
    JobStatus,
    Judged,
    Likely,
    Opened,
    Played,
    Problem,
    RuleCount,
    RuleFault,
    Sound,
    SoundHeader,
    Status,
    Take,
    Written,
)
from biaxial.studio.messages.requests import (
    MAX_TAKES,
    Cancel,
    Compose,
    Continue,
    Drawing,
    Explain,
    Export,
    ExportFormat,
    Harmonise,
    Infill,
    Judge,
    Read,
    Render,
    Rules,
    Turn,
)
from biaxial.studio.messages.studio_document import STEPS_PER_QUARTER, Chord, Document, Forbid, Note, Source, Span, Word
from biaxial.tasks.plans.outline import MAX_BARS

__all__ = [
    "MAX_BARS",
    "MAX_TAKES",
    "STEPS_PER_QUARTER",
    "Cancel",
    "Cancelled",
    "Chord",
    "Compose",
    "Continue",
    "Document",
    "Drawing",
    "Engraved",
    "Explain",
    "Explained",
    "Export",
    "ExportFormat",
    "Forbid",
    "Harmonise",
    "Infill",
    "InstrumentName",
    "JobStatus",
    "Judge",
    "Judged",
    "Likely",
    "Note",
    "Opened",
    "Played",
    "Problem",
    "Read",
    "Render",
    "RuleCount",
    "RuleFault",
    "Rules",
    "Sound",
    "SoundHeader",
    "Source",
    "Span",
    "Status",
    "Take",
    "Turn",
    "Word",
    "Written",
]
