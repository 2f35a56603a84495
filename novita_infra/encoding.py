"""Values and dataclasses to JSON and back, canonical bytes, and keyed digests in the place of secrets.

What JSON has no word for becomes an object with one key that begins with `$`; the user's own keys of that look are
escaped. A secret never leaves here in clear: `encode` refuses one unless it is told what to write in its place.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from typing import Any, Final, TypeAlias, TypeVar

from novita_infra.diagnostics import Diagnostic, Problems
from novita_infra.resources import Address, Digest, Joined, Ref, Secret, Value, is_secret, resolve

Json: TypeAlias = Any
"""What `json.loads` gives."""
SecretWriter: TypeAlias = Callable[[Secret], Json]
SecretReader: TypeAlias = Callable[[Mapping[str, Json]], Value]
Resolver: TypeAlias = Callable[[str], str]
"""Reads the text of a source such as `env:NAME` again; raises Problems where it cannot."""

T = TypeVar("T")

_PLAIN: Final = (str, bool, int, float, type(None))


class Malformed(ValueError):
    """JSON that does not hold what it should. `path` leads to the place, from the outside in."""

    def __init__(self, summary: str) -> None:
        super().__init__(summary)
        self.summary = summary
        self.path: tuple[str | int, ...] = ()

    def within(self, step: str | int) -> Malformed:
        """The same, told from one level further out."""
        self.path = (step, *self.path)
        return self

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path))}: {self.summary}" if self.path else self.summary


# --- to JSON ----------------------------------------------------------------------------------------------------


def encode(value: Value, *, secrets: SecretWriter | None = None) -> Json:
    """A value, or a frozen dataclass of ours, as JSON data with sorted keys.

    Fields of a dataclass that have their default are left out. Raises TypeError on what has no JSON form, and on a
    Secret unless `secrets` says what to write in its place.
    """
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


def encode_with_sources(value: Value, key: str) -> Json:
    """As `encode`, with each Secret as the source that it can be read from again and its digest under the hex key."""

    def write(secret: Secret) -> Json:
        told: Json = [encode(part, secrets=write) for part in secret.parts] if secret.parts else secret.source
        return {"$secret": told, "digest": _hmac(secret.value, key)}

    return encode(value, secrets=write)


def canonical(value: Value) -> bytes:
    """The one spelling of a value: equal values, equal bytes. Raises as `encode`, and ValueError on a NaN."""
    return compact(encode(value))


def fingerprint(value: Value) -> str:
    """`sha256:` and the digest of the canonical bytes. Secrets must have been replaced with `digest`."""
    return f"sha256:{hashlib.sha256(canonical(value)).hexdigest()}"


def compact(data: Json) -> bytes:
    """JSON data on one line, in ASCII, with sorted keys; raises ValueError on a NaN or an infinite number."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def parse(data: bytes) -> Json:
    """The JSON data in the bytes; raises UnicodeDecodeError, JSONDecodeError, or another ValueError."""
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested beyond all measure") from None


def _refuse(name: str) -> None:
    raise ValueError(f"the number {name} has no form in JSON")


def _escaped(name: Any) -> str:
    if isinstance(name, Address):
        return str(name)
    if not isinstance(name, str):
        raise TypeError(f"a key of type {type(name).__name__} has no form in JSON")
    return f"${name}" if name.startswith("$") else name


def _encode_noun(noun: Any, secrets: SecretWriter | None) -> Json:
    match noun:
        case Address():
            return str(noun)
        case Ref():
            return {"$ref": str(noun.address), "attribute": noun.attribute}
        case Joined(parts=parts):
            return {"$join": [encode(part, secrets=secrets) for part in parts]}
        case Digest():
            return {"$digest": noun.hex}
        case _ if is_dataclass(noun) and not isinstance(noun, type):
            values = ((name, getattr(noun, name), default) for name, default in _members(type(noun)))
            return {name: encode(value, secrets=secrets) for name, value, default in values if value != default}
        case _:
            raise TypeError(f"{type(noun).__name__} has no form in JSON")


@functools.cache
def _members(shape: Any) -> tuple[tuple[str, Any], ...]:
    """The names of the fields, each with its default, or MISSING."""
    return tuple((item.name, _default(item)) for item in fields(shape))


def _default(item: Field[Any]) -> Any:
    return item.default if item.default_factory is MISSING else item.default_factory()


# --- from JSON --------------------------------------------------------------------------------------------------


def decode(data: Json, *, secrets: SecretReader | None = None) -> Value:
    """The value that `encode` wrote so. Raises Malformed on a form that it does not write.

    `secrets` says what stands for a secret that was written with its source; without it, one is malformed.
    """
    if isinstance(data, list):
        return [decode(item, secrets=secrets) for item in data]
    if not isinstance(data, dict):
        return data
    for name in data:
        if name.startswith("$") and not name.startswith("$$"):
            return _decode_tagged(data, secrets)
    return {_unescaped(name): decode(item, secrets=secrets) for name, item in data.items()}


def decode_as(shape: type[T], data: Json, *, secrets: SecretReader | None = None) -> T:
    """The dataclass that `encode` wrote so; raises Malformed, with the path to the place, on anything else."""
    try:
        found: T = _reader(typing.cast("Any", shape))(data, secrets)
    except RecursionError:
        raise Malformed("nested beyond all measure") from None
    return found


def decode_with_sources(data: Json, resolver: Resolver, key: str) -> Value:
    """The value that `encode_with_sources` wrote so, its secrets read again; raises Problems, all at once.

    A secret that cannot be read, or is no longer what it was, is a problem.
    """
    problems: list[Diagnostic] = []
    found = decode(data, secrets=reading_again(resolver, key, problems=problems))
    if problems:
        raise Problems(problems)
    return found


def reading_again(resolver: Resolver, key: str, *, problems: list[Diagnostic]) -> SecretReader:
    """Reads each source once and checks it against its digest; what is wrong is added to the problems."""
    known: dict[str, str | None] = {}

    def text_of(source: str) -> str | None:
        if source not in known:
            known[source] = None
            try:
                known[source] = resolver(source)
            except Problems as error:
                problems.extend(error.diagnostics)
        return known[source]

    def read(data: Mapping[str, Json]) -> Value:
        told, hidden = data["$secret"], as_digest(data)
        if isinstance(told, list):
            joined = resolve(Joined(tuple(_read_part(part, read) for part in told)), lambda ref: ref)
            return joined if isinstance(joined, Secret) else hidden
        text = text_of(told)
        if text is None:
            return hidden
        if not hmac.compare_digest(_hmac(text, key), hidden.hex):
            known[told] = None
            problems.append(
                Diagnostic(f"the secret from {told} has changed since the plan was made", "make the plan again")
            )
            return hidden
        return Secret(text, told)

    return read


def as_digest(data: Mapping[str, Json]) -> Digest:
    """What stands for a secret where it is only shown."""
    return Digest(data["digest"])


def _decode_tagged(data: dict[str, Json], secrets: SecretReader | None) -> Value:
    match data:
        case {"$ref": str(address), "attribute": str(attribute)} if len(data) == 2:
            return Ref(_read_address(address, secrets), attribute)
        case {"$join": list(parts)} if len(data) == 1:
            return Joined(tuple(_read_part(part, secrets) for part in parts))
        case {"$digest": str(text)} if len(data) == 1:
            return Digest(text)
        case {"$secret": str() | list(), "digest": str()} if len(data) == 2 and secrets is not None:
            return secrets(data)
        case _:
            raise Malformed(f"nothing known is written with the keys {', '.join(sorted(data))}")


def _unescaped(name: str) -> str:
    return name[1:] if name.startswith("$$") else name


def _read_part(data: Json, secrets: SecretReader | None) -> str | Ref | Secret | Digest:
    part = decode(data, secrets=secrets)
    if isinstance(part, (str, Ref, Secret, Digest)):
        return part
    raise Malformed(f"{type(part).__name__} is no part of a text")


# --- a reader for each type hint of a dataclass -----------------------------------------------------------------

_Reader: TypeAlias = Callable[[Json, SecretReader | None], Any]


@functools.cache
def _reader(hint: Any) -> _Reader:
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if hint is Any:
        return _read_value
    if hint is Address:
        return _read_address
    if hint in _PLAIN:
        return functools.partial(_read_plain, hint)
    if origin in (typing.Union, types.UnionType):
        return functools.partial(_read_optional, _reader(arguments[0]))
    if origin is tuple:
        return functools.partial(_read_items, _reader(arguments[0]))
    if origin is Mapping:
        return functools.partial(_read_entries, _reader(arguments[0]), _reader(arguments[1]))
    if issubclass(hint, Enum):
        return functools.partial(_read_choice, hint)
    return functools.partial(_read_fields, hint)


def _read_value(data: Json, secrets: SecretReader | None) -> Value:
    return decode(data, secrets=secrets)


def _read_plain(hint: type, data: Json, _secrets: SecretReader | None) -> Any:
    if type(data) is hint or (hint is float and type(data) is int):
        return data
    raise Malformed(f"{_NAMES[hint]} is wanted, not {_name_of(data)}")


def _read_address(data: Json, _secrets: SecretReader | None) -> Address:
    try:
        return Address.parse(data)
    except (TypeError, ValueError):
        told = repr(data) if isinstance(data, str) else _name_of(data)
        raise Malformed(f"an address such as instance.trainer is wanted, not {told}") from None


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
        raise Malformed(f"a list is wanted, not {_name_of(data)}")
    found = []
    for index, item in enumerate(data):
        try:
            found.append(inner(item, secrets))
        except Malformed as error:
            raise error.within(index) from None
    return tuple(found)


def _read_entries(key: _Reader, inner: _Reader, data: Json, secrets: SecretReader | None) -> dict[Any, Any]:
    if not isinstance(data, dict):
        raise Malformed(f"an object is wanted, not {_name_of(data)}")
    found = {}
    for name, item in data.items():
        try:
            found[key(_unescaped(name), secrets)] = inner(item, secrets)
        except Malformed as error:
            raise error.within(name) from None
    return found


def _read_fields(shape: type, data: Json, secrets: SecretReader | None) -> Any:
    if not isinstance(data, dict):
        raise Malformed(f"an object is wanted, not {_name_of(data)}")
    readers = _readers(shape)
    found = {}
    for name, item in data.items():
        if name not in readers:
            raise Malformed("this field is not known").within(name)
        try:
            found[name] = readers[name](item, secrets)
        except Malformed as error:
            raise error.within(name) from None
    missing = [name for name, default in _members(shape) if default is MISSING and name not in found]
    if missing:
        raise Malformed(f"{missing[0]} is missing")
    return shape(**found)


@functools.cache
def _readers(shape: Any) -> dict[str, _Reader]:
    hints = typing.get_type_hints(shape)
    return {name: _reader(hints[name]) for name, _ in _members(shape)}


_NAMES: Final[Mapping[type, str]] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    type(None): "null",
    list: "a list",
    dict: "an object",
}


def _name_of(data: Json) -> str:
    return _NAMES[type(data)]


# --- digests ----------------------------------------------------------------------------------------------------


def digest(value: Value, key: str) -> Value:
    """The value with a Digest (HMAC-SHA256 under the hex key) in the place of each secret.

    A text whose parts are all known becomes one Digest if any part is secret, whether it was joined yet or not; of one
    that waits for other resources, each secret part does, and the rest stays.
    """
    match value:
        case Secret():
            return Digest(_hmac(value.value, key))
        case Joined(parts=parts) if is_secret(value):
            if all(isinstance(part, (str, Secret)) for part in parts):
                text = "".join(part.value if isinstance(part, Secret) else str(part) for part in parts)
                return Digest(_hmac(text, key))
            return Joined(tuple(digest(part, key) for part in parts))
        case dict():
            return {name: digest(item, key) for name, item in value.items()}
        case list():
            return [digest(item, key) for item in value]
        case _:
            return value


def matches_digest(value: Value, recorded: Value, key: str) -> bool:
    """Whether the value is what was recorded, where the record may hold digests.

    A plain text is judged by its digest too: the API shows in clear what the books only hold the digest of.
    """
    match value, recorded:
        case str(), Digest():
            return hmac.compare_digest(_hmac(value, key), recorded.hex)
        case dict(), dict():
            return value.keys() == recorded.keys() and all(
                matches_digest(item, recorded[name], key) for name, item in value.items()
            )
        case list(), list():
            return len(value) == len(recorded) and all(
                matches_digest(item, other, key) for item, other in zip(value, recorded, strict=True)
            )
        case _:
            return bool(digest(value, key) == recorded)


def derived_key(key: str, purpose: str) -> str:
    """Another hex key, from which this one cannot be told."""
    return _hmac(purpose, key)


def _hmac(text: str, key: str) -> str:
    return hmac.digest(bytes.fromhex(key), text.encode("utf-8", "surrogatepass"), "sha256").hex()
