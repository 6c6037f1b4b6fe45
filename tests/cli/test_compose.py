"""``biaxial-compose``: what it writes, prints and imports."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from biaxial.cli.compose import main
from biaxial.formats.json_score import read_json_plan
from biaxial.formats.midi.midi_writer import read_midi, write_midi
from biaxial.formats.read import read_parts, read_score
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.score import Key, Note, Score
from biaxial.weights import load_network, save_weights


def compose(weights: Path, *words: str) -> None:
    assert main(["--checkpoint", str(weights), "--quiet", *words]) == 0


def test_one_piece(folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outline = ["--bars", "2", "--key", "d", "--time-signature", "3/4", "--tempo", "90", "--phrases", "1+1"]
    compose(weights, "--seed", "5", *outline)
    captured = capsys.readouterr()
    assert captured.out.startswith("composed.mid: seed 5, D minor, ")
    seed, plan = captured.out.splitlines()
    assert seed.endswith(" nats per step")
    assert plan.startswith("  plan: 2 phrases A ")
    assert captured.err == ""
    score = read_midi(folder / "composed.mid")
    assert score.key == Key.from_name("D minor")
    assert score.time_signatures[0].name == "3/4"
    assert round(score.tempo_bpm) == 90
    assert score.fermatas is not None
    assert len(score.fermatas) == 2
    assert score.length_ticks == 2 * 3 * score.ticks_per_quarter


def test_a_seed_gives_the_same_bytes_alone_and_among_others(folder: Path, weights: Path) -> None:
    compose(weights, "--bars", "1", "--seed", "7", "-n", "3", "-o", "new/many")
    compose(weights, "--bars", "1", "--seed", "8", "-o", "one.midi")
    assert sorted(path.name for path in (folder / "new/many").iterdir()) == ["0001.mid", "0002.mid", "0003.mid"]
    assert (folder / "new/many/0002.mid").read_bytes() == (folder / "one.midi").read_bytes()
    assert (folder / "new/many/0001.mid").read_bytes() != (folder / "one.midi").read_bytes()


def test_the_key_that_was_drawn_is_told(folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_weights(folder / "keyed.safetensors", load_network(weights)[0], {"keys": {"Eb major": 1, "F# minor": 1}})
    told = set()
    for seed in ("1", "2"):
        compose(folder / "keyed.safetensors", "--bars", "1", "--seed", seed, "-o", "a.mid", "--no-cadence")
        key = read_midi(folder / "a.mid").key
        assert key is not None
        assert capsys.readouterr().out.startswith(f"a.mid: seed {seed}, {key.name}, ")
        told.add(key.name)
    assert told == {"Eb major", "F# minor"}
    compose(folder / "keyed.safetensors", "--bars", "1", "--seed", "2", "-o", "a.mid", "--no-cadence", "--json")
    assert json.loads(capsys.readouterr().out)["pieces"][0]["key"] == "F# minor"


def test_a_title_stands_in_every_kind_of_file(folder: Path, weights: Path) -> None:
    words = ["-o", "a.mid", "-o", "a.musicxml", "-o", "a.json", "-o", "a.svg"]
    compose(weights, "--bars", "1", "--seed", "1", "--title", "Ode &  Élan", *words)
    assert [read_score(folder / f"a.{kind}").title for kind in ("mid", "musicxml", "json")] == ["Ode & Élan"] * 3
    assert "Ode &amp; Élan" in (folder / "a.svg").read_text()
    compose(weights, "--bars", "1", "--seed", "1", "--title", "", "-o", "a.json")
    assert read_score(folder / "a.json").title == ""
    compose(weights, "--bars", "1", "-n", "2", "--title", "Ode", "-o", "odes")
    assert [read_score(path).title for path in sorted((folder / "odes").iterdir())] == ["Ode 1", "Ode 2"]


def test_only_a_file_that_was_named_is_written_over(
    folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in ("1", "2", "3"):
        compose(weights, "--bars", "1", "--seed", seed)
        compose(weights, "--bars", "1", "--seed", seed, "-n", "2", "-o", ".json")
        compose(weights, "--bars", "1", "--seed", seed, "-o", "mine.mid")
        compose(weights, "--bars", "1", "--seed", seed, "-n", "2", "-o", "ours")
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("  plan: ")]
    firsts = [line.split(":")[0] for line in lines if "0002" not in line]
    names = ["composed", "composed-2", "composed-3"]
    assert firsts[::4] == [f"{name}.mid" for name in names]
    assert firsts[1::4] == [f"{name}/0001.json" for name in names]
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*names, *(f"{name}.mid" for name in names), "mine.mid", "ours"]
    )
    assert (folder / "composed-3.mid").read_bytes() == (folder / "mine.mid").read_bytes()
    assert len({(folder / f"{name}.mid").read_bytes() for name in names}) == 3


def test_one_command_writes_files_of_several_kinds(
    folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["-o", "a.mid", "-o", "a.musicxml", "-o", "a.svg", "-o", "a.flac", "--staves", "4", "--strict-tempo"]
    compose(weights, "--bars", "2", "--seed", "3", *words)
    assert capsys.readouterr().out.startswith("a.mid, a.musicxml, a.svg, a.flac: seed 3, ")
    assert sorted(path.name for path in folder.iterdir()) == ["a.flac", "a.mid", "a.musicxml", "a.svg"]
    assert (folder / "a.musicxml").read_text().count("<score-part ") == 4
    compose(weights, "--bars", "1", "-n", "2", "-o", "two", "-o", ".json", "-o", ".roll.png", "--json")
    report = json.loads(capsys.readouterr().out)
    names = [[f"two/{n}.json", f"two/{n}.roll.png"] for n in ("0001", "0002")]
    assert [piece["files"] for piece in report["pieces"]] == names
    assert all((folder / name).is_file() for pair in names for name in pair)


def test_a_ranking_is_printed_where_there_was_a_choice(
    folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compose(weights, "--bars", "1", "--seed", "1", "--best-of", "3", "--no-cadence")
    head, plan, *ranking = capsys.readouterr().out.splitlines()
    assert plan.startswith("  plan: ")
    assert head.startswith("composed.mid: seed 1, ")
    assert [line.split(".")[0].strip() for line in ranking] == ["1", "2", "3"]
    assert sorted(line.split("candidate ")[1][0] for line in ranking) == ["1", "2", "3"]
    assert all("voice leading" in line and line.endswith(" nats per step") for line in ranking)


@pytest.mark.usefixtures("folder")
def test_a_new_seed_each_time_and_json_says_which(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reports = []
    for _ in range(2):
        compose(weights, "--bars", "1", "--json")
        reports.append(json.loads(capsys.readouterr().out))
    assert reports[0]["pieces"][0]["seed"] != reports[1]["pieces"][0]["seed"]
    assert reports[1]["pieces"][0]["path"] == "composed-2.mid"
    assert reports[0]["seconds"] > reports[0]["compute_seconds"] > 0
    piece = reports[0]["pieces"][0]
    figures = {"num_steps", "nats", "nats_per_step"}
    assert set(piece) == {"path", "files", "seed", "key", "model", "remarks", "ranking", "plan", "style"} | figures
    assert (piece["path"], piece["model"], piece["num_steps"]) == ("composed.mid", "tiny", 16)
    assert piece["nats_per_step"] == pytest.approx(-piece["nats"] / 16)


def test_a_primer_begins_the_piece(folder: Path, weights: Path) -> None:
    chord = tuple(Note(0, 960, pitch, voice=voice) for voice, pitch in enumerate((72, 67, 64, 48)))
    write_midi(Score(chord), folder / "primer.mid")
    compose(weights, "--bars", "1", "--seed", "1", "--primer", "primer.mid", "-o", "out.mid")
    begun = [note for note in read_midi(folder / "out.mid").notes if note.onset_ticks < 960]
    assert sorted((note.voice, note.pitch) for note in begun) == [(0, 72), (1, 67), (2, 64), (3, 48)]


def test_options_change_the_music(folder: Path, weights: Path) -> None:
    likely = "-t 1.5 --min-p 0.2"
    variants = {"plain": "-t 1.5", "cold": "-t 0.5", "likely": likely, "trio": "--min-voices 3 --max-voices 3"}
    for name, words in variants.items():
        compose(weights, "--bars", "1", "--seed", "3", "-o", f"{name}.mid", *words.split())
    written = {name: read_midi(folder / f"{name}.mid") for name in variants}
    assert len({score.notes for score in written.values()}) == len(variants)
    notes, step = written["trio"].notes, written["trio"].ticks_per_quarter // 4
    sounding = [sum(note.onset_ticks <= t < note.end_ticks for note in notes) for t in range(0, 16 * step, step)]
    assert sounding == [3] * 16


def test_phrases_are_planned_as_the_words_say(folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--bars", "4", "--pickup", "1", "--form", "AA'", "--plan", "I:half I:plag", "--phrases", "2+2"]
    compose(weights, "--key", "C", "--seed", "1", "-o", "out.json", *words)
    assert capsys.readouterr().out.splitlines()[1] == "  plan: 2 phrases A A', pickup 1; I:half I:plag"
    plan = read_json_plan(folder / "out.json")
    assert plan is not None
    assert plan.pickup_ticks == 480
    compose(weights, "--key", "C", "--seed", "1", "--bars", "4", "--plan", plan.text, "--json")
    (piece,) = json.loads(capsys.readouterr().out)["pieces"]
    assert piece["plan"] == plan.to_dict()
    compose(weights, "--bars", "4", "--plan", "none")
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.usefixtures("folder")
def test_progress_is_shown_on_a_terminal(
    weights: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["--checkpoint", str(weights), "--bars", "1", "-n", "2"]) == 0
    assert "32/32" in capsys.readouterr().err


def test_composing_imports_neither_lightning_nor_music21(folder: Path, weights: Path) -> None:
    program = (
        "import sys; from biaxial.cli.compose import main; status = main(sys.argv[1:]);"
        "print(*{'lightning', 'music21', 'matplotlib', 'tensorboard'} & set(sys.modules)); sys.exit(status)"
    )
    words = ["--bars", "1", "--checkpoint", str(weights), "--json"]
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, cwd=folder, check=True
    )
    assert done.stdout.splitlines()[1] == ""
    assert done.stderr == ""


def test_played_as_people_play_by_request_only(folder: Path, weights: Path) -> None:
    for name, words in (("a", []), ("b", ["--humanise", "0"]), ("c", ["--humanise", "0.7", "--humanise-seed", "3"])):
        compose(weights, "--bars", "2", "--seed", "5", "-o", f"{name}.mid", "-o", f"{name}.musicxml", *words)
    midi = [(folder / f"{name}.mid").read_bytes() for name in "abc"]
    assert midi[0] == midi[1] != midi[2]
    assert len({(folder / f"{name}.musicxml").read_bytes() for name in "abc"}) == 1
    assert main(["--checkpoint", str(weights), "--humanise", "2"]) == 2


def test_voices_have_instruments_and_missing_sounds_are_told_in_a_line(
    folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--bars", "1", "--seed", "5", "--instruments", "quartet", "-o", "a.musicxml"]
    compose(weights, *words)
    assert "<part-name>Viola</part-name>" in (folder / "a.musicxml").read_text()
    assert capsys.readouterr().err == ""
    assert main(["--checkpoint", str(weights), *words, "-o", "a.flac"]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "soundfont" in line]
    assert told == [
        "note: the soundfont has no sound of its own for some instruments; it plays violin as strings, "
        "viola as strings, cello as strings"
    ]
    assert main(["--checkpoint", str(weights), "--instruments", "kazoo"]) == 2
    assert "--instruments: no instrument 'kazoo'; there are violin" in capsys.readouterr().err


def test_what_has_no_voices_is_given_to_the_instruments_and_what_they_cannot_play_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    save_weights(folder / "notes.safetensors", BiaxialLSTM(replace(PRESETS["tiny"], num_voices=0)), {})
    words = ["--bars", "1", "--seed", "5", "--draft"]
    compose(folder / "notes.safetensors", *words, "--instruments", "quartet", "-o", "a.musicxml", "-o", "a.mid")
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("note: V")]
    assert told  # an untrained network writes clusters that no quartet can play
    assert all(line.endswith("more than it can hold at once") for line in told)
    printed, played = read_parts(folder / "a.musicxml"), read_parts(folder / "a.mid")
    assert printed.names == played.names == ("Violin 1", "Violin 2", "Viola", "Violoncello")
    compose(folder / "notes.safetensors", *words, "-o", "b.json")
    given = sorted((note.onset_ticks, note.pitch) for note in read_score(folder / "b.json").notes)
    for parts in (printed, played):
        assert sorted((n.onset_ticks, n.pitch) for part in parts.parts for n in part.notes) == given
