"""Public classes and functions of the package have unique names, except for commands and those below."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

import novita_infra

PACKAGE = Path(novita_infra.__file__).parent
HOOK = "a hook of kinds: each kind has its own of this meaning"
CALL = "an operation of the API: the call of a kind and the simulator's side of it, or one for each resource"
FACE = "the name of the library, and the value inside"
EXCEPTIONS = {
    "check": (HOOK, "kinds/"),
    "costs": (HOOK, "kinds/"),
    "inherit": (HOOK, "kinds/"),
    "new_id": (HOOK, "kinds/"),
    "parse": (HOOK, "kinds/"),
    "platform_event": (HOOK, "kinds/"),
    "resolve_spec": (HOOK, "kinds/"),
    "stock_needed": (HOOK, "kinds/"),
    "spec_needing": (HOOK, "kinds/"),
    "unwrap": (HOOK, "kinds/"),
    "convert": (CALL, "kinds/ simulator/world/"),
    "create": (CALL, "kinds/ simulator/world/"),
    "delete": (CALL, "kinds/ simulator/world/"),
    "edit": (CALL, "kinds/ simulator/world/"),
    "renew": (CALL, "kinds/ simulator/world/"),
    "set_auto_migrate": (CALL, "kinds/ simulator/world/"),
    "set_auto_renew": (CALL, "kinds/ simulator/world/"),
    "start": (CALL, "kinds/ simulator/world/"),
    "stop": (CALL, "kinds/ simulator/world/"),
    "update": (CALL, "kinds/ simulator/world/"),
    "upgrade": (CALL, "kinds/ simulator/world/"),
    "Client": (FACE, "library/ api/"),
    "Project": (FACE, "library/ manifests/"),
    "on_event": ("a hook of the simulator: what an event does to a record of the module's table", "simulator/"),
}
"""Names that several modules may give, with the reason and the beginnings of the paths that may."""


@cache
def places() -> dict[str, list[str]]:
    """The paths of the modules that define each public class or function."""
    paths: dict[str, list[str]] = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_":
                paths[node.name].append(path.relative_to(PACKAGE).as_posix())
    return paths


def shared() -> dict[str, list[str]]:
    """The names that more than one module defines, with the paths.

    A command may have the name of a function of the simulator: both are named after the thing, such as `balance`.
    """
    return {name: paths for name, paths in places().items() if len(set(paths)) > 1 and not _one_of_each(paths)}


def _one_of_each(paths: list[str]) -> bool:
    """Whether one path is that of a command, and one is in the simulator."""
    commands = [path for path in paths if path.startswith("cli/commands/")]
    simulated = [path for path in paths if path.startswith("simulator/")]
    return (len(commands), len(simulated), len(paths)) == (1, 1, 2)


def test_no_two_public_classes_or_functions_share_a_name() -> None:
    beyond = {
        name: [
            path for path in paths if name not in EXCEPTIONS or not path.startswith(tuple(EXCEPTIONS[name][1].split()))
        ]
        for name, paths in shared().items()
    }
    twice = {name: paths for name, paths in beyond.items() if paths}
    assert not twice, (
        "rename one function of each; a command is `rename_project`, its name `rename` is in the decorator"
    )


@pytest.mark.parametrize("name", sorted(EXCEPTIONS))
def test_an_exception_from_unique_names_is_still_needed(name: str) -> None:
    assert name in shared()
