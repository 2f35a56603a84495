"""Values and frozen dataclasses to JSON, and JSON to values.

A value without a JSON form becomes an object with one key that begins with `$`; keys of the user that begin so are
escaped. A secret is refused unless the caller gives a writer for it.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, Final, TypeAlias

from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.json_forms import JsonForm, form_of
from novita_infra.model.values import Computation, Digest, Ref, Secret, Value, joined_text

Json: TypeAlias = Any
"""The result of `json.loads`."""
SecretWriter: TypeAlias = Callable[[Secret], Json]
SecretReader: TypeAlias = Callable[[Mapping[str, Json]], Value]

_PARTS: Final = (str, Ref, Secret, Digest)
"""The parts of a text that older versions read too."""
_DECIMAL: Final = re.compile(r"-?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:E[-+]?[0-9]{1,3})?")

NAMES: Final[Mapping[type, str]] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    type(None): "null",
    list: "a list",
    dict: "an object",
}

_PLAIN: Final = frozenset({str, bool, int, float, type(None)})
"""The types of values that are their own JSON form. An enum may derive from one of them."""


class Malformed(ValueError):
    """JSON of the wrong form. `path` leads to the place, from the outside in."""

    def __init__(self, summary: str) -> None:
        super().__init__(summary)
        self.summary = summary
        self.path: tuple[str | int, ...] = ()

    def within(self, step: str | int) -> Malformed:
        """The same error with a path from one level further out."""
        self.path = (step, *self.path)
        return self

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path))}: {self.summary}" if self.path else self.summary


def encode(value: Value, *, secrets: SecretWriter | None = None) -> Json:
    """A value, or a frozen dataclass of ours, as JSON data with sorted keys.

    Fields of a dataclass with their default are left out. Raises TypeError on a value without a JSON form, and on a
    Secret unless `secrets` writes it.
    """
    if type(value) in _PLAIN:
        return value  # as most are
    match value:
        case Enum():
            return value.value
        case None | str() | bool() | int() | float():
            return value
        case dict():
            return {_escaped(name): encode(value[name], secrets=secrets) for name in sorted(value, key=str)}
        case list() | tuple():
            return [encode(item, secrets=secrets) for item in value]
        case Secret():
            if secrets is None:
                raise TypeError(f"the secret from {value.source} must not be written")
            return secrets(value)
        case Mapping():
            return encode(dict(value), secrets=secrets)
        case _:
            return _encode_noun(value, secrets)


def decode(data: Json, *, secrets: SecretReader | None = None) -> Value:
    """The value that `encode` wrote. Raises Malformed on a form that `encode` does not write.

    `secrets` reads a secret that was written with its source; without it such a secret is malformed.
    """
    if isinstance(data, list):
        return [decode(item, secrets=secrets) for item in data]
    if not isinstance(data, dict):
        return data
    for name in data:
        if name.startswith("$") and not name.startswith("$$"):
            return _decode_tagged(data, secrets)
    return {unescaped(name): decode(item, secrets=secrets) for name, item in data.items()}


def canonical(value: Value) -> bytes:
    """The canonical bytes of a value: equal values have equal bytes. Raises as `encode`, and ValueError on a NaN."""
    return compact(encode(value))


def fingerprint(value: Value) -> str:
    """`sha256:` and the digest of the canonical bytes. Secrets must have been replaced with `digest`."""
    return f"sha256:{hashlib.sha256(canonical(value)).hexdigest()}"


def compact(data: Json) -> bytes:
    """JSON data on one line, in ASCII, with sorted keys; raises ValueError on a NaN or an infinite number."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def read_address(data: Json) -> Address:
    """The address in the text. Raises Malformed."""
    try:
        return Address.parse(data)
    except (TypeError, ValueError):
        given = repr(data) if isinstance(data, str) else name_of(data)
        raise Malformed(f"an address such as instance.trainer is wanted, not {given}") from None


def name_of(data: Json) -> str:
    """The JSON type of the data, in words for a person."""
    return NAMES[type(data)]


@dataclass(frozen=True, slots=True)
class Member:
    """The JSON form of one field of a dataclass."""

    name: str
    key: str
    """The key in JSON."""
    default: Any
    """MISSING if it has none."""
    form: JsonForm


@functools.cache
def members(shape: Any) -> tuple[Member, ...]:
    """The fields of the dataclass."""
    forms = ((item, form_of(item)) for item in fields(shape))
    return tuple(Member(item.name, form.name or item.name, _default(item), form) for item, form in forms)


def unescaped(name: str) -> str:
    """The key as it was before it was escaped."""
    return name[1:] if name.startswith("$$") else name


def _escaped(name: Any) -> str:
    if isinstance(name, Address):
        return str(name)
    if isinstance(name, Enum):
        return _escaped(name.value)
    if not isinstance(name, str):
        raise TypeError(f"a key of type {type(name).__name__} has no form in JSON")
    return f"${name}" if name.startswith("$") else name


def _encode_noun(noun: Any, secrets: SecretWriter | None) -> Json:
    match noun:
        case Address():
            return str(noun)
        case Ref():
            return {"$ref": str(noun.address), "attribute": noun.attribute}
        case Computation(function=name, arguments=arguments):
            written = [encode(item, secrets=secrets) for item in arguments]
            plain = name == "text" and all(isinstance(item, _PARTS) for item in arguments)
            return {"$join": written} if plain else {"$compute": name, "with": written}
        case Decimal():
            return {"$number": str(noun)}
        case Digest():
            return {"$digest": noun.hex}
        case _ if is_dataclass(noun) and not isinstance(noun, type):
            return _encode_members(noun, secrets)
        case _:
            raise TypeError(f"{type(noun).__name__} has no form in JSON")


def _encode_members(noun: Any, secrets: SecretWriter | None) -> dict[str, Json]:
    found: dict[str, Json] = {}
    shape: Any = type(noun)
    for member in members(shape):
        value = getattr(noun, member.name)
        if value == member.default:
            continue
        if member.form.inline:
            found.update(_encode_members(value, secrets))
        else:
            found[member.key] = member.form.write(value) if member.form.write else encode(value, secrets=secrets)
    return found


def _default(item: Field[Any]) -> Any:
    return item.default if item.default_factory is MISSING else item.default_factory()


def _decode_tagged(data: dict[str, Json], secrets: SecretReader | None) -> Value:
    match data:
        case {"$ref": str(address), "attribute": str(attribute)} if len(data) == 2:
            return Ref(read_address(address), attribute)
        case {"$join": list(parts)} if len(data) == 1:
            return joined_text(tuple(_read_part(part, secrets) for part in parts))
        case {"$compute": str(name), "with": list(arguments)} if len(data) == 2:
            return Computation(name, tuple(_read_argument(item, secrets) for item in arguments))
        case {"$number": str(text)} if len(data) == 1 and _DECIMAL.fullmatch(text):
            return Decimal(text)
        case {"$digest": str(text)} if len(data) == 1:
            return Digest(text)
        case {"$secret": str() | list() | dict(), "digest": str()} if len(data) == 2 and secrets is not None:
            return secrets(data)
        case _:
            raise Malformed(f"nothing known is written with the keys {', '.join(sorted(data))}")


def _read_part(data: Json, secrets: SecretReader | None) -> str | Ref | Secret | Digest:
    part = decode(data, secrets=secrets)
    if isinstance(part, _PARTS):
        return part
    raise Malformed(f"{type(part).__name__} is no part of a text")


def _read_argument(data: Json, secrets: SecretReader | None) -> Value:
    argument = decode(data, secrets=secrets)
    if isinstance(argument, (list, dict)):
        raise Malformed(f"{name_of(argument)} is no argument of a computation")
    return argument
