"""Music without voices, given to several players.

A search over the notes, in their order and from the highest down, keeps the cheapest ways to give those so far to the
players (a beam). A note stays with its player from its onset to its end. Costs are in semitones of movement:

- A player who sounds nothing pays for the way from the nearest note of the last chord played, two semitones at least:
  a repeated note and a step cost the same. Across a rest this counts less and less, and the distance from the player's
  home takes its place, the mean pitch of its rank in the chords that have a note for each player; and who has rested
  pays a little to come in again, so that one player goes on with a line that has gaps.
- A second note at once costs more than most leaps: 18 and 2 for each semitone between the two, and 30 if they do not
  begin and end together, so that a bow draws two strings only where nobody else is free. An instrument that can have
  n notes at once pays a (n - 1)th of that, so a piano pays next to nothing.
- Each pair of players, the upper of whom sounds lower.
- What cannot be played: a note outside an instrument's range, more of them than it can have, or further apart than it
  reaches. This costs more than all else, grows with the distance, and is told; no note is lost.

The values were found by trying, on half of the string quartets on which ``scripts/tables/seating_table.py`` was run.
None of them matters much: half or twice of it changes the share of notes of these works that come back to their own
part by at most .004.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from math import log2
from typing import Final, NamedTuple

from biaxial.music.performance.instruments import Seat, seats_of
from biaxial.music.score import Note, Score
from biaxial.music.spelling import pitch_name


@dataclass(frozen=True, slots=True)
class SeatingCosts:
    """What it costs to give a note to a player, in semitones of movement.

    Parameters
    ----------
    step
        The least movement.
    home
        Each semitone from home, where a rest has made the last note count for nothing.
    fade
        A rest of this many quarter notes halves what movement counts.
    rest
        Coming in after a rest of a sixteenth note; after longer ones each doubling of 1 + sixteenths as much again.
    longest_rest_quarters
        After which it grows no more.
    crossing
        Each pair of players that is crossed when a note begins.
    double, apart, uneven
        A second note at once, each semitone from it, and if the two do not begin and end together.
    beyond, too_far
        A note that cannot be played, and each semitone that it lies outside a range.
    """

    step: float = 2.0
    home: float = 0.5
    fade: float = 1.0
    rest: float = 3.0
    longest_rest_quarters: float = 8.0
    crossing: float = 12.0
    double: float = 18.0
    apart: float = 2.0
    uneven: float = 30.0
    beyond: float = 60.0
    too_far: float = 20.0


COSTS: Final = SeatingCosts()
BEAM: Final = 16
"""Ways that are kept; twice as many give back .001 more of the notes of string quartets."""


@dataclass(frozen=True)
class Seating:
    """Who plays what.

    Parameters
    ----------
    score
        The music; each note has a voice, the place of its player, unless one player has all.
    seats
        What each voice is played on; none where nobody said.
    is_found
        Whether the voices were found here, and are players and not voices that the music had.
    remarks
        What a user should know, one line each.
    """

    score: Score
    seats: tuple[Seat, ...]
    is_found: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def titles(self) -> tuple[str, ...]:
        """Names of the players, where voices have no names of their own."""
        return tuple(seat.title for seat in self.seats) if self.is_found else ()


@lru_cache(maxsize=8)
def seated(score: Score, names: tuple[str, ...], costs: SeatingCosts = COSTS) -> Seating:
    """Give a piece to instruments.

    Voices keep theirs, one each from the top; the last instrument plays the voices below it too. Notes without voices
    are given to all of several instruments by least movement. One instrument plays them all.

    Parameters
    ----------
    score
        Any music.
    names
        Of instruments (:data:`~biaxial.music.performance.instruments.SEATS`), from the highest part to the lowest.
    costs
        Of movement, crossings and more.

    Raises
    ------
    InputError
        If an instrument is unknown.
    """
    seats = seats_of(names)
    if len(seats) < 2 or not score.notes or score.num_voices:
        voices = range(score.num_voices or 1) if seats else ()
        return Seating(score, tuple(seats[min(voice, len(seats) - 1)] for voice in voices))
    notes = sorted(score.notes, key=_downwards)
    players = _Search(notes, seats, score.ticks_per_quarter, costs).players()
    given = [replace(note, voice=player) for note, player in zip(notes, players, strict=True)]
    whole = replace(score, notes=tuple(given))
    return Seating(whole, seats, is_found=True, remarks=tuple(_remarks(whole, seats)))


def price_of(score: Score, names: Sequence[str], costs: SeatingCosts = COSTS) -> float:
    """What parts cost that are there, those of a score whose voices are the players."""
    notes = sorted(score.notes, key=_downwards)
    search = _Search(notes, seats_of(names), score.ticks_per_quarter, costs)
    price, held = 0.0, search.nobody
    for place, note in enumerate(notes):
        more, held = search.choices(place, held, {})[note.voice or 0]
        price += more
    return price


def _downwards(note: Note) -> tuple[int, int]:
    return note.onset_ticks, -note.pitch


_Hand = tuple[int, ...]
"""What one player has played last, in order: places of the notes that may sound on, and of those of the last onset."""
_Hands = tuple[_Hand, ...]


class _Way(NamedTuple):
    """One way to give out the notes so far: its price, that of its beginning and who got the last note."""

    price: float
    before: int
    player: int


class _Taking(NamedTuple):
    """A player who takes a note: the price, how many notes of his it lies below and above, and his hand then."""

    price: float
    higher: int
    lower: int
    after: _Hand


_Takings = dict[tuple[int, _Hand], _Taking]


class _Search:
    """A beam search over notes in order, those of one onset from the highest down."""

    def __init__(self, notes: Sequence[Note], seats: Sequence[Seat], quarter: int, costs: SeatingCosts) -> None:
        self._notes, self._seats, self._quarter, self._costs = notes, seats, quarter, costs
        self._homes = _homes(notes, seats)

    def players(self) -> list[int]:
        """The player of each note."""
        hands, prices = [self.nobody], [0.0]
        steps: list[list[_Way]] = []
        for place in range(len(self._notes)):
            found: dict[_Hands, _Way] = {}
            known: _Takings = {}
            for before, (price, held) in enumerate(zip(prices, hands, strict=True)):
                for player, (more, after) in enumerate(self.choices(place, held, known)):
                    if after not in found or price + more < found[after].price:
                        found[after] = _Way(price + more, before, player)
            best = sorted(found.items(), key=lambda item: item[1].price)[:BEAM]
            hands = [held for held, _ in best]
            prices = [way.price for _, way in best]
            steps.append([way for _, way in best])
        players, number = [], 0
        for ways in reversed(steps):
            players.append(ways[number].player)
            number = ways[number].before
        return players[::-1]

    @property
    def nobody(self) -> _Hands:
        """What all have played before the first note."""
        return ((),) * len(self._seats)

    def choices(self, place: int, held: _Hands, known: _Takings) -> list[tuple[float, _Hands]]:
        """What it costs to give a note to each player, and what all have played then.

        Parameters
        ----------
        place
            Of the note.
        held
            What all have played before it.
        known
            What has been found of it and its players; more is added.
        """
        takings = []
        for key in enumerate(held):
            if (taking := known.get(key)) is None:
                taking = known[key] = self._taking(place, *key)
            takings.append(taking)
        found = []
        crossed = sum(taking.higher for taking in takings)
        for player, taking in enumerate(takings):
            crossed -= taking.higher
            after = (*held[:player], taking.after, *held[player + 1 :])
            found.append((taking.price + self._costs.crossing * crossed, after))
            crossed += taking.lower
        return found

    def _taking(self, place: int, player: int, hand: _Hand) -> _Taking:
        """What it is for a player to take a note, whatever the others do."""
        note, notes = self._notes[place], self._notes
        sounding = [other for other in hand if notes[other].end_ticks > note.onset_ticks]
        kept = (other for other in hand if other in sounding or notes[other].onset_ticks == note.onset_ticks)
        pitches = [notes[other].pitch for other in sounding]
        return _Taking(
            self._price(note, player, [notes[other] for other in hand], [notes[other] for other in sounding]),
            sum(pitch > note.pitch for pitch in pitches),
            sum(pitch < note.pitch for pitch in pitches),
            (*kept, place),
        )

    def _price(self, note: Note, player: int, hand: Sequence[Note], sounding: Sequence[Note]) -> float:
        """What it costs a player to take a note, but for crossings."""
        costs, seat = self._costs, self._seats[player]
        price = 0.0
        if outside := max(seat.lowest - note.pitch, note.pitch - seat.highest, 0):
            price += costs.beyond + costs.too_far * outside
        if sounding:
            return price + self._price_at_once(note, seat, sounding)
        home = abs(note.pitch - self._homes[player])
        if not hand:
            return price + costs.home * home
        last = hand[-1].onset_ticks
        moved = max(costs.step, min(abs(note.pitch - other.pitch) for other in hand if other.onset_ticks == last))
        gap = (note.onset_ticks - max(other.end_ticks for other in hand)) / self._quarter
        counts = 1 / (1 + gap / costs.fade)
        rest = costs.rest * log2(1 + 4 * min(gap, costs.longest_rest_quarters))
        return price + counts * moved + (1 - counts) * costs.home * home + rest

    def _price_at_once(self, note: Note, seat: Seat, sounding: Sequence[Note]) -> float:
        """What it costs a player to take a note while others sound."""
        costs = self._costs
        apart = max(abs(note.pitch - other.pitch) for other in sounding)
        together = all((other.onset_ticks, other.end_ticks) == (note.onset_ticks, note.end_ticks) for other in sounding)
        price = (costs.double + costs.apart * apart + costs.uneven * (not together)) / max(seat.at_once - 1, 1)
        same = any(other.pitch == note.pitch for other in sounding)
        return price + costs.beyond * (len(sounding) >= seat.at_once or apart > seat.span or same)


def _sounding(notes: Sequence[Note], tick: int) -> list[Note]:
    return [note for note in notes if note.end_ticks > tick]


def _homes(notes: Sequence[Note], seats: Sequence[Seat]) -> list[float]:
    """Where each player is at home: the mean of its rank in full chords, or spread over the piece, within its range."""
    full: list[list[int]] = []
    sounding: list[Note] = []
    for onset, new in groupby(notes, key=lambda note: note.onset_ticks):
        sounding = [*_sounding(sounding, onset), *new]
        if len(sounding) == len(seats):
            full.append(sorted((note.pitch for note in sounding), reverse=True))
    if full:
        means = [sum(rank) / len(full) for rank in zip(*full, strict=True)]
    else:
        pitches = sorted((note.pitch for note in notes), reverse=True)
        means = [float(pitches[len(pitches) * (2 * rank + 1) // (2 * len(seats))]) for rank in range(len(seats))]
    return [min(max(mean, seat.lowest), seat.highest) for mean, seat in zip(means, seats, strict=True)]


def _remarks(score: Score, seats: Sequence[Seat]) -> Iterator[str]:
    """What of the parts cannot be played."""
    for player, seat in enumerate(seats):
        outside, too_many = [], []
        hand: list[Note] = []
        for note in score.voice_notes(player):
            hand = _sounding(hand, note.onset_ticks)
            if not seat.lowest <= note.pitch <= seat.highest:
                outside.append(note)
            if hand and (len(hand) >= seat.at_once or max(abs(note.pitch - n.pitch) for n in hand) > seat.span):
                too_many.append(note)
            hand.append(note)
        if outside:
            lowest, highest = (pitch_name(pitch, score.key) for pitch in (seat.lowest, seat.highest))
            yield f"{_said(score, seat, outside)} beyond its range, {lowest} to {highest}"
        if too_many:
            yield f"{_said(score, seat, too_many)} more than it can hold at once"


def _said(score: Score, seat: Seat, notes: Sequence[Note]) -> str:
    bar = bisect_right(score.bar_starts(), notes[0].onset_ticks)
    said = f"1 note, in bar {bar}," if len(notes) == 1 else f"{len(notes)} notes, the first in bar {bar},"
    return f"{seat.title} has {said}"
