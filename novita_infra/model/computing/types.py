"""The types of values in expressions: texts, exact numbers, true and false, null, lists and maps."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, TypeAlias

from novita_infra.model.computing.effort import Uncomputable
from novita_infra.model.values import Value

Number: TypeAlias = int | Decimal

WHOLE: Final = "let the expression be the whole value, or use join or jsonencode"
"""The hint for a list or a map inside a text."""


def type_words(value: Value) -> str:
    """The type of a known value in words: `a text`, `a number`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "a text"
        case int() | float() | Decimal():
            return "a number"
        case list():
            return "a list"
        case _:
            return "a map"


def exact_number(value: Value) -> Number:
    """The exact number: a float is the decimal that was written. Raises Uncomputable if it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        hint = "the environment gives only texts; a variable of the type integer or number gives a number"
        raise Uncomputable(f"a number is wanted, not {type_words(value)}", hint if isinstance(value, str) else "")
    return Decimal(repr(value)) if isinstance(value, float) else value


def integer_of(value: Value) -> int:
    """The whole number. Raises Uncomputable if it is none."""
    number = exact_number(value)
    if number != int(number):
        raise Uncomputable(f"a whole number is wanted, not {as_text(number)}")
    return int(number)


def truth_of(value: Value) -> bool:
    """True or false. Raises Uncomputable for anything else: no other value counts as true or false."""
    if isinstance(value, bool):
        return value
    raise Uncomputable(f"true or false is wanted, not {type_words(value)}", "compare it: ==, !=, <, in")


def as_text(value: Value) -> str:
    """A single value as text, in YAML's spelling; null is empty. Raises Uncomputable for a list and a map."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() | Decimal():
            plain = format(exact_number(value), "f")
            return plain.rstrip("0").rstrip(".") if "." in plain else plain
        case _:
            raise Uncomputable(
                f"{type_words(value)} cannot stand inside a text",
                WHOLE,
            )


def same(left: Value, right: Value) -> bool:
    """Whether two values are of the same type and equal; 1 and 1.0 are equal, 1 and true are not."""
    match left, right:
        case list(), list():
            return len(left) == len(right) and all(map(same, left, right))
        case dict(), dict():
            return left.keys() == right.keys() and all(same(item, right[name]) for name, item in left.items())
        case _ if type_words(left) != type_words(right):
            return False
        case (float(), _) | (_, float()):
            return exact_number(left) == exact_number(right)
        case _:
            return bool(left == right)
