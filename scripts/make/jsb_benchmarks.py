"""Train the networks of the JSB benchmarks: one list of jobs, worked off in any number of sittings.

``python scripts/make/jsb_benchmarks.py DATA`` works off every job that is not finished, each with the command that the
table shows, into ``runs/jsb/NAME``; a job that was stopped goes on after its last whole epoch. DATA is the folder with
``quarter-train-valid.json`` and ``16th-separated-train-valid.json``. ``--only`` takes the jobs of some groups:

- ``screen``: what each idea is worth, 8 epochs and 2 seeds each;
- ``full``: the best of them, the published network beside them, at full length;
- ``quarter``: the five weights of the quarter-note benchmark;
- ``16th``: the weights of the sixteenth-note benchmark;
- ``inputs``: what each input of the ``chorale`` preset is worth, on the folder ``chorales`` in DATA (made by
  ``biaxial-chorales``), by a small network without a context encoder.

``--parallel`` runs several at a time, each on ``--threads`` threads. On one CPU core a screening run takes about 5
minutes, a quarter-note run a quarter of an hour, the sixteenth-note runs an hour and three quarters, and a run of
``inputs`` five minutes.

``--table`` trains nothing and prints a markdown table of all runs, with the nats that they measured themselves;
``--store FOLDER`` writes the weights of ``quarter`` and ``16th`` there in half precision.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from biaxial.cli.options import given, parser
from biaxial.cli.train import TrainOptions
from biaxial.models.config import PRESETS, ModelConfig
from biaxial.tokens.any_config import config_from_dict
from biaxial.training.config import TRAIN_PRESETS, TrainConfig
from biaxial.training.curve import read_metrics
from biaxial.training.devices import Machine
from biaxial.weights import load_weights, save_weights

RUNS = Path("runs/jsb")
GOAL = 5.05
"""Nats per quarter-note frame of the best biaxial LSTM in print (Johnson 2017)."""
QUARTER, SIXTEENTH = "quarter-train-valid.json", "16th-separated-train-valid.json"
SCREEN = (
    *("--preset", "jsb-quarter", "--epochs", "8", "--batch-size", "2", "--average-decay", "0.985"),
    *("--warmup-steps", "60", "--dropout", "0.4", "--transpose", "0", "--forget-share", "0", "--order", "low-to-high"),
)
"""The preset for 8 epochs, with one walk, and nothing against overfitting but dropout."""

INPUTS = (
    *("--preset", "chorale", "--context-hidden", "0", "--time-hidden", "96,96", "--note-hidden", "64,48"),
    *("--epochs", "4", "--average-decay", "0.98", "--sample-every", "0"),
)
"""The preset of the shipped weights in a size that learns within minutes."""

LEFT_OUT: dict[str, tuple[str, ...]] = {
    "all": (),
    **{
        f"no-{name}": (f"--no-{name}",)
        for name in (
            *("echo", "dissonance", "next-voice", "beat", "clock", "plan"),
            *("parallels", "voice-intervals", "running-chord"),
        )
    },
    "high-to-low": ("--order", "high-to-low"),
}
"""Inputs left out one at a time, and the walk the other way."""

IDEAS: dict[str, tuple[str, ...]] = {
    "start": (),
    "batch-4": ("--batch-size", "4", "--average-decay", "0.97", "--warmup-steps", "30"),
    "batch-8": ("--batch-size", "8", "--average-decay", "0.95", "--warmup-steps", "30"),
    "batch-8-no-echo": ("--batch-size", "8", "--average-decay", "0.95", "--warmup-steps", "30", "--no-echo"),
    "batch-8-shift-3": ("--batch-size", "8", "--average-decay", "0.95", "--warmup-steps", "30", "--transpose", "3"),
    "shift-3": ("--transpose", "3"),
    "forget-10": ("--forget-share", "0.1"),
    "dropout-50": ("--dropout", "0.5"),
    "dropout-20": ("--dropout", "0.2"),
    "high-to-low": ("--order", "high-to-low"),
    "both-orders": ("--order", "both"),
    "no-echo": ("--no-echo",),
    "no-running-chord": ("--no-running-chord",),
    "no-ranks": ("--ranks", "0", "--no-next-voice"),
    "no-next-voice": ("--no-next-voice",),
    "no-intervals": ("--no-voice-intervals",),
    "no-parallels": ("--no-parallels",),
    "no-clock": ("--no-clock",),
    "neighbourhood-24": ("--neighbourhood", "24"),
    "neighbourhood-6": ("--neighbourhood", "6"),
    "size-300": ("--time-hidden", "300,300", "--note-hidden", "100,50"),
    "size-128": ("--time-hidden", "128,128", "--note-hidden", "64,48"),
    "depth-3-2": ("--time-hidden", "192,192,192", "--note-hidden", "96,64"),
    "depth-1-1": ("--time-hidden", "192", "--note-hidden", "96"),
    "decay-0": ("--weight-decay", "0"),
    "no-average": ("--average-decay", "0"),
}
"""What is changed, one idea at a time."""

HEXAHEDRIA = (
    *("--preset", "hexahedria", "--num-states", "2", "--steps-per-quarter", "1", "--low-pitch", "21"),
    *("--num-notes", "88", "--crop-steps", "1024", "--batch-size", "2", "--note-window", "60", "--sample-every", "0"),
)
"""The published network."""

ONE_WALK = ("--preset", "jsb-quarter", "--epochs", "20")

LIKEWISE = ("--warmup-steps", "60", "--transpose", "0", "--unknown-share", "0", "--forget-share", "0")
"""The published network is trained as ours is, but not transposed: it has no input that could tell it the key."""


COMMON = {"SCREEN": SCREEN, "INPUTS": INPUTS}


@dataclass(frozen=True)
class Job:
    """One run of ``biaxial-train``."""

    group: str
    name: str
    data: str
    arguments: tuple[str, ...]
    after: str = ""
    """The run whose weights it goes on from."""

    @property
    def folder(self) -> Path:
        """Where the run goes."""
        return RUNS / self.name

    @property
    def command(self) -> str:
        """What a user would type; what many runs have in common stands for itself as ``$SCREEN`` or ``$INPUTS``."""
        words = ["biaxial-train", self.data]
        for name, shared in COMMON.items():
            if self.arguments[: len(shared)] == shared:
                return " ".join([*words, f"${name}", shlex.join(self.arguments[len(shared) :])])
        return " ".join([*words, shlex.join(self.arguments)])

    @property
    def is_finished(self) -> bool:
        """Whether all epochs are done, or training has stopped early."""
        if not (self.folder / "learning-curve.png").is_file():
            return False
        train = json.loads((self.folder / "config.json").read_text())["train"]
        held_out = [value for _, value in read_metrics(self.folder / "metrics.csv")["valid_nats"]]
        waited = len(held_out) - 1 - held_out.index(min(held_out))
        return bool(len(held_out) >= train["epochs"] or waited >= train["patience"])

    def check(self) -> None:
        """Refuse a folder that holds a run with other settings."""
        values = given(
            parser("biaxial-train", "", TrainOptions, TrainConfig, Machine, ModelConfig), [self.data, *self.arguments]
        )
        preset = values[TrainOptions]["preset"]
        config = dataclasses.replace(PRESETS[preset], **values[ModelConfig])
        train = dataclasses.replace(TRAIN_PRESETS[preset], **values[TrainConfig])
        path = self.folder / "config.json"
        if path.is_file():
            found = json.loads(path.read_text())
            if config != config_from_dict(found["config"]) or train != TrainConfig(**found["train"]):
                raise SystemExit(f"{self.folder}: a run with other settings than {self.command}; move it away")


def _seeds(group: str, name: str, data: str, arguments: Sequence[str], seeds: Sequence[int]) -> list[Job]:
    return [Job(group, f"{name}-seed{seed}", data, (*arguments, "--seed", str(seed))) for seed in seeds]


def _on(job: Job, *arguments: str) -> Job:
    """A run that goes on from a job's, by other crops and dropout."""
    start = ("--start-from", str(job.folder / "model.safetensors"))
    preset, seed = job.arguments[:2], int(job.arguments[-1])
    words = (*preset, *start, *arguments, "--seed", str(seed + 1))
    return Job(job.group, f"{job.name}-on", job.data, words, after=job.name)


_SIXTEENTH = Job("16th", "jsb-16th", SIXTEENTH, ("--preset", "jsb-16th", "--seed", "0"))

JOBS = [
    *_seeds("quarter", "jsb-quarter", QUARTER, ("--preset", "jsb-quarter"), range(5)),
    _SIXTEENTH,
    _on(
        _SIXTEENTH,
        *("--dropout", "0.35", "--batch-size", "1", "--epochs", "18", "--learning-rate", "0.0015"),
        *("--average-decay", "0.998"),
    ),
    *_seeds(
        "full", "hexahedria", QUARTER, (*HEXAHEDRIA, *LIKEWISE, "--epochs", "20", "--average-decay", "0.99"), range(1)
    ),
    *_seeds(
        "full",
        "high-to-low",
        QUARTER,
        ("--preset", "jsb-quarter", "--order", "high-to-low", "--epochs", "20"),
        range(1),
    ),
    *_seeds(
        "full",
        "low-to-high",
        QUARTER,
        ("--preset", "jsb-quarter", "--order", "low-to-high", "--epochs", "20"),
        range(1),
    ),
    *_seeds(
        "screen",
        "screen-hexahedria",
        QUARTER,
        (*HEXAHEDRIA, *LIKEWISE, "--epochs", "8", "--average-decay", "0.985"),
        range(2),
    ),
    *(
        job
        for name, extra in IDEAS.items()
        for job in _seeds("screen", f"screen-{name}", QUARTER, (*SCREEN, *extra), range(2))
    ),
    *(
        job
        for name, extra in LEFT_OUT.items()
        for job in _seeds("inputs", f"inputs-{name}", "chorales", (*INPUTS, *extra), range(1))
    ),
]
GROUPS = ("screen", "full", "quarter", "16th", "inputs")


def work(job: Job, data: Path, threads: int) -> int:
    """Run a job, or go on with it; returns its exit status."""
    job.check()
    if job.is_finished:
        return 0
    if (job.folder / "config.json").is_file():
        arguments = [str(data / job.data), "--resume", str(job.folder)]
    else:
        arguments = [str(data / job.data), *job.arguments, "-o", str(job.folder)]
    print(f"{job.name}: {shlex.join(['biaxial-train', *arguments])}", file=sys.stderr, flush=True)
    code = "import sys; from biaxial.cli.train import main; sys.exit(main())"
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    return subprocess.run([sys.executable, "-c", code, *arguments, "--quiet"], env=environment, check=False).returncode


def row(job: Job) -> dict[str, Any]:
    """What a finished run has come to."""
    job.check()
    network, made = load_weights(job.folder / "model.safetensors")
    metrics = read_metrics(job.folder / "metrics.csv")
    seconds = [
        s for (_, s), (_, nats) in zip(metrics.get("seconds", []), metrics["valid_nats"], strict=False) if nats < GOAL
    ]
    return {
        "name": job.name,
        "nats": made["valid_nats_per_step"],
        "epochs": made["epochs"],
        "weights": sum(parameter.numel() for parameter in network.parameters()),
        "minutes": made["training_seconds"] / 60,
        "to_goal": f"{seconds[0] / 60:.1f}" if seconds else "",
        "machine": made["device"],
        "command": job.command,
    }


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", help="folder with the two .json files, for inputs with chorales")
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=GROUPS, help="groups of jobs (default: all)")
    parser.add_argument("--names", nargs="+", help="only the jobs whose names begin so")
    parser.add_argument("--parallel", type=int, default=1, help="jobs at a time (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of each (default: %(default)s)")
    parser.add_argument("--table", action="store_true", help="print the finished runs, and train nothing")
    parser.add_argument("--store", type=Path, metavar="FOLDER", help="write the benchmark weights there")
    options = parser.parse_args()
    jobs = [job for job in JOBS if job.group in options.only]
    jobs = [job for job in jobs if not options.names or job.name.startswith(tuple(options.names))]
    if not (options.table or options.store):
        if options.data is None:
            parser.error("give the folder with the data, or --table or --store")
        statuses = [0]
        with ThreadPoolExecutor(options.parallel) as pool:
            for later in (False, True):
                turn = [job for job in jobs if bool(job.after) == later]
                statuses += pool.map(lambda job: work(job, options.data, options.threads), turn)
        raise SystemExit(max(statuses))
    finished = [job for job in jobs if job.is_finished]
    if options.table:
        print("\n".join(f"{name}='{shlex.join(shared)}'" for name, shared in COMMON.items()) + "\n")
        print(
            f"| run | valid nats | best epoch | weights | minutes | minutes to {GOAL} | machine | command |\n"
            "|---|---|---|---|---|---|---|---|"
        )
        for found in map(row, finished):
            print(
                f"| {found['name']} | {found['nats']:.4f} | {found['epochs']} | {found['weights']:,} | "
                f"{found['minutes']:.1f} | {found['to_goal']} | {found['machine']} | `{found['command']}` |"
            )
    if options.store:
        options.store.mkdir(parents=True, exist_ok=True)
        for job in finished:
            if job.group == "quarter" or job.after:
                network, made = load_weights(job.folder / "model.safetensors")
                name = job.after or job.name
                save_weights(
                    options.store / f"{name}.safetensors", network, {**made, "command": job.command}, torch.float16
                )
                print(options.store / f"{name}.safetensors")


if __name__ == "__main__":
    main()
