"""The resources of bills: present ones, replaced and deleted ones, in several environments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from account_views import viewed
from rig import Rig

from novita_infra.operations.account.billing.owners import Owners, owners_of
from novita_infra.operations.account.view import AccountView

STORAGE: dict[str, Any] = {"cluster": "us-dallas-nas-2", "sizeGb": 20}
OTHER: dict[str, Any] = {**STORAGE, "cluster": "as-sgp-2"}


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, environ={})


def _owners(rig: Rig, ids: set[str] | None = None) -> Owners:
    async def find(view: AccountView) -> Owners:
        return owners_of(view, ids)

    return viewed(rig, find)


def test_a_replaced_and_a_deleted_object_keep_their_addresses(rig: Rig) -> None:
    rig.declare(("NetworkStorage", "a", STORAGE), ("NetworkStorage", "b", STORAGE))
    rig.apply()
    first, gone = rig.record("network_storage.a").id, rig.record("network_storage.b").id
    rig.declare(("NetworkStorage", "a", OTHER))
    rig.apply(allow_data_loss=("*",), allow_large_change=True)
    second = rig.record("network_storage.a").id
    owners = _owners(rig, {first, second, gone})
    assert {owners.title(id) for id in (first, second)} == {"network_storage.a"}
    assert owners.title(gone) == "network_storage.b"
    assert [owner.record is not None for id in (first, second, gone) if (owner := owners.of(id))] == [
        False,
        True,
        False,
    ]
    assert owners.selected("network_storage.a") == {first, second}
    assert owners.selected("network_storage.*") == {first, second, gone}
    assert owners.selected("whatever") == {"whatever"}
    assert owners.title("whatever") == ""


def test_earlier_states_are_read_only_for_ids_that_no_present_one_has(rig: Rig) -> None:
    rig.declare(("NetworkStorage", "a", STORAGE), ("NetworkStorage", "b", STORAGE))
    rig.apply()
    kept, gone = rig.record("network_storage.a").id, rig.record("network_storage.b").id
    rig.declare(("NetworkStorage", "a", STORAGE))
    rig.apply(allow_data_loss=("*",), allow_large_change=True)
    assert _owners(rig, {kept, ""}).ids == {kept}
    assert _owners(rig, {kept, gone}).ids == {kept, gone}
    assert _owners(rig).ids == {kept, gone}


def test_a_damaged_earlier_state_hides_only_itself(rig: Rig) -> None:
    rig.declare(("NetworkStorage", "a", STORAGE))
    rig.apply()
    kept = rig.record("network_storage.a").id
    for path in (rig.folder / "state").rglob("*"):
        if path.is_file() and path.name != "default.json":
            path.write_text("{")
    assert _owners(rig, {kept, "unknown"}).ids == {kept}
