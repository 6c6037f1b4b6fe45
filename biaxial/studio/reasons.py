"""Why a note is where it is: what else the model would have written there, and what breaks a rule of writing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from biaxial.metrics.harmony.endings import cadences
from biaxial.metrics.writing.slices import Places, Slices, place_text
from biaxial.metrics.writing.voice_leading import RULES
from biaxial.music.constants import VOICE_NAMES
from biaxial.music.spelling import pitch_name
from biaxial.studio.checking import place_of
from biaxial.studio.documents import STEP_TICKS, check_document, lines, score_of
from biaxial.studio.messages import (
    Document,
    Explain,
    Explained,
    Judge,
    Judged,
    Likely,
    Note,
    RuleCount,
    RuleFault,
)

if TYPE_CHECKING:
    from biaxial.likelihood.alternatives import Alternative
    from biaxial.tasks.model import Model

CADENCE: Final = "no_cadence"
LABELS: Final = {
    "parallel_fifths": "parallel fifths",
    "parallel_octaves": "parallel octaves",
    "crossings": "crossing voices",
    "spacing": "too far apart",
    "leaps": "a wide leap",
    "unresolved_leading_tones": "the leading tone does not rise",
    "doubled_leading_tones": "doubled leading tone",
    "out_of_range": "outside the range of the voice",
    CADENCE: "a phrase ends without a cadence",
}
"""The rules of the badge, and how they are called there."""


def judged(request: Judge) -> Judged:
    """The faults of a document, each with its place; without the model.

    Raises
    ------
    InputError
        If the document is not a piece.
    """
    document = request.document
    check_document(document)
    score = score_of(document)
    found: list[tuple[int, str, tuple[int, ...]]] = []
    remarks = []
    if score.num_voices > 1:
        slices = Slices.from_score(score)
        for rule in LABELS:
            if rule in RULES:
                found += [(fault.tick, rule, fault.voices) for fault in RULES[rule](slices)]
        found += [(end.tick, CADENCE, ()) for end in cadences(slices) if end.kind is None]
    elif document.notes:
        remarks.append("rules are about voices together; harmonise the tune first")
    if score.fermatas is None and score.num_voices > 1:
        remarks.append("nobody said where phrases end, so that cadences are not looked for; set fermatas there")
    of_voices = lines(document)
    places = Places(score)
    faults = tuple(_fault(places, of_voices, *one) for one in sorted(found))
    counts = tuple(RuleCount(rule, label, sum(f.rule == rule for f in faults)) for rule, label in LABELS.items())
    return Judged(faults, counts, tuple(remarks))


def _fault(
    places: Places, of_voices: tuple[list[Note], ...], tick: int, rule: str, voices: tuple[int, ...]
) -> RuleFault:
    bar, beat = places.at(tick)
    onset = tick // STEP_TICKS
    concerned = voices or range(len(of_voices))
    notes = tuple(
        note.id for voice in concerned for note in of_voices[voice] if note.onset <= onset < note.onset + note.duration
    )
    who = f", {' and '.join(VOICE_NAMES[voice].lower() for voice in voices)}" if voices else ""
    words = f"{place_text(bar, beat)}{who}: {LABELS[rule]}"
    return RuleFault(rule, onset, bar, beat, voices, notes, words)


def explained(model: Model, request: Explain) -> Explained:
    """What the model would have written in the place of a note, or where a voice does something else.

    Locked notes are known, those to come too, as when the model writes beside them; this one is not.

    Raises
    ------
    InputError
        If there is no such place, or the model cannot read the document; one line.
    """
    document = request.document
    voice, onset = place_of(request)
    ways = _ways(model, document, voice, onset)
    note = next((note for note in document.notes if (note.voice, note.onset) == (voice, onset)), None)
    sounding = any(n.voice == voice and n.onset < onset < n.onset + n.duration for n in document.notes)
    here = "struck" if note else "held" if sounding else "silent"
    rank = next(
        place for place, way in enumerate(ways) if way.happening == here and (note is None or way.pitch == note.pitch)
    )
    key = score_of(document).key
    told = [*range(min(request.most, len(ways))), *([rank] if rank >= request.most else [])]
    names = {"held": "held on", "silent": "rest"}
    likely = tuple(
        Likely(
            ways[place].pitch if ways[place].happening == "struck" else None,
            names.get(ways[place].happening) or pitch_name(ways[place].pitch or 0, key),
            ways[place].probability,
            place == rank,
        )
        for place in told
    )
    first, now = likely[0], next(one for one in likely if one.here)
    voice_name = VOICE_NAMES[voice].lower()
    if first is now:
        words = f"{now.name} is what the model finds likeliest here for the {voice_name} ({_share(now.probability)})"
    else:
        words = (
            f"{now.name} is number {rank + 1} of what the model finds likely here for the {voice_name} "
            f"({_share(now.probability)}); {first.name} is the likeliest ({_share(first.probability)})"
        )
    return Explained(voice, onset, likely, rank + 1, words)


def _share(probability: float) -> str:
    return f"{100 * probability:.0f}%" if probability >= 0.01 else "under 1%"


def _ways(model: Model, document: Document, voice: int, onset: int) -> tuple[Alternative, ...]:
    from biaxial.likelihood.alternatives import alternatives
    from biaxial.likelihood.surprise import laid_out
    from biaxial.tasks.plans.plan import prepare
    from biaxial.tasks.plans.regions import Region, rewriting

    score, config, tick = score_of(document), model.config, onset * STEP_TICKS
    silent = tuple(
        replace(note, length_ticks=tick - note.onset_ticks)
        for note in score.notes
        if note.voice == voice and note.onset_ticks < tick < note.end_ticks
    )
    elsewhere = [n for n in score.notes if n.voice != voice or not n.onset_ticks <= tick < n.end_ticks]
    roll = laid_out(score, config)
    others = replace(score, notes=(*elsewhere, *silent))
    apart = laid_out(others, config) if others.notes else None
    everywhere = [Region(each, 0, score.length_ticks) for each in range(config.num_voices)]
    known = prepare(rewriting(replace(score, notes=tuple(elsewhere)), config, everywhere), config).known
    there = known.to("cpu") if known.voices.any() else None
    return alternatives(model.in_style(document.style or None), roll, apart, onset, voice, there)
