"""Budgets of the member and of keys: their operations, and what an exhausted one refuses. Money: 1/10000 USD."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from novita_infra.simulator import PROFILES
from novita_infra.simulator.world.llm import usage

TEAM = "/openapi/v1/user/team"
CHAT = "/openai/v1/chat/completions"
HOUR = 3600
MODEL = "deepseek/deepseek-r1-0528"


def member_of(cloud: Any) -> Any:
    (row,) = cloud.get(f"{TEAM}/budget-list")["budgets"]
    return row


def key_of(cloud: Any, **caller: Any) -> Any:
    """The budget of the caller's key, or of the only one."""
    rows = cloud.send("GET", f"{TEAM}/key-budget-list", params={"member_id": cloud.world.owner}, **caller).json()
    return rows["key_budgets"][-1]


def put(cloud: Any, path: str, **body: Any) -> Any:
    return cloud.send("PUT", f"{TEAM}/{path}", json={"member_id": cloud.world.owner, **body})


def enough(cloud: Any, path: str, **body: Any) -> bool:
    return bool(cloud.post(f"{TEAM}/{path}", {"member_id": cloud.world.owner, **body})["enough"])


def chat(cloud: Any, **caller: Any) -> Any:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 5}
    return cloud.send("POST", CHAT, json=body, **caller)


def spend(cloud: Any, key: str, amount: int) -> None:
    """Lets calls of a model cost this much."""
    usage.charge(cloud.world, key=key, product=MODEL, prices=(10 * usage.MILLION, 0), units=(amount, 0))


def test_the_member_and_the_keys_have_unlimited_budgets_at_first(cloud: Any) -> None:
    answer = cloud.get(f"{TEAM}/budget-list")
    assert (answer["member_count"], answer["budget_count"]) == (1, 0)
    unlimited = {"budget_type": "Unlimited", "budget_limit": 0, "used": 0, "remaining": 0}
    nothing = {"cycle": "", "period_start": "", "period_end": ""}
    assert member_of(cloud).items() >= {"role": "Owner", **unlimited, **nothing}.items()
    known = cloud.get("/openapi/v2/user/key")["keys"][-1]
    key = {"key_id": known["stringId"], "key_name": known["name"]}
    assert key_of(cloud) == {**key, **unlimited, **nothing}
    for path, body in (("check-budget", {}), ("check-key-budget", {"key_id": known["stringId"]})):
        assert enough(cloud, path, **body)
        assert enough(cloud, f"{path}-by-cost", cost=10**12, **body)


def test_an_exhausted_member_budget_refuses_new_things_and_ends_hourly_ones_with_their_cycle(cloud: Any) -> None:
    machine = cloud.running()
    stopped = cloud.running(name="stopped")
    cloud.post("gpu/instance/stop", {"instanceId": stopped})
    endpoint = cloud.endpoint()
    cloud.pass_(100)
    assert put(cloud, "member-budget", budget_type="One-time", budget_limit=10_000).json() == {}
    assert member_of(cloud).items() >= {"budget_type": "One-time", "budget_limit": 10_000, "used": 0}.items()
    assert enough(cloud, "check-budget-by-cost", cost=10_000)
    assert not enough(cloud, "check-budget-by-cost", cost=10_001)
    while enough(cloud, "check-budget"):
        assert cloud.status(machine) == "running"
        cloud.pass_(300)
    assert member_of(cloud)["remaining"] <= 0
    assert member_of(cloud)["remaining"] == 10_000 - member_of(cloud)["used"]
    cloud.pass_(HOUR)
    assert cloud.status(machine) == "exited"
    assert all(one["state"]["state"] == "removed" for one in cloud.get("endpoint", id=endpoint)["endpoint"]["workers"])
    for path, body in (
        ("gpu/instance/create", {"productId": "4090.16c62g", "gpuNum": 1, "rootfsSize": 10, "imageUrl": "a:1"}),
        ("gpu/instance/start", {"instanceId": stopped}),
        ("networkstorage/create", {"clusterId": "us-ca-nas-2", "storageName": "d", "storageSize": 10}),
    ):
        assert cloud.refuses(path, body) == "BALANCE_NOT_ENOUGH"
    assert chat(cloud).json()["reason"] == "NOT_ENOUGH_BALANCE"
    assert cloud.refused("POST", "/v3/async/txt2img", json={"prompt": "a"}) == (400, "BILLING_BALANCE_NOT_ENOUGH")
    put(cloud, "member-budget", budget_type="One-time", budget_limit=100_000)  # counts on from its first setting
    assert member_of(cloud)["used"] > 10_000
    cloud.pass_(100)
    workers = cloud.get("endpoint", id=endpoint)["endpoint"]["workers"]
    assert [one["state"]["state"] for one in workers if not int(one["deletedAt"])] == ["running"]
    cloud.post("gpu/instance/start", {"instanceId": stopped})


def test_a_recurring_budget_begins_again_with_the_month(cloud: Any) -> None:
    cloud.running()
    put(cloud, "member-budget", budget_type="Recurring", budget_limit=20_000, cycle="Monthly")
    shown = member_of(cloud)
    assert (shown["cycle"], shown["period_start"][7:], shown["period_end"][7:]) == (
        "Monthly",
        "-01T00:00:00Z",
        "-01T00:00:00Z",
    )
    for _ in range(40):
        cloud.pass_(86_400)
        if member_of(cloud)["period_start"] != shown["period_start"]:
            break
    assert member_of(cloud)["period_start"] == shown["period_end"]
    assert enough(cloud, "check-budget")
    cloud.machine()


def test_an_exhausted_key_budget_stops_the_calls_of_this_key_alone(cloud: Any) -> None:
    other = {"headers": {"Authorization": "Bearer sk_other"}}
    *_, key = cloud.get("/openapi/v2/user/key")["keys"]
    numbered = {"key_id": key["id"]}  # either id is taken
    assert put(cloud, "key-budget", **numbered, budget_type="One-time", budget_limit=10_000).json() == {}
    assert chat(cloud).status_code == 200
    assert enough(cloud, "check-key-budget", key_id=key["stringId"])
    spend(cloud, key["stringId"], 10_000)
    answer = chat(cloud)
    assert (answer.status_code, answer.json()["reason"]) == (403, "NOT_ENOUGH_BALANCE")
    assert key_of(cloud).items() >= {"budget_type": "One-time", "key_id": key["stringId"]}.items()
    assert not enough(cloud, "check-key-budget-by-cost", **numbered, cost=1)
    assert chat(cloud, **other).status_code == 200
    cloud.machine()
    put(cloud, "key-budget", **numbered, budget_type="Unlimited")
    assert chat(cloud).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("member-budget", {"budget_type": "Weekly"}, "budget_type"),
        ("member-budget", {"budget_type": "One-time"}, "budget_limit"),
        ("member-budget", {"budget_type": "One-time", "budget_limit": 9999}, "budget_limit"),
        ("member-budget", {"budget_type": "Recurring", "budget_limit": 10_000}, "cycle"),
        ("member-budget", {"budget_type": "Recurring", "budget_limit": 10_000, "cycle": "Daily"}, "cycle"),
        ("key-budget", {"budget_type": "Unlimited"}, "key_id"),
    ],
)
def test_an_invalid_budget_is_refused_by_its_field(cloud: Any, path: str, body: Any, field: str) -> None:
    answer = put(cloud, path, **body)
    assert (answer.status_code, answer.json()["metadata"]["field"]) == (400, field)
    assert cloud.objects("budgets") == []


def test_budgets_of_unknown_members_and_keys_are_refused(cloud: Any) -> None:
    unknown = cloud.refused("POST", f"{TEAM}/check-budget", json={"member_id": "nobody"})
    assert unknown == (400, "USER_NOT_FOUND")
    assert cloud.refused("GET", f"{TEAM}/key-budget-list", params={"member_id": "nobody"}) == unknown
    answer = put(cloud, "key-budget", key_id="key_x", budget_type="Unlimited")
    assert (answer.status_code, answer.json()["reason"]) == (400, "RESOURCE_NOT_FOUND")


def test_a_budget_is_kept_in_the_account_file(make_cloud: Any, tmp_path: Path) -> None:
    cloud = make_cloud(tmp_path / "sim.db")
    put(cloud, "member-budget", budget_type="One-time", budget_limit=10_000)
    before = member_of(cloud)
    cloud.close()
    again = make_cloud(tmp_path / "sim.db")
    assert member_of(again) == before


def test_setting_a_budget_answers_as_the_profile_says(make_cloud: Any) -> None:
    for profile, content in (("live", b"{}"), ("documented", b"")):
        cloud = make_cloud(quirks=PROFILES[profile])
        assert put(cloud, "member-budget", budget_type="Unlimited").content == content
