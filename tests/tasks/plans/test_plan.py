"""A verb plans and fails early; drawing its plan gives what the verb gives; files are parsed once."""

from __future__ import annotations

from pathlib import Path

import pytest

import biaxial
from biaxial.cli import harmonise
from biaxial.formats.midi import smf
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.music.errors import InputError
from biaxial.music.score import Note, Score
from biaxial.tasks.model import Model

TUNE: list[tuple[int | str | None, float]] = [("C5", 1), (74, 1), ("E5", 2)]


def test_a_plan_counts_the_frames_of_all_its_pieces(noise: Model) -> None:
    seen: list[int] = []
    plan = noise.plan_composition(2, n=3, seed=5)
    pieces = list(noise.draw(plan, seen.append))
    assert plan.num_steps == sum(seen) == 3 * 2 * 16
    assert plan.seeds == tuple(piece.seed for piece in pieces) == (5, 6, 7)


def test_the_verb_draws_its_plan(noise: Model) -> None:
    planned = next(noise.draw(noise.plan_harmonisation(TUNE, seed=3, particles=2)))
    assert planned.score == noise.harmonise(TUNE, seed=3, particles=2).score
    assert (
        planned.score
        == noise.harmonize(TUNE, seed=3, drawing=biaxial.SamplingOptions(0.5, particles=2, lookahead=True)).score
    )


@pytest.mark.parametrize("bars", [2, "2", (2, 2)])
def test_one_bar_is_a_number_or_a_word(noise: Model, bars: int | str | tuple[int, int]) -> None:
    piece = noise.compose(2, seed=1, pickup=0)
    plan = noise.plan_infilling(piece, bars, seed=1)
    assert plan.requests[0].known[:16].all()
    assert not plan.requests[0].known[16:].any()


def test_an_option_that_there_is_not_is_named(noise: Model) -> None:
    with pytest.raises(InputError, match="'temprature' is not an option of drawing; there are temperature"):
        noise.plan_composition(1, temprature=0.9)


def test_no_pieces_cannot_be_planned(noise: Model) -> None:
    with pytest.raises(InputError, match="no pieces were asked for"):
        noise.plan_composition(1, n=0)


def test_saving_needs_a_name(noise: Model) -> None:
    with pytest.raises(InputError, match="no file to save to"):
        noise.compose(1).save()


def test_the_old_name_of_the_options_warns() -> None:
    with pytest.warns(FutureWarning, match="SamplingOptions"):
        assert biaxial.Drawing is biaxial.SamplingOptions


def test_harmonising_parses_its_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tune.mid"
    write_midi(Score(tuple(Note(480 * i, 480, 67 + i) for i in range(4))), path)
    decoded: list[int] = []
    decode = smf.decode

    def counted(data: bytes) -> object:
        decoded.append(len(data))
        return decode(data)

    monkeypatch.setattr(smf, "decode", counted)
    words = [str(path), "-o", str(tmp_path / "four.mid"), "--seed", "1", "--particles", "1", "--no-cadence", "-q"]
    assert harmonise.main(words) == 0
    assert len(decoded) == 1
