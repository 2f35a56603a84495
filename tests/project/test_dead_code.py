"""Every name that the package defines is used by the package, or stands below with the reason."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import novita_infra

ROOT = Path(novita_infra.__file__).parent

USED_ELSEWHERE = {
    "_Connection.data_received": "asyncio calls it",
    "_Connection.eof_received": "asyncio calls it",
    "_Connection.connection_lost": "asyncio calls it",
    "LazyGroup.format_commands": "click calls it",
    "_Bash.format_completion": "click calls it",
    "_Server.capture_signals": "uvicorn calls it",
    "_Dumper.ignore_aliases": "yaml calls it",
    "Trouble.SLOW": "made from its value, `slow`",
    "pytest_configure": "pytest calls it",
    "NovitaSim.clear_faults": "for tests of other projects",
    "PastPart.course": "the template of the page reads it",
    "PastPart.timeline": "the template of the page reads it",
    "BatchState.FINALIZING": "made from its value, `finalizing`",
}


def definitions(body: Iterable[ast.stmt], within: str = "") -> Iterator[str]:
    """The functions, classes, constants and fields of a module, those of a class as `Class.name`."""
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield f"{within}{name}"
            case ast.ClassDef(name=name):
                yield f"{within}{name}"
                yield from definitions(node.body, f"{name}.")
            case ast.AnnAssign(value=ast.Call(func=ast.Name(id="fact" | "cell"))):
                pass  # a part of a result, which every format reads
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield f"{within}{name}"
            case ast.Assign():
                yield from (f"{within}{target.id}" for target in node.targets if isinstance(target, ast.Name))


def uses(path: Path, tree: ast.AST) -> Iterator[str]:
    """The names that a module reads. A text of one word counts: commands and fields are found by such texts.

    A command is found by the name of its module.
    """
    if path.is_relative_to(ROOT / "cli/commands"):
        yield path.stem
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
                yield name
            case ast.alias(name=name) if path.name != "__init__.py":
                yield name.rpartition(".")[2]
            case ast.keyword(arg=str(name)):
                yield name
            case ast.Constant(value=str(text)) if re.fullmatch(r"[\w.:]+", text):
                yield re.split("[.:]", text)[-1]


@pytest.mark.slow
def test_every_name_is_used() -> None:
    trees = {path: ast.parse(path.read_text()) for path in sorted(ROOT.rglob("*.py"))}
    used = {name for path, tree in trees.items() for name in uses(path, tree)}
    used |= {path.stem.upper() for path in (ROOT / "kinds").glob("*.py")}  # the registry finds a kind by its name
    unused = {
        (whole, str(path.relative_to(ROOT)))
        for path, tree in trees.items()
        for whole in definitions(tree.body)
        if (name := whole.rpartition(".")[2]) not in used and not name.startswith("__")
    }
    assert {item for item in unused if item[0] not in USED_ELSEWHERE} == set(), "remove it, or name its user above"
    assert USED_ELSEWHERE.keys() <= {whole for whole, _ in unused}, "no longer an exception"
