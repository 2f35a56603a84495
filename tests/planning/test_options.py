"""Names and patterns that select addresses."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from novita_infra.model.addresses import Address
from novita_infra.planning.options import is_selected

LETTERS = st.text(alphabet="ab*", max_size=8)


@given(LETTERS, st.text(alphabet="ab", min_size=1, max_size=10))
def test_a_star_in_a_pattern_stands_for_any_characters(pattern: str, name: str) -> None:
    expected = re.compile(".*".join(map(re.escape, f"vpc.{pattern}".split("*")))).fullmatch(f"vpc.{name}")
    assert is_selected(Address("vpc", name), (f"vpc.{pattern}",)) is bool(expected)


def test_a_pattern_of_64_kb_of_stars_is_read_in_linear_time() -> None:
    address = Address("vpc", "a" * 65_536)
    assert is_selected(address, ("*a" * 32_768,))
    assert not is_selected(address, ("*a" * 32_768 + "b",))


def test_a_name_without_a_key_selects_every_key() -> None:
    assert is_selected(Address("vpc", "n", "eu"), ("vpc.n",))
    assert not is_selected(Address("vpc", "n"), ())
