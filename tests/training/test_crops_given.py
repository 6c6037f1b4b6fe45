"""What is taken to be known of a crop: whole notes, of the kinds and as often as is said."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from biaxial.music.cells import CellAlphabet
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Note, Score
from biaxial.training.crops import SHARES, Given, Kind

LOW, SIZE, STEPS = 40, 45, 48
KINDS = tuple(SHARES)


def crop(num_states: int = 3, num_voices: int = 4, seed: int = 0) -> tuple[NDArray[np.uint8], CellAlphabet, Score]:
    """Four voices of notes of all lengths, with rests and repeated notes; frames, alphabet, and the notes in steps."""
    rng = np.random.default_rng(seed)
    notes = []
    for voice, home in enumerate((72, 65, 58, 48)):
        step = int(rng.integers(3))
        while step < STEPS:
            length = min(int(rng.integers(1, 9)), STEPS - step)
            notes.append(Note(step, length, home + int(rng.integers(-2, 3)), voice))
            step += length + int(rng.integers(4) == 0)
    score = Score(tuple(notes), STEPS, ticks_per_quarter=4)
    alphabet = CellAlphabet(num_states, num_voices)
    if not num_voices:
        score = replace(score, notes=tuple(replace(note, voice=None) for note in notes))
    roll = Roll.from_score(score, Grid(4), LOW, SIZE)
    return alphabet.encode(roll.states, roll.voices), alphabet, score


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("states", [2, 3])
def test_no_note_is_known_in_part(kind: Kind, states: int) -> None:
    some = 0
    for seed in range(40):
        frames, alphabet, score = crop(states, 4, seed)
        known = Given(kind, seed).voices(frames, alphabet)
        assert known.shape == frames.shape
        assert (known == known[:, :1]).all()  # knowledge is of voices, at all notes
        assert known.max() < 16
        for note in score.notes:
            bits = known[note.onset_ticks : note.end_ticks, 0] >> (note.voice or 0) & 1
            assert bits.min() == bits.max(), (seed, note)
            some += int(bits[0])
    assert some


@pytest.mark.parametrize("kind", KINDS)
def test_no_note_is_known_in_part_without_voices(kind: Kind) -> None:
    found = set()
    for seed in range(40):
        frames, alphabet, score = crop(3, 0, seed)
        known = Given(kind, seed).voices(frames, alphabet)
        assert set(np.unique(known)) <= {0, 1}
        for note in score.notes:
            bits = known[note.onset_ticks : note.end_ticks, note.pitch - LOW]
            assert bits.min() == bits.max(), (seed, note)
            found.add(int(bits[0]))
    assert found == {0, 1}, "some notes are known and some are not"


def test_a_melody_is_the_first_voice_all_through_with_its_rests() -> None:
    for seed in range(5):
        frames, alphabet, _ = crop(seed=seed)
        assert (Given("melody", seed).voices(frames, alphabet) == 1).all()


def test_a_melody_without_voices_is_the_highest_note_and_what_is_above_it() -> None:
    frames, alphabet, score = crop(num_voices=0)
    known = Given("melody", 0).voices(frames, alphabet)
    for step in range(STEPS):
        pitches = [n.pitch for n in score.notes if n.onset_ticks <= step < n.end_ticks]
        if pitches:
            assert known[step, max(pitches) - LOW :].all()
    below = [  # notes that are never the highest
        note
        for note in score.notes
        if all(
            any(n.pitch > note.pitch and n.onset_ticks <= step < n.end_ticks for n in score.notes)
            for step in range(note.onset_ticks, note.end_ticks)
        )
    ]
    assert below
    for note in below:
        assert not known[note.onset_ticks : note.end_ticks, note.pitch - LOW].any()


def test_voices_are_some_but_never_all_nor_none() -> None:
    frames, alphabet, _ = crop()
    sets = Counter(int(Given("voices", seed).voices(frames, alphabet)[0, 0]) for seed in range(300))
    assert set(sets) == set(range(1, 15))
    for seed in range(20):
        assert len(np.unique(Given("voices", seed).voices(frames, alphabet))) == 1


def test_a_gap_is_one_span_of_at_most_half() -> None:
    kinds = set()
    for seed in range(60):
        frames, alphabet, _ = crop(seed=seed)
        known = Given("gap", seed).voices(frames, alphabet)[:, 0]
        open_steps = np.flatnonzero(known != 15)
        if len(open_steps):
            assert open_steps[-1] - open_steps[0] < STEPS // 2
            kinds.add(int(np.bitwise_and.reduce(known[open_steps])) > 0)
    assert kinds == {False, True}  # all voices, and some


def test_a_beginning_is_followed_by_nothing_or_by_the_melody() -> None:
    later = set()
    for seed in range(60):
        frames, alphabet, _ = crop(seed=seed)
        known = Given("beginning", seed).voices(frames, alphabet)[:, 0]
        assert known[0] == 15
        for voice in range(4):  # known, and then no more
            line = known >> voice & 1
            assert (np.diff(line.astype(int)) <= 0).all()
        if not int(known[-1]) >> 1:
            later.add(int(known[-1]))
    assert later == {0, 1}


def test_single_notes_are_few() -> None:
    shares = []
    for seed in range(30):
        frames, alphabet, _ = crop(seed=seed)
        known = Given("notes", seed).voices(frames, alphabet)[:, 0]
        shares.append(np.mean([known >> voice & 1 for voice in range(4)]))
    assert 0.03 < np.mean(shares) < 0.4


def test_kinds_are_drawn_as_often_as_is_said() -> None:
    assert sum(SHARES.values()) == pytest.approx(1)
    rng = np.random.default_rng(0)
    drawn = [Given.drawn(rng) for _ in range(4000)]
    counts = Counter(given.kind for given in drawn)
    for kind, share in SHARES.items():
        assert counts[kind] / 4000 == pytest.approx(share, abs=3.5 * (share * (1 - share) / 4000) ** 0.5)
    assert len({given.seed for given in drawn}) > 3990


def test_the_seed_decides_and_the_shortest_crops_work() -> None:
    frames, alphabet, _ = crop()
    for kind in KINDS:
        one, same = (Given(kind, 3).voices(frames, alphabet) for _ in range(2))
        assert (one == same).all()
        for steps in (1, 2, 3):
            for voices in (0, 4):
                short, letters, _ = crop(num_voices=voices)
                assert Given(kind, 1).voices(short[:steps], letters).shape == (steps, SIZE)
