"""Which changes a plan makes: targets, exclusions, and what follows from them."""

from __future__ import annotations

import pytest
from planning_values import MACHINE, NET, STORAGE, decision, declared, existing

from novita_infra.model.addresses import Address
from novita_infra.model.resources import Declared
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.targeting import (
    Selected,
    excluded,
    left_along,
    misnamed,
    select,
    unchosen,
    unmet_targets,
    with_labels,
)

PLACE, MOVED = {"name": "n", "cluster": "c"}, {"name": "n", "cluster": "d"}
KNOWN = (MACHINE, NET, STORAGE)


def summaries(**options: tuple[str, ...] | bool) -> list[str]:
    found = misnamed(PlanOptions(**options), declared=(MACHINE, NET), recorded=(STORAGE,))  # type: ignore[arg-type]
    return [item.summary for item in found]


def fleet(net: Decision, machine: Decision) -> tuple[dict[Address, Decision], dict[Address, Declared]]:
    items = (declared(NET, net.case.spec), declared(MACHINE, machine.case.spec, needs=(NET,)))
    return {NET: net, MACHINE: machine}, {item.address: item for item in items}


def selected(options: PlanOptions, decisions: dict[Address, Decision], items: dict[Address, Declared]) -> Selected:
    return select(options, decisions, items, left_out=excluded(options, decisions))


NEW = fleet(decision(NET, PLACE), decision(MACHINE, {"image": "a"}, needs=(NET,)))
REPLACED = fleet(
    decision(NET, MOVED, existing(NET, PLACE)),
    decision(MACHINE, {"image": "a"}, existing(MACHINE, {"image": "a"}, needs=(NET,))),
)


def test_options_that_exclude_each_other_are_reported() -> None:
    assert summaries(targets=("vpc.n",), excludes=("vpc.n",)) == []
    assert summaries(destroys=True, replaces=("vpc.n",)) == ["--replace recreates a resource, and here all are deleted"]


@pytest.mark.parametrize("name", ["targets", "excludes", "allow_data_loss"])
def test_names_must_be_declared_or_recorded(name: str) -> None:
    assert summaries(**{name: ("vpc.n", "network_storage.s")}) == []
    assert summaries(**{name: ("vpc.x",)}) == ["there is no resource vpc.x"]


def test_a_replacement_must_be_declared() -> None:
    assert summaries(replaces=("network_storage.s",)) == ["there is no resource network_storage.s"]
    assert summaries(replaces=("endpoint.*",)) == ["no resource fits endpoint.*"]


def test_excluded_resources_are_named_with_their_reason() -> None:
    assert excluded(PlanOptions(excludes=("vpc.*",)), KNOWN) == {NET: "--exclude"}
    assert excluded(PlanOptions(), KNOWN) == {}


def test_without_targets_everything_is_active() -> None:
    assert set(selected(PlanOptions(), *NEW).active) == {NET, MACHINE}


def test_a_target_brings_what_it_needs() -> None:
    made = selected(PlanOptions(targets=("instance.m",)), *NEW)
    assert [(item.address, item.why) for item in made.along] == [(NET, "instance.m needs it")]
    assert set(selected(PlanOptions(targets=("vpc.n",)), *NEW).active) == {NET}


def test_a_replaced_target_brings_its_recorded_dependents() -> None:
    assert set(selected(PlanOptions(targets=("vpc.n",)), *REPLACED).active) == {NET, MACHINE}


def test_targets_and_exclusions_select_the_targets_without_what_is_excluded() -> None:
    both = PlanOptions(targets=("instance.m",), excludes=("vpc.n",))
    made = selected(both, *NEW)
    assert (set(made.active), [str(item.address) for item in made.left_out]) == ({MACHINE}, ["vpc.n"])
    left = left_along({NET: "--exclude"}, *NEW) | {NET: "--exclude"}
    made = select(both, *NEW, left_out=left)
    assert made.active == {}
    (warning,) = unmet_targets(both, made)
    assert warning.summary == (
        "it is a target, and it is left out: it needs vpc.n, which is left out and does not exist yet"
    )
    assert unmet_targets(PlanOptions(targets=("vpc.n",), excludes=("vpc.n",)), made) == []


def test_what_needs_a_left_out_create_is_left_out_too() -> None:
    assert left_along({NET: "--exclude"}, *NEW) == {MACHINE: "it needs vpc.n, which is left out and does not exist yet"}


def test_what_a_left_out_object_depends_on_is_not_replaced() -> None:
    assert left_along({MACHINE: "--exclude"}, *REPLACED) == {NET: "instance.m, which is left out, depends on it"}


def test_left_out_changes_are_listed() -> None:
    made = selected(PlanOptions(excludes=("vpc.n",)), *NEW)
    assert (set(made.active), [item.address for item in made.left_out]) == ({MACHINE}, [NET])


def test_a_replacement_by_name_must_not_be_left_out() -> None:
    decisions, _ = NEW
    (finding,) = unchosen(PlanOptions(replaces=("vpc.n",)), {MACHINE}, decisions)
    assert finding.diagnostic.address == "vpc.n"
    assert unchosen(PlanOptions(replaces=("vpc.*",)), {MACHINE}, decisions) == []


def test_labels_stand_for_the_addresses_that_have_them() -> None:
    labels = {MACHINE: {"team": "a b", "rank": "1"}, NET: {"team": "ops"}, STORAGE: {}}
    options = PlanOptions(targets=("label:team=a*", "vpc.net"), excludes=("label:rank=1",))
    found, diagnostics = with_labels(options, labels)
    assert (found.targets, found.excludes, diagnostics) == ((str(MACHINE), "vpc.net"), (str(MACHINE),), [])
    assert with_labels(PlanOptions(targets=("vpc.net",)), labels)[0] == PlanOptions(targets=("vpc.net",))
    _, (none,) = with_labels(PlanOptions(targets=("label:team=op",)), labels)
    assert str(none) == 'no resource has the label team=op; did you mean "label:team=ops"?'
    _, (none,) = with_labels(PlanOptions(replaces=("label:x=",)), {})
    assert str(none) == "no resource has the label x=; no resource has labels"
