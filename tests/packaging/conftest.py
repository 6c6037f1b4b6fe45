"""The wheel and the source archive of the tree, built once."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Build = Callable[..., Path]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Builds ``"wheel"`` or ``"sdist"``, with an address of the project or without one."""

    def built(target: str, url: str | None = None) -> Path:
        folder = tmp_path_factory.mktemp(target)
        environment = {name: value for name, value in os.environ.items() if name != "BIAXIAL_URL"}
        environment |= {} if url is None else {"BIAXIAL_URL": url}
        command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
        (path,) = folder.iterdir()
        return path

    return built


@pytest.fixture(scope="session")
def wheel(build: Build) -> Path:
    return build("wheel")


@pytest.fixture(scope="session")
def sdist(build: Build) -> Path:
    return build("sdist")


@pytest.fixture(scope="session")
def wheel_names(wheel: Path) -> list[str]:
    return zipfile.ZipFile(wheel).namelist()


@pytest.fixture(scope="session")
def sdist_names(sdist: Path) -> list[str]:
    """Paths without the folder that all are in."""
    with tarfile.open(sdist) as archive:
        return [name.partition("/")[2] for name in archive.getnames()]
