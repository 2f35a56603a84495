"""Foreign objects: no change touches an object whose owner mark, second record or name shows another owner."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

import pytest

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic
from novita_infra.model.identity import Identity
from novita_infra.model.records import Record
from novita_infra.model.resources import Existing, Live, Phase
from novita_infra.planning.checks.foreign_objects import foreign_objects, unmarked_objects
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.findings import Finding

OWN = Identity(project="fleet", environment="prod", id="p1")
A, B, C = (Address("network_storage", name) for name in "abc")
TOUCHING = [action for action in Action if action is not Action.NONE]


def one(address: Address, id: str, *, mark: str = "", name: str = "", retired: Live | None = None) -> Existing:
    live = Live(id, name or address.name, Phase.READY, "ready", {}, mark=mark)
    record = Record(address, id, spec={"name": address.name}, retired=(retired.id,) if retired else ())
    return Existing(record, live=live, replaced=(retired,) if retired else ())


def said(
    existing: Mapping[Address, Existing], action: Action, elsewhere: Mapping[tuple[str, str], str] | None = None
) -> list[Finding | Diagnostic]:
    changes = [Change(address, action) for address in existing]
    return [*foreign_objects(changes, existing, OWN, recorded_elsewhere=elsewhere or {})]


@pytest.mark.parametrize("action", TOUCHING)
@pytest.mark.parametrize(
    "owner",
    [
        "other:p2/prod/network_storage.a",
        "other/prod/network_storage.a",
        "fleet:p1/dev/network_storage.a",
        "fleet:p2/prod/network_storage.a",
        "fleet:p1/prod/network_storage.b",
    ],
)
def test_every_change_of_an_object_with_the_mark_of_others_is_refused(owner: str, action: Action) -> None:
    (finding,) = said({A: one(A, "s-1", mark=f"{owner}/op")}, action)
    assert isinstance(finding, Finding)
    assert finding.code == EXIT_REFUSED
    assert "s-1" in finding.diagnostic.summary
    assert owner.split("/")[1] in finding.diagnostic.summary
    assert "import network_storage.a s-1 --steal" in finding.diagnostic.hint


def test_the_printed_commands_run_nothing_that_an_id_or_a_key_holds() -> None:
    address, id = Address("network_storage", "a", "$(id)"), "s; id #"
    (finding,) = said({address: one(address, id, mark="other/prod/network_storage.a/op")}, Action.DELETE)
    assert isinstance(finding, Finding)
    assert f"import {shlex.quote(str(address))} {shlex.quote(id)} --steal" in finding.diagnostic.hint
    assert shlex.split(finding.diagnostic.hint.split("`")[-2])[2:] == [str(address), id, "--steal"]


def test_an_object_that_is_left_alone_is_only_warned_of() -> None:
    (note,) = said({A: one(A, "s-1", mark="other/prod/network_storage.a/op")}, Action.NONE)
    assert isinstance(note, Diagnostic)


@pytest.mark.parametrize("mark", ["", "odd", "fleet:p1/prod/network_storage.a/op", "fleet/prod/network_storage.a/op"])
def test_an_own_or_unmarked_object_is_not_refused(mark: str) -> None:
    assert said({A: one(A, "s-1", mark=mark)}, Action.DELETE) == []


def test_a_replaced_object_with_the_mark_of_others_is_refused() -> None:
    old = Live("s-0", "a", Phase.READY, "ready", {}, mark="other/prod/network_storage.a/op")
    (finding,) = said({A: one(A, "s-1", retired=old)}, Action.RESUME)
    assert isinstance(finding, Finding)
    assert "s-0" in finding.diagnostic.summary


def test_an_id_in_two_records_is_refused_in_both() -> None:
    findings = said({A: one(A, "s-1"), B: one(B, "s-1"), C: one(C, "s-3")}, Action.DELETE)
    assert [finding.diagnostic.address for finding in findings if isinstance(finding, Finding)] == [str(A), str(B)]


def test_of_an_id_in_two_records_the_mark_decides() -> None:
    mark = "fleet:p1/prod/network_storage.a/op"
    (finding,) = said({A: one(A, "s-1", mark=mark), B: one(B, "s-1", mark=mark)}, Action.DELETE)
    assert isinstance(finding, Finding)
    assert finding.diagnostic.address == str(B)


def test_swapped_ids_of_unmarked_objects_are_seen_by_their_names() -> None:
    swapped = {A: one(A, "s-2", name="b"), B: one(B, "s-1", name="a"), C: one(C, "s-3")}
    findings = said(swapped, Action.UPDATE)
    assert [finding.diagnostic.address for finding in findings if isinstance(finding, Finding)] == [str(A), str(B)]
    renamed_by_hand = {A: one(A, "s-1", name="z"), B: one(B, "s-2")}
    assert said(renamed_by_hand, Action.UPDATE) == []


def test_an_unmarked_object_in_the_state_of_another_environment_is_refused() -> None:
    elsewhere = {("network_storage", "s-1"): "state/dev.json"}
    (finding,) = said({A: one(A, "s-1"), B: one(B, "s-2")}, Action.DELETE, elsewhere)
    assert isinstance(finding, Finding)
    assert "state/dev.json" in finding.diagnostic.summary


def test_only_unmarked_objects_that_are_touched_need_other_states() -> None:
    existing = {A: one(A, "s-1"), B: one(B, "s-2", mark="fleet:p1/prod/network_storage.b/op")}
    touched = [Change(A, Action.DELETE), Change(B, Action.DELETE)]
    assert unmarked_objects(touched, existing) == {("network_storage", "s-1")}
    assert unmarked_objects([Change(A, Action.NONE)], existing) == frozenset()
