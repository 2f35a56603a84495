"""Addresses: their text form, its reading back, and its refusal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.model.addresses import Address, Origin

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,5}", fullmatch=True)
KEYS = st.text(st.characters(exclude_characters='"]', exclude_categories=["Cs", "Cc"]), max_size=4)


@given(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), NAMES, KEYS)
def test_an_address_is_read_back_from_its_text(type_: str, name: str, key: str) -> None:
    address = Address(type_, name, key)
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "trainer",
        "instance.",
        ".trainer",
        "instance.a b",
        'instance.a[""]',
        'instance.a["\t"]',
        "instance.a[eu]",
        "Instance.a",
    ],
)
def test_a_text_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an address; one looks like instance"):
        Address.parse(text)


def test_an_origin_reads_as_file_line_and_column() -> None:
    assert str(Origin("fleet.yaml", 3, 7)) == "fleet.yaml:3:7"
