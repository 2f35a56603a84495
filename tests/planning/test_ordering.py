"""The order of the steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from planning_values import BASE, MACHINE, NET, STORAGE, decision, declared, existing

from novita_infra.kinds import KINDS
from novita_infra.model.addresses import Address
from novita_infra.model.lifecycle import Lifecycle
from novita_infra.model.resources import Declared, Live, Phase
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.ordering import Schedule, schedule

AUTH = Address("registry_auth", "a")
PLACE = {"name": "n", "cluster": "c"}


def ordered(*decisions: tuple[Address, Decision], items: tuple[Declared, ...] = ()) -> Schedule:
    return schedule(dict(decisions), {item.address: item for item in items}, KINDS, timeouts={})


def keys(made: Schedule) -> list[str]:
    return [step.key.partition(":")[0] for step in made.steps]


def after(made: Schedule, key: str) -> list[str]:
    (step,) = (step for step in made.steps if step.key.startswith(key))
    return [other.partition(":")[0] for other in step.after]


def create(address: Address, spec: dict[str, Any], *needs: Address, group: str = "") -> tuple[Decision, Declared]:
    lifecycle = Lifecycle(group=group)
    item = declared(address, spec, needs=needs, lifecycle=lifecycle)
    return decision(address, spec, needs=needs, lifecycle=lifecycle), item


def test_an_unchanged_resource_has_no_steps() -> None:
    assert keys(ordered((NET, decision(NET, PLACE, existing(NET, PLACE))))) == []


def test_a_create_comes_after_what_it_needs() -> None:
    machine, item = create(MACHINE, {"image": "a"}, NET)
    net, other = create(NET, PLACE)
    made = ordered((MACHINE, machine), (NET, net), items=(item, other))
    assert keys(made) == ["vpc.n/create", "instance.m/create"]
    assert after(made, "instance.m") == ["vpc.n/create"]


def test_calls_follow_their_create_in_a_chain() -> None:
    machine, item = create(MACHINE, {"image": "a", "power": "stopped"})
    made = ordered((MACHINE, machine), items=(item,))
    assert (keys(made), after(made, "instance.m/stop")) == (
        ["instance.m/create", "instance.m/stop"],
        ["instance.m/create"],
    )


def test_a_delete_waits_for_its_dependents() -> None:
    machine = decision(MACHINE, None, existing(MACHINE, {"vpc": "n-1"}, needs=(NET,)))
    made = ordered((NET, decision(NET, None, existing(NET, PLACE))), (MACHINE, machine))
    assert keys(made) == ["instance.m/delete", "vpc.n/delete"]


def test_a_storage_is_deleted_after_the_call_that_unmounts_it() -> None:
    mounts = [{"storage": "s-1", "mountPath": "/d"}]
    known = existing(MACHINE, {"image": "a", "networkStorages": mounts}, needs=(STORAGE,))
    machine = decision(MACHINE, {"image": "a"}, known)
    made = ordered(
        (STORAGE, decision(STORAGE, None, existing(STORAGE, PLACE))),
        (MACHINE, machine),
        items=(declared(MACHINE, {"image": "a"}),),
    )
    assert keys(made) == ["instance.m/upgrade", "network_storage.s/delete"]


def test_a_replacement_deletes_first() -> None:
    net = decision(NET, {**PLACE, "cluster": "d"}, existing(NET, PLACE))
    made = ordered((NET, net), items=(declared(NET, {**PLACE, "cluster": "d"}),))
    assert (keys(made), made.create_first) == (["vpc.n/delete", "vpc.n/create"], frozenset())


def test_a_replacement_creates_first_where_the_kind_or_the_manifest_asks_for_it() -> None:
    auth = {"name": "n", "username": "u", "password": "p"}
    changed = {**auth, "username": "v"}
    made = ordered((AUTH, decision(AUTH, changed, existing(AUTH, auth))), items=(declared(AUTH, changed),))
    assert (keys(made), made.create_first) == (["registry_auth.a/create", "registry_auth.a/delete"], frozenset({AUTH}))
    moved = {**PLACE, "cluster": "d"}
    item = declared(NET, moved, lifecycle=Lifecycle(create_first=True))
    assert keys(ordered((NET, decision(NET, moved, existing(NET, PLACE))), items=(item,))) == [
        "vpc.n/create",
        "vpc.n/delete",
    ]


def test_a_replacement_creates_first_for_a_dependent_that_is_only_updated() -> None:
    auth, changed = {"name": "n", "username": "u", "password": "p"}, {"name": "n", "username": "v", "password": "p"}
    base = decision(BASE, {"registryAuth": "new"}, existing(BASE, {"registryAuth": "a-1"}, needs=(AUTH,)))
    made = ordered(
        (AUTH, decision(AUTH, changed, existing(AUTH, auth))),
        (BASE, base),
        items=(declared(AUTH, changed), declared(BASE, {}, needs=(AUTH,))),
    )
    assert keys(made) == ["registry_auth.a/create", "template.base/update", "registry_auth.a/delete"]


def test_a_replaced_object_of_an_earlier_run_is_deleted_after_the_new_one() -> None:
    old = Live("n-0", "n", Phase.READY, "ready", PLACE)
    known = replace(existing(NET, PLACE, gone=True), replaced=(old,))
    made = ordered((NET, decision(NET, PLACE, known)), items=(declared(NET, PLACE),))
    assert keys(made) == ["vpc.n/create", "vpc.n/delete"]


def test_an_object_that_was_never_ready_is_deleted_before_the_next_one() -> None:
    old = Live("n-0", "n", Phase.FAILED, "failed", PLACE)
    known = replace(existing(NET, PLACE, gone=True, retired_unready=("n-0",)), replaced=(old,))
    made = ordered((NET, decision(NET, PLACE, known)), items=(declared(NET, PLACE),))
    assert keys(made) == ["vpc.n/delete", "vpc.n/create"]


def test_an_old_object_is_deleted_after_the_new_objects_of_its_group() -> None:
    net, item = create(NET, PLACE, group="lab")
    storage = existing(STORAGE, PLACE)
    moved = declared(STORAGE, {**PLACE, "cluster": "d"}, lifecycle=Lifecycle(group="lab", create_first=True))
    made = ordered((NET, net), (STORAGE, decision(STORAGE, moved.spec, storage)), items=(item, moved))
    assert after(made, "network_storage.s/delete") == ["network_storage.s/create", "vpc.n/create"]


def test_a_forgotten_record_has_one_step_without_a_call() -> None:
    made = ordered((NET, decision(NET, None, existing(NET, PLACE, gone=True))))
    assert keys(made) == ["vpc.n/forget"]


def test_the_order_does_not_depend_on_the_order_of_decisions() -> None:
    one, two = (
        (NET, decision(NET, None, existing(NET, PLACE))),
        (STORAGE, decision(STORAGE, None, existing(STORAGE, PLACE))),
    )
    assert ordered(one, two) == ordered(two, one)
