"""Values of a spec and their differences as lines. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Final

from novita_infra.model.printable import printable
from novita_infra.model.values import Ref, Value
from novita_infra.views.content.lines import Line, Tone, line, text_width
from novita_infra.views.content.values import inline

ADDED: Final = ("+ ", Tone.ADD)
CHANGED: Final = ("~ ", Tone.CHANGE)
REMOVED: Final = ("- ", Tone.REMOVE)
ARROW: Final = (" -> ", Tone.FAINT)

_SHORT: Final = 72
"""Columns up to which a list or map stands on one line."""


def described(name: str, value: Value, *, indent: int) -> Iterator[Line]:
    """`name: value`, over several lines where one would be too long."""
    pad = " " * indent
    if _fits(value) or not isinstance(value, (dict, list)) or not value:
        origin = f"  # {value.address}.{value.attribute}" if isinstance(value, Ref) else ""
        yield line(f"{pad}{name}: {inline(value)}", (origin, Tone.FAINT))
        return
    yield line(f"{pad}{name}:")
    if isinstance(value, dict):
        for key, item in value.items():
            yield from described(str(key), item, indent=indent + 4)
        return
    for item in value:
        yield line(f"{pad}    - {inline(item)}")


def differing(name: str, before: Value, after: Value, *, indent: int, note: tuple[str, Tone | None]) -> Iterator[Line]:
    """The difference of two values: on one line if it is short, else only the differing parts."""
    pad, label = " " * indent, f"{name}: " if name else ""
    if before is None:
        yield line(pad, ADDED, f"{label}{inline(after)}", note)
    elif after is None:
        yield line(pad, REMOVED, f"{label}{inline(before)}", note)
    elif not _nested(before, after):
        yield line(pad, CHANGED, f"{label}{inline(before)}", ARROW, inline(after), note)
    else:
        yield line(pad, CHANGED, f"{name}:", note)
        yield from _inside(before, after, indent=indent + 4)


def _nested(before: Value, after: Value) -> bool:
    if isinstance(before, str) and isinstance(after, str):
        return "\n" in before.strip() and "\n" in after.strip()
    if isinstance(before, dict) and isinstance(after, dict):
        same = any(name in after and value == after[name] for name, value in before.items())
        return same or max(len(before), len(after)) > 2 or _is_long(before, after)
    return isinstance(before, list) and isinstance(after, list) and _is_long(before, after)


def _is_long(before: Value, after: Value) -> bool:
    return text_width(inline(before)) + text_width(inline(after)) > _SHORT


def _inside(before: Value, after: Value, *, indent: int) -> Iterator[Line]:
    if isinstance(before, str) and isinstance(after, str):
        yield from _inside_texts(before, after, indent=indent)
    elif isinstance(before, (dict, list)):
        yield from _inside_nested(before, after, indent=indent)


def _inside_nested(before: dict[str, Value] | list[Value], after: Value, *, indent: int) -> Iterator[Line]:
    from novita_infra.planning.changes.equality import explain_difference  # noqa: PLC0415 -- deepdiff is dear, and few plans need it

    touched = set()
    for item in explain_difference(before, after):
        yield from differing(_label(item.path), item.before, item.after, indent=indent, note=("", None))
        if len(item.path) > 1 or item.before is not None:
            touched.add(item.path[0])
    yield from _unchanged(len(before) - len(touched), indent)


def _label(path: tuple[str | int, ...]) -> str:
    """`anyOf[1].maxPricePerHour`. Items of a list come and go without a number: most lists have no order."""
    steps = path[:-1] if isinstance(path[-1], int) else path
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def _inside_texts(before: str, after: str, *, indent: int) -> Iterator[Line]:
    """The lines of two texts that differ. A line with something that cannot be seen stands in quotes."""
    pad, same, ends = " " * indent, 0, before.endswith("\n") != after.endswith("\n")
    old, new = _lines(before), _lines(after)
    for tag, left, left_end, right, right_end in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        if tag == "equal":
            same += left_end - left
            continue
        for mark, items in ((REMOVED, old[left:left_end]), (ADDED, new[right:right_end])):
            for item in items:
                note = "  (without a line end)" if ends and not item.endswith("\n") else ""
                yield line(pad, mark, _seen(item.removesuffix("\n")), (note, Tone.FAINT))
    yield from _unchanged(same, indent)


def _lines(text: str) -> list[str]:
    """The lines of a text with their ends. Only a line feed ends one: any other separator is a character."""
    return [item for item in re.split(r"(?<=\n)", text) if item]


def _seen(text: str) -> str:
    return text if text == printable(text).rstrip() else inline(text)


def _unchanged(count: int, indent: int) -> Iterator[Line]:
    if count:
        yield line((f"{' ' * indent}  ({count} unchanged)", Tone.FAINT))


def _fits(value: Value) -> bool:
    return text_width(inline(value)) <= _SHORT
