"""The parsed expression: a tree of frozen nodes, each with its place in the string."""

from __future__ import annotations

from typing import TypeAlias

from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Value


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a number, true, false or null."""

    at: int
    """The offset of its first character in the string, as for every node."""
    value: Value


@dataclass(frozen=True, slots=True)
class Name:
    """The first word of a reference: `var`, `instance`."""

    at: int
    word: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """`target.word`."""

    at: int
    target: Node
    word: str


@dataclass(frozen=True, slots=True)
class Index:
    """`target[key]`."""

    at: int
    target: Node
    key: Node


@dataclass(frozen=True, slots=True)
class Splat:
    """`target[*]`: each item of a list, or each resource of an address with keys."""

    at: int
    target: Node


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator, a function, a list or a map, with its operands."""

    at: int
    function: str
    arguments: tuple[Node, ...]


Node: TypeAlias = Literal | Name | Attribute | Index | Splat | Apply
Step: TypeAlias = Attribute | Index | Splat


@dataclass(frozen=True, slots=True)
class Expression:
    """One `${...}` of a string."""

    start: int
    """The offset of `${`."""
    text: str
    """As written, with `${` and `}`."""
    root: Node
