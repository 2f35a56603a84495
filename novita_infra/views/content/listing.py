"""Results that every format shows without knowing them: a list of rows, or a few facts.

A dataclass declares each: its fields are the JSON, the published schema and the text.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, ClassVar, Final

from novita_infra.catalogue.prices import Amount, plain_usd, usd
from novita_infra.model.addresses import Address
from novita_infra.schema.objects import DRAFT, Schema, complete_object, schema_id
from novita_infra.views.content.lines import Line, Tone, line, table_lines, text_width

_USD: Final[Schema] = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
"""Exact, as text."""
_PLAIN: Final[Mapping[Any, Schema]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    type(None): {"type": "null"},
    Address: {"type": "string"},
    Fraction: {**_USD, "description": "USD."},
    Amount: complete_object({"least": _USD, "most": _USD}, "USD."),
    Any: {},
}


class Facts:
    """A result of a few facts. A subclass is a dataclass whose fields are declared by `fact`."""

    name: ClassVar[str]
    """The name of the published schema, and of the result for document formats."""
    is_line: ClassVar[bool] = False
    """Whether it is one of many that come one after the other: its JSON has one line."""

    def lines(self) -> Iterator[Line]:
        """Each titled fact on a line."""
        fields: Any = type(self)
        shown = [(_title(item), getattr(self, item.name)) for item in dataclasses.fields(fields) if _title(item)]
        width = max((text_width(title) for title, _ in shown), default=0)
        for title, value in shown:
            yield line((f"{f'{title}:':<{width + 1}}", Tone.STRONG), f" {text_of_value(value) or text_of_value(None)}")

    def data(self) -> Any:
        """The facts as JSON."""
        return data_of(self)

    @classmethod
    def schema(cls) -> Schema:
        """The schema of the JSON."""
        return _published(cls.name, cls.__doc__, schema_of_type(cls))


class Listing:
    """A result that is a list of rows. A subclass is a dataclass with the field `rows`."""

    name: ClassVar[str]
    """The name of the published schema, and of the result for document formats."""
    row: ClassVar[type]
    """The dataclass of a row; its fields are declared by `fact` and `cell`."""
    empty: ClassVar[str]
    """The text without rows."""
    rows: Sequence[Any]

    def closing(self) -> Iterator[Line]:
        """The lines below the table."""
        return iter(())

    def table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """The titles of the columns, and the cells of each row."""
        shown = [item for item in dataclasses.fields(self.row) if _title(item)]
        cells = [tuple(text_of_value(getattr(row, item.name)) for item in shown) for row in self.rows]
        return tuple(map(_title, shown)), cells

    def lines(self) -> Iterator[Line]:
        """The table, or the text without rows."""
        if not self.rows:
            yield line((self.empty, Tone.GOOD))
            return
        heads, cells = self.table()
        yield from table_lines(cells, heads=heads)
        yield from self.closing()

    def data(self) -> Any:
        """The rows as JSON."""
        return [data_of(row) for row in self.rows]

    @classmethod
    def schema(cls) -> Schema:
        """The schema of the JSON."""
        return _published(cls.name, cls.__doc__, {"type": "array", "items": schema_of_type(cls.row)})


class Statement(Listing):
    """A list of rows with facts about all of them, such as their sum. `rows` is one of the fields of the JSON."""

    def data(self) -> Any:
        """The facts and the rows as JSON."""
        return data_of(self)

    @classmethod
    def schema(cls) -> Schema:
        """The schema of the JSON."""
        return _published(cls.name, cls.__doc__, schema_of_type(cls))


def fact(description: str, *, title: str = "") -> Any:
    """A field of the JSON with its description in the schema; with a title, of the text too."""
    return dataclasses.field(metadata={"description": description, "title": title})


def cell(title: str) -> Any:
    """A field of the text alone."""
    return dataclasses.field(metadata={"title": title})


def text_of_value(value: Any) -> str:
    """A value for a person."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case Fraction():
            return usd(value)
        case Amount():
            return " to ".join(dict.fromkeys(usd(part) for part in (value.least, value.most)))
        case enum.Enum():
            return str(value.value)
        case list() | tuple():
            return ", ".join(map(text_of_value, value))
        case _:
            return str(value)


_AS_IS: Final = frozenset({type(None), bool, int, float, str})
"""The types of values that are JSON already."""


def data_of(value: Any) -> Any:
    """A value as JSON; amounts are exact decimals in text, in USD."""
    if type(value) in _AS_IS:
        return value  # as most are
    if names := _fields(type(value)):  # type: ignore[arg-type]  # a class is hashable
        values = [(name, getattr(value, name)) for name in names]
        return {name: item if type(item) in _AS_IS else data_of(item) for name, item in values}
    match value:
        case Fraction():
            return plain_usd(value)
        case Amount():
            return {"least": plain_usd(value.least), "most": plain_usd(value.most)}
        case enum.Enum():
            return value.value
        case Address():
            return str(value)
        case Mapping():
            return {str(name): data_of(item) for name, item in value.items()}
        case list() | tuple():
            return [data_of(item) for item in value]
        case _:
            return value


def schema_of_type(kind: Any) -> Schema:
    """The schema of what `data_of` gives for a value of this type."""
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin in {typing.Union, types.UnionType}:
        return {"anyOf": [schema_of_type(item) for item in inside]}
    if origin in {list, tuple, Sequence}:
        return {"type": "array", "items": schema_of_type(inside[0])}
    if origin in {dict, Mapping}:
        return {"type": "object", "additionalProperties": schema_of_type(inside[1])}
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return {"enum": [item.value for item in kind]}
    hints = typing.get_type_hints(kind)
    fields = {name: (hints[name], description) for name, description in _fields(kind).items()}
    return complete_object(
        {name: {**schema_of_type(hint), "description": description} for name, (hint, description) in fields.items()}
    )


def _published(name: str, doc: str | None, schema: Schema) -> Schema:
    title = name.replace("_", " ").capitalize()
    return {"$schema": DRAFT, "$id": schema_id(name), "title": title, "description": (doc or "").strip(), **schema}


@functools.cache
def _fields(kind: Any) -> dict[str, str]:
    """The fields of the JSON by name, each with its description; none of a type that is no dataclass of a view."""
    if not dataclasses.is_dataclass(kind):
        return {}
    described = ((item.name, item.metadata.get("description")) for item in dataclasses.fields(kind))
    return {name: description for name, description in described if description}


def _title(item: dataclasses.Field[Any]) -> str:
    return str(item.metadata.get("title", ""))
