"""Searches: what they leave, that they go on, that trials may fail or be stopped, that nothing else needs Optuna."""

from __future__ import annotations

import ast
import dataclasses
import json
import shutil
from pathlib import Path

import optuna
import pytest

import biaxial
from biaxial.corpora.corpus import Corpus
from biaxial.models import config as model_config
from biaxial.models.config import PRESETS, ModelConfig
from biaxial.music.errors import InputError
from biaxial.training.config import TrainConfig
from biaxial.training.devices import Machine
from biaxial.training.run_folder import read_plan
from biaxial.training.run_plan import Plan
from biaxial.training.settings import read_preset
from biaxial.training.settings_search import (
    Search,
    SearchConfig,
    SearchResult,
    TrialResult,
    begin_search,
    best_trial,
    lengthen_search,
    read_search,
    trial_table,
)
from biaxial.weights import load_weights

TRAIN = TrainConfig(epochs=2, crop_steps=32, warmup_steps=2, average_decay=0.5, learning_rate=0.02)
PLAN = Plan(dataclasses.replace(PRESETS["tiny"], context_hidden=0), TRAIN, "here", Machine("cpu", precision="32-true"))
CONFIG = SearchConfig(trials=5, coarse_trials=4, epochs=2, coarse_epochs=2)


@pytest.fixture(scope="module")
def small(corpus: Corpus) -> Corpus:
    """Four pieces to train on, one held out."""
    return dataclasses.replace(corpus, pieces=corpus.pieces[:4] + corpus.pieces[8:9])


@pytest.fixture(scope="module")
def found(small: Corpus, tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    folder = tmp_path_factory.mktemp("search") / "whole"
    begin_search(small, PLAN, folder, CONFIG)
    return Search(small, PLAN, folder).run()


def timeless(result: SearchResult) -> list[TrialResult]:
    """The trials without the seconds that they took."""
    return [dataclasses.replace(trial, seconds=None) for trial in result.trials]


@pytest.mark.slow
def test_trials_are_runs_and_the_best_settings_a_preset_file(found: SearchResult) -> None:
    assert [trial.number for trial in found.trials] == [0, 1, 2, 3, 4]
    assert [trial.part for trial in found.trials] == ["coarse"] * 4 + ["fine"]
    first, best = found.trials[0], found.best
    assert first.settings == {"learning_rate": 0.02, "time_hidden": (24,), "note_hidden": (16,), "dropout": 0.0}
    assert best == found.trials[4], "a long trial, since losses of short ones are others"
    finished = [trial for trial in found.trials if trial.part == "coarse" and trial.state == "finished"]
    leader = min(finished, key=lambda trial: trial.loss or 0)
    assert best.settings == leader.settings, "the first long trial has the settings of the best short one"
    for trial in found.trials:
        run = found.folder / "trials" / f"{trial.number:03d}"
        network, made = load_weights(run / "model.safetensors")
        assert made["valid_nats_per_step"] == pytest.approx(trial.valid_nats)
        assert sum(tensor.numel() for tensor in network.parameters()) == trial.num_weights
        assert network.config.time_hidden == trial.settings["time_hidden"]
        assert read_plan(run).train.learning_rate == trial.settings["learning_rate"]
    config, train = read_preset(found.folder / "best.json")
    assert isinstance(config, ModelConfig)
    changed = {"learning_rate": train.learning_rate, "time_hidden": config.time_hidden}
    assert changed == {name: best.settings[name] for name in changed}
    assert train == dataclasses.replace(TRAIN, learning_rate=train.learning_rate), "with the epochs of a whole run"
    for name in ("coarse.png", "fine.png"):
        assert (found.folder / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_trial_worse_than_half_of_the_others_is_stopped_and_is_a_run_like_others(found: SearchResult) -> None:
    (stopped,) = [trial for trial in found.trials if trial.state == "pruned"]
    assert stopped.epochs == 1
    assert stopped.number > 2, "three are finished before"
    with (found.folder / "trials" / f"{stopped.number:03d}" / "metrics.csv").open() as file:
        assert len(file.readlines()) == 2
    lines = trial_table(found.trials)
    assert lines[1].split()[:3] == ["004", "fine", "2"]
    assert lines[-1].endswith("pruned")
    assert len({len(line) for line in lines[:-1]}) == 1


@pytest.mark.parametrize("place", ["after the report", "after the checkpoint"])
@pytest.mark.slow
def test_a_search_goes_on_that_was_killed_while_a_trial_was_stopped(
    found: SearchResult, small: Corpus, tmp_path: Path, place: str
) -> None:
    (stopped,) = [trial for trial in found.trials if trial.state == "pruned"]
    folder = shutil.copytree(found.folder, tmp_path / "broken")
    entries = (folder / "journal.log").read_text().splitlines()
    reports = [index for index, entry in enumerate(entries) if json.loads(entry)["op_code"] == 7]
    kept = reports[sum(trial.epochs for trial in found.trials[: stopped.number])] + 1
    (folder / "journal.log").write_text("".join(f"{entry}\n" for entry in entries[:kept]))
    if place != "after the checkpoint":
        (folder / "trials" / f"{stopped.number:03d}" / "last.ckpt").unlink()
    for later in found.trials[stopped.number + 1 :]:
        shutil.rmtree(folder / "trials" / f"{later.number:03d}")
    assert timeless(Search(small, PLAN, folder).run()) == timeless(found)


@pytest.mark.slow
def test_a_finished_search_can_get_more_trials(found: SearchResult, small: Corpus, tmp_path: Path) -> None:
    folder = shutil.copytree(found.folder, tmp_path / "longer")
    journal = (folder / "journal.log").read_bytes()
    assert Search(small, PLAN, folder).run().trials == found.trials, "nothing was left to do"
    assert (folder / "journal.log").read_bytes() == journal
    lengthen_search(folder, 6)
    assert read_search(folder) == dataclasses.replace(CONFIG, trials=6)
    longer = Search(small, PLAN, folder).run()
    assert longer.trials[:5] == found.trials
    new, leader = longer.trials[5], found.trials[4]
    assert (new.part, new.epochs) == ("fine", 2)
    assert new.settings != leader.settings
    with pytest.raises(InputError, match="a search of 6 trials; --search 3 is fewer"):
        lengthen_search(folder, 3)


@pytest.mark.slow
def test_the_journal_is_one_that_optuna_reads(found: SearchResult) -> None:
    backend = optuna.storages.journal.JournalFileBackend(str(found.folder / "journal.log"))
    study = optuna.load_study(study_name="coarse", storage=optuna.storages.JournalStorage(backend))
    nats = [trial.user_attrs["made"]["valid_nats"] for trial in study.trials]
    assert nats == [trial.valid_nats for trial in found.trials[:4]]


@pytest.mark.slow
def test_half_a_line_and_a_lock_are_what_a_killed_process_leaves(
    found: SearchResult, small: Corpus, tmp_path: Path
) -> None:
    folder = shutil.copytree(found.folder, tmp_path / "killed")
    with (folder / "journal.log").open("a") as file:
        file.write('{"op_code":8,"wor')
    (folder / "journal.log.lock").touch()
    lengthen_search(folder, 6)  # what follows stands on lines of its own
    Search(small, PLAN, folder).run()
    assert len(Search(small, PLAN, folder).run().trials) == 6
    (folder / "journal.log").write_text("[\n[\n")
    with pytest.raises(InputError, match=r"journal\.log: damaged"):
        Search(small, PLAN, folder)


@pytest.mark.slow
def test_trials_that_diverge_are_told_and_do_not_end_a_search(small: Corpus, tmp_path: Path) -> None:
    wild = dataclasses.replace(TRAIN, epochs=1, batch_size=1, weight_decay=1e6)
    plan = dataclasses.replace(PLAN, train=wild)
    begin_search(small, plan, tmp_path / "wild", SearchConfig(3, 2, 1, 1))
    told: list[TrialResult] = []
    result = Search(small, plan, tmp_path / "wild", told.append).run()
    assert told == list(result.trials)
    failed = [trial for trial in told if trial.state == "failed"]
    assert 0 < len(failed) < 3
    assert {trial.failure for trial in failed} == {"diverged: its loss is not a number"}
    assert {trial.loss for trial in failed} == {None}
    assert result.best is not None
    assert result.best.state == "finished"
    assert (tmp_path / "wild" / "coarse.png").is_file()
    assert any("diverged" in line for line in trial_table(told))


def test_a_network_that_does_not_fit_into_memory_is_a_failed_trial(
    small: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_config, "MAX_UNITS", 10**9)
    plan = dataclasses.replace(PLAN, config=dataclasses.replace(PRESETS["tiny"], time_hidden=(10**8,)))
    begin_search(small, plan, tmp_path / "huge", SearchConfig(2, 1, 1, 1))
    told: list[TrialResult] = []
    with pytest.raises(InputError, match=r"all 1 coarse trials failed \(.*memory"):
        Search(small, plan, tmp_path / "huge", told.append).run()
    assert "memory" in told[0].failure
    assert best_trial(told) is None


def test_a_trial_that_ends_the_process_again_and_again_is_given_up(small: Corpus, tmp_path: Path) -> None:
    class Killed(BaseException):
        """Leaves everything as it is, as a kill would."""

    class Deadly(Corpus):
        def split(self, name: object) -> tuple[object, ...]:  # type: ignore[override]
            raise Killed

    folder, told = tmp_path / "deadly", list[TrialResult]()
    begin_search(small, PLAN, folder, SearchConfig(2, 1, 1, 1))
    deadly = Deadly(small.pieces, small.steps_per_quarter, small.num_voices)
    for _ in range(3):
        with pytest.raises(Killed):
            Search(deadly, PLAN, folder, told.append).run()
    with pytest.raises(InputError, match="ended the process 3 times before an epoch was finished"):
        Search(deadly, PLAN, folder, told.append).run()
    assert [trial.state for trial in told] == ["failed"]


@pytest.mark.slow
def test_what_is_no_search_or_another_corpus_is_refused(found: SearchResult, small: Corpus, tmp_path: Path) -> None:
    other = dataclasses.replace(small, pieces=small.pieces[1:])
    with pytest.raises(InputError, match="its corpus has changed since"):
        Search(other, PLAN, found.folder).run()
    with pytest.raises(InputError, match="a run is there already; go on with --resume"):
        begin_search(small, PLAN, found.folder, CONFIG)
    with pytest.raises(InputError, match="not the folder of a run"):
        read_search(tmp_path)
    with pytest.raises(InputError, match="trials of 3 epochs for a run of 2; raise --epochs too"):
        begin_search(small, PLAN, tmp_path / "long", SearchConfig(5, 4, 3, 1))
    two = dataclasses.replace(PLAN, machine=Machine("cpu", 2))
    with pytest.raises(InputError, match="leave out --devices and --num-nodes"):
        begin_search(small, two, tmp_path / "two", CONFIG)
    assert not list(tmp_path.iterdir())


def test_two_thirds_of_the_trials_are_coarse() -> None:
    assert SearchConfig.of(12, 22) == SearchConfig(12, 8, 22, 6)
    assert SearchConfig.of(2, 1) == SearchConfig(2, 1, 1, 1)


def test_optuna_is_imported_by_searching_only() -> None:
    package = Path(biaxial.__file__).parent
    users = {"optuna"}
    while True:  # modules that import it at their top, and modules that import these
        found = {
            ".".join(path.relative_to(package.parent).with_suffix("").parts)
            for path in package.rglob("*.py")
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.Import | ast.ImportFrom) and users & set(_modules(node))
        }
        if found <= users:
            break
        users |= found
    assert users == {"optuna", "biaxial.training.search_space", "biaxial.training.settings_search"}


def _modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] if alias.name.startswith("optuna") else alias.name for alias in node.names]
    module = node.module or ""
    return ["optuna"] if module.startswith("optuna") else [module]
