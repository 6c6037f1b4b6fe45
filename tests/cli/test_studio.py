"""The command line of the studio: what it refuses before anything is served."""

from __future__ import annotations

from pathlib import Path

import pytest

from biaxial.cli import studio
from biaxial.cli.studio import main
from biaxial.cli.verbs import main as biaxial
from biaxial.studio import serving


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--port", "0"], "--port"),
        (["--port", "70000"], "--port"),
        (["--port", "x"], "--port"),
        (["--checkpoint", "gone.safetensors"], "no such weights"),
        (["--checkpoint", "hymn-tunes-v1"], "holds a melody model"),
        (["tune.abc"], "tune.abc"),
    ],
)
def test_what_cannot_be_served_is_one_line(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("starlette")
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("biaxial-studio: ")
    assert says in err


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(studio, "PARTS", ("json", "no_such_part"))
    assert biaxial(["studio"]) == 2
    err = capsys.readouterr().err
    assert err == "biaxial studio: this needs no_such_part, not installed: pip install 'biaxial[studio]'\n"


def test_options_reach_the_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("starlette")
    found: list[object] = []
    monkeypatch.setattr(serving, "serve", lambda *given, **named: found.append((given, named)))
    assert main([]) == main(["--port", "9000", "--no-browser", "--checkpoint", "chorales-v3"]) == 0
    assert found == [
        ((studio.PORT,), {"checkpoint": None, "browser": True}),
        ((9000,), {"checkpoint": "chorales-v3", "browser": False}),
    ]
    assert studio.PORT == serving.PORT
