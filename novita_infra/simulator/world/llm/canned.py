"""Made-up answers that depend only on the seed and the question: text, tokens, JSON by a schema, vectors."""

from __future__ import annotations

import hashlib
import json
import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from novita_infra.simulator.world.engine.world import World

_PROSE: Final = """
the a one each this that some every model cloud machine answer question number river garden window road engine
letter signal pattern harbour mountain station winter morning evening reader writer builder pilot teacher
carries follows measures keeps opens finds turns joins holds brings shows counts early late slowly clearly
almost often near under beside across before after between and but because while
"""
_WORDS: Final = tuple(_PROSE.split())
_TOKEN: Final = re.compile(r"\w{1,8}|[^\w\s]")
_PARTS: Final = 1000
_DEPTH: Final = 16
"""The most values of a made-up JSON document, and its greatest depth."""


@dataclass(frozen=True, slots=True)
class CannedText:
    """A text, its number of tokens, and whether it was cut off."""

    text: str
    tokens: int
    cut: bool = False


def canned_digest(world: World, *what: object) -> str:
    """Hex digits for any JSON values."""
    return world.draw("canned", json.dumps(what, sort_keys=True, default=str), length=64)


@lru_cache(maxsize=64)
def count_tokens(text: str) -> int:
    """The number of tokens of a text, by a simple rule. The texts of one request are counted several times."""
    return len(_TOKEN.findall(text))


def pieces(text: str) -> list[str]:
    """A text in pieces of one token each, blanks included."""
    starts = [match.start() for match in _TOKEN.finditer(text)][1:]
    ends = [*starts, len(text)]
    return [text[start:end] for start, end in zip([0, *starts], ends, strict=True)] if text else []


def sentences(draw: str) -> str:
    """Two or three sentences of plain words."""
    numbers = bytes.fromhex(draw)
    words = [_WORDS[number % len(_WORDS)] for number in numbers]
    length = 7 + numbers[0] % 4
    rows = [" ".join(words[at : at + length]) for at in range(0, 2 * length + 1 + numbers[1] % 6, length)]
    return " ".join(f"{row.capitalize()}." for row in rows)


def cut(text: str, *, most: int, stops: list[str]) -> CannedText:
    """A text up to the first stop word and to the largest number of tokens."""
    ends = [at for at in (text.find(stop) for stop in stops if stop) if at >= 0]
    text = text[: min(ends)] if ends else text
    parts = pieces(text)
    if len(parts) <= most:
        return CannedText(text, len(parts))
    return CannedText("".join(parts[:most]).rstrip(), most, cut=True)


def like(schema: Any, draw: str) -> Any:
    """A JSON value that fits an ordinary JSON Schema."""
    return _Likeness(schema, draw).value(schema, 0)


class _Likeness:
    """Makes one JSON value, of limited size for any schema."""

    def __init__(self, schema: Any, draw: str) -> None:
        self._schema = schema
        self._draw = draw
        self._left = _PARTS

    def value(self, rule: Any, depth: int) -> Any:
        self._left -= 1
        if self._left < 0 or depth > _DEPTH or not isinstance(rule, Mapping):
            return None
        if "const" in rule:
            return rule["const"]
        for name in ("enum", "examples"):
            if isinstance(rule.get(name), list) and rule[name]:
                return rule[name][0]
        for name in ("anyOf", "oneOf", "allOf"):
            if isinstance(rule.get(name), list) and rule[name]:
                return self.value(rule[name][0], depth + 1)
        if isinstance(rule.get("$ref"), str):
            return self.value(_pointed(self._schema, rule["$ref"]), depth + 1)
        return self._plain(rule, depth)

    def _plain(self, rule: Mapping[str, Any], depth: int) -> Any:
        kind = rule.get("type")
        kind = kind[0] if isinstance(kind, list) and kind else kind
        if kind == "object" or "properties" in rule:
            inner = rule.get("properties")
            parts = inner.items() if isinstance(inner, Mapping) else ()
            return {str(name): self.value(part, depth + 1) for name, part in parts if self._left > 0}
        if kind == "array":
            low = rule.get("minItems")
            length = min(low, 16) if type(low) is int else 1
            return [self.value(rule.get("items", {}), depth + 1) for _ in range(length)]
        if kind in ("integer", "number"):
            low = rule.get("minimum")
            return low if type(low) in (int, float) else 1
        if kind == "boolean":
            return True
        return None if kind == "null" else self._word()

    def _word(self) -> str:
        at = self._left % 60
        return _WORDS[int(self._draw[at : at + 4], 16) % len(_WORDS)]


def _pointed(schema: Any, pointer: str) -> Any:
    """The target of a reference within the same schema."""
    for name in pointer.lstrip("#").strip("/").split("/"):
        if name:
            schema = schema.get(name) if isinstance(schema, Mapping) else None
    return schema


def vector(draw: str, size: int) -> list[float]:
    """A unit vector."""
    raw = struct.unpack(f"<{size}h", hashlib.shake_256(draw.encode()).digest(2 * size))
    length = math.sqrt(sum(number * number for number in raw)) or 1.0
    return [round(number / length, 8) for number in raw]
