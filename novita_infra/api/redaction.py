"""Replaces secrets in text by their values, however they are spelled. Pure text; it knows no kind.

A secret is spelled as itself, line by line, as JSON, percent-encoded, and in base64. Short lines count only as whole
words, and words that stand in every text (`true`, `null`, `localhost`) never count.
"""

from __future__ import annotations

import heapq
import json
import re
import urllib.parse
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import Final

from novita_infra.model.printable import lines_of

HIDDEN: Final = "(secret)"
"""The text in place of a secret."""

_SHORT: Final = 3
"""Characters up to which a whole secret is replaced only as a whole word."""
_LINE: Final = 8
"""Characters below which a line of a secret, or a part of such a line, is replaced only as a whole word."""
_LEAST: Final = 3
"""Characters below which a line of a secret is not replaced."""
_LEAST_ENCODED: Final = 6
"""Characters of base64 below which a form counts only as a whole word."""
_WRAPPED: Final = (76, 64)
"""Characters of a line of base64, as `base64` and `openssl` write it."""

_NO_SECRETS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "none", "nil", "~", "undefined"})
"""Values that are no secret even where one is declared: a switch of a program, as most variables are."""
_WORDS: Final = """
    default auto latest any all new old
    ok error errors failed warn warning info debug trace level silent verbose
    dev prod production staging stage test testing local localhost main master
    root admin user users username login name password passwd secret token key host port path url type id value
    http https tcp udp ssh utf-8 utf8 en us json yaml begin end
    the a an and or of for to in is it not with from this that
    """
_TRIVIAL: Final = _NO_SECRETS | frozenset(_WORDS.split())
"""Words of ordinary texts that are no secret as a line among others. Replaced, they would make messages unreadable."""

_ASSIGNED: Final = re.compile(
    r"""\s*["']?[\w.-]+["']?\s*(?:=|:\s)\s*(?P<value>(?:[^\s,;]++|[\s,;]++(?=[^\s,;]))*+)[\s,;]*"""
)
"""A line of a file of settings: `PASSWORD=...`, `password: ...`, `"password": "...",`."""
_LOGIN: Final = re.compile(r"\w://[^\s/:@]*:(?P<value>[^\s/@]+)@")

_END_OF_BASE64: Final = re.compile(r"[\w+/-]?={0,2}")


class _Extent(IntEnum):
    """Where a form is replaced. The lower of two includes the other."""

    ANYWHERE = 0
    BASE64 = 1
    """Anywhere, with the characters that end the base64."""
    WORD = 2
    """As a whole word."""


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text on one line, fit for a terminal, with the secrets replaced however they are spelled.

    A secret of at most three characters is replaced as a whole word only: an env value of `1` must not eat the digits
    of a limit, nor those of a name such as `us-dallas-1`.
    """
    return without_secrets(_one_line(text), secrets)


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """The text with the secrets replaced, and nothing else changed.

    Replaces the leftmost form first, and of two at one place the longer. Takes time linear in the text for each form.
    """
    return _without(text, _forms(secrets if isinstance(secrets, frozenset) else frozenset(secrets)))


def without_secrets_in_value(text: str, secrets: frozenset[str]) -> str:
    """The text of a value that others use, such as an address, with the secrets replaced, and nothing else changed.

    A number is never replaced: it may be a port. What has fewer than 8 characters counts only as a whole word.
    """
    return _without(text, _forms_in_values(secrets))


def _without(text: str, forms: Sequence[tuple[str, _Extent]]) -> str:
    heap = [
        (span[0], order, span[1])
        for order, (form, extent) in enumerate(forms)
        if (span := _find(text, form, extent, 0)) is not None
    ]
    heapq.heapify(heap)
    parts: list[str] = []
    cursor = 0
    while heap:
        start, order, end = heap[0]
        if start >= cursor:
            parts += [text[cursor:start], HIDDEN]
            cursor = end
        span = _find(text, *forms[order], cursor)
        if span is None:
            heapq.heappop(heap)
        else:
            heapq.heapreplace(heap, (span[0], order, span[1]))
    return "".join([*parts, text[cursor:]]) if parts else text


def _find(text: str, form: str, extent: _Extent, start: int) -> tuple[int, int] | None:
    """The beginning and the end of the next place of the form; None without one."""
    while (start := text.find(form, start)) >= 0:
        end = start + len(form)
        if extent is _Extent.BASE64:
            return start, _END_OF_BASE64.match(text, end).end()  # type: ignore[union-attr]  # it matches everywhere
        if extent is _Extent.ANYWHERE or not (
            _joins(text[start - 1 : start], ".-") or _joins(text[end : end + 1], "-")
        ):
            return start, end
        start += 1
    return None


def _joins(mark: str, others: str) -> bool:
    """Whether the character beside a form makes it a part of a longer word."""
    return mark.isalnum() or (mark != "" and mark in f"_{others}")


@lru_cache(maxsize=64)
def _forms(secrets: frozenset[str]) -> tuple[tuple[str, _Extent], ...]:
    """Each spelling of the secrets with its extent, the longest first."""
    forms: dict[str, _Extent] = {}
    for secret in secrets:
        for form, extent in _spellings(secret):
            if form:
                forms[form] = min(extent, forms.get(form, extent))
    return tuple(sorted(forms.items(), key=lambda item: (-len(item[0]), item[0])))


@lru_cache(maxsize=64)
def _forms_in_values(secrets: frozenset[str]) -> tuple[tuple[str, _Extent], ...]:
    return tuple(
        (form, extent if len(form) >= _LINE else _extent(whole=True))
        for form, extent in _forms(secrets)
        if not form.isdigit() and form.casefold() not in _TRIVIAL
    )


def _spellings(secret: str) -> Iterator[tuple[str, _Extent]]:
    """The spellings of one secret, each with its extent. Forms of ordinary words are left out."""
    if secret.strip().casefold() not in _NO_SECRETS:
        for form in _written(secret):
            yield form, _extent(whole=len(form) <= _SHORT)
        lines = lines_of(secret.strip("\r\n"))
        for text in {secret, "\n".join(lines), "\r\n".join(lines)}:
            yield from _encoded(text)
    pieces = {piece.strip() for line in lines_of(secret) for piece in (line, *_values(line))} - {secret}
    for piece in pieces:
        if len(piece) < _LEAST or piece.casefold() in _TRIVIAL or not any(map(str.isalnum, piece)):
            continue
        for form in _written(piece):
            yield form, _extent(whole=len(piece) < _LINE)
        yield from _encoded(piece)


def _values(line: str) -> Iterator[str]:
    """The parts of a line that are secret by themselves: a value without its name, the password of an address."""
    assigned = _ASSIGNED.fullmatch(line)
    if assigned is not None:
        yield assigned["value"].strip("\"'")
    yield from (match["value"] for match in _LOGIN.finditer(line))


def _written(text: str) -> set[str]:
    """The spellings of a text but base64: plain, in JSON, percent-encoded."""
    return {
        _one_line(form)
        for form in (
            text,
            json.dumps(text)[1:-1],
            json.dumps(text, ensure_ascii=False)[1:-1],
            urllib.parse.quote(text, safe="", errors="replace"),
            urllib.parse.quote(text, errors="replace"),
            urllib.parse.quote_plus(text, errors="replace"),
        )
    }


def _encoded(text: str) -> Iterator[tuple[str, _Extent]]:
    """The text inside of any base64: at each of the three places that its first byte can have, without the end.

    The characters at both ends hold bits of what stands around the text, so they are no part of the form.
    """
    data = text.encode("utf-8", "surrogatepass")
    if len(data) < _LEAST:
        return
    for before in range(3):
        whole = b64encode(bytes(before) + data).decode("ascii")
        core = whole[-(-8 * before // 6) : 8 * (before + len(data)) // 6]
        parts = [core] if len(core) >= _LEAST_ENCODED else []
        if not before:
            wrapped = (core[at : at + width] for width in _WRAPPED for at in range(0, len(core), width))
            parts += [part for part in wrapped if part != core]
            for width in _WRAPPED:
                last = whole[len(core) // width * width :]
                if last != whole and 2 <= len(last.rstrip("=")) <= _LEAST_ENCODED:
                    yield last, _Extent.WORD
        for part in parts:
            if len(part) >= _LEAST_ENCODED:
                for form in {part, part.replace("+", "-").replace("/", "_")}:
                    yield form, _Extent.BASE64
    if len(data) * 8 // 6 < _LEAST_ENCODED:  # its base64 is found only alone, as `echo bob | base64` writes it
        for end in (b"", b"\n"):
            form = b64encode(data + end).decode("ascii")
            yield form, _Extent.WORD


def _extent(*, whole: bool) -> _Extent:
    return _Extent.WORD if whole else _Extent.ANYWHERE


def _one_line(text: str) -> str:
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
