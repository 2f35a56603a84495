"""The operators of expressions over known values: texts, exact numbers, true and false, null, lists and maps."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal, DecimalException
from typing import Any, Final

from novita_infra.model.computing.effort import Missing, Uncomputable, check_size, size_of
from novita_infra.model.computing.signatures import Function, operator
from novita_infra.model.computing.types import Number, as_text, exact_number, integer_of, same, truth_of, type_words
from novita_infra.model.diagnostics import nearest
from novita_infra.model.values import Value

LARGEST_NUMBER: Final = 2**63
"""The first whole number that is refused, as in YAML: other JSON readers change larger ones silently."""
_EXACT: Final = Context(prec=34, Emax=300, Emin=-300)
"""Decimals of at most 34 digits. Only a division that does not come out even is rounded."""
_SHOWN: Final = 12
"""The most keys of a map that a message lists."""


def _text(*parts: Value) -> str:
    """The parts as one text."""
    words = [as_text(part) for part in parts]
    check_size(sum(map(len, words)))
    return "".join(words)


def _add(left: Value, right: Value) -> Value:
    """The sum of two numbers, or two texts or lists one after the other."""
    match left, right:
        case (str(), str()) | (list(), list()):
            check_size(size_of(left) + size_of(right))
            return left + right
        case (str(), _) | (_, str()):
            hint = 'a text is added to a text; other values stand in a text as format("%s", value)'
            raise Uncomputable(f"{type_words(left)} and {type_words(right)} cannot be added", hint)
        case _:
            return _exact(_EXACT.add, left, right)


def _subtract(left: Value, right: Value) -> Number:
    """The difference of two numbers."""
    return _exact(_EXACT.subtract, left, right)


def _multiply(left: Value, right: Value) -> Number:
    """The product of two numbers."""
    return _exact(_EXACT.multiply, left, right)


def _divide(left: Value, right: Value) -> Number:
    """The quotient of two numbers: 8 / 2 is 4 and 7 / 2 is 3.5."""
    return _exact(_EXACT.divide, left, right)


def _remainder(left: Value, right: Value) -> Number:
    """The remainder of a division, with the sign of the first number."""
    return _exact(_EXACT.remainder, left, right)


def _negate(value: Value) -> Number:
    """The number with the other sign."""
    return _exact(_EXACT.subtract, 0, value)


def _no(value: Value) -> bool:
    """True for false, and false for true."""
    return not truth_of(value)


def _equal(left: Value, right: Value) -> bool:
    """Whether two values are equal. Raises Uncomputable for values of two types, which never are."""
    if type_words(left) != type_words(right) and left is not None and right is not None:
        hint = (
            "the environment gives only texts: write the other side in quotes"
            if str in map(type, (left, right))
            else ""
        )
        raise Uncomputable(f"{type_words(left)} is compared with {type_words(right)}", hint)
    return same(left, right)


def _differ(left: Value, right: Value) -> bool:
    """Whether two values differ. Raises as `equal`."""
    return not _equal(left, right)


def _less(left: Value, right: Value) -> bool:
    """Whether the first number or text comes before the second."""
    return _compared(left, right) < 0


def _at_most(left: Value, right: Value) -> bool:
    """Whether the first number or text comes before the second, or is equal."""
    return _compared(left, right) <= 0


def _greater(left: Value, right: Value) -> bool:
    """Whether the first number or text comes after the second."""
    return _compared(left, right) > 0


def _at_least(left: Value, right: Value) -> bool:
    """Whether the first number or text comes after the second, or is equal."""
    return _compared(left, right) >= 0


def _among(item: Value, container: Value) -> bool:
    """Whether the item is in the list, or a key of the map."""
    match container:
        case list():
            return any(same(item, other) for other in container)
        case dict():
            return isinstance(item, str) and item in container
        case _:
            hint = "contains(text, part) looks into a text" if isinstance(container, str) else ""
            raise Uncomputable(f"`in` wants a list or a map, not {type_words(container)}", hint)


def _item_at(container: Value, key: Value) -> Value:
    """The item of a list at a position from 0, or of a map at a key. Raises Missing where there is none."""
    match container:
        case dict() if isinstance(key, str):
            if key not in container:
                raise Missing(
                    f'there is no key "{key}"', nearest(key, tuple(container)) if len(container) <= _SHOWN else ""
                )
            return container[key]
        case list() if not isinstance(key, str):
            position = integer_of(key)
            if not 0 <= position < len(container):
                raise Missing(f"there is no item {position} in a list of {len(container)}", "positions count from 0")
            return container[position]
        case None:
            raise Missing("null has no items")
        case dict() | list():
            wanted = "a key of a map is a text" if isinstance(container, dict) else "an item of a list has a number"
            raise Uncomputable(f"{type_words(key)} names no item of {type_words(container)}", wanted)
        case _:
            raise Uncomputable(f"{type_words(container)} has no items", "a list or a map has")


def _items_at(container: Value, *keys: Value) -> list[Value]:
    """Of each item of a list, what is at the keys, one inside the other: `disks[*].name`."""
    if not isinstance(container, list):
        raise Uncomputable(f"[*] wants a list, not {type_words(container)}")
    found = []
    for item in container:
        value = item
        for key in keys:
            value = _item_at(value, key)
        found.append(value)
    return found


def _made_list(*items: Value) -> list[Value]:
    """The items as a list."""
    return list(items)


def _made_map(*pairs: Value) -> dict[str, Value]:
    """Keys and values by turns as a map. Raises Uncomputable for a key that is no text or stands twice."""
    result: dict[str, Value] = {}
    for name, value in zip(pairs[::2], pairs[1::2], strict=True):
        if not isinstance(name, str):
            raise Uncomputable("a key of a map is a text that is known and not secret", "write it in quotes")
        if name in result:
            raise Uncomputable(f'the key "{name}" stands twice in a map', "keep one of them")
        result[name] = value
    return result


def _exact(operation: Callable[[Any, Any], Decimal], left: Value, right: Value) -> Number:
    """The exact result; a whole number where both are and the result is."""
    numbers = exact_number(left), exact_number(right)
    try:
        result = operation(*map(Decimal, numbers))
    except (DecimalException, ZeroDivisionError):
        zero = numbers[1] == 0 and operation in (_EXACT.divide, _EXACT.remainder)
        raise Uncomputable("a division by zero" if zero else "the result is too large a number") from None
    whole = all(isinstance(number, int) for number in numbers) and result == result.to_integral_value()
    if abs(result) >= LARGEST_NUMBER and whole:
        raise Uncomputable("the result is a whole number of more than 64 bits")
    return int(result) if whole else result


def _compared(left: Value, right: Value) -> int:
    match left, right:
        case str(), str():
            return (left > right) - (left < right)
        case (str(), _) | (_, str()) | (None, _) | (_, None):
            raise Uncomputable(
                f"{type_words(left)} and {type_words(right)} have no order", "compare two numbers or two texts"
            )
        case _:
            one, other = exact_number(left), exact_number(right)
            return (one > other) - (one < other)


OPERATORS: Final[dict[str, Function]] = {
    "+": operator(_add, whole=True),
    "-": operator(_subtract),
    "*": operator(_multiply),
    "/": operator(_divide),
    "%": operator(_remainder),
    "==": operator(_equal),
    "!=": operator(_differ),
    "<": operator(_less),
    "<=": operator(_at_most),
    ">": operator(_greater),
    ">=": operator(_at_least),
    "in": operator(_among),
    "!": operator(_no, 1),
    "negate": operator(_negate, 1),
    "[]": operator(_item_at, whole=True),
    "[*]": operator(_items_at, 1, repeats=True),
    "text": operator(_text, 1, repeats=True),
    "list": operator(_made_list, 1, repeats=True, whole=True),
    "map": operator(_made_map, 1, repeats=True, whole=True),
}
