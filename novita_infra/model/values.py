"""Values of a spec: JSON data whose leaves may also be secrets, references or computations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
"""A value of a spec: JSON data in which a leaf may also be a Secret, a Ref or a Computation."""


Spec: TypeAlias = Mapping[str, Value]


PLAIN: Final = (str, int, type(None))
"""The types of most values: known, and no secret."""


_SECRET_WORDS: Final = ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "KEY", "CREDENTIAL")


def is_secret_name(name: str) -> bool:
    """Returns whether a variable or label of that name, such as `HF_TOKEN` or `dbPassword`, counts as a secret."""
    upper = name.upper()
    return any(word in upper for word in _SECRET_WORDS)


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A value that is sent to the API and never shown."""

    value: str
    source: str
    """The source to read it from again: `env:NAME`, `file:PATH`, `var:NAME`; several are joined by `+`."""
    computed: Computation | None = None
    """The computation that gives it from other secrets; each of them can be read again only by itself."""

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
class Computation:
    """A function of values of which some are secret or not known yet.

    `model.computing` has the functions, and computes it once all references are known.
    """

    function: str
    """Its name: `text` joins texts, `+` adds, `upper` is called by that name."""
    arguments: tuple[Value, ...]
    """Leaves only, so that it can be hashed: a list is a Computation with the function `list`, a map one with `map`."""


def joined_text(parts: tuple[Value, ...]) -> Computation:
    """A text with parts that are secret or not known yet."""
    return Computation("text", parts)


def leaves(value: Value) -> Iterator[Value]:
    """Every leaf of the value, those of the arguments of computations included."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            if isinstance(item, PLAIN):
                yield item
            else:
                yield from leaves(item)
    elif isinstance(value, Computation):
        for item in value.arguments:
            yield from leaves(item)
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
    if isinstance(value, PLAIN):
        return False
    match value:  # without `leaves`, which takes twice the time for every field of every resource
        case dict():
            return any(map(is_secret, value.values()))
        case list():
            return any(map(is_secret, value))
        case Computation():
            return any(map(is_secret, value.arguments))
        case _:
            return isinstance(value, (Secret, Digest))


def sources_of(value: Value) -> str:
    """The sources of the secrets in the value, joined by `+`."""
    return "+".join(leaf.source for leaf in leaves(value) if isinstance(leaf, Secret))


def secrets_of(*values: Value) -> frozenset[str]:
    """Every secret in the values in clear, and the parts of each: a program may log a password without its address."""
    secrets: set[str] = set()
    waiting = [leaf for value in values for leaf in leaves(dict(value) if isinstance(value, Mapping) else value)]
    while waiting:
        leaf = waiting.pop()
        if isinstance(leaf, Secret):
            secrets.add(leaf.value)
            waiting += leaves(leaf.computed)
    return frozenset(secrets - {""})


def reveal(value: Value) -> Value:
    """The value with its secrets in clear: only for the body of a request. Raises ValueError on an unknown part."""
    match value:
        case Secret():
            return value.value
        case Ref() | Computation():
            raise ValueError(f"{value} is not known yet")
        case dict():
            return {name: reveal(item) for name, item in value.items()}
        case list():
            return [reveal(item) for item in value]
        case _:
            return value


@dataclass(frozen=True, slots=True)
class Digest:
    """A keyed digest that replaces a secret in the state."""

    hex: str

    def __str__(self) -> str:
        return "(secret)"
