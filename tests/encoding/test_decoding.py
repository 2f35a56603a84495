"""Frozen dataclasses to JSON and back, and what is said of JSON that does not hold one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.encoding import Malformed, canonical, decode_as, encode, parse_json
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.records import PendingCall, Record
from novita_infra.model.resources import Loss
from novita_infra.model.values import Digest, Ref, joined_text
from novita_infra.planning.plan.changes import Action, Change, FieldChange, Means

TRAINER = Address("instance", "trainer")
NET = Address("vpc", "net")

SPECS = st.dictionaries(
    st.sampled_from(["image", "env", "$odd", "$$odder"]),
    st.one_of(
        st.none(),
        st.integers(),
        st.text(max_size=5),
        st.just(Ref(NET)),
        st.just(Digest("00")),
        st.just(joined_text(("a", Ref(NET)))),
        st.dictionaries(st.sampled_from(["A", "$B"]), st.text(max_size=5)),
    ),
)
TEXTS = st.text(max_size=5)
ADDRESSES = st.sampled_from([TRAINER, NET, Address("instance", "w", "eu")])
RECORDS = st.builds(
    Record,
    address=ADDRESSES,
    id=TEXTS,
    spec=SPECS,
    outputs=SPECS,
    needs=st.lists(ADDRESSES).map(tuple),
    pending=st.one_of(
        st.none(),
        st.builds(PendingCall, operation=TEXTS, call=TEXTS, since=st.floats(0, 1e10), sent=SPECS, before=SPECS),
    ),
    retired=st.lists(TEXTS).map(tuple),
    protect=st.booleans(),
    source=TEXTS,
)


@given(RECORDS)
def test_a_record_comes_back_as_it_went(record: Record) -> None:
    assert decode_as(Record, parse_json(canonical(record))) == record


def test_a_field_that_has_its_default_is_left_out() -> None:
    assert encode(Record(TRAINER, "i-1")) == {"address": "instance.trainer", "id": "i-1"}


def test_enums_tuples_and_addresses_have_plain_forms() -> None:
    change = Change(
        NET,
        Action.REPLACE,
        fields=(FieldChange("name", None, "b", Means.of("forces replacement")),),
        loses=(Loss("all", 5),),
    )
    assert encode(change) == {
        "address": "vpc.net",
        "action": "replace",
        "fields": [{"name": "name", "before": None, "after": "b", "means": "forces replacement"}],
        "loses": [{"what": "all", "gb": 5}],
    }
    assert decode_as(Change, encode(change)) == change


def test_a_nested_dataclass_comes_back() -> None:
    assert decode_as(Origin, {"file": "a.yaml", "line": 1, "column": 2}) == Origin("a.yaml", 1, 2)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], "an object is wanted, not a list"),
        ({"id": "x"}, "address is missing"),
        ({"address": "x", "id": "y"}, "address: an address such as instance.trainer is wanted, not 'x'"),
        ({"address": None, "id": "y"}, "address: an address such as instance.trainer is wanted, not null"),
        ({"address": "vpc.net", "id": 5}, "id: text is wanted, not a whole number"),
        ({"address": "vpc.net", "id": "", "protect": 1}, "protect: true or false is wanted, not a whole number"),
        ({"address": "vpc.net", "id": "", "spec": []}, "spec: an object is wanted, not a list"),
        ({"address": "vpc.net", "id": "", "needs": "x"}, "needs: a list is wanted, not text"),
        ({"address": "vpc.net", "id": "", "retired": ["a", 2.5]}, "retired.1: text is wanted, not a number"),
        (
            {"address": "vpc.net", "id": "", "spec": {"a": {"$x": 1}}},
            "spec.a: nothing known is written with the keys $x",
        ),
        ({"address": "vpc.net", "id": "", "colour": 1}, "colour: this field is not known"),
        (
            {"address": "vpc.net", "id": "", "underway": {"operation": "", "call": "", "since": True}},
            "underway.since: a number is wanted, not true or false",
        ),
    ],
)
def test_a_wrong_value_is_reported_with_its_path(data: Any, says: str) -> None:
    with pytest.raises(Malformed) as caught:
        decode_as(Record, data)
    assert str(caught.value) == says


def test_a_choice_that_is_not_known_is_reported_with_those_that_are() -> None:
    with pytest.raises(Malformed, match=r"^action: one of no-op, create, .* is wanted"):
        decode_as(Change, {"address": "vpc.net", "action": "explode"})


def test_nesting_beyond_measure_is_malformed_and_no_crash() -> None:
    deep: Any = {}
    for _ in range(3000):
        deep = {"a": deep}
    with pytest.raises(Malformed, match="beyond all measure"):
        decode_as(Record, {"address": "vpc.net", "id": "", "spec": deep})
