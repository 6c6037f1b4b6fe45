"""The public face of the token LSTMs: a model that composes tunes, or notes and chords, and scores music."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from biaxial.features.conditions import outline_conditions
from biaxial.models.network_arrays import NetworkArrays, arrays_of
from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Key, Note, Score, TimeSignature
from biaxial.tasks.critic import PieceLike, score_of
from biaxial.tasks.drawing.sampling_options import Progress, with_changes
from biaxial.tasks.held_network import HoldsNetwork
from biaxial.tasks.piece import LogLikelihood, Piece
from biaxial.tasks.plans.outline import check_metre, drawn_key, drawn_name
from biaxial.tasks.plans.plan import MAX_STEPS, rescaled, seeds_of
from biaxial.tasks.sharing import Shared
from biaxial.tokens.chord_codec import ChordCodec, moments
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.line_rules import LineRules
from biaxial.tokens.melody_codec import NUM_PITCHES
from biaxial.tokens.strings import PLACES, UNKNOWN_GIVEN, Cells, codec_of, way_home
from biaxial.tokens.token_stepper import DrawnString, TokenOptions, TokenStepper, draw_string

if TYPE_CHECKING:
    from biaxial.tokens.network import SequenceLSTM

DEFAULT_TEMPO_BPM: Final = 96.0
MAX_EVENTS: Final = 20_000
"""Most notes, chords and rests of a piece."""
_USUAL_EVENTS: Final = {"melody": (12, 400), "chord": (24, 600)}
"""Where the model decides when a piece ends: before so many events not, and after so many it is broken off."""
ALL_PITCHES: Final = (0, NUM_PITCHES - 1)
_LATE: Final = 0.8
"""Share of the wanted events after which a piece may end."""


@dataclass(frozen=True, eq=False)
class Opening:
    """A primer: its tokens and events, its key and the way home, itself on the grid, and what to tell."""

    tokens: Sequence[int]
    num_events: int
    key: Key
    shift: int
    score: Score
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class TokenOutline:
    """Seed, key, metre and pickup (in steps) of a piece, and the semitones to its home key."""

    seed: int
    key: Key
    metre: TimeSignature
    pickup: int
    shift: int
    config: SequenceConfig

    def given_at(self, step: int) -> tuple[int, int, int]:
        """What is given at a step."""
        mode = int(self.key.mode == "minor") if self.config.home_key else UNKNOWN_GIVEN[2]
        bar = 4 * self.metre.numerator * self.config.steps_per_quarter // self.metre.denominator
        if bar > PLACES - 2:
            return *UNKNOWN_GIVEN[:2], mode
        return (step - self.pickup) % bar, bar, mode

    def rules(self, plan: TokenPlan) -> LineRules:
        """What a tune keeps to, in the home key."""
        low, high = (min(max(0, pitch + self.shift), NUM_PITCHES - 1) for pitch in plan.pitch_range)
        tonic = (self.key.tonic + self.shift) % 12 if plan.options.cadence else None
        return LineRules((low, high), tonic, plan.events[1])


@dataclass(frozen=True, eq=False)
class TokenPlan:
    """Pieces that are to be drawn in the same way.

    Parameters
    ----------
    outlines
        What is decided about each.
    opening
        What each begins with.
    events
        Number of events before which a piece does not end, and the number after which it is broken off.
    tempo_bpm
        Quarter notes a minute.
    options
        How tokens are drawn.
    pitch_range
        Lowest and highest pitch of a tune.
    """

    outlines: tuple[TokenOutline, ...]
    opening: Opening | None
    events: tuple[int, int]
    tempo_bpm: float
    options: TokenOptions
    pitch_range: tuple[int, int] = ALL_PITCHES


class TokenModel(HoldsNetwork, Shared):
    """A trained token LSTM with its public verbs.

    Parameters
    ----------
    network
        The network, in evaluation mode, or its arrays, which compose without PyTorch.
    history
        How its weights came to be.
    name
        Name of the weights.
    device
        Where a network that is made of arrays is to be, or ``"auto"``.

    Attributes
    ----------
    config
        Kind, sizes and vocabulary.
    """

    config: SequenceConfig

    def __init__(
        self,
        network: SequenceLSTM | NetworkArrays[SequenceConfig],
        history: dict[str, Any],
        name: str,
        device: str = "auto",
    ) -> None:
        super().__init__(network, device)
        self.history, self.name = history, name
        self._stepper: TokenStepper | None = None

    def compose(
        self,
        events: int | None = None,
        *,
        key: Key | str | None = None,
        time_signature: TimeSignature | str | None = None,
        tempo_bpm: float | None = None,
        primer: PieceLike | None = None,
        nearest_chords: bool = False,
        pitch_range: tuple[int, int] = ALL_PITCHES,
        seed: int = 0,
        drawing: TokenOptions | None = None,
        progress: Progress | None = None,
        **changes: Any,
    ) -> Piece:
        """Compose one piece.

        Parameters and errors are those of :meth:`plan_composition`; ``progress`` as for :meth:`draw`.
        """
        plan = self.plan_composition(
            events,
            key=key,
            time_signature=time_signature,
            tempo_bpm=tempo_bpm,
            primer=primer,
            nearest_chords=nearest_chords,
            pitch_range=pitch_range,
            seed=seed,
            drawing=drawing,
            **changes,
        )
        return next(self.draw(plan, progress))

    def plan_composition(
        self,
        events: int | None = None,
        *,
        key: Key | str | None = None,
        time_signature: TimeSignature | str | None = None,
        tempo_bpm: float | None = None,
        primer: PieceLike | None = None,
        nearest_chords: bool = False,
        pitch_range: tuple[int, int] = ALL_PITCHES,
        n: int = 1,
        seed: int = 0,
        drawing: TokenOptions | None = None,
        **changes: Any,
    ) -> TokenPlan:
        """Plan pieces that are composed.

        Parameters
        ----------
        events
            Notes, chords and rests of each, the primer's among them: a piece may end when four fifths are written, and
            is broken off after the last. By default the model decides when a piece ends.
        key
            A :class:`Key` or its name. By default the primer's, else one that is drawn as often as the corpus has it.
        time_signature
            The metre; by default the primer's, else drawn likewise, with its pickup.
        tempo_bpm
            Quarter notes a minute; by default the primer's, else 96.
        primer
            What the piece begins with: a score, a file, or an object of another library; a ``melody`` model takes its
            highest line. Its title and words are those of the piece.
        nearest_chords
            Whether a chord of the primer that the vocabulary lacks becomes the known one that shares most pitches; by
            default it is spelt, note by note, and stays as it is.
        pitch_range
            Lowest and highest pitch of a ``melody`` model, at least an octave apart.
        n
            How many pieces.
        seed
            Piece ``i`` is the one that ``seed + i`` gives alone.
        drawing
            Temperature, top-p, min-p, the repetition guard, and whether a tune ends on its tonic.
        changes
            Fields of ``drawing`` by name, such as ``temperature=0.7``.

        Raises
        ------
        InputError, ValueError
            If a value cannot be used.
        """
        drawing = with_changes(drawing or TokenOptions(), changes)
        if not 0 <= pitch_range[0] <= pitch_range[1] - 12 <= NUM_PITCHES - 13:
            raise InputError(f"a tune has an octave or more of the pitches 0 to 127, not {pitch_range}")
        seeds = seeds_of(seed, n)
        key = Key.from_name(key) if isinstance(key, str) else key
        if isinstance(time_signature, str):
            time_signature = TimeSignature.from_name(time_signature)
        if time_signature is not None:
            check_metre(time_signature, self.config.steps_per_quarter)
        opening = None if primer is None else self._opening(score_of(primer), key, nearest_chords)
        given = 0 if opening is None else opening.num_events
        if events is None:
            least, most = _USUAL_EVENTS[self.config.kind]
            bounds = (least, most) if opening is None else (given + 1, given + most)
        elif not 1 <= events <= MAX_EVENTS:
            raise InputError(f"{events} events cannot be written; give 1 to {MAX_EVENTS}")
        elif given >= events:
            raise InputError(f"the primer has {given} events, the piece {events}; ask for more")
        else:
            bounds = max(1, int(_LATE * events)), events
        outlines = tuple(self._outline(each, key, time_signature, opening) for each in seeds)
        tempo = tempo_bpm or (DEFAULT_TEMPO_BPM if opening is None else opening.score.tempo_bpm)
        return TokenPlan(outlines, opening, bounds, tempo, drawing, pitch_range)

    def draw(self, plan: TokenPlan, progress: Progress | None = None) -> Iterator[Piece]:
        """Draw what was planned; pieces come as they are finished.

        Parameters
        ----------
        plan
            What :meth:`plan_composition` gave.
        progress
            Called with the number of events since its last call; what it raises ends the drawing.
        """
        if self._stepper is None:
            given = self._given
            self._stepper = TokenStepper(given if isinstance(given, NetworkArrays) else arrays_of(given))
        for outline in plan.outlines:
            drawn = draw_string(
                self._stepper,
                outline.seed,
                outline.given_at,
                plan.options,
                primer=() if plan.opening is None else plan.opening.tokens,
                events=plan.events,
                most_steps=MAX_STEPS,
                rules=outline.rules(plan) if self.config.kind == "melody" else None,
                progress=progress,
            )
            yield self._piece(drawn, outline, plan)

    def _opening(self, primer: Score, key: Key | None, nearest: bool) -> Opening:
        """A primer as tokens."""
        if not primer.notes:
            raise InputError("the primer has no notes; give one with at least one note")
        grid = Grid(self.config.steps_per_quarter)
        cells = cells_of_score(primer if key is None else replace(primer, key=key), grid)
        if self.config.kind == "melody":  # one line, whatever the voices
            cells = replace(cells, voices=np.zeros_like(cells.voices))
        codec, shift, remarks = codec_of(self.config), cells.shift(self.config), list[str]()
        if nearest and isinstance(codec, ChordCodec) and codec.chords:
            groups, changed = [], 0
            for step, chords in moments(cells.states, shift):
                near = [(codec.nearest(pitches), length) for pitches, length in chords]
                changed += sum(a != b for a, b in zip(near, chords, strict=True))
                groups.append((step, sorted(near)))
            tokens = codec.tokens(groups, len(cells.states))
            if changed:
                remarks.append(f"{changed} chords of the primer became the nearest ones of the vocabulary")
        else:
            tokens = codec.encode(cells.states, cells.voices, shift, cells.phrase_ends)[0]
        walk = codec.walk()
        for token in tokens[:-1].tolist():
            walk.push(token)
        grown, _ = grid.quantised(primer)
        return Opening(tuple(tokens[:-1].tolist()), walk.num_events, cells.key, shift, grown, tuple(remarks))

    def _outline(
        self, seed: int, key: Key | None, metre: TimeSignature | None, opening: Opening | None
    ) -> TokenOutline:
        """Key, metre and pickup of a piece."""
        spq = self.config.steps_per_quarter
        if opening is not None:
            first = opening.score.time_signatures[0]
            ticks = opening.score.ticks_per_quarter
            pickup = opening.score.pickup_ticks * spq // ticks
            return TokenOutline(seed, opening.key, metre or first, pickup, opening.shift, self.config)
        key = key or drawn_key(self.history.get("keys", {}), seed) or Key(0)
        fitting = self.history.get("metres", {})
        if metre is not None:
            bar = 4 * metre.numerator * spq // metre.denominator
            fitting = {name: count for name, count in fitting.items() if name.startswith(f"{bar}+")}
        name = drawn_name(fitting, seed)
        bar, pickup = (4 * spq, 0) if name is None else map(int, name.split("+"))
        metre = metre or signature_of(bar, spq)
        shift = way_home(key, 48, 84) if self.config.home_key else 0
        return TokenOutline(seed, key, metre, pickup, shift, self.config)

    def _piece(self, drawn: DrawnString, outline: TokenOutline, plan: TokenPlan) -> Piece:
        opening = plan.opening
        unit = TICKS_PER_QUARTER // self.config.steps_per_quarter
        ticks = unit * self.config.steps_per_quarter
        sounded = drawn.walk.notes()
        notes = tuple(
            Note(onset * unit, length * unit, pitch - outline.shift)
            for onset, length, pitch in sounded
            if 0 <= pitch - outline.shift < 128
        )
        ends = drawn.walk.phrase_ends
        if ends is not None:
            ends = tuple(step * unit for step in ends)
            if plan.options.cadence and notes:  # the last note too where the tune was broken off
                ends += (notes[-1].onset_ticks,)
        length = max([drawn.walk.time, 1, *(onset + size for onset, size, _ in sounded)])
        remarks = list(() if opening is None else opening.remarks)
        if not drawn.ended:
            remarks.append(f"broken off after {drawn.walk.num_events} events: the model did not end the piece by then")
        score = Score(
            notes=notes,
            length_ticks=length * unit,
            ticks_per_quarter=ticks,
            time_signatures=(outline.metre,),
            pickup_ticks=outline.pickup * unit,
            key=outline.key,
            fermatas=ends,
            tempo_bpm=plan.tempo_bpm,
            title=f"{'Tune' if self.config.kind == 'melody' else 'Piece'} {outline.seed}",
        )
        if opening is not None:
            begun = rescaled(opening.score, ticks)
            ends = begun.fermatas if score.fermatas is None else score.fermatas
            score = replace(score, title=begun.title or score.title, lyrics=begun.lyrics, fermatas=ends)
        start, given = 0, 0
        if opening is not None:
            walk = codec_of(self.config).walk()
            for token in opening.tokens:
                walk.push(token)
            start, given = walk.time, len(walk.notes())
        likelihood = LogLikelihood(drawn.nats, max(1, drawn.walk.time - start), max(0, len(sounded) - given))
        return Piece(score, outline.seed, self.name, likelihood, drawn.log_evidence, tuple(remarks))

    def log_likelihood(self, piece: PieceLike) -> LogLikelihood:
        """The log-probability of a piece: of its string, or of the strings of its voices.

        Parameters
        ----------
        piece
            A piece, a score, a file, or an object of another library. A ``melody`` model scores each voice of a score
            that has voices, and else its highest line; a ``chord`` model scores all notes, whatever their voices.
        """
        from biaxial.tokens.network import string_log_likelihoods  # loads PyTorch

        cells = cells_of_score(score_of(piece), Grid(self.config.steps_per_quarter))
        strings = cells.strings(self.config)
        nats = sum(string_log_likelihoods(self.network, strings))
        return LogLikelihood(nats, len(cells.states), sum(string.string.num_notes for string in strings))


def cells_of_score(score: Score, grid: Grid) -> Cells:
    """A score as a corpus would hold it."""
    roll = Roll.from_score(score, grid, 0, 128)
    voices = np.zeros(roll.states.shape, np.uint8) if roll.voices is None else roll.voices
    return Cells(roll.states, voices, outline_conditions(roll.outline, grid))


def signature_of(bar_steps: int, steps_per_quarter: int) -> TimeSignature:
    """A metre whose bar has so many steps, in quarters if it can be: twelve sixteenths are 3/4, six are 3/8."""
    denominator = 4
    while bar_steps * denominator % (4 * steps_per_quarter) and denominator < 64:
        denominator *= 2
    numerator = bar_steps * denominator // (4 * steps_per_quarter)
    return TimeSignature(min(max(1, numerator), 64), denominator)
