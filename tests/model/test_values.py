"""Values of a spec: finding, resolving and revealing secrets and references."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.model.addresses import Address
from novita_infra.model.computing.compute import resolve
from novita_infra.model.values import (
    Digest,
    Ref,
    Secret,
    is_known,
    is_secret,
    joined_text,
    leaves,
    refs,
    reveal,
    values_at,
)

NET = Ref(Address("vpc", "net"))
URL = Ref(Address("endpoint", "api"), "url")
TOKEN = Secret("hush", "env:TOKEN")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ((), [{"disks": [{"gb": 1}, {"gb": 2}], "name": "a"}]),
        (("name",), ["a"]),
        (("disks", "*", "gb"), [1, 2]),
        (("disks", "gb"), []),
        (("name", "*"), []),
        (("missing",), []),
    ],
)
def test_values_at_a_path_of_a_spec(path: tuple[str, ...], found: list[Any]) -> None:
    assert list(values_at({"disks": [{"gb": 1}, {"gb": 2}], "name": "a"}, path)) == found


def test_resolve_replaces_known_references_and_keeps_the_others() -> None:
    value = {"net": NET, "urls": [URL, joined_text(("at ", URL, "/", NET))]}
    assert resolve(value, lambda ref: "v-1" if ref == NET else ref) == {
        "net": "v-1",
        "urls": [URL, joined_text(("at ", URL, "/", "v-1"))],
    }


def test_resolve_joins_a_text_with_a_secret_into_one_secret() -> None:
    joined = resolve(joined_text(("Bearer ", TOKEN, "@", NET)), lambda _: "v-1")
    assert joined == Secret("Bearer hush@v-1", "env:TOKEN", joined_text(("Bearer ", TOKEN, "@", "v-1")))
    assert str(joined) == repr(joined) == "(secret)"


def test_resolve_treats_a_missing_part_as_empty() -> None:
    assert resolve(joined_text(("a", NET, "b")), lambda _: None) == "ab"


@pytest.mark.parametrize(
    ("value", "known", "secret"),
    [
        (None, True, False),
        ({"a": [1, "x"]}, True, False),
        ([NET], False, False),
        (joined_text(("a", NET)), False, False),
        ({"a": TOKEN}, True, True),
        (joined_text(("a", Digest("0a"))), True, True),
    ],
)
def test_known_and_secret_values(value: Any, known: bool, secret: bool) -> None:
    assert (is_known(value), is_secret(value)) == (known, secret)


def test_references_and_leaves_are_listed_in_order() -> None:
    value = {"a": [NET, "x"], "b": joined_text((URL, "-", NET))}
    assert refs(value) == (NET, URL)
    assert list(leaves(value)) == [NET, "x", URL, "-", NET]


def test_reveal_gives_secrets_in_clear_and_refuses_unknown_values() -> None:
    assert reveal({"a": [TOKEN, 1]}) == {"a": ["hush", 1]}
    for unknown in (NET, joined_text(("a", NET))):
        with pytest.raises(ValueError, match="is not known yet"):
            reveal([unknown])
