"""Readers of the JSON values that the API sends. They take any JSON and never raise."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from novita_infra.model.values import Value


def int_of(value: Any, otherwise: int | None = None) -> int | None:
    """A whole number that may come as a number or as text (`"24"`); `otherwise` for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return otherwise
    try:
        if isinstance(value, str) and value.isdecimal():
            return int(value)  # as most are
        number = float(value) if isinstance(value, str) and not value.strip().isdecimal() else value
        return int(number) if not isinstance(number, float) or math.isfinite(number) else otherwise
    except ValueError:
        return otherwise


def fraction_of(value: Any) -> Fraction | None:
    """An exact decimal number that may come as text (`"0.00042"`); None for anything else, and beyond 40 digits."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    text = value.strip() if isinstance(value, str) else format(Decimal(repr(value)), "f")
    return Fraction(text) if _DECIMAL.fullmatch(text) else None


_DECIMAL: Final = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")


def created_in(item: Mapping[str, Any]) -> float:
    """The time of an object's creation in Unix seconds; 0 if the answer does not hold it.

    Most answers hold seconds as text (gpu-instance-get-template: `createdAt`, gpu-instance-get-vpc: `createTime`); v2
    holds numbers, and undocumented fields may hold milliseconds or RFC 3339.
    """
    return moment_in(item, "createdAt", "createTime", "created_at")


def moment_in(item: Mapping[str, Any], *names: str) -> float:
    """The time under the first of these names that holds one, in Unix seconds; 0 without. See `created_in`."""
    value = next(filter(None, map(item.get, names)), None)
    number = int_of(value, 0) or 0
    try:
        if not number and isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
        return max(0.0, number / 1000 if number > _SECONDS else float(number))
    except (ValueError, OverflowError):
        return 0.0


_SECONDS: Final = 100_000_000_000
"""A moment that is a larger number is in milliseconds."""


def text_of(value: Any) -> str:
    """A text, or a number as text (an id may be either); empty for anything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""


def flag_of(value: Any) -> bool:
    """A truth value that may come as text."""
    return value.lower() == "true" if isinstance(value, str) else bool(value)


def object_of(value: Any) -> Mapping[str, Any]:
    """The object, or the only or first object of a list (the API sends some as either); else an empty one."""
    return value if isinstance(value, dict) else next(iter(objects_of(value)), {})


def objects_of(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; a lone object counts as a list of one, anything else as none."""
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict)]
    return [value] if isinstance(value, dict) else []


def texts_of(value: Any) -> list[str]:
    """The texts of a list, numbers as text; anything that is no list counts as an empty one."""
    return [text for text in map(text_of, value) if text] if isinstance(value, list) else []


def carried(item: Mapping[str, Any], readers: Mapping[str, tuple[str, Callable[[Any], Value]]]) -> dict[str, Value]:
    """The fields that the answer carries, each by the API's name for it and how it is read.

    A field that is sent empty is carried as empty; one that is not sent, or cannot be read (None), is left out.
    """
    found = {name: read(item[key]) for name, (key, read) in readers.items() if key in item}
    return {name: value for name, value in found.items() if value is not None}


def filled(values: Mapping[str, Value]) -> dict[str, Value]:
    """The values without those that are None, "", [] or {}: what the API sends for "not set"."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}
