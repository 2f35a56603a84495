"""Drift by resource, and what the plan does about it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from novita_infra.model.addresses import Address
from novita_infra.model.lifecycle import Cause, OnDrift
from novita_infra.model.records import Record
from novita_infra.planning.plan.changes import Action, Adopted, Drift
from novita_infra.planning.plan.plan import Plan


def adopted_of(record: Record) -> Iterator[Adopted]:
    """The adopted fields of a record."""
    for name, declared in record.adopted.items():
        yield Adopted(name, declared, record.spec.get(name), record.adopted_for.get(name, Cause.EDITED))


def drifted(plan: Plan) -> Iterator[tuple[Address, list[Drift]]]:
    """The drift by resource."""
    for address, items in groupby(plan.drift, key=lambda item: item.address):
        yield address, list(items)


def answer(item: Drift, action: Action) -> str:
    """The response to a drift."""
    match item.on_drift:
        case _ if action in {Action.CREATE, Action.REPLACE}:
            return "recreated, see below"
        case OnDrift.ADOPT if not item.gone:
            return "adopted: kept until the manifest changes or onDrift is heal"
        case OnDrift.ALERT if not item.declared:
            return f"left as it is: the manifest does not declare {', '.join(field.name for field in item.fields)}"
        case OnDrift.ADOPT | OnDrift.ALERT:
            return f"left as it is: onDrift is {item.on_drift.value}"
        case _ if action is Action.NONE:
            return "no action: the manifest agrees with it"
        case _ if action is Action.REFUSED:
            return "not put back: the change is refused, see below"
        case _ if action is Action.FORGET:
            return "removed from the state"
        case _ if action is Action.DELETE:
            return "no longer declared, and deleted"
        case _ if action is Action.RESUME:
            return "waited for, see below"
        case _:
            return "put back, see below"
