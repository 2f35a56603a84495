"""JSON to frozen dataclasses, by the types of their fields; an error names the path to its place."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING
from enum import Enum
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

from novita_infra.encoding.values import (
    NAMES,
    Json,
    Malformed,
    SecretReader,
    decode,
    members,
    name_of,
    read_address,
    unescaped,
)
from novita_infra.model.addresses import Address
from novita_infra.model.values import Value

T = TypeVar("T")
_PLAIN: Final = (str, bool, int, float, type(None))
_Reader: TypeAlias = Callable[[Json, SecretReader | None], Any]


def decode_as(shape: type[T], data: Json, *, secrets: SecretReader | None = None) -> T:
    """The dataclass that `encode` wrote. Raises Malformed, with the path to the place, on anything else."""
    try:
        found: T = _reader(typing.cast("Any", shape))(data, secrets)
    except RecursionError:
        raise Malformed("nested beyond all measure") from None
    return found


@functools.cache
def _reader(hint: Any) -> _Reader:
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if hint is Any:
        return _read_value
    if hint is Address:
        return _read_address
    if hint in _PLAIN:
        return partial(_read_plain, hint)
    if origin in (typing.Union, types.UnionType):
        return partial(_read_optional, _reader(arguments[0]))
    if origin is tuple:
        return partial(_read_items, _reader(arguments[0]))
    if origin is Mapping:
        return partial(_read_entries, _reader(arguments[0]), _reader(arguments[1]))
    if issubclass(hint, Enum):
        return partial(_read_choice, hint)
    return partial(_read_fields, hint)


def _read_value(data: Json, secrets: SecretReader | None) -> Value:
    return decode(data, secrets=secrets)


def _read_address(data: Json, _secrets: SecretReader | None) -> Address:
    return read_address(data)


def _read_plain(hint: type, data: Json, _secrets: SecretReader | None) -> Any:
    if type(data) is hint or (hint is float and type(data) is int):
        return data
    raise Malformed(f"{NAMES[hint]} is wanted, not {name_of(data)}")


def _read_choice(hint: type[Enum], data: Json, _secrets: SecretReader | None) -> Enum:
    try:
        return hint(data)
    except ValueError:
        known = ", ".join(str(item.value) for item in hint)
        raise Malformed(f"one of {known} is wanted") from None


def _read_optional(inner: _Reader, data: Json, secrets: SecretReader | None) -> Any:
    return None if data is None else inner(data, secrets)


def _read_items(inner: _Reader, data: Json, secrets: SecretReader | None) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise Malformed(f"a list is wanted, not {name_of(data)}")
    found = []
    for index, item in enumerate(data):
        try:
            found.append(inner(item, secrets))
        except Malformed as error:
            raise error.within(index) from None
    return tuple(found)


def _read_entries(key: _Reader, inner: _Reader, data: Json, secrets: SecretReader | None) -> dict[Any, Any]:
    if not isinstance(data, dict):
        raise Malformed(f"an object is wanted, not {name_of(data)}")
    found = {}
    for name, item in data.items():
        try:
            found[key(unescaped(name), secrets)] = inner(item, secrets)
        except Malformed as error:
            raise error.within(name) from None
    return found


def _read_fields(shape: type, data: Json, secrets: SecretReader | None) -> Any:
    if not isinstance(data, dict):
        raise Malformed(f"an object is wanted, not {name_of(data)}")
    readers, inline = _readers(shape), _inline(shape)
    found: dict[str, Any] = {}
    parts: dict[str, dict[str, Json]] = {}
    for key, item in data.items():
        if key in inline:
            parts.setdefault(inline[key], {})[key] = item
            continue
        if key not in readers:
            raise Malformed("this field is not known").within(key)
        name, reader = readers[key]
        try:
            found[name] = reader(item, secrets)
        except Malformed as error:
            raise error.within(key) from None
    for name, part in parts.items():
        found[name] = _read_fields(_hints(shape)[name], part, secrets)
    missing = [item.key for item in members(shape) if item.default is MISSING and item.name not in found]
    if missing:
        raise Malformed(f"{missing[0]} is missing")
    return shape(**found)


@functools.cache
def _readers(shape: Any) -> dict[str, tuple[str, _Reader]]:
    """The name of each field and the reader of its value, by key in JSON."""
    hints = _hints(shape)
    return {
        item.key: (item.name, partial(_read_text, item.form.read) if item.form.read else _reader(hints[item.name]))
        for item in members(shape)
        if not item.form.inline
    }


@functools.cache
def _inline(shape: Any) -> dict[str, str]:
    """The name of the field whose inline dataclass has the key, by key in JSON."""
    return {
        inner.key: item.name
        for item in members(shape)
        if item.form.inline
        for inner in members(_hints(shape)[item.name])
    }


@functools.cache
def _hints(shape: Any) -> dict[str, Any]:
    return typing.get_type_hints(shape)


def _read_text(read: Callable[[str], Any], data: Json, _secrets: SecretReader | None) -> Any:
    return read(_read_plain(str, data, None))
