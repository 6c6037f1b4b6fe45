"""Every option of every command that takes a value refuses a wrong one, in one line that names it, with status 2."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from biaxial.formats.midi.midi_writer import write_midi
from biaxial.music.score import Note, Score
from tests.cli.test_help import COMMANDS, actions_of

WRONG = "no/such thing"
"""No number, key, metre, pitch, list, choice, file or folder."""
PIECE = ["piece.mid"]
WORDS = {
    "harmonise": PIECE,
    "infill": [*PIECE, "--bars", "1"],
    "continue_": PIECE,
    "evaluate": ["music"],
    "explain": PIECE,
    "train": ["music"],
    "chorales": ["written"],
    "folksongs": ["written"],
}
"""What each command is asked for besides, which would be right without the wrong value."""
WITH = {"--verdicts": [], "--output": ["--against", "bach"], "--part": ["--against", "bach"]}
"""What has to stand beside an option of ``biaxial-evaluate`` before its value is looked at."""
FREE = {("train", "--output"), ("train", "--cache"), ("evaluate", "--cache")} | {
    (name, "--title") for name in ("compose", "harmonise", "infill", "continue_")
}
"""What may be anything: titles, and folders that the commands make where there are none."""
OPTIONS = [
    (name, action.option_strings[-1])
    for name in COMMANDS
    for action in actions_of(name, [])
    if action.option_strings and action.nargs != 0 and (name, action.option_strings[-1]) not in FREE
]


def test_the_commands_have_options() -> None:
    assert len(OPTIONS) > 150


@pytest.mark.parametrize(("name", "option"), OPTIONS, ids="".join)
def test_a_wrong_value_is_refused_in_one_line(
    name: str, option: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place, pitch in (("", 67), ("music/train", 60), ("music/valid", 62)):
        (folder / place).mkdir(parents=True, exist_ok=True)
        notes = tuple(Note(480 * i, 480, pitch + i * voice, voice) for i in range(4) for voice in range(4))
        write_midi(Score(notes), folder / place / "piece.mid")
    words = [*WORDS.get(name, []), *(WITH.get(option, []) if name == "evaluate" else [])]
    assert import_module(f"biaxial.cli.{name}").main([*words, option, WRONG, "-q"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert WRONG.split()[0] in error or option in error
