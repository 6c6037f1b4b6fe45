"""Documents as scores and back: what the page has in steps, and what the rest of the package has in ticks.

A document that cannot be a piece is refused here, in one line that says where. What was written comes back as a
document in which every note that stayed is the one that was sent, in all its fields.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import count, pairwise
from typing import Final, NamedTuple

from biaxial.music.constants import MAX_PITCH, MIN_PITCH, NUM_VOICES, TICKS_PER_QUARTER, VOICE_NAMES
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.score import ChordSymbol, Key, Score, Syllable, TimeSignature
from biaxial.music.score import Note as ScoreNote
from biaxial.music.style import mixture_of
from biaxial.music.symbols import parse_chord
from biaxial.studio.json_messages import MessageError
from biaxial.studio.messages import MAX_BARS, STEPS_PER_QUARTER, Chord, Document, Note, Source, Span, Word

STEP_TICKS: Final = TICKS_PER_QUARTER // STEPS_PER_QUARTER
MAX_TITLE: Final = 200
MAX_SEED: Final = 2**53 - 2**20
TEMPOS: Final = (10.0, 400.0)
_ID = re.compile("[A-Za-z][A-Za-z0-9_-]{0,39}")


def metre_of(name: str, field: str = "metre") -> TimeSignature:
    """A metre whose bar is a whole number of steps.

    Raises
    ------
    MessageError
        If it is not one.
    """
    try:
        metre = TimeSignature.from_name(name)
    except ValueError as error:
        raise MessageError(field, str(error)) from None
    if metre.bar_ticks(TICKS_PER_QUARTER * 16) % (STEP_TICKS * 16):
        raise MessageError(field, f"a bar of {metre.name} is not a whole number of sixteenths; choose another metre")
    return metre


def key_named(name: str | None, field: str = "key") -> Key | None:
    """A key by its name.

    Raises
    ------
    MessageError
        If there is none of that name.
    """
    try:
        return None if name is None else Key.from_name(name)
    except ValueError as error:
        raise MessageError(field, str(error)) from None


def bar_steps(metre: TimeSignature) -> int:
    """Steps of a full bar."""
    return metre.bar_ticks(TICKS_PER_QUARTER) // STEP_TICKS


def length_of(document: Document) -> int:
    """Steps of a document, rests at its end too."""
    return document.length or max((note.onset + note.duration for note in document.notes), default=0)


def check_document(document: Document, field: str = "document") -> None:
    """Refuse a document that is no piece.

    Raises
    ------
    MessageError
        In one line that says what is wrong where.
    """
    bar = bar_steps(metre_of(document.metre, f"{field}.metre"))
    key_named(document.key, f"{field}.key")
    length = length_of(document)
    if not 0 <= document.pickup < bar:
        raise MessageError(f"{field}.pickup", f"{document.pickup} steps do not fit into a bar of {bar}")
    if not 0 <= document.length <= document.pickup + MAX_BARS * bar >= length:
        raise MessageError(f"{field}.length", f"the piece is longer than {MAX_BARS} bars; cut it into pieces")
    if not TEMPOS[0] <= document.tempo <= TEMPOS[1]:
        low, high = TEMPOS
        raise MessageError(f"{field}.tempo", f"{document.tempo:g} is not a tempo between {low:g} and {high:g}")
    check_seed(document.seed, f"{field}.seed")
    check_style(document.style, f"{field}.style")
    if len(document.title) > MAX_TITLE:
        raise MessageError(f"{field}.title", f"a title has at most {MAX_TITLE} characters, not {len(document.title)}")
    _check_notes(document, length, field)
    _check_around(document, length, field)


def check_seed(seed: int, field: str = "seed") -> None:
    """Refuse a seed beyond what every number on the way can hold.

    Raises
    ------
    MessageError
        If it is.
    """
    if not 0 <= seed <= MAX_SEED:
        raise MessageError(field, f"{seed} is not a seed; give one from 0 to {MAX_SEED}")


def check_style(style: str, field: str = "style") -> None:
    """Refuse a style that cannot be read; whether the weights know it is theirs to say.

    Raises
    ------
    MessageError
        If it cannot.
    """
    try:
        mixture_of(style or None)
    except ValueError as error:
        raise MessageError(field, str(error)) from None


def _check_notes(document: Document, length: int, field: str) -> None:
    ids: set[str] = set()
    for index, note in enumerate(document.notes):
        place = f"{field}.notes[{index}]"
        if not _ID.fullmatch(note.id):
            raise MessageError(f"{place}.id", "an id is a letter and up to 39 letters, digits, hyphens or underscores")
        if note.id in ids:
            raise MessageError(f"{place}.id", f"two notes have the id {note.id}")
        ids.add(note.id)
        _check_range(f"{place}.voice", note.voice, 0, NUM_VOICES - 1)
        _check_range(f"{place}.pitch", note.pitch, MIN_PITCH, MAX_PITCH)
        if note.velocity is not None:
            _check_range(f"{place}.velocity", note.velocity, 1, 127)
        if note.onset < 0 or note.duration < 1 or note.onset + note.duration > length:
            raise MessageError(place, f"a note from step {note.onset} for {note.duration} is not within the piece")
    for voice, notes in enumerate(lines(document)):
        for one, other in pairwise(notes):
            if other.onset < one.onset + one.duration:
                name = VOICE_NAMES[voice].lower()
                raise MessageError(f"{field}.notes", f"two notes of the {name} sound at once: {one.id} and {other.id}")


def _check_around(document: Document, length: int, field: str) -> None:
    """Refuse what stands around the notes where it cannot."""
    onsets = {f"{field}.chords[{index}].onset": chord.onset for index, chord in enumerate(document.chords)}
    onsets |= {f"{field}.words[{index}].onset": word.onset for index, word in enumerate(document.words)}
    onsets |= {f"{field}.fermatas[{index}]": onset for index, onset in enumerate(document.fermatas or ())}
    for place, onset in onsets.items():
        _check_range(place, onset, 0, length)
    begun: set[int] = set()
    for index, chord in enumerate(document.chords):
        if chord.onset in begun:
            raise MessageError(f"{field}.chords[{index}].onset", f"two chords begin at step {chord.onset}")
        begun.add(chord.onset)
        try:
            parse_chord(chord.name)
        except ValueError as error:
            raise MessageError(f"{field}.chords[{index}].name", str(error)) from None
    for index, forbid in enumerate(document.forbidden):
        place = f"{field}.forbidden[{index}]"
        _check_range(f"{place}.pitch", forbid.pitch, MIN_PITCH, MAX_PITCH)
        _check_range(f"{place}.voice", forbid.voice or 0, 0, NUM_VOICES - 1)
        if not 0 <= forbid.first < forbid.end:
            raise MessageError(place, f"it goes from step {forbid.first} to {forbid.end}, which is not forwards")


def _check_range(field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise MessageError(field, f"{value} is not between {low} and {high}")


def lines(document: Document) -> tuple[list[Note], ...]:
    """The notes of each voice, in order."""
    found: tuple[list[Note], ...] = tuple([] for _ in range(NUM_VOICES))
    for note in sorted(document.notes, key=lambda note: note.onset):
        found[note.voice].append(note)
    return found


def score_of(document: Document) -> Score:
    """The score of a document that was checked."""
    return Score(
        notes=tuple(
            ScoreNote(
                note.onset * STEP_TICKS, note.duration * STEP_TICKS, note.pitch, note.voice, note.velocity, note.lock
            )
            for note in document.notes
        ),
        length_ticks=length_of(document) * STEP_TICKS,
        time_signatures=(metre_of(document.metre),),
        pickup_ticks=document.pickup * STEP_TICKS,
        key=key_named(document.key),
        fermatas=None if document.fermatas is None else tuple(onset * STEP_TICKS for onset in document.fermatas),
        tempo_bpm=document.tempo,
        title=document.title,
        chords=tuple(ChordSymbol(c.onset * STEP_TICKS, *parse_chord(c.name), c.name) for c in document.chords),
        lyrics=tuple(Syllable(word.onset * STEP_TICKS, word.text, word.goes_on) for word in document.words),
    )


def document_of(score: Score, source: Source, prefix: str, seed: int = 0) -> tuple[Document, tuple[str, ...]]:
    """A score in up to four voices as a new document; the notes of ``"you"`` are locked.

    Parameters
    ----------
    score
        The music, without repeats.
    source
        Who wrote its notes.
    prefix
        What their ids begin with; voice and onset follow.
    seed
        Of the document.

    Returns
    -------
    The document, and remarks on what it cannot hold, one line each.

    Raises
    ------
    InputError
        If it has a metre that sixteenths cannot count, or more voices, or two notes of a voice at once.
    """
    remarks, mine = [], source == "you"
    metre = metre_of(score.time_signatures[0].name)
    if len(score.time_signatures) > 1:
        remarks.append(f"the metre changes in the file; here it is {metre.name} from the beginning to the end")
    score, moved = Grid(STEPS_PER_QUARTER).quantised(score)
    unit = score.ticks_per_quarter // STEPS_PER_QUARTER
    if moved:
        remarks.append(f"{moved} notes stand beside the grid of sixteenths and were moved onto it")
    if any(note.voice is None or note.voice >= NUM_VOICES for note in score.notes):
        raise InputError("the music has more than four voices, or notes without one; give a tune or four parts")
    notes, cut = [], 0
    for voice in range(NUM_VOICES):
        line = score.voice_notes(voice)
        for number, note in enumerate(line, 1):
            onset, end = note.onset_ticks // unit, note.end_ticks // unit
            following = [other.onset_ticks // unit for other in line[number : number + 1]]
            last = min([end, *following])
            cut += last < end
            if last > onset:
                place = (voice, onset, last - onset, note.pitch)
                notes.append(Note(f"{prefix}{voice}-{onset}", *place, mine, source, note.velocity))
    if cut:
        remarks.append(f"{cut} notes sounded into the next one of their voice; they end there, or are left out")
    document = Document(
        metre=metre.name,
        pickup=score.pickup_ticks // unit,
        length=-(-score.length_ticks // unit),
        tempo=min(max(score.tempo_bpm, TEMPOS[0]), TEMPOS[1]),
        key=None if score.key is None else score.key.name,
        notes=in_order(notes),
        chords=tuple(Chord(chord.onset_ticks // unit, chord.name) for chord in score.chords if chord.name),
        words=tuple(Word(word.onset_ticks // unit, word.text, word.goes_on) for word in score.lyrics),
        fermatas=None if score.fermatas is None else tuple(tick // unit for tick in score.fermatas),
        seed=seed,
        title=score.title[:MAX_TITLE],
    )
    return document, tuple(remarks)


def in_order(notes: Sequence[Note]) -> tuple[Note, ...]:
    """Notes by onset and voice."""
    return tuple(sorted(notes, key=lambda note: (note.onset, note.voice)))


class Rewritten(NamedTuple):
    """A document with other notes, and the ids of those that came and went."""

    document: Document
    added: tuple[str, ...]
    removed: tuple[str, ...]


def rewritten(document: Document, score: Score, seed: int, *, longer: bool = False) -> Rewritten:
    """A document with the notes of a score that was written for it.

    A note that is there with the same voice, onset, duration and pitch is the document's own. Others are the
    machine's, free, and named after seed, voice and onset.

    Parameters
    ----------
    document, score
        What was sent, and what was written.
    seed
        That it was drawn with.
    longer
        Whether the piece goes on: then length, fermatas and chord symbols are those of the score too.
    """
    unit = score.ticks_per_quarter // STEPS_PER_QUARTER
    before = {(note.voice, note.onset, note.duration, note.pitch): note for note in document.notes}
    names = {note.id for note in document.notes}
    notes, added = [], []
    for note in score.notes:
        place = (note.voice or 0, note.onset_ticks // unit, note.length_ticks // unit, note.pitch)
        kept = before.pop(place, None)
        if kept is None:
            name = _free_name(f"m{seed}-{place[0]}-{place[1]}", names)
            names.add(name)
            added.append(name)
            kept = Note(name, *place, False, "machine", note.velocity)
        notes.append(kept)
    changed = replace(document, notes=in_order(notes), length=length_of(document), seed=seed)
    if longer:
        fermatas = None if score.fermatas is None else tuple(tick // unit for tick in score.fermatas)
        chords = tuple(Chord(chord.onset_ticks // unit, chord.name) for chord in score.chords)
        changed = replace(changed, length=score.length_ticks // unit, fermatas=fermatas, chords=chords)
    return Rewritten(changed, tuple(added), tuple(note.id for note in before.values()))


def _free_name(name: str, taken: set[str]) -> str:
    return name if name not in taken else next(n for i in count(2) if (n := f"{name}-{i}") not in taken)


def spans_of(document: Document, selection: Sequence[Span], field: str = "selection") -> tuple[Span, ...]:
    """A selection that was checked; all of every voice where it is empty.

    Raises
    ------
    MessageError
        If a span is not within the piece.
    """
    length = length_of(document)
    for index, span in enumerate(selection):
        _check_range(f"{field}[{index}].voice", span.voice, 0, NUM_VOICES - 1)
        if not 0 <= span.first < span.end <= length:
            raise MessageError(f"{field}[{index}]", f"steps {span.first} to {span.end} are not part of the piece")
    return tuple(selection) or tuple(Span(voice, 0, length) for voice in range(NUM_VOICES) if length)
