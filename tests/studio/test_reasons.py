"""Why a note is there, and what breaks a rule, each with its place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from biaxial.music.errors import InputError
from biaxial.studio.messages import Explain, Judge, Note
from biaxial.studio.reasons import LABELS, explained, judged
from biaxial.tasks.model import Model
from tests.studio.conftest import chorale, tune


def test_a_note_has_its_place_among_what_is_likely(noise: Model) -> None:
    document = chorale(6)
    for name in ("n0-0", "n1-3", "n3-5"):
        found = explained(noise, Explain(document, note=name, most=5))
        note = next(note for note in document.notes if note.id == name)
        (here,) = [one for one in found.likely if one.here]
        assert (found.voice, found.onset, here.pitch) == (note.voice, note.onset, note.pitch)
        shares = [one.probability for one in found.likely]
        assert shares == sorted(shares, reverse=True)
        assert len(found.likely) in (5, 6)
        assert found.likely[min(found.rank - 1, len(found.likely) - 1)].here
        assert here.name in found.words
    whole = explained(noise, Explain(document, note="n1-3", most=46))
    assert sum(one.probability for one in whole.likely) > 0.9


def test_a_held_note_and_a_rest_can_be_asked_about(noise: Model) -> None:
    document = tune(4)
    held = explained(noise, Explain(document, voice=0, onset=2))
    assert next(one for one in held.likely if one.here).name == "held on"
    rest = explained(noise, Explain(document, voice=2, onset=4))
    assert next(one for one in rest.likely if one.here).name == "rest"


def test_all_that_might_stand_there_adds_up_to_one(noise: Model) -> None:
    document = replace(chorale(2), notes=tuple(replace(note, lock=False) for note in chorale(2).notes))
    found = explained(noise, Explain(document, note="n2-1", most=46))
    least = min(one.probability for one in found.likely)
    total = sum(one.probability for one in found.likely)
    assert 1 - 2 * least <= total <= 1 + 1e-6  # two of 48 are not told


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (Explain(chorale(2), note="gone"), "no note 'gone'"),
        (Explain(chorale(2), voice=1), "name a note"),
        (Explain(chorale(2), voice=4, onset=0), "name a note"),
        (Explain(chorale(2), voice=1, onset=99), "name a note"),
        (Explain(chorale(2), note="n1-0", most=0), "1 to 46"),
        (Explain(replace(chorale(2), notes=())), "no notes"),
        (Explain(replace(chorale(2), notes=(Note("a", 0, 0, 4, 100, True, "you"),)), note="a"), "cannot be expressed"),
    ],
)
def test_what_cannot_be_explained_is_one_line(noise: Model, request_: Explain, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        explained(noise, request_)
    assert "\n" not in str(caught.value)


def test_parallels_and_crossings_are_found_at_their_place() -> None:
    notes = [note for note in chorale(4, fermatas=(12,), pickup=4).notes if note.voice in (0, 1)]
    bass = [Note(f"b{i}", 3, 4 * i, 4, pitch, False, "machine") for i, pitch in enumerate((48, 50, 52, 60))]
    tenor = [Note(f"t{i}", 2, 4 * i, 4, pitch, False, "machine") for i, pitch in enumerate((64, 62, 60, 48))]
    found = judged(Judge(replace(chorale(4, fermatas=(12,), pickup=4), notes=(*notes, *tenor, *bass))))
    octaves = [fault for fault in found.faults if fault.rule == "parallel_octaves"]
    assert octaves[0].voices == (0, 3)
    assert (octaves[0].onset, octaves[0].bar, octaves[0].beat) == (4, 1, 1.0)
    assert set(octaves[0].notes) == {"n0-1", "b1"}
    assert octaves[0].words == "bar 1, beat 1, soprano and bass: parallel octaves"
    (crossing,) = [fault for fault in found.faults if fault.rule == "crossings"]
    assert (crossing.voices, set(crossing.notes)) == ((2, 3), {"t3", "b3"})
    (end,) = [fault for fault in found.faults if fault.rule == "no_cadence"]
    assert (end.onset, len(end.notes)) == (12, 4)
    counts = {count.rule: count.count for count in found.rules}
    assert list(counts) == list(LABELS)
    assert sum(counts.values()) == len(found.faults)
    assert [fault.onset for fault in found.faults] == sorted(fault.onset for fault in found.faults)


def test_a_tune_alone_breaks_no_rule_and_that_is_said() -> None:
    found = judged(Judge(tune(4)))
    assert found.faults == ()
    assert "harmonise the tune first" in found.remarks[0]
    assert "cadences are not looked for" in judged(Judge(chorale(4))).remarks[0]
