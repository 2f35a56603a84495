"""Ids of managed resources in manifests: a name belongs there."""

from __future__ import annotations

from dataclasses import replace

from planning_values import MACHINE, NET, STORAGE, declared, existing

from novita_infra.kinds import KINDS
from novita_infra.model.addresses import Address
from novita_infra.model.values import Ref
from novita_infra.planning.checks.managed_ids import managed_ids

KEYED = replace(STORAGE, key="a.b")
NETWORK, STORED = declared(NET, {}), declared(KEYED, {})
LIVE = {NET: existing(NET, {}), KEYED: existing(KEYED, {})}


def test_the_id_of_a_managed_resource_is_reported_with_its_name() -> None:
    mounts = [{"storage": "s-1", "mountPath": "/a"}, {"storage": "s-1", "mountPath": "/b"}]
    machine = declared(MACHINE, {"vpc": "n-1", "networkStorages": mounts})
    found = managed_ids([machine, NETWORK, STORED], LIVE, KINDS)
    assert sorted((item.summary, item.hint) for item in found) == [
        (
            "n-1 is vpc.n, which this project manages",
            "name it instead of its id, so that both change in the right order: `vpc: n`",
        ),
        (
            's-1 is network_storage.s["a.b"], which this project manages',
            'name it instead of its id, so that both change in the right order: `storage: s["a.b"]`',
        ),
    ]


def test_names_other_ids_and_what_is_in_a_module_are_no_matter() -> None:
    machine = declared(MACHINE, {"vpc": Ref(NET, "id"), "networkStorages": [{"storage": "other", "mountPath": "/a"}]})
    assert not [*managed_ids([machine, NETWORK, STORED], LIVE, KINDS)]
    inner = Address("vpc", "n", module="module.m")
    machine = declared(MACHINE, {"vpc": "n-1"})
    assert not [*managed_ids([machine, declared(inner, {})], {inner: existing(inner, {})}, KINDS)]
    assert not [*managed_ids([machine], LIVE, KINDS)], "it is declared no longer"
