"""Where a running studio is found, that nobody else may read it, and that what was left behind is seen as stale."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from biaxial.studio.state_file import Running, kept_token, leave, read_state, running, state_path, write_state

STATE = Running("http://127.0.0.1:1", 1, "x" * 43, 1)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def test_it_is_for_this_user_alone(folder: Path) -> None:
    write_state(STATE)
    assert state_path() == folder / "biaxial" / "studio.json"
    assert read_state() == STATE
    assert stat.S_IMODE(state_path().stat().st_mode) == 0o600
    assert STATE.page == f"http://127.0.0.1:1/#{STATE.token}"


def test_the_token_outlives_a_restart() -> None:
    first = kept_token()
    assert len(first) >= 32
    assert kept_token() != first  # nothing is kept yet
    write_state(replace(STATE, token=first))
    leave(replace(STATE, token=first))
    assert kept_token() == first
    found = read_state()
    assert found is not None
    assert (found.address, found.port, found.pid) == ("", 0, 0)
    assert running() is None


def test_leaving_keeps_what_another_one_wrote() -> None:
    write_state(replace(STATE, port=2))
    leave(STATE)
    assert read_state() == replace(STATE, port=2)


def test_a_stale_file_is_seen() -> None:
    write_state(replace(STATE, pid=2**22 - 3))  # no such process
    assert running() is None
    write_state(STATE)  # a process that does not answer there
    assert running() is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "{}",
        json.dumps(vars(STATE) | {"token": "short"}),
        json.dumps(vars(STATE) | {"port": "8374"}),
        json.dumps(vars(STATE) | {"token": None}),
        json.dumps(vars(STATE) | {"token": "ö" * 43}),
        "[" * 4000,
    ],
)
def test_a_damaged_file_is_no_file(text: str) -> None:
    state_path().parent.mkdir()
    state_path().write_text(text)
    state_path().chmod(0o600)
    assert read_state() is None
    assert running() is None
    assert len(kept_token()) >= 32


def test_a_token_that_others_can_read_is_not_used_again() -> None:
    write_state(STATE)
    state_path().chmod(0o644)
    assert read_state() is None
    assert kept_token() != STATE.token
    write_state(replace(STATE, token="y" * 43))
    assert stat.S_IMODE(state_path().stat().st_mode) == 0o600
