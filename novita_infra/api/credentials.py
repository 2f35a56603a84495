"""Credentials in free text, known by what stands around them: `--token ...`, `PASSWORD=...`, `https://user:...@host`.

Every pattern takes linear time: what may repeat is bounded, or begins with a mark that ends the one before.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Final

from novita_infra.api.redaction import HIDDEN

_NAME: Final = r"(?:token(?!s\b|iz)|secret|passw(?:or)?d|passphrase|credential|signature|key)"
_VALUE: Final = r"""(?P<value> "[^"]*"? | '[^']*'? | [^\s"',;&]+ )"""
_GIVEN: Final = re.compile(
    # `HF_TOKEN=...`, `--api-key=...`, `?key=...`; `"token": "..."`, `password: ...`; `Authorization: Bearer ...`.
    rf"""(?ix) (?P<before> {_NAME}[\w.-]{{0,64}}\s{{0,8}}=\s{{0,8}} | {_NAME}["']?\s{{0,8}}:\s{{0,8}}
    | \bbearer\s{{1,8}} | \bauthorization["']?\s{{0,8}}:\s{{0,8}}["']?basic\s{{1,8}} ) {_VALUE}"""
)
_OPTION: Final = re.compile(
    # `--token ...`, `--registry-password ...`, `-u user:...`
    rf"""(?ix) (?P<before> (?<![^\s"'])--?[\w-]{{0,40}}{_NAME}[\w-]{{0,20}}\s{{1,8}}(?!-)
    | (?<!\S)(?:-u|--user)\s{{1,8}}[^\s:"']{{1,64}}: ) {_VALUE}"""
)
_LOGIN: Final = re.compile(r"(?P<before>\w://[^\s/:@]*:)(?P<value>[^\s/]+)(?=@)")
_SERVICES: Final = re.compile(r"(?P<before>\b)(?P<value>(?:sk[-_]|hf_|gh[opusr]_|glpat-|AKIA)[\w-]{16,})")
"""The first characters of the keys of well-known services."""
_PATTERNS: Final = (_GIVEN, _OPTION, _LOGIN, _SERVICES)
_SIGNS: Final = (
    *("token", "secret", "passw", "passphrase", "credential", "signature", "key", "bearer", "basic", "-u", "@"),
    *("sk-", "sk_", "hf_", "gh", "glpat-", "akia"),
)
"""A text without any of these, in small letters, matches no pattern."""
_SIGN: Final = re.compile("|".join(map(re.escape, _SIGNS)))
_CERTAIN: Final = (_LOGIN, _SERVICES)

_SECRET_KEYS: Final = frozenset({"password", "value", "imageauth", "secret", "token"})
_LEAST: Final = 6
"""Characters below which a value counts as an ordinary word in other texts."""


def secrets_in(body: Any) -> frozenset[str]:
    """The string values of a request body under the keys that carry secrets: password, value (of an env), imageAuth.

    `imageAuth` is `user:password` on an instance, so the part after the colon counts as well. So does a credential in
    any other text of the body, such as a command.
    """
    return frozenset(_secrets(body))


def without_credentials(text: str, *, certain: bool = False) -> str:
    """The text with every credential replaced.

    With `certain`, only what cannot be anything else counts: `registry/token:1.2` is the name of an image.
    """
    for pattern in _CERTAIN if certain else _PATTERNS:
        text = pattern.sub(rf"\g<before>{HIDDEN}", text)
    return text


def spans_of_credentials(text: str) -> list[tuple[int, int]]:
    """The place of every credential in the text, as start and end."""
    return sorted(match.span("value") for pattern in _PATTERNS for match in pattern.finditer(text))


def credentials_in(text: str) -> Iterator[str]:
    """The credentials in the text that are no ordinary words and can be found in other texts.

    A path, a variable of a shell and a number are none.
    """
    yield from (value for value in _values(text) if len(value) >= _LEAST)


def holds_credential(text: str) -> bool:
    """Whether a credential of any length stands in the text."""
    return _SIGN.search(text.casefold()) is not None and any(_values(text))


def _values(text: str) -> Iterator[str]:
    for start, end in spans_of_credentials(text):
        value = text[start:end].strip("\"'")
        if not value.startswith(("/", "./", "$", "(")) and not value.isdigit():
            yield value


def credentials_in_all(texts: Collection[str]) -> Iterator[str]:
    """The credentials in many texts, of which most have none."""
    together = "\n".join(texts).casefold()
    signs = [sign for sign in _SIGNS if sign in together]
    for text in texts if signs else ():
        folded = text.casefold()
        if any(sign in folded for sign in signs):
            yield from credentials_in(text)


def _secrets(body: Any) -> Iterator[str]:
    match body:
        case dict():
            for name, item in body.items():
                if isinstance(item, str) and str(name).lower() in _SECRET_KEYS:
                    yield item
                    if name == "imageAuth":
                        yield item.partition(":")[2]
                yield from _secrets(item)
        case list() | tuple():
            for item in body:
                yield from _secrets(item)
        case str():
            yield from credentials_in(body)
