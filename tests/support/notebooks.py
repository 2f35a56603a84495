"""Runs a notebook as Jupyter does, and compares what its cells show with what is stored in it.

`python tests/support/notebooks.py FILE...` stores today's output. Cells run in order in one namespace, inside of a
running event loop, and may `await`. What a cell prints is its output, and the value of its last line. Jupyter
itself would be thirty packages more.
"""

from __future__ import annotations

import ast
import asyncio
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from inspect import isawaitable
from pathlib import Path
from typing import Any

_MASKS = (
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\bsha256:[0-9a-f]{64}\b"), "DIGEST"),
    (re.compile(r"\b[0-9a-f]{16}(?:[0-9a-f]{16})?\b"), "ID"),
)


def executed(notebook: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The notebook with the output of a run in the folder; an old output that differs in ids alone is kept."""
    with chdir(folder), _without_settings():
        return asyncio.run(_executed(notebook))


async def _executed(notebook: dict[str, Any]) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"}
    cells, number = [], 0
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            number += 1
            outputs = [item async for item in _outputs("".join(cell["source"]), names, number)]
            kept = cell["outputs"] if _masked(cell["outputs"]) == _masked(outputs) else outputs
            cells.append({**cell, "execution_count": number, "outputs": kept})
        else:
            cells.append(cell)
    return {**notebook, "cells": cells}


async def _outputs(source: str, names: dict[str, Any], number: int) -> Any:
    tree, value, printed = ast.parse(source), None, io.StringIO()
    last = ast.Expression(tree.body.pop().value) if tree.body and isinstance(tree.body[-1], ast.Expr) else None  # type: ignore[attr-defined]  # it is an Expr
    with redirect_stdout(printed):
        for part, mode in ((tree, "exec"), (last, "eval")):
            if part is not None:
                code = compile(part, f"<cell {number}>", mode, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
                value = eval(code, names)  # noqa: S307 -- a notebook of this repository
                value = await value if isawaitable(value) else value
    if printed.getvalue():
        yield {"name": "stdout", "output_type": "stream", "text": _lines(printed.getvalue())}
    if value is not None:
        data = {"text/plain": _lines(repr(value))}
        yield {"data": data, "execution_count": number, "metadata": {}, "output_type": "execute_result"}


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _masked(outputs: list[dict[str, Any]]) -> str:
    text = json.dumps(outputs, sort_keys=True)
    for pattern, word in _MASKS:
        text = pattern.sub(word, text)
    return text


@contextmanager
def _without_settings() -> Iterator[None]:
    """Inside, no setting of the caller gets through."""
    before = {name: value for name, value in os.environ.items() if name.startswith("NOVITA_")}
    for name in before:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(before)


def text_of_notebook(notebook: dict[str, Any]) -> str:
    """The file as Jupyter writes it."""
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for file in map(Path, sys.argv[1:]):
        with tempfile.TemporaryDirectory() as empty:
            made = executed(json.loads(file.read_text(encoding="utf-8")), Path(empty))
        file.write_text(text_of_notebook(made), encoding="utf-8")
