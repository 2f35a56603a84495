"""The schema of a request: checks values, and prints itself as JSON Schema for the OpenAPI document."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from novita_infra.simulator.errors import invalid

INT32 = 2**31 - 1
INT64 = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Reading:
    """The rules for reading a request. They come from the profile."""

    forgiving: bool = True
    """Accepts what existing clients send: numbers as text, other names of a field, one object for a list."""
    closed: bool = False
    """Refuses fields that the reference does not have."""
    textual: bool = False
    """The values come from a query string, where everything is text."""


class Shape(Protocol):
    """The schema of one value of a request."""

    def read(self, value: Any, at: str, how: Reading) -> Any:
        """Returns the checked value. Raises a VALIDATOR_PARAM refusal that names `at`."""

    def schema(self) -> dict[str, Any]:
        """The schema as JSON Schema."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string, limited by its length in characters or by its choices."""

    low: int = 0
    high: int = 65535
    one_of: Sequence[str] = ()
    pattern: str = ""

    def read(self, value: Any, at: str, _how: Reading) -> str:
        if not isinstance(value, str):
            raise invalid(at, "must be a string")
        if self.one_of and value not in self.one_of:
            raise invalid(at, f"must be one of {', '.join(choice or '(empty)' for choice in self.one_of)}")
        if not self.low <= len(value) <= self.high:
            raise invalid(at, f"length must be between {self.low} and {self.high} characters")
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise invalid(at, f"must match {self.pattern}")
        return value

    def schema(self) -> dict[str, Any]:
        if self.one_of:
            return {"type": "string", "enum": list(self.one_of)}
        schema: dict[str, Any] = {"type": "string", "minLength": self.low, "maxLength": self.high}
        return schema | ({"pattern": f"^(?:{self.pattern})$"} if self.pattern else {})


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer. `as_text` is for fields that the reference shows as strings in places."""

    low: int = 0
    high: int = INT32
    as_text: bool = False
    outside: tuple[int, ...] = ()
    """Reserved numbers inside the limits, which are refused."""

    def read(self, value: Any, at: str, how: Reading) -> int:
        number = self._number(value, loose=how.forgiving or how.textual or self.as_text)
        if number is None:
            raise invalid(at, "must be an integer")
        if not self.low <= number <= self.high:
            raise invalid(at, f"must be between {self.low} and {self.high}")
        if number in self.outside:
            raise invalid(at, f"{number} is reserved")
        return number

    @staticmethod
    def _number(value: Any, *, loose: bool) -> int | None:
        if isinstance(value, bool):
            return None
        if isinstance(value, float) and math.isfinite(value) and value == int(value):
            return int(value)
        if loose and isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,19}", value):
            return int(value)
        return value if isinstance(value, int) else None

    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "integer", "minimum": self.low, "maximum": self.high}
        if self.outside:
            schema["not"] = {"enum": list(self.outside)}
        return {"anyOf": [schema, {"type": "string", "pattern": "^[+-]?[0-9]{1,19}$"}]} if self.as_text else schema


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean."""

    def read(self, value: Any, at: str, how: Reading) -> bool:
        if isinstance(value, bool):
            return value
        if how.textual and isinstance(value, str) and value.lower() in {"true", "false", "1", "0"}:
            return value.lower() in {"true", "1"}
        raise invalid(at, "must be a boolean")

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Number:
    """A number with or without a fraction."""

    low: float = -1e308
    high: float = 1e308

    def read(self, value: Any, at: str, _how: Reading) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            raise invalid(at, f"must be a number between {self.low:g} and {self.high:g}")
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True)
class Anything:
    """Any value, returned unchanged."""

    def read(self, value: Any, _at: str, _how: Reading) -> Any:
        return value

    def schema(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, slots=True)
class Either:
    """A value of one of several schemas."""

    shapes: tuple[Shape, ...]
    takes: Callable[[Any], int]
    """Returns the index of the schema for a value."""

    def read(self, value: Any, at: str, how: Reading) -> Any:
        return self.shapes[self.takes(value)].read(value, at, how)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [shape.schema() for shape in self.shapes]}


@dataclass(frozen=True, slots=True)
class Map:
    """An object with any names, whose values have one schema."""

    of: Shape = field(default_factory=Anything)

    def read(self, value: Any, at: str, how: Reading) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise invalid(at, "must be an object")
        return {name: self.of.read(inner, f"{at}.{name}", how) for name, inner in value.items()}

    def schema(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": self.of.schema()}


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    of: Shape
    low: int = 0
    high: int = 10_000
    single: bool = False
    """A single value is accepted as a list of one."""

    def read(self, value: Any, at: str, how: Reading) -> list[Any]:
        if (how.forgiving and isinstance(value, str | dict)) or (self.single and not isinstance(value, list)):
            value = [value]  # one object instead of a list
        if not isinstance(value, list):
            raise invalid(at, "must be an array")
        if not self.low <= len(value) <= self.high:
            raise invalid(at, f"must hold between {self.low} and {self.high} items")
        return [self.of.read(item, f"{at}[{index}]", how) for index, item in enumerate(value)]

    def schema(self) -> dict[str, Any]:
        schema = {"type": "array", "items": self.of.schema(), "minItems": self.low, "maxItems": self.high}
        return {"anyOf": [schema, self.of.schema()]} if self.single else schema


@dataclass(frozen=True, slots=True)
class RequestField:
    """One field of an object."""

    shape: Shape
    required: bool = False
    documented: bool = False
    """The reference requires the field; existing clients omit it."""
    default: Any = None
    also: tuple[str, ...] = ()
    """Other names of the field that existing clients send."""


@dataclass(frozen=True, slots=True)
class Fields:
    """An object with named fields. Reading returns every field, with its default if it is absent or null."""

    parts: Mapping[str, RequestField] = field(default_factory=dict)
    open: bool = False
    """Other fields are allowed and not read."""
    listed: bool = False
    """Existing clients send it as a list of one."""

    def read(self, value: Any, at: str, how: Reading) -> dict[str, Any]:
        if self.listed and how.forgiving and isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not isinstance(value, Mapping):
            raise invalid(at or "body", "must be an object")
        if how.closed and not self.open:
            unknown = sorted(set(value) - set(self.parts))
            if unknown:
                known = ", ".join(sorted(self.parts))
                raise invalid(f"{at}.{unknown[0]}".lstrip("."), f"is not a field here; known: {known}")
        return {name: self._part(name, part, value, at, how) for name, part in self.parts.items()}

    @staticmethod
    def _part(name: str, part: RequestField, value: Mapping[str, Any], at: str, how: Reading) -> Any:
        given = value.get(name)
        if given is None and part.also and how.forgiving:
            given = next((value[other] for other in part.also if value.get(other) is not None), None)
        if given == "" and how.textual and isinstance(part.shape, Whole | Flag):
            given = None
        if given is None and not part.required and (how.forgiving or not part.documented):
            return part.default  # most fields of most requests: their names are not needed
        here = f"{at}.{name}" if at else name
        if given is None:
            raise invalid(here, "is required")
        return part.shape.read(given, here, how)

    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {name: part.shape.schema() for name, part in self.parts.items()},
        }
        required = [name for name, part in self.parts.items() if part.required]
        return schema | ({"required": required} if required else {})


def need(shape: Shape, *also: str) -> RequestField:
    """A required field."""
    return RequestField(shape, required=True, also=also)


def should(shape: Shape, default: Any, *also: str) -> RequestField:
    """A field that the reference requires and the live service is said not to need."""
    return RequestField(shape, documented=True, default=default, also=also)


def may(shape: Shape, default: Any = None, *also: str) -> RequestField:
    """An optional field."""
    return RequestField(shape, default=default, also=also)


PORT = Whole(1, 65535, as_text=True, outside=(2222, 2223, 2224))
"""A port that an image may listen on. The platform uses three of them itself."""
ENVS = Items(Fields({"key": need(Text(1, 511)), "value": need(Text(0, 4095))}), high=100)
