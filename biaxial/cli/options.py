"""Command lines out of dataclasses.

A field ``num_outputs: int = 1`` becomes the option ``--num-outputs``. Its help is the text that the class's NumPy-style
docstring gives for it, or the one given to :func:`option`, which also sets short names, bounds and readers. A tuple is
written with commas, and ``none`` stands for None where that is not the default.
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import re
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

from biaxial.music.constants import VERSION
from biaxial.music.errors import InputError

T = TypeVar("T")
_ASIDE = re.compile(r"\s*\(:\w+:`[^`]*`\)")  # a link in brackets, which --help leaves out
_ROLE = re.compile(r":\w+:`~?(?:\w+\.)*(\w+)`")  # a link of the documentation, of which --help shows the last word
REQUIRED: Any = dataclasses.MISSING
"""Default of an option that must be given."""


def option(
    default: T,
    *,
    help: str = "",
    short: str | None = None,
    positional: bool = False,
    repeated: bool = False,
    within: tuple[float, float] | None = None,
    parse: Callable[[str], object] | None = None,
    metavar: str | None = None,
    formerly: str | None = None,
) -> T:
    """Declare a field of an options dataclass.

    Parameters
    ----------
    default
        Its default, or :data:`REQUIRED`.
    help
        One line for ``--help``; without it, what the class's docstring says of the field.
    short
        A short name, such as ``"-n"``.
    positional
        Whether it is an argument without a name.
    repeated
        Whether it may be given several times, each a value of a tuple.
    within
        Lowest and highest number that is allowed.
    parse
        Reads the text; it raises :class:`ValueError` with one line that names the text and what was expected.
    metavar
        What ``--help`` shows in place of the value.
    formerly
        The field's name in the version before: still understood, with a warning, and not shown by ``--help``.
    """
    metadata = {
        "help": help,
        "short": short,
        "positional": positional,
        "repeated": repeated,
        "within": within,
        "parse": parse,
        "metavar": metavar,
        "formerly": formerly,
    }
    return dataclasses.field(default=default, metadata=metadata)


class Parser(argparse.ArgumentParser):
    """An argument parser that raises :class:`InputError`, and knows the dataclasses that it fills."""

    options: dict[str, tuple[type[Any], dataclasses.Field[Any], Any]]
    formerly: dict[str, str]
    """New name of each field that had another."""

    def error(self, message: str) -> NoReturn:
        """Raise one line instead of printing the usage."""
        message = re.sub(r"^argument (?:-\w/)?(-*[\w-]+)[^:]*:", r"\1:", message)
        raise InputError(f"{message}; {self.prog} --help lists the options")


def parser(
    prog: str, description: str, *classes: type[Any], shown: Mapping[type[Any], object] = types.MappingProxyType({})
) -> Parser:
    """Build the options of a command from the fields of dataclasses; one that is itself a dataclass needs a reader.

    Parameters
    ----------
    prog, description
        What ``--help`` begins with.
    classes
        The dataclasses.
    shown
        For a class whose defaults are not those that hold, an object whose values ``--help`` shows as such.

    Raises
    ------
    TypeError
        If two fields have the same name.
    """
    built = Parser(prog=prog, description=description, allow_abbrev=False, argument_default=argparse.SUPPRESS)
    built.add_argument("--version", action="version", version=f"biaxial {VERSION}", help="show the version and end")
    built.options, built.formerly = {}, {}
    for cls in classes:
        hints, documented = get_type_hints(cls), _documented(cls)
        title = (inspect.getdoc(cls) or cls.__name__).splitlines()[0].rstrip(".")
        group = built.add_argument_group(_ROLE.sub(r"\1", title))
        for field in dataclasses.fields(cls):
            if dataclasses.is_dataclass(hints[field.name]) and not field.metadata.get("parse"):
                continue
            if field.name in built.options:
                raise TypeError(f"two options of {prog} are called {field.name!r}")
            built.options[field.name] = cls, field, hints[field.name]
            if old := field.metadata.get("formerly"):
                built.formerly[old] = field.name
            default = getattr(shown[cls], field.name) if cls in shown else field.default
            text = field.metadata.get("help") or documented.get(field.name, "")
            _add(group, field, hints[field.name], text, default)
    return built


def _add(group: argparse._ArgumentGroup, field: dataclasses.Field[Any], hint: Any, text: str, default: Any) -> None:
    text = _ROLE.sub(r"\1", _ASIDE.sub("", text)).replace("``", "").replace("%", "%%").rstrip(".")
    # a field of a config may be on in a preset; an option of the command is off unless it is given
    plain = hint is bool and not field.default and "help" in field.metadata
    if default not in (None, dataclasses.MISSING, ()) and not plain:
        text += f" (default: {_shown(default)})"
    if field.metadata.get("positional"):
        nargs = None if field.default is dataclasses.MISSING else "?"
        group.add_argument(field.name, help=text, nargs=nargs, metavar=field.metadata.get("metavar"))
        return
    names = [name for name in (field.metadata.get("short"), _flag(field.name)) if name]
    kind: dict[str, Any]
    if hint in (bool, bool | None):
        kind = {"action": "store_true" if plain else argparse.BooleanOptionalAction}
    else:
        action = "append" if field.metadata.get("repeated") else "store"
        kind = {"action": action, "metavar": field.metadata.get("metavar") or _metavar(hint)}
        kind["required"] = field.default is dataclasses.MISSING
    group.add_argument(*names, help=text, **kind)
    if old := field.metadata.get("formerly"):
        group.add_argument(_flag(old), help=argparse.SUPPRESS, **kind)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def given(built: Parser, argv: Sequence[str] | None = None) -> dict[type[Any], dict[str, Any]]:
    """Read a command line and return, for each dataclass, only the fields that were given.

    An option that was given by its former name is told on stderr, a line each.

    Raises
    ------
    InputError
        If an option is unknown, lacks its value, or has one that cannot be used.
    """
    texts, unknown = built.parse_known_args(argv)
    if unknown:
        built.error(f"{unknown[0]!r} is not an option or argument of this command")
    values: dict[type[Any], dict[str, Any]] = {cls: {} for cls, _, _ in built.options.values()}
    old = {name: new for name, new in built.formerly.items() if name in texts}
    for name, new in old.items():
        if new in texts:
            raise InputError(f"{_flag(name)} is the old name of {_flag(new)}; leave it out")
    for name, text in vars(texts).items():
        name = old.get(name, name)
        cls, field, hint = built.options[name]
        try:
            if isinstance(text, list):
                values[cls][name] = tuple(part for each in text for part in _read(field, hint, each))
            else:
                values[cls][name] = text if isinstance(text, bool) else _read(field, hint, text)
        except ValueError as error:
            label = name if field.metadata.get("positional") else _flag(name)
            raise InputError(f"{label}: {error}") from error
    for name, new in old.items():
        print(f"{built.prog}: {_flag(name)} is called {_flag(new)} now; its old name will go", file=sys.stderr)
    return values


def parse(built: Parser, argv: Sequence[str] | None = None) -> tuple[Any, ...]:
    """Read a command line into one instance of each dataclass, in the order in which the parser was given them.

    Raises
    ------
    InputError
        As :func:`given`, and whatever the dataclasses themselves refuse.
    """
    return tuple(cls(**values) for cls, values in given(built, argv).items())


def _read(field: dataclasses.Field[Any], hint: Any, text: str) -> Any:
    reader = field.metadata.get("parse")
    if reader is not None:
        return reader(text)
    if get_origin(hint) in (Union, types.UnionType):
        if field.default is not None and text.lower() == "none":
            return None
        hint = next(part for part in get_args(hint) if part is not type(None))
    within = field.metadata.get("within")
    if get_origin(hint) is tuple:
        return tuple(_scalar(get_args(hint)[0], part.strip(), within) for part in text.split(",") if part.strip())
    return _scalar(hint, text, within)


def _scalar(hint: Any, text: str, within: tuple[float, float] | None) -> Any:
    if get_origin(hint) is Literal:
        choices = {str(choice): choice for choice in get_args(hint)}
        if text not in choices:
            raise ValueError(f"{text!r} is not one of {', '.join(choices)}")
        return choices[text]
    if hint not in (int, float):
        return hint(text)
    wanted = "a whole number" if hint is int else "a number"
    bounds = "" if within is None else f"; give {_shown(within[0])} to {_shown(within[1])}"
    try:
        value = hint(text)
    except ValueError:
        raise ValueError(f"{text!r} is not {wanted}{bounds or '; give one'}") from None
    if value != value or abs(value) == float("inf"):
        raise ValueError(f"{text!r} is not {wanted}{bounds or '; give one'}")
    if within is not None and not within[0] <= value <= within[1]:
        raise ValueError(f"{text} is outside the range{bounds}")
    return value


def _metavar(hint: Any) -> str:
    if get_origin(hint) is tuple:
        return f"{_metavar(get_args(hint)[0])},..."
    if get_origin(hint) in (Union, types.UnionType):
        return _metavar(next(part for part in get_args(hint) if part is not type(None)))
    if get_origin(hint) is Literal:
        return "|".join(str(choice) for choice in get_args(hint))
    return {int: "N", float: "X", Path: "PATH"}.get(hint, "TEXT")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ",".join(map(_shown, value))
    if hasattr(value, "from_name"):
        return str(value.name)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _documented(cls: type[Any]) -> dict[str, str]:
    """The first sentence that the NumPy-style docstrings of a class and its bases give for each name, in small."""
    texts: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        names: list[str] = []
        for line in inspect.cleandoc(base.__doc__ or "").splitlines():
            if line and not line[0].isspace():
                names = [name.strip() for name in line.partition(" :")[0].split(",")]
                texts.update(dict.fromkeys(names, ""))
            elif line:
                texts.update({name: f"{texts[name]} {line.strip()}".strip() for name in names})
    sentences = {name: text.partition(". ")[0] for name, text in texts.items()}
    return {name: text[:1].lower() + text[1:] for name, text in sentences.items()}
