"""Whatever an answer of the API holds, what reads it raises nothing but a message. No reader is forgotten."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import pytest
from answer_readers import AnswerReader, answer_readers
from damage import damaged_json
from draws import draws
from rig import Rig

import novita_infra
from novita_infra.api import json_values
from novita_infra.api.errors import ApiError

PACKAGE = Path(novita_infra.__file__).parent
READS = {
    name for name, value in vars(json_values).items() if callable(value) and value.__module__ == json_values.__name__
}

NO_ANSWER = {
    "forges/": "reads answers of GitHub and GitLab; `tests/forges/test_damaged_answers.py` drives it",
    "inference/checks:": "takes a declared check; others read what is answered",
    "kinds/batch/kind:_declared": "takes apart declared values",
    "kinds/batch/kind:_errors": "describes values that are read",
    "planning/checks/model_access:_needs": "takes declared checks",
    "kinds/batch/inputs:": "reads files of the project",
    "kinds/batch/kind:_check": "checks declared values",
    "kinds/batch/kind:_create": "makes a request from declared values",
    "kinds/batch/kind:_recall": "describes values that are read",
    "kinds/batch/kind:_matches": "compares a declared and a live value",
    "kinds/batch/prices:": "prices declared values",
    "kinds/batch/results:": "reads downloaded files and values that are read; `tests/support/readers.py` drives it",
    "kinds/batch/rows:": "reads files of the project",
    "kinds/batch/written:": "reads files of ours, and compares them with values that are read",
    "kinds/endpoint/calls:": "makes requests from declared values",
    "kinds/endpoint/machine:": "describes values that are read",
    "kinds/endpoint/kind:_matches": "compares a declared and a live value",
    "kinds/endpoint/prices:": "prices values that are read",
    "kinds/endpoint/resolution:": "resolves declared values",
    "kinds/image_prewarm:_create": "makes a request from declared values",
    "kinds/instance/calls:": "makes requests from declared values, and compares values that are read",
    "kinds/instance/drift_causes:_gone": "explains values that are read",
    "kinds/instance/drift_causes:platform_event": "explains values that are read",
    "kinds/instance/machine:": "describes values that are read",
    "kinds/instance/kind:_matches": "compares a declared and a live value",
    "kinds/instance/offers:": "chooses among declared values",
    "kinds/instance/prices:": "prices values that are read",
    "kinds/instance/resolution:": "resolves declared values",
    "kinds/instance/timing:": "checks declared values, and compares values that are read",
    "kinds/instance/validation:": "checks declared values",
    "kinds/model_access_policy:_create": "makes a request from declared values",
    "kinds/saved_image:_create": "makes a request from declared values",
    "kinds/toolkit/field_keys:texts": "names a reader",
    "kinds/toolkit/image_pulls:pull_of": "describes declared values",
    "kinds/toolkit/image_saves:save_request": "makes a request from declared values",
    "kinds/toolkit/lookup:still_satisfies": "compares a declared and a live value",
    "kinds/toolkit/placement:": "places declared values",
}
"""What takes apart only values of ours or values that a reader has read, by the beginning of its name."""


def functions_that_read_values() -> set[str]:
    """Each function that takes a value apart by `api.json_values`, as `module:function`."""
    found: set[str] = set()

    def visit(node: ast.AST, module: str, where: tuple[str, ...]) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            where = (*where, node.name)
        if isinstance(node, ast.Name) and node.id in READS and where:
            found.add(f"{module}:{'.'.join(where)}")
        for child in ast.iter_child_nodes(node):
            visit(child, module, where)

    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "api.json_values import" in text:
            visit(ast.parse(text), path.relative_to(PACKAGE).with_suffix("").as_posix(), ())
    return found


@contextmanager
def noting_calls(called: set[str]) -> Iterator[None]:
    """Adds the functions of the package that are called."""
    codes: set[Any] = set()
    before = sys.getprofile()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            codes.add(frame.f_code)

    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(before)
        for code in codes:
            path = Path(code.co_filename)
            if path.is_relative_to(PACKAGE):
                function = code.co_qualname.replace(".<locals>", "")
                function = re.sub(r"\.<\w+>", "", function)
                called.add(f"{path.relative_to(PACKAGE).with_suffix('').as_posix()}:{function}")


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> list[AnswerReader]:
    return list(answer_readers(Rig(tmp_path_factory.mktemp("account"))))


def drive(reader: AnswerReader, times: int, seed: int) -> None:
    reader.read(reader.sound)
    for place, text in damaged_json(reader.sound, Random(f"{reader.name} {seed}"), times):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            continue  # the client reports an answer that is no JSON
        try:
            reader.read(value)
        except ApiError:
            continue
        except BaseException as error:
            error.add_note(f"{reader.name} damaged at {place}: {text[:300]}")
            raise


def test_every_reader_of_an_answer_takes_damage(readers: list[AnswerReader]) -> None:
    called: set[str] = set()
    for reader in readers:
        with noting_calls(called):  # for each: a stack that is full ends the notes
            drive(reader, times=40, seed=0)
    left = sorted(functions_that_read_values() - called)
    assert [name for name in left if not name.startswith(tuple(NO_ANSWER))] == []
    assert [start for start in NO_ANSWER if not any(name.startswith(start) for name in left)] == []


@pytest.mark.slow
def test_every_reader_of_an_answer_takes_much_damage(readers: list[AnswerReader]) -> None:
    for reader in readers:
        drive(reader, times=draws(200), seed=1)
