"""The secrets that a client knows: read when the first text arrives, and gone from every text after that."""

from __future__ import annotations

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
