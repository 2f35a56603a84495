"""The secrets that a client knows: read when the first text arrives, and gone from every text after that."""

from __future__ import annotations

import pytest

from novita_infra.api.known_secrets import KnownSecrets


def test_sources_are_read_once_and_only_when_a_text_arrives() -> None:
    read: list[str] = []

    def source() -> list[str]:
        read.append("now")
        return ["hunter2"]

    secrets = KnownSecrets("sk_test")
    secrets.add(source)
    assert secrets.redacted("") == ""
    assert read == []
    assert secrets.redacted("sk_test and hunter2") == "(secret) and (secret)"
    assert secrets.redacted("hunter2 again") == "(secret) again"
    assert read == ["now"]


def test_a_source_that_is_added_later_counts_for_later_texts() -> None:
    secrets = KnownSecrets()
    assert secrets.redacted("hunter2") == "hunter2"
    secrets.add(lambda: {"hunter2"})
    assert secrets.redacted("hunter2, pepper", "pepper") == "(secret), (secret)"
    assert secrets.all() == {"hunter2"}


VALUES = {
    "https://x/?token=hunter2-long": "https://x/?token=(secret)",
    "two  blanks, hunter2-long": "two  blanks, (secret)",
    "b64 aHVudGVyMi1sb25n": "b64 (secret)",
    "ssh bob7@host -p 8888": "ssh (secret)@host -p 8888",
    "https://bob7x-8888.example.com:87654321": "https://bob7x-8888.example.com:87654321",
    "root on localhost": "root on localhost",
}
"""Texts of values, and what remains of them."""


@pytest.mark.parametrize("text", VALUES)
def test_a_value_loses_its_secrets_and_keeps_ports_and_names(text: str) -> None:
    secrets = KnownSecrets("hunter2-long", "bob7", "8888", "87654321", "root")
    changed = secrets.in_values([text, "an address"])
    assert changed == ({text: VALUES[text]} if VALUES[text] != text else {})
