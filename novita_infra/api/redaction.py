"""Replaces the secrets of a request in messages about its answer. Pure text; it knows no kind."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator
from typing import Any, Final

_HIDDEN: Final = "(secret)"
_SECRET_KEYS: Final = frozenset({"password", "value", "imageauth", "secret", "token"})
_SHORT: Final = 3
_LINE: Final = 8


def secrets_in(body: Any) -> frozenset[str]:
    """The string values of a request body under the keys that carry secrets: password, value (of an env), imageAuth.

    `imageAuth` is `user:password` on an instance, so the part after the colon counts as well.
    """
    return frozenset(_secrets(body))


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text on one line, fit for a terminal, with the secrets replaced however they are spelled.

    A secret of at most three characters is replaced as a whole word only: an env value of `1` must not eat the digits
    of a limit, nor those of a name such as `us-dallas-1`.
    """
    spellings = {_one_line(form) for secret in secrets for form in _spellings(secret)} - {""}
    text = _one_line(text)
    if not spellings:
        return text
    ordered = sorted(spellings, key=lambda form: (-len(form), form))
    return re.sub("|".join(map(_pattern, ordered)), _HIDDEN, text)


def _secrets(body: Any) -> Iterator[str]:
    match body:
        case dict():
            for name, item in body.items():
                if isinstance(item, str) and str(name).lower() in _SECRET_KEYS:
                    yield item
                    if name == "imageAuth":
                        yield item.partition(":")[2]
                else:
                    yield from _secrets(item)
        case list() | tuple():
            for item in body:
                yield from _secrets(item)


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield urllib.parse.quote(secret, safe="", errors="replace")
    yield from (line for line in secret.splitlines() if len(line.strip()) >= _LINE)


def _pattern(form: str) -> str:
    escaped = re.escape(form)
    return rf"(?<![\w.-]){escaped}(?![\w-])" if len(form) <= _SHORT else escaped


def _one_line(text: str) -> str:
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
