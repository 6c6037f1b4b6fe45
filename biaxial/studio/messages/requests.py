"""What the page asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from biaxial.music.performance.instruments import InstrumentName
from biaxial.sampling.voice_leading_weights import VoiceLeading
from biaxial.studio.messages.studio_document import Document, Span

MAX_TAKES = 8

ExportFormat = Literal["mid", "musicxml", "flac", "pdf", "json"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What events of voice leading cost in nats while drawing; 0 switches a rule off."""

    parallels: float = VoiceLeading.parallels
    crossing: float = VoiceLeading.crossing
    spacing: float = VoiceLeading.spacing
    leaps: float = VoiceLeading.leaps
    range: float = VoiceLeading.range


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
    style
        As a document has it.
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
    style: str = ""
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
    instruments
        What each voice is played on in place of that, such as ``"violin,violin,viola,cello"`` or ``"quartet"``; empty
        for one instrument.
    humanise
        How far it is played as people play, 0 to 1.
    """

    document: Document = field(default_factory=Document)
    what: Literal["score", "stems", "bank"] = "score"
    staves: Literal[2, 4] = 2
    width: int = 210
    instrument: InstrumentName = "organ"
    strict_tempo: bool = False
    instruments: str = ""
    humanise: float = 0.0


@dataclass(frozen=True, slots=True)
class Export:
    """Ask for a file; ``"json"`` is the project file, the document itself, which ``read`` gives back as it was.

    The other fields are those of :class:`Render`; instruments have staves of their own.
    """

    document: Document
    format: ExportFormat
    staves: Literal[2, 4] = 2
    instrument: InstrumentName = "organ"
    strict_tempo: bool = False
    instruments: str = ""
    humanise: float = 0.0


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the jobs of a client: the one of that name, or all of them."""

    client: str
    job: str = ""
