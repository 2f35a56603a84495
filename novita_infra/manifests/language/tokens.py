"""Splits the text of an expression into tokens, with their places."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final, NamedTuple

from novita_infra.manifests.language.language_errors import LanguageError
from novita_infra.model.values import Value

LONGEST: Final = 4_000
"""The most characters of one expression."""
PLAIN_ROOTS: Final = frozenset({"var", "env", "local", "each", "project", "environment", "lookup"})
"""Words whose attributes hold no `-`; after every other one stands a name of the user, which may."""

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DASHED: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?(?![A-Za-z0-9_])")
_OPERATOR: Final = re.compile(r"&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}]")
_QUOTED: Final = re.compile(
    r"""(?P<quote>["'])(?P<inside>(?:[^"'\\]|\\.|(?!(?P=quote))["'])*+)(?P<end>(?P=quote))?""", re.DOTALL
)
_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_ESCAPED: Final = {
    **{character: character for character in "\\\"'`?"},
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}
_OPEN: Final = {"(": ")", "[": "]", "{": "}"}


class Token(NamedTuple):
    """One word, number, text or operator."""

    kind: str
    """`name`, `number`, `text`, `operator` or `end`."""
    at: int
    """Its offset in the string."""
    written: str
    value: Value = None
    """What a number or text stands for."""


def tokens_of(string: str, start: int) -> tuple[list[Token], int]:
    """Returns the tokens of the expression whose `${` stands at the start, and the offset behind its `}`.

    Raises LanguageError.
    """
    tokens: list[Token] = []
    opened: list[Token] = []
    position = start + 2
    while True:
        position = _end_of(_SPACE, string, position)
        if position >= len(string) or position - start > LONGEST:
            raise _unended(start, opened, position)
        token = _token(string, position, tokens)
        position += len(token.written)
        if token.written in _OPEN and token.kind == "operator":
            opened.append(token)
        elif token.written in _OPEN.values() and token.kind == "operator":
            if not opened and token.written == "}":
                tokens.append(Token("end", token.at, "}"))
                return tokens, position
            if not opened or _OPEN[opened[-1].written] != token.written:
                hint = f'"{opened[-1].written}" is closed by "{_OPEN[opened[-1].written]}"' if opened else ""
                raise LanguageError(token.at, f'"{token.written}" closes nothing', hint)
            opened.pop()
        tokens.append(token)


def _token(string: str, position: int, before: list[Token]) -> Token:
    """Returns the token at the position."""
    first = string[position]
    if first in "\"'":
        return _text(string, position)
    follows = len(before) >= 2 and before[-1].written == "." and before[-2].kind == "name"
    first_name = follows and before[-2].written not in PLAIN_ROOTS and (len(before) < 3 or before[-3].written != ".")
    if match := (_DASHED if first_name else _NAME).match(string, position):
        return Token("name", position, match[0])
    if match := _NUMBER.match(string, position):
        return Token("number", position, match[0], _number(match[0], position))
    if match := _OPERATOR.match(string, position):
        return Token("operator", position, match[0])
    if first.isdigit():
        raise LanguageError(position, "this is no number", "a number is written 12 or 1.5")
    raise LanguageError(position, f"{first!r} has no meaning in an expression", _hint(first))


def _text(string: str, position: int) -> Token:
    match = _QUOTED.match(string, position)
    if match is None or match["end"] is None:
        quote = string[position]
        raise LanguageError(position, "this text has no end", f"add the missing {quote}")

    def unescaped(escape: re.Match[str]) -> str:
        digits = escape[1] or escape[2] or escape[3]
        character = _ESCAPED.get(escape[4] or "") if digits is None else _character(int(digits, 16))
        if character is None:
            at = match.start("inside") + escape.start()
            raise LanguageError(at, f"{escape[0]} is no escape", r"write \\ for a backslash, \n, \t, \" or \u00e9")
        return character

    return Token("text", position, match[0], _ESCAPE.sub(unescaped, match["inside"]))


def _character(code: int) -> str | None:
    return chr(code) if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else None


def _number(written: str, position: int) -> Value:
    if len(written) > 40 or ("." not in written and int(written) >= 2**63):
        raise LanguageError(
            position, "this is a number of more than 64 bits", "if it is meant as text, write it in quotes"
        )
    return Decimal(written) if "." in written else int(written)


def _hint(character: str) -> str:
    meant = {
        "&": "and is &&",
        "|": "or is ||",
        "=": "equality is ==",
        "$": "inside an expression names stand without ${}",
    }
    return meant.get(character, "")


def _unended(start: int, opened: list[Token], position: int) -> LanguageError:
    if position - start > LONGEST:
        return LanguageError(start, f"the expression has more than {LONGEST:,} characters", "compute less in it")
    if opened:
        return LanguageError(
            opened[-1].at, f'"{opened[-1].written}" is not closed', f'add the missing "{_OPEN[opened[-1].written]}"'
        )
    return LanguageError(start, "the expression is not closed", 'add the missing "}", or write $${ for a literal ${')


def _end_of(pattern: re.Pattern[str], string: str, position: int) -> int:
    match = pattern.match(string, position)
    return match.end() if match else position
