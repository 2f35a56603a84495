"""Redaction of a line of a manifest: values under names that sound secret, and known secrets.

It works on text, because the file may be invalid YAML. It redacts in case of doubt.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from novita_infra.kinds import KINDS

_MASK: Final = "*" * 8
_SOUNDS: Final = re.compile(r"pass|secret|token|key|credential", re.IGNORECASE)
_SECRET_FIELDS: Final = (
    *sorted({item.name.lower() for kind in KINDS.values() for item in kind.fields if item.secret}),
    "secret",
    "token",
    "credential",
)
_NEAR: Final = 0.75
"""The similarity from which a name counts as a misspelling of another."""

_NAMED: Final = re.compile(r"""(?P<name>[\w.-]+)["']?\s*[:=]\s*(?![\s{|>]|\$\{)(?=(?P<value>.))""")
"""A name and the place of its value, unless the value only names the source of the secret."""
_PLAIN_WORD: Final = re.compile(r"""["']?(?:true|false|null|~)["']?\s*(?:[,}\]#]|$)""", re.IGNORECASE)
_QUOTED: Final = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'""")
_FLOW_END: Final = re.compile(r"[,}\]]|$")

_YES: Final = re.compile(r"""(?P<name>[\w.-]+)["']?\s*:\s*["']?true\b""", re.IGNORECASE)
_AROUND: Final = re.compile(r"""(?P<name>[\w.-]+)["']?\s*:\s*\{[^{}]*$""")
"""The name of the flow mapping that is open at the end of a text."""
_KEY: Final = re.compile(r"""\s*["']?(?P<name>[\w.-]+)["']?\s*:""")


def redacted(text: str, number: int, *, column: int, hidden: Iterable[int] = ()) -> tuple[str, int] | None:
    """A redacted line of the text, and the place of its column then; None without such a line.

    Lines and columns count from 0; `hidden` are the columns at which a secret is known to begin.
    """
    lines, variables = _read(text)
    if number >= len(lines):
        return None
    return _masked(lines[number], column=column, starts={*hidden, *_suspects(lines, number, variables=variables)})


def _masked(text: str, *, column: int, starts: Iterable[int]) -> tuple[str, int]:
    shown, done, now = "", 0, column
    for start in sorted(starts):
        if start < done or start >= len(text):
            continue
        end = _end(text, start)
        if column >= end:
            now += len(_MASK) - (end - start)
        elif column > start:
            now -= column - start
        shown += text[done:start] + _MASK
        done = end
    return shown + text[done:], now


def _suspects(lines: Sequence[str], number: int, *, variables: frozenset[str]) -> Iterator[int]:
    """The columns where values begin that may be secret; `variables` are the names of secret variables."""
    text = lines[number]
    for found in _NAMED.finditer(text):
        name, start = found["name"], found.start("value")
        if _PLAIN_WORD.match(text, start):
            continue
        if _is_secret(name) or _is_near(name, *variables) or (_is_near(name, "default") and _in_secret(lines, number)):
            yield start


def _is_secret(name: str) -> bool:
    """Whether the name sounds secret, or is nearly that of a field that is."""
    return bool(_SOUNDS.search(name)) or _is_near(name, *_SECRET_FIELDS)


def _is_near(name: str, *known: str) -> bool:
    return bool(difflib.get_close_matches(name.lower(), known, n=1, cutoff=_NEAR))


def _end(text: str, start: int) -> int:
    """The end of the value at `start`. A plain value on its own line may hold commas and brackets."""
    if text[start] in "\"'":
        quoted = _QUOTED.match(text, start)
        return quoted.end() if quoted else len(text)
    before = text[:start]
    in_flow = before.count("{") + before.count("[") > before.count("}") + before.count("]")
    ended = _FLOW_END.search(text, start) if in_flow else None
    return ended.start() if ended and ended.start() > start else len(text)


def _in_secret(lines: Sequence[str], number: int) -> bool:
    """Whether the line belongs to the declaration of a variable that is secret."""
    return any(_says_secret(line) for line in (lines[number], *_beside(lines, number)))


def _says_secret(line: str) -> bool:
    return any(_is_near(found["name"], "secret") for found in _YES.finditer(line))


def _beside(lines: Sequence[str], number: int) -> Iterator[str]:
    """The other lines of the same block."""
    own = _indent(lines[number])
    for step in (-1, 1):
        place = number + step
        while 0 <= place < len(lines) and (not lines[place].strip() or _indent(lines[place]) >= own):
            if _indent(lines[place]) == own:
                yield lines[place]
            place += step


@functools.lru_cache(maxsize=8)  # a file with many errors is read once
def _read(text: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """The lines, and the names of the variables that they declare to be secret."""
    lines = tuple(line.removesuffix("\r") for line in text.split("\n"))
    asking = (number for number, line in enumerate(lines) if "true" in line.lower())
    return lines, frozenset(name.lower() for number in asking for name in _declared(lines, number))


def _declared(lines: Sequence[str], number: int) -> Iterator[str]:
    """The variables that a line of their declaration marks as secret."""
    line = lines[number]
    for found in _YES.finditer(line):
        if not _is_near(found["name"], "secret"):
            continue
        around = _AROUND.search(line, 0, found.start())
        if around is None:
            above = next((one for one in reversed(lines[:number]) if one.strip() and _indent(one) < _indent(line)), "")
            around = _KEY.match(above)
        if around is not None:
            yield around["name"]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
