"""The published schemas take for one expression what the loader takes for one: it may stand for a value of any type."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.manifests.language.expressions import is_expression
from novita_infra.schema.resources import schemas

PATTERN = re.compile(schemas()["instance.json"]["$defs"]["reference"]["pattern"])
PARTS = ["var.a", "1", "+", "{'a': 1}", "{'k': {'b': {}}}", "'}'", '"{"', r"'\''", "${", "}", "$", " ", "(", ")", "[0]"]


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("${var.a}", True),
        ("${merge(var.a, {'b': {'c': \"}\"}})}", True),
        (r"${'it\'s } {'}", True),
        ("${var.a}${var.b}", False),
        ("${'a'} ${'b'}", False),
        ("x ${var.a}", False),
        ("${var.a} ", False),
        ("$${var.a}", False),
        ("${var.a", False),
        ("${'}", False),
    ],
)
def test_the_schema_knows_a_single_expression(text: str, one: bool) -> None:
    assert (PATTERN.search(text) is not None, is_expression(text)) == (one, one)


@given(st.lists(st.sampled_from(PARTS), max_size=8).map(lambda parts: f"${{{''.join(parts)}}}"))
def test_the_schema_accepts_every_expression_of_the_loader(text: str) -> None:
    assert PATTERN.search(text) or not is_expression(text)
