"""Refining: rounds that help are kept, the first that does not ends it, a killed one goes on, copies are left out."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
import statistics
from pathlib import Path

import pytest
import torch

from biaxial.corpora.corpus import Corpus
from biaxial.corpora.splits import FolderItem
from biaxial.judge.judge import Judge
from biaxial.judge.reference import Reference
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.tasks.model import load
from biaxial.training.config import TrainConfig
from biaxial.training.data.crops import epoch_crops
from biaxial.training.refine.folder import RefineConfig, begin_refinement, lengthen_refinement, read_refinement
from biaxial.training.refine.harvest import harvest, is_copy, reference_of
from biaxial.training.refine.rounds import Refinement, held_out_nats, mix_of, refine, round_table
from biaxial.training.run.devices import Machine
from biaxial.training.run.run_folder import Plan, read_document
from biaxial.weights.checkpoint import save_weights
from tests.training.conftest import scale

CONFIG = dataclasses.replace(PRESETS["tiny"], context_hidden=0)
TRAIN = TrainConfig(
    epochs=1, batch_size=4, crop_steps=32, warmup_steps=1, average_decay=0.2, learning_rate=0.02, sample_every=0
)
PLAN = Plan(CONFIG, TRAIN, "here", Machine("cpu", precision="32-true"))
WANTED = RefineConfig(rounds=2, refine_pieces=4, refine_keep=0.5, refine_share=0.3)


def music(count: int = 11) -> list[FolderItem]:
    """The scores that the corpus was made of."""
    return [FolderItem(f"piece-{i:02d}", "train", scale(i % 4, 3 + i % 3)) for i in range(count)]


@pytest.fixture(scope="module")
def reference(corpus: Corpus) -> Reference:
    return reference_of(corpus, music())


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "new.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_weights(path, BiaxialLSTM(CONFIG), {})
    return path


def begun(corpus: Corpus, weights: Path, folder: Path, learning_rate: float = 0.02) -> tuple[Plan, Path]:
    plan = dataclasses.replace(PLAN, train=dataclasses.replace(TRAIN, learning_rate=learning_rate))
    begin_refinement(corpus, plan, weights, folder, WANTED)
    return plan, folder


@pytest.fixture(scope="module")
def refined(
    corpus: Corpus, reference: Reference, weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> Refinement:
    plan, folder = begun(corpus, weights, tmp_path_factory.mktemp("refined") / "whole")
    return refine(corpus, reference, plan, folder)


def test_rounds_that_help_are_kept_and_each_goes_on_from_the_last(
    corpus: Corpus, refined: Refinement, weights: Path
) -> None:
    one, two = refined.rounds
    assert one.kept
    assert two.kept
    assert one.nats_before == held_out_nats(weights, corpus)
    assert one.nats_before > one.nats_after == two.nats_before > two.nats_after
    runs = [refined.folder / "rounds" / str(number) / "run" for number in (1, 2)]
    stays = refined.folder / "model.safetensors"
    assert stays.read_bytes() == (runs[1] / "model.safetensors").read_bytes()
    assert held_out_nats(stays, corpus) == two.nats_after
    assert (runs[1] / "start.safetensors").read_bytes() == (runs[0] / "model.safetensors").read_bytes()
    assert refined.last is not None
    assert refined.last.composed == 4
    lines = round_table(refined.rounds, refined.last)
    assert [line.split()[0] for line in lines] == ["round", "1", "2", "after"]
    assert lines[1].split()[-3:] == [f"{one.nats_before:.4f}", f"{one.nats_after:.4f}", "kept"]


def test_the_best_pieces_are_kept_and_make_the_share_that_was_asked_for(corpus: Corpus, refined: Refinement) -> None:
    place = refined.folder / "rounds" / "1"
    rows = json.loads((place / "composed.json").read_text())["pieces"]
    kept = [row["grade"] for row in rows if row["kept"]]
    assert len(kept) == 2
    assert max(kept) <= min(row["grade"] for row in rows if not row["kept"])
    assert refined.rounds[0].harvest.kept_grade == pytest.approx(sum(kept) / 2)
    assert refined.rounds[0].harvest.grade == pytest.approx(sum(row["grade"] for row in rows) / len(rows))
    spread = statistics.stdev(row["grade"] for row in rows)
    assert refined.rounds[0].harvest.grade_error == pytest.approx(spread / 2)
    mix = mix_of(place, WANTED.refine_share, corpus)
    names = {row["name"] for row in rows if row["kept"]}
    assert {piece.name for piece in mix.pieces} == names == {path.stem for path in (place / "composed").iterdir()}
    crops = [c for batch in epoch_crops(corpus.split("train"), CONFIG, TRAIN, 0, mix) for c in batch]
    assert sum(crop.piece.name in names for crop in crops) / len(crops) == pytest.approx(0.3, abs=0.5 / len(crops))
    document = read_document(place / "run")["mix"]
    assert document == {"corpus": mix.path, "corpus_sha256": mix.corpus.checksum, "share": 0.3}
    seeds = [{row["name"] for row in json.loads(path.read_text())["pieces"]} for path in _documents(refined.folder)]
    assert len(set.union(*seeds)) == 12, "no seed comes twice"


def _documents(folder: Path) -> list[Path]:
    return [folder / "rounds" / str(number) / "composed.json" for number in (1, 2, 3)]


def test_a_round_that_makes_held_out_nats_worse_is_given_up_and_is_the_last(
    corpus: Corpus, reference: Reference, refined: Refinement, tmp_path: Path
) -> None:
    good = refined.folder / "model.safetensors"
    plan, folder = begun(corpus, good, tmp_path / "worse", learning_rate=3.0)
    found = refine(corpus, reference, plan, folder)
    (only,) = found.rounds
    assert not only.kept
    assert only.nats_after > only.nats_before + 0.001
    assert found.last is None
    assert (folder / "model.safetensors").read_bytes() == good.read_bytes()
    assert not (folder / "rounds" / "2").exists()
    assert round_table(found.rounds)[1].endswith("given up")
    assert refine(corpus, reference, plan, folder) == found, "and stays the last"


def test_a_finished_round_is_not_done_again_and_a_killed_one_ends_as_the_unbroken_one(
    corpus: Corpus, reference: Reference, refined: Refinement, tmp_path: Path
) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(refined.folder, folder)
    shutil.copy(folder / "rounds" / "1" / "run" / "model.safetensors", folder / "model.safetensors")
    first = (folder / "rounds" / "1" / "round.json").stat().st_mtime_ns
    shutil.rmtree(folder / "rounds" / "3")
    (folder / "rounds" / "2" / "round.json").unlink()  # killed while the round was counted up
    told, composing = list[str](), "composing 4 pieces, with seeds from 4 on"
    found = refine(corpus, reference, PLAN, folder, told.append)
    assert (found.rounds, found.last) == (refined.rounds, refined.last)
    assert [line.partition(":")[0] for line in told] == [
        "round 1",
        composing,
        "round 2",
        "round 2",
        "composing 4 pieces, with seeds from 8 on",
    ]
    assert (folder / "rounds" / "1" / "round.json").stat().st_mtime_ns == first

    shutil.rmtree(folder / "rounds" / "2" / "run")  # killed before it trained
    (folder / "rounds" / "2" / "round.json").unlink()
    again = refine(corpus, reference, PLAN, folder).rounds[1]
    assert again.nats_after == pytest.approx(refined.rounds[1].nats_after, abs=1e-6)

    lengthen_refinement(folder, 3)
    assert read_refinement(folder) == (PLAN, dataclasses.replace(WANTED, rounds=3))
    assert len(refine(corpus, reference, PLAN, folder).rounds) == 3
    with pytest.raises(InputError, match="a refinement of 3 rounds; --rounds 2 is fewer"):
        lengthen_refinement(folder, 2)


def test_weights_that_came_to_nothing_are_worse_than_any(corpus: Corpus, tmp_path: Path) -> None:
    assert math.isinf(held_out_nats(tmp_path / "none.safetensors", corpus))


def test_copies_are_told_from_what_is_shared_by_chance() -> None:
    tunes = [load().compose(bars=8, seed=seed).score for seed in range(6)]
    items = [FolderItem(f"piece-{i:02d}", "train", tune) for i, tune in enumerate(tunes[:5])]
    splits = [dataclasses.replace(item, split="valid" if i > 2 else "train") for i, item in enumerate(items)]
    there = Corpus.from_items(splits, Grid(4))
    judge = Judge(reference_of(there, items))
    copy = dataclasses.replace(tunes[0], notes=tunes[0].notes[:-6])  # but for its ending
    assert [is_copy(each) for each in judge.judge([("copy", copy), ("new", tunes[5])])] == [True, False]


def test_without_a_piece_that_can_be_kept_a_round_ends_in_one_line(
    reference: Reference, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("biaxial.training.refine.harvest.COPIED", -100.0)
    with pytest.raises(InputError, match="all 2 pieces that it composed are silent or copies"):
        harvest(weights, tmp_path / "round", reference, 2, 0.5, 0, "cpu")
    with pytest.raises(InputError, match="none of the pieces"):
        reference_of(Corpus((), 4, 4), music())


@pytest.mark.parametrize("wrong", [{"rounds": 0}, {"refine_pieces": 0}, {"refine_keep": 1.5}, {"refine_share": 1.0}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=f"--{min(wrong).replace('_', '-')} is a"):
        RefineConfig(**wrong)  # type: ignore[arg-type]


def test_damaged_files_are_named(corpus: Corpus, reference: Reference, refined: Refinement, tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(refined.folder, folder)
    (folder / "rounds" / "2" / "round.json").write_text("{}")
    with pytest.raises(InputError, match=r"2/round.json: damaged"):
        refine(corpus, reference, PLAN, folder)
    with pytest.raises(InputError, match="a run is there already"):
        begin_refinement(corpus, PLAN, refined.folder / "model.safetensors", folder, WANTED)
    with pytest.raises(InputError, match="has changed since"):
        refine(dataclasses.replace(corpus, pieces=corpus.pieces[1:]), reference, PLAN, folder)
    (folder / "refine.json").write_text('{"train": {}}')
    with pytest.raises(InputError, match=r"not the folder of a refinement \(refine.json"):
        read_refinement(folder)
