"""Each claim of docs/security.md names tests that hold it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
CLAIM = re.compile(r"^\* .*(?:\n(?!\* |#|\n).*)*", re.MULTILINE)
NAMED = re.compile(r"<!-- (tests/\S+\.py)::(\w+) -->")


@cache
def _functions(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("claim", CLAIM.findall(PAGE), ids=lambda claim: claim[2:40].strip("*. "))
def test_a_claim_of_the_security_page_names_its_tests(claim: str) -> None:
    assert NAMED.search(claim), "add a comment such as <!-- tests/path.py::test_name --> below the claim"


@pytest.mark.parametrize(("path", "name"), sorted(set(NAMED.findall(PAGE))))
def test_a_test_that_the_security_page_names_exists(path: str, name: str) -> None:
    assert name in _functions(path)


def test_the_security_page_has_its_sections() -> None:
    assert re.findall(r"^## (.*)$", PAGE, re.MULTILINE) == [
        "Plan files",
        "Encryption of the state",
        "State files and the owners of objects",
        "Policies",
        "Hooks",
        "Pipelines",
        "Manifests from somebody else",
        "How secrets travel",
        "Traces",
        "The simulator",
        "Texts of the account, of files and of programs",
        "Machines",
    ]
