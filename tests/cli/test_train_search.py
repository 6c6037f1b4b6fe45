"""``biaxial-train --search``: killed and gone on with, its preset file in a run, wrong inputs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from biaxial.cli.train import main
from biaxial.corpora.corpus import Corpus
from biaxial.corpora.splits import FolderItem, Split
from biaxial.music.grid import Grid
from biaxial.music.score import Key, Note, Score

CPU = ["--accelerator", "cpu", "--precision", "32-true"]
SMALL = ["--preset", "tiny", "--context-hidden", "0", "--crop-steps", "16", "--batch-size", "2", "--warmup-steps", "2"]
SEARCH = [*SMALL, "--average-decay", "0.5", "--learning-rate", "0.02", "--epochs", "5", "--search", "4", "--seed", "3"]
PROGRAM = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is started with it ignored
from biaxial.cli.train import main
from biaxial.training import run_folder
write, place, number = run_folder.atomic_write, os.path.abspath(sys.argv[1]), int(sys.argv[2])
def write_and_end(path, content):
    write(path, content)
    if os.path.abspath(path) == place:
        os.kill(os.getpid(), number)
run_folder.atomic_write = write_and_end
raise SystemExit(main(sys.argv[3:]))
"""
"""The command; it signals itself when it has written a file. Watched from outside it may be further by then."""


@pytest.fixture
def corpus(folder: Path) -> Path:
    """A working directory with a prepared corpus of six small pieces."""
    splits: tuple[Split, ...] = ("train", "train", "train", "train", "train", "valid")
    items = []
    for index, split in enumerate(splits):
        notes = [Note(480 * q, 480, p + (q + index) % 5, v) for q in range(8) for v, p in enumerate((67, 62, 55, 48))]
        items.append(FolderItem(f"piece-{index}", split, Score(tuple(notes), key=Key(0))))
    Corpus.from_items(items, Grid(4)).save(folder / "small.npz")
    return Path("small.npz")


def end_when(path: Path, number: signal.Signals, *words: str) -> int:
    """Run the command in a process of its own that gets a signal when it has written a file, and return its status."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    program = [sys.executable, "-c", PROGRAM, str(path), str(int(number)), *words]
    return subprocess.run(program, env=environment, stdout=subprocess.DEVNULL, check=False).returncode


def report(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """The trials that were printed, without times."""
    trials = json.loads(capsys.readouterr().out)["trials"]
    return [{name: value for name, value in trial.items() if name != "seconds"} for trial in trials]


@pytest.mark.slow
def test_a_search_that_is_killed_ends_as_the_unbroken_one_and_its_best_settings_train(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(corpus), *SEARCH, *CPU, "--quiet", "--json", "-o", "whole"]) == 0
    whole = report(capsys)
    assert [(trial["part"], trial["epochs"]) for trial in whole] == [("coarse", 2)] * 3 + [("fine", 5)]
    broken = Path("broken")
    begin = (str(corpus), *SEARCH, *CPU, "--quiet", "-o", "broken")
    assert end_when(broken / "trials/001/last.ckpt", signal.SIGKILL, *begin) == -signal.SIGKILL
    assert json.loads((broken / "best.json").read_text())["search"]["trials"] == 1
    assert end_when(broken / "trials/003/last.ckpt", signal.SIGINT, "--resume", "broken", "--quiet") == 130
    assert json.loads((broken / "best.json").read_text())["search"]["trials"] == 3
    assert main(["--resume", "broken", "--quiet", "--json"]) == 0
    assert report(capsys) == whole
    presets = [json.loads(Path(name, "best.json").read_text()) for name in ("whole", "broken")]
    for preset in presets:
        del preset["search"]["seconds"]
    assert presets[0] == presets[1]

    assert main([str(corpus), "--config", "broken/best.json", "--epochs", "1", *CPU, "--quiet"]) == 0
    run = json.loads(Path("runs/best/config.json").read_text())
    assert run["config"] == presets[0]["config"]
    assert run["train"] == {**presets[0]["train"], "epochs": 1}
    capsys.readouterr()
    assert main(["--resume", "broken"]) == 0  # nothing is left to do
    captured = capsys.readouterr()
    assert captured.out.splitlines()[1].split()[:2] == ["003", "fine"]
    assert captured.out.splitlines()[-1].endswith("small.npz --config broken/best.json")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("small.npz --search 1", "--search: 1 is outside the range; give 2 to 100000"),
        ("small.npz --search-epochs 2", "--search-epochs is the length of a trial; give it with --search N"),
        ("small.npz --search 4 --init w", "a search tries other networks, from new weights; leave out --init"),
        ("small.npz --search 4 --start-from w", "leave out --start-from"),
        ("small.npz --search 4 --mix m", "leave out --mix"),
        ("small.npz --config c --preset tiny", "--preset and --config both say what to start with; leave one out"),
        ("small.npz --config c", "c: no such file; give a best.json of a search, or the config.json of a run"),
        ("small.npz --search 4 --preset tiny --search-epochs 30", "trials of 30 epochs for a run of 22"),
        ("small.npz --search 4 --preset tiny --devices 2", "leave out --devices and --num-nodes"),
        ("small.npz --search 4 --preset tiny --num-voices 2", "the preset has 2 voices, the corpus 4 voices"),
        ("--resume begun --epochs 3", "--resume goes on with the settings of its run; leave out --epochs"),
        ("--resume begun --search-epochs 3", "leave out --search-epochs"),
        ("--resume begun --search 3", "begun: a search of 4 trials; --search 3 is fewer"),
        ("--resume broken", "broken: not the folder of a run (config.json: 'config')"),
        ("--resume nowhere --search 3", "nowhere: not the folder of a run"),
        ("small.npz --search 4 -o begun", "begun: a run is there already; go on with --resume begun"),
        ("small.npz --preset tiny -o begun", "begun: a run is there already; go on with --resume begun"),
    ],
)
def test_wrong_inputs_end_in_one_line(words: str, line: str, corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from biaxial.models.config import PRESETS
    from biaxial.training.config import TrainConfig
    from biaxial.training.devices import Machine
    from biaxial.training.run_plan import Plan
    from biaxial.training.settings_search import SearchConfig, begin_search

    plan = Plan(PRESETS["tiny"], TrainConfig(), str(corpus), Machine("cpu"))
    begin_search(Corpus.load(corpus), plan, Path("begun"), SearchConfig.of(4, 4))
    Path("broken").mkdir()
    Path("broken/config.json").write_text("{}")
    assert main([*words.split(), "--quiet"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    assert line in captured.err
    assert not Path("runs").exists()


def test_without_optuna_the_command_that_installs_it_is_named(
    corpus: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert main([str(corpus), "--preset", "tiny", "--search", "4"]) == 2
    needs = "biaxial-train: --search needs Optuna, which is not installed; pip install 'optuna>=5,<6'\n"
    assert capsys.readouterr().err == needs


@pytest.mark.slow
def test_a_token_network_is_searched_by_its_own_sizes(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["--model", "melody", "--hidden", "8", "--embedding", "4", "--epochs", "1", *CPU, "-q"]
    assert main([str(corpus), *small, "--search", "2", "-o", "found", "--json"]) == 0
    trials = json.loads(capsys.readouterr().out)["trials"]
    assert [trial["settings"].keys() for trial in trials] == [{"learning_rate", "embedding", "hidden", "dropout"}] * 2
    assert main([str(corpus), "--config", "found/best.json", "--epochs", "1", *CPU, "-q", "-o", "again"]) == 0
    assert json.loads(Path("again/config.json").read_text())["config"]["kind"] == "melody"
