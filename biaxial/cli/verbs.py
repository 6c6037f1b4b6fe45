"""``biaxial``: one command with the others under it; ``biaxial compose`` is ``biaxial-compose``.

A verb's modules are loaded when the verb is asked for, so that ``--help`` and ``--version`` are there at once.
"""

from __future__ import annotations

import sys
from difflib import get_close_matches
from importlib import import_module
from typing import NamedTuple

from biaxial.cli.common import Arguments, Main, command
from biaxial.music.constants import VERSION
from biaxial.music.errors import InputError

PROG = "biaxial"


class Verb(NamedTuple):
    """The module of a verb, and what ``--help`` says of it."""

    module: str
    line: str


VERBS = {
    "compose": Verb("compose", "compose four-part chorales, or tunes and chords"),
    "harmonise": Verb("harmonise", "write the other voices to a tune (also harmonize)"),
    "infill": Verb("infill", "write some bars of a piece anew, or join two pieces"),
    "continue": Verb("continue_", "let a piece go on"),
    "explain": Verb("explain", "show how probable every cell of a piece was, and why"),
    "studio": Verb("studio", "open a page on which music is written, heard, locked and redone"),
    "evaluate": Verb("evaluate", "measure the likelihood of music, or judge it beside a corpus"),
    "train": Verb("train", "train a network on a folder of music, or search its settings"),
    "chorales": Verb("chorales", "write the chorales of Bach as a corpus"),
    "folksongs": Verb("folksongs", "write German folk songs as a corpus"),
    "musescore": Verb("musescore", "install the plugin for MuseScore"),
    "mcp": Verb("mcp", "serve tools to an assistant (Model Context Protocol)"),
}
SPELLINGS = {"harmonize": "harmonise"}
"""Other names of verbs."""


def main(argv: Arguments = None) -> int:
    """Run the verb that the command line begins with, and return its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    verb = VERBS.get(SPELLINGS.get(words[0], words[0])) if words else None
    if verb is None:
        return _without_verb(words)
    run: Main = import_module(f"biaxial.cli.{verb.module}").main
    return run(words[1:], f"{PROG} {words[0]}", argv is None)


@command(PROG)
def _without_verb(argv: Arguments) -> None:
    """Print the verbs or the version, or refuse what is not a verb."""
    word = argv[0] if argv else "--help"
    if word in ("-h", "--help"):
        print("\n".join(_help()))
    elif word == "--version":
        print(f"{PROG} {VERSION}")
    else:
        verbs = [] if word.startswith("-") else [*VERBS, *SPELLINGS]
        near = get_close_matches(word.lower(), verbs, n=1, cutoff=0.4)
        guess = f"did you mean {near[0]}? " if near else ""
        raise InputError(f"{word!r} is not a verb; {guess}{PROG} --help lists them")


def _help() -> list[str]:
    """What there is to do, a line for each verb."""
    width = max(map(len, VERBS))
    return [
        f"usage: {PROG} VERB ...",
        "",
        "Compose, harmonise and judge four-part chorales with a biaxial LSTM, or train one.",
        "",
        "verbs:",
        *(f"  {name:{width}}  {verb.line}" for name, verb in VERBS.items()),
        "",
        "options:",
        "  -h, --help  show this",
        "  --version   show the version",
        "",
        f"{PROG} VERB --help lists the options of a verb. {PROG}-VERB is the same as {PROG} VERB.",
    ]
