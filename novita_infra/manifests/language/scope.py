"""The names that expressions may use, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from pathlib import Path

from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Value


class Reported(Exception):
    """Raised where a value is not usable and that is reported already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredResources:
    """What expressions may read of the resources in the manifests."""

    attributes: Mapping[str, Collection[str]]
    """The attributes of each type, `id` included: known once the object exists."""
    find: Callable[[Address], None] = lambda _: None
    """Raises Uncomputable where the address is not declared."""
    fields: Mapping[str, Collection[str]] = field(default_factory=dict)
    """The fields of each type."""
    read: Callable[[Address, str], Value] | None = None
    """Returns the declared value of a field. Raises Missing where it is not declared, Uncomputable and Reported."""
    keys: Callable[[str, str], Collection[str]] = lambda _type, _name: ("",)
    """Returns the keys of the addresses with that type and name: `[*]` stands for all of them."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that expressions may use."""

    variables: Mapping[str, Value] | None
    """The variables by name. A value is None if it is not usable; that is already reported. None without any."""
    environ: Mapping[str, str]
    resources: DeclaredResources
    named: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    """Other values by their first word: `project`, `environment`."""
    folder: Path | None = None
    """The project's folder, whose files `file` reads; None where it reads none."""
    narrow: bool = False
    """Whether only `env` is allowed, because the values of variables are computed with this scope."""
    lenient: bool = False
    """Whether an expression that lacks a variable or a secret is a Secret without a value, and no error."""
    used: set[str] = field(default_factory=set)
    """Where the names of variables are added that are read and have no usable value."""
