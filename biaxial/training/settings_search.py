"""A search of settings: many short runs over wide ranges, then a few longer ones where those did best.

The folder of a search is one of a run (:mod:`biaxial.training.run_folder`) that has its trials below ``trials/`` in
place of weights, and Optuna's journal. Both parts are studies of Optuna: the learning rate of a run falls along its
whole length, so losses of runs of unequal length cannot stand in one study. In each part the first points are the best
known and random ones, the others are chosen by the tree-structured Parzen estimator, and from the middle of its length
on a trial is stopped when it is worse than the median of the finished ones.

All trials are trained with the seed of the preset; trial *i* of a part is drawn with (that seed, part, i). A search
that was killed therefore goes on as if nothing had happened: the trial that was running is resumed as a run.
"""

from __future__ import annotations

import gc
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import lightning
import numpy as np
import optuna
import torch
from lightning.pytorch.callbacks import Callback
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, Trial, TrialState

from biaxial.corpora.corpus import Corpus
from biaxial.music.constants import VERSION
from biaxial.music.errors import InputError
from biaxial.training.curve import read_metrics
from biaxial.training.fit import RunResult, check_corpus, train
from biaxial.training.run_folder import (
    Plan,
    begin,
    check_unchanged,
    new_document,
    read_document,
    read_plan,
    write_document,
)
from biaxial.training.search_space import Ranges, changed, narrowed, preset_point, shortened, values_at, wide_ranges
from biaxial.training.settings import write_preset

Part = Literal["coarse", "fine"]
State = Literal["finished", "pruned", "failed"]

_MAX_STARTS: Final = 3
"""How often a trial is begun again that has ended the process each time before an epoch was finished."""
_OVER: Final = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True)
class TrialResult:
    """One trial.

    Parameters
    ----------
    number
        Its number in the search, from 0 on, which is the name of its folder below ``trials/``.
    part
        Whether it belongs to the wide and short trials or to the narrow and long ones.
    state
        Whether it was finished, stopped since it was worse than half of the others, or failed.
    epochs
        Epochs that were validated.
    loss
        What trials are compared by: the lowest loss on the held-out pieces, in nats (for a network with a context
        encoder nats per step where nothing is known and where the melody is, added); none where it is not a number.
    settings
        The values that were tried, by the names of their fields.
    valid_nats
        Nats per step on the held-out pieces at that moment.
    num_weights, seconds
        Size of the network, and time of its training.
    failure
        Why it failed.
    """

    number: int
    part: Part
    state: State
    epochs: int
    loss: float | None
    settings: dict[str, Any]
    valid_nats: float | None = None
    num_weights: int | None = None
    seconds: float | None = None
    failure: str = ""


def best_trial(trials: Sequence[TrialResult]) -> TrialResult | None:
    """The best of the long trials, or while none is finished, of the short ones; they cannot be compared."""
    finished = [trial for trial in trials if trial.state == "finished"]
    return min(finished, key=lambda trial: (trial.part == "coarse", trial.loss, trial.number), default=None)


def trial_table(trials: Sequence[TrialResult]) -> list[str]:
    """The lines of a table, a trial each, the long ones first and the best at their top."""

    def rank(trial: TrialResult) -> tuple[Any, ...]:
        state = ("finished", "pruned", "failed").index(trial.state)
        return trial.part == "coarse", state, trial.loss or 0.0, trial.number

    def text(value: Any) -> str:
        if isinstance(value, tuple):
            return ",".join(map(str, value))
        return "-" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)

    names = list(trials[0].settings) if trials else []
    rows = [["trial", "part", "epochs", *names, "weights", "seconds", "nats/step", "loss", ""]]
    for trial in sorted(trials, key=rank):
        figures = (trial.num_weights, trial.seconds, trial.valid_nats, trial.loss)
        values = (f"{trial.number:03d}", trial.part, trial.epochs, *(trial.settings[name] for name in names), *figures)
        rows.append([*map(text, values), "" if trial.state == "finished" else trial.failure or trial.state])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    lines = ["  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=False)) for row in rows]
    return [f"{line}  {row[-1]}".rstrip() for line, row in zip(lines, rows, strict=True)]


@dataclass(frozen=True)
class SearchConfig:
    """Trials and epochs: of all trials and the longer ones, and of the coarse part."""

    trials: int
    coarse_trials: int
    epochs: int
    coarse_epochs: int

    @classmethod
    def of(cls, trials: int, epochs: int) -> SearchConfig:
        """Two thirds of the trials (two at least) are coarse, and have a quarter of the epochs."""
        return cls(trials, trials - max(1, trials // 3), epochs, -(-epochs // 4))


@dataclass(frozen=True)
class SearchResult:
    """How a search ended: the trials that are over, the best one, and whether Ctrl-C stopped it."""

    folder: Path
    trials: tuple[TrialResult, ...]
    best: TrialResult | None
    interrupted: bool


def begin_search(corpus: Corpus, plan: Plan, folder: Path, config: SearchConfig) -> None:
    """Make the folder of a new search, or raise :class:`InputError` for what cannot be searched."""
    if plan.machine.devices != 1 or plan.machine.num_nodes != 1:
        raise InputError("a search runs its trials one by one on one device; leave out --devices and --num-nodes")
    if config.epochs > plan.train.epochs:
        raise InputError(f"trials of {config.epochs} epochs for a run of {plan.train.epochs}; raise --epochs too")
    check_corpus(corpus, plan.config)
    begin(folder, {**new_document(corpus, plan, None, ""), "search": asdict(config)}, None)


def read_search(folder: Path) -> SearchConfig:
    """How long a search is, or :class:`InputError` if the folder is not that of one."""
    try:
        return SearchConfig(**read_document(folder)["search"])
    except (KeyError, TypeError) as error:
        raise InputError(f"{folder}: not the folder of a search (config.json: {error}); start it anew") from error


def lengthen_search(folder: Path, trials: int) -> None:
    """Give a search more trials, of its second part, or raise :class:`InputError` if it has more already."""
    config = read_search(folder)
    if trials < config.trials:
        raise InputError(f"{folder}: a search of {config.trials} trials; --search {trials} is fewer")
    write_document(folder, {**read_document(folder), "search": asdict(replace(config, trials=trials))})


@dataclass(frozen=True)
class _Stage:
    """One part of a search: where it looks, for how long, from which point, and its first trial's number."""

    part: Part
    ranges: Ranges
    trials: int
    epochs: int
    first: dict[str, float]
    offset: int


class Search:
    """The trials that are left of a search.

    Parameters
    ----------
    corpus
        Training and validation pieces.
    plan
        What the search was started with; where it runs may differ.
    folder
        Made by :func:`begin_search`.
    tell
        Called with every trial that is over.

    Raises
    ------
    InputError
        If the corpus is another one, or the journal or a trial's folder is damaged.
    """

    def __init__(
        self, corpus: Corpus, plan: Plan, folder: Path, tell: Callable[[TrialResult], None] = lambda trial: None
    ) -> None:
        check_unchanged(folder, read_document(folder), corpus, None)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.corpus, self.plan, self.folder, self.tell = corpus, plan, folder, tell
        self.storage = _open(folder / "journal.log")
        self.results: list[TrialResult] = []

    def run(self) -> SearchResult:
        """Run them; :class:`InputError` if all coarse trials failed, :class:`OSError` if a file cannot be written."""
        config, start = read_search(self.folder), preset_point(self.plan.config, self.plan.train)
        wide, num_coarse = wide_ranges(start), config.coarse_trials
        interrupted = self._run_stage(_Stage("coarse", wide, num_coarse, config.coarse_epochs, start, 0))
        if not interrupted:
            best = self._best_points()
            fine = _Stage("fine", narrowed(wide, best), config.trials - num_coarse, config.epochs, best[0], num_coarse)
            interrupted = self._run_stage(fine)
        return SearchResult(self.folder, tuple(self.results), best_trial(self.results), interrupted)

    def _best_points(self) -> list[dict[str, float]]:
        """The best quarter of the coarse trials, two at least if there are two."""
        trials = self._study("coarse").get_trials(states=[TrialState.COMPLETE])
        if not trials:
            failures = [result.failure for result in self.results if result.failure]
            raise InputError(f"{self.folder}: all {len(self.results)} coarse trials failed ({failures[0]})")
        trials.sort(key=lambda trial: (trial.value, trial.number))
        return [dict(trial.params) for trial in trials[: max(2, -(-len(trials) // 4))]]

    def _study(self, part: Part) -> optuna.Study:
        exists = part in optuna.get_all_study_names(self.storage)
        return (optuna.load_study if exists else optuna.create_study)(study_name=part, storage=self.storage)

    def _run_stage(self, stage: _Stage) -> bool:
        """Run the trials that are left of one part, and return whether Ctrl-C ended it."""
        study = self._study(stage.part)
        # not before the middle: a high learning rate has most to gain from the end of its fall
        study.pruner = optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=-(-stage.epochs // 2))
        self.results += [_result(trial, stage) for trial in study.get_trials(states=_OVER)]
        for number in range(len(study.get_trials(states=_OVER)), stage.trials):
            if self._run_trial(study, self._next_trial(study, stage, number), stage):
                return True
            self.results.append(_result(study.trials[number], stage))
            self._write_best()
            self.tell(self.results[-1])
        self._write_best()
        _draw(study, self.folder / f"{stage.part}.png")
        return False

    def _next_trial(self, study: optuna.Study, stage: _Stage, number: int) -> Trial:
        """The trial that was running when the process was killed, or a new one."""
        if len(study.trials) == number:
            entropy = (self.plan.train.seed, ("coarse", "fine").index(stage.part), number)
            seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
            sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=min(10, 1 + stage.trials // 2))
            drawing = optuna.create_study(sampler=sampler)  # in memory: the journal gets the trial whole, in one line
            drawing.add_trials(study.trials)
            if number == 0:
                drawing.enqueue_trial(stage.first)
            drawing.ask(dict(stage.ranges))
            study.add_trial(drawing.trials[-1])
        study_id = self.storage.get_study_id_from_name(stage.part)
        return Trial(study, self.storage.get_trial_id_from_study_id_trial_number(study_id, number))

    def _run_trial(self, study: optuna.Study, trial: Trial, stage: _Stage) -> bool:
        """Train, and tell the study what came of it; return whether Ctrl-C ended it."""
        folder = self.folder / "trials" / f"{stage.offset + trial.number:03d}"
        values, watch = values_at(self.plan.config, trial.params), _Watch(study, trial, stage.epochs)
        result, failure, starts = None, "", trial.user_attrs.get("starts", 0)
        trial.set_user_attr("starts", starts + 1)
        if starts >= _MAX_STARTS:
            failure = f"ended the process {_MAX_STARTS} times before an epoch was finished (out of memory?)"
        else:
            try:
                result = self._train(values, stage.epochs, folder, watch)
            except (RuntimeError, MemoryError) as error:  # of PyTorch: out of memory above all
                failure = " ".join(str(error).split())[:200] or type(error).__name__
            gc.collect()
            torch.cuda.empty_cache()  # does nothing where there is no GPU
        if result is not None and result.interrupted:
            trial.set_user_attr("starts", starts)
            return True
        losses, history = watch.losses(), folder / "metrics.csv"
        failure = failure or ("" if losses else "diverged: its loss is not a number")
        made = {
            "settings": values,
            "valid_nats": None if result is None or not losses else result.valid_nats,
            "num_weights": watch.num_weights,
            "seconds": read_metrics(history)["seconds"][-1][1] if history.exists() else None,
            "failure": failure,
        }
        trial.set_user_attr("made", made)
        if failure or watch.pruned:  # what failed counts as worst, so that the sampler keeps away from it
            study.tell(trial, state=TrialState.PRUNED)
        else:
            study.tell(trial, min(losses.values()))
        return False

    def _train(self, values: dict[str, Any], epochs: int, folder: Path, watch: Callback) -> RunResult:
        config, settings = changed(self.plan.config, shortened(self.plan.train, epochs), values)
        if resume := (folder / "config.json").exists():
            plan = read_plan(folder)
            config, settings = plan.config, plan.train
        return train(
            self.corpus,
            config,
            settings,
            folder,
            self.plan.machine,
            corpus_path=self.plan.corpus,
            resume=resume,
            quiet=True,
            callbacks=[watch],
        )

    def _write_best(self) -> None:
        """Write the best settings so far."""
        if (best := best_trial(self.results)) is None:
            return
        origin = {name: value for name, value in asdict(best).items() if name not in ("settings", "state", "failure")}
        origin |= {"trials": len(self.results), "corpus_sha256": self.corpus.checksum}
        origin |= {"biaxial": VERSION, "optuna": optuna.__version__}
        settings = changed(self.plan.config, self.plan.train, best.settings)
        write_preset(self.folder / "best.json", *settings, {"search": origin})


class _Watch(Callback):
    """Tells Optuna the loss of every epoch, and stops a trial that is not worth going on with."""

    def __init__(self, study: optuna.Study, trial: Trial, epochs: int) -> None:
        self.study, self.trial, self.epochs, self.pruned = study, trial, epochs, False
        self.num_weights: int | None = None

    def losses(self) -> dict[int, float]:
        """The losses so far, by epoch."""
        return self.study.get_trials(deepcopy=False)[self.trial.number].intermediate_values

    def on_fit_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Count the weights."""
        self.num_weights = sum(parameter.numel() for parameter in pl_module.parameters())

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Stop at once what had been stopped when the process was killed."""
        self._decide(trainer, trainer.current_epoch)

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Report; an epoch that is repeated after a kill was reported before."""
        loss, epoch = float(trainer.callback_metrics["valid_loss"]), trainer.current_epoch + 1
        self.trial.set_user_attr("starts", 0)
        if math.isfinite(loss) and epoch not in self.losses():
            self.trial.report(loss, epoch)
        self._decide(trainer, epoch)

    def _decide(self, trainer: lightning.Trainer, epoch: int) -> None:
        if epoch == max(self.losses(), default=0) and 0 < epoch < self.epochs and self.trial.should_prune():
            self.pruned = trainer.should_stop = True


def _open(path: Path) -> JournalStorage:
    """Optuna's record, without what a killed process leaves of it: a lock, and half a line (optuna/optuna#5138)."""
    for lock in path.parent.glob(f"{path.name}.lock*"):
        lock.unlink()
    if path.exists():
        with path.open("rb+") as file:
            file.truncate(file.read().rfind(b"\n") + 1)
    try:
        return JournalStorage(JournalFileBackend(str(path), JournalFileOpenLock(str(path))))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: damaged ({error}); start the search anew with another -o") from error


def _result(trial: FrozenTrial, stage: _Stage) -> TrialResult:
    made, losses = dict(trial.user_attrs["made"]), trial.intermediate_values
    state: State = "failed" if made["failure"] else "finished" if trial.state is TrialState.COMPLETE else "pruned"
    made["settings"] = {name: tuple(v) if isinstance(v, list) else v for name, v in made["settings"].items()}
    loss = min(losses.values(), default=None)
    return TrialResult(stage.offset + trial.number, stage.part, state, max(losses, default=0), loss=loss, **made)


def _draw(study: optuna.Study, path: Path) -> None:
    """Draw the loss of the finished trials of a part against every searched field."""
    import matplotlib

    matplotlib.use("Agg")
    if not study.get_trials(states=[TrialState.COMPLETE]):
        return
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # plots are called experimental; one trial makes a range without a width
        panels = optuna.visualization.matplotlib.plot_slice(study, target_name="held-out loss, nats")
        axes = np.asarray(panels, dtype=object)
        figure = axes.flat[0].figure
        figure.set_figwidth(5 * axes.size)  # the numbers below the axes need room
        figure.savefig(path, dpi=72, bbox_inches="tight")
        matplotlib.pyplot.close("all")
