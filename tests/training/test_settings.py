"""Settings in a file: what is written is read, and what is no settings is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from biaxial.models.config import PRESETS, ModelConfig
from biaxial.music.errors import InputError
from biaxial.training.config import TRAIN_PRESETS, TrainConfig
from biaxial.training.settings import read_preset, write_preset


@pytest.mark.parametrize("name", PRESETS)
def test_settings_come_back(name: str, tmp_path: Path) -> None:
    write_preset(tmp_path / "own.json", PRESETS[name], TRAIN_PRESETS[name], {"search": {"best_trial": 3}})
    assert read_preset(tmp_path / "own.json") == (PRESETS[name], TRAIN_PRESETS[name])


def test_fields_that_are_missing_have_their_defaults(tmp_path: Path) -> None:
    (tmp_path / "short.json").write_text('{"config": {"time_hidden": [8]}, "train": {"learning_rate": 1}}')
    config, train = read_preset(tmp_path / "short.json")
    assert isinstance(config, ModelConfig)
    assert (config.time_hidden, train) == ((8,), TrainConfig(learning_rate=1))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "there is no object with config and train in it"),
        ('{"config": {}}', "there is no object with config and train in it"),
        ('{"config": {}, "train": 3}', "train is not an object"),
        ("{", "Expecting property name"),
        ('{"config": {"colour": 1}, "train": {}}', "unknown field 'colour'"),
        ('{"config": {"dropout": 2.0}, "train": {}}', "dropout is a share from 0"),
        ('{"config": {}, "train": {"speed": 1}}', "unknown field 'speed'"),
        ('{"config": {}, "train": {"epochs": 2.5}}', "epochs is a whole number, not 2.5"),
        ('{"config": {}, "train": {"learning_rate": "fast"}}', "learning_rate is a number, not 'fast'"),
        ('{"config": {}, "train": {"epochs": true}}', "epochs is a whole number, not True"),
        (json.dumps({"config": {}, "train": {"epochs": 0}}), "epochs must be at least 1, not 0"),
    ],
)
def test_other_files_are_refused(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_preset(path)
    assert str(error.value).startswith(f"{path}: not a file of settings ({reason}")
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json: no such file; give a best\.json of a search"):
        read_preset(tmp_path / "none.json")
