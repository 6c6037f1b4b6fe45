"""What pieces are judged against."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from biaxial.corpora.splits import FolderItem
from biaxial.judge.measures import MEASURES, Reading
from biaxial.judge.reference import CUTS, Reference, checksum, cut_of, measure_corpus
from biaxial.music.score import Score
from biaxial.tasks.model import Model


def test_a_piece_is_compared_at_the_nearest_length() -> None:
    assert [cut_of(bars) for bars in (0, 1, 4, 5, 6, 9, 10, 13, 14, 500)] == [4, 4, 4, 4, 8, 8, 12, 12, 16, 16]
    assert cut_of(500, (4, 8)) == 8


def test_standard_deviations_are_counted_from_the_mean(reference: Reference) -> None:
    values = reference.values("pitch_entropy", 4)
    assert len(values) == 6
    above = float(values.mean() + 2 * values.std(ddof=1))
    assert reference.standard("pitch_entropy", 4, above) == pytest.approx(2)
    assert reference.standard("pitch_entropy", 4, float(values.mean())) == pytest.approx(0)
    assert reference.standard("pitch_entropy", 4, 1e9) == 10
    assert math.isnan(reference.standard("pitch_entropy", 4, math.nan))
    assert math.isnan(reference.standard("nats_per_step", 4, 1.0))  # measured without a network


def test_where_a_corpus_has_one_value_any_other_is_far_away(reference: Reference) -> None:
    assert set(reference.values("out_of_range", 4)) == {0.0}
    assert reference.standard("out_of_range", 4, 0.0) == 0
    assert reference.standard("out_of_range", 4, 0.1) == 10


def test_distributions_are_those_of_training_pieces_without_the_piece_itself(hymns: list[FolderItem]) -> None:
    found = measure_corpus("hymns", hymns, cuts=(4,))
    assert found.pieces == tuple(item.name for item in hymns if item.split == "train")
    others = [item for item in hymns if item.split == "train"][1:]
    alone = measure_corpus("others", others, cuts=(4,))
    first = Reading.of(hymns[0].score, 4)
    for measure, value in alone.distances(first).items():
        assert found.tables[4][measure][0] == pytest.approx(value, nan_ok=True), measure


def test_copies_by_chance_are_those_of_held_out_pieces_in_training_pieces(hymns: list[FolderItem]) -> None:
    twins = [*hymns, FolderItem("valid/twin", "valid", hymns[-1].score)]
    found = measure_corpus("hymns", twins, cuts=(4,)).values("copied_chords", 4)
    assert len(found) == 3
    assert found[-1] == found[-2] == measure_corpus("hymns", hymns, cuts=(4,)).values("copied_chords", 4)[-1]


def test_a_corpus_without_a_split_is_measured_piece_against_the_rest(hymns: list[FolderItem]) -> None:
    only = [item for item in hymns if item.split == "train"]
    found = measure_corpus("hymns", only, cuts=(4,))
    assert len(found.values("copied_chords", 4)) == len(found.pieces) == len(only)
    held_out = measure_corpus("hymns", [item for item in hymns if item.split == "valid"], cuts=(4,))
    assert len(held_out.pieces) == 2


def test_a_held_out_piece_of_the_corpus_is_looked_for_in_training_pieces(reference: Reference) -> None:
    assert reference.left_out(()) == frozenset()
    assert reference.left_out(("train/0",)) == {"train/0"}
    assert reference.left_out(("valid/6",)) == {"valid/6", "valid/7"}


def test_a_corpus_that_the_network_cannot_read_is_measured_without_nats(piano: Score, model: Model) -> None:
    found = measure_corpus(
        "piano", [FolderItem(name, "train", piano) for name in "ab"], cuts=(4,), network=model.in_style()
    )
    assert found.weights == ""
    assert "nats_per_step" not in found.tables[4]
    assert len(found.values("pitch_entropy", 4)) == 2


def test_progress_counts_every_piece_and_length(hymns: list[FolderItem]) -> None:
    calls: list[int] = []
    measure_corpus("hymns", hymns, cuts=(4, 8), progress=calls.append)
    assert sum(calls) == 2 * 6


def test_a_reference_comes_back_from_its_arrays(reference: Reference, tmp_path: Path) -> None:
    np.savez(tmp_path / "hymns.npz", **reference.to_arrays())  # type: ignore[arg-type]
    back = Reference.load(tmp_path / "hymns.npz")
    assert (back.name, back.pieces, back.weights) == (reference.name, reference.pieces, reference.weights)
    assert back.chords == reference.chords
    assert back.pool.keys() == reference.pool.keys()
    for cut, table in reference.tables.items():
        assert back.tables[cut].keys() == table.keys()
        for name, values in table.items():
            np.testing.assert_allclose(back.tables[cut][name], values, rtol=1e-6)


def test_another_file_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", states=np.zeros(3))
    with pytest.raises(ValueError, match=r"other\.npz: not what pieces are judged against"):
        Reference.load(tmp_path / "other.npz")


def test_the_shipped_reference_knows_the_shipped_weights(bach: Reference, model: Model) -> None:
    assert bach.weights == checksum(model.in_style())
    assert tuple(sorted(bach.tables)) == CUTS
    assert len(bach.pieces) == 292
    assert len(bach.passages.names) == 364
    for cut in CUTS:
        for measure in MEASURES:
            assert len(bach.values(measure, cut)) > 1, measure


def test_other_weights_have_another_checksum(model: Model) -> None:
    before = checksum(model.network)
    parameter = next(model.network.parameters())
    value = float(parameter.data.flatten()[0])
    parameter.data.flatten()[0] += 1
    try:
        assert checksum(model.network) != before
    finally:
        parameter.data.flatten()[0] = value
    assert checksum(model.network) == before
    assert checksum(None) == ""
