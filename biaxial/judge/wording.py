"""What the judge says, in words and in plain values: surprising moments, broken rules, copies, whole judgements."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from biaxial.judge.judge import Judgement
from biaxial.judge.measures import Group
from biaxial.likelihood.surprise import Moment
from biaxial.metrics.novelty.passages import Novelty, Passage
from biaxial.metrics.writing.slices import Places, place_text
from biaxial.music.constants import NUM_VOICES, VOICE_NAMES
from biaxial.music.score import Key
from biaxial.music.spelling import pitch_name


def voice_names(voices: tuple[int, ...]) -> str:
    """For example ``alto and tenor``; empty for none."""
    return " and ".join(VOICE_NAMES[v].lower() if v < NUM_VOICES else f"voice {v + 1}" for v in voices)


def moment_text(moment: Moment, key: Key | None) -> str:
    """For example ``bar 3, beat 2: alto F#4 struck, 5.1 nats``."""
    who = voice_names(moment.voices)
    what = "silence" if moment.pitch is None else f"{pitch_name(moment.pitch, key)} {moment.happening}"
    return f"{place_text(moment.bar, moment.beat)}: {f'{who} ' if who else ''}{what}, {moment.nats:.1f} nats"


def broken_rules(found: Judgement) -> Iterator[tuple[str, list[str]]]:
    """Each rule that a piece breaks, with the places where it does."""
    places = Places(found.reading.score)
    for rule, faults in found.reading.faults.items():
        if faults:
            texts = [f"{place_text(*places.at(fault.tick))} ({voice_names(fault.voices)})" for fault in faults]
            yield rule.replace("_", " "), texts


def copies(novelty: Novelty) -> list[str]:
    """The longest passages that are in the corpus too, one line each."""
    kinds = (("one voice", "notes", novelty.one_voice), ("all voices", "chords", novelty.all_voices))
    return [
        f"{kind}: {_copy(passage, unit)}" if passage else f"{kind}: no passage long enough to look for"
        for kind, unit, passage in kinds
    ]


def _copy(passage: Passage, unit: str) -> str:
    def where(bar: int, voice: int | None) -> str:
        return f"{'pickup' if bar == 0 else f'bar {bar}'}{'' if voice is None else f', {voice_names((voice,))}'}"

    others = f" and {len(passage.also_in)} more" if passage.also_in else ""
    moved = f", {passage.transposition:+d} semitones" if passage.transposition else ""
    return (
        f"{passage.num_events} {unit} ({passage.quarters:g} quarter notes) from {where(passage.bar, passage.voice)} "
        f"as in {passage.source}{others} from {where(passage.source_bar, passage.source_voice)}{moved}"
    )


_MAX_SURPRISING: Final = 5


def plain_judgement(found: Judgement) -> dict[str, Any]:
    """A judgement in plain values; what does not apply is left out, or ``None``."""
    return {
        "name": found.name,
        "grade": found.grade if math.isfinite(found.grade) else None,
        "bars": found.cut,
        "groups": found.groups,
        "values": found.values,
        "deviations": {name: value for name, value in found.standard.items() if math.isfinite(value)},
        "surprising": [moment_text(moment, found.reading.key) for moment in found.surprising(_MAX_SURPRISING)],
        "broken": dict(broken_rules(found)),
        "copies": copies(found.novelty),
        "remarks": list(found.remarks),
    }


@dataclass(frozen=True)
class JudgedPiece:
    """What of a judgement is compared and ranked; fields are those of :class:`~biaxial.judge.judge.Judgement`."""

    name: str
    cut: int
    grade: float
    groups: Mapping[Group, float]
    values: Mapping[str, float]
    standard: Mapping[str, float]

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> JudgedPiece:
        """Read what :func:`plain_judgement` gave.

        Raises
        ------
        KeyError
            If it is something else.
        """
        grade = math.nan if plain["grade"] is None else float(plain["grade"])
        return cls(plain["name"], plain["bars"], grade, plain["groups"], plain["values"], plain["deviations"])
