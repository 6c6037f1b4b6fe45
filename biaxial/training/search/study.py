"""A search of settings: many short runs over wide ranges, then a few longer ones where those did best.

``runs/NAME/`` holds ``search.json`` (what it was started with), ``journal.log`` (Optuna's record), ``trials/NNN/`` (a
run folder for each trial), ``best.json`` (a preset file, written after every trial) and ``trials.png`` (drawn after
each part).

Both parts are studies of Optuna: the learning rate of a run falls along its whole length, so losses of runs of unequal
length cannot stand in one study, and a short run cannot be lengthened as successive halving and Hyperband have it. In
each part the first points are the best known ones and random ones (Bergstra and Bengio 2012), the others are chosen by
the tree-structured Parzen estimator (Bergstra et al. 2011), and from the middle of its length on a trial is stopped
when it is worse than the median of the finished ones (Golovin et al. 2017). Trial 0 is the preset itself.

All trials are trained with the seed of the preset; trial *i* of a part is drawn with (that seed, part, i). A search
that was killed therefore goes on as if nothing had happened: the trial that was running is resumed as a run.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import optuna
import torch
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, Trial, TrialState

from biaxial.corpora.corpus import Corpus
from biaxial.music.constants import VERSION
from biaxial.music.errors import InputError
from biaxial.training.run.curve import read_metrics
from biaxial.training.run.fit import RunResult, train
from biaxial.training.run.preset_file import write_preset
from biaxial.training.run.run_folder import Plan, read_plan
from biaxial.training.search.folder import check_same_corpus, read_search
from biaxial.training.search.journal import WholeJournal
from biaxial.training.search.picture import draw_trials
from biaxial.training.search.space import Range, Space, changed, shortened
from biaxial.training.search.trials import Part, TrialResult, best_trial
from biaxial.training.search.watch import Watch
from biaxial.weights.checkpoint import AnyConfig

_MOST_STARTS: Final = 3
"""How often a trial is begun again that has ended the process each time before an epoch was finished."""


@dataclass(frozen=True)
class SearchResult:
    """How a search ended.

    Parameters
    ----------
    folder
        Its folder.
    trials
        The trials that are over, by number.
    best
        The best of them, if one was finished; its settings are in ``best.json``.
    interrupted
        Whether it was stopped by Ctrl-C.
    """

    folder: Path
    trials: tuple[TrialResult, ...]
    best: TrialResult | None
    interrupted: bool


def search(
    corpus: Corpus, plan: Plan, folder: Path, tell: Callable[[TrialResult], None] = lambda trial: None
) -> SearchResult:
    """Run the trials that are left of a search.

    Parameters
    ----------
    corpus
        Training and validation pieces.
    plan
        What the search was started with; where it runs may differ.
    folder
        Made by :func:`biaxial.training.search.folder.begin_search`.
    tell
        Called with every trial that is over.

    Raises
    ------
    InputError
        If the corpus is another one, the journal or a trial's folder is damaged, or all coarse trials failed.
    OSError
        If a file cannot be written; the search can go on when the reason is gone.
    """
    check_same_corpus(folder, corpus)
    return _Search(corpus, plan, folder, tell).run()


@dataclass(frozen=True)
class _Stage:
    """One part of a search: where it looks, for how long, with which points first, and its first trial's number."""

    part: Part
    space: Space[AnyConfig]
    trials: int
    epochs: int
    first: Sequence[dict[str, float]]
    offset: int


class _Search:
    def __init__(self, corpus: Corpus, plan: Plan, folder: Path, tell: Callable[[TrialResult], None]) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.corpus, self.plan, self.folder, self.tell = corpus, plan, folder, tell
        self.config = read_search(folder)[1]
        self.space = Space.around(plan.config, plan.train)
        self.journal = WholeJournal(folder / "journal.log")
        self.storage = optuna.storages.JournalStorage(self.journal)
        self.results: list[TrialResult] = []

    def run(self) -> SearchResult:
        whole, config = self.space, self.config
        coarse = _Stage("coarse", whole, config.coarse_trials, config.coarse_epochs, [whole.start()], 0)
        interrupted = self.run_stage(coarse)
        self.draw()
        if not interrupted:
            points = self.best_points()
            left = config.trials - config.coarse_trials
            region = whole.narrowed(points)
            fine = _Stage("fine", region, left, config.epochs, points[:1], config.coarse_trials)
            interrupted = self.run_stage(fine)
            self.draw()
        return SearchResult(self.folder, tuple(self.results), best_trial(self.results), interrupted)

    def best_points(self) -> list[dict[str, float]]:
        """The best quarter of the coarse trials, two at least if there are two."""
        trials = self.study("coarse").get_trials(states=[TrialState.COMPLETE])
        if not trials:
            failures = [result.failure for result in self.results if result.failure]
            raise InputError(f"{self.folder}: all {len(self.results)} coarse trials failed ({failures[0]})")
        trials.sort(key=lambda trial: (trial.value, trial.number))
        return [dict(trial.params) for trial in trials[: max(2, -(-len(trials) // 4))]]

    def study(self, part: Part) -> optuna.Study:
        if part in optuna.get_all_study_names(self.storage):
            return optuna.load_study(study_name=part, storage=self.storage)
        return optuna.create_study(study_name=part, storage=self.storage)

    def run_stage(self, stage: _Stage) -> bool:
        """Run the trials that are left of one part, and return whether Ctrl-C ended it."""
        with self.journal.together():
            study = self.study(stage.part)
        # not before the middle: a high learning rate has most to gain from the end of its fall
        study.pruner = optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=-(-stage.epochs // 2))
        for frozen in study.get_trials(states=[TrialState.COMPLETE, TrialState.PRUNED]):
            self.results.append(_result(frozen, stage))
        while (number := len(study.get_trials(states=[TrialState.COMPLETE, TrialState.PRUNED]))) < stage.trials:
            trial = self.next_trial(study, stage, number)
            if self.run_trial(study, trial, stage):
                return True
            self.results.append(_result(study.get_trials()[number], stage))
            self.write_best()
            self.tell(self.results[-1])
        self.write_best()
        return False

    def next_trial(self, study: optuna.Study, stage: _Stage, number: int) -> Trial:
        """The trial that was running when the process was killed, or a new one."""
        if study.get_trials(states=[TrialState.RUNNING]):
            study_id = self.storage.get_study_id_from_name(stage.part)
            return Trial(study, self.storage.get_trial_id_from_study_id_trial_number(study_id, number))
        entropy = (self.plan.train.seed, ("coarse", "fine").index(stage.part), number)
        seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
        study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=min(10, 1 + stage.trials // 2))
        with self.journal.together():
            if number < len(stage.first):
                study.enqueue_trial(stage.first[number])
            return study.ask({name: _distribution(span) for name, span in stage.space.ranges.items()})

    def run_trial(self, study: optuna.Study, trial: Trial, stage: _Stage) -> bool:
        """Train, and tell the study what came of it; return whether Ctrl-C ended it."""
        folder = self.folder / "trials" / f"{stage.offset + trial.number:03d}"
        watch, result, failure = Watch(study, trial, stage.epochs), None, ""
        if self.starts(trial, folder) > _MOST_STARTS:
            failure = f"ended the process {_MOST_STARTS} times before an epoch was finished (out of memory?)"
        else:
            try:
                result = self.train(trial, stage, folder, watch)
            except (RuntimeError, MemoryError) as error:  # of PyTorch: out of memory above all
                failure = " ".join(str(error).split())[:200] or type(error).__name__
            gc.collect()
            torch.cuda.empty_cache()  # does nothing where there is no GPU
        if result is not None and result.interrupted:
            trial.set_user_attr("started", None)
            return True
        losses = study.get_trials(deepcopy=False)[trial.number].intermediate_values
        if not failure and not losses:
            failure = "diverged: its loss is no number"
        history = folder / "metrics.csv"
        made = {
            "settings": stage.space.values(trial.params),
            "valid_nats": None if result is None or not losses else result.valid_nats,
            "num_weights": watch.num_weights,
            "seconds": read_metrics(history)["seconds"][-1][1] if history.exists() else None,
            "failure": failure,
        }
        with self.journal.together():
            for name, value in made.items():
                trial.set_user_attr(name, value)
            if failure or watch.pruned:  # what failed counts as worst, so that the sampler keeps away from it
                study.tell(trial, state=TrialState.PRUNED)
            else:
                study.tell(trial, min(losses.values()))
        return False

    def starts(self, trial: Trial, folder: Path) -> int:
        """How often the trial was begun without finishing an epoch since, this time included."""
        path = folder / "metrics.csv"
        epochs = len(path.read_text().splitlines()) if path.exists() else 0
        before = trial.user_attrs.get("started") or {"epochs": epochs, "times": 0}
        times = before["times"] + 1 if before["epochs"] == epochs else 1
        trial.set_user_attr("started", {"epochs": epochs, "times": times})
        return times

    def train(self, trial: Trial, stage: _Stage, folder: Path, watch: Watch) -> RunResult:
        config, train_config = stage.space.settings(trial.params)
        train_config = shortened(train_config, stage.epochs)
        if resume := (folder / "config.json").exists():
            plan = read_plan(folder)
            config, train_config = plan.config, plan.train
        machine, source = self.plan.machine, self.plan.corpus
        run = functools.partial(train, self.corpus, config, train_config, folder, machine, corpus_path=source)
        return run(resume=resume, quiet=True, callbacks=[watch])

    def write_best(self) -> None:
        """Write the best settings so far."""
        best = best_trial(self.results)
        if best is None:
            return
        config, train_config = changed(self.plan.config, self.plan.train, best.settings)
        origin = {
            "best_trial": best.number,
            **{name: value for name, value in asdict(best).items() if name in _ORIGIN},
            "trials": len(self.results),
            "corpus_sha256": self.corpus.checksum,
            "biaxial": VERSION,
            "optuna": optuna.__version__,
        }
        write_preset(self.folder / "best.json", config, train_config, {"search": origin})

    def draw(self) -> None:
        """Draw the trials so far."""
        if self.results:
            kinds = {name: span.kind for name, span in self.space.ranges.items()}
            draw_trials(self.results, kinds, self.folder / "trials.png")


_ORIGIN = ("part", "epochs", "loss", "valid_nats", "num_weights", "seconds")


def _distribution(span: Range) -> BaseDistribution:
    if span.kind == "width":
        return IntDistribution(round(span.low), round(span.high), log=True)
    return FloatDistribution(span.low, span.high, log=span.kind == "rate")


def _result(trial: FrozenTrial, stage: _Stage) -> TrialResult:
    made, losses = trial.user_attrs, trial.intermediate_values
    state: Literal["finished", "pruned", "failed"] = "finished" if trial.state is TrialState.COMPLETE else "pruned"
    return TrialResult(
        stage.offset + trial.number,
        stage.part,
        "failed" if made["failure"] else state,
        max(losses, default=0),
        {name: tuple(value) if isinstance(value, list) else value for name, value in made["settings"].items()},
        min(losses.values(), default=None),
        made["valid_nats"],
        made["num_weights"],
        made["seconds"],
        made["failure"],
    )
