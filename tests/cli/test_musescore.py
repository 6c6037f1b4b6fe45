"""The plugin lands where MuseScore looks, with this environment in it, and says what to click."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from biaxial.cli.musescore import main

ROOT = Path(__file__).parents[2]


def test_it_is_installed_with_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = tmp_path / "scripts" / "biaxial"
    command.parent.mkdir()
    command.touch()
    monkeypatch.setattr("biaxial.cli.musescore.sysconfig.get_path", lambda _: str(command.parent))
    assert main(["--install", "--folder", str(tmp_path / "Plugins")]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{tmp_path / 'Plugins' / 'biaxial'}\n"
    assert "Plugin Manager" in captured.err
    text = (tmp_path / "Plugins" / "biaxial" / "biaxial.qml").read_text(encoding="utf-8")
    assert f'property string command: "{command.as_posix()}"' in text
    assert "studio.json" in text
    assert "@" not in text
    assert (tmp_path / "Plugins" / "biaxial" / "biaxial.js").read_bytes() == (
        ROOT / "plugins" / "musescore" / "biaxial.js"
    ).read_bytes()


def test_the_usual_folders_are_those_of_the_versions_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "biaxial.exe").touch()
    monkeypatch.setattr("biaxial.cli.musescore.sysconfig.get_path", lambda _: str(tmp_path / "scripts"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert main(["--install"]) == 2
    assert capsys.readouterr().err.endswith("start it once, or name one by --folder\n")
    (tmp_path / "Documents" / "MuseScore3").mkdir(parents=True)
    assert main(["--install"]) == 0
    assert (tmp_path / "Documents" / "MuseScore3" / "Plugins" / "biaxial" / "biaxial.qml").is_file()


def test_without_a_command_or_a_wish_it_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 2
    assert capsys.readouterr().err == (
        "biaxial-musescore: nothing to do; biaxial-musescore --install puts the plugin where MuseScore looks for it\n"
    )
    monkeypatch.setattr("biaxial.cli.musescore.sysconfig.get_path", lambda _: str(tmp_path))
    assert main(["--install", "--folder", str(tmp_path / "Plugins")]) == 2
    assert "there is no command biaxial in it" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_what_the_plugin_computes_is_tested_by_node() -> None:
    done = subprocess.run(
        ["node", "--test", ROOT / "tests" / "plugins"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout
