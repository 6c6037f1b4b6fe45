"""Music in integer ticks: notes, chords, keys, time signatures, pickups and fermatas.

Times and lengths are ticks (480 to a quarter note unless a score says otherwise), counted from the first moment of the
piece, which is the start of the pickup where there is one. Pitches are MIDI numbers. Every object is frozen.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

from biaxial.music.constants import DEFAULT_VELOCITY, MAX_PITCH, MIN_PITCH, TICKS_PER_QUARTER
from biaxial.music.doors import Doors
from biaxial.music.repeats import Repeat as Repeat
from biaxial.music.signatures import Key as Key
from biaxial.music.signatures import Mode as Mode
from biaxial.music.signatures import TimeSignature as TimeSignature
from biaxial.music.symbols import ChordSymbol as ChordSymbol
from biaxial.music.symbols import Syllable as Syllable


@dataclass(frozen=True, slots=True)
class Note:
    """One note.

    Parameters
    ----------
    onset_ticks, length_ticks
        Start, from the beginning of the piece, and length (at least 1).
    pitch
        MIDI number.
    voice
        0 for the highest part (soprano), counted downwards; ``None`` where the music has no parts.
    velocity
        MIDI velocity, 1 to 127; ``None`` where nobody says how loud it is.
    locked
        Given by the user and kept as it is by whatever is written around it. MIDI files do not keep this.
    """

    onset_ticks: int
    length_ticks: int
    pitch: int
    voice: int | None = None
    velocity: int | None = None
    locked: bool = False

    def __post_init__(self) -> None:
        if self.onset_ticks < 0 or self.length_ticks < 1:
            raise ValueError(f"a note needs an onset of at least 0 and a length of at least 1 tick: {self}")
        if not MIN_PITCH <= self.pitch <= MAX_PITCH:
            raise ValueError(f"pitch {self.pitch} is not a MIDI number ({MIN_PITCH} to {MAX_PITCH})")
        if self.velocity is not None and not 1 <= self.velocity <= 127:
            raise ValueError(f"velocity {self.velocity} is outside 1 to 127")

    @property
    def end_ticks(self) -> int:
        """The first tick at which the note no longer sounds."""
        return self.onset_ticks + self.length_ticks

    @property
    def played_velocity(self) -> int:
        """The velocity that it is played with: its own, or the default."""
        return DEFAULT_VELOCITY if self.velocity is None else self.velocity

    def within(self, first: int, last: int) -> Note:
        """The part of it that sounds from one tick to before another."""
        onset = max(first, self.onset_ticks)
        return replace(self, onset_ticks=onset, length_ticks=min(last, self.end_ticks) - onset)


def _reading_order(note: Note) -> tuple[int, ...]:
    voice = -1 if note.voice is None else note.voice
    return note.onset_ticks, voice, note.pitch, note.length_ticks, note.played_velocity, note.locked


@dataclass(frozen=True)
class Score(Doors):
    """A piece: its notes, and the outline that is fixed before any note is written.

    A score without notes is an outline: length, metre, key, phrase ends. Composing starts from one.

    Parameters
    ----------
    notes
        In any order; kept sorted by onset, voice, pitch.
    length_ticks
        Length of the piece; at least the end of its last note, which is also the default.
    ticks_per_quarter
        Resolution.
    time_signatures
        In order; the first one begins at 0. Bars are counted from the end of the pickup.
    pickup_ticks
        Length of the incomplete first bar, 0 where the piece begins with a full one.
    key
        ``None`` where it is not known.
    fermatas
        Onsets, in ticks, of the notes that end a phrase; ``None`` where nobody recorded phrase ends.
    tempo_bpm
        Quarter notes a minute.
    title
        Name of the piece, empty if it has none.
    chords
        In any order; kept sorted by onset, no two of which are the same. Before the first one anything may sound. MIDI
        files do not keep them.
    lyrics
        The first verse of the melody, in any order; kept sorted by onset.
    repeats
        What is played several times and written once, in any order; kept sorted, no two of which overlap. MIDI files
        have it written out.
    """

    notes: tuple[Note, ...] = ()
    length_ticks: int = 0
    ticks_per_quarter: int = TICKS_PER_QUARTER
    time_signatures: tuple[TimeSignature, ...] = field(default_factory=lambda: (TimeSignature(),))
    pickup_ticks: int = 0
    key: Key | None = None
    fermatas: tuple[int, ...] | None = None
    tempo_bpm: float = 80.0
    title: str = ""
    chords: tuple[ChordSymbol, ...] = ()
    lyrics: tuple[Syllable, ...] = ()
    repeats: tuple[Repeat, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "notes", tuple(sorted(self.notes, key=_reading_order)))
        object.__setattr__(self, "chords", tuple(sorted(self.chords, key=lambda chord: chord.onset_ticks)))
        object.__setattr__(self, "lyrics", tuple(sorted(self.lyrics, key=lambda syllable: syllable.onset_ticks)))
        if twice := next((a for a, b in pairwise(self.chords) if a.onset_ticks == b.onset_ticks), None):
            raise ValueError(f"two chords begin at tick {twice.onset_ticks}")
        end = max((note.end_ticks for note in self.notes), default=0)
        if self.length_ticks == 0:
            object.__setattr__(self, "length_ticks", end)
        elif self.length_ticks < end:
            raise ValueError(f"the score ends at tick {self.length_ticks}, but a note sounds until {end}")
        onsets = [signature.onset_ticks for signature in self.time_signatures]
        if not onsets or onsets[0] != 0 or onsets != sorted(set(onsets)):
            raise ValueError(f"time signatures must begin at tick 0 and follow one another, not at {onsets}")
        if not 0 <= self.pickup_ticks < self.time_signatures[0].bar_ticks(self.ticks_per_quarter):
            raise ValueError(f"a pickup of {self.pickup_ticks} ticks does not fit into a bar")
        object.__setattr__(self, "repeats", tuple(sorted(self.repeats, key=lambda repeat: repeat.start_ticks)))
        if overlap := next((b for a, b in pairwise(self.repeats) if b.start_ticks < a.end_ticks), None):
            raise ValueError(f"the repeat at tick {overlap.start_ticks} begins inside another")
        if self.repeats and self.repeats[-1].end_ticks > self.length_ticks:
            raise ValueError(f"the score ends at tick {self.length_ticks}, but a repeat goes on after it")
        if self.fermatas is not None:
            object.__setattr__(self, "fermatas", tuple(sorted(set(self.fermatas))))
        if not 0 < self.tempo_bpm < float("inf"):
            raise ValueError(f"a tempo of {self.tempo_bpm} quarter notes a minute cannot be played")

    @property
    def outline(self) -> Score:
        """The same piece with its notes taken out."""
        return replace(self, notes=(), length_ticks=self.length_ticks)

    @cached_property
    def num_voices(self) -> int:
        """Number of voices (highest voice index plus one); 0 unless every note has a voice."""
        if not self.notes or any(note.voice is None for note in self.notes):
            return 0
        return max(note.voice for note in self.notes if note.voice is not None) + 1

    @property
    def duration_seconds(self) -> float:
        """Playing time at the score's tempo."""
        return self.length_ticks / self.ticks_per_quarter * 60.0 / self.tempo_bpm

    def voice_notes(self, voice: int | None) -> tuple[Note, ...]:
        """The notes of one voice, in order."""
        return tuple(note for note in self.notes if note.voice == voice)

    def bar_starts(self) -> tuple[int, ...]:
        """Ticks at which full bars begin, after the pickup, up to but not including the end of the piece."""
        starts, tick = [], self.pickup_ticks
        while tick < self.length_ticks:
            starts.append(tick)
            later = self._num_signatures_until(tick)
            tick += self.time_signatures[later - 1].bar_ticks(self.ticks_per_quarter)
            if later < len(self.time_signatures):
                tick = min(tick, self.time_signatures[later].onset_ticks)
        return tuple(starts)

    def time_signature_at(self, tick: int) -> TimeSignature:
        """The time signature that holds at a tick."""
        return self.time_signatures[self._num_signatures_until(tick) - 1]

    def _num_signatures_until(self, tick: int) -> int:
        return bisect_right(self.time_signatures, tick, key=lambda signature: signature.onset_ticks)

    def retimed(self, ticks: Callable[[int], int], ticks_per_quarter: int, shortest: int = 1) -> Score:
        """The piece with every time of it moved.

        A note never becomes shorter than ``shortest``, and the piece ends no earlier than its last note. Of chords that
        fall together the last one stays, and so does the last of such metres. A pickup that becomes as long as a bar
        is one.

        Parameters
        ----------
        ticks
            The new tick of an old one; it keeps their order, and 0 where it is.
        ticks_per_quarter
            The new resolution.
        shortest
            The least length of a note.
        """
        notes = []
        for note in self.notes:
            onset = ticks(note.onset_ticks)
            length = max(shortest, ticks(note.end_ticks) - onset)
            stays = onset == note.onset_ticks and length == note.length_ticks
            notes.append(note if stays else replace(note, onset_ticks=onset, length_ticks=length))
        signatures = {ticks(signature.onset_ticks): signature for signature in self.time_signatures}
        pickup = ticks(self.pickup_ticks)
        if pickup * signatures[0].denominator >= signatures[0].numerator * 4 * ticks_per_quarter:
            pickup = 0
        chords = {ticks(chord.onset_ticks): chord for chord in self.chords}
        return replace(
            self,
            notes=tuple(notes),
            length_ticks=max([ticks(self.length_ticks), *(note.end_ticks for note in notes)]),
            ticks_per_quarter=ticks_per_quarter,
            time_signatures=tuple(replace(s, onset_ticks=onset) for onset, s in signatures.items()),
            pickup_ticks=pickup,
            fermatas=None if self.fermatas is None else tuple(map(ticks, self.fermatas)),
            chords=tuple(replace(chord, onset_ticks=onset) for onset, chord in chords.items()),
            lyrics=tuple(replace(word, onset_ticks=ticks(word.onset_ticks)) for word in self.lyrics),
            repeats=tuple(filter(None, (repeat.moved(ticks) for repeat in self.repeats))),
        )

    def cut(self, first: int, last: int) -> Score:
        """What lies from one tick to before another, counted from the first of them.

        Notes that sound across a cut begin or end there. The metre and the chord symbol that hold at the first tick
        begin with it; what remains of a bar is the pickup. A repeat that is cut is none.

        Raises
        ------
        ValueError
            If nothing of the piece lies between the two.
        """
        last = min(last, self.length_ticks)
        if not 0 <= first < last:
            raise ValueError(f"ticks {first} to {last} are not part of a piece of {self.length_ticks}")
        metre = self.time_signature_at(first)
        bars = [self.pickup_ticks, *self.bar_starts()]
        bars.append(bars[-1] + metre.bar_ticks(self.ticks_per_quarter))
        kept = replace(
            self,
            notes=tuple(
                note.within(first, last) for note in self.notes if note.onset_ticks < last and first < note.end_ticks
            ),
            length_ticks=last,
            time_signatures=(
                replace(metre, onset_ticks=0),
                *(s for s in self.time_signatures if first < s.onset_ticks < last),
            ),
            pickup_ticks=0,
            fermatas=None if self.fermatas is None else tuple(tick for tick in self.fermatas if first <= tick < last),
            chords=tuple(chord for chord in self.chords if chord.onset_ticks < last),
            lyrics=tuple(word for word in self.lyrics if first <= word.onset_ticks < last),
            repeats=tuple(r for r in self.repeats if first <= r.start_ticks and r.end_ticks <= last),
        )
        moved = kept.retimed(lambda tick: max(0, tick - first), self.ticks_per_quarter)
        return replace(moved, pickup_ticks=min(bar for bar in bars if bar >= first) - first)

    def transposed(self, semitones: int) -> Score:
        """The piece a number of semitones higher, its key and chords with it.

        Raises
        ------
        ValueError
            If a note would leave the MIDI range.
        """
        notes = tuple(replace(note, pitch=note.pitch + semitones) for note in self.notes)
        key = self.key
        if key is not None and semitones % 12:
            key = key.transposed(semitones)
        flats = key is not None and key.fifths < 0
        chords = tuple(chord.transposed(semitones, flats=flats) for chord in self.chords)
        return replace(self, notes=notes, key=key, chords=chords)
