"""Run a notebook and store what it shows: ``python scripts/make/run_notebook.py docs/tour.ipynb``, in some ten seconds.

The cells run in order in one namespace, as Jupyter runs them, which is not needed. Stored are what a cell prints, its
last value and the pyplot figures that it leaves open. Run it again when the weights change.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from biaxial.files.atomic import atomic_write

Output = dict[str, Any]


def outputs_of(notebook: dict[str, Any]) -> Iterator[list[Output]]:
    """What each code cell of a notebook shows, as nbformat 4 stores it."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(cells, start=1):
        printed = io.StringIO()
        with redirect_stdout(printed):
            value = _run("".join(cell["source"]), f"cell {number}", namespace)
        outputs: list[Output] = []
        if printed.getvalue():
            outputs.append({"name": "stdout", "output_type": "stream", "text": _lines(printed.getvalue())})
        if value is not None:
            shown = {"data": _data(value), "execution_count": number, "metadata": {}, "output_type": "execute_result"}
            outputs.append(shown)
        outputs += [{"data": data, "metadata": {}, "output_type": "display_data"} for data in _figures()]
        yield outputs


def _run(source: str, name: str, namespace: dict[str, Any]) -> Any:
    """Run a cell; the value of its last line, if that is an expression."""
    tree = ast.parse(source, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), namespace)
    return eval(compile(ast.Expression(last.value), name, "eval"), namespace) if isinstance(last, ast.Expr) else None


def _data(value: Any) -> dict[str, Any]:
    """A value as a page shows it; of one that is shown, the text is its type, since all its notes would be long."""
    if hasattr(value, "_repr_html_"):
        return {"text/html": _lines(value._repr_html_()), "text/plain": [type(value).__name__]}
    return {"text/plain": _lines(repr(value))}


def _figures() -> Iterator[dict[str, Any]]:
    """The figures that pyplot has open, which are closed."""
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        for number in pyplot.get_fignums():
            buffer, figure = io.BytesIO(), pyplot.figure(number)
            figure.savefig(buffer, format="png", dpi=90, metadata={"Software": None})
            pyplot.close(figure)
            yield {"image/png": b64encode(buffer.getvalue()).decode("ascii"), "text/plain": ["Figure"]}


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def main() -> None:
    """Read the command line, run the notebook, and write it back."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", type=Path, help="the .ipynb file; it is written anew")
    options = parser.parse_args()
    notebook = json.loads(options.notebook.read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, (cell, outputs) in enumerate(zip(cells, outputs_of(notebook), strict=True), start=1):
        cell["execution_count"], cell["outputs"] = number, outputs
    atomic_write(options.notebook, (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode())


if __name__ == "__main__":
    main()
