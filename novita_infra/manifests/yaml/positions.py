"""Where the values of a document were read from, kept as a tree beside the data.

The tree is made of plain tuples, for a fleet has hundreds of thousands of values. It knows nothing of YAML.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from novita_infra.model.addresses import Origin

Path: TypeAlias = tuple[str | int, ...]
"""The way from the root of a document to a value: keys of mappings and positions in lists."""

Position: TypeAlias = tuple[str, int, int, int, int, dict[str, "Position"] | list["Position"] | None]
"""File, line and column of a value, line and column of its key, and the spots inside it; counted from 1."""


def position_at(root: Position, path: Path) -> Position:
    """The spot at the path, or the nearest one around it where the document has nothing there."""
    spot = root
    for part in path:
        match spot[5], part:
            case dict() as named, str() if part in named:
                spot = named[part]
            case list() as listed, int() if 0 <= part < len(listed):
                spot = listed[part]
            case _:
                break
    return spot


def origin(spot: Position) -> Origin:
    """The place of the value."""
    return Origin(spot[0], spot[1], spot[2])


def key_origin(spot: Position) -> Origin:
    """The place of the key that the value stands under; the value's own where it has none."""
    return Origin(spot[0], spot[3], spot[4])


def origin_at(root: Position, path: Path) -> Origin:
    """The place of the value at the path; where there is none, that of the key of what should hold it."""
    spot = root
    for part in path:
        inner = position_at(spot, (part,))
        if inner is spot:
            return key_origin(spot)
        spot = inner
    return origin(spot)


def key_origin_at(root: Position, path: Path) -> Origin:
    """The place of the key at the path, or of the nearest one around it."""
    return key_origin(position_at(root, path))


def key_origins(spot: Position) -> Mapping[str, Origin]:
    """The place of every key of a mapping."""
    inner = spot[5]
    return {name: key_origin(item) for name, item in inner.items()} if isinstance(inner, dict) else {}


def inside(spot: Position, part: str | int) -> Position:
    """The spot of an item; the spot itself where it is not known."""
    return position_at(spot, (part,))


def count(spot: Position, most: int) -> int:
    """How many values there are at the spot, itself included; what exceeds `most` is not counted to the end."""
    total, waiting = 0, [spot]
    while waiting and total <= most:
        total += 1
        inner = waiting.pop()[5]
        waiting.extend(inner.values() if isinstance(inner, dict) else inner or ())
    return total


def label_of(path: Path) -> str:
    """A path as a person writes it: `ports[0]`, `metadata.labels.team`; fields of the spec go without `spec`."""
    parts = path[1:] if path[:1] == ("spec",) and len(path) > 1 else path
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")
