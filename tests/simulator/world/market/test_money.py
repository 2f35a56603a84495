"""Money: costs, bills, and an empty balance. Unit: 1/100000 USD."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from draws import draws
from hypothesis import given, settings
from hypothesis import strategies as st

from novita_infra.simulator import HandClock, Limits, open_world
from novita_infra.simulator.errors import ApiRefusal
from novita_infra.simulator.http.control import world_state
from novita_infra.simulator.world import bills
from novita_infra.simulator.world.cloud import instances, storages, subscriptions
from novita_infra.simulator.world.engine.cloud_records import Instance
from novita_infra.simulator.world.market import money

DAY = 86_400
BILLS = "/openapi/v1/billing"


def spent(cloud: Any) -> int:
    return int(cloud.get("/_sim/state")["money"]["spent"])


def units(decimal: str) -> int:
    """USD in text as 1/100000 USD."""
    return int(Decimal(decimal) * 100_000)


def billed(cloud: Any, cycle: str, category: str = "summary") -> int:
    """The total of the usage bills of the last month."""
    rows = cloud.get(f"{BILLS}/bill/list", cycleType=cycle, productCategory=category)["bills"]
    return sum(units(row["amountDecimal"]) for row in rows)


def test_a_machine_costs_its_price_from_pulling_to_its_stop(cloud: Any) -> None:
    key = cloud.machine(gpuNum=2)
    cloud.pass_(7)
    assert spent(cloud) == 0
    cloud.pass_(3600)
    assert spent(cloud) == 2 * 35_000
    cloud.post("gpu/instance/stop", {"instanceId": key})
    cloud.pass_(6)
    after = spent(cloud)
    assert after == 2 * 35_000 * 3606 // 3600
    cloud.pass_(DAY)
    assert spent(cloud) == after
    (row,) = cloud.get(f"{BILLS}/bill/list", cycleType="Day", productCategory="gpu")["bills"]
    assert (units(row["amountDecimal"]), row["ownerID"], row["productName"]) == (after, key, "RTX 4090 24GB")
    assert row["amount"] == str(after // 10)
    assert Decimal(row["basePrice0"]) / 10_000 / int(row["pricePrecision"]) == Decimal("0.35")


def test_spot_machines_storages_and_workers_have_their_prices(cloud: Any) -> None:
    cloud.machine(billingMode="spot")
    cloud.pass_(7 + 3600)
    assert spent(cloud) == 18_000
    before = spent(cloud)
    cloud.storage(size=100)
    cloud.post("gpu/instance/delete", {"instanceId": cloud.get("gpu/instances")["instances"][0]["id"]})
    cloud.pass_(5)
    middle = spent(cloud)
    cloud.pass_(DAY)
    assert spent(cloud) - middle == 100 * 200
    key = cloud.endpoint()
    cloud.pass_(3600)
    assert billed(cloud, "Day", "serverless") == 67_000
    cloud.post("endpoint/delete", {"name": key})
    assert before < spent(cloud)


def test_months_are_paid_at_once_and_listed_separately(cloud: Any) -> None:
    key = cloud.machine(month=1, gpuNum=2)
    price = 2 * 35_000 * 720 * 90 // 100
    assert spent(cloud) == price
    cloud.pass_(100)
    cloud.post("gpu/instance/renewInstance", {"instanceId": key, "month": 3})
    rows = cloud.get(f"{BILLS}/bill/monthly/list", ownerId=key)["bills"]
    assert [row["tradeType"] for row in rows] == ["monthly_new_buy", "monthly_re_buy"]
    assert units(rows[0]["amountDecimal"]) == price
    assert sum(units(row["amountDecimal"]) for row in rows) == spent(cloud)
    cloud.pass_(DAY)
    assert billed(cloud, "Day") == 0


def test_the_balance_is_text_in_1_10000_usd(make_cloud: Any) -> None:
    cloud = make_cloud(limits=Limits(balance=5_000_000))
    answer = cloud.get(f"{BILLS}/balance/detail")
    assert answer == {
        "availableBalance": "500000",
        "cashBalance": "500000",
        "creditLimit": "0",
        "pendingCharges": "0",
        "outstandingInvoices": "0",
    }
    assert cloud.get("/v3/user/balance") == answer
    assert cloud.get("/v3/user") == {"credit_balance": 500_000, "allow_features": [], "free_trial": {}}


def test_the_money_of_a_busy_month_adds_up_exactly(cloud: Any) -> None:
    plain, spot, monthly = cloud.machine(), cloud.machine(billingMode="spot"), cloud.machine(month=1)
    cloud.storage(size=37)
    endpoint = cloud.endpoint()
    for day in range(30):
        cloud.pass_(DAY / 2 + day * 61)
        cloud.post("gpu/instance/stop", {"instanceId": plain})
        if day == 10:
            cloud.post("gpu/instance/delete", {"instanceId": spot})
        if day == 15:
            cloud.post("gpu/instance/transToMonthlyInstance", {"instanceId": cloud.running(), "month": 1})
        if day == 20:
            cloud.post("endpoint/delete", {"name": endpoint})
        cloud.pass_(DAY / 3 + 17)
        cloud.post("gpu/instance/start", {"instanceId": plain})
        cloud.pass_(200)
    assert monthly
    fixed = sum(units(row["amountDecimal"]) for row in cloud.get(f"{BILLS}/bill/monthly/list")["bills"])
    for cycle in ("Hour", "Day"):
        parts = {kind: billed(cloud, cycle, kind) for kind in ("gpu", "serverless", "cloud_storage")}
        assert all(parts.values())
        assert sum(parts.values()) == billed(cloud, cycle) == spent(cloud) - fixed
    months = cloud.get(f"{BILLS}/monthly/bill")["data"]
    assert sum(units(month["totalAmountDecimal"]) for month in months) == spent(cloud)
    amounts = cloud.get("/_sim/state")["money"]
    assert int(cloud.get(f"{BILLS}/balance/detail")["availableBalance"]) == amounts["balance"] // 10


def test_the_monthly_bill_names_every_month(cloud: Any) -> None:
    cloud.storage(size=100)
    cloud.pass_(70 * DAY)
    months = cloud.get(f"{BILLS}/monthly/bill")["data"]
    assert [month["billingMonth"] for month in months] == ["2026-01", "2026-02", "2026-03"]
    assert [month["status"] for month in months] == ["paid", "paid", "pending"]
    assert units(months[0]["totalAmountDecimal"]) == 100 * 200 * 31
    later = cloud.get(f"{BILLS}/monthly/bill", startMonth="2026-02", page=2, pageSize=1)["data"]
    assert [month["billingMonth"] for month in later] == ["2026-03"]


def test_transactions_are_listed_newest_first(cloud: Any) -> None:
    cloud.machine(month=1)
    cloud.post("/_sim/topup", {"amount": 1_000_000})
    path = "/openapi/v1/bill/transaction"
    answer = cloud.get(path, pageNo=1, pageSize=10)
    assert answer["total"] == 3
    assert [row["transactionType"] for row in answer["data"]].count("consume") == 1
    topped = cloud.get(path, pageNo=1, pageSize=1, transactionType="recharge")
    assert (topped["total"], topped["data"][0]["transactionAmount"]) == (2, "100000")
    assert cloud.get(path, pageNo=1, pageSize=10, status="failed")["total"] == 0
    assert cloud.refused("GET", path) == (400, "VALIDATOR_PARAM")


def test_bills_refuse_documented_errors(cloud: Any) -> None:
    def reason(path: str, **query: Any) -> str:
        status, reason = cloud.refused("GET", f"{BILLS}/{path}", params=query)
        assert status == 400
        return str(reason)

    assert reason("bill/list", cycleType="Year", productCategory="gpu") == "INVALID_BILL_CYCLE"
    assert reason("bill/list", cycleType="Day", productCategory="cheese") == "INVALID_PRODUCT_CATEGORY"
    wide = {"startTime": 1, "endTime": 1 + 32 * DAY}
    assert reason("bill/list", cycleType="Day", productCategory="gpu", **wide) == "INVALID_BILL_CYCLE"
    now = int(cloud.clock())
    key = {"startTime": now, "endTime": now + 8 * DAY}
    assert reason("apikey/bill/list", cycleType="Hour", **key) == "INVALID_BILL_CYCLE"
    assert reason("apikey/bill/list", cycleType="Day", startTime=now, endTime=now) == "VALIDATOR_PARAM"
    assert cloud.get(f"{BILLS}/apikey/bill/list", cycleType="Day", **key) == {"bills": []}


def test_an_account_without_money_freezes_machines_and_stops_workers(make_cloud: Any) -> None:
    cloud = make_cloud(limits=Limits(balance=100_000))
    key = cloud.running()
    endpoint = cloud.endpoint()
    cloud.pass_(3600)
    seen = []
    for _ in range(20):
        seen.append(cloud.status(key))
        cloud.pass_(10)
    assert list(dict.fromkeys(seen))[-1] == "exited"
    shown = cloud.get("endpoint", id=endpoint)["endpoint"]
    assert shown["state"]["state"] == "serving"
    assert all(worker["state"]["state"] == "removed" for worker in shown["workers"])
    body = {name: shown[name] for name in ("id", "workerConfig", "ports", "policy", "image")}
    assert cloud.refuses("endpoint/update", body) == "BALANCE_NOT_ENOUGH"
    assert int(cloud.get(f"{BILLS}/balance/detail")["availableBalance"]) <= 0
    cloud.post("/_sim/topup", {"amount": 10_000_000})
    cloud.pass_(100)
    workers = cloud.get("endpoint", id=endpoint)["endpoint"]["workers"]
    assert [worker["healthy"] for worker in workers] == [False, True]
    assert cloud.status(key) == "exited"
    cloud.post("gpu/instance/start", {"instanceId": key})


def test_freezing_is_a_separate_status(make_cloud: Any) -> None:
    cloud = make_cloud(limits=Limits(balance=35_000))
    key = cloud.machine()
    cloud.pass_(7 + 3600 + 1)
    assert cloud.status(key) == "freezing"
    cloud.pass_(60)
    assert cloud.status(key) == "exited"


def test_storages_are_released_after_three_days_of_arrears(make_cloud: Any) -> None:
    cloud = make_cloud(limits=Limits(balance=2000))
    cloud.storage(size=10)
    cloud.pass_(DAY + 3 * DAY - 10)
    assert cloud.get("networkstorages/list")["total"] == 1
    cloud.pass_(20)
    assert cloud.get("networkstorages/list")["total"] == 0


def test_a_monthly_machine_renews_itself_or_expires(cloud: Any) -> None:
    renewing = cloud.machine(month=1, autoRenew=True, autoRenewMonth=2)
    ending = cloud.machine(month=1)
    ends = int(cloud.instance(ending)["endTime"])
    cloud.pass_(30 * DAY + 10)
    assert int(cloud.instance(renewing)["endTime"]) == ends + 60 * DAY
    assert cloud.status(renewing) == "running"
    assert cloud.status(ending) == "freezing"
    cloud.pass_(100)
    assert cloud.status(ending) == "exited"
    assert cloud.refuses("gpu/instance/start", {"instanceId": ending}) == "EXPIRED_OR_BALANCE_NOT_ENOUGH"
    cloud.pass_(7 * DAY)
    assert cloud.status(ending) == "gone"


def test_an_expired_machine_can_be_renewed_or_released(cloud: Any) -> None:
    renewed, released = cloud.machine(month=1), cloud.machine(month=1)
    cloud.pass_(31 * DAY)
    cloud.post("gpu/instance/delete", {"instanceId": released})
    cloud.post("gpu/instance/renewInstance", {"instanceId": renewed, "month": 1})
    cloud.post("gpu/instance/start", {"instanceId": renewed})
    cloud.pass_(20 * DAY)
    assert cloud.status(renewed) == "running"
    assert cloud.status(released) == "gone"


Act = Callable[[Any, str], object]
ACTS: dict[str, Act] = {
    "create": lambda world, _first: instances.create(world, _wish("onDemand"), months=0),
    "spot": lambda world, _first: instances.create(world, _wish("spot"), months=0),
    "monthly": lambda world, _first: instances.create(world, _wish("monthly"), months=1),
    "stop": instances.stop,
    "start": instances.start,
    "delete": instances.delete,
    "convert": lambda world, first: subscriptions.convert(world, first, months=1),
    "storage": lambda world, _first: storages.create(world, name="d", size=33, cluster="us-ca-nas-2"),
}


def _wish(billing: str) -> Instance:
    return Instance(
        id="", name="m", kind="gpu", product="4090.16c62g", gpus=1, cluster="", image="a", rootfs=20, billing=billing
    )


@settings(max_examples=draws(40), deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.floats(0, 3 * DAY)), max_size=25))
def test_bills_and_balance_agree_after_any_history(history: list[tuple[str, float]]) -> None:
    clock = HandClock()
    world = open_world(None, now=clock, limits=Limits(balance=30_000_000))
    for act, seconds in history:
        clock.advance(seconds)
        world.advance()
        first = next((one.id for one in world.instances), "none")
        with contextlib.suppress(ApiRefusal):
            ACTS[act](world, first)
        used = {
            cycle: sum(line.amount for line in bills.bill_lines(world, cycle, start=0, end=int(world.moment)))
            for cycle in bills.CYCLES
        }
        bought = -sum(payment.amount for payment in world.payments if payment.kind != "recharge")
        assert set(used.values()) == {money.spent(world) - bought}
        assert sum(sum(month.values()) for month in bills.by_months(world).values()) == money.spent(world)
        assert money.balance(world) == bills.balances(world)(world.moment)
        assert abs(money.balance(world) - money.funds_left(world)) <= len(world.meters)
        running = sum(one.units for one in world.meters if not one.until and one.category == "gpu")
        assert running == sum(one.gpus for one in world.instances if one.meter)
        assert min(world.used.values(), default=0) >= 0
        assert sum(world.used.values()) == sum(one.gpus for one in world.instances if one.holds)


def test_arrears_survive_reopening(make_cloud: Any, tmp_path: Path) -> None:
    first = make_cloud(tmp_path / "sim.db", limits=Limits(balance=35_000))
    first.machine()
    first.pass_(5000)
    before = world_state(first.world)
    assert before["objects"]["accounts"][0]["arrears"] > 0
    first.world.close()
    second = make_cloud(tmp_path / "sim.db")
    assert world_state(second.world)["objects"] == before["objects"]


def test_a_system_disk_beyond_60_gb_costs_money_until_the_machine_is_gone(cloud: Any) -> None:
    key = cloud.machine(rootfsSize=100)
    cloud.pass_(600)
    cloud.post("gpu/instance/stop", {"instanceId": key})
    cloud.pass_(600)
    before = spent(cloud)
    cloud.pass_(DAY)
    assert spent(cloud) - before == 40 * 500
    cloud.post("gpu/instance/edit", {"instanceId": key, "ports": [], "expandRootDisk": 20})
    before = spent(cloud)
    cloud.pass_(DAY)
    assert spent(cloud) - before == 60 * 500
    cloud.post("gpu/instance/delete", {"instanceId": key})
    cloud.pass_(600)
    before = spent(cloud)
    cloud.pass_(DAY)
    assert spent(cloud) == before
    rows = cloud.get(f"{BILLS}/bill/list", cycleType="Week", productCategory="cloud_storage")["bills"]
    assert {(row["ownerID"], row["productName"]) for row in rows} == {(key, "Container Disk")}


def test_the_disk_of_a_monthly_machine_is_free(cloud: Any) -> None:
    cloud.machine(month=1, rootfsSize=200)
    cloud.pass_(600)
    assert not [meter for meter in cloud.objects("meters") if meter["category"] == "cloud_storage"]
