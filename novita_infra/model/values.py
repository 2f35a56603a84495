"""Values of a spec: JSON data whose leaves may also be secrets, references or joined texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass


def values_at(value: Value, path: tuple[str, ...]) -> Iterator[Value]:
    """The values at a path of a spec; `*` stands for every item of a list."""
    if not path:
        yield value
    elif path[0] == "*" and isinstance(value, list):
        for item in value:
            yield from values_at(item, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from values_at(value[path[0]], path[1:])


Value: TypeAlias = Any
"""A value of a spec: JSON data in which a leaf may also be a Secret, a Ref or a Joined."""


Spec: TypeAlias = Mapping[str, Value]


PLAIN: Final = (str, int, type(None))
"""The types of most values: known, and no secret."""


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A value that is sent to the API and never shown."""

    value: str
    source: str
    """The source to read it from again: `env:NAME`, `file:PATH`, `var:NAME`; several are joined by `+`."""
    parts: tuple[str | Secret, ...] = ()
    """The parts of a joined text; each can be read again only by itself."""

    def __repr__(self) -> str:
        return "(secret)"

    __str__ = __repr__


@dataclass(frozen=True, order=True, slots=True)
class Ref:
    """An attribute of another resource, known once that resource exists."""

    address: Address
    attribute: str = "id"

    def __str__(self) -> str:
        return f"${{{self.address}.{self.attribute}}}"


@dataclass(frozen=True, slots=True)
class Joined:
    """A string with parts that are secret or not known yet."""

    parts: tuple[str | Ref | Secret | Digest, ...]


def resolve(value: Value, known: Callable[[Ref], Value]) -> Value:
    """The value with every Ref replaced by the result of `known`.

    `known` returns the Ref itself if its value is not known yet; it then remains in place. A Joined whose parts are all
    known becomes a string, or one Secret if any part is secret.
    """
    match value:
        case Ref():
            return known(value)
        case Joined(parts=parts):
            return _join([known(part) if isinstance(part, Ref) else part for part in parts])
        case dict():
            return {name: resolve(item, known) for name, item in value.items()}
        case list():
            return [resolve(item, known) for item in value]
        case _:
            return value


def leaves(value: Value) -> Iterator[Value]:
    """Every leaf of the value, the parts of a Joined included."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            if isinstance(item, PLAIN):
                yield item
            else:
                yield from leaves(item)
    elif isinstance(value, Joined):
        yield from value.parts
    else:
        yield value


def refs(value: Value) -> tuple[Ref, ...]:
    """The references inside the value, each once, in order of appearance."""
    return tuple(dict.fromkeys(leaf for leaf in leaves(value) if isinstance(leaf, Ref)))


def is_known(value: Value) -> bool:
    """Whether no part of the value waits for another resource."""
    return isinstance(value, PLAIN) or not any(isinstance(leaf, Ref) for leaf in leaves(value))


def is_secret(value: Value) -> bool:
    """Whether any part of the value is secret, or a digest that stands for a secret."""
    return not isinstance(value, PLAIN) and any(isinstance(leaf, (Secret, Digest)) for leaf in leaves(value))


def secrets_of(*values: Value) -> frozenset[str]:
    """Every secret in the values in clear, and the parts of each: a program may log a password without its address."""
    secrets: set[str] = set()
    waiting = [leaf for value in values for leaf in leaves(dict(value) if isinstance(value, Mapping) else value)]
    while waiting:
        leaf = waiting.pop()
        if isinstance(leaf, Secret):
            secrets.add(leaf.value)
            waiting += leaf.parts
    return frozenset(secrets - {""})


def reveal(value: Value) -> Value:
    """The value with its secrets in clear: only for the body of a request. Raises ValueError on an unknown part."""
    match value:
        case Secret():
            return value.value
        case Ref() | Joined():
            raise ValueError(f"{value} is not known yet")
        case dict():
            return {name: reveal(item) for name, item in value.items()}
        case list():
            return [reveal(item) for item in value]
        case _:
            return value


def _join(parts: list[Value]) -> Value:
    texts = tuple(
        part if isinstance(part, (Ref, Secret, Digest)) else "" if part is None else str(part) for part in parts
    )
    if any(isinstance(part, (Ref, Digest)) for part in texts):
        return Joined(texts)
    if len(texts) == 1:
        return texts[0]
    known = tuple(part if isinstance(part, Secret) else str(part) for part in texts)
    text = "".join(part.value if isinstance(part, Secret) else part for part in known)
    sources = [part.source for part in known if isinstance(part, Secret)]
    return Secret(text, "+".join(sources), known) if sources else text


@dataclass(frozen=True, slots=True)
class Digest:
    """A keyed digest that replaces a secret in the state."""

    hex: str

    def __str__(self) -> str:
        return "(secret)"
