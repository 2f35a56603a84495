"""The balance of the account beside the costs of what is live: few calls, and nothing guessed."""

from __future__ import annotations

from pathlib import Path

import pytest
from account_views import viewed
from foreign_objects import make_foreign
from rig import Rig

from novita_infra.api.errors import ApiError
from novita_infra.operations.account.balance import BalanceReport, read_balance
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.machines.listing import MachineSearch, find_machines
from novita_infra.simulator import Fault
from novita_infra.simulator.world.engine.cloud_records import Storage


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, environ={})


def test_each_kind_is_listed_once_and_no_object_is_read_alone(rig: Rig) -> None:
    for _ in range(3):
        make_foreign(rig, "instance")
    rig.world.calls.clear()
    report = viewed(rig, read_balance)
    assert report.runway is not None
    assert report.runway.per_hour.most > 0
    assert (
        rig.world.calls["instances.list"] == rig.world.calls["endpoints.list"] == rig.world.calls["storages.list"] == 1
    )
    assert [name for name in rig.world.calls if name.endswith(".get")] == []


def test_the_balance_is_known_where_objects_cannot_be_listed(rig: Rig) -> None:
    rig.world.faults.add(Fault(operation="endpoints.list", status=403, reason="FORBIDDEN", count=None))
    report = viewed(rig, read_balance)
    assert (report.balance.available, report.runway) == (10_000_000_000, None)
    assert rig.messages == [
        "The rate is not known, because the objects of the account cannot be listed: "
        "GET /gpu-instance/openapi/v1/endpoints: FORBIDDEN: a fault of the simulator (HTTP 403)"
    ]


def test_one_error_is_reported_where_nothing_can_be_read(rig: Rig) -> None:
    rig.world.faults.add(Fault(operation="*", status=401, reason="UNAUTHORIZED", count=None))
    with pytest.raises(ApiError):
        viewed(rig, read_balance)
    assert rig.messages == []


def test_a_price_that_cannot_be_read_is_unknown(rig: Rig) -> None:
    make_foreign(rig, "instance")
    rig.world.faults.add(Fault(operation="*products.list", status=403, reason="FORBIDDEN", count=None))
    report = viewed(rig, read_balance)
    assert report.runway is not None
    assert report.runway.unknown
    assert report.runway.least is None


def test_ten_thousand_objects_take_as_many_calls_as_pages(rig: Rig) -> None:
    for number in range(10_000):
        cluster = "us-dallas-nas-2"
        rig.world.storages.add(Storage(id=f"s{number}", created=1.0, name="s", size=12, cluster=cluster))
    rig.world.calls.clear()
    report = viewed(rig, read_balance)
    assert report.runway is not None
    assert report.runway.per_hour.most == 10_000 * 12 * 200 // 24
    assert rig.world.calls["storages.list"] == 10_000 // 100
    assert rig.world.calls["batches.list"] == 1
    assert sum(rig.world.calls.values()) == 104


def test_an_endpoint_costs_what_its_present_workers_cost_as_in_ps(rig: Rig) -> None:
    spec = {
        "product": {"gpu": "RTX 4090"},
        "image": "nginx:1.27",
        "ports": ["80/http"],
        "healthPath": "/",
        "workers": {"min": 1, "max": 5, "idleTimeout": 60, "maxConcurrency": 8, "requestTimeout": 600},
        "scaling": {"type": "queue", "value": 10},
    }
    rig.declare(("Endpoint", "api", spec))
    rig.apply()

    async def work(view: AccountView) -> tuple[BalanceReport, MachineSearch]:
        return await read_balance(view), await find_machines(view)

    report, found = viewed(rig, work)
    assert report.runway is not None
    (machine,) = found.items
    assert report.runway.per_hour == machine.per_hour
    assert machine.per_hour.least == machine.per_hour.most > 0
