"""Redaction: the secrets of a request are found and replaced in every spelling."""

from __future__ import annotations

import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.api.redaction import redact, secrets_in


def test_secrets_of_a_body_are_found_by_their_keys() -> None:
    body = {
        "name": "a",
        "imageAuth": "ada:pass",
        "envs": [{"key": "TOKEN", "value": "hush"}],
        "auth": {"Password": "deep", "secret": 5},
    }
    assert secrets_in(body) == {"ada:pass", "pass", "hush", "deep"}
    assert secrets_in(None) == secrets_in("hush") == frozenset()


@given(st.text(min_size=4, max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_no_spelling_of_a_secret_is_left(secret: str, before: str, after: str) -> None:
    for spelling in (secret, json.dumps(secret)[1:-1], urllib.parse.quote(secret, safe="", errors="replace")):
        shown = redact(f"{before} {spelling} {after}", [secret])
        assert shown.isprintable()
        plain = " ".join("".join(mark if mark.isprintable() else " " for mark in secret).split())
        if plain and plain not in "(secret)":
            assert plain not in shown.replace("(secret)", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a limit of 10, not 1", "a limit of 10, not (secret)"),
        ("us-dallas-1 is full", "us-dallas-1 is full"),
        ("two\nlines\x07", "two lines"),
    ],
)
def test_a_short_secret_is_replaced_only_as_a_whole_word(text: str, shown: str) -> None:
    assert redact(text, ["1"]) == shown
