"""What differs inside nested values, and how it is shown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.model.addresses import Address
from novita_infra.model.values import Digest, Ref, Secret, Value
from novita_infra.planning.changes.equality import Difference, explain_difference
from novita_infra.views.content.lines import plain
from novita_infra.views.plan_lines.values import differing

OLD, NEW = Secret("hunter2", "env:A"), Secret("swordfish", "env:A")
URL = Ref(Address("endpoint", "api"), "url")
LEAVES: st.SearchStrategy[Value] = st.one_of(
    st.text(max_size=4),
    st.integers(-3, 3),
    st.booleans(),
    st.sampled_from([0.5, 1.0]),
    st.sampled_from([OLD, NEW, URL]),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=3), inner, max_size=4)),
    max_leaves=8,
)
MAPS = st.dictionaries(st.text(max_size=3), VALUES, max_size=4)


def shown(before: Value, after: Value) -> str:
    return plain(differing("it", before, after, indent=0, note=("", None)))


@pytest.mark.parametrize(
    ("before", "after", "differences"),
    [
        ({"a": 1, "b": {"c": 2}}, {"a": 1.0, "b": {"c": 3, "d": 4}}, [(("b", "c"), 2, 3), (("b", "d"), None, 4)]),
        ({"a": 1}, {"b": 1}, [(("a",), 1, None), (("b",), None, 1)]),
        ({"a": 1}, {"a": True}, [(("a",), 1, True)]),
        ({"a": "1"}, {"a": 1}, [(("a",), "1", 1)]),
        ({"a": {"x": 1}}, {"a": "x"}, [(("a",), {"x": 1}, "x")]),
        ([1, 2], [2, 1], [((0,), 1, 2), ((1,), 2, 1)]),
        ({"t": OLD}, {"t": NEW}, [(("t",), OLD, NEW)]),
        ({"t": Digest("00"), "u": URL}, {"t": Digest("ff"), "u": URL}, [(("t",), Digest("00"), Digest("ff"))]),
    ],
)
def test_differences_are_explained_by_their_place(before: Value, after: Value, differences: list[Any]) -> None:
    assert explain_difference(before, after) == tuple(Difference(*item) for item in differences)


@given(before=MAPS, after=MAPS)
def test_maps_that_differ_are_explained_and_equal_ones_are_not(
    before: dict[str, Value], after: dict[str, Value]
) -> None:
    explained = {item.path[0] for item in explain_difference(before, after)}
    unlike = {name for name in before.keys() | after.keys() if not same(before.get(name), after.get(name))}
    assert explained <= unlike
    assert bool(explained) == bool(unlike)


@given(value=MAPS)
def test_a_value_does_not_differ_from_itself(value: dict[str, Value]) -> None:
    assert explain_difference(value, value) == ()


def same(left: Value, right: Value) -> bool:
    """Equal, and a truth is no number."""
    match left, right:
        case dict(), dict():
            return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
        case list(), list():
            return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
        case _:
            return left == right and isinstance(left, bool) == isinstance(right, bool)


def test_a_changed_item_of_a_list_is_shown_by_its_own_difference() -> None:
    mounts: list[Value] = [{"storage": f"storage-{index}", "mountPath": f"/mnt/{index}"} for index in range(3)]
    moved: list[Value] = [mounts[2], {"storage": "storage-1", "mountPath": "/elsewhere"}, mounts[0]]
    assert shown(mounts, moved) == ('~ it:\n    ~ [1].mountPath: "/mnt/1" -> "/elsewhere"\n      (2 unchanged)\n')
    assert shown(mounts, mounts[1:]) == (
        '~ it:\n    - {storage: "storage-0", mountPath: "/mnt/0"}\n      (2 unchanged)\n'
    )


def test_a_wish_is_shown_by_its_place_and_no_secret_is() -> None:
    before: Value = {"anyOf": [{"gpu": "H100", "maxPricePerHour": 0.5}, {"gpu": "L40S"}], "a": 1, "token": OLD}
    after: Value = {"anyOf": [{"gpu": "H100", "maxPricePerHour": 0.6}, {"gpu": "L40S"}], "a": 1, "token": NEW}
    assert shown(before, after) == (
        "~ it:\n    ~ anyOf[0].maxPricePerHour: 0.5 -> 0.6\n    ~ token: (secret) -> (secret)\n      (1 unchanged)\n"
    )
