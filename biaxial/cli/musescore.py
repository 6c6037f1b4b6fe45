"""``biaxial-musescore``: put the plugin where MuseScore looks for it, with the path of this environment in it."""

from __future__ import annotations

import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from biaxial.cli.common import Arguments, verb
from biaxial.cli.options import option, parse, parser
from biaxial.files.assets import ASSETS, PACKAGE
from biaxial.files.atomic import atomic_write
from biaxial.music.errors import InputError
from biaxial.studio.state_file import state_path

PROG = "biaxial-musescore"
DESCRIPTION = (
    "Install the plugin for MuseScore 3 and 4, which harmonises, redoes, continues and judges in the open score."
)
FILES: Final = ("biaxial.qml", "biaxial.js")
_CLICKS: Final = (
    "in MuseScore 3: Plugins, Plugin Manager, tick biaxial; then it is in the menu Plugins",
    "in MuseScore 4: Home, Plugins, biaxial, Enable; then it is in the menu Plugins",
)


@dataclass(frozen=True)
class PluginOptions:
    """What to install where."""

    install: bool = option(False, help="install the plugin; a copy of an older version is replaced")
    folder: Path | None = option(
        None, help="folder of plugins (default: Documents/MuseScore4/Plugins and MuseScore3 beside it, where they are)"
    )


@verb(PROG)
def main(argv: Arguments, prog: str) -> None:
    """Install the plugin, and say what to click."""
    (options,) = parse(parser(prog, DESCRIPTION, PluginOptions), argv)
    if not options.install:
        raise InputError(f"nothing to do; {prog} --install puts the plugin where MuseScore looks for it")
    for folder in [options.folder] if options.folder is not None else usual_folders():
        target = folder / "biaxial"
        target.mkdir(parents=True, exist_ok=True)
        for name, text in filled_in().items():
            atomic_write(target / name, text.encode())
        print(target)
    print("\n".join(_CLICKS), file=sys.stderr)


def usual_folders() -> list[Path]:
    """The folders of plugins of the versions that were started before.

    Raises
    ------
    InputError
        If there is none.
    """
    documents = Path.home() / "Documents"
    folders = [documents / version / "Plugins" for version in ("MuseScore4", "MuseScore3")]
    found = [folder for folder in folders if folder.parent.is_dir()]
    if not found:
        raise InputError(f"{folders[0].parent}: MuseScore has no folder there; start it once, or name one by --folder")
    return found


def filled_in() -> dict[str, str]:
    """The files of the plugin by their names, with the paths of the command and of the studio's address in them."""
    texts = {name: (plugin_folder() / name).read_text(encoding="utf-8") for name in FILES}
    paths = {"@COMMAND@": command_path().as_posix(), "@STATE@": state_path().as_posix()}
    for mark, path in paths.items():
        texts["biaxial.qml"] = texts["biaxial.qml"].replace(mark, path.replace("\\", "\\\\").replace('"', '\\"'))
    return texts


def plugin_folder() -> Path:
    """Where the plugin lies: among the assets of an installed package, else in the repository.

    Raises
    ------
    InputError
        If it is in neither.
    """
    for folder in (ASSETS / "musescore", PACKAGE.parent / "plugins" / "musescore"):
        if (folder / FILES[0]).is_file():
            return folder
    raise InputError("the plugin is missing from the package; install biaxial again")


def command_path() -> Path:
    """The command ``biaxial`` of this environment.

    Raises
    ------
    InputError
        If it has none.
    """
    folder = Path(sysconfig.get_path("scripts"))
    for name in ("biaxial", "biaxial.exe"):
        if (folder / name).is_file():
            return folder / name
    raise InputError(f"{folder}: there is no command biaxial in it; install the package, and run its biaxial-musescore")
