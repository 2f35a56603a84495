"""Secrets written as their sources: read again, checked, and reported when missing or changed."""

from __future__ import annotations

import json

import pytest

from novita_infra.encoding import Resolver, decode_with_sources, encode_with_sources
from novita_infra.model.diagnostics import Problems, problem
from novita_infra.model.values import Secret, joined_text

KEY = "aa" * 32
ONE = Secret("hush", "env:ONE")
JOINED = Secret("Bearer hush", "env:ONE", joined_text(("Bearer ", ONE)))


def resolver(known: dict[str, str], read: list[str] | None = None) -> Resolver:
    def resolve(source: str) -> str:
        if read is not None:
            read.append(source)
        if source not in known:
            raise problem(f"{source} is not set")
        return known[source]

    return resolve


def test_secrets_are_read_again_from_their_sources_once_each() -> None:
    data = encode_with_sources({"a": ONE, "b": [JOINED, ONE], "c": 1}, KEY)
    assert "hush" not in json.dumps(data)
    read: list[str] = []
    assert decode_with_sources(data, resolver({"env:ONE": "hush"}, read), KEY) == {"a": ONE, "b": [JOINED, ONE], "c": 1}
    assert read == ["env:ONE"]


def test_missing_and_changed_secrets_are_reported_together() -> None:
    data = encode_with_sources([ONE, Secret("x", "env:TWO")], KEY)
    with pytest.raises(Problems) as caught:
        decode_with_sources(data, resolver({"env:ONE": "other"}), KEY)
    assert [item.summary for item in caught.value.diagnostics] == [
        "the secret from env:ONE has changed since the plan was made",
        "env:TWO is not set",
    ]
