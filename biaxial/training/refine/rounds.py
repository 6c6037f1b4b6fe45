"""Rounds of positive feedback: compose, judge, keep the best part, train on with it, look at the held-out pieces.

Each round starts from the weights of the round before, mixes its own kept pieces into the corpus
(:mod:`biaxial.training.data.mixing`) and is one training run with the settings of fine-tuning. It is kept if the
held-out pieces cost no more nats per step than before, :data:`TOLERANCE` aside; else its weights are given up, those
before stay, and that is the end. A finished round is never done again; one that was killed goes on where its run can.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from biaxial.corpora.corpus import Corpus
from biaxial.files.atomic import atomic_write
from biaxial.judge.reference import Reference
from biaxial.likelihood.corpus_nats import evaluate
from biaxial.music.errors import InputError
from biaxial.training.data.mixing import Mix
from biaxial.training.refine.folder import check_same_corpus, read_refinement
from biaxial.training.refine.harvest import Harvest, harvest
from biaxial.training.run.fit import train
from biaxial.training.run.run_folder import START, Plan, read_plan
from biaxial.weights.checkpoint import load_weights

EPOCHS: Final = 3
"""Passes over the corpus in a round, unless others are asked for."""
TOLERANCE: Final = 0.001
"""Nats per step by which the held-out pieces may get dearer in a round that is kept."""


@dataclass(frozen=True)
class RoundResult:
    """One round.

    Parameters
    ----------
    number
        Counted from 1.
    harvest
        What was composed with the weights before it.
    nats_before, nats_after
        Nats per step on the held-out pieces.
    kept
        Whether its weights are kept.
    """

    number: int
    harvest: Harvest
    nats_before: float
    nats_after: float
    kept: bool


@dataclass(frozen=True)
class Refinement:
    """How a refinement ended.

    Parameters
    ----------
    folder
        Its folder; the weights that stay are in ``model.safetensors``.
    rounds
        The rounds that are over.
    last
        What the weights that stay compose, judged like a round; none where the last round was not kept (its own pieces
        are those) or nothing is over.
    interrupted
        Whether it was stopped by Ctrl-C.
    """

    folder: Path
    rounds: tuple[RoundResult, ...]
    last: Harvest | None
    interrupted: bool


def refine(
    corpus: Corpus,
    reference: Reference,
    plan: Plan,
    folder: Path,
    say: Callable[[str], None] = lambda line: None,
    quiet: bool = True,
) -> Refinement:
    """Do the rounds that are left of a refinement.

    Parameters
    ----------
    corpus
        Training and validation pieces.
    reference
        The same music as the judge sees it.
    plan
        What the refinement was started with; where it runs may differ.
    folder
        Made by :func:`biaxial.training.refine.folder.begin_refinement`.
    say
        Called with a line whenever something begins that takes long, and at the end of every round, also of those of
        an earlier sitting.
    quiet
        Whether to leave out the progress bars of training.

    Raises
    ------
    InputError
        If the corpus is another one, a file of a round is damaged, or no composed piece can be used.
    OSError
        If a file cannot be written; the refinement can go on when the reason is gone.
    """
    check_same_corpus(folder, corpus)
    wanted = read_refinement(folder)[1]
    device = "cpu" if plan.machine.accelerator == "cpu" else "auto"
    weights, results = folder / START, list[RoundResult]()

    def composed(number: int) -> Harvest:
        seed = plan.train.seed + (number - 1) * wanted.refine_pieces
        place = _place(folder, number)
        say(f"composing {wanted.refine_pieces} pieces, with seeds from {seed} on")
        return harvest(weights, place, reference, wanted.refine_pieces, wanted.refine_keep, seed, device)

    for number in range(1, wanted.rounds + 1):
        place = _place(folder, number)
        result = _finished(place)
        if result is None:
            found = composed(number)
            mix = mix_of(place, wanted.refine_share, corpus)
            say(f"round {number}: training on with {found.kept} of them")
            if _trained(corpus, plan, place / "run", weights, mix, quiet):
                return Refinement(folder, tuple(results), None, True)
            before = results[-1].nats_after if results else held_out_nats(weights, corpus)
            after = held_out_nats(place / "run" / "model.safetensors", corpus)
            result = RoundResult(number, found, before, after, after <= before + TOLERANCE)
            atomic_write(place / "round.json", json.dumps(asdict(result), indent=2).encode() + b"\n")
        results.append(result)
        costs = f"{result.nats_before:.4f} to {result.nats_after:.4f} nats per step"
        say(f"round {number}: {costs}, {_verdict(result)}")
        if not result.kept:
            return Refinement(folder, tuple(results), None, False)
        weights = place / "run" / "model.safetensors"
        atomic_write(folder / "model.safetensors", weights.read_bytes())
    return Refinement(folder, tuple(results), composed(wanted.rounds + 1), False)


def mix_of(place: Path, share: float, corpus: Corpus) -> Mix:
    """The kept pieces of a round as what is mixed into a corpus."""
    path = place / "composed.npz"
    return Mix(Corpus.load(path), share, str(path.resolve()), corpus.split("valid") + corpus.split("test"))


def held_out_nats(weights: Path, corpus: Corpus) -> float:
    """Nats per step on the validation pieces of a corpus where nothing is known, in float32."""
    if not weights.is_file():  # no epoch had a loss that is a number
        return float("inf")
    return evaluate([load_weights(weights)[0]], corpus, ("valid",))[0].nats_per_frame


def _place(folder: Path, number: int) -> Path:
    return folder / "rounds" / str(number)


def _finished(place: Path) -> RoundResult | None:
    """A round that is over; its last file says so."""
    path = place / "round.json"
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text())
        return RoundResult(**{**found, "harvest": Harvest(**found["harvest"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: damaged ({error}); remove it, and the round is counted up again") from error


def _trained(corpus: Corpus, plan: Plan, run: Path, weights: Path, mix: Mix, quiet: bool) -> bool:
    """Train on, or go on with that, and return whether Ctrl-C ended it."""
    config, train_config = plan.config, plan.train
    if resume := (run / "config.json").exists():
        old = read_plan(run)
        config, train_config = old.config, old.train
    result = train(
        corpus,
        config,
        train_config,
        run,
        plan.machine,
        corpus_path=plan.corpus,
        resume=resume,
        start_from=None if resume else weights,
        mix=mix,
        quiet=quiet,
    )
    return result.interrupted


def round_table(rounds: Sequence[RoundResult], last: Harvest | None = None) -> list[str]:
    """The lines of a table, a round each; what the final weights compose stands below."""
    rows = [["round", "composed", "copies", "grade", "kept", "their grade", "longest copy", "nats before", "after", ""]]
    for each in rounds:
        ending = [f"{each.nats_before:.4f}", f"{each.nats_after:.4f}", _verdict(each)]
        rows.append([str(each.number), *_cells(each.harvest), *ending])
    if last is not None:
        rows.append(["after", *_cells(last), "", "", ""])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _verdict(result: RoundResult) -> str:
    return "kept" if result.kept else "given up"


def _cells(found: Harvest) -> list[str]:
    error = "" if found.grade_error is None else f" ± {found.grade_error:.3f}"
    grades = (f"{found.grade:.3f}{error}", str(found.kept), f"{found.kept_grade:.3f}")
    return [str(found.composed), str(found.copies), *grades, f"{found.longest_copy:g}"]
