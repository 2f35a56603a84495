"""The pages of a long list are read at once: it costs as many calls as pages, and waits for few of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from account_views import viewed
from machines_account import running
from rig import Rig

from novita_infra.operations.account.billing.reading import read_transactions, span_named
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.machines.jobs import read_jobs
from novita_infra.operations.machines.listing import find_machines
from novita_infra.operations.market.catalogue import read_templates
from novita_infra.simulator.faults.parsing import fault_of
from novita_infra.simulator.world.engine.account_records import Payment
from novita_infra.simulator.world.engine.cloud_records import Job, Template
from novita_infra.simulator.world.engine.world import World

COUNT = 2_000
PAGES = COUNT // 100
MOST_WAITS = 5
"""Calls that a list of so many pages waits for one after another: those in flight begin with ten."""

Put = Callable[[World, str, float], object]
Read = Callable[[AccountView], Awaitable[Any]]


def put_machine(world: World, id: str, at: float) -> None:
    world.instances.add(running(id, at, id))


def put_job(world: World, id: str, at: float) -> None:
    world.jobs.add(Job(id=id, created=at, type="saveImage", instance="i", state="success"))


def put_template(world: World, id: str, at: float) -> None:
    world.templates.add(
        Template(id=id, created=at, name=id, type="instance", channel="community", image="ubuntu:22.04", rootfs=60)
    )


def put_payment(world: World, id: str, at: float) -> None:
    world.payments.add(Payment(id=id, created=at, kind="recharge", amount=100_000))


async def transactions(view: AccountView) -> Any:
    return await read_transactions(view, span_named("", "", view.clock.now()))


@pytest.mark.parametrize(
    ("put", "read", "name"),
    [
        (put_machine, find_machines, "instances.list"),
        (put_machine, lambda view: find_machines(view, everything=True), "instances.list"),
        (put_job, read_jobs, "jobs.list"),
        (put_template, lambda view: read_templates(view, ["community"], ""), "templates.list"),
        (put_payment, transactions, "account.transactions"),
    ],
    ids=["ps", "ps --all", "jobs", "templates", "billing transactions"],
)
def test_a_long_list_waits_for_few_calls(tmp_path: Path, put: Put, read: Read, name: str) -> None:
    rig = Rig(tmp_path)
    for number in range(COUNT):
        put(rig.world, f"{number:08}", rig.world.moment)
    rig.world.faults.add(fault_of({"kind": "slow", "seconds": 0.5, "count": 0}))
    began = rig.clock.now()  # a call takes 1 s: a half before its effect and one after it
    viewed(rig, read)
    assert rig.world.calls[name] in {PAGES, PAGES + 1}
    assert rig.clock.now() - began <= MOST_WAITS
