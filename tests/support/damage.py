"""Random damage: what a torn, edited or hostile file or answer may hold in place of what a reader expects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any, Final

HUGE: Final = 10**400
"""More than a float holds."""
DEEP: Final = "[" * 5000 + "]" * 5000


class _Literal(str):
    """JSON text that stands for a value that `json.dumps` cannot write."""

    __slots__ = ()


VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    0,
    -1,
    HUGE,
    -1e308,
    _Literal("1e999"),
    _Literal("NaN"),
    _Literal("9" * 5000),
    _Literal(DEEP),
    "",
    "x",
    "\ud800",
    "\u2028\x1b[2K\n",
    "99999999999999999999",
    "9" * 5000,
    [],
    {},
    [None],
    [[]],
    {"": {}},
    {"$secret": 1},
    _Literal("[" * 900 + "]" * 900),
    _Literal('{"a":' * 900 + "1" + "}" * 900),
    _Literal("[" * 200 + "]" * 200),
)
"""Values of other types, and amounts that nobody thought of."""


def damaged_bytes(data: bytes, random: Random, count: int) -> Iterator[bytes]:
    """The bytes cut off, flipped, repeated, emptied or preceded by something else, `count` times."""
    for number in range(count):
        at = random.randrange(len(data) + 1)
        match number % 6:
            case 0:
                yield data[:at]
            case 1:
                flipped = bytearray(data or b"\0")
                for _ in range(random.randint(1, 4)):
                    flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
                yield bytes(flipped)
            case 2:
                yield data[:at] + bytes(random.randrange(256) for _ in range(random.randint(1, 9))) + data[at:]
            case 3:
                yield data[at:] + data[:at]
            case 4:
                yield random.choice((b"", b"\0" * 64, b"\xff\xfe{}", b"null", b"[]", b"0", DEEP.encode(), b"{" * 9))
            case _:
                end = random.randrange(at, len(data) + 1)
                yield data[:at] + data[end:]


def damaged_json(value: Any, random: Random, count: int) -> Iterator[tuple[str, str]]:
    """JSON with another value, another key or nothing at one place, `count` times: the place and the text."""
    places = list(_places(value))
    for number in range(count):
        path = random.choice(places)
        what = random.choice(VALUES)
        match number % 4 if path else 0:
            case 1:
                changed = _changed(value, path, lambda holder, key: holder.pop(key))
            case 2 if isinstance(_at(value, path[:-1]), dict):
                changed = _changed(value, path, lambda holder, key: holder.update({f"{key}\u00e9": holder.pop(key)}))
            case _:
                changed = _changed(value, path, lambda holder, key, what=what: holder.__setitem__(key, what))
        yield f"{'.'.join(map(str, path))}={str(what)[:30]!r}", _text(changed)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _places(item, (*path, key))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _changed(value: Any, path: tuple[Any, ...], change: Any) -> Any:
    holder = {"whole": json.loads(json.dumps(value))}
    path = ("whole", *path)
    change(_at(holder, path[:-1]), path[-1])
    return holder.get("whole")


def _text(value: Any) -> str:
    match value:
        case _Literal():
            return str.__str__(value)
        case dict():
            return "{" + ",".join(f"{json.dumps(key)}:{_text(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ",".join(map(_text, value)) + "]"
        case _:
            return json.dumps(value)
