"""The public face of the token LSTMs: a model that composes tunes, or notes and chords, and scores music."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.score import Key, Note, Score, TimeSignature
from biaxial.tasks.critic import PieceLike, score_of
from biaxial.tasks.piece import LogLikelihood, Piece
from biaxial.tasks.plans.drawn_keys import drawn_key, drawn_name
from biaxial.tasks.plans.outline import check_metre
from biaxial.tasks.token_outline import EventOutline, Opening, cells_of_score, signature_of
from biaxial.tokens.chord_codec import ChordCodec, moments
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.network import SequenceLSTM
from biaxial.tokens.repetition import RepetitionGuard
from biaxial.tokens.string_nats import string_log_likelihoods
from biaxial.tokens.strings import way_home
from biaxial.tokens.token_stepper import DrawnString, TokenProposal, TokenStepper, draw_string
from biaxial.weights.checkpoint import load_network
from biaxial.weights.shipped import weights_path

DEFAULT_TEMPO_BPM: Final = 96.0
MOST_EVENTS: Final = 20_000
"""Most notes, chords and rests of a piece."""
MOST_STEPS: Final = 64_000
_USUAL_EVENTS: Final = {"melody": (12, 400), "chord": (24, 600)}
"""Where the model decides when a piece ends: before so many events not, and after so many it is broken off."""
_LATE: Final = 0.8
"""Share of the wanted events after which a piece may end."""


@dataclass(frozen=True)
class EventDrawing:
    """How tokens are drawn.

    Parameters
    ----------
    temperature
        Below 1 the likely becomes more likely; 0 always takes the likeliest, which ends in loops.
    top_p
        Only the likeliest tokens are drawn that together have this probability.
    min_p
        Tokens less likely than this are not drawn.
    guard
        Whether a cycle of at most eight events is broken before it becomes a loop.
    """

    temperature: float = 0.9
    top_p: float = 1.0
    min_p: float = 0.0
    guard: bool = True

    def proposal(self) -> TokenProposal:
        """What tokens are drawn from."""
        guard = RepetitionGuard() if self.guard else None
        return TokenProposal(self.temperature, self.top_p, self.min_p, guard)


def load_events(checkpoint: str | Path, device: str = "cpu") -> EventModel:
    """Load a ``melody`` or ``chord`` model.

    Parameters
    ----------
    checkpoint
        A ``.safetensors`` file made by ``biaxial-train``, or the name of shipped weights (``"folksongs-v1"``,
        ``"chords-v1"``).
    device
        Where scoring runs; drawing is done by the CPU.

    Raises
    ------
    InputError
        If the file or the device cannot be used, or the file holds a biaxial model, which :func:`biaxial.load` reads.
    """
    path = weights_path(checkpoint)
    network, made = load_network(path)
    if not isinstance(network, SequenceLSTM):
        raise InputError(f"{path}: holds a biaxial model; load it with biaxial.load, or give melody or chord weights")
    try:
        network = network.to(device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"device {device!r} cannot be used ({str(error).splitlines()[0]}); give cpu") from error
    return EventModel(network, made, path.stem)


class EventModel:
    """A trained token LSTM with its public verbs.

    Parameters
    ----------
    network
        The network, in evaluation mode.
    made
        How its weights came to be.
    name
        Name of the weights.
    """

    def __init__(self, network: SequenceLSTM, made: dict[str, Any], name: str) -> None:
        self.network, self.made, self.name = network, made, name
        self._stepper: TokenStepper | None = None

    @property
    def config(self) -> SequenceConfig:
        """Kind, sizes and vocabulary."""
        return self.network.config

    def compose(self, events: int | None = None, **wishes: Any) -> Piece:
        """Compose one piece; the parameters are those of :meth:`compose_many`."""
        return next(self.compose_many(1, events, **wishes))

    def compose_many(
        self,
        num_outputs: int,
        events: int | None = None,
        *,
        key: Key | str | None = None,
        time_signature: TimeSignature | str | None = None,
        tempo_bpm: float = DEFAULT_TEMPO_BPM,
        primer: PieceLike | None = None,
        nearest_chords: bool = False,
        seed: int = 0,
        drawing: EventDrawing | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Iterator[Piece]:
        """Compose pieces; they come as they are finished.

        Parameters
        ----------
        num_outputs
            How many.
        events
            Notes, chords and rests of each, the primer's among them: a piece may end when four fifths are written, and
            is broken off after the last. By default the model decides when a piece ends.
        key
            A :class:`Key` or its name. By default the primer's, else one that is drawn as often as the corpus has it.
        time_signature
            The metre; by default the primer's, else drawn likewise, with its pickup.
        tempo_bpm
            Quarter notes a minute.
        primer
            What the piece begins with: a score, a file, or an object of another library; a ``melody`` model takes its
            highest line.
        nearest_chords
            Whether a chord of the primer that the vocabulary lacks becomes the known one that shares most pitches; by
            default it is spelt, note by note, and stays as it is.
        seed
            Piece ``i`` is the one that ``seed + i`` gives alone.
        drawing
            Temperature, top-p, min-p and the repetition guard.
        progress
            Called with the number of events since its last call.

        Raises
        ------
        InputError, ValueError
            If a value cannot be used.
        """
        if num_outputs < 1:
            raise InputError("no pieces were asked for; give a number of at least 1")
        if events is not None and not 1 <= events <= MOST_EVENTS:
            raise InputError(f"{events} events cannot be written; give 1 to {MOST_EVENTS}")
        key = Key.from_name(key) if isinstance(key, str) else key
        if isinstance(time_signature, str):
            time_signature = TimeSignature.from_name(time_signature)
        if time_signature is not None:
            check_metre(time_signature, self.config.steps_per_quarter)
        opening = None if primer is None else self._opening(score_of(primer), key, nearest_chords)
        proposal = (drawing or EventDrawing()).proposal()
        return self._composed(num_outputs, events, key, time_signature, tempo_bpm, opening, seed, proposal, progress)

    def _composed(
        self,
        num_outputs: int,
        events: int | None,
        key: Key | None,
        metre: TimeSignature | None,
        tempo_bpm: float,
        opening: Opening | None,
        seed: int,
        proposal: TokenProposal,
        progress: Callable[[int], None] | None,
    ) -> Iterator[Piece]:
        self._stepper = self._stepper or TokenStepper(self.network)
        for number in range(seed, seed + num_outputs):
            outline = self._outline(number, key, metre, opening)
            if opening is None:
                low, high = _USUAL_EVENTS[self.config.kind]
            else:
                low, high = opening.num_events + 1, opening.num_events + _USUAL_EVENTS[self.config.kind][1]
            if events is not None:
                if opening is not None and opening.num_events >= events:
                    raise InputError(f"the primer has {opening.num_events} events, the piece {events}; ask for more")
                low, high = max(1, int(_LATE * events)), events
            drawn = draw_string(
                self._stepper,
                number,
                outline.given_at,
                proposal,
                primer=() if opening is None else opening.tokens,
                events=(low, high),
                most_steps=MOST_STEPS,
                progress=progress,
            )
            yield self._piece(number, drawn, outline, opening, tempo_bpm)

    def _opening(self, primer: Score, key: Key | None, nearest: bool) -> Opening:
        """A primer as tokens."""
        if not primer.notes:
            raise InputError("the primer has no notes; give one with at least one note")
        grid = Grid(self.config.steps_per_quarter)
        cells = cells_of_score(primer if key is None else replace(primer, key=key), grid)
        if self.config.kind == "melody":  # one line, whatever the voices
            cells = replace(cells, voices=np.zeros_like(cells.voices))
        codec, shift, remarks = self.network.codec, cells.shift(self.config), list[str]()
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
            tokens = codec.encode(cells.states, cells.voices, shift)[0]
        walk = codec.walk()
        for token in tokens[:-1].tolist():
            walk.push(token)
        grown, _ = grid.quantised(primer)
        return Opening(tuple(tokens[:-1].tolist()), walk.num_events, cells.key, shift, grown, tuple(remarks))

    def _outline(
        self, seed: int, key: Key | None, metre: TimeSignature | None, opening: Opening | None
    ) -> EventOutline:
        """Key, metre and pickup of a piece."""
        spq = self.config.steps_per_quarter
        if opening is not None:
            first = opening.score.time_signatures[0]
            ticks = opening.score.ticks_per_quarter
            pickup = opening.score.pickup_ticks * spq // ticks
            return EventOutline(opening.key, metre or first, pickup, opening.shift, self.config)
        key = key or drawn_key(self.made.get("keys", {}), seed) or Key(0)
        fitting = self.made.get("metres", {})
        if metre is not None:
            bar = 4 * metre.numerator * spq // metre.denominator
            fitting = {name: count for name, count in fitting.items() if name.startswith(f"{bar}+")}
        name = drawn_name(fitting, seed)
        bar, pickup = (4 * spq, 0) if name is None else map(int, name.split("+"))
        metre = metre or signature_of(bar, spq)
        shift = way_home(key, 48, 84) if self.config.home_key else 0
        return EventOutline(key, metre, pickup, shift, self.config)

    def _piece(
        self, seed: int, drawn: DrawnString, outline: EventOutline, opening: Opening | None, tempo_bpm: float
    ) -> Piece:
        unit = TICKS_PER_QUARTER // self.config.steps_per_quarter
        ticks = unit * self.config.steps_per_quarter
        sounded = drawn.walk.notes()
        notes = tuple(
            Note(onset * unit, length * unit, pitch - outline.shift)
            for onset, length, pitch in sounded
            if 0 <= pitch - outline.shift < 128
        )
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
            tempo_bpm=tempo_bpm,
            title=f"{'Tune' if self.config.kind == 'melody' else 'Piece'} {seed}",
        )
        start, given = 0, 0
        if opening is not None:
            walk = self.network.codec.walk()
            for token in opening.tokens:
                walk.push(token)
            start, given = walk.time, len(walk.notes())
        likelihood = LogLikelihood(drawn.nats, max(1, drawn.walk.time - start), max(0, len(sounded) - given))
        return Piece(score, seed, self.name, likelihood, drawn.log_evidence, tuple(remarks))

    def log_likelihood(self, piece: PieceLike) -> LogLikelihood:
        """The log-probability of a piece: of its string, or of the strings of its voices.

        Parameters
        ----------
        piece
            A piece, a score, a file, or an object of another library. A ``melody`` model scores each voice of a score
            that has voices, and else its highest line; a ``chord`` model scores all notes, whatever their voices.
        """
        cells = cells_of_score(score_of(piece), Grid(self.config.steps_per_quarter))
        strings = cells.strings(self.config)
        nats = sum(string_log_likelihoods(self.network, strings))
        return LogLikelihood(nats, len(cells.states), sum(string.string.num_notes for string in strings))
