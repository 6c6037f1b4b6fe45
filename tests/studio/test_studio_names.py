"""What Python finds in ``biaxial.studio``, each name imported when it is first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from biaxial import studio
from biaxial.tasks.model import Model


def test_a_tune_is_set_from_python(noise: Model) -> None:
    tune = studio.opened(b"X:1\nM:4/4\nL:1/4\nK:G\nGABc|d4|\n", "tune.abc").document
    drawing = studio.messages.Drawing(draft=True, cadence=False)
    written = studio.write(noise, studio.messages.Harmonise(tune, drawing=drawing))
    document = written.takes[0].document
    assert {note.id for note in document.notes} == {*written.takes[0].added, *(note.id for note in tune.notes)}
    assert studio.judged(studio.messages.Judge(document)).rules
    assert studio.explained(noise, studio.messages.Explain(document, note=tune.notes[1].id)).rank >= 1
    assert studio.kept(studio.messages.Export(document, "mid")).data.startswith(b"MThd")


def test_every_name_is_there_and_no_other() -> None:
    assert all(getattr(studio, name) for name in studio.__all__)
    with pytest.raises(AttributeError, match="no attribute 'gone'"):
        _ = studio.gone


def test_importing_the_server_loads_no_network() -> None:
    program = (
        "import sys, biaxial.studio, biaxial.cli.studio, biaxial.studio.server, biaxial.studio.serving; "
        "print(*{'torch', 'numba', 'music21', 'verovio', 'soundfile'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
