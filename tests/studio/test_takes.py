"""What is written lies in the free cells of the selection and nowhere else, and is the same for the same seed."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from biaxial.music.errors import InputError
from biaxial.studio.documents import check_document, length_of, lines, score_of
from biaxial.studio.messages import (
    Compose,
    Continue,
    Document,
    Drawing,
    Forbid,
    Harmonise,
    Infill,
    Note,
    Rules,
    Span,
    Written,
)
from biaxial.studio.takes import write
from biaxial.tasks.model import Model
from tests.studio.conftest import chorale, random_document, tune

DRAFT = Drawing(draft=True, cadence=False)


def within(note: Note, selection: tuple[Span, ...], document: Document) -> bool:
    """Whether a note lies in the selection: every cell of it does."""
    spans = selection or tuple(Span(voice, 0, length_of(document)) for voice in range(4))
    cells = {step for span in spans if span.voice == note.voice for step in range(span.first, span.end)}
    return cells >= set(range(note.onset, note.onset + note.duration))


def check_takes(document: Document, selection: tuple[Span, ...], written: Written) -> None:
    """All that is free and selected may change, and nothing else does."""
    before = {note.id: note for note in document.notes}
    for take in written.takes:
        after = {note.id: note for note in take.document.notes}
        check_document(take.document)
        assert replace(take.document, notes=()) == replace(
            document, notes=(), seed=take.seed, length=length_of(document)
        )
        assert set(take.added) == set(after) - set(before)
        assert set(take.removed) == set(before) - set(after)
        for name in set(before) & set(after):
            assert after[name] == before[name]
        for name in take.removed:
            assert not before[name].lock
            assert within(before[name], selection, document)
        for name in take.added:
            assert (after[name].lock, after[name].source) == (False, "machine")
            assert within(after[name], selection, document)


def random_selection(rng: random.Random, steps: int) -> tuple[Span, ...]:
    spans = []
    for _ in range(rng.randint(0, 4)):
        first = rng.randrange(steps)
        spans.append(Span(rng.randrange(4), first, rng.randint(first + 1, steps)))
    return tuple(spans)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_of_200_locks_and_selections_nothing_else_is_touched(noise: Model, part: int) -> None:
    assert _touched(noise, random.Random(part), 50) > 30


def test_of_some_locks_and_selections_nothing_else_is_touched(noise: Model) -> None:
    assert _touched(noise, random.Random(9), 5) > 2


def _touched(noise: Model, rng: random.Random, many: int) -> int:
    """Check so many random documents and selections; in how many of them anything was written."""
    changed = 0
    for _ in range(many):
        document = random_document(rng)
        steps = length_of(document)
        forbidden = tuple(
            Forbid(first, rng.randint(first + 1, steps), rng.randint(40, 76), rng.choice((None, 0, 1, 2, 3)))
            for first in (rng.randrange(steps) for _ in range(rng.randint(0, 3)))
        )
        document = replace(document, forbidden=forbidden)
        selection = random_selection(rng, steps)
        request = Infill(document, selection, seed=rng.randrange(1000), takes=1, drawing=DRAFT)
        written = write(noise, request)
        check_takes(document, selection, written)
        assert write(noise, request).takes == written.takes
        changed += bool(written.takes[0].added)
        added = {note.id: note for note in written.takes[0].document.notes if note.id in written.takes[0].added}
        for note in added.values():
            for one in forbidden:
                meets = note.onset < one.end and one.first < note.onset + note.duration
                assert not (meets and one.voice in (None, note.voice) and one.pitch == note.pitch)
    return changed


def test_a_forbidden_pitch_does_not_come_back(noise: Model) -> None:
    document = chorale(4)
    selection = (Span(1, 4, 12), Span(3, 0, 16))
    for seed in range(2):  # forbid what was written, again and again
        written = write(noise, Infill(document, selection, seed=seed, takes=1, drawing=DRAFT))
        notes = [note for note in written.takes[0].document.notes if note.id in written.takes[0].added]
        more = tuple(Forbid(note.onset, note.onset + note.duration, note.pitch, note.voice) for note in notes)
        again = write(
            noise,
            Infill(replace(document, forbidden=more), selection, seed=seed, takes=1, drawing=DRAFT),
        )
        kept = {(n.voice, n.pitch, step) for n in notes for step in range(n.onset, n.onset + n.duration)}
        new = [note for note in again.takes[0].document.notes if note.id in again.takes[0].added]
        assert not kept & {(n.voice, n.pitch, step) for n in new for step in range(n.onset, n.onset + n.duration)}


def test_a_tune_is_harmonised_and_stays(noise: Model) -> None:
    document = tune(8, title="T", fermatas=(12, 28))
    written = write(noise, Harmonise(document, seed=3, takes=2, drawing=DRAFT))
    check_takes(document, (), written)
    for take in written.takes:
        assert [note for note in take.document.notes if note.voice == 0] == list(document.notes)
        assert {note.voice for note in take.document.notes} == {0, 1, 2, 3}
    assert [take.seed for take in written.takes] == [3, 4]
    second = write(noise, Harmonise(document, seed=4, drawing=DRAFT))
    assert second.takes[0] == written.takes[1]  # whatever else was asked for


def test_harmonising_is_what_the_verb_of_the_model_does(noise: Model) -> None:
    document = tune(6)
    take = write(noise, Harmonise(document, seed=5)).takes[0]
    piece = noise.harmonise(score_of(document), voice=0, seed=5)
    expected = {
        (note.voice, note.onset_ticks // 120, note.length_ticks // 120, note.pitch) for note in piece.score.notes
    }
    assert {(n.voice, n.onset, n.duration, n.pitch) for n in take.document.notes} == expected


def test_locked_notes_of_other_voices_stay_beside_the_tune(noise: Model) -> None:
    document = tune(8)
    bass = Note("b", 3, 8, 4, 48, True, "you")
    document = replace(document, notes=(*document.notes, bass))
    take = write(noise, Harmonise(document, seed=1, drawing=DRAFT)).takes[0]
    assert bass in take.document.notes
    assert sum(note.voice == 3 for note in take.document.notes) > 1  # a lone note is not a given voice


def test_a_part_of_a_setting_is_harmonised_anew(noise: Model) -> None:
    document, selection = chorale(8), tuple(Span(voice, 8, 20) for voice in range(4))
    written = write(noise, Harmonise(document, selection, seed=1, drawing=DRAFT))
    check_takes(document, selection, written)
    assert not [name for name in written.takes[0].removed if name.startswith("n0")]
    low = write(noise, Harmonise(document, given=(3,), seed=1, drawing=DRAFT)).takes[0].document
    assert lines(low)[3] == lines(document)[3]


def test_a_piece_goes_on(noise: Model) -> None:
    document = chorale(6, fermatas=(20,))
    take = write(noise, Continue(document, bars=2, seed=2, drawing=DRAFT)).takes[0]
    assert take.document.length == 2 * 16 + 2 * 16
    assert set(document.notes) <= set(take.document.notes)
    assert take.removed == ()
    assert min(note.onset for note in take.document.notes if note.id in take.added) >= 24
    assert (take.document.fermatas or ())[0] == 20


def test_a_piece_is_composed(noise: Model) -> None:
    written = write(noise, Compose(bars=2, key="G major", metre="3/4", seed=4, takes=2, drawing=DRAFT))
    for take in written.takes:
        check_document(take.document)
        assert (take.document.key, take.document.metre, take.document.seed) == ("G major", "3/4", take.seed)
        assert {(note.lock, note.source) for note in take.document.notes} == {(False, "machine")}
        assert take.document.length + take.document.pickup <= 2 * 12 + 12


def test_drawing_is_what_was_asked_for(noise: Model) -> None:
    document = tune(4)
    narrow = Drawing(draft=True, cadence=False, ranges=((57, 81), (60, 62), (55, 57), (40, 43)), rules=Rules(range=0))
    take = write(noise, Harmonise(document, drawing=narrow)).takes[0]
    for voice, (low, high) in enumerate(((0, 127), (60, 62), (55, 57), (40, 43))):
        assert all(low <= note.pitch <= high for note in take.document.notes if note.voice == voice)
    hot = write(noise, Harmonise(document, drawing=replace(DRAFT, temperature=2.0))).takes[0]
    assert hot != write(noise, Harmonise(document, drawing=replace(DRAFT, temperature=0.2))).takes[0]


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (Compose(bars=0), "bars"),
        (Compose(bars=1001), "bars"),
        (Compose(metre="7/64"), "sixteenths"),
        (Compose(key="X"), "not a key"),
        (Compose(pickup=16), "pickup"),
        (Compose(tempo=1e6), "tempo"),
        (Compose(plan="nonsense"), "plan|phrase|nonsense"),
        (Compose(form="?"), "form|letters"),
        (Compose(seed=-1), "seed"),
        (Compose(takes=9), "takes"),
        (Compose(drawing=Drawing(temperature=0.0)), "temperature"),
        (Compose(drawing=Drawing(ranges=((1, 2),))), "four"),
        (Compose(drawing=Drawing(ranges=((1, 2),) * 4)), "range"),
        (Compose(drawing=Drawing(rules=Rules(leaps=-1))), "nats"),
        (Harmonise(Document()), "nothing"),
        (Harmonise(Document(length=16)), "no voice is given"),
        (Harmonise(chorale(2), given=(0, 1, 2, 3)), "leave at least one"),
        (Harmonise(chorale(2), given=(4,)), "not voices"),
        (Harmonise(chorale(2), (Span(0, 0, 4),)), "given voices alone"),
        (Harmonise(tune(2), given=(1,)), "no voice is given"),
        (Infill(Document()), "nothing to fill"),
        (Infill(chorale(2), (Span(0, 0, 99),)), "not part of the piece"),
        (Continue(Document()), "nothing to continue"),
        (Continue(chorale(2), bars=0), "bars"),
    ],
)
def test_what_cannot_be_written_is_one_line(noise: Model, request_: Compose, says: str) -> None:
    with pytest.raises((InputError, ValueError), match=says) as caught:
        write(noise, request_)
    assert "\n" not in str(caught.value)


def test_where_nothing_is_free_that_is_said(noise: Model) -> None:
    document = replace(chorale(2), notes=tuple(replace(note, lock=True) for note in chorale(2).notes))
    written = write(noise, Infill(document, (Span(1, 0, 8),), takes=1, drawing=DRAFT))
    assert written.takes[0].document.notes == tuple(sorted(document.notes, key=lambda n: (n.onset, n.voice)))
    assert "nothing that is free" in written.remarks[-1]


def test_what_ends_progress_ends_the_drawing(noise: Model) -> None:
    class Enough(Exception):
        pass

    seen = []

    def advance(frames: int) -> None:
        seen.append(frames)
        if len(seen) == 3:
            raise Enough

    with pytest.raises(Enough):
        write(noise, Harmonise(tune(8), drawing=DRAFT), advance)
    assert len(seen) == 3
