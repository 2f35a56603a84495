"""What only the lists of v2 show is forgotten by no command that answers for a whole account."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from account_views import viewed
from rig import Rig

from novita_infra.account.v2_objects import V2_LISTS
from novita_infra.api.request import Request
from novita_infra.operations.account.beyond_v1 import (
    V2Search,
    beyond_v1,
    beyond_warnings,
    listed_in_both,
    objects_of_v2,
)
from novita_infra.operations.account.sweep import find_overdue
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.imports.whole_account import ImportSelection, import_account
from novita_infra.operations.machines.jobs import break_jobs
from novita_infra.operations.machines.listing import find_machines
from novita_infra.operations.orphans import find_orphans
from novita_infra.simulator.faults.parsing import fault_of
from novita_infra.simulator.profiles import LIVE

MACHINE = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
V2_MACHINE = {
    "name": "modern",
    "product_id": "4090.18c.60g",
    "image": "docker.io/acme/app:1",
    "billing": {"mode": "postpaid"},
    "resource": {"rootfs_size_gb": 60, "gpu_num": 1},
}


@pytest.fixture(params=[True, False], ids=["one-list", "two-lists"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Rig:
    """An account with a machine of each generation. Whether the lists of v1 show both is not known."""
    found = Rig(tmp_path, quirks=replace(LIVE, v1_lists_v2=request.param, tells_logs=False))
    found.declare(("Instance", "old", MACHINE))
    found.apply()
    return found


async def _send(view: AccountView, method: str, path: str, body: Any = None) -> Any:
    return await view.client.send(Request(method, f"/gpus/v2/{path}", body=body))


def made_through_v2(rig: Rig, **more: Any) -> str:
    """Makes the machine; returns its id."""

    async def work(view: AccountView) -> str:
        query = {"type": "gpu", "category": "instance"}
        products = (await view.client.send(Request("GET", "/gpus/v2/products", query)))["data"]
        free = next(one for one in products if one["deployable"] and one["pricing"]["postpaid"])
        made = await _send(view, "POST", "instances", {**V2_MACHINE, "product_id": free["id"], **more})
        return str(made["id"])

    return viewed(rig, work)


def hides(rig: Rig) -> bool:
    return not rig.world.quirks.v1_lists_v2


def test_the_lists_of_both_generations_are_compared(rig: Rig) -> None:
    id = made_through_v2(rig)
    found, in_v1 = viewed(rig, lambda view: listed_in_both(view.client, list(V2_LISTS.values())))
    shown = {(item.list.word, item.name): in_v1(item) for item in found.items}
    assert shown == {("instances", "old"): True, ("instances", "modern"): not hides(rig)}
    assert found.unread == {}
    assert next(item for item in found.items if item.id == id).image == "docker.io/acme/app:1"
    beyond = viewed(rig, lambda view: beyond_v1(view.client, {"instance": {item.id for item in found.items}}))
    assert beyond == V2Search()


def test_ps_of_everything_and_orphans_name_it(rig: Rig) -> None:
    id = made_through_v2(rig)
    search = viewed(rig, lambda view: find_machines(view, everything=True))
    assert [item.id for item in search.beyond.items] == ([id] if hides(rig) else [])
    assert len(search.items) == (1 if hides(rig) else 2)
    assert viewed(rig, find_machines).beyond == V2Search()

    async def orphans() -> tuple[list[str], list[str]]:
        async with rig.client() as client:
            found = await find_orphans(rig._session(client), detailed=False)
            beyond = await beyond_v1(client, found.known)
            return [item.live.id for item in found.items], [item.id for item in beyond.items]

    listed, beyond = rig.clock.run(orphans())
    assert (listed, beyond) == (([], [id]) if hides(rig) else ([id], []))


def test_sweep_names_what_is_past_its_deadline_and_nothing_else(rig: Rig) -> None:
    mark = f"other:0/default/instance.a/1;until={int(rig.clock.now()) + 60}"
    late = made_through_v2(rig, envs=[{"key": "NOVITA_INFRA_OWNER", "value": mark}])
    made_through_v2(rig)
    rig.clock.run(rig.clock.sleep(3600))
    rig.world.advance()
    found = viewed(rig, find_overdue)
    beyond, own = [item.id for item in found.beyond.items], [item.live.id for item in found.items]
    assert (beyond, own) == (([late], []) if hides(rig) else ([], [late]))


def test_an_import_of_the_account_leaves_it_out_with_the_reason(rig: Rig) -> None:
    made_through_v2(rig)

    async def work() -> list[tuple[str, str]]:
        async with rig.client() as client:
            session = rig._session(client)
            result = await import_account(session, ImportSelection(), "", loaded=rig.project, dry_run=True)
            return [(item.name, item.why) for item in result.objects]

    why = "only the lists of v2 show it" if hides(rig) else ""
    assert rig.clock.run(work()) == [("modern", why)]


def test_a_list_that_cannot_be_read_is_named_and_the_others_count(rig: Rig) -> None:
    rig.world.faults.add(fault_of({"kind": "status", "operation": "networks_v2.list", "status": 400, "count": 0}))
    found = viewed(rig, lambda view: objects_of_v2(view.client, list(V2_LISTS.values())))
    assert list(found.unread) == ["networks"]
    assert found.types == ("instance", "vpc")
    (warning,) = beyond_warnings(replace(found, items=()), what="")
    assert "the networks of v2 could not be listed" in warning.summary
    assert "only the lists of v2 show instance" in beyond_warnings(found, what="so")[0].summary


def test_a_plan_makes_no_call_of_v2(rig: Rig) -> None:
    rig.world.calls.clear()
    rig.plan()
    assert [name for name in rig.world.calls if "_v2" in name] == []


def test_a_job_that_only_v2_lists_is_broken_through_v2(rig: Rig) -> None:
    id = made_through_v2(rig)
    rig.clock.run(rig.clock.sleep(600))
    rig.world.advance()

    async def work(view: AccountView) -> tuple[str, list[str]]:
        image = {"instance_id": id, "image": "docker.io/acme/saved:1"}
        job = (await _send(view, "POST", "jobs/save-image", image))["job_id"]
        before = await break_jobs(view, [job], steal=False)
        asked = [name for name in rig.world.calls if name in {"jobs.break", "jobs_v2.stop"}]
        assert asked == ["jobs_v2.stop" if hides(rig) else "jobs.break"]
        after = await break_jobs(view, [job], steal=False)
        return job, [before[0].state, after[0].state, str(after[0].is_over)]

    job, states = viewed(rig, work)
    assert states[0] in {"Running", "Pending", "running", "pulling"}
    assert states[1:] == ["break", "True"]
    assert [one.state for one in rig.world.jobs if one.id == job] == ["break"]


def test_no_secret_of_an_object_is_in_what_is_shown(rig: Rig) -> None:
    made_through_v2(rig, envs=[{"key": "HF_TOKEN", "value": "hf_not-for-anybody"}])
    found = viewed(rig, lambda view: objects_of_v2(view.client, [V2_LISTS["instances"]]))
    assert "hf_not-for-anybody" not in repr(found)
    assert "hf_not-for-anybody" in json.dumps([dict(item.env) for item in found.items])
