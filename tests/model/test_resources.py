"""What follows from a record and its live objects: which may be in use, and which were replaced."""

from __future__ import annotations

import pytest

from novita_infra.model.addresses import Address
from novita_infra.model.records import PendingCall, Record
from novita_infra.model.resources import Existing, Live, Loss, Phase

IT = Address("instance", "it")


def live(id: str, phase: Phase = Phase.CHANGING) -> Live:
    return Live(id, id, phase, "pulling", {})


def call(name: str, *, deletes_never_ready: bool = False) -> PendingCall:
    return PendingCall("op", name, 0.0, deletes_never_ready=deletes_never_ready)


@pytest.mark.parametrize(
    ("pending", "never_ready"),
    [
        (None, False),
        (call("create"), True),
        (call("update"), False),
        (call("delete"), False),
        (call("delete", deletes_never_ready=True), True),
    ],
)
def test_an_object_is_never_ready_while_its_create_or_its_rollback_is_pending(
    pending: PendingCall | None, never_ready: bool
) -> None:
    assert Existing(Record(IT, "i-1", pending=pending), live("i-1")).never_ready is never_ready


def test_objects_of_a_create_without_an_answer_are_never_ready() -> None:
    assert Existing(Record(IT, ""), candidates=(live("i-1"),)).never_ready


@pytest.mark.parametrize(("phase", "unused"), [(Phase.CHANGING, True), (Phase.FAILED, True), (Phase.READY, False)])
def test_an_object_that_was_never_ready_is_unused_unless_it_is_up(phase: Phase, unused: bool) -> None:
    found = Existing(Record(IT, "i-1", pending=call("create")), live("i-1", phase))
    assert found.unused_ids == ({"i-1"} if unused else set())


def test_a_replaced_object_is_unused_only_if_no_run_saw_it_ready() -> None:
    record = Record(IT, "i-3", retired=("i-1", "i-2"), retired_unready=("i-2",))
    found = Existing(record, live("i-3", Phase.READY), replaced=(live("i-1"), live("i-2")))
    assert found.replaced_ids == ("i-1", "i-2")
    assert found.unused_ids == {"i-2"}


def test_an_object_without_a_pending_call_may_be_in_use() -> None:
    assert Existing(Record(IT, "i-1"), live("i-1")).unused_ids == frozenset()
    assert Existing().unused_ids == frozenset()


@pytest.mark.parametrize(
    ("loss", "text"),
    [
        (Loss("what is on it"), "what is on it (size not known)"),
        (
            Loss("what is on it", gb=2048, when="7 days after the stop"),
            "what is on it (2,048 GB), 7 days after the stop",
        ),
    ],
)
def test_a_loss_names_its_size_and_time(loss: Loss, text: str) -> None:
    assert str(loss) == text
