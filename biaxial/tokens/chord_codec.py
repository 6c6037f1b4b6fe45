"""Any polyphony as a string of notes and chords with their lengths, and waits between them.

At each moment at which something is struck stand, from the lowest note up, the groups of notes that begin and end
together: a chord (one note is one too), then its length. A wait leads to the next moment; after the last one it leads
to the end of the piece. A rest is a wait that is longer than what sounds. This is the string of the well-known Keras
composers (a name for each note or chord), but with lengths, rests and an end.

The vocabulary holds the chords and lengths that are frequent in the training pieces. Any other chord is spelt: SPELL,
its pitches from the lowest up, STOP; any other length is a number of up to five digits in base 16 and STOP. So every
piece has a string, and the probability of a string is exact. A few strings say the same music in other words (a known
chord that is spelt, groups in another order); the model learns that they do not occur, and what probability they have
left is missing from that of the music, which is a bound from below.

Order of the tokens: 128 pitches, 16 digits, STOP, SPELL, SPELL LENGTH, SPELL WAIT, END, START, the chords, the lengths,
the waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from biaxial.music.constants import HOLD, STRIKE
from biaxial.tokens.codec import SoundedNote
from biaxial.tokens.config import MAX_LENGTH, SequenceConfig

_DIGITS: Final = 128
_STOP, _SPELL, _SPELL_LENGTH, _SPELL_WAIT = 144, 145, 146, 147
_END, _START, _WORDS = 148, 149, 150
_BEGUN, _MOMENT, _GROUP, _CHORD = 0, 1, 2, 3
_MAX_DIGITS: Final = 5
_DRAWN_DIGITS: Final = 2  # a network that has learnt nothing yet would write lengths of hours
_LENGTH_DIGITS, _WAIT_DIGITS, _PITCHES = 4, 10, 16  # so many digits later; after pitch p: 17 + p
_NUM_ROWS: Final = _PITCHES + 129

Moment = tuple[int, list[tuple[tuple[int, ...], int]]]
"""A step, and the groups that begin there: pitches and length in steps."""


def moments(states: NDArray[np.int8], shift: int = 0) -> list[Moment]:
    """The groups of a roll ``(t, 128)``, moment by moment.

    Raises
    ------
    ValueError
        If a pitch, moved by so many semitones, leaves the MIDI range, or a note is longer than can be written.
    """
    num_steps = len(states)
    until = np.where(states != HOLD, np.arange(num_steps)[:, None], num_steps)
    until = np.minimum.accumulate(until[::-1], axis=0)[::-1]
    until = np.vstack([until[1:], np.full((1, states.shape[1]), num_steps)])  # first step at which it no longer holds
    found: dict[int, dict[int, list[int]]] = {}
    for step, pitch in np.argwhere(states == STRIKE).tolist():
        if not 0 <= pitch + shift < 128:
            raise ValueError(f"moved by {shift} semitones, pitch {pitch} leaves 0 to 127")
        found.setdefault(step, {}).setdefault(int(until[step, pitch]) - step, []).append(pitch + shift)
    return [
        (step, sorted((tuple(pitches), min(length, MAX_LENGTH)) for length, pitches in groups.items()))
        for step, groups in found.items()
    ]


def learnt_vocabulary(
    pieces: Iterable[Sequence[Moment]], most_chords: int, least_count: int
) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """Chords and lengths that are frequent in training pieces.

    Parameters
    ----------
    pieces
        What :func:`moments` finds in each of them.
    most_chords
        Most chords; the most frequent are kept, the lower of equally frequent ones.
    least_count
        How often each has to occur.
    """
    chords: Counter[tuple[int, ...]] = Counter()
    lengths: Counter[int] = Counter()
    for piece in pieces:
        for (step, groups), following in zip(piece, [*piece[1:], None], strict=True):
            chords.update(pitches for pitches, _ in groups)
            lengths.update(length for _, length in groups)
            if following is not None:
                lengths[following[0] - step] += 1
    kept = sorted((-count, chord) for chord, count in chords.items() if count >= least_count)[:most_chords]
    usual = sorted(length for length, count in lengths.items() if count >= least_count and length <= MAX_LENGTH)
    return tuple(sorted(chord for _, chord in kept)), tuple(usual)


class ChordWalk:
    """A piece that is being written, as :class:`biaxial.tokens.codec.Walk` says."""

    def __init__(self, codec: ChordCodec) -> None:
        self._codec = codec
        self.state, self.time, self.num_events, self.done = _BEGUN, 0, 0, False
        self._groups: list[tuple[int, tuple[int, ...], int]] = []
        self._chord: tuple[int, ...] = ()
        self._number = 0
        self._sounds_until = 0

    def push(self, token: int) -> None:
        """Write a token.

        Raises
        ------
        ValueError
            If the grammar forbids it.
        """
        codec = self._codec
        if self.done or not 0 <= token < codec.size or not codec.allowed[self.state, token]:
            raise ValueError(f"token {token} cannot follow here")
        if token < _DIGITS:
            self._chord, self.state = (*self._chord, token), _PITCHES + 1 + token
        elif token < _STOP:
            self._number, self.state = 16 * self._number + token - _DIGITS, self.state + 1
        elif token == _STOP and self.state >= _PITCHES:
            self.state = _CHORD
        elif token == _STOP:
            self._timed(self._number, wait=self.state >= _WAIT_DIGITS)
        elif token == _SPELL:
            self._chord, self.state = (), _PITCHES
        elif token in (_SPELL_LENGTH, _SPELL_WAIT):
            self._number, self.state = 0, _LENGTH_DIGITS if token == _SPELL_LENGTH else _WAIT_DIGITS
        elif token == _END:
            self.done = True
        elif token < codec.first_length:
            self._chord, self.state = codec.chords[token - _WORDS], _CHORD
        elif token < codec.first_wait:
            self._timed(codec.lengths[token - codec.first_length], wait=False)
        else:
            self._timed(codec.lengths[token - codec.first_wait], wait=True)

    @property
    def phrase_ends(self) -> tuple[int, ...] | None:
        """Chords do not state phrase ends."""
        return None

    def _timed(self, steps: int, *, wait: bool) -> None:
        if wait:
            self.num_events += self.time + steps > self._sounds_until  # a rest is heard
            self.time += steps
            self.state = _MOMENT
        else:
            self._groups.append((self.time, self._chord, steps))
            self._sounds_until = max(self._sounds_until, self.time + steps)
            self.num_events += 1
            self.state = _GROUP

    def notes(self) -> list[SoundedNote]:
        """All notes so far; one that is struck again ends there, and of two that begin together the longer stays."""
        found: dict[tuple[int, int], int] = {}
        last: dict[int, int] = {}
        for onset, pitches, length in self._groups:
            for pitch in pitches:
                before = last.get(pitch)
                if before is not None and before < onset:
                    found[before, pitch] = min(found[before, pitch], onset - before)
                found[onset, pitch] = max(found.get((onset, pitch), 0), length)
                last[pitch] = onset
        return [(onset, length, pitch) for (onset, pitch), length in found.items()]


class ChordCodec:
    """Polyphony as strings, as :class:`biaxial.tokens.codec.Codec` says.

    Parameters
    ----------
    config
        With the vocabulary.
    """

    start = _START
    end = _END

    def __init__(self, config: SequenceConfig) -> None:
        self.chords, self.lengths = config.chords, config.lengths
        self.first_length = _WORDS + len(self.chords)
        self.first_wait = self.first_length + len(self.lengths)
        self.size = self.first_wait + len(self.lengths)
        self._chord_of = {chord: _WORDS + index for index, chord in enumerate(self.chords)}
        self._length_of = {length: index for index, length in enumerate(self.lengths)}
        self.allowed = self._grammar()
        self.drawable = self.allowed.copy()
        for first in (_LENGTH_DIGITS, _WAIT_DIGITS):
            self.drawable[first + _DRAWN_DIGITS : first + _MAX_DIGITS, _DIGITS:_STOP] = False
        places = np.arange(self.size)
        self.onsets = (places == _SPELL) | ((places >= _WORDS) & (places < self.first_length))
        self.moments = (places == _SPELL_WAIT) | (places >= self.first_wait)

    def _grammar(self) -> NDArray[np.bool_]:
        allowed = np.zeros((_NUM_ROWS, self.size), dtype=bool)
        chords, lengths = slice(_WORDS, self.first_length), slice(self.first_length, self.first_wait)
        waits = slice(self.first_wait, self.size)
        for row in (_BEGUN, _MOMENT, _GROUP):
            allowed[row, chords] = allowed[row, _SPELL] = True
        for row in (_BEGUN, _GROUP):
            allowed[row, waits] = allowed[row, _SPELL_WAIT] = True
        allowed[[_BEGUN, _MOMENT], _END] = True
        allowed[_CHORD, lengths] = allowed[_CHORD, _SPELL_LENGTH] = True
        for first in (_LENGTH_DIGITS, _WAIT_DIGITS):
            allowed[first, _DIGITS + 1 : _STOP] = True  # no leading zero
            allowed[first + 1 : first + _MAX_DIGITS, _DIGITS:_STOP] = True
            allowed[first + 1 : first + 1 + _MAX_DIGITS, _STOP] = True
        allowed[_PITCHES, :128] = True
        for pitch in range(128):
            allowed[_PITCHES + 1 + pitch, pitch + 1 : 128] = True
            allowed[_PITCHES + 1 + pitch, _STOP] = True
        return allowed

    def walk(self, *, phrased: bool = True) -> ChordWalk:
        """An empty piece, without phrase ends."""
        return ChordWalk(self)

    def encode(
        self,
        states: NDArray[np.int8],
        voices: NDArray[np.uint8],
        shift: int,
        phrase_ends: Sequence[int] | None = None,
    ) -> list[NDArray[np.int32]]:
        """The one string of a piece; its voices are merged, and its phrase ends are left out.

        Raises
        ------
        ValueError
            If a pitch leaves the MIDI range.
        """
        return [self.tokens(moments(states, shift), len(states))]

    def tokens(self, found: Sequence[Moment], num_steps: int) -> NDArray[np.int32]:
        """The string of a piece of so many steps, END included."""
        tokens, time = list[int](), 0
        for step, groups in found:
            tokens += self._waited(step - time)
            time = step
            for pitches, length in groups:
                tokens += self._named(pitches)
                tokens += self._number(length, self.first_length, _SPELL_LENGTH)
        tokens += self._waited(num_steps - time)
        return np.array([*tokens, _END], np.int32)

    def _named(self, pitches: tuple[int, ...]) -> list[int]:
        known = self._chord_of.get(pitches)
        return [known] if known is not None else [_SPELL, *pitches, _STOP]

    def _waited(self, steps: int) -> list[int]:
        return self._number(steps, self.first_wait, _SPELL_WAIT) if steps else []

    def _number(self, steps: int, first: int, spell: int) -> list[int]:
        known = self._length_of.get(steps)
        if known is not None:
            return [first + known]
        digits = f"{min(steps, MAX_LENGTH):x}"
        return [spell, *(_DIGITS + int(digit, 16) for digit in digits), _STOP]

    def nearest(self, pitches: tuple[int, ...]) -> tuple[int, ...]:
        """The known chord that shares most with another one (Jaccard); of equal ones the one of least movement.

        Raises
        ------
        ValueError
            If no chord is known.
        """
        if not self.chords:
            raise ValueError("the vocabulary has no chords")
        wanted = set(pitches)

        def distance(chord: tuple[int, ...]) -> tuple[float, float]:
            shared = len(wanted & set(chord)) / len(wanted | set(chord))
            moved = sum(min(abs(p - q) for q in chord) for p in pitches) / len(pitches)
            return -shared, moved

        return pitches if pitches in self._chord_of else min(self.chords, key=distance)
