"""Live objects that a plan would create a second time."""

from __future__ import annotations

from dataclasses import replace

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


def test_created_types_that_were_not_listed_yet_are_listed() -> None:
    assert kinds_to_list(inputs(), plan(MACHINE, NET)) == {"instance", "vpc"}
    assert kinds_to_list(inputs(live("x")), plan(MACHINE)) == frozenset()


def test_an_object_with_the_owner_mark_is_a_duplicate_of_a_create() -> None:
    (found,) = find_duplicates(inputs(live("m-1", mark=MARK), live("m-2", mark="p/prod/instance.m/op")), plan(MACHINE))
    assert (found.address, [item.id for item in found.lives], found.marked) == (MACHINE, ["m-1"], True)


def test_an_object_that_is_being_deleted_is_no_duplicate() -> None:
    assert list(find_duplicates(inputs(live("m-1", mark=MARK, phase=Phase.LEAVING)), plan(MACHINE))) == []


def test_an_object_with_the_name_and_place_of_a_create_is_alike() -> None:
    here, there = (replace(live(id, name="n"), values={"cluster": id}) for id in ("here", "there"))
    changes = (Change(NET, Action.CREATE, after={"name": "n", "cluster": "here"}),)
    made = Plan("p", "default", changes, (), Basis("l", 1))
    for known in ({}, {MACHINE: existing(MACHINE, {})}):
        (found,) = find_duplicates(inputs(here, there, of="vpc", known=known), made)
        assert (found.address, [item.id for item in found.lives], found.alike) == (NET, ["here"], True)


def test_the_name_alone_of_a_type_with_marks_counts_only_without_records() -> None:
    (found,) = find_duplicates(inputs(live("m-9", name="m")), plan(MACHINE))
    assert (found.marked, found.alike) == (False, False)
    assert list(find_duplicates(inputs(live("m-9", name="m"), known={NET: existing(NET, {})}), plan(MACHINE))) == []


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
    twins = (live("m-1", name="m"), live("m-2"))
    named = duplicate_diagnostics(Duplicate(MACHINE, twins, marked=False), plan(MACHINE))
    assert isinstance(named, Diagnostic)
    assert (
        named.summary
        == "this environment has no state, and m-1 (m, ready) and m-2 (without a name, ready) have this name"
    )


def test_the_id_in_a_printed_command_is_quoted_for_a_shell() -> None:
    note = duplicate_diagnostics(Duplicate(MACHINE, (live("m; id #", name="m"),), marked=False), plan(MACHINE))
    assert isinstance(note, Diagnostic)
    assert "--adopt instance.m --id 'm; id #'`" in note.hint


def test_an_object_that_is_alike_refuses_a_create_unless_it_is_wanted_anyway() -> None:
    found = Duplicate(NET, (live("n-1", name="n"),), marked=False, alike=True)
    refused = duplicate_diagnostics(found, plan(NET))
    assert isinstance(refused, Finding)
    assert refused.code == EXIT_REFUSED
    assert str(refused.diagnostic) == (
        "vpc.n: it may exist already: n-1 (n, ready) has its name and place and is in no state; if it is what you "
        "declare, adopt it: `novita-infra orphans --adopt vpc.n --id n-1`; to create another beside it, run it again "
        "with --create-anyway vpc.n"
    )
    allowed = duplicate_diagnostics(found, plan(NET), create_anyway=("vpc.*",))
    assert isinstance(allowed, Diagnostic)
    assert "another is created" in allowed.hint
