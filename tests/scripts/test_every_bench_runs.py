"""Every script of ``scripts/bench`` and ``scripts/tables`` runs to its end, as small as it goes."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from biaxial.corpora.bach_chorales import chorale_paths, read_chorale, read_manifest
from biaxial.corpora.corpus import Corpus
from biaxial.corpora.splits import FolderItem
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.formats.musicxml import write_musicxml
from biaxial.formats.read import read_score
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.grid import Grid
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.network import Network, SequenceLSTM
from biaxial.weights import save_weights

ROOT = Path(__file__).parents[2]
CHORALES = {
    "train": ("bwv286", "bwv255", "bwv265", "bwv281"),
    "valid": ("bwv274", "bwv365"),
    "test": ("bwv165.6", "bwv335"),
}
"""Of the shortest of each split."""

RUNS = (
    "bench/all.py chorales --smallest",
    "bench/cluster.py --part seam --part memory --pieces 1 --shards 1 --bars 1 --rounds 1 --orders 100",
    "bench/growth.py chorales --smallest --picture growth.svg",
    "bench/harmonising.py --checkpoint voices.safetensors --bars 2 --repeats 1",
    "bench/novelty.py chorales --chance --planted 1 --size --growth 1",
    "bench/reader.py chorales --files 20 --copies 1",
    "bench/sampler.py --agreement 2 --held-out chorales",
    "bench/singing.py --tunes 1",
    "bench/studio.py --repeats 1 --quick",
    "bench/training.py chorales --preset tiny --batches 4 --batch-size 1 --crop-steps 64",
    "tables/best_of_table.py --checkpoint voices.safetensors --bars 4 --pieces 2 --drawn 2",
    "tables/call_table.py --bars 1",
    "tables/composer_table.py works.npz --checkpoint works.safetensors --bars 4",
    "tables/composition_table.py --bach chorales --checkpoint voices.safetensors -n 2 --bars 4",
    "tables/ear.py chorales --checkpoint voices.safetensors --pieces 2 --bars 4 --sopranos 1 --seeds 1",
    "tables/harmonise_table.py chorales --checkpoint voices.safetensors --pieces 1 --seeds 1",
    "tables/judge_table.py chorales chorales/valid chorales/test --checkpoint voices.safetensors",
    "tables/level_table.py loud --checkpoint loud.safetensors",
    "tables/likelihood_table.py chorales --checkpoint voices.safetensors",
    "tables/loops_table.py melody.safetensors chords.safetensors --corpus tunes chorales --seeds 2 --events 8",
    "tables/models_table.py chorales voices.safetensors melody.safetensors chords.safetensors",
    "tables/phrase_table.py chorales",
    "tables/piano_table.py chorales --checkpoint piano.safetensors -n 2 --bars 2",
    "tables/round_trips.py chorales",
    "tables/seating_table.py quartets",
    "tables/spelling_table.py --pieces 2",
    "tables/style_table.py high=chorales low=loud --checkpoint styles.safetensors -n 2 --bars 4",
    "tables/tune_ends.py --tunes melody.safetensors --checkpoint voices.safetensors --seeds 2 --pieces 1",
    "tables/tune_nats.py tunes --checkpoint melody.safetensors",
    "tables/voice_recovery.py chorales",
)
"""Scripts and their words, in a folder that :func:`folder` makes."""

LEFT_OUT = {
    "bench/cluster.py --part bytes": "starts Ray twice, once as a cluster of two nodes",
    "bench/cluster.py --part speed": "starts Ray six times",
    "bench/sampler.py --start": "compiles all kernels twice, in folders of its own",
    "bench/sampler.py --gpu": "needs a device; test_bench_sampler.py runs it on the CPU, and --speed and --lengths",
}
"""What is not run here, and why."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few short chorales, also with velocities, their sopranos, and untrained weights of every kind."""
    made = tmp_path_factory.mktemp("smoke")
    rows, sources = {row.name: row for row in read_manifest()}, {path.name: path for path in chorale_paths()}
    for split, names in CHORALES.items():
        for kind in ("chorales", "tunes", "loud"):
            (made / kind / split).mkdir(parents=True)
        for name in names:
            score = read_chorale(sources[rows[name].file])
            write_midi(score, made / "chorales" / split / f"{name}.mid")
            swelling = (replace(note, velocity=20 + note.onset_ticks // 480 * 7 % 100) for note in score.notes)
            write_midi(replace(score, notes=tuple(swelling)), made / "loud" / split / f"{name}.mid")
            write_midi(replace(score, notes=score.voice_notes(0)), made / "tunes" / split / f"{name}.mid")
            (made / "quartets" / split).mkdir(parents=True, exist_ok=True)
            write_musicxml(score, made / "quartets" / split / f"{name}.musicxml", staves=4)
    works = [
        FolderItem(f"{('one', 'other')[number % 2]}/{number}/1", "test" if number < 4 else "train", read_score(path))
        for number, path in enumerate(sorted((made / "tunes").rglob("*.mid")))
    ]
    Corpus.from_items(works, Grid(4)).save(made / "works.npz")
    torch.manual_seed(0)
    tiny = PRESETS["tiny"]
    networks: dict[str, Network] = {
        "voices": BiaxialLSTM(tiny),
        "loud": BiaxialLSTM(replace(tiny, dynamics=True)),
        "piano": BiaxialLSTM(replace(tiny, num_voices=0)),
        "styles": BiaxialLSTM(replace(tiny, styles=("high", "low"))),
        "works": BiaxialLSTM(replace(tiny, num_voices=0, styles=("one", "other"))),
        "melody": SequenceLSTM(SequenceConfig(kind="melody", embedding=6, hidden=(6,))),
        "chords": SequenceLSTM(
            SequenceConfig(kind="chord", embedding=6, hidden=(6,), chords=((60, 64),), lengths=(2, 4))
        ),
    }
    for kind, network in networks.items():
        save_weights(made / f"{kind}.safetensors", network, {})
    return made


@pytest.fixture(autouse=True)
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where scripts run, in this process and in those that they start; how many threads there are is put back."""
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", ""))))
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    "line",
    [*RUNS, *(pytest.param(line, marks=pytest.mark.skip(reason=f"{line}: {why}")) for line, why in LEFT_OUT.items())],
    ids=lambda line: line.split()[0],
)
@pytest.mark.slow
def test_a_script_runs_to_its_end(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script, *words = line.split()
    monkeypatch.setattr(sys, "argv", [str(ROOT / "scripts" / script), *words])
    module = importlib.import_module(f"scripts.{script.removesuffix('.py').replace('/', '.')}")
    assert not module.main()
    assert capsys.readouterr().out.strip()


def test_every_script_is_named_here() -> None:
    files = [path for room in ("bench", "tables") for path in (ROOT / "scripts" / room).glob("*.py")]
    scripts = {f"{path.parent.name}/{path.name}" for path in files if "__main__" in path.read_text(encoding="utf-8")}
    assert {line.split()[0] for line in RUNS} == scripts
    assert {line.split()[0] for line in LEFT_OUT} <= scripts
