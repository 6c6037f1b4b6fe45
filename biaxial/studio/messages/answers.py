"""What the server answers."""

from __future__ import annotations

from dataclasses import dataclass

from biaxial.studio.messages.studio_document import Document


@dataclass(frozen=True, slots=True)
class Opened:
    """A document that was read. Its notes are ``you`` and locked.

    Parameters
    ----------
    document
        The music.
    remarks
        What should be known of how it was read, one line each.
    abc
        A tune that was heard in a sound, as text to be corrected; empty for what was written.
    """

    document: Document
    remarks: tuple[str, ...] = ()
    abc: str = ""


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
    styles
        The styles that they know.
    ready
        Whether they are; a request waits until then.
    problem
        Why they could not be; empty otherwise.
    jobs
        The one at work first, then those that wait.
    usual_port
        The fixed port, where it was taken when the server began and the page is at another one: documents that the
        browser kept for ``http://127.0.0.1:<usual_port>`` are not seen from here. ``None`` otherwise.
    hears
        Whether what hears tunes in sound is installed.
    """

    version: str
    model: str
    ready: bool
    problem: str = ""
    jobs: tuple[JobStatus, ...] = ()
    usual_port: int | None = None
    styles: tuple[str, ...] = ()
    hears: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request was not served, in one line; ``field`` is where in it, such as ``document.notes[3].pitch``."""

    error: str
    field: str = ""
