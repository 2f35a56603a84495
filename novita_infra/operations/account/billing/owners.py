"""Whose bills are whose: the resources of the project by the ids of their objects, also of those that are deleted.

The present states come first, then the earlier ones that are kept, the newest first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import field

from novita_infra.account.bill_groups import OwnedLine
from novita_infra.account.billing import BilledLine
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import Record
from novita_infra.model.values import Value
from novita_infra.operations.account.view import AccountView
from novita_infra.planning.options import LABEL, has_label, is_pattern, is_selected
from novita_infra.state.opening import open_storages
from novita_infra.state.recovery.kept import read_kept
from novita_infra.state.state import State


@dataclass(frozen=True, slots=True)
class Owner:
    """The resource that an object belongs to, or belonged to."""

    address: Address
    environment: str
    labels: Mapping[str, str]
    record: Record | None
    """None for an object that no present state records."""
    outputs: Mapping[str, Value] = field(default_factory=dict)
    """The attributes of the object as they were recorded last."""


class Owners:
    """The resources by the ids of their objects."""

    def __init__(self, by_id: Mapping[str, Owner]) -> None:
        self._by_id = by_id
        self._environments = {owner.environment for owner in by_id.values()}

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all."""
        return frozenset(self._by_id)

    def of(self, id: str) -> Owner | None:
        """The resource of an object; None if no state of the project has it."""
        return self._by_id.get(id)

    def title(self, id: str) -> str:
        """The address of an object, with its environment if there are several: `prod/instance.web`; else empty."""
        owner = self._by_id.get(id)
        if owner is None:
            return ""
        return f"{owner.environment}/{owner.address}" if len(self._environments) > 1 else str(owner.address)

    def owned(self, line: BilledLine) -> OwnedLine:
        """A line with its resource."""
        owner = self._by_id.get(line.owner)
        if owner is None:
            return OwnedLine(line)
        return OwnedLine(line, self.title(line.owner), owner.address.type, owner.labels, owner.record is None)

    def selected(self, word: str) -> frozenset[str]:
        """The ids that an address, a pattern, a label or an id means. An address may name its environment."""
        if word.startswith(LABEL):
            return frozenset(id for id, owner in self._by_id.items() if has_label(owner.labels, word))
        environment, slash, rest = word.partition("/")
        if slash and environment in self._environments:
            return frozenset(id for id in self.selected(rest) if self._in(environment, id))
        if not is_pattern(word):
            try:
                Address.parse(word)
            except ValueError:
                return frozenset({word})
        return frozenset(id for id, owner in self._by_id.items() if is_selected(owner.address, (word,)))

    def _in(self, environment: str, id: str) -> bool:
        owner = self._by_id.get(id)
        return owner is not None and owner.environment == environment


def owners_of(view: AccountView, ids: Collection[str] | None = None) -> Owners:
    """The resources of the objects with these ids; of all, if None. Earlier states are read only where one is missing.

    A state that cannot be read is reported.
    """
    found: dict[str, Owner] = {}
    for item in view.recorded:
        record, labels = item.record, item.record.labels
        found[record.id] = Owner(item.address, item.environment, labels, record, record.outputs)
        for id in record.retired:
            found.setdefault(id, Owner(item.address, item.environment, labels, None))
    if view.place is not None and (ids is None or not found.keys() >= set(ids) - {""}):
        for state in _earlier(view):
            for record in state.records.values():
                for id in filter(None, (record.id, *record.retired)):
                    outputs = record.outputs if id == record.id else {}
                    found.setdefault(id, Owner(record.address, state.environment, record.labels, None, outputs))
    return Owners(found)


def _earlier(view: AccountView) -> Iterator[State]:
    """The earlier states of the account that are kept, the newest first. What is damaged is left out."""
    if view.place is None:
        return
    chosen = view.where.environment
    try:
        storages = open_storages(view.place.state)
        for name in [chosen] if chosen else sorted(storages.environments()):
            kept = read_kept(storages.storage(name))
            for state in (state for item in reversed(kept) for state in (item.result, item.base) if state):
                if state.cloud in {"", view.cloud}:
                    yield state
    except Problems as problems:
        view.report(f"The addresses of deleted objects are not shown: {problems}")
