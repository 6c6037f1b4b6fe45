"""The public face: a model that composes, harmonises, fills, continues and scores."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Concatenate, ParamSpec

import torch

from biaxial.formats.read import read_score
from biaxial.music.chord_line import read_chords
from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.errors import InputError
from biaxial.music.score import ChordSymbol, Key, Score, TimeSignature
from biaxial.tasks.critic import score_of
from biaxial.tasks.drawing.drawer import Drawer
from biaxial.tasks.drawing.sampling_options import HARMONISING, Drawing, Progress
from biaxial.tasks.drawing.stream import Bar, stream
from biaxial.tasks.piece import Piece
from biaxial.tasks.plans.composition import composition
from biaxial.tasks.plans.drawn_keys import drawn_key
from biaxial.tasks.plans.harmonisation import Forbidden, Source, ending, given_notes, harmonisation, voice_number
from biaxial.tasks.plans.outline import DEFAULT_TEMPO_BPM, MAX_BARS, check_metre, make_outline, read_bars
from biaxial.tasks.plans.regions import bar_span, bridge, continuation, infilling
from biaxial.weights.checkpoint import load_weights
from biaxial.weights.shipped import pretrained_path

P = ParamSpec("P")


def load(checkpoint: str | Path | None = None, device: str = "auto", threads: int | None = None) -> Model:
    """Load a model.

    Parameters
    ----------
    checkpoint
        A ``.safetensors`` file made by ``biaxial-train``; the shipped chorale weights by default.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` ... Scoring runs there; so does drawing on CUDA, if many pieces or particles
        are drawn together. Few are drawn faster by the CPU.
    threads
        Threads that share pieces, or particles of a piece, which are drawn together; by default as many as there are
        processors. A single one is drawn by one.

    Raises
    ------
    InputError
        If the file or the device cannot be used.
    """
    path = pretrained_path() if checkpoint is None else Path(checkpoint)
    network, made = load_weights(path)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        network = network.to(device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"device {device!r} cannot be used ({reason}); give cpu or auto") from error
    return Model(network, made, path.stem, threads)


def _single(
    name: str, many: Callable[Concatenate[Model, int, P], Iterator[Piece]], doc: str
) -> Callable[Concatenate[Model, P], Piece]:
    """The verb that draws one piece, made of the verb that draws many."""

    def one(self: Model, /, *args: P.args, **kwargs: P.kwargs) -> Piece:
        return next(many(self, 1, *args, **kwargs))

    signature = inspect.signature(many)
    parameters = [parameter for key, parameter in signature.parameters.items() if key != "num_outputs"]
    one.__signature__ = signature.replace(parameters=parameters, return_annotation="Piece")  # type: ignore[attr-defined]
    one.__name__, one.__qualname__, one.__doc__ = name, f"Model.{name}", doc
    return one


class Model(Drawer):
    """A trained network with its public verbs.

    Parameters
    ----------
    network
        The network.
    made
        How its weights came to be.
    name
        Name of the weights.
    threads
        As for :func:`load`.
    """

    def compose_many(
        self,
        num_outputs: int,
        bars: int = 16,
        *,
        key: Key | str | None = None,
        time_signature: TimeSignature | str = "4/4",
        tempo_bpm: float = DEFAULT_TEMPO_BPM,
        phrases: Sequence[int] | None = None,
        primer: Score | str | Path | None = None,
        seed: int = 0,
        drawing: Drawing | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Piece]:
        """Compose pieces, a batch at a time; they come as they are finished.

        Parameters
        ----------
        num_outputs
            How many.
        bars
            Length of each, 1 to 1000; its last bar is an ending.
        key
            A :class:`Key` or its name, such as ``"G major"``. By default the primer's, else one that is drawn as often
            as the corpus has it.
        time_signature
            The metre.
        tempo_bpm
            Quarter notes a minute.
        phrases
            Bars of each phrase, which add up to ``bars``.
        primer
            Music that the piece begins with: a score or a file. Its pickup comes before the bars.
        seed
            Piece ``i`` is the one that ``seed + i`` gives alone.
        drawing
            Temperature, min-p and constraints.
        progress
            Called with the number of frames drawn since its last call.

        Raises
        ------
        InputError, ValueError
            If a value cannot be used.
        """
        drawing = drawing or Drawing()
        key = Key.from_name(key) if isinstance(key, str) else key
        if isinstance(time_signature, str):
            time_signature = TimeSignature.from_name(time_signature)
        if primer is not None and not isinstance(primer, Score):
            primer = read_score(primer)
        if primer is not None:
            key = key or primer.key
        check_metre(time_signature, self.network.config.steps_per_quarter)
        seeds = range(seed, seed + num_outputs)
        outline = make_outline(
            bars,
            key=key,
            time_signature=time_signature,
            tempo_bpm=tempo_bpm,
            phrases=phrases,
            pickup_ticks=0 if primer is None else primer.pickup_ticks * TICKS_PER_QUARTER // primer.ticks_per_quarter,
        )
        outlines = [
            replace(outline, key=key or drawn_key(self.made.get("keys", {}), s), title=f"Chorale {s}") for s in seeds
        ]
        requests = [composition(outline, primer, self.network.config) for outline in outlines]
        return self._filled(requests, seeds, drawing, progress, self._close(requests, drawing))

    compose = _single("compose", compose_many, "Compose one piece; the parameters are those of :meth:`compose_many`.")

    def harmonise_many(
        self,
        num_outputs: int,
        melody: Source,
        *,
        voice: str | int | Sequence[str | int] = "soprano",
        line: str | None = None,
        key: Key | str | None = None,
        chords: str | Sequence[ChordSymbol] | None = None,
        forbid: Sequence[Forbidden] = (),
        seed: int = 0,
        drawing: Drawing | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Piece]:
        """Write the other voices to a melody, or to several given voices; alternatives come as they are finished.

        The given notes come out as they went in, onset, length and pitch, in their own voice and ``locked``.

        Parameters
        ----------
        num_outputs
            How many alternatives.
        melody
            A score, a file (MIDI, MusicXML, ABC, Humdrum kern, JSON), or pairs of MIDI pitch (``None`` for a rest) and
            length in quarter notes. Of music in several voices the given ones are taken, and what else is ``locked``.
        voice
            The voice that is given: ``"soprano"``, ``"alto"``, ``"tenor"``, ``"bass"``; or several of them.
        line
            Which part of a file is the melody: its number, counted from 1, or its name.
        key
            A :class:`Key` or its name; as stated, or else estimated, by default.
        chords
            Chord symbols such as ``"G | D7 G | Em C | D"``, a bar between strokes; those of the melody by default.
        forbid
            Pitches forbidden at a place.
        seed
            Piece ``i`` is the one that ``seed + i`` gives alone.
        drawing
            Temperature and constraints, :data:`~biaxial.tasks.drawing.sampling_options.HARMONISING` by default. With
            chord symbols all voices sound unless it says otherwise.
        progress
            Called with the number of frames drawn since its last call; what it raises ends the drawing.

        Raises
        ------
        InputError, ValueError
            If a value cannot be used.
        """
        names = [voice] if isinstance(voice, str | int) else voice
        voices = list(dict.fromkeys(map(voice_number, names))) if self.network.config.num_voices else [0]
        score, remarks = given_notes(melody, voices, line)
        symbols = read_chords(chords, score) if isinstance(chords, str) else chords
        key = Key.from_name(key) if isinstance(key, str) else key
        request = harmonisation(score, self.network.config, voices=voices, key=key, chords=symbols, forbid=forbid)
        request = replace(request, remarks=(*remarks, *request.remarks))
        drawing = drawing or HARMONISING
        close = ending(request, self.network.config, drawing, max(1, num_outputs))
        return self._alternatives(num_outputs, request, seed, drawing, progress, close)

    harmonise = _single(
        "harmonise",
        harmonise_many,
        "Write the other voices to a melody; the parameters are those of :meth:`harmonise_many`.",
    )

    def infill_many(
        self,
        num_outputs: int,
        piece: Piece | Score | str | Path,
        bars: str | tuple[int, int],
        *,
        voices: Sequence[str | int] | None = None,
        seed: int = 0,
        drawing: Drawing | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Piece]:
        """Write some bars of a piece anew, in all voices or in some.

        All other notes stay as they are: those of other bars, those that sound into other bars, and those that are
        ``locked``.

        Parameters
        ----------
        num_outputs
            How many alternatives.
        piece
            A piece, a score or a file; without voices it gets them by least movement.
        bars
            ``"5-8"``, ``"5"``, or first and last bar as numbers, counted from 1; 0 is the pickup.
        voices
            The voices that are written anew; all by default.
        seed, drawing, progress
            As for :meth:`harmonise_many`.

        Raises
        ------
        InputError, ValueError
            If a value cannot be used.
        """
        score = score_of(piece)
        span = bar_span(score, *(read_bars(bars) if isinstance(bars, str) else bars))
        numbers = None if voices is None else [voice_number(name) for name in voices]
        request = infilling(score, self.network.config, span, numbers)
        return self._alternatives(num_outputs, request, seed, drawing, progress)

    infill = _single(
        "infill", infill_many, "Write some bars of a piece anew; the parameters are those of :meth:`infill_many`."
    )

    def bridge_many(
        self,
        num_outputs: int,
        first: Piece | Score | str | Path,
        second: Piece | Score | str | Path,
        bars: int,
        *,
        seed: int = 0,
        drawing: Drawing | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Piece]:
        """Join two fragments by so many bars, in the key and tempo of the first.

        Parameters
        ----------
        num_outputs
            How many alternatives.
        first, second
            Pieces, scores or files.
        bars
            Full bars between them, 1 to 1000.
        seed, drawing, progress
            As for :meth:`harmonise_many`.

        Raises
        ------
        InputError, ValueError
            If a value cannot be used.
        """
        if not 1 <= bars <= MAX_BARS:
            raise InputError(f"{bars} bars cannot be written; give 1 to {MAX_BARS}")
        request = bridge(score_of(first), score_of(second), self.network.config, bars)
        return self._alternatives(num_outputs, request, seed, drawing, progress)

    bridge = _single("bridge", bridge_many, "Join two fragments; the parameters are those of :meth:`bridge_many`.")

    def continue_many(
        self,
        num_outputs: int,
        piece: Piece | Score | str | Path,
        bars: int,
        *,
        seed: int = 0,
        drawing: Drawing | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Piece]:
        """Let a piece go on for so many bars, after its last bar has been completed; the last one is an ending.

        Parameters
        ----------
        num_outputs
            How many alternatives.
        piece
            A piece, a score or a file; without voices it gets them by least movement.
        bars
            How many bars follow, 1 to 1000.
        seed, progress
            As for :meth:`harmonise_many`.
        drawing
            As for :meth:`compose_many`.

        Raises
        ------
        InputError, ValueError
            If a value cannot be used.
        """
        if not 1 <= bars <= MAX_BARS:
            raise InputError(f"{bars} bars cannot be written; give 1 to {MAX_BARS}")
        request = continuation(score_of(piece), self.network.config, bars)
        seeds = range(seed, seed + num_outputs)
        drawing = drawing or Drawing()
        requests = [request] * num_outputs
        return self._filled(requests, seeds, drawing, progress, self._close(requests, drawing))

    continue_piece = _single(
        "continue_piece", continue_many, "Let a piece go on; the parameters are those of :meth:`continue_many`."
    )

    def stream(
        self,
        *,
        key: Key | str | None = None,
        time_signature: TimeSignature | str = "4/4",
        seed: int = 0,
        drawing: Drawing | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Bar]:
        """Compose for ever, bar after bar, in bounded memory.

        Parameters
        ----------
        key
            A :class:`Key` or its name. By default one that is drawn as often as the corpus has it.
        time_signature
            The metre.
        seed, drawing, progress
            As for :meth:`compose_many`. There is no ending, and no particles or candidates to choose among.

        Raises
        ------
        InputError, ValueError
            If a value cannot be used.
        """
        drawing = drawing or Drawing()
        key = Key.from_name(key) if isinstance(key, str) else key or drawn_key(self.made.get("keys", {}), seed)
        if isinstance(time_signature, str):
            time_signature = TimeSignature.from_name(time_signature)
        check_metre(time_signature, self.network.config.steps_per_quarter)
        return stream(self._stepper(drawing, 1), key, time_signature, seed, drawing, progress)
