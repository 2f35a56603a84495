"""What holds for every kind: that it is whole, sound, and never surprised by what the service says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import kind_facts
import pytest
from crash_cases import unwritten_calls
from draws import draws
from hypothesis import given, settings
from hypothesis import strategies as st
from quick_yaml import read_yaml

from novita_infra.api.request import Request
from novita_infra.catalogue.prices import PriceList, rate
from novita_infra.catalogue.products import IMAGE_LIST, PARTS, Catalogue
from novita_infra.kinds import KINDS, by_name
from novita_infra.kinds.call import Call, Target
from novita_infra.kinds.field import By, Cases, Comparison, Default, Field, Grows, Local, Platform, Refusal, Replaces
from novita_infra.kinds.kind import Kind
from novita_infra.kinds.toolkit.field_keys import READ
from novita_infra.model.resources import Live, Phase
from novita_infra.model.values import Spec

ALL = tuple(KINDS.values())
FIELDS = [(kind, item) for kind in ALL for item in kind.fields]
CALLS = [(kind, call) for kind in ALL for call in (kind.api.create, *kind.api.updates, kind.api.delete)]

GROWING = [(kind, item) for kind, item in FIELDS if isinstance(item.change, Grows)]
BY_CASE = [(kind, item, item.change) for kind, item in FIELDS if isinstance(item.change, Cases)]
REFERRING = [(kind, item) for kind, item in FIELDS if item.refers or item.refers_at]
WITH_DEFAULT = [(kind, item, item.absent) for kind, item in FIELDS if isinstance(item.absent, Default)]
SET_LATER = [(kind, item) for kind, item in FIELDS if not item.created]
COVERING = [(kind, call) for kind, call in CALLS if call.also_sets]
ON_LIVE = [(kind, call) for kind, call in CALLS if call is not kind.api.create]


def named(pairs: Iterable[tuple[Any, ...]]) -> list[Any]:
    """The pairs as parameters with the id KIND.NAME."""
    return [pytest.param(*pair, id=f"{pair[0].name}.{pair[1].name}") for pair in pairs]


each_kind = pytest.mark.parametrize("kind", ALL, ids=[kind.type for kind in ALL])
each_field = pytest.mark.parametrize(("kind", "field"), named(FIELDS))
each_call = pytest.mark.parametrize(("kind", "call"), named(CALLS))
bounded = settings(max_examples=draws(40), deadline=None)

WORDS = (
    ("id", "Id", "id", "storageId", "networkId", "templateId", "productId", "clusterId", "clusterID", "clusterName"),
    ("name", "storageName", "imageName", "imageUrl", "note", "kind", "billingMode", "endTime", "username", "url"),
    ("state", "status", "statusError", "reason", "error", "message", "Addresses", "segment", "network", "jobs"),
    ("workers", "workerConfig", "ports", "portMappings", "volumeMounts", "envs", "image", "products", "policy"),
    ("storageSize", "imageSize", "completeTime", "rootfsSize", "gpuNum", "healthy", "spotStatus", "tools", "command"),
)
"""The keys that the answers of the kinds have."""
NAMESPACES = ("/gpu-instance/openapi/v1/", "/openapi/v2/", "/openai/v1/", "/gpus/v2/")
KEYS = st.sampled_from([word for line in WORDS for word in line])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
FLAT = LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(KEYS | st.text(max_size=4), LEAVES, max_size=2)
JSON = FLAT | st.lists(FLAT, max_size=3) | st.dictionaries(KEYS | st.text(max_size=8), FLAT, max_size=3)
"""Values of up to three levels. `st.recursive` costs more to draw."""
ITEMS = st.dictionaries(KEYS, JSON, max_size=12)


def single_means(field: Field) -> Iterator[By | Replaces | Refusal]:
    """Every outcome that a difference in the field may have."""
    match field.change:
        case Grows(call=call, shrinking=shrinking):
            yield By(call)
            yield shrinking
        case Cases(cases=cases, otherwise=otherwise):
            yield from cases.values()
            yield otherwise
        case Local():
            return
        case one:
            yield one


def example_spec(kind: Kind) -> dict[str, Any]:
    """The spec of the kind's example, with the name that the metadata would give it."""
    return {"name": "example", **read_yaml(kind.example)["spec"]}


def chosen_spec(kind: Kind) -> dict[str, Any]:
    """The same as if chosen: the product has an id."""
    spec = example_spec(kind)
    return {**spec, "product": {**spec["product"], "id": "p1"}} if "product" in spec else spec


# --- the registry ---------------------------------------------------------------------------------------------------


def test_every_kind_has_a_folder_of_facts_and_no_folder_is_of_another() -> None:
    folders = {path.parent.name for path in kind_facts.HERE.glob("*/__init__.py")}
    assert folders == set(KINDS), "tests/support/kind_facts"


@each_kind
def test_everything_that_the_suite_must_know_of_a_kind_is_written(kind: Kind) -> None:
    missing = [*kind_facts.unwritten(kind.type), *unwritten_calls(kind.type)]
    assert not missing, "still to be written:\n" + "\n".join(missing)


@each_kind
def test_a_kind_is_found_by_its_prefix_and_its_name(kind: Kind) -> None:
    assert KINDS[kind.type] is kind
    assert by_name(kind.name) is kind
    assert re.fullmatch(r"[a-z_]+", kind.type)
    assert re.fullmatch(r"[A-Z][A-Za-z]+", kind.name)


def test_an_unknown_name_is_no_kind() -> None:
    assert by_name("Machine") is None
    assert by_name("network_storage") is None


# --- fields ---------------------------------------------------------------------------------------------------------


@each_field
def test_a_field_says_what_it_is_and_where_the_api_has_it(kind: Kind, field: Field) -> None:
    assert re.fullmatch(r"[a-z][A-Za-z]+", field.name)
    assert field.doc.endswith("."), field.doc
    assert "\n" not in field.doc
    sourced = re.search(r"\((gpu-|serverless-|key-|model-apis-|guides/)[a-z-]+", field.api) is not None
    assert sourced or isinstance(field.change, Local)
    assert [item.name for item in kind.fields].count(field.name) == 1


@each_field
def test_every_means_names_a_call_that_exists_or_a_reason(kind: Kind, field: Field) -> None:
    names = {call.name for call in kind.api.updates}
    for means in single_means(field):
        if isinstance(means, By):
            assert means.call in names
        else:
            assert len(means.why) > 10


@pytest.mark.parametrize(("kind", "field"), named(GROWING))
def test_only_a_number_grows(kind: Kind, field: Field) -> None:
    assert field.schema["type"] == "integer"


@pytest.mark.parametrize(("kind", "field", "cases"), named(BY_CASE))
def test_the_cases_of_a_change_are_values_of_the_field(kind: Kind, field: Field, cases: Cases) -> None:
    known = set(field.schema["enum"])
    assert all({before, after} <= known for before, after in cases.cases)


@pytest.mark.parametrize(("kind", "field"), named(REFERRING))
def test_what_a_field_refers_to_is_a_kind(kind: Kind, field: Field) -> None:
    assert field.refers in KINDS
    at: Any = field.schema
    for name in field.refers_at:
        at = at["items"] if name == "*" else at["properties"][name]
    shapes = {branch.get("type") for branch in at["anyOf"]}
    assert shapes == {"string", "object"}, "a name, or {id: ...}"


def test_absence_is_left_to_the_service_or_has_a_default() -> None:
    assert {type(field.absent) for _, field in FIELDS} == {Platform, Default}


@pytest.mark.parametrize(("kind", "field", "default"), named(WITH_DEFAULT))
def test_a_default_is_of_the_fields_own_type(kind: Kind, field: Field, default: Default) -> None:
    assert default.value is not None, "None would be taken for not known when a call sends everything"
    assert not field.required, "a required field is never absent"
    types = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}
    expected = str if field.refers and not field.refers_at else types[field.schema.get("type", "string")]
    assert isinstance(default.value, expected)


@pytest.mark.parametrize(("kind", "field"), named(FIELDS))
def test_the_keys_of_a_field_name_calls_that_carry_it(kind: Kind, field: Field) -> None:
    assert field.keys.keys() <= {READ, "create", *(call.name for call in kind.api.updates)}
    assert field.created or "create" not in field.keys


@pytest.mark.parametrize(("kind", "field"), named(SET_LATER))
def test_a_field_that_the_create_does_not_carry_has_a_call_and_a_default(kind: Kind, field: Field) -> None:
    assert isinstance(field.absent, Default)
    assert any(isinstance(means, By) for means in single_means(field))


@each_kind
def test_only_lists_are_compared_as_sets_and_only_maps_hold_secret_items(kind: Kind) -> None:
    assert {item.schema["type"] for item in kind.fields if item.compared is Comparison.AS_SET} <= {"array"}
    assert {item.schema["type"] for item in kind.fields if item.compared is Comparison.TRIMMED} <= {"string"}
    assert {item.schema["type"] for item in kind.fields if item.secret_items} <= {"object"}


# --- calls ----------------------------------------------------------------------------------------------------------


@each_call
def test_a_call_says_its_name_and_what_it_does(kind: Kind, call: Call) -> None:
    assert call.summary.startswith(f"{call.name}: ")
    assert len(call.summary) > len(call.name) + 10
    names = [item.name for item in (kind.api.create, *kind.api.updates, kind.api.delete)]
    assert names.count(call.name) == 1


@pytest.mark.parametrize(("kind", "call"), named(COVERING))
def test_what_a_call_covers_are_fields(kind: Kind, call: Call) -> None:
    assert set(call.also_sets) <= {item.name for item in kind.fields}


@each_kind
def test_every_call_but_power_is_named_by_some_field(kind: Kind) -> None:
    named = {means.call for item in kind.fields for means in single_means(item) if isinstance(means, By)}
    assert {call.name for call in kind.api.updates} == named


@each_kind
def test_the_first_and_the_last_call_have_their_names(kind: Kind) -> None:
    assert (kind.api.create.name, kind.api.delete.name) == ("create", "delete")
    assert kind.api.delete.final_phases == {Phase.GONE}
    assert not kind.api.create.final_phases or Phase.READY in kind.api.create.final_phases


@each_kind
def test_a_create_of_the_example_sends_json_once_only_where_another_would_be_made(kind: Kind) -> None:
    request = kind.api.create.request(Target("", chosen_spec(kind)))
    assert_write(request)
    assert request.body
    assert request.repeatable == bool(kind.api.part_of), "a create may double"


@each_kind
def test_a_delete_names_the_id_and_may_be_repeated(kind: Kind) -> None:
    request = kind.api.delete.request(Target("the-id", chosen_spec(kind)))
    assert_write(request)
    assert request.repeatable
    assert "the-id" in f"{request.path} {request.body}"


@pytest.mark.parametrize(("kind", "call"), named(ON_LIVE))
def test_a_call_on_a_live_object_names_its_id(kind: Kind, call: Call) -> None:
    spec = {"months": 3, **chosen_spec(kind)}
    live = Live("the-id", "example", Phase.READY, "ready", {**spec, "months": 1})
    request = call.request(Target("the-id", spec, live, {"months": 1}))
    if kind.api.job and call.name == kind.api.job.fetch_call:  # it changes nothing in the account
        assert request.method == "GET"
    else:
        assert_write(request)
    assert "the-id" in f"{request.path} {request.body}"


def assert_write(request: Request) -> None:
    """Every write of v1 is a POST of JSON; other namespaces have methods of their own."""
    assert not request.query
    if request.path.startswith("/gpu-instance/openapi/v1/"):
        assert request.method == "POST"
        assert isinstance(request.body, dict)
    else:
        assert request.path.startswith(NAMESPACES)
        assert request.method in {"POST", "PUT", "DELETE"}


# --- reading --------------------------------------------------------------------------------------------------------


@each_kind
def test_the_list_is_a_read_of_the_same_api(kind: Kind) -> None:
    pages = kind.api.read.pages
    assert pages.path.startswith(NAMESPACES)
    assert pages.items
    assert pages.identity
    if kind.api.read.get is not None:
        request = kind.api.read.get("the-id")
        assert (request.method, request.body, request.repeatable) == ("GET", None, True)
        assert "the-id" in {*request.query.values(), *request.path.split("/")}


@each_kind
@bounded
@given(item=ITEMS | st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_parsing_never_raises_and_knows_only_its_fields_and_outputs(kind: Kind, item: dict[str, Any]) -> None:
    live = kind.api.read.parse(item)
    assert isinstance(live.phase, Phase)
    assert all(isinstance(text, str) for text in (live.id, live.name, live.status, live.trouble))
    assert set(live.values) <= {field.name for field in kind.fields}
    assert set(live.outputs) <= {"id", *kind.outputs}
    assert {name for name, value in live.outputs.items() if isinstance(value, (int, float))} <= kind.api.number_outputs
    assert None not in live.values.values()


@each_kind
@bounded
@given(item=ITEMS)
def test_secret_fields_are_never_read(kind: Kind, item: dict[str, Any]) -> None:
    secret = {field.name for field in kind.fields if field.secret}
    assert not secret & set(kind.api.read.parse({**item, "password": "x", "imageAuth": "u:p"}).values)


@each_kind
@bounded
@given(answer=JSON | ITEMS | st.fixed_dictionaries({"id": JSON}) | st.dictionaries(st.just("endpoint"), ITEMS))
def test_any_answer_of_a_create_or_a_get_is_understood_or_empty(kind: Kind, answer: Any) -> None:
    assert isinstance(kind.api.new_id(answer), str)
    if kind.api.read.unwrap is not None:
        found = kind.api.read.unwrap(answer)
        assert found is None or kind.api.read.parse(found) is not None


@each_kind
def test_an_empty_answer_of_a_create_holds_no_id(kind: Kind) -> None:
    empty: list[Any] = [None, "", {}, []]
    assert [kind.api.new_id(answer) for answer in empty] == [""] * 4


@each_kind
def test_an_unknown_status_keeps_waiting_where_the_kind_has_one(kind: Kind) -> None:
    words = {"state": "never-heard-of", "status": "never-heard-of"}
    phases = {kind.api.read.parse({"id": "x", "Id": "x", key: word}).phase for key, word in words.items()}
    assert phases == ({Phase.READY} if not kind_facts.FACTS[kind.type].has_status else {Phase.CHANGING})


@each_kind
@bounded
@given(item=ITEMS)
def test_the_same_question_is_answered_of_any_two(kind: Kind, item: dict[str, Any]) -> None:
    live = kind.api.read.parse(item)
    assert kind.api.matches(chosen_spec(kind), live) in {True, False}
    if kind.api.deletion_refusal is not None:
        assert isinstance(kind.api.deletion_refusal(live), str)


# --- judging --------------------------------------------------------------------------------------------------------


@each_kind
def test_the_example_is_sound(kind: Kind) -> None:
    spec = example_spec(kind)
    inherited = kind.resolution.inherit(spec, lambda *_: None) if kind.resolution.inherit else spec
    assert not [*(kind.resolution.check(inherited) if kind.resolution.check else ())]


@each_kind
@bounded
@given(changes=st.dictionaries(st.text(max_size=3), JSON, max_size=2), data=st.data())
def test_checking_never_raises_whatever_a_field_holds(kind: Kind, changes: Spec, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([item.name for item in kind.fields]))
    spec = {**example_spec(kind), name: data.draw(JSON), **changes}
    if kind.resolution.check is not None:
        assert all(fault.summary for fault in kind.resolution.check(spec))


@each_kind
def test_an_empty_catalogue_gives_faults_and_no_error(kind: Kind) -> None:
    assert set(kind.resolution.catalogues) <= set(PARTS)
    resolved = set(kind.resolution.catalogues) - {IMAGE_LIST}  # the planner looks in it for what a create saves over
    assert (kind.resolution.resolve is None) == (not resolved)
    if kind.resolution.resolve is None:
        return
    spec = read_yaml(kind.example)["spec"]
    chosen, faults = kind.resolution.resolve(spec, Catalogue(), None)
    assert set(chosen) == set(spec)
    assert faults
    assert all(fault.path[0] in spec and fault.summary for fault in faults)


@each_kind
@bounded
@given(item=ITEMS)
def test_whatever_is_live_has_a_price_or_an_unknown_one(kind: Kind, item: dict[str, Any]) -> None:
    assert set(kind.market.price_lists) <= set(PARTS)
    if kind.market.costs is None:
        return
    live = kind.api.read.parse(item).values
    for cost in (
        *kind.market.costs(live, PriceList()),
        *(kind.market.purchases(None, live, PriceList()) if kind.market.purchases else ()),
    ):
        assert cost.what
        assert cost.price is None or cost.price > 0
        assert cost.hours >= 0
    assert rate(kind.market.costs(example_spec(kind), PriceList())).least >= 0


@each_kind
def test_waits_are_bounded_and_outputs_are_described(kind: Kind) -> None:
    assert min(kind.timeouts.create, kind.timeouts.update, kind.timeouts.delete) >= 60
    longest = 4 * 3600 if kind.api.job is None else 51 * 3600
    assert max(kind.timeouts.create, kind.timeouts.update, kind.timeouts.delete) <= longest
    assert "id" not in kind.outputs
    assert kind.api.number_outputs <= kind.outputs.keys()
    assert all(re.fullmatch(r"[a-z][A-Za-z0-9]+", name) and text for name, text in kind.outputs.items())
