"""Digests that replace secrets: equal for equal secrets of one key, and never the secret."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from novita_infra.encoding import derived_key, digest, digests, hmac_of, is_key, matches_digest, slow_key
from novita_infra.model.addresses import Address
from novita_infra.model.values import Digest, Ref, Secret, joined_text

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
    joined = joined_text(("Bearer ", secret("x")))
    assert digest(joined, KEY) == digest(secret("Bearer x"), KEY)


def test_a_joined_text_that_waits_keeps_its_plain_parts() -> None:
    assert digest(joined_text(("a", secret("x"), NET)), KEY) == joined_text(("a", digest(secret("x"), KEY), NET))
    assert digest(joined_text(("a", NET)), KEY) == joined_text(("a", NET))


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


def test_a_slow_digest_is_scrypt_of_the_keyed_digest() -> None:
    key = slow_key(KEY, 4)
    fast = hmac_of("0000", key).encode()
    slow = hashlib.scrypt(fast, salt=bytes.fromhex(KEY), n=16, r=8, p=1, dklen=32).hex()
    assert digest(secret("0000"), key) == Digest(slow)
    assert digest(secret("0000"), slow_key(KEY, 5)) != Digest(slow)
    assert hmac_of("0000", key) == hmac_of("0000", KEY)


def test_a_slow_digest_matches_exactly_its_text() -> None:
    key = slow_key(KEY, 1)
    recorded = digest({"env": {"A": secret("x")}}, key)
    assert matches_digest({"env": {"A": "x"}}, recorded, key)
    assert not matches_digest({"env": {"A": "y"}}, recorded, key)


def test_each_secret_is_computed_once() -> None:
    before = digests.stretched.cache_info().misses
    digest({str(number): secret(f"s{number % 3}") for number in range(300)}, slow_key("cc" * 32, 2))
    assert digests.stretched.cache_info().misses - before == 3


def test_a_guess_of_a_new_key_costs_ten_milliseconds_of_memory_hard_work() -> None:
    assert source_constant("COST") == 12


def test_a_key_of_unknown_form_or_of_too_high_a_cost_is_none() -> None:
    assert all(map(is_key, [KEY, slow_key(KEY), "scrypt-14:00", "00", ""]))
    assert not any(map(is_key, ["scrypt-15:00", "scrypt-0:00", "scrypt-99:00", "scrypt:00", "argon-1:00", "0", "zz"]))


def source_constant(name: str) -> object:
    """The value of a constant as the source has it; the suite lowers the cost."""
    tree = ast.parse(Path(digests.__file__).read_text(encoding="utf-8"))
    return next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name
    )
