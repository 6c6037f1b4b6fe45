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

from dataclasses import dataclass, field
from typing import Literal

STEPS_PER_QUARTER = 4
MAX_BARS = 1000
MAX_TAKES = 8

Source = Literal["you", "machine"]
ExportFormat = Literal["mid", "musicxml", "flac", "pdf", "json"]
InstrumentName = Literal["organ", "choir", "piano", "strings"]


@dataclass(frozen=True, slots=True)
class Note:
    """A note of the document.

    Parameters
    ----------
    id
        Unique in the document: a letter, then up to 39 letters, digits, hyphens or underscores. The page names the
        notes that it makes; those of the machine are named after seed, voice and onset.
    voice
        0 to 3.
    onset, duration
        Steps; the notes of a voice do not overlap.
    pitch
        MIDI number.
    lock
        Whether it stays as it is whatever is written.
    source
        ``from`` in JSON: who wrote it.
    """

    id: str
    voice: int
    onset: int
    duration: int
    pitch: int
    lock: bool
    source: Source = field(metadata={"json": "from"})


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord symbol such as ``"D7/F#"``, which holds until the next one; ``"N.C."`` asks for nothing."""

    onset: int
    name: str


@dataclass(frozen=True, slots=True)
class Forbid:
    """A pitch that a voice (``None`` for every voice) is not to sing from one step to before another."""

    first: int
    end: int
    pitch: int
    voice: int | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """A syllable under the melody; ``goes_on`` if the next one belongs to the same word."""

    onset: int
    text: str
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A piece as the page has it.

    Parameters
    ----------
    metre
        Such as ``"4/4"``; it holds all through.
    pickup
        Steps before the first full bar.
    length
        Steps of the whole piece, rests at its end too; at least the end of its last note, 0 for that end.
    tempo
        Quarter notes a minute, 10 to 400.
    key
        Such as ``"G major"`` or ``"F# minor"``; ``None`` where it is not known, and then verbs guess it.
    notes
        In any order; answers have them by onset and voice.
    chords, forbidden, words
        What stands over, against and under them.
    fermatas
        Onsets of notes that end phrases; ``None`` where nobody said.
    seed
        The seed of the take that the document is; for the page to keep, verbs have their own.
    title
        Of the piece.
    """

    metre: str = "4/4"
    pickup: int = 0
    length: int = 0
    tempo: float = 76.0
    key: str | None = None
    notes: tuple[Note, ...] = ()
    chords: tuple[Chord, ...] = ()
    forbidden: tuple[Forbid, ...] = ()
    words: tuple[Word, ...] = ()
    fermatas: tuple[int, ...] | None = None
    seed: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """Cells of one voice from a step to before another. A selection is a list of them; an empty one is everything."""

    voice: int
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Rules:
    """What events of voice leading cost in nats while drawing; 0 switches a rule off."""

    parallels: float = 4.5
    crossing: float = 0.0
    spacing: float = 0.0
    leaps: float = 2.5
    range: float = 3.0


@dataclass(frozen=True, slots=True)
class Drawing:
    """How music is drawn; by default as the verb has it.

    Parameters
    ----------
    temperature
        0.1 to 2; below 1 the likely becomes more likely.
    ranges
        Lowest and highest pitch of each of the four voices.
    rules
        Weights of voice leading.
    cadence
        Whether a piece has to end on its tonic.
    draft
        One plain draw: the fastest.
    """

    temperature: float | None = None
    ranges: tuple[tuple[int, int], ...] | None = None
    rules: Rules | None = None
    cadence: bool = True
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """Who asks, for requests that take turns: the open page, one request of it, and what it replaces."""

    client: str = ""
    job: str = ""
    lane: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """Text of a file; ``name`` says by its ending what it is: ``.abc``, ``.musicxml``, ``.krn``, ``.json``."""

    text: str
    name: str = "tune.abc"


@dataclass(frozen=True, slots=True)
class Compose:
    """A new piece.

    Parameters
    ----------
    bars
        1 to 1000.
    key, tempo, pickup
        Drawn, or as the model has it, where ``None``; the pickup in steps.
    plan
        Of phrases: ``None`` for one that is drawn, ``"none"`` for none, or text such as ``"I:half V:auth vi I:auth"``.
    form
        Letters of the phrases such as ``"AAB"``.
    seed, takes
        The first seed and how many takes.
    """

    bars: int = 16
    key: str | None = None
    metre: str = "4/4"
    tempo: float | None = None
    pickup: int | None = None
    plan: str | None = None
    form: str | None = None
    seed: int = 0
    takes: int = 1
    drawing: Drawing = field(default_factory=Drawing)
    turn: Turn = field(default_factory=Turn)


@dataclass(frozen=True, slots=True)
class Harmonise:
    """The free cells of a selection, beside voices that are known all through, rests and all.

    ``given`` names those voices; ``None`` for the voices that have notes, all of them locked. Locked notes of other
    voices stay too, each for itself.
    """

    document: Document
    selection: tuple[Span, ...] = ()
    given: tuple[int, ...] | None = None
    seed: int = 0
    takes: int = 1
    drawing: Drawing = field(default_factory=Drawing)
    turn: Turn = field(default_factory=Turn)


@dataclass(frozen=True, slots=True)
class Infill:
    """The free cells of a selection anew. A note that reaches out of the selection, or is locked, stays."""

    document: Document
    selection: tuple[Span, ...] = ()
    seed: int = 0
    takes: int = 4
    drawing: Drawing = field(default_factory=Drawing)
    turn: Turn = field(default_factory=Turn)


@dataclass(frozen=True, slots=True)
class Continue:
    """The piece, and so many bars more, 1 to 1000, after its last bar has been completed."""

    document: Document
    bars: int = 4
    seed: int = 0
    takes: int = 1
    drawing: Drawing = field(default_factory=Drawing)
    turn: Turn = field(default_factory=Turn)


@dataclass(frozen=True, slots=True)
class Explain:
    """Ask why a note is there: the note of that id, or what begins in a voice at a step."""

    document: Document
    note: str | None = None
    voice: int | None = None
    onset: int | None = None
    most: int = 8
    turn: Turn = field(default_factory=Turn)


@dataclass(frozen=True, slots=True)
class Judge:
    """Ask what breaks a rule."""

    document: Document


@dataclass(frozen=True, slots=True)
class Render:
    """Ask for pages or sound.

    Parameters
    ----------
    what
        ``"score"``: pages of SVG, ``"stems"``: sound of each voice, ``"bank"``: sound of single notes, for which the
        document does not matter.
    staves
        2 or 4, for four voices.
    width
        Of the page in millimetres, 60 to 400; the narrower, the larger the music on a small screen.
    instrument, strict_tempo
        Of the sound; a strict tempo does not wait at fermatas or slow down at the end.
    """

    document: Document = field(default_factory=Document)
    what: Literal["score", "stems", "bank"] = "score"
    staves: Literal[2, 4] = 2
    width: int = 210
    instrument: InstrumentName = "organ"
    strict_tempo: bool = False


@dataclass(frozen=True, slots=True)
class Export:
    """Ask for a file; ``"json"`` is the project file, the document itself, which ``read`` gives back as it was."""

    document: Document
    format: ExportFormat
    staves: Literal[2, 4] = 2
    instrument: InstrumentName = "organ"
    strict_tempo: bool = False


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the jobs of a client: the one of that name, or all of them."""

    client: str
    job: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A document that was read, and what should be known of how, one line each. Its notes are ``you`` and locked."""

    document: Document
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Take:
    """One way to write it.

    Parameters
    ----------
    seed
        Gives the same notes again, for the same request.
    document
        The whole piece.
    added, removed
        Ids of notes that it has and the document that was sent had not, and the other way round.
    nats_per_step
        Negative log-likelihood of a drawn step; the lower, the likelier.
    """

    seed: int
    document: Document
    added: tuple[str, ...]
    removed: tuple[str, ...]
    nats_per_step: float


@dataclass(frozen=True, slots=True)
class Written:
    """The takes, in order of their seeds, remarks of one line each, and how long waiting and drawing took."""

    takes: tuple[Take, ...]
    remarks: tuple[str, ...] = ()
    waited_seconds: float = 0.0
    drawing_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Likely:
    """What might begin at a place: a pitch with its name, or ``None``, with ``"rest"`` or ``"held on"`` as its name."""

    pitch: int | None
    name: str
    probability: float
    here: bool = False


@dataclass(frozen=True, slots=True)
class Explained:
    """What the model would have written in the place of a note, given all before it and the other voices there.

    Parameters
    ----------
    voice, onset
        The place.
    likely
        The likeliest, most probable first, and what stands there now in any case (``here``); of all that might stand
        there the probabilities add up to one.
    rank
        Of what stands there now, counted from 1.
    words
        The same in one line.
    """

    voice: int
    onset: int
    likely: tuple[Likely, ...]
    rank: int
    words: str


@dataclass(frozen=True, slots=True)
class RuleFault:
    """A place where a rule is broken.

    Parameters
    ----------
    rule
        Its name.
    onset
        Step.
    bar, beat
        The same as musicians count: the pickup is bar 0, beats are quarter notes from 1.
    voices, notes
        The voices concerned, highest first, and the ids of their notes that sound there.
    words
        One line.
    """

    rule: str
    onset: int
    bar: int
    beat: float
    voices: tuple[int, ...]
    notes: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class RuleCount:
    """A rule of the badge: its name, how it is called, and how often it is broken."""

    rule: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Judged:
    """The faults of a document in the order of time, all rules with their counts, and remarks."""

    faults: tuple[RuleFault, ...]
    rules: tuple[RuleCount, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Engraved:
    """Pages as SVG texts."""

    pages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sound:
    """A stem or a single note of a bank.

    Parameters
    ----------
    voice, pitch
        Of a stem its voice, of a note its pitch.
    offset
        Octets from the first sample.
    frames
        Pairs of samples.
    """

    voice: int | None
    pitch: int | None
    offset: int
    frames: int


@dataclass(frozen=True, slots=True)
class Played:
    """When a note sounds, in seconds from the beginning of the sound."""

    note: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class SoundHeader:
    """What stands before the samples.

    Parameters
    ----------
    rate
        Frames a second.
    seconds
        Length of the piece, without what dies away behind it.
    sounds
        What follows.
    notes
        When each note of the document sounds.
    steps, times
        A table of steps and the seconds at which they sound, straight between its rows, for the cursor.
    """

    rate: int
    seconds: float
    sounds: tuple[Sound, ...]
    notes: tuple[Played, ...] = ()
    steps: tuple[float, ...] = ()
    times: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancelled:
    """How many jobs were ended."""

    jobs: int


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job that waits or is at work (``done`` of ``total`` frames; a total of 0 is unknown)."""

    job: str
    client: str
    working: bool
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """What the server is and does.

    Parameters
    ----------
    version
        Of the package.
    model
        Name of the weights; empty until they are loaded.
    ready
        Whether they are; a request waits until then.
    problem
        Why they could not be; empty otherwise.
    jobs
        The one at work first, then those that wait.
    usual_port
        The fixed port, where it was taken when the server began and the page is at another one: documents that the
        browser kept for ``http://127.0.0.1:<usual_port>`` are not seen from here. ``None`` otherwise.
    """

    version: str
    model: str
    ready: bool
    problem: str = ""
    jobs: tuple[JobStatus, ...] = ()
    usual_port: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request was not served, in one line; ``field`` is where in it, such as ``document.notes[3].pitch``."""

    error: str
    field: str = ""
