"""``biaxial-folksongs``: the smallest part of the collection, written twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from biaxial.cli.folksongs import main
from biaxial.formats.midi.midi_writer import read_midi


def test_a_part_is_written_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["songs", "--parts", "kinder", "--json", "--quiet"]) == 0
    report = json.loads(capsys.readouterr().out)
    paths = sorted((folder / "songs").rglob("*.mid"))
    assert len(paths) == report["songs"] == report["written"] == sum(report["splits"].values()) > 100
    assert all(report["splits"][split] > 5 for split in ("valid", "test"))
    score = read_midi(paths[0])
    assert score.key is not None
    assert len(score.notes) > 5
    assert main(["songs", "--parts", "kinder", "--quiet"]) == 0
    assert "all there already, nothing to do" in capsys.readouterr().out


def test_a_folder_of_another_split_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["songs", "--parts", "kinder", "--quiet"]) == 0
    valid = min((folder / "songs" / "valid").iterdir())
    valid.rename(folder / "songs" / "train" / valid.name)
    capsys.readouterr()
    assert main(["songs", "--parts", "kinder", "--quiet"]) == 2
    assert "belongs to valid now; remove it" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_an_unknown_part_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["songs", "--parts", "erk,irl"]) == 2
    assert capsys.readouterr().err.startswith(
        "biaxial-folksongs: --parts: there is no part 'irl'; give all, or some of"
    )
