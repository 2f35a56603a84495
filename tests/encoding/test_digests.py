"""Digests that replace secrets: equal for equal secrets of one key, and never the secret."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from novita_infra.encoding import derived_key, digest, matches_digest
from novita_infra.model.addresses import Address
from novita_infra.model.values import Digest, Joined, Ref, Secret

KEY, OTHER = "aa" * 32, "bb" * 32
NET = Ref(Address("vpc", "net"))


def secret(text: str) -> Secret:
    return Secret(text, "env:TOKEN")


@given(st.text(), st.text())
def test_digests_are_equal_exactly_for_equal_secrets(one: str, other: str) -> None:
    first = digest(secret(one), KEY)
    assert (first == digest(secret(other), KEY)) == (one == other)
    assert first != digest(secret(one), OTHER)
    assert isinstance(first, Digest)


def test_digest_replaces_secrets_inside_lists_and_objects() -> None:
    value = {"env": {"A": secret("x"), "B": "plain"}, "list": [secret("x"), 1]}
    hidden = digest(secret("x"), KEY)
    assert digest(value, KEY) == {"env": {"A": hidden, "B": "plain"}, "list": [hidden, 1]}


def test_a_joined_text_has_the_digest_of_its_whole_text() -> None:
    joined = Joined(("Bearer ", secret("x")))
    assert digest(joined, KEY) == digest(secret("Bearer x"), KEY)


def test_a_joined_text_that_waits_keeps_its_plain_parts() -> None:
    assert digest(Joined(("a", secret("x"), NET)), KEY) == Joined(("a", digest(secret("x"), KEY), NET))
    assert digest(Joined(("a", NET)), KEY) == Joined(("a", NET))


def test_a_value_matches_its_record_in_clear_or_as_digest() -> None:
    recorded = digest({"env": {"A": secret("x")}, "list": [secret("y"), 1], "name": "a"}, KEY)
    assert matches_digest({"env": {"A": "x"}, "list": ["y", 1], "name": "a"}, recorded, KEY)
    assert matches_digest({"env": {"A": secret("x")}, "list": [secret("y"), 1], "name": "a"}, recorded, KEY)
    for changed in (
        {"env": {"A": "z"}, "list": ["y", 1], "name": "a"},
        {"env": {}, "list": ["y", 1], "name": "a"},
        {"env": {"A": "x"}, "list": ["y"], "name": "a"},
        {"env": {"A": "x"}, "list": ["y", 1], "name": "b"},
    ):
        assert not matches_digest(changed, recorded, KEY)


def test_a_derived_key_depends_on_key_and_purpose() -> None:
    assert len({derived_key(KEY, "a"), derived_key(KEY, "b"), derived_key(OTHER, "a"), KEY}) == 4
