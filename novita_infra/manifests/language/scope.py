"""The names that expressions may use, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Final, TypeAlias

from novita_infra.lookups.found import FoundLookup
from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Value

UNUSABLE: Final = object()
"""What stands for `each.key` and `each.value` where the keys are not known. That is reported already."""


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
    keys: Callable[[Address], Collection[str]] = lambda _: ("",)
    """Returns the keys of the address: `[*]` stands for all of them. One empty key for an address without.

    Raises Uncomputable where it is not declared, and Reported where its keys are not known."""
    output_keys: Callable[[Address, str], Collection[str] | None] = lambda _address, _name: None
    """Returns the keys of an attribute that is a map; None where they are not known."""
    inside: Callable[[Address], Collection[Address]] = lambda _: ()
    """Returns the resources of a module, of all its keys without one; raises as `keys` does."""
    output: Callable[[Address, str], tuple[Value, Collection[Address]]] | None = None
    """Returns an output of a module, and the resources that it names. Raises Uncomputable and Reported."""
    early: bool = False
    """Whether resources have no fields yet, because it is not known which ones there are."""


LocalReader: TypeAlias = "Callable[[str, Scope], tuple[Value, Collection[Address]]]"
"""Returns a local value, computed in a scope, and the resources that it names. Raises Uncomputable and Reported."""

LookupReader: TypeAlias = "Callable[[str, Scope], FoundLookup]"
"""Returns what a lookup found. Raises Uncomputable, `unasked` where it has not been looked up, and Reported."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that expressions may use."""

    variables: Mapping[str, Value] | None
    """The variables by name. A value is None if it is not usable; that is already reported. None without any."""
    environ: Mapping[str, str] = field(repr=False)
    resources: DeclaredResources
    named: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    """Other values by their first word: `project`, `environment`, `each`."""
    folder: Path | None = None
    """The project's folder, whose files `file` reads; None where it reads none."""
    only: str = ""
    """The one name that is allowed: `env` in values of variables, `var` in their rules. Empty for all of them."""
    lenient: bool = False
    """Whether an expression that lacks a variable or a secret is a Secret without a value, and no error."""
    used: set[str] = field(default_factory=set)
    """Where the names of variables are added that are read and have no usable value."""
    local: LocalReader | None = None
    """Reads `local.NAME`; None where there are no local values."""
    lookup: LookupReader | None = None
    """Reads `lookup.NAME`; None where there are no lookups."""
    module: str = ""
    """The address of the module whose names these are; empty for the project itself."""
    outer: Mapping[str, Scope] = field(default_factory=dict)
    """The scopes of files that patch what is in the module: an expression means what it means where it stands."""

    def at(self, file: str) -> Scope:
        """Returns the scope of what a file says of the resource: that of the file where it patches a module."""
        found = self.outer.get(file)
        if found is None:
            return self
        return found if "each" in found.named else found.within(self.named.get("each"))

    def address(self, kind: str, name: str, key: str = "") -> Address:
        """Returns the address of a resource that is named here."""
        return Address(kind, name, key, self.module)

    def absolute(self, address: Address) -> Address:
        """Returns the address that a text here means."""
        within = ".".join(filter(None, (self.module, address.module)))
        return replace(address, module=within) if self.module else address

    def within(self, each: Mapping[str, Value] | None) -> Scope:
        """Returns the scope of one resource of a `forEach`; this one for a resource without."""
        return replace(self, named={**self.named, "each": each}) if each is not None else self
