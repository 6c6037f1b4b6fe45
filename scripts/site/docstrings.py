"""Docstrings as the index of the API shows them.

mkdocstrings hands each docstring of the package to this before it makes a page of it. Names that share a line, as in
``key, tempo_bpm``, would all have the type of the first, and roles such as ``:class:`` would stand there as they are.
"""

from __future__ import annotations

import re
from typing import Any

from griffe import Docstring, DocstringSectionParameters, Extension, Function, Object

ROLE = re.compile(r":[a-z]+:`~?([\w.]+)`")


class Docstrings(Extension):
    """Mends what NumPy-style docstrings lose on their way into Markdown."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Write the last name of what a role points to."""
        if isinstance(obj.docstring, Docstring):
            obj.docstring.value = ROLE.sub(lambda role: f"`{role[1].split('.')[-1]}`", obj.docstring.value)

    def on_function(self, *, func: Function, **_: Any) -> None:
        """Give every parameter the type that its signature has."""
        for section in func.docstring.parsed if func.docstring else ():
            if isinstance(section, DocstringSectionParameters):
                for parameter in section.value:
                    if parameter.name in func.parameters:
                        parameter.annotation = func.parameters[parameter.name].annotation
