"""From wishes to plans: what each verb of a model decides, and where it refuses what cannot be done."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, Literal

from biaxial.music.chord_line import read_chords
from biaxial.music.constants import NUM_VOICES, TICKS_PER_QUARTER
from biaxial.music.keys import key_of
from biaxial.music.phrases import PhrasePlan
from biaxial.music.score import ChordSymbol, Key, TimeSignature
from biaxial.tasks.critic import PieceLike, score_of
from biaxial.tasks.drawing.sampling_options import HARMONISING, SamplingOptions, with_changes
from biaxial.tasks.plans.close_bias import close_bias
from biaxial.tasks.plans.composition import composition
from biaxial.tasks.plans.given import Source, given_notes, voice_number
from biaxial.tasks.plans.harmonisation import Forbidden, ending, harmonisation, stated_key
from biaxial.tasks.plans.outline import (
    DEFAULT_TEMPO_BPM,
    check_metre,
    drawn_key,
    make_outline,
)
from biaxial.tasks.plans.plan import Plan, Request, seeds_of
from biaxial.tasks.plans.plan_model import shipped_plans
from biaxial.tasks.plans.planned_phrases import NO_PLAN, PhraseOptions, heard_ends, plan_phrases
from biaxial.tasks.plans.region_planner import RegionPlanner
from biaxial.tasks.plans.tune_plan import plan_of_tune
from biaxial.tasks.plans.voice_choice import fitting_shift, voice_by_range


class Planner(RegionPlanner):
    """The verbs of a model that plan music and draw none."""

    @property
    def made(self) -> dict[str, Any]:
        """The old name of ``history``, which goes with the next version."""
        warnings.warn("made is now called history", FutureWarning, stacklevel=2)
        return self.history

    def plan_composition(
        self,
        bars: int = 16,
        *,
        key: Key | str | None = None,
        time_signature: TimeSignature | str = "4/4",
        tempo_bpm: float | None = None,
        phrases: Sequence[int] | None = None,
        pickup: float | Fraction | None = None,
        form: str | None = None,
        plan: PhrasePlan | str | None = None,
        primer: PieceLike | None = None,
        n: int = 1,
        seed: int = 0,
        drawing: SamplingOptions | None = None,
        **changes: Any,
    ) -> Plan:
        """Plan pieces that are composed.

        The phrases of each are planned first, from what the chorales do, as far as they are not given
        (:mod:`biaxial.tasks.plans.plan_model`); for a network without voices only if something of them is given, and
        where its phrases end is left open.

        Parameters
        ----------
        bars
            Length of each, 1 to 1000, the primer's among them; its last bar is an ending.
        key
            A :class:`Key` or its name, such as ``"G major"``. By default the primer's, estimated where it states none,
            or without a primer one that is drawn as often as the corpus has it.
        time_signature
            The metre.
        tempo_bpm
            Quarter notes a minute; by default the primer's, else 76.
        phrases
            Bars of each phrase, which add up to ``bars``.
        pickup
            Quarter notes before the first bar; the last bar is shorter by as much.
        form
            Letters of the phrases, such as ``"AAB"``; ``A'`` is the melody of ``A`` alone.
        plan
            A plan of the phrases, or its text, such as ``"I:half V:auth vi I:auth"``, in which what is left out is
            drawn; ``"none"`` for phrases of equal length without a pickup.
        primer
            What the piece begins with: a score, a file, or an object of another library. Its pickup, title and
            words are those of the piece, and its fermatas unless ``phrases``, ``form`` or ``plan`` say otherwise.
        n
            How many pieces.
        seed
            Piece ``i`` is the one that ``seed + i`` gives alone.
        drawing
            Temperature, min-p and constraints.
        changes
            Fields of ``drawing`` by name, such as ``temperature=0.9``.

        Raises
        ------
        InputError, ValueError
            If a value cannot be used.
        """
        drawing = with_changes(drawing or SamplingOptions(), changes)
        key = Key.from_name(key) if isinstance(key, str) else key
        if isinstance(time_signature, str):
            time_signature = TimeSignature.from_name(time_signature)
        if primer is not None:
            primer = score_of(primer)
            key = key or key_of(primer)
            tempo_bpm = tempo_bpm or primer.tempo_bpm
        check_metre(time_signature, self.config.steps_per_quarter)
        seeds = seeds_of(seed, n)
        begun = None if primer is None else primer.pickup_ticks * TICKS_PER_QUARTER // primer.ticks_per_quarter
        options = PhraseOptions(phrases, pickup, form, plan)
        if drawing.draft and options.is_open and not self.config.plan:  # nobody would hear of one
            options = PhraseOptions(phrases, plan=NO_PLAN)
        unsung = not self.config.num_voices and options.is_open  # no chorales, whose plans are known
        wish = None if options.is_plain or unsung else options.wish(bars, time_signature, begun)
        requests = []
        for s in seeds:
            home = key or drawn_key(self.key_counts(drawing.style), s)
            mode = "major" if home is None else home.mode
            planned = None if wish is None else plan_phrases(bars, time_signature, mode, s, wish)
            outline = make_outline(
                bars,
                key=home,
                time_signature=time_signature,
                tempo_bpm=tempo_bpm or DEFAULT_TEMPO_BPM,
                phrases=phrases,
                pickup_ticks=begun or 0,
                title=f"{'Chorale' if self.config.num_voices else 'Piece'} {s}",
                plan=planned,
            )
            if unsung:
                outline = replace(outline, fermatas=None)
            request = composition(outline, primer, self.config, keep_fermatas=not (phrases or form or plan))
            requests.append(self._leaning(replace(request, phrase_plan=planned)))
        return self._plan(requests, seeds, drawing, self._closes(requests, drawing))

    def plan_harmonisation(
        self,
        melody: Source,
        *,
        voice: str | int | Sequence[str | int] | None = None,
        line: str | None = None,
        key: Key | str | None = None,
        chords: str | Sequence[ChordSymbol] | None = None,
        phrases: str | Sequence[int] | None = None,
        transpose: int | Literal["fit"] = 0,
        transpose_back: bool = False,
        forbid: Sequence[Forbidden] = (),
        n: int = 1,
        seed: int = 0,
        drawing: SamplingOptions | None = None,
        **changes: Any,
    ) -> Plan:
        """Plan the other voices to a melody, or to several given voices.

        The given notes come out as they went in, onset, length and pitch, in their own voice and ``locked``.

        Parameters
        ----------
        melody
            A score, a file (MIDI, MusicXML, ABC, Humdrum kern, JSON), an object of another library, or pairs of MIDI
            pitch (``None`` for a rest) and length in quarter notes. Of music in several voices the given ones are
            taken, and what else is ``locked``.
        voice
            The voice that is given: ``"soprano"``, ``"alto"``, ``"tenor"``, ``"bass"``; or several of them. By default
            the soprano, unless a tune lies in the range of a lower voice.
        line
            Which part of a file is the melody: its number, counted from 1, or its name.
        key
            A :class:`Key` or its name; as stated, or else estimated, by default.
        chords
            Chord symbols such as ``"G | D7 G | Em C | D"``, a bar between strokes; those of the melody by default.
        phrases
            Bars of each phrase, ``"4+4"`` or numbers; or the bars in which phrases end, ``"4,8"``. By default the
            melody's fermatas tell, and where it has none a guess; ``()`` guesses none. Only fermatas are printed.
        transpose
            Semitones by which the melody, its key and chords, and so the piece, are moved up; ``"fit"`` for the fewest
            that bring the given notes into the range of their voice.
        transpose_back
            Whether the piece is moved back in the end.
        forbid
            Pitches forbidden at a place, of the melody as it is given.
        n
            How many pieces.
        seed
            Piece ``i`` is the one that ``seed + i`` gives alone.
        drawing
            Temperature and constraints, :data:`~biaxial.tasks.drawing.sampling_options.HARMONISING` by default. With
            chord symbols all voices sound unless it says otherwise.
        changes
            Fields of ``drawing`` by name, such as ``temperature=0.9``.

        Raises
        ------
        InputError, ValueError
            If a value cannot be used.
        """
        config, said = self.config, [""] * 3
        names = [0] if voice is None else [voice] if isinstance(voice, str | int) else voice
        voices = list(dict.fromkeys(map(voice_number, names))) if config.num_voices else [0]
        score, remarks = given_notes(melody, voices, line)
        if voice is None and config.num_voices == NUM_VOICES and all(note.voice is None for note in score.notes):
            voices[0], said[0] = voice_by_range(score.notes)
        symbols = read_chords(chords, score) if isinstance(chords, str) else chords
        key = Key.from_name(key) if isinstance(key, str) else key
        if key is None:
            key, said[1] = stated_key(score)
        score = replace(score, key=key, chords=score.chords if symbols is None else tuple(symbols))
        ends, said[2] = heard_ends(score, phrases)
        away = fitting_shift(score.notes, voices[0]) if transpose == "fit" else transpose
        if not transpose_back:
            score, away, moved = score.transposed(away), 0, away
            forbid = [replace(place, pitches=tuple(pitch + moved for pitch in place.pitches)) for place in forbid]
        request = harmonisation(score, config, voices=voices, key=score.key, forbid=forbid, phrase_ends=ends, away=away)
        request = replace(request, remarks=(*remarks, *filter(None, said), *request.remarks))
        drawing = with_changes(drawing or HARMONISING, changes)
        seeds = seeds_of(seed, n)
        planned = (replace(request, phrase_plan=self._plan_of_tune(request, voices, drawing, s)) for s in seeds)
        requests = [self._leaning(each) for each in planned]
        return self._alternatives(requests, seeds, drawing, ending(request, self.config, drawing))

    def _leaning(self, request: Request) -> Request:
        """A request whose phrases lean towards their planned closes."""
        plan, key = request.phrase_plan, (request.told or request.score).key
        if plan is None or key is None or self.config.num_voices != NUM_VOICES:
            return request
        lean = close_bias(plan, key, self.config)
        return replace(request, bias=lean if request.bias is None else request.bias.plus(lean))

    def _plan_of_tune(
        self, request: Request, voices: Sequence[int], drawing: SamplingOptions, seed: int
    ) -> PhrasePlan | None:
        """How the phrases of a given soprano are to close; chords say it themselves, and not all drafts are told."""
        score = request.score
        fermatas = (request.told or score).fermatas
        unsung = self.config.num_voices != NUM_VOICES or 0 not in voices
        undirected = drawing.draft and not self.config.plan
        if undirected or unsung or score.chords or score.key is None or not fermatas:
            return None
        return plan_of_tune(score, fermatas, score.key, shipped_plans(), seed, drawing.temperature)
