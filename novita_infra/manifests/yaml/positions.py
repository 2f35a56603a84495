"""Positions of the values of a document, as a tree beside the data.

The tree consists of plain tuples because a fleet has hundreds of thousands of values. It knows nothing of YAML.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from novita_infra.model.addresses import Origin

Path: TypeAlias = tuple[str | int, ...]
"""The way from the root of a document to a value: keys of mappings and positions in lists."""

Position: TypeAlias = tuple[str, int, int, int, int, dict[str, "Position"] | list["Position"] | None]
"""File, line and column of a value, line and column of its key, and the positions inside it; counted from 1."""


def position_at(root: Position, path: Path) -> Position:
    """Returns the position at the path, or the nearest one around it."""
    position = root
    for part in path:
        inner: Any = position[5]
        if part not in (inner if isinstance(inner, dict) else range(len(inner or ()))):
            break
        position = inner[part]
    return position


def origin(position: Position) -> Origin:
    """Returns the place of the value."""
    return Origin(position[0], position[1], position[2])


def key_origin(position: Position) -> Origin:
    """Returns the place of the value's key; of the value itself if it has none."""
    return Origin(position[0], position[3], position[4])


def origin_at(root: Position, path: Path) -> Origin:
    """Returns the place of the value at the path; if there is none, the key of the mapping that should contain it."""
    position = root
    for part in path:
        inner = position_at(position, (part,))
        if inner is position:
            return key_origin(position)
        position = inner
    return origin(position)


def key_origin_at(root: Position, path: Path) -> Origin:
    """Returns the place of the key at the path, or of the nearest one around it."""
    return key_origin(position_at(root, path))


def key_origins(position: Position) -> Mapping[str, Origin]:
    """Returns the place of every key of a mapping."""
    inner = position[5]
    return {name: key_origin(item) for name, item in inner.items()} if isinstance(inner, dict) else {}


def inside(position: Position, part: str | int) -> Position:
    """Returns the position of an item; the given position if the item is unknown."""
    inner: Any = position[5]
    return inner.get(part, position) if isinstance(inner, dict) else position_at(position, (part,))


def with_item(position: Position, name: str, item: Position) -> Position:
    """Returns the position of a mapping with the given position for one of its items."""
    items = position[5] if isinstance(position[5], dict) else {}
    return (*position[:5], {**items, name: item})


def count(position: Position, most: int) -> int:
    """Returns the number of values at the position, itself included. Counting stops above `most`."""
    total, waiting = 0, [position]
    while waiting and total <= most:
        total += 1
        inner = waiting.pop()[5]
        waiting.extend(inner.values() if isinstance(inner, dict) else inner or ())
    return total


def label_of(path: Path) -> str:
    """Returns a path as users write it: `ports[0]`, `metadata.labels.team`; fields of the spec without `spec`."""
    parts = path[1:] if path[:1] == ("spec",) and len(path) > 1 else path
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")
