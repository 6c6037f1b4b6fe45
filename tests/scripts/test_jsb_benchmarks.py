"""The list of jobs of ``scripts/make/jsb_benchmarks.py``."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import pytest

from biaxial.models.config import PRESETS
from biaxial.training.config import TRAIN_PRESETS

SCRIPT = Path(__file__).parents[2] / "scripts" / "make" / "jsb_benchmarks.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("jsb_benchmarks", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["jsb_benchmarks"] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


def test_jobs_have_names_of_their_own_and_arguments_that_can_be_read(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = [job.name for job in script.JOBS]
    assert len(set(names)) == len(names)
    assert {job.group for job in script.JOBS} == set(script.GROUPS)
    for job in script.JOBS:
        job.check()
        assert not job.is_finished


def test_a_run_is_finished_after_its_epochs_and_only_if_it_is_the_jobs_own(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    job = next(job for job in script.JOBS if job.name == "jsb-quarter-seed0")
    job.folder.mkdir(parents=True)
    document = {"config": asdict(PRESETS["jsb-quarter"]), "train": asdict(TRAIN_PRESETS["jsb-quarter"])}
    (job.folder / "config.json").write_text(json.dumps(document))
    (job.folder / "learning-curve.png").touch()
    rows = [f"{epoch},{10 * epoch},{5 - epoch / 100}" for epoch in range(1, TRAIN_PRESETS["jsb-quarter"].epochs + 1)]
    for done, finished in ((rows[:-1], False), (rows, True)):
        (job.folder / "metrics.csv").write_text("\n".join(["epoch,updates,valid_nats", *done]))
        assert job.is_finished == finished
    job.check()
    document["config"]["dropout"] = 0.0
    (job.folder / "config.json").write_text(json.dumps(document))
    with pytest.raises(SystemExit, match="a run with other settings"):
        job.check()
