"""The declared addresses, and why another one names no resource. A fleet may have thousands."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from novita_infra.manifests.language.reading import MODULE
from novita_infra.manifests.language.scope import Reported
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.computing.effort import Missing, Uncomputable
from novita_infra.model.diagnostics import nearest
from novita_infra.model.frozen import dataclass
from novita_infra.model.refactoring import around

MOST_LISTED: Final = 12
MOST_SEARCHED: Final = 100
"""The most wrong names for which a near one is searched. More have one cause, repeated."""


class Undeclared(Uncomputable):
    """Raised for an address of which no document has the type and the name."""


@dataclass(frozen=True, slots=True)
class Absence:
    """Why a declared resource does not exist in this environment."""

    why: str
    place: Origin


class DeclaredNames:
    """The addresses that the manifests declare."""

    def __init__(self, *, lost: Collection[str] = (), all_lost: bool = False, scope: str = "") -> None:
        """`lost` are names of documents that cannot be used; with `all_lost`, the names of others are not known.

        `scope` is the one file that was read.
        """
        self._lost = lost
        self._all_lost = all_lost
        self._scope = scope
        self._addresses: set[Address] = set()
        self._keys: dict[Address, Sequence[str]] = {}
        self._for_each: dict[Address, Origin] = {}
        self._absent: dict[Address, Absence] = {}
        self._unknown: set[Address] = set()
        self._torn: set[str] = set()
        self._inside: dict[Address, Sequence[Address]] = {}
        """By address of a module, the resources in it, once all are declared."""
        self._hints: dict[Address, str] = {}

    def add(self, address: Address) -> None:
        """Adds a resource without `forEach`."""
        self._addresses.add(address)

    def add_keys(self, base: Address, keys: Sequence[str], place: Origin) -> None:
        """Adds the resources of the `forEach` at the place; `base` is their address without a key."""
        self._keys[base], self._for_each[base] = sorted(keys), place
        self._addresses.update(base.with_key(key) for key in keys)

    def add_absent(self, address: Address, absence: Absence) -> None:
        """Adds a resource that does not exist here."""
        self._absent[address] = absence

    def add_unknown(self, base: Address) -> None:
        """Adds a `forEach` whose keys are not known. References to them are not reported as well."""
        self._unknown.add(base)

    def add_torn(self, module: str) -> None:
        """Adds a module of which a document could not be read. References to unknown names in it are not reported."""
        self._torn.add(module)

    def lacks(self, type_: str) -> bool:
        """Whether a document of this type makes nothing here, or nobody knows what it makes."""
        empty = (base for base, keys in self._keys.items() if not keys)
        return any(address.type == type_ for address in (*self._absent, *self._unknown, *empty))

    def why_absent(self, address: Address) -> str:
        """Returns why an address of an earlier apply is declared no longer, where its document or its module remains.

        Empty where nothing of it is left.
        """
        for name in around(address):
            base = name.base
            absence = self._absent.get(name) or self._absent.get(base)
            if absence is not None:
                whose = "" if name == address else f"{name}: "
                return f"{whose}{absence.why} ({absence.place})"
            if base in self._for_each and name.key not in self._keys[base]:
                has = f'has no key "{name.key}"' if name.key else "gives every address a key"
                return f"forEach of {base} {has} ({self._for_each[base]})"
            if name.key and base in self._addresses:
                return f"{base} has no forEach"
        return ""

    def keys(self, base: Address) -> Sequence[str]:
        """Returns the keys of an address, sorted; one empty key for an address without.

        None exist of a resource that is disabled. Raises Uncomputable if it is not declared, and Reported if its keys
        are not known.
        """
        if base in self._addresses:
            return ("",)
        if base in self._keys:
            return self._keys[base]
        if base in self._absent:
            return ()
        self.find(base)
        raise Reported

    def inside(self, module: Address) -> Sequence[Address]:
        """Returns the resources of a module, those of all its keys for an address without one, sorted.

        Raises Uncomputable if it is not declared, and Reported if its keys are not known.
        """
        if module not in self._inside:
            if module.key:
                self.find(module)
            keys = (module.key,) if module.key else self.keys(module)
            within = tuple(f"{module.base.with_key(key)}." for key in keys)
            found = (item for item in self._addresses if item.module and f"{item.module}.".startswith(within))
            self._inside[module] = sorted(item for item in found if item.type != MODULE)
        return self._inside[module]

    def may_hold_more(self, module: Address) -> bool:
        """Returns whether a module, or one around it, does not exist here, or has keys that are not known."""
        for name in around(module):
            if name in self._absent or name.base in self._absent or name.base in self._unknown:
                return True
            if name.base in self._keys and not self._keys[name.base]:
                return True
        return False

    def find(self, address: Address) -> None:
        """Raises Uncomputable where the address names no resource: Undeclared, or Missing where one may exist later."""
        if address in self._addresses:
            return
        base = address.base
        absence = self._absent.get(address) or self._absent.get(base)
        if absence is not None:
            hint = "enable it there, or give another value: default(..., ...)"
            raise Missing(f"{address} does not exist here: {absence.why} ({absence.place})", hint)
        if base in self._keys:
            raise self._without_key(address, base, self._keys[base])
        if base in self._addresses:
            raise Uncomputable(f"{base} has no keys: it has no forEach", f"write {base}")
        if base in self._unknown or address.name in self._lost or self._all_lost or address.module in self._torn:
            return
        if self._scope:
            hint = f"only {self._scope} was read; name the project's folder to have all of it"
        else:
            hint = self._near(address)
        raise Undeclared(f'there is no {address.type} "{address.name}"', hint)

    def _without_key(self, address: Address, base: Address, keys: Sequence[str]) -> Uncomputable:
        """Returns the error of an address that is not one of the keys of a `forEach`."""
        if not keys:
            return Missing(f"{base} has no keys: its forEach is empty", "give another value: default(..., ...)")
        if not address.key:
            hint = f'write {base}["{keys[0]}"] for one of them, {base}[*] for all; keys: {listed(keys)}'
            return Uncomputable(f"{base} has forEach, so its address needs a key", hint)
        return Missing(f'{base} has no key "{address.key}"', self._near(address, keys))

    def _names_like(self, address: Address) -> Sequence[str]:
        """Returns the names of the type, in the module of the address, sorted."""
        bases = (*self._addresses, *self._keys, *self._absent)
        return sorted({item.name for item in bases if (item.type, item.module) == (address.type, address.module)})

    def _near(self, address: Address, keys: Sequence[str] = ()) -> str:
        """Returns what to write instead of an address without a resource; empty if there is no suggestion.

        `keys` are those of a `forEach` that lacks the key of the address.
        """
        if address not in self._hints and len(self._hints) < MOST_SEARCHED:
            near = suggest(address.key, keys) if keys else suggest(address.name, self._names_like(address))
            self._hints[address] = near or f"no {address.type} is declared"
        return self._hints.get(address, "")


def listed(keys: Iterable[str]) -> str:
    """Returns the keys as a message lists them."""
    names = [f'"{key}"' for key in keys]
    return ", ".join(
        names if len(names) <= MOST_LISTED else [*names[:MOST_LISTED], f"and {len(names) - MOST_LISTED} more"]
    )


def suggest(word: str, known: Sequence[str]) -> str:
    """Returns the nearest known name, or all names if they are few."""
    found = nearest(word, known)
    return f"{len(known)} others are declared" if found.startswith("known:") and len(known) > MOST_LISTED else found
