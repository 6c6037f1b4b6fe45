"""Phrases as an ear hears them: whether the first one is at home, whether the tune comes back, whether ends are full.

A phrase ends with the note that has a fermata, as in :mod:`biaxial.metrics.harmony.endings`; where fermatas are not
known there are no phrases.

- The *first phrase is at home* if all its notes, to the end of the last one, are in the key of the piece, which is
  favoured a little (:func:`~biaxial.metrics.harmony.local_harmony.local_harmony`). In minor the relative major has
  nearly the same notes, so this is asked of pieces in major only.
- A *phrase of the soprano returns* if an earlier one has the same pitches on the same beats, counted from its last note
  backwards, so that ornaments between beats, the length of the last note and another pickup do not hide it.
- A *chord at a fermata is bare* if no note that sounds in it, from the fermata to the end of the highest note there, is
  a third above its root, that of the chord that fits this time best: an open fifth, an octave or a unison. A third
  that comes late, after a suspension, is one. Tripled root and third are a full chord, as they are for Bach.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from biaxial.metrics.harmony.local_harmony import TEMPLATES, fit_chords, local_keys, pitch_class_time
from biaxial.metrics.writing.slices import REST
from biaxial.music.keys import key_of
from biaxial.music.score import Note, Score

SHORTEST_PHRASE: Final = 5
"""Beats of the shortest phrase whose return is heard as one."""


class FermataChord(NamedTuple):
    """What sounds where a phrase ends.

    Parameters
    ----------
    tick
        The fermata.
    bare
        Whether it lacks its third.
    """

    tick: int
    bare: bool


def fermata_chords(score: Score) -> list[FermataChord]:
    """The chord of every fermata at which something sounds, in order."""
    ends = _ends(score)
    if not ends:
        return []
    ticks, after = np.array(ends, dtype=np.int64).T
    fitted = fit_chords(score, ticks, after)
    heard = pitch_class_time(score, ticks, after) > 0  # ends 12
    thirds = (fitted.roots + np.array([template[1] for template in TEMPLATES])[fitted.kinds]) % 12
    full = np.take_along_axis(heard, thirds[:, None], axis=1)[:, 0]
    return [FermataChord(tick, not third) for tick, third in zip(ticks.tolist(), full.tolist(), strict=True)]


def first_phrase_at_home(score: Score) -> bool | None:
    """Whether the first phrase is in the key of the piece; ``None`` without phrases, and for a piece not in major."""
    key, ends = key_of(score), _ends(score)
    if key is None or key.mode != "major" or not ends:
        return None
    heard = local_keys(score, np.array([0]), np.array([ends[0][1]]), home=key)
    return bool(heard.tonics[0] == key.tonic and not heard.minor[0])


def returning_phrases(score: Score) -> int:
    """How many phrases of the soprano (:data:`SHORTEST_PHRASE` beats or more) an earlier one has sung already."""
    sung = [phrase for phrase in _phrases(score) if len(phrase) >= SHORTEST_PHRASE]
    return len(sung) - len(set(sung))


def _ends(score: Score) -> list[tuple[int, int]]:
    """Every fermata at which something sounds, and the end of the highest note there."""
    found = []
    for tick in score.fermatas or ():
        sounding = [note for note in score.notes if note.onset_ticks <= tick < note.end_ticks]
        if sounding:
            found.append((tick, max(sounding, key=lambda note: note.pitch).end_ticks))
    return found


def _phrases(score: Score) -> list[tuple[int, ...]]:
    """Of each phrase of the first voice the pitches on its beats, from its last note backwards."""
    line, found, first = score.voice_notes(0), [], 0
    for tick in score.fermatas or ():
        end = first + sum(note.onset_ticks <= tick for note in line[first:])
        if end > first:
            found.append(_on_beats(line[first:end], score.ticks_per_quarter))
        first = end
    return found


def _on_beats(notes: Sequence[Note], quarter: int) -> tuple[int, ...]:
    ticks = range(notes[-1].onset_ticks, notes[0].onset_ticks - 1, -quarter)
    return tuple(next((n.pitch for n in notes if n.onset_ticks <= tick < n.end_ticks), REST) for tick in ticks)
