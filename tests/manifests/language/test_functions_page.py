"""The page about expressions: every example gives what the page says, and every function has one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from novita_infra.manifests.language.expressions import evaluate
from novita_infra.manifests.language.scope import DeclaredResources, Scope
from novita_infra.model.computing.compute import known_functions
from novita_infra.model.computing.operators import OPERATORS

PAGE = (Path(__file__).parents[3] / "docs/reference/expressions.md").read_text(encoding="utf-8")
ROWS = [
    (expression.replace("\\|", "|"), value.replace("\\|", "|"))
    for expression, value in re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|$", PAGE, re.MULTILINE)
]


@pytest.mark.parametrize(("expression", "value"), ROWS)
def test_an_example_of_the_page_gives_its_value(expression: str, value: str, tmp_path: Path) -> None:
    (tmp_path / "motd.txt").write_text("hello\n", encoding="utf-8")
    found = evaluate(f"${{{expression}}}", Scope({}, {}, DeclaredResources(attributes={}), folder=tmp_path))
    assert found.errors == ()
    assert found.value == json.loads(value)
    assert type(found.value) is type(json.loads(value))


@pytest.mark.parametrize("name", [*known_functions(), "file"])
def test_every_function_has_an_example_on_the_page(name: str) -> None:
    assert any(f"{name}(" in expression for expression, _ in ROWS)


@pytest.mark.parametrize("name", [*(name for name in OPERATORS if not name.isidentifier()), "?", "&&", "||", "in"])
def test_every_operator_has_an_example_on_the_page(name: str) -> None:
    written = {"[]": "][1]"}.get(name, name)
    assert any(written in expression for expression, _ in ROWS)
