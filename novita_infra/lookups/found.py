"""Lookups: what a project asked of the account or of another project before its plan, and what it found. Values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TypeAlias

from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Value

Criteria: TypeAlias = Mapping[str, Value]
"""The criteria of one lookup, without any expression."""


@dataclass(frozen=True, slots=True)
class FoundLookup:
    """One lookup with what it found. A plan file holds it, so that an apply of the plan does not look again."""

    name: str
    """As in `${lookup.NAME.id}`."""
    type: str
    """Such as `product`."""
    criteria: Criteria
    value: Mapping[str, Value]
    """What expressions read: the attributes, or by key the attributes of each, where all are wanted."""
    chosen: tuple[str, ...] = ()
    """What was taken, for a person: `RTX 4090 24GB (4090.16c62g), $0.35/h per GPU`."""
    others: tuple[str, ...] = ()
    """What fits, too, and was not taken, for a person."""
    withheld: Mapping[str, str] = field(default_factory=dict)
    """By name of an attribute that has no value here: why."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why a lookup has no answer."""

    summary: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a lookup; see FoundLookup."""

    value: Mapping[str, Value]
    chosen: tuple[str, ...]
    others: tuple[str, ...] = ()
    withheld: Mapping[str, str] = field(default_factory=dict)
