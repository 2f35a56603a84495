"""What the manifests of a project declare, as a plan shows it: without secrets, and with what each value refers to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Value


@dataclass(frozen=True, slots=True)
class WrittenValue:
    """A value in a manifest: what it refers to, or else the constant that it is."""

    references: tuple[str, ...] = ()
    """Each with its beginnings, as Terraform lists them: `vpc.net.id`, `vpc.net`."""
    constant: Value = None
    secret: bool = False
    """Whether it is a secret, which has no constant, or holds one, which is `(secret)` in the constant."""


@dataclass(frozen=True, slots=True)
class WrittenVariable:
    """A variable of the project file with its value in one environment; `(secret)` if it is secret."""

    value: Value
    default: Value = None
    description: str = ""
    secret: bool = False


@dataclass(frozen=True, slots=True)
class WrittenResource:
    """One manifest. Its address has no keys: the resources of a `forEach`, and of the uses of a module, are one."""

    address: Address
    spec: Mapping[str, WrittenValue] = field(default_factory=dict)
    for_each: WrittenValue | None = None
    depends_on: tuple[Address, ...] = ()
    preconditions: bool = False
    postconditions: bool = False


@dataclass(frozen=True, slots=True)
class WrittenModule:
    """One document of kind Module, and the inputs and outputs of the module."""

    address: Address
    """Without keys."""
    source: str = ""
    expressions: Mapping[str, WrittenValue] = field(default_factory=dict)
    """By input, the value that the document gives."""
    for_each: WrittenValue | None = None
    variables: Mapping[str, WrittenVariable] = field(default_factory=dict)
    """The inputs, without values."""
    outputs: Mapping[str, WrittenValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Configuration:
    """The manifests of a project in one environment."""

    variables: Mapping[str, WrittenVariable] = field(default_factory=dict)
    resources: tuple[WrittenResource, ...] = ()
    outputs: Mapping[str, WrittenValue] = field(default_factory=dict)
    modules: tuple[WrittenModule, ...] = ()
    """Those around come before those inside of them."""
