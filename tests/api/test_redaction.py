"""Redaction: the secrets of a request are found and replaced in every spelling."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.api.credentials import secrets_in
from novita_infra.api.redaction import _TRIVIAL, redact, without_secrets
from novita_infra.model.printable import lines_of


def test_secrets_of_a_body_are_found_by_their_keys() -> None:
    body = {
        "name": "a",
        "imageAuth": "ada:pass",
        "envs": [{"key": "TOKEN", "value": "hush"}],
        "auth": {"Password": "deep", "secret": 5},
    }
    assert secrets_in(body) == {"ada:pass", "pass", "hush", "deep"}
    assert secrets_in(None) == secrets_in("hush") == frozenset()


@given(
    st.text(min_size=4, max_size=20).filter(lambda text: text.casefold() not in _TRIVIAL),
    st.text(max_size=20),
    st.text(max_size=20),
)
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


# --- lines of a secret --------------------------------------------------------------------------------------------

LOGIN = "bob\nhunter2\n"


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "line", ["bob", "hunter2", "x hunter2.", "user=bob", '"hunter2"', "[bob]", "login bob: hunter2"]
)
def test_every_line_of_a_secret_is_replaced_even_a_short_one(line: str, ends: str) -> None:
    shown = redact(f"it said {line} twice", [LOGIN.replace("\n", ends)])
    assert "bob" not in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        (LOGIN, "bobsled, kabob and bob-cat are words"),
        ("true\nhunter2", "true is no secret"),
        ('{\n  "type": "service_account",\n  "private_key": "x"\n}', '{"a": {"b": 1}} and type: x'),
        ("host: localhost\nport: 22\npassword: hunter2", "localhost:22 refused the host"),
        ("DEBUG=1\nLEVEL=info\nTOKEN=hunter2", "info: 1 of 11 done"),
        ("true", "it is true that it cannot be false"),
        ("\n\n--\n..\n", "a -- b .. c"),
    ],
)
def test_an_ordinary_word_is_not_replaced_because_a_line_of_a_secret_is_one(secret: str, text: str) -> None:
    assert redact(text, [secret]) == text


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("user=bob\npassword=hunter2", "login with hunter2 failed"),
        ('{\n  "key": "hunter2",\n  "id": 3\n}', "the key hunter2 is wrong"),
        ("DSN=postgres://ada:hunter2@db/x", "password hunter2 is wrong"),
        ("postgres://ada:hunter2@db/x", "password hunter2 is wrong"),
    ],
)
def test_a_value_in_a_file_of_settings_is_replaced_without_its_name(secret: str, text: str) -> None:
    assert "hunter2" not in redact(text, [secret])


@given(
    st.text(st.characters(codec="utf-8"), min_size=5, max_size=40),
    st.binary(max_size=9),
    st.binary(max_size=9),
    st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]),
)
def test_a_secret_inside_of_base64_is_replaced_at_each_place(
    secret: str, before: bytes, after: bytes, encode: Callable[[bytes], bytes]
) -> None:
    data = secret.encode()
    text = encode(before + data + after).decode()
    shown = redact(f"Basic {text}", [secret])
    start, end = -(-len(before) * 8 // 6), (len(before) + len(data)) * 8 // 6
    if secret.strip():
        assert text[start:end] not in shown.replace("(secret)", "")


@pytest.mark.parametrize("text", ["Ym9i", "Ym9iCg==", "aHVudGVyMg==", "Ym9iCmh1bnRlcjI=", "Ym9iDQpodW50ZXIyDQo="])
def test_each_line_of_a_secret_is_replaced_in_base64_with_and_without_its_line_end(text: str) -> None:
    shown = redact(f"Authorization: Basic {text}", [LOGIN])
    assert not re.search("Ym9i|aHVudGVy|h1bnRlcj|odW50ZX", shown)


def test_a_long_secret_in_wrapped_base64_is_replaced_in_every_line() -> None:
    key = "".join(f"{number:x}" for number in range(5000, 5400))
    for line in base64.encodebytes(key.encode()).decode().split():
        assert redact(line, [key]) == "(secret)"


def test_only_line_feeds_and_carriage_returns_end_a_line() -> None:
    assert lines_of("a\nb\r\nc\rd\u2028e\x85f\x0bg") == ["a", "b", "c", "d\u2028e\x85f\x0bg"]


TYPICAL = {
    "a login": LOGIN,
    "settings": "DEBUG=true\nPORT=8080\nHOST=localhost\nUSER=root\nTOKEN=b7Xe81kQ\n",
    "a service account": '{\n  "type": "service_account",\n  "project": "acme-4711",\n  "private_key": "b7Xe81kQ"\n}\n',
    "a key": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\n9w0B\n-----END PRIVATE KEY-----\n",
    "a config": "machine hub.example\n  login ada\n  password b7Xe81kQ\n\n[default]\nregion = eu\noutput = json\n",
    "a switch": "true",
    "words": "the\nerror\nof\nthe\ntest\n",
}
PAGES = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("secret", TYPICAL)
def test_no_typical_secret_replaces_a_word_of_the_pages(secret: str) -> None:
    pages = "\n".join(page.read_text() for page in sorted(PAGES.rglob("*.md")))
    assert len(pages) > 100_000
    shown = without_secrets(pages, [TYPICAL[secret]])
    assert shown.count("(secret)") - pages.count("(secret)") <= len(
        re.findall(r"(?<![\w.-])(?:bob|ada)(?![\w-])", pages)
    )
