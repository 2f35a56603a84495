"""Live objects that a plan would create a second time."""

from __future__ import annotations

from planning_values import KEY, MACHINE, NET, existing

from novita_infra.kinds import KINDS
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic
from novita_infra.model.identity import Identity
from novita_infra.model.resources import Existing, Live, Phase
from novita_infra.planning.checks.duplicates import (
    Duplicate,
    duplicate_diagnostics,
    find_duplicates,
    kinds_to_list,
    only,
)
from novita_infra.planning.inputs import AccountSnapshot, Config, PlanInputs, PriorState
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.plan import Basis, Plan

MARK = "p/default/instance.m/op"


def live(id: str, *, mark: str = "", name: str = "", phase: Phase = Phase.READY) -> Live:
    return Live(id, name, phase, phase.value, {}, mark=mark)


def inputs(*lives: Live, of: str = "instance", known: dict[Address, Existing] | None = None) -> PlanInputs:
    return PlanInputs(
        config=Config(identity=Identity(project="p", environment="default"), declared=()),
        prior=PriorState(lineage="l", serial=1, key=KEY),
        world=AccountSnapshot(existing=known or {}, unrecorded={of: lives} if lives else {}),
        kinds=KINDS,
    )


def plan(*addresses: Address) -> Plan:
    changes = tuple(Change(item, Action.CREATE, after={"name": item.name}) for item in addresses)
    return Plan("p", "default", changes, (), Basis("l", 1))


def test_only_created_types_are_listed_and_unmarked_ones_only_without_records() -> None:
    assert kinds_to_list(inputs(), plan(MACHINE, NET)) == {"instance", "vpc"}
    assert kinds_to_list(inputs(known={NET: existing(NET, {})}), plan(MACHINE, NET)) == {"instance"}
    assert kinds_to_list(inputs(live("x")), plan(MACHINE)) == frozenset()


def test_an_object_with_the_owner_mark_is_a_duplicate_of_a_create() -> None:
    (found,) = find_duplicates(inputs(live("m-1", mark=MARK), live("m-2", mark="p/prod/instance.m/op")), plan(MACHINE))
    assert (found.address, [item.id for item in found.lives], found.marked) == (MACHINE, ["m-1"], True)


def test_an_object_that_is_being_deleted_is_no_duplicate() -> None:
    assert list(find_duplicates(inputs(live("m-1", mark=MARK, phase=Phase.LEAVING)), plan(MACHINE))) == []


def test_a_name_counts_only_where_nothing_is_recorded() -> None:
    (found,) = find_duplicates(inputs(live("n-9", name="n"), of="vpc"), plan(NET))
    assert not found.marked
    recorded = inputs(live("n-9", name="n"), of="vpc", known={MACHINE: existing(MACHINE, {})})
    assert list(find_duplicates(recorded, plan(NET))) == []


def test_a_second_object_with_the_mark_of_a_recorded_one_is_found() -> None:
    (found,) = find_duplicates(inputs(live("m-9", mark=MARK), known={MACHINE: existing(MACHINE, {})}), plan())
    assert (found.beside, [item.id for item in found.lives]) == ("m-1", ["m-9"])


def test_duplicates_without_any_object_left_are_dropped() -> None:
    found = (Duplicate(MACHINE, (live("m-1"), live("m-2")), marked=True), Duplicate(NET, (live("n-1"),), marked=False))
    (kept,) = only(found, lambda _, item: item.id == "m-2")
    assert [item.id for item in kept.lives] == ["m-2"]


def test_a_mark_refuses_a_create_and_a_name_is_a_note() -> None:
    marked = duplicate_diagnostics(Duplicate(MACHINE, (live("m-1", name="m"),), marked=True), plan(MACHINE))
    assert isinstance(marked, Finding)
    assert marked.code == EXIT_REFUSED
    assert marked.diagnostic.summary == (
        "it exists already, and no state has it: m-1 (m, ready) carries the owner mark p/default/instance.m"
    )
    named = duplicate_diagnostics(Duplicate(NET, (live("n-1", name="n"), live("n-2")), marked=False), plan(NET))
    assert isinstance(named, Diagnostic)
    assert (
        named.summary
        == "this environment has no state, and n-1 (n, ready) and n-2 (without a name, ready) have this name"
    )
