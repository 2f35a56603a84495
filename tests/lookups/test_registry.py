"""Every type of lookup is described whole, and its example is a lookup that the published schema accepts."""

from __future__ import annotations

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import trees

from novita_infra.catalogue.products import PARTS, Catalogue, parse_catalogue
from novita_infra.kinds import KINDS
from novita_infra.lookups.found import Answer, NoAnswer
from novita_infra.lookups.lookup import LookupType, Matches, ReadSoFar
from novita_infra.lookups.registry import LOOKUPS
from novita_infra.schema.resources import project_schema

EACH = pytest.mark.parametrize("of", LOOKUPS.values(), ids=LOOKUPS)
HEAD = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "x"}}


def test_the_types_are_found_by_their_modules() -> None:
    assert [*LOOKUPS] == [
        "cluster",
        "llmModel",
        "networkStorage",
        "outputs",
        "product",
        "registryAuth",
        "template",
        "vpc",
    ]


@EACH
def test_the_example_of_each_type_is_valid_and_an_expression_may_stand_for_each_criterion(of: LookupType) -> None:
    validator = jsonschema.Draft202012Validator(project_schema())
    for criteria in (of.example, dict.fromkeys(of.criteria, "${var.x}")):
        assert not [*validator.iter_errors({**HEAD, "lookups": {"x": {of.name: criteria}}})]
    for wrong in ({}, {"nothing": 1}, {"choose": "some"}):
        assert [*validator.iter_errors({**HEAD, "lookups": {"x": {of.name: wrong}}})]


@EACH
def test_each_type_says_what_it_is_and_what_it_gives(of: LookupType) -> None:
    assert of.summary.endswith(".")
    assert all(schema["description"].endswith(".") for schema in of.criteria.values())
    assert {*of.one_of} <= of.criteria.keys()
    needs = of.needs(of.example, ReadSoFar())
    assert needs.parts <= PARTS.keys()
    assert needs.lists <= KINDS.keys()
    assert needs


JSON = trees(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.sampled_from(["1e999", "-1"]),
    st.sampled_from(["data", "id", "name", "price", "pricing", "regions", "price_per_m_decimal", "context_size"]),
)


@EACH
@given(answers=st.fixed_dictionaries({name: st.lists(JSON, max_size=2) for name in PARTS}))
def test_no_answer_of_the_api_breaks_a_lookup(of: LookupType, answers: dict[str, list[object]]) -> None:
    needs = of.needs(of.example, ReadSoFar())
    if not needs.parts:
        return
    found = of.answer(of.example, ReadSoFar(catalogue=parse_catalogue(answers)))
    assert isinstance(found, (Answer, NoAnswer))


@EACH
def test_an_account_without_anything_gives_no_answer(of: LookupType) -> None:
    needs = of.needs(of.example, ReadSoFar())
    if needs.projects:
        return
    read = ReadSoFar(catalogue=Catalogue(), lists=dict.fromkeys(needs.lists, ()))
    found = of.find(of.example, read)
    assert not isinstance(found, Matches)
    assert found.summary
