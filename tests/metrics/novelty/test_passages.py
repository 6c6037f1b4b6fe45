"""Shared passages: found where they are, broken where one note differs, and stored without the music."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from biaxial.files.arrays import read_arrays
from biaxial.metrics.novelty.events import chord_events, line_events
from biaxial.metrics.novelty.passages import LONG_PASSAGE, MIN_CHORDS_LENGTH, MIN_LINE_LENGTH, Passage, PassageIndex
from biaxial.music.score import Note, Score, TimeSignature

Write = Callable[..., Score]
TUNE = [60, 62, 64, 60, 65, 64, 62, 67, 65, 64, 62, 60]
OTHER = [80, 71, 83, 70, 84, 69, 86, 73, 82, 72, 79, 75]  # shares nothing with it


def written(
    seed: int, quarters: int = 64, pitches: int = 12, voices: int = 4, lengths: Sequence[int] = (240, 480, 480, 960)
) -> Score:
    """Voices of random notes and a few rests."""
    random = np.random.default_rng(seed)
    notes = []
    for voice in range(voices):
        tick, end = 0, quarters * 480
        while tick < end:
            length = min(int(random.choice(lengths)), end - tick)
            if random.random() > 0.05:
                notes.append(Note(tick, length, 72 - 12 * voice + int(random.integers(pitches)), voice))
            tick += length
    return Score(tuple(notes), quarters * 480)


def one(index: PassageIndex, score: Score, **options: Any) -> Passage:
    passage = index.longest(score, **options).one_voice
    assert passage is not None
    return passage


def every(index: PassageIndex, score: Score, **options: Any) -> Passage:
    passage = index.longest(score, **options).all_voices
    assert passage is not None
    return passage


def changed(score: Score, place: int, **fields: Any) -> Score:
    notes = list(score.notes)
    notes[place] = replace(notes[place], **fields)
    return replace(score, notes=tuple(notes))


def test_a_passage_is_named_from_both_sides(write: Write) -> None:
    source = write([*OTHER[:5], *TUNE], pickup_ticks=480)
    index = PassageIndex.from_scores([("far", write(OTHER)), ("near", source)])
    passage = one(index, write([81, (85, 3), *[pitch + 5 for pitch in TUNE], 60]))
    assert passage == Passage(
        num_events=12,
        length=12,
        quarters=12.0,
        bars=3.0,
        bar=2,
        voice=0,
        source="near",
        source_bar=2,
        source_voice=0,
        also_in=(),
        transposition=5,
    )


@pytest.mark.parametrize("voice", [0, 1])
def test_the_voice_on_either_side(write: Write, voice: int) -> None:
    lines = [OTHER, TUNE]
    index = PassageIndex.from_scores([("a", write(*lines))])
    tune = [[pitch - 12 for pitch in TUNE], [(90, 12)]]
    passage = one(index, write(*(tune if voice == 0 else tune[::-1])))
    assert (passage.voice, passage.source_voice, passage.transposition) == (voice, 1, -12)


@pytest.mark.parametrize("place", range(len(TUNE)))
@pytest.mark.parametrize("fields", [{"pitch": 61}, {"length_ticks": 240}])
def test_one_changed_note_breaks_a_passage_there(write: Write, place: int, fields: dict[str, int]) -> None:
    index = PassageIndex.from_scores([("a", write(TUNE))])
    novelty = index.longest(changed(write(TUNE), place, **fields))
    rest = len(TUNE) - 1 - place
    assert novelty.one_voice is not None
    assert novelty.one_voice.num_events == max(place, rest)
    assert novelty.one_voice.bar == (1 if place > rest else (place + 1) // 4 + 1)


def test_what_is_left_on_either_side_may_be_too_short(write: Write) -> None:
    tune = TUNE[: 2 * MIN_LINE_LENGTH - 1]
    index = PassageIndex.from_scores([("a", write(tune))])
    assert index.longest(changed(write(tune), MIN_LINE_LENGTH - 1, pitch=61)).one_voice is None
    found = index.longest(changed(write(tune), MIN_LINE_LENGTH, pitch=61)).one_voice
    assert found is not None
    assert found.num_events == MIN_LINE_LENGTH


@pytest.mark.parametrize("voice", range(4))
def test_one_changed_note_of_any_voice_breaks_the_chords_there(write: Write, voice: int) -> None:
    lines = [[pitch - 7 * voice - (i * voice) % 5 for i, pitch in enumerate(TUNE)] for voice in range(4)]
    index = PassageIndex.from_scores([("a", write(*lines))])
    assert every(index, write(*lines)).num_events == 12
    other = [list(line) for line in lines]
    other[voice][5] += 1
    passage = every(index, write(*other))
    assert (passage.num_events, passage.bar, passage.source_bar) == (6, 2, 2)


def test_a_shift_inside_a_passage_breaks_it(write: Write) -> None:
    index = PassageIndex.from_scores([("a", write(TUNE))])
    passage = one(index, write([*TUNE[:5], *[pitch + 1 for pitch in TUNE[5:]]]))
    assert (passage.num_events, passage.transposition) == (7, 1)
    assert one(index, write([pitch + 1 for pitch in TUNE])).num_events == 12


def test_rests_belong_to_a_passage(write: Write) -> None:
    line = [*TUNE[:5], None, *TUNE[5:]]
    index = PassageIndex.from_scores([("a", write(line))])
    assert one(index, write([pitch and pitch + 3 for pitch in line])).num_events == 13
    assert one(index, write(TUNE)).num_events == 7  # no rest
    assert one(index, write([*TUNE[:5], (None, 2), *TUNE[5:]])).num_events == 7  # a longer one
    assert one(index, write([*TUNE[:5], None, *[pitch + 1 for pitch in TUNE[5:]]])).num_events == 7  # another interval


@pytest.mark.parametrize("per_quarter", [8, 120, 960, 1007])
def test_ticks_do_not_matter(per_quarter: int) -> None:
    def at(per_quarter: int) -> Score:
        notes = tuple(Note(i * per_quarter, per_quarter, pitch, 0) for i, pitch in enumerate(TUNE))
        return Score(notes, ticks_per_quarter=per_quarter)

    index = PassageIndex.from_scores([("a", at(480))])
    passage = one(index, at(per_quarter))
    assert (passage.num_events, passage.quarters, passage.bars) == (12, 12.0, 3.0)
    near = at(per_quarter)
    assert one(index, changed(near, 11, length_ticks=per_quarter - 1)).num_events == 11


def test_triplets_are_exact(write: Write) -> None:
    index = PassageIndex.from_scores([("a", write([(pitch, 1 / 3) for pitch in TUNE]))])
    notes = tuple(Note(32 * i, 32, pitch, 0) for i, pitch in enumerate(TUNE))
    assert one(index, Score(notes, ticks_per_quarter=96)).num_events == 12


def test_another_rhythm_is_another_passage(write: Write) -> None:
    index = PassageIndex.from_scores([("a", write(TUNE))])
    assert index.longest(write([(pitch, 2) for pitch in TUNE])).one_voice is None  # twice as slow
    assert index.longest(write([(p, 1.5 if i % 2 else 0.5) for i, p in enumerate(TUNE)])).one_voice is None  # dotted
    assert index.longest(write([p for pitch in TUNE for p in [(pitch, 0.5)] * 2])).one_voice is None  # struck twice


def test_what_only_repeats_itself_is_no_copy(write: Write) -> None:
    still = write([72] * 40, [(60, 40)])
    index = PassageIndex.from_scores([("a", still), ("b", write([*TUNE, *[60] * 50]))])
    novelty = index.longest(still)
    assert (novelty.one_voice, novelty.all_voices, novelty.shared) == (None, None, 0.0)
    assert one(index, write([*[60] * 30, 81, *TUNE[:8]])).length == 8  # of thirty notes and eight, the eight
    passage = one(index, write([*TUNE[9:], *[60] * 50]))
    assert (passage.num_events, passage.length) == (53, 4)


def test_of_equal_passages_the_one_that_takes_longer(write: Write) -> None:
    slow = [(pitch, 2) for pitch in OTHER[:6]]
    index = PassageIndex.from_scores([("a", write(TUNE[:6])), ("b", write(slow))])
    assert one(index, write([*TUNE[:6], (40, 7), *slow])).quarters == 12.0


def test_all_pieces_that_have_a_passage_are_named(write: Write) -> None:
    pieces = [(name, write([*before, *TUNE])) for name, before in (("c", [90]), ("b", []), ("a", [91, 92]))]
    index = PassageIndex.from_scores([("none", write(OTHER)), *pieces])
    passage = one(index, write(TUNE))
    assert (passage.source, passage.also_in, passage.source_bar) == ("c", ("b", "a"), 1)


def test_pieces_are_left_out(write: Write) -> None:
    index = PassageIndex.from_scores([("a", write(TUNE)), ("b", write(TUNE[:8])), ("c", write(TUNE[:9]))])
    assert one(index, write(TUNE)).source == "a"
    passage = one(index, write(TUNE), exclude=["a", "not there"])
    assert (passage.source, passage.num_events) == ("c", 9)
    assert one(index, write(TUNE), exclude={"a", "c"}).source == "b"
    assert index.longest(write(TUNE), exclude=index.names).one_voice is None


def test_an_empty_index_and_an_empty_piece(write: Write) -> None:
    empty = PassageIndex.from_scores([])
    novelty = empty.longest(write(TUNE))
    assert (novelty.one_voice, novelty.all_voices, novelty.shared) == (None, None, 0.0)
    assert empty.containing(write(TUNE)) == ()
    silent = PassageIndex.from_scores([("silent", Score(length_ticks=1920)), ("short", write([60, 62]))])
    assert silent.longest(write(TUNE)).one_voice is None
    nothing = silent.longest(Score(length_ticks=1920))
    assert (nothing.one_voice, nothing.all_voices) == (None, None)
    assert np.isnan(nothing.shared)


def test_a_piece_that_is_in_the_corpus() -> None:
    pieces = [(f"{seed}", written(seed)) for seed in range(6)]
    index = PassageIndex.from_scores(pieces)
    judged = pieces[3][1].transposed(-4)
    assert index.containing(judged) == ("3",)
    novelty = index.longest(judged)
    assert novelty.all_voices is not None
    assert (novelty.shared, novelty.all_voices.source, novelty.all_voices.transposition) == (1.0, "3", -4)
    assert novelty.all_voices.num_events == len(chord_events(judged)[0])
    assert index.longest(judged, exclude=index.containing(judged)).shared == 0
    last = len(judged.notes) - 1
    assert index.containing(changed(judged, last, pitch=judged.notes[last].pitch - 1)) == ()
    assert index.containing(written(9)) == ()


def test_shared_is_the_share_of_the_time_in_long_passages(write: Write) -> None:
    index = PassageIndex.from_scores([("a", write(TUNE, OTHER))])
    half = write([*TUNE, 60, (71, 11)], [*OTHER, (50, 12)])
    assert index.longest(half).shared == 0.5
    for count, share in ((LONG_PASSAGE, LONG_PASSAGE / 20), (LONG_PASSAGE - 1, 0)):
        some = write([*TUNE[:count], (59, 20 - count)], [*OTHER[:count], (50, 20 - count)])
        assert every(index, some).length == count
        assert index.longest(some).shared == share


def test_music_without_voices(write: Write) -> None:
    lines = [TUNE, [pitch - 5 - i % 3 for i, pitch in enumerate(TUNE)]]
    score = write(*lines)
    bare = replace(score, notes=tuple(replace(note, voice=None) for note in score.notes))
    for corpus, judged in ((bare, bare), (score, bare), (bare, score)):
        index = PassageIndex.from_scores([("a", corpus)])
        novelty = index.longest(judged.transposed(2))
        assert novelty.one_voice is not None
        assert novelty.all_voices is not None
        assert novelty.one_voice.num_events == novelty.all_voices.num_events == 12
        assert novelty.one_voice.voice == (None if judged is bare else 0)
        assert novelty.one_voice.source_voice == (None if corpus is bare else 0)
        assert novelty.all_voices.voice is novelty.all_voices.source_voice is None


def test_bars_of_the_metre_that_holds(write: Write) -> None:
    waltz = write(TUNE, time_signatures=(TimeSignature(3, 4),), pickup_ticks=960)
    index = PassageIndex.from_scores([("a", waltz)])
    passage = one(index, write([90, (80, 3), *TUNE]))
    assert (passage.bars, passage.bar, passage.source_bar) == (3.0, 2, 0)
    assert one(index, waltz).bars == 4.0


def test_every_name_is_of_one_piece(write: Write) -> None:
    with pytest.raises(ValueError, match="'a' is the name of several"):
        PassageIndex.from_scores([("a", write(TUNE)), ("a", write(OTHER))])


def plain(judged: Score, corpus: list[Score], rows_of: Callable[..., Any], shortest: int) -> list[tuple[int, int]]:
    """Length and ticks of the longest passage, by comparing every place with every place; none or one."""
    best = (0, 0)
    sources = [row for score in corpus for row in rows_of(score)]
    for row in rows_of(judged):
        for source in sources:
            for i in range(len(row)):
                for j in range(len(source)):
                    count = 0
                    while (
                        i + count < len(row)
                        and j + count < len(source)
                        and row.codes[i + count] == source.codes[j + count]
                        and row.heights[i + count] - row.heights[i] == source.heights[j + count] - source.heights[j]
                    ):
                        count += 1
                    if count >= shortest:
                        moves = int(row.moves[i + count - 1] - row.moves[i])
                        best = max(best, (min(count, 2 * moves), int(row.lengths[i : i + count].sum())))
    return [best] if best[0] else []


def test_as_comparing_every_place_with_every_place() -> None:
    lengths = set()
    for seed in range(12):
        values = (480,) if seed % 2 else (480, 480, 960)
        corpus = [written(100 * seed + number, 24, 2, 2, values) for number in range(3)]
        index = PassageIndex.from_scores((f"{number}", score) for number, score in enumerate(corpus))
        judged = written(100 * seed + 50, 20, 2, 2, values)
        novelty = index.longest(judged)
        for passage, rows_of, shortest in (
            (novelty.one_voice, line_events, MIN_LINE_LENGTH),
            (novelty.all_voices, chord_events, MIN_CHORDS_LENGTH),
        ):
            found = [] if passage is None else [(passage.length, round(passage.quarters * 480))]
            assert found == plain(judged, corpus, rows_of, shortest)
            lengths |= {length for length, _ in found}
    assert len(lengths) > 3  # the cases differ


def test_the_index_is_stored_as_plain_arrays(tmp_path: Path) -> None:
    pieces = [(f"folder/{seed}é", written(seed)) for seed in range(4)]
    index = PassageIndex.from_scores(pieces)
    np.savez_compressed(tmp_path / "index.npz", **index.to_arrays())  # type: ignore[arg-type]
    stored = PassageIndex.from_arrays(read_arrays(tmp_path / "index.npz"))
    assert stored.names == index.names
    for score in (pieces[2][1].transposed(5), written(9)):
        assert stored.longest(score) == index.longest(score)
    assert {array.dtype.kind for array in index.to_arrays().values()} <= set("iuU")
    empty = PassageIndex.from_arrays(PassageIndex.from_scores([]).to_arrays())
    assert empty.names == ()


Arrays = dict[str, NDArray[Any]]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda a: a.pop("format"), "another version"),
        (lambda a: a.update(format=a["format"] + 1), "another version"),
        (lambda a: a.pop("names"), "names"),
        (lambda a: a.update(names=np.arange(4)), "names must be a row of texts"),
        (lambda a: a.update(names=a["names"][:3]), "fewer than the pieces"),
        (lambda a: a.update(names=a["names"][[0, 0, 1, 2]]), "several pieces"),
        (lambda a: a.pop("line_bars"), "no array line_bars"),
        (lambda a: a.update(line_grams=a["line_grams"].astype(np.int64)), "row of uint32"),
        (lambda a: a.update(chord_bars=a["chord_bars"][:, None]), "row of uint16"),
        (lambda a: a.update(chord_bars=a["chord_bars"][1:]), "as many"),
        (lambda a: a.update(chord_voices=a["chord_voices"][1:]), "as many"),
        (lambda a: a.update(line_grams=a["line_grams"][::-1]), "has no end"),
    ],
)
def test_arrays_that_are_no_index(damage: Callable[[Arrays], object], reason: str) -> None:
    arrays = PassageIndex.from_scores((f"{seed}", written(seed, 8)) for seed in range(4)).to_arrays()
    damage(arrays)
    with pytest.raises(ValueError, match=reason) as caught:
        PassageIndex.from_arrays(arrays)
    assert "\n" not in str(caught.value)
