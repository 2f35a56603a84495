"""Readers of the API's JSON values: numbers as text, missing values, and anything else without an error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.api.json_values import (
    carried,
    created_in,
    filled,
    flag_of,
    int_of,
    object_of,
    objects_of,
    text_of,
    texts_of,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(JSON)
def test_the_readers_take_any_json(value: Any) -> None:
    for read in (int_of, text_of, flag_of, object_of, objects_of, texts_of):
        read(value)
    assert created_in({"createdAt": value}) >= 0.0


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (24, 24),
        ("24", 24),
        (" 24 ", 24),
        ("24.0", 24),
        (2.9, 2),
        ("", None),
        ("x", None),
        (True, None),
        ("1e999", None),
    ],
)
def test_a_whole_number_may_come_as_text(value: Any, number: int | None) -> None:
    assert int_of(value) == number


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1763800000", 1_763_800_000.0),
        (1_763_800_000_000, 1_763_800_000.0),
        ("2025-11-22T08:26:40Z", 1_763_800_000.0),
        ("2025-11-22T08:26:40", 1_763_800_000.0),
        ("yesterday", 0.0),
        (-5, 0.0),
        (None, 0.0),
    ],
)
def test_a_time_of_creation_is_read_in_every_form(value: Any, seconds: float) -> None:
    assert created_in({"createTime": value}) == seconds


def test_an_object_may_come_alone_or_in_a_list() -> None:
    assert object_of([{"a": 1}, {"a": 2}]) == object_of({"a": 1}) == {"a": 1}
    assert object_of("x") == object_of([]) == {}
    assert objects_of([{"a": 1}, None, "x"]) == [{"a": 1}]


def test_texts_and_flags_may_come_in_other_types() -> None:
    assert (text_of(5), text_of(None), text_of(True)) == ("5", "", "")
    assert (flag_of("True"), flag_of("false"), flag_of(1), flag_of(None)) == (True, False, True, False)
    assert texts_of(["a", 5, "", None]) == ["a", "5"]
    assert texts_of("a") == []


def test_carried_keeps_empty_fields_and_leaves_out_missing_ones() -> None:
    readers: Any = {"gb": ("size", int_of), "name": ("name", text_of), "other": ("other", text_of)}
    assert carried({"size": "x", "name": ""}, readers) == {"name": ""}
    assert filled({"a": None, "b": "", "c": [], "d": {}, "e": 0, "f": False}) == {"e": 0, "f": False}
