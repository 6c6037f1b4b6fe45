"""Filling, continuing, bridging: what is outside the region stays note for note, and the region is in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from biaxial import ChordSymbol, InputError, Key, Model, Note, SamplingOptions, Score, Syllable, TimeSignature
from biaxial.formats.json_score import read_json, write_json
from biaxial.formats.midi.midi_writer import read_midi, write_midi
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.repeats import Repeat
from biaxial.tasks.plans.harmonisation import Forbidden
from biaxial.tasks.plans.outline import bar_span, read_bars
from biaxial.tasks.plans.regions import Region

Q = 480
QUICK = SamplingOptions(cadence=False, voice_leading=None)
LINES = ((72, 74, 76, 72), (67, 65, 67, 67), (64, 62, 60, 64), (48, 50, 52, 48))


def chorale(beats: int = 12, pickup: int = 0, ticks: int = Q, **outline: object) -> Score:
    """Four voices in quarters."""
    notes = (Note(i * ticks, ticks, p[i % 4], voice) for voice, p in enumerate(LINES) for i in range(beats))
    outline.setdefault("key", Key(1))
    return Score(
        tuple(notes), beats * ticks, ticks_per_quarter=ticks, pickup_ticks=pickup * ticks, **outline  # type: ignore[arg-type]
    )  # fmt: skip


def outside(score: Score, start: int, end: int) -> set[Note]:
    """The notes that sound before or after a span."""
    return {note for note in score.notes if note.onset_ticks < start or note.end_ticks > end}


def check_voices(score: Score) -> None:
    for voice in range(4):
        assert all(a.end_ticks <= b.onset_ticks for a, b in pairwise(score.voice_notes(voice))), voice


@pytest.mark.parametrize(
    ("bars", "pickup", "start", "end"),
    [
        ("2", 0, 4, 8),
        ("1", 0, 0, 4),
        ("3", 0, 8, 12),
        ("1-3", 0, 0, 12),
        ((2, 3), 0, 4, 12),
        ("0", 1, 0, 1),
        ("0-1", 1, 0, 5),
        ("1", 1, 1, 5),
        ("3", 1, 9, 12),  # an incomplete one
    ],
)
def test_what_is_outside_the_bars_stays(
    noise: Model, bars: str | tuple[int, int], pickup: int, start: int, end: int
) -> None:
    score = chorale(pickup=pickup, title="T", tempo_bpm=99.0, fermatas=(7 * Q,))
    filled = noise.infill(score, bars, drawing=QUICK).score
    assert outside(filled, start * Q, end * Q) == outside(score, start * Q, end * Q)
    inside = set(filled.notes) - outside(filled, start * Q, end * Q)
    assert inside
    assert inside != set(score.notes) - outside(score, start * Q, end * Q)
    assert replace(filled, notes=()) == replace(score, notes=())
    check_voices(filled)
    assert noise.infill(score, bars, seed=1, drawing=QUICK).score != filled


def test_notes_that_sound_over_a_border_are_kept_whole(noise: Model) -> None:
    over = (
        Note(3 * Q, 2 * Q, 72, 0),  # into the bar
        Note(7 * Q, 2 * Q, 74, 0),  # out of it
        Note(2 * Q, 8 * Q, 64, 1),  # all through
        Note(3 * Q, Q + 50, 60, 2),  # into it, beside the grid
        Note(8 * Q - 130, 200, 59, 2),  # out of it, beside the grid
        Note(4 * Q, 4 * Q, 48, 3),  # from border to border, so that it is written anew
    )
    score = Score(over, 12 * Q, key=Key(0))
    for seed in range(4):
        filled = noise.infill(score, "2", seed=seed, drawing=QUICK).score
        assert {note for note in filled.notes if note in over} == set(over[:5])
        assert outside(filled, 4 * Q, 8 * Q) == set(over[:5])
        assert filled.voice_notes(1) == (over[2],)
        check_voices(filled)


def test_voices_that_are_not_named_stay(noise: Model) -> None:
    score = chorale()
    for voices in (("A", "T"), (1, 2)):
        filled = noise.infill(score, "1-3", voices=voices, drawing=QUICK).score
        assert [filled.voice_notes(v) == score.voice_notes(v) for v in range(4)] == [True, False, False, True]
        check_voices(filled)


def test_locked_notes_stay(noise: Model) -> None:
    score = chorale()
    score = replace(score, notes=tuple(replace(n, locked=n.onset_ticks % (2 * Q) == 0) for n in score.notes))
    filled = noise.infill(score, "1-3", drawing=QUICK).score
    assert {note for note in filled.notes if note.locked} == {note for note in score.notes if note.locked}
    check_voices(filled)
    # a setting of a tune keeps its tune, whatever is filled
    piece = noise.harmonise([(67, 1), (69, 1), (71, 2)], drawing=QUICK)
    again = noise.infill(piece, "1", seed=4, drawing=QUICK).score
    assert again.voice_notes(0) == piece.score.voice_notes(0)
    assert again != piece.score


def test_regions_of_single_voices_are_written_anew(noise: Model) -> None:
    score = chorale()
    regions = [Region(1, 2 * Q, 6 * Q), Region(1, 6 * Q, 7 * Q), Region(3, 0, 3 * Q + 200)]
    (piece,) = noise.draw(noise.plan_rewriting(score, regions, seed=2, drawing=QUICK))
    filled = piece.score
    assert [filled.voice_notes(v) == score.voice_notes(v) for v in range(4)] == [True, False, True, False]
    kept = {n for n in score.notes if (n.voice, n.onset_ticks) in {(1, 0), (1, Q), *((1, i * Q) for i in range(7, 12))}}
    kept |= {n for n in score.notes if n.voice == 3 and n.onset_ticks >= 3 * Q}  # one reaches out of its region
    assert kept <= set(filled.notes)
    changed = set(filled.notes) - set(score.notes)
    assert all(2 * Q <= n.onset_ticks and n.end_ticks <= 7 * Q for n in changed if n.voice == 1)
    assert all(n.end_ticks <= 3 * Q for n in changed if n.voice == 3)
    check_voices(filled)


def test_a_pitch_that_is_forbidden_in_a_region_is_not_written(noise: Model) -> None:
    score, region = chorale(), [Region(1, 0, 12 * Q)]
    (first,) = noise.draw(noise.plan_rewriting(score, region, drawing=QUICK))
    pitches = tuple({note.pitch for note in first.score.voice_notes(1)})
    forbid = [Forbidden(0, 12, pitches, (1,))]
    (second,) = noise.draw(noise.plan_rewriting(score, region, forbid=forbid, drawing=QUICK))
    assert second.score.voice_notes(1)
    assert not set(pitches) & {note.pitch for note in second.score.voice_notes(1)}


@pytest.mark.parametrize("regions", [[], [Region(4, 0, Q)], [Region(-1, 0, Q)]])
def test_regions_of_no_voice_are_refused(noise: Model, regions: list[Region]) -> None:
    with pytest.raises(InputError, match="cannot be written anew"):
        noise.plan_rewriting(chorale(), regions)


def test_bars_are_numbers_of_full_bars_and_0_is_the_pickup() -> None:
    assert bar_span(chorale(), 1, 1) == (0, 4 * Q)
    assert bar_span(chorale(13, 1), 0, 0) == (0, Q)
    assert bar_span(chorale(13, 1), 3, 3) == (9 * Q, 13 * Q)
    metres = (TimeSignature(4, 4), TimeSignature(3, 4, 4 * Q))
    assert bar_span(chorale(10, time_signatures=metres), 2, 3) == (4 * Q, 10 * Q)
    assert bar_span(chorale(12, ticks=96), 3, 3) == (8 * 96, 12 * 96)


@pytest.mark.parametrize(
    ("pickup", "bars", "message"),
    [(0, "4", "bars 1 to 3"), (0, "0", "bars 1 to 3"), (1, "4-5", "bars 0 to 3"), (0, "2-9", "bars 1 to 3")],
)
def test_bars_that_are_not_there_are_refused(noise: Model, pickup: int, bars: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        noise.infill(chorale(pickup=pickup), bars, drawing=QUICK)


def test_bars_are_read() -> None:
    assert (read_bars("5"), read_bars("5-8"), read_bars(" 5 - 8 "), read_bars("0")) == ((5, 5), (5, 8), (5, 8), (0, 0))
    for text in ("", "-", "5-", "-5", "a", "5-b", "5,6", "1.5", "٣", "4-５", "²"):
        with pytest.raises(InputError, match="5-8"):
            read_bars(text)
    with pytest.raises(InputError, match="smaller number first"):
        read_bars("8-5")


def test_a_change_of_metre_is_no_border(noise: Model) -> None:
    score = chorale(10, time_signatures=(TimeSignature(4, 4), TimeSignature(3, 4, 4 * Q)))
    filled = noise.infill(score, "2", drawing=QUICK).score
    assert outside(filled, 4 * Q, 7 * Q) == outside(score, 4 * Q, 7 * Q)
    assert filled.time_signatures == score.time_signatures


def test_music_without_voices_gets_them(noise: Model) -> None:
    score = chorale(8)
    bare = replace(score, notes=tuple(replace(note, voice=None) for note in score.notes))
    filled = noise.infill(bare, "2", drawing=QUICK).score
    assert outside(filled, 4 * Q, 8 * Q) == outside(score, 4 * Q, 8 * Q)
    crowd = replace(bare, notes=tuple(Note(0, Q, 60 + i) for i in range(5)))
    with pytest.raises(InputError, match="cannot be given to 4 voices"):
        noise.infill(crowd, "1", drawing=QUICK)


def test_the_borders_hold_at_any_resolution(noise: Model, tmp_path: Path) -> None:
    for ticks in (1, 3, 96, 1024):
        score = chorale(8, ticks=ticks)
        filled = noise.infill(score, "1", drawing=QUICK).score
        unit = filled.ticks_per_quarter
        late = {(n.onset_ticks, n.length_ticks, n.pitch, n.voice) for n in outside(filled, 0, 4 * unit)}
        assert late == {(i * unit, unit, p[i % 4], v) for v, p in enumerate(LINES) for i in range(4, 8)}
        write_json(filled, tmp_path / "p.json")
        assert read_json(tmp_path / "p.json") == filled
        write_midi(filled, tmp_path / "p.mid")
        assert read_midi(tmp_path / "p.mid").notes == filled.notes


@pytest.mark.parametrize(("beats", "pickup", "end"), [(4, 0, 4), (5, 0, 8), (5, 1, 5), (3, 1, 5), (1, 1, 1)])
def test_a_piece_goes_on_after_its_last_bar_is_completed(noise: Model, beats: int, pickup: int, end: int) -> None:
    score = chorale(beats, pickup, fermatas=(0,))
    longer = noise.continue_piece(score, 2, drawing=QUICK).score
    assert longer.length_ticks == (end + 8) * Q
    assert {note for note in longer.notes if note.onset_ticks < beats * Q} == set(score.notes)
    assert any(note.onset_ticks >= end * Q for note in longer.notes)
    if end > beats:
        assert any(beats * Q <= note.onset_ticks < end * Q for note in longer.notes)
    assert longer.bar_starts()[-2:] == (end * Q, (end + 4) * Q)
    assert longer.fermatas is not None
    assert longer.fermatas[0] == 0
    assert longer.fermatas[-1] == (end + 6) * Q


def test_the_metre_that_goes_on_is_the_last_one(noise: Model) -> None:
    score = chorale(7, time_signatures=(TimeSignature(4, 4), TimeSignature(3, 4, 4 * Q)))
    longer = noise.continue_piece(score, 1, drawing=QUICK).score
    assert longer.length_ticks == 10 * Q
    assert longer.time_signatures == score.time_signatures


def test_a_metre_that_nothing_is_in_is_forgotten(noise: Model) -> None:
    """Files say one at their end now and then."""
    score = chorale(4, time_signatures=(TimeSignature(4, 4), TimeSignature(3, 4, 4 * Q)))
    assert noise.continue_piece(score, 1, drawing=QUICK).score.bar_starts() == (0, 4 * Q)
    joined = noise.bridge(score, chorale(4), 1, drawing=QUICK).score
    assert [s.name for s in joined.time_signatures] == ["4/4"]
    assert joined.length_ticks == 12 * Q
    joined = noise.bridge(chorale(4), score, 1, drawing=QUICK).score
    assert [s.name for s in joined.time_signatures] == ["4/4"]


def test_a_piece_that_goes_on_ends_on_its_tonic_if_it_is_to(noise: Model) -> None:
    for seed in range(2):
        ended = noise.continue_piece(chorale(4), 2, seed=seed, drawing=SamplingOptions()).score
        last = [note for note in ended.notes if note.end_ticks == ended.length_ticks]
        assert {note.voice for note in last} == {0, 1, 2, 3}
        assert {note.pitch % 12 for note in last} <= {7, 11, 2}
        assert next(note for note in last if note.voice == 3).pitch % 12 == 7
    open_end = noise.continue_piece(chorale(4), 2, drawing=QUICK).score
    assert {n.pitch % 12 for n in open_end.notes if n.end_ticks == open_end.length_ticks} - {7, 11, 2}


def test_a_melody_alone_goes_on_in_four_voices(noise: Model) -> None:
    line = Score(tuple(Note(i * Q, Q, 67 + i) for i in range(4)))
    longer = noise.continue_piece(line, 1, drawing=QUICK)
    assert [n.pitch for n in longer.score.notes if n.onset_ticks < 4 * Q] == [67, 68, 69, 70]
    assert {n.voice for n in longer.score.notes if n.onset_ticks >= 4 * Q} == {0, 1, 2, 3}
    with pytest.raises(InputError, match="no notes"):
        noise.continue_piece(Score((), 4 * Q), 1)
    for bars in (0, 1001):
        with pytest.raises(InputError, match="1 to 1000"):
            noise.continue_piece(line, bars)


def test_a_last_chord_symbol_does_not_hold_through_what_is_new(noise: Model) -> None:
    score = replace(chorale(4), chords=(ChordSymbol(0, frozenset({0, 4, 7}), name="C"),))
    longer = noise.continue_piece(score, 1, drawing=QUICK).score
    assert [(chord.onset_ticks, chord.name) for chord in longer.chords] == [(0, "C"), (4 * Q, "N.C.")]
    joined = noise.bridge(score, score, 1, drawing=QUICK).score
    assert [(c.onset_ticks, c.name) for c in joined.chords] == [(0, "C"), (4 * Q, "N.C."), (8 * Q, "C")]


Times = set[tuple[Fraction, Fraction, int, int | None]]


def in_quarters(notes: Iterable[Note], per_quarter: int, later: int = 0) -> Times:
    """Notes with their times in quarters."""
    return {
        (Fraction(n.onset_ticks, per_quarter) + later, Fraction(n.length_ticks, per_quarter), n.pitch, n.voice)
        for n in notes
    }


@pytest.mark.parametrize(
    ("first", "second", "bars", "begins", "length"),
    [
        (chorale(4), chorale(4), 1, 8, 12),
        (chorale(5, 1), chorale(5, 1), 2, 12, 17),  # a pickup is the end of the bar before
        (chorale(3), chorale(4), 1, 8, 12),  # the last bar is completed
        (chorale(4, ticks=96), chorale(8, ticks=1024), 1, 8, 16),
        (chorale(4), chorale(12, ticks=3), 1, 8, 20),
    ],
)
def test_both_fragments_stand_unchanged_around_a_bridge(
    noise: Model, first: Score, second: Score, bars: int, begins: int, length: int
) -> None:
    piece = noise.bridge(first, second, bars, drawing=QUICK)
    score, unit = piece.score, piece.score.ticks_per_quarter
    assert score.length_ticks == length * unit
    joined = in_quarters(score.notes, unit)
    ends = Fraction(first.length_ticks, first.ticks_per_quarter)
    before = {note for note in joined if note[0] < ends}
    after = {note for note in joined if note[0] >= begins}
    assert before == in_quarters(first.notes, first.ticks_per_quarter)
    assert after == in_quarters(second.notes, second.ticks_per_quarter, begins)
    assert joined - before - after
    starts = [Fraction(tick, unit) for tick in score.bar_starts()]
    pickup = Fraction(first.pickup_ticks, first.ticks_per_quarter)
    assert starts == [pickup + 4 * i for i in range(len(starts))]
    check_voices(score)


def test_words_chords_phrases_and_metres_of_both_fragments_stay(noise: Model) -> None:
    first = chorale(
        8,
        fermatas=(3 * Q, 7 * Q),
        chords=(ChordSymbol(2 * Q, frozenset({0, 4, 7}), name="C"),),
        lyrics=(Syllable(0, "Wach"), Syllable(7 * Q, "auf")),
    )
    second = chorale(
        11,
        1,
        fermatas=(4 * Q,),
        chords=(ChordSymbol(0, frozenset({7, 11, 2}), name="G"), ChordSymbol(5 * Q, frozenset({0, 4, 7}), name="C")),
        lyrics=(Syllable(0, "ge"), Syllable(Q, "denk")),
        time_signatures=(TimeSignature(), TimeSignature(3, 4, 5 * Q)),
    )
    joined = noise.bridge(first, second, 1, drawing=QUICK).score
    assert joined.cut(0, 8 * Q) == first
    assert joined.cut(11 * Q, joined.length_ticks) == second
    assert "N.C." in [chord.name for chord in joined.chords]


def test_triplets_of_a_finer_file_are_not_moved(noise: Model) -> None:
    fine = Score(tuple(Note(i * 160, 160, 60 + i, 0) for i in range(12)))
    score = noise.bridge(chorale(4, ticks=4), fine, 1, drawing=QUICK).score
    late = in_quarters(
        [n for n in score.notes if n.onset_ticks >= 8 * score.ticks_per_quarter], score.ticks_per_quarter
    )
    assert late == in_quarters(fine.notes, Q, 8)


def test_a_bridge_is_in_the_metre_and_key_of_the_first(noise: Model) -> None:
    waltz = chorale(7, 1, time_signatures=(TimeSignature(3, 4),), key=Key(-2), tempo_bpm=60.0)
    score = noise.bridge(chorale(4), waltz, 2, drawing=QUICK).score
    assert (score.key, score.tempo_bpm) == (Key(1), 80.0)
    assert [(s.name, s.onset_ticks) for s in score.time_signatures] == [("4/4", 0), ("3/4", 12 * Q)]
    assert score.bar_starts() == tuple(Q * beat for beat in (0, 4, 8, 12, 15))
    assert score.length_ticks == 18 * Q
    same = noise.bridge(waltz, waltz, 1, drawing=QUICK).score
    assert len(same.time_signatures) == 1
    assert same.length_ticks == (7 + 3 + 6) * Q


def test_bridges_that_cannot_be_built_are_refused(noise: Model) -> None:
    short = chorale(4, time_signatures=(TimeSignature(2, 4),))
    with pytest.raises(InputError, match="pickup that is longer than the bridge"):
        noise.bridge(short, chorale(7, 3), 1, drawing=QUICK)
    assert noise.bridge(short, chorale(7, 3), 2, drawing=QUICK).score.length_ticks == (4 + 4 + 4) * Q
    for first, second, name in ((Score((), Q), short, "first"), (short, Score((), Q), "second")):
        with pytest.raises(InputError, match=f"the {name} fragment has no notes"):
            noise.bridge(first, second, 1)
    for bars in (0, 1001):
        with pytest.raises(InputError, match="1 to 1000"):
            noise.bridge(short, short, bars)


@pytest.mark.parametrize("states", [2, 3])
@pytest.mark.parametrize("voices", [0, 4])
def test_all_models_fill_continue_and_bridge(states: int, voices: int) -> None:
    torch.manual_seed(0)
    switches = dict.fromkeys(("voice_neighbourhood", "voice_intervals", "parallels"), bool(voices))
    config = replace(PRESETS["tiny"], num_states=states, num_voices=voices, **switches)  # type: ignore[arg-type]
    model, drawing = Model(BiaxialLSTM(config).eval(), {}, "other"), replace(QUICK, density=-2.0)
    score = chorale(8)

    def plain(notes: Iterable[Note]) -> set[Note]:
        return {note if voices else replace(note, voice=None) for note in notes}

    filled = model.infill(score, "2", drawing=drawing).score
    assert outside(filled, 4 * Q, 8 * Q) == plain(outside(score, 4 * Q, 8 * Q))
    old = plain(note for note in score.notes if note.onset_ticks >= 4 * Q)
    assert len(old & set(filled.notes)) < 8  # the bar was written anew, in all its voices
    longer = model.continue_piece(score, 1, drawing=replace(drawing, cadence=True)).score
    assert {note for note in longer.notes if note.onset_ticks < 8 * Q} == plain(score.notes)
    joined = model.bridge(score, score, 1, drawing=drawing).score
    assert plain(score.notes) <= set(joined.notes)
    assert plain(replace(n, onset_ticks=n.onset_ticks + 12 * Q) for n in score.notes) <= set(joined.notes)


@pytest.mark.parametrize("verb", ["infill", "continue", "bridge"])
def test_piece_i_is_what_its_seed_gives_alone(noise: Model, verb: str) -> None:
    score = chorale(4)
    many: Callable[..., Sequence[object]] = {
        "infill": lambda n, seed, progress: list(
            noise.draw(
                noise.plan_infilling(score, 1, n=n, seed=seed, particles=2, best_of=2),
                progress,
            )
        ),
        "continue": lambda n, seed, progress: list(
            noise.draw(noise.plan_continuation(score, 1, seed=seed, n=n), progress)
        ),
        "bridge": lambda n, seed, progress: list(
            noise.draw(noise.plan_bridge(score, score, 1, seed=seed, drawing=QUICK, n=n), progress)
        ),
    }[verb]
    calls: list[int] = []
    pieces = many(2, 3, calls.append)
    (alone,) = many(1, 4, None)
    assert alone.score == pieces[1].score != pieces[0].score  # type: ignore[attr-defined]
    assert alone.seed == pieces[1].seed == 4  # type: ignore[attr-defined]
    assert sum(calls) == 2 * {"infill": 16, "continue": 32, "bridge": 48}[verb]


def test_repeats_of_both_fragments_stay(noise: Model) -> None:
    first = chorale(8, repeats=(Repeat(0, 4 * Q),))
    second = chorale(8, repeats=(Repeat(4 * Q, 8 * Q),))
    joined = noise.bridge(first, second, 1, drawing=QUICK).score
    assert joined.repeats == (Repeat(0, 4 * Q), Repeat(16 * Q, 20 * Q))
    assert noise.continue_piece(first, 1, drawing=QUICK).score.repeats == first.repeats
    assert noise.infill(first, 2, drawing=QUICK).score.repeats == first.repeats
