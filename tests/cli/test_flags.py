"""Every flag of every command, an option without a value, changes what the command writes or says."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from biaxial.cli import chorales
from biaxial.corpora.bach_chorales import read_manifest
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.music.score import Key, Note, Score
from tests.cli.test_help import COMMANDS, WORDS, actions_of

Q = 480
LINES = ((67, 69, 71, 72), (62, 64, 65, 67), (55, 59, 60, 60), (48, 50, 52, 53))
MADE = ["--seed", "1", "--particles", "1", "--checkpoint", "tiny.safetensors"]
LITTLE = ["--epochs", "1", "--warmup-steps", "1", "--sample-every", "0", "--accelerator", "cpu"]
BASE = {
    "compose": ["--bars", "1", *MADE],
    "harmonise": ["tune.mid", "--key", "C major", *MADE],
    "infill": ["piece.mid", "--bars", "1", *MADE],
    "continue_": ["piece.mid", "--bars", "1", *MADE],
    "evaluate": ["music", "--checkpoint", "tiny.safetensors"],
    "explain": ["tune.mid", "--checkpoint", "tiny.safetensors"],
    "train": ["music", "--preset", "tiny", *LITTLE],
    "chorales": ["out", "--jobs", "1"],
    "folksongs": ["out", "--parts", "kinder"],
}
"""A small thing that each command can do."""
INSTEAD = {
    ("harmonise", "--transpose-back"): [*BASE["harmonise"], "--transpose", "2"],
    ("compose", "--nearest-chords"): [
        "--checkpoint",
        "chords-v1",
        "--primer",
        "strange.mid",
        "--events",
        "2",
        "--seed",
        "1",
    ],
    ("compose", "--loops"): ["--checkpoint", "hymn-tunes-v1", "--events", "200", "--top-p", "0.01", "--seed", "1"],
    ("compose", "--cadence"): ["--bars", "1", "--key", "F# major", *MADE],
    **{("compose", flag): ["--bars", "4", "--seed", "1"] for flag in ("--draft", "--lookahead")},
    **{("harmonise", flag): ["tune.mid", "--seed", "19"] for flag in ("--draft", "--lookahead")},
    **{("infill", flag): ["piece.mid", "--bars", "1", "--seed", "5"] for flag in ("--draft", "--lookahead")},
    **{("continue_", flag): ["piece.mid", "--bars", "4", "--seed", "1"] for flag in ("--draft", "--lookahead")},
    ("compose", "--write-plan"): [*BASE["compose"], "-o", "out.musicxml"],
    ("harmonise", "--write-plan"): [*BASE["harmonise"], "--phrases", "1", "-o", "out.musicxml"],
    ("train", "--home-key"): ["music", "--model", "chord", "--hidden", "4", "--embedding", "4", *LITTLE],
    ("train", "--metre"): ["music", "--model", "chord", "--hidden", "4", "--embedding", "4", *LITTLE],
    ("train", "--phrases"): ["music", "--model", "melody", "--hidden", "4", "--embedding", "4", *LITTLE],
    ("train", "--last-pitch"): ["music", "--model", "melody", "--hidden", "4", "--embedding", "4", *LITTLE],
}
"""What shows a flag that does nothing there."""
SOUND = ["-o", "out.wav"]
Observe = Callable[..., tuple[str, str, dict[str, bytes]]]


def flags() -> list[tuple[str, str, str]]:
    """Command, a flag, and what is given in its place: its opposite, or nothing."""
    found = dict[tuple[str, str], str]()
    for name in COMMANDS:
        for action in (action for words in WORDS[name] for action in actions_of(name, words)):
            if action.option_strings and action.nargs == 0:
                flag, opposite = next(word for word in action.option_strings if word.startswith("--")), ""
                if any(word.startswith("--no-") for word in action.option_strings):
                    opposite = "--no-" + flag.removeprefix("--")
                found[name, flag] = opposite
    return [(name, flag, opposite) for (name, flag), opposite in found.items()]


FLAGS = flags()
SLOW = {"folksongs": pytest.mark.slow}
QUIET = [pytest.param(name, marks=SLOW.get(name, ())) for name, flag, _ in FLAGS if flag == "--quiet"]
JSON = [pytest.param(name, marks=SLOW.get(name, ())) for name, flag, _ in FLAGS if flag == "--json"]
UNPLANNED = [("infill", "--write-plan"), ("continue_", "--write-plan")]
"""How files look is the same for all commands, and these two plan no phrases."""
UNMARKED = [("train", "--dynamics")]
"""The little music here says nothing of loudness; tests/training has some that does."""
OTHERS = [each for each in FLAGS if each[1] not in ("--quiet", "--json") and each[:2] not in (*UNPLANNED, *UNMARKED)]


@pytest.fixture
def observe(
    folder: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Observe:
    """Runs a command in an empty folder beside its inputs; returns stdout, stderr and what it wrote."""
    parts = [tuple(Note(i * Q, Q, line[i], voice) for i in range(4)) for voice, line in enumerate(LINES)]
    piece = Score(tuple(note for part in parts for note in part), key=Key(0))
    monkeypatch.setattr(chorales, "read_manifest", lambda: [row for row in read_manifest() if row.name == "bwv324"])

    def run(name: str, *words: str) -> tuple[str, str, dict[str, bytes]]:
        place = folder / str(len(os.listdir(folder)))
        (place / "music" / "train").mkdir(parents=True)
        (place / "music" / "valid").mkdir()
        (place / "tiny.safetensors").symlink_to(weights)
        write_midi(piece, place / "piece.mid")
        write_midi(Score(tuple(Note(i * Q, Q, LINES[0][i]) for i in range(4))), place / "tune.mid")
        write_midi(Score(tuple(Note(0, Q, pitch) for pitch in (30, 31, 61, 62, 63, 64, 96))), place / "strange.mid")
        for shift, side in enumerate(("train", "train", "valid")):
            write_midi(replace(piece, fermatas=(3 * Q,)).transposed(shift), place / "music" / side / f"{shift}.mid")
        before = set(place.rglob("*"))
        monkeypatch.chdir(place)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)  # there a bar of progress is seen at once
        import_module(f"biaxial.cli.{name}").main(list(words))
        out, err = capsys.readouterr()
        new = {path for path in place.rglob("*") if path.is_file()} - before
        return out, err, {str(path.relative_to(place)): path.read_bytes() for path in sorted(new)}

    return run


@pytest.mark.parametrize("name", QUIET)
def test_quiet_says_nothing_beside_the_result(name: str, observe: Observe) -> None:
    assert observe(name, *BASE[name])[1] != ""
    out, err, _ = observe(name, *BASE[name], "--quiet")
    assert (out != "", err) == (True, "")


@pytest.mark.parametrize("name", JSON)
def test_json_is_one_object_in_place_of_text(name: str, observe: Observe) -> None:
    with pytest.raises(ValueError, match=r"Expecting value|Extra data"):
        json.loads(observe(name, *BASE[name], "-q")[0])
    assert isinstance(json.loads(observe(name, *BASE[name], "-q", "--json")[0]), dict)


@pytest.mark.parametrize(("name", "flag", "opposite"), OTHERS)
def test_a_flag_changes_the_result(name: str, flag: str, opposite: str, observe: Observe) -> None:
    words = [*INSTEAD.get((name, flag), BASE[name]), "-q", *(SOUND if flag == "--strict-tempo" else [])]
    if name == "train":  # not its files, which name their settings
        words.append("--json")
    ends = []
    for given in (flag, opposite):
        out, err, files = observe(name, *words, *filter(None, [given]))
        ends.append((out, err) if name == "train" else (err, files))
    assert ends[0] != ends[1]
    assert ends[0][0 if name == "train" else 1], "the flag itself is not refused"


def test_every_command_has_flags() -> None:
    assert {name for name, _, _ in FLAGS} == set(COMMANDS)
    assert len(OTHERS) > 20
