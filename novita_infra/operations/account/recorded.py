"""The objects that the states of a project record, by id and by address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import Record
from novita_infra.planning.options import LABEL, has_label, is_pattern, is_selected
from novita_infra.state.state import State


@dataclass(frozen=True, slots=True)
class RecordedObject:
    """An object of the account that a state of the project records."""

    record: Record
    project: str
    environment: str

    @property
    def address(self) -> Address:
        """Its address in its environment."""
        return self.record.address

    @property
    def id(self) -> str:
        """Its id."""
        return self.record.id


class RecordedObjects:
    """The recorded objects of all environments that a command is about."""

    def __init__(self, objects: Iterable[RecordedObject] = (), states: Iterable[State] = ()) -> None:
        self._objects = tuple(objects)
        self.states = {state.environment: state for state in states}
        """The states, by environment."""

    def __iter__(self) -> Iterator[RecordedObject]:
        return iter(self._objects)

    @cached_property
    def by_id(self) -> dict[tuple[str, str], RecordedObject]:
        """By type and id."""
        return {(item.address.type, item.id): item for item in self._objects}

    @cached_property
    def environments(self) -> frozenset[str]:
        """The environments with an object."""
        return frozenset(item.environment for item in self._objects)

    def selected(self, name: str) -> list[RecordedObject]:
        """Those that an address, a pattern such as `instance.*` or a label such as `label:team=research` means.

        As `address_of` shows an address, it may name its environment: `prod/instance.web`. Raises ValueError for a name
        that is none of them.
        """
        if name.startswith(LABEL):
            return [item for item in self._objects if has_label(item.record.labels, name)]
        environment, slash, rest = name.partition("/")
        if slash and environment in self.environments:
            return [item for item in self.selected(rest) if item.environment == environment]
        names = (name,) if is_pattern(name) else (str(Address.parse(name)),)
        return [item for item in self._objects if is_selected(item.address, names)]

    def address_of(self, kind: str, id: str) -> str:
        """The address of an object of a type; with several environments, with its environment: `prod/instance.web`.

        Empty where no state records it.
        """
        found = self.by_id.get((kind, id))
        if found is None:
            return ""
        return f"{found.environment}/{found.address}" if len(self.environments) > 1 else str(found.address)


def recorded_in(states: Iterable[State]) -> RecordedObjects:
    """The objects that the states record."""
    states = list(states)
    objects = (
        RecordedObject(record, state.project, state.environment)
        for state in states
        for record in state.records.values()
        if record.id
    )
    return RecordedObjects(objects, states)
