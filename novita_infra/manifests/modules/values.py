"""The values that go into a module as its inputs, and those that come out of it as its outputs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from novita_infra.manifests.language.interpolation import Interpolation
from novita_infra.manifests.language.scope import Reported, Scope
from novita_infra.manifests.language.secrets import Secrets
from novita_infra.manifests.language.variable_rules import broken_rules
from novita_infra.manifests.language.variables import Given, defaults_in, settle
from novita_infra.manifests.modules.interface import OUTPUTS, ModuleInterface
from novita_infra.manifests.modules.use import INPUTS, SOURCE, in_use, is_misspelt, place_in_use
from novita_infra.manifests.validation.documents import IdentifiedDocument
from novita_infra.manifests.yaml.positions import inside, key_origin, origin
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.addresses import Address
from novita_infra.model.computing.effort import Uncomputable
from novita_infra.model.diagnostics import Diagnostic, nearest
from novita_infra.model.values import Computation, Ref, Value

_WHAT: Final = "input"
"""What messages call the variables of a module."""


def inputs_of(
    use: IdentifiedDocument, interface: ModuleInterface, scope: Scope, sources: Sources, secrets: Secrets
) -> tuple[dict[str, Value], list[Diagnostic]]:
    """Returns the values of the inputs of a module for one use of it, and the diagnostics.

    An input without a usable value is None. `scope` is that of the document of kind Module.
    """
    document, declared = use.document, interface.part(INPUTS)
    position, data = place_in_use(document, INPUTS), in_use(document.data, INPUTS)
    diagnostics: list[Diagnostic] = []
    given = [replace(item, what=_WHAT) for item in defaults_in(declared, interface.position(INPUTS))]
    late: dict[str, Value] = {}
    meant: set[str] = set()
    for name, written in data.items() if isinstance(data, dict) else ():
        place = inside(position, name)
        if name not in declared:
            hint = nearest(name, tuple(declared)) or "it has no inputs"
            meant.update(known for known in declared if hint == f'did you mean "{known}"?')
            summary = f'{use.address.base} has no input "{name}"'
            diagnostics.append(Diagnostic(summary, hint, origin=key_origin(place)))
            continue
        own: list[Diagnostic] = []
        found = Interpolation(scope, sources, own).of(written, place)
        diagnostics += own
        if own or found.unusable:
            late[name] = None
        elif isinstance(found.values, (Ref, Computation)):
            late[name] = found.values  # its type is known after apply
        else:
            given.append(Given(name, found.values, str(use.address.base), place, what=_WHAT))
    values, errors, lacking = settle(declared, interface.position(INPUTS), given=given, secrets=secrets, what=_WHAT)
    diagnostics += errors
    unread = is_misspelt(document.data)
    for name in () if unread else lacking.keys() - late.keys() - meant:
        summary = f'the input "{name}" of {use.address.base} has no value'
        for item in lacking[name]:
            hint = f"write {name}: ... under inputs: of {use.address.base}, or give it a default"
            where = origin(position if isinstance(data, dict) else place_in_use(document, SOURCE))
            missing = Diagnostic(summary, hint, origin=where)
            diagnostics.append(missing if item.unset == f"var.{name}" else item)
    broken = _broken_rules(interface, given, values, sources)
    for errors in broken.values():
        diagnostics += errors
    return values | late | dict.fromkeys(broken), diagnostics


def _broken_rules(
    interface: ModuleInterface, given: Iterable[Given], values: Mapping[str, Value], sources: Sources
) -> dict[str, list[Diagnostic]]:
    """Returns the errors of the variables whose rules do not hold, by name."""
    declared, position = interface.part(INPUTS), interface.position(INPUTS)
    places = {item.name: origin(item.position) if item.position else None for item in given}
    found = {
        name: [*broken_rules({name: rules}, position, values=values, places=places, sources=sources, what=_WHAT)]
        for name, rules in declared.items()
    }
    return {name: errors for name, errors in found.items() if errors}


class ModuleOutputs:
    """The outputs of the modules, each evaluated once, when an expression names it."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._modules: dict[Address, tuple[ModuleInterface, Scope]] = {}
        self._found: dict[tuple[Address, str], tuple[Value, Collection[Address]]] = {}
        self._reading: set[tuple[Address, str]] = set()
        self.diagnostics: list[Diagnostic] = []

    def add(self, address: Address, interface: ModuleInterface, scope: Scope) -> None:
        """Adds one use of a module. `scope` is that of its inside."""
        self._modules[address] = (interface, scope)

    def rest(self) -> list[Diagnostic]:
        """Evaluates every output that nothing has read, and returns the errors of all."""
        for address, (interface, _) in [*self._modules.items()]:
            for name in interface.part(OUTPUTS):
                with suppress(Reported, Uncomputable):
                    self.read(address, name)
        return self.diagnostics

    def read(self, address: Address, name: str) -> tuple[Value, Collection[Address]]:
        """Returns an output, and the resources that it names. Raises Uncomputable and Reported."""
        if address not in self._modules:
            raise Reported
        interface, scope = self._modules[address]
        outputs: Mapping[str, Any] = interface.part(OUTPUTS)
        if name not in outputs:
            raise Uncomputable(f'{address.base} has no output "{name}"', nearest(name, tuple(outputs)))
        place = (address, name)
        if place in self._reading:
            raise Uncomputable(f"outputs need each other in a circle: {address}.{name}", "let one be a value")
        if place not in self._found:
            self._reading.add(place)
            needs: set[Address] = set()
            errors: list[Diagnostic] = []
            try:
                interpolation = Interpolation(scope, self._sources, errors, needs=needs)
                found = interpolation.of(outputs[name], inside(interface.position(OUTPUTS), name))
            finally:
                self._reading.discard(place)
            self.diagnostics += errors
            self._found[place] = (None if errors or found.unusable else found.values, needs)
            if errors or found.unusable:
                self._modules.pop(address)  # what needs it is not reported as well
                raise Reported
        return self._found[place]
