"""The language of the pairs tells a difference where there is one."""

from __future__ import annotations

from typing import Any

import pytest
from pairs import SORTS, differences, filled, sampled


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (1, 1),
        ("<text>", "a"),
        ("<text?>", ""),
        ("<digits>", "-12"),
        ("<usd>", "0.00001"),
        ({"a": "<int>"}, {"a": 3}),
        ({"a": 1, "<more>": True}, {"a": 1, "b": 2}),
        (["<some>", {"a": 1}], [{"a": 2}, {"a": 1}]),
        ([], []),
        (None, None),
        ("<any>", {"a": []}),
    ],
)
def test_what_agrees_has_no_difference(wanted: Any, found: Any) -> None:
    assert list(differences(wanted, found)) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (1, "1"),
        (1, True),
        (1, 1.0),
        ("a", "b"),
        ("<text>", ""),
        ("<int>", "3"),
        ("<int>", True),
        ("<digits>", 12),
        ("<time>", "12"),
        ("<usd>", "0.1"),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1}, {}),
        ({"a": 1}, [1]),
        ({}, {"a": 1}),
        (["<some>", {"a": 1}], [{"a": 2}]),
        (["<some>", 1], None),
        ([], [1]),
        ([1, 2], [1]),
        (None, []),
    ],
)
def test_what_does_not_agree_is_told(wanted: Any, found: Any) -> None:
    assert list(differences(wanted, found)) != []


@pytest.mark.parametrize("sort", SORTS)
def test_a_sample_is_of_its_sort(sort: str) -> None:
    assert list(differences(sort, sampled(sort))) == []


def test_ids_stand_in_texts_too() -> None:
    said = {"url": "https://$thing-80.host", "list": ["$thing"]}
    assert filled(said, {"thing": "x1"}) == {"url": "https://x1-80.host", "list": ["x1"]}
