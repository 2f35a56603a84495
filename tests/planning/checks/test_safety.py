"""Data loss, protection and large changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from planning_values import MACHINE, NET, STORAGE, decision, declared, existing

from novita_infra.model.addresses import Address
from novita_infra.model.lifecycle import Lifecycle
from novita_infra.model.records import PendingCall
from novita_infra.model.resources import Declared, Existing, Loss
from novita_infra.model.rules import ChangeLimit, Rules
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.checks.safety import elsewhere, guarded
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.changes import Action, Retired

PLACE = {"name": "n", "cluster": "c"}
DISK, LATER, VOLUME = Loss("its disk", 60), Loss("its disk", 60, when="later"), Loss("its data", 10, lasting=True)


def summaries(made: Decision, *, items: tuple[Declared, ...] = (), recorded: int = 1, **options: Any) -> list[str]:
    address = made.existing.record.address if made.existing.record else NET
    found = guarded(
        {address: made},
        {item.address: item for item in items},
        options=PlanOptions(**options),
        rules=Rules(change_limit=ChangeLimit(percent=30, at_least=3)),
        recorded=recorded,
    )
    return [item.diagnostic.summary for item in found]


def delete(address: Address = NET, **record: Any) -> Decision:
    return decision(address, None, existing(address, PLACE, **record))


def losing(action: Action, loss: Loss) -> Decision:
    return replace(decision(MACHINE, {"image": "a"}, existing(MACHINE, {"image": "a"})), action=action, loses=(loss,))


def test_a_recorded_or_a_declared_protection_refuses_a_delete() -> None:
    refusal = ["delete is refused: the resource is protected"]
    assert summaries(delete(protect=True)) == refusal
    assert summaries(delete(), items=(declared(NET, PLACE, lifecycle=Lifecycle(protect=True)),)) == refusal
    assert summaries(delete()) == []


def test_an_object_that_is_gone_needs_no_protection() -> None:
    assert summaries(decision(NET, None, existing(NET, PLACE, gone=True, protect=True))) == []


@pytest.mark.parametrize(
    ("action", "loss", "refused"),
    [
        (Action.UPDATE, DISK, True),
        (Action.REPLACE, DISK, True),
        (Action.DELETE, DISK, False),
        (Action.DELETE, VOLUME, True),
        (Action.UPDATE, LATER, False),
    ],
)
def test_data_loss_must_be_allowed_unless_its_machine_is_deleted(action: Action, loss: Loss, refused: bool) -> None:
    assert bool(summaries(losing(action, loss))) == refused
    assert summaries(losing(action, loss), allow_data_loss=("instance.*",)) == []


def test_the_data_of_a_replaced_object_must_be_allowed_again() -> None:
    made = replace(losing(Action.RESUME, LATER), loses=(), retires=(Retired("m-0", "running", (DISK,)),))
    assert summaries(made) == ["deleting m-0, which it replaced and which is running, loses its disk (60 GB)"]


def test_a_large_change_must_be_allowed() -> None:
    assert summaries(delete(), recorded=4) == []
    assert summaries(delete(), recorded=3) == [
        "1 of the 3 recorded resources would be deleted or replaced, and the limit is 30 %"
    ]
    assert summaries(delete(), recorded=3, allow_large_change=True) == []
    assert summaries(delete(), recorded=3, destroys=True) == []
    assert summaries(delete(), recorded=2) == []


def test_an_account_without_any_recorded_object_may_be_another_one() -> None:
    gone = {address: existing(address, PLACE, gone=True) for address in (NET, STORAGE)}
    (note,) = elsewhere(gone, unread=())
    assert note.summary.startswith("none of the 2 recorded objects is in this account")
    assert elsewhere(gone, unread=(NET,)) == []
    assert elsewhere({**gone, NET: existing(NET, PLACE)}, unread=()) == []
    deleting = existing(NET, PLACE, gone=True, pending=PendingCall("op", "delete", 0.0))
    assert elsewhere({**gone, NET: deleting}, unread=()) == []
    assert elsewhere({NET: Existing()}, unread=()) == []
