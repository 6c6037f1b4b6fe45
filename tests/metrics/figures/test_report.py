from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from biaxial.metrics.figures.report import composition_report, composition_table
from biaxial.metrics.figures.statistics import first_bars
from biaxial.music.score import Note, Score

Write = Callable[..., Score]
Tone = int | None | tuple[int | None, float]

GOOD: tuple[list[Tone], ...] = (
    [72, 72, 71, 72, (72, 4)],
    [67, 69, 67, 67, (67, 4)],
    [64, 65, 62, 64, (64, 4)],
    [48, 53, 55, 48, (48, 4)],
)


def test_a_good_piece(write: Write) -> None:
    figures = composition_report([write(*GOOD)]).figures
    for name in ("silences", "chords_over_two_bars", "crossings", "spacing", "parallels", "out_of_range"):
        assert figures[name].value == 0, name
    assert figures["four_sounding"].value == figures["four_distinct"].value == 100
    assert figures["final_tonic_triad"].value == 100
    assert (figures["final_on_strong_beat"].value, figures["final_on_strong_beat"].count) == (0, 0)  # since beat 4
    assert (figures["chord_changes"].count, figures["chord_changes"].total) == (3, 8)
    assert figures["strikes"].value == 20 / 8
    assert figures["note_length"].value == 32 / 20


def test_each_figure_sees_its_fault(write: Write) -> None:
    bad = write(
        [67, 69, (None, 5), (60, 13)],
        [60, 62, (None, 5), (61, 13)],
        [48, 50, (None, 5), (60, 13)],
        [36, 37, (None, 5), (35, 13)],
    )
    figures = composition_report([bad]).figures
    assert {name: figures[name].count for name in ("silences", "chords_over_two_bars", "chords_over_three_bars")} == {
        "silences": 1,
        "chords_over_two_bars": 1,
        "chords_over_three_bars": 1,
    }
    assert figures["parallel_fifths"].count == 2
    assert figures["parallel_octaves"].count == 1
    assert figures["parallels"].count == 3
    assert figures["crossings"].count == 1
    assert figures["out_of_range"].count == 1
    assert figures["final_tonic_triad"].count == 0
    assert figures["four_distinct"].count == 2
    assert figures["four_sounding"].value == pytest.approx(100 * 15 / 20)


def test_bounds_are_exclusive(write: Write) -> None:
    held = composition_report([write([(72, 8), 74], [(60, 8), 62])]).figures
    assert held["chords_over_two_bars"].count == 0
    assert composition_report([write([(72, 8.5), 74])]).figures["chords_over_two_bars"].count == 1
    assert composition_report([write([(72, 12), 74])]).figures["chords_over_three_bars"].count == 0
    assert composition_report([write([72, (None, 4), 74])]).figures["silences"].count == 0
    assert composition_report([write([72, (None, 4.5), 74])]).figures["silences"].count == 1


def test_rates_are_pooled_and_their_error_is_that_of_a_ratio(write: Write) -> None:
    crossed, clean = write([67, 67], [68, 69]), write([72, 72, 72, 72], [60, 62, 64, 65])  # 2 of 1, 0 of 3
    figure = composition_report([crossed, clean]).figures["crossings"]
    assert (figure.count, figure.total, figure.value) == (2, 4, 50)
    assert figure.standard_error == pytest.approx(100 * math.sqrt(2 / 1 * (1.5**2 + 1.5**2)) / 4)


def test_a_share_of_pieces_has_the_usual_standard_error(write: Write) -> None:
    strong = write(*(line[-1:] for line in GOOD))
    figure = composition_report([strong, strong, strong, write(*GOOD)]).figures["final_on_strong_beat"]
    assert figure.value == 75
    assert figure.standard_error == pytest.approx(100 * math.sqrt(0.75 * 0.25 / 3))
    assert math.isnan(composition_report([strong]).figures["final_on_strong_beat"].standard_error)


def test_pieces_are_cut_but_their_end_is_not(write: Write) -> None:
    long = write([(72, 4)] * 16 + [74], [(60, 4)] * 16 + [80])  # crosses in bar 17
    assert composition_report([long]).figures["crossings"].count == 0
    assert composition_report([long], num_bars=None).figures["crossings"].count == 1
    assert composition_report([long], num_bars=17).figures["crossings"].count == 1
    cadence = write(
        [72, 72, 72, 71, (72, 4)], [67, 69, 67, 65, (64, 4)], [64, 60, 64, 62, (60, 4)], [48, 53, 48, 43, (48, 4)]
    )
    assert composition_report([cadence], num_bars=1).figures["final_tonic_triad"].count == 1
    elsewhere = write([(74, 4), (72, 9)], [(69, 4), (67, 9)], [(66, 4), (64, 9)], [(50, 4), (48, 9)])
    assert composition_report([elsewhere], num_bars=1).figures["final_tonic_triad"].count == 1
    assert composition_report([first_bars(cadence, 1)], num_bars=1).figures["final_tonic_triad"].count == 0


def test_music_without_notes_or_key_is_counted_as_a_failure() -> None:
    figures = composition_report([Score(length_ticks=4000)]).figures
    assert figures["silences"].count == 1
    assert figures["final_tonic_triad"].count == figures["final_on_strong_beat"].count == 0
    assert math.isnan(figures["crossings"].value)


def test_nothing_to_report_on() -> None:
    with pytest.raises(ValueError, match="no pieces"):
        composition_report([])
    with pytest.raises(ValueError, match="assign_voices"):
        composition_report([Score((Note(0, 480, 60),))])


def test_the_table_has_a_column_for_each_report(write: Write) -> None:
    ours, bach = composition_report([write(*GOOD)] * 2), composition_report([write([(72, 9)], [(60, 9)])] * 3)
    lines = composition_table({"ours": ours, "Bach": bach}).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == ["", "unit", "ours", "Bach"]
    assert cells[2] == ["pieces", "", "2", "3"]
    assert ["chord held longer than two bars", "% of pieces", "0.00 ± 0.00", "100.00 ± 0.00"] in cells
    assert len({len(line) for line in lines}) == 1
    assert len(lines) == 3 + len(ours.figures)
    with pytest.raises(ValueError, match="cut alike"):
        composition_table({"ours": ours, "Bach": composition_report([write(*GOOD)], num_bars=8)})
