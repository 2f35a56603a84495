"""One resource as planning sees it: differences, and the recorded spec."""

from __future__ import annotations

from planning_values import BASE, MACHINE, case, existing

from novita_infra.model.records import PendingCall
from novita_infra.model.values import Ref, joined_text
from novita_infra.planning.changes.case import Case


def names(one: Case) -> list[str]:
    return [item.name for item, _, _ in one.differences()]


def test_equal_specs_have_no_differences() -> None:
    assert names(case(BASE, {"image": "a"}, existing(BASE, {"image": "a"}))) == []


def test_a_difference_has_the_live_and_the_declared_value() -> None:
    ((item, before, after),) = case(BASE, {"image": "b"}, existing(BASE, {"image": "a"}, {"image": "c"})).differences()
    assert (item.name, before, after) == ("image", "c", "b")


def test_the_order_of_a_set_is_no_difference() -> None:
    known = existing(BASE, {"ports": ["80/http", "22/tcp"]})
    assert names(case(BASE, {"ports": ["22/tcp", "80/http"]}, known)) == []


def test_an_undeclared_field_goes_back_to_its_default_only_where_it_was_declared() -> None:
    values = {"image": "a", "command": "run"}
    assert names(case(BASE, {"image": "a"}, existing(BASE, values))) == ["command"]
    assert names(case(BASE, {"image": "a"}, existing(BASE, {"image": "a"}, values))) == []


def test_an_undeclared_field_without_a_default_is_no_difference() -> None:
    assert names(case(BASE, {"image": "a"}, existing(BASE, {"image": "a", "rootDiskGb": 20}))) == []


def test_what_a_pending_call_sent_was_declared() -> None:
    pending = PendingCall("op", "update", 0.0, sent={"command": "run"})
    known = existing(BASE, {"image": "a"}, {"image": "a", "command": "run"}, pending=pending)
    assert names(case(BASE, {"image": "a"}, known)) == ["command"]


def test_an_unknown_value_always_differs() -> None:
    url = joined_text(("x", Ref(MACHINE, "ip")))
    assert names(case(BASE, {"command": url}, existing(BASE, {"command": "x1"}))) == ["command"]


def test_local_fields_are_never_compared() -> None:
    assert names(case(MACHINE, {"keepData": True}, existing(MACHINE, {"keepData": False}))) == []
