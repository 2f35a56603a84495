"""Cases and decisions made by hand, for direct tests of the modules of planning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from novita_infra.kinds import KINDS
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.lifecycle import Lifecycle
from novita_infra.model.records import Record
from novita_infra.model.resources import Declared, Existing, Live, Phase
from novita_infra.planning.changes.case import Case
from novita_infra.planning.changes.decisions import Decision, decide
from novita_infra.planning.changes.removals import decide_undeclared

KEY: Final = "0b" * 32
MACHINE, STORAGE, NET = Address("instance", "m"), Address("network_storage", "s"), Address("vpc", "n")
BASE: Final = Address("template", "base")
NOTHING: Final = Existing()


def declared(
    address: Address, spec: Mapping[str, Any], *, needs: tuple[Address, ...] = (), lifecycle: Lifecycle = Lifecycle()
) -> Declared:
    return Declared(address, dict(spec), Origin("main.yaml", 1, 1), needs=needs, lifecycle=lifecycle)


def existing(
    address: Address,
    sent: Mapping[str, Any],
    values: Mapping[str, Any] | None = None,
    *,
    phase: Phase = Phase.READY,
    gone: bool = False,
    **record: Any,
) -> Existing:
    """A record with what was sent, and its live object with the values (those that were sent, where none are given)."""
    values = dict(sent if values is None else values)
    live = None if gone else Live(f"{address.name}-1", address.name, phase, phase.value, values, created=1.0)
    return Existing(Record(address, f"{address.name}-1", spec=dict(sent), **record), live=live)


def case(
    address: Address,
    spec: Mapping[str, Any] | None,
    known: Existing = NOTHING,
    *,
    needs: tuple[Address, ...] = (),
    lifecycle: Lifecycle = Lifecycle(),
) -> Case:
    """A case; one of an undeclared resource where the spec is None."""
    item = None if spec is None else declared(address, spec, needs=needs, lifecycle=lifecycle)
    return Case(KINDS[address.type], item, known, dict(spec or {}), KEY)


def decision(
    address: Address,
    spec: Mapping[str, Any] | None,
    known: Existing = NOTHING,
    *,
    needs: tuple[Address, ...] = (),
    lifecycle: Lifecycle = Lifecycle(),
) -> Decision:
    """The decision on such a case."""
    one = case(address, spec, known, needs=needs, lifecycle=lifecycle)
    return decide_undeclared(one) if spec is None else decide(one)
