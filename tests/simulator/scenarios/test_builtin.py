"""Every builtin scenario has its effect, and a file that is no scenario is refused with a reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from novita_infra.simulator import SCENARIOS, BadScenario, Limits, scenario_named, scenario_of
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.control import world_state
from novita_infra.simulator.http.lost_answers import LostAnswer

DOCUMENTED = Path(__file__).parents[3] / "docs" / "scenarios"
WISH = {"clusterId": "us-ca-nas-2", "storageName": "d", "storageSize": 10}


@pytest.fixture
def day(make_cloud: Any) -> Callable[..., Any]:
    """Makes a cloud with a scenario."""

    def begin(name: str, **more: Any) -> Any:
        return make_cloud(scenario=scenario_named(name), **more)

    return begin


def statuses(cloud: Any, count: int) -> list[int | str]:
    """The statuses of this many harmless calls."""
    seen: list[int | str] = []
    for _ in range(count):
        try:
            seen.append(cloud.send("GET", "clusters").status_code)
        except LostAnswer:
            seen.append("lost")
    return seen


def test_every_promised_scenario_exists_with_a_sentence() -> None:
    promised = (
        "calm flaky rate-limited lost-answers stale-reads no-stock stock-later first-choice-gone slow-pull pull-fails "
        "spot-reclaim price-flap drifted foreign-owner orphans broke revoked-key new-status populated chaos"
    )
    assert set(promised.split()) <= set(SCENARIOS)
    assert all(scenario.says.endswith(".") for scenario in SCENARIOS.values())


def test_every_builtin_scenario_has_a_test_in_this_file() -> None:
    tested = set(re.findall(r'\bday\(\s*"([a-z-]+)"', Path(__file__).read_text(encoding="utf-8")))
    assert set(SCENARIOS) - tested == set()


def documented() -> list[Any]:
    """The scenario files of the documentation."""
    return [scenario_of(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in sorted(DOCUMENTED.iterdir())]


@pytest.mark.parametrize("scenario", [*SCENARIOS.values(), *documented()], ids=lambda scenario: scenario.name)
def test_no_call_of_a_scenario_is_refused(scenario: Any, make_cloud: Any) -> None:
    cloud = make_cloud(scenario=replace(scenario, faults=()))
    for make in (cloud.storage, cloud.machine, cloud.endpoint):
        with suppress(AssertionError):  # some days refuse it
            make()
    cloud.pass_(20_000)
    assert [refusal for happening in cloud.objects("happenings") for refusal in happening["refusals"]] == []


def test_scenario_calm_has_no_failures(day: Any) -> None:
    cloud = day("calm")
    assert statuses(cloud, 50) == [200] * 50
    assert cloud.running()


def test_scenario_flaky_fails_the_same_calls_with_the_same_seed(day: Any) -> None:
    seen = statuses(day("flaky", seed=4), 200)
    assert {200, 500, 503, "lost"} == set(seen)
    assert 130 < seen.count(200) < 190
    assert seen == statuses(day("flaky", seed=4), 200) != statuses(day("flaky", seed=5), 200)


def test_scenario_server_errors_fails_after_the_effect(day: Any) -> None:
    cloud = day("server-errors")
    answers = [cloud.send("POST", "networkstorage/create", json=WISH).status_code for _ in range(20)]
    assert set(answers) == {200, 500}
    assert len(cloud.objects("storages")) == 20


def test_scenario_rate_limited_answers_429(day: Any) -> None:
    cloud = day("rate-limited")
    answers = [cloud.send("GET", "clusters") for _ in range(100)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert 15 < len(refused) < 60
    assert {"Retry-After" in answer.headers for answer in refused} == {True, False}


def test_scenario_lost_answers_keeps_the_effect(day: Any) -> None:
    cloud = day("lost-answers")
    lost = 0
    for _ in range(30):
        try:
            cloud.send("POST", "networkstorage/create", json=WISH)
        except LostAnswer:
            lost += 1
    assert 3 < lost < 20
    assert len(cloud.objects("storages")) == 30


def test_scenario_broken_answers_breaks_the_json(day: Any) -> None:
    cloud = day("broken-answers")
    lengths = {len(cloud.send("GET", "clusters").content) for _ in range(40)}
    assert len(lengths) == 2


def test_scenario_slow_network_delays_every_answer(day: Any) -> None:
    cloud = day("slow-network")
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    cloud.app = build_app(cloud.world, wait=wait)
    assert statuses(cloud, 200) == [200] * 200
    assert len(waits) == 200
    assert all(0.1 <= seconds <= 6 for seconds in waits)
    assert 1 <= sum(seconds > 5 for seconds in waits) <= 15
    assert len({round(seconds, 3) for seconds in waits}) > 100


def test_scenario_stale_reads_lists_the_past(day: Any) -> None:
    cloud = day("stale-reads")
    cloud.post("networkstorage/create", WISH)
    assert cloud.get("networkstorages/list")["total"] == 0
    cloud.pass_(21)
    assert cloud.get("networkstorages/list")["total"] == 1


def test_scenario_no_stock_lasts(day: Any, a_machine: Any, an_endpoint: Any) -> None:
    cloud = day("no-stock")
    for _ in range(3):
        assert cloud.refuses("gpu/instance/create", a_machine()) == "INSUFFICIENT_RESOURCE"
        assert cloud.refuses("endpoint/create", {"endpoint": an_endpoint()}) == "INSUFFICIENT_RESOURCE"
        cloud.pass_(10_000)
    assert {product["inventoryState"] for product in cloud.get("products")["data"]} == {"none"}


def test_scenario_stock_later_restores_stock(day: Any, a_machine: Any) -> None:
    cloud = day("stock-later")
    assert cloud.refuses("gpu/instance/create", a_machine()) == "INSUFFICIENT_RESOURCE"
    cloud.pass_(599)
    assert cloud.refuses("gpu/instance/create", a_machine()) == "INSUFFICIENT_RESOURCE"
    cloud.pass_(1)
    assert cloud.running()


def test_scenario_first_choice_gone_takes_the_cheapest_product(day: Any, a_machine: Any) -> None:
    cloud = day("first-choice-gone")
    first = cloud.get("products", productName="4090")["data"][0]
    assert (first["id"], first["availableDeploy"]) == ("4090.16c62g", True)
    assert cloud.refuses("gpu/instance/create", a_machine()) == "INSUFFICIENT_RESOURCE"
    assert cloud.machine(productId="4090.16c96g.v2")


def test_scenario_lost_place_takes_the_place_of_a_stopped_machine(day: Any) -> None:
    cloud = day("lost-place")
    key = cloud.running()
    cloud.post("gpu/instance/stop", {"instanceId": key})
    cloud.pass_(15)
    assert cloud.refuses("gpu/instance/start", {"instanceId": key}) == "INSUFFICIENT_RESOURCE"


def test_scenario_slow_pull_takes_ten_minutes(day: Any) -> None:
    cloud = day("slow-pull")
    key = cloud.machine()
    cloud.pass_(600)
    assert cloud.status(key) == "pulling"
    cloud.pass_(700)
    assert cloud.status(key) == "running"


def test_scenario_pull_fails_pulls_no_image(day: Any) -> None:
    cloud = day("pull-fails")
    key, prewarm = cloud.machine(), cloud.prewarm()
    cloud.pass_(1000)
    assert cloud.instance(key)["statusError"]["state"] == "ImagePullFailed"
    assert [(one["id"], one["state"]) for one in cloud.get("image/prewarm")["data"]] == [(prewarm, "Failed")]


def test_scenario_stuck_keeps_a_machine_in_creation(day: Any) -> None:
    cloud = day("stuck")
    first = cloud.machine()
    cloud.pass_(10_000)
    assert cloud.status(first) == "creating"
    assert cloud.running()
    cloud.post("gpu/instance/delete", {"instanceId": first})


def test_scenario_spot_reclaim_notifies_and_reclaims(day: Any) -> None:
    cloud = day("spot-reclaim")
    spot, plain = cloud.machine(billingMode="spot"), cloud.machine()
    cloud.pass_(301)
    got = cloud.instance(spot)
    assert (got["status"], got["spotStatus"]) == ("running", "notified")
    assert int(got["spotReclaimTime"]) == int(cloud.clock()) + 119
    cloud.pass_(121)
    assert cloud.instance(spot)["spotStatus"] == "reclaiming"
    cloud.pass_(10)
    got = cloud.instance(spot)
    assert (got["status"], got["spotStatus"]) == ("exited", "terminated")
    assert cloud.status(plain) == "running"


def test_scenario_node_failure_stops_or_moves_machines(day: Any) -> None:
    cloud = day("node-failure")
    fixed, moving = cloud.machine(), cloud.machine()
    cloud.post(
        "gpu/instance/setAutoMigrate", {"instanceId": moving, "autoMigrateOpen": True, "autoMigrateSystemDisk": True}
    )
    cloud.pass_(601)
    got = cloud.instance(fixed)
    assert (got["status"], got["statusError"]["state"]) == ("exited", "NodeFailure")
    assert cloud.status(moving) == "migrating"
    assert cloud.get("jobs")["jobs"][0]["type"] == "autoInstanceMigrate"
    cloud.pass_(60)
    assert cloud.status(moving) == "running"


def test_scenario_price_flap_changes_prices_of_running_machines(day: Any) -> None:
    cloud = day("price-flap")
    cloud.running()
    seen = set()
    for _ in range(20):
        seen.add(cloud.get("products", productName="4090")["data"][0]["price"])
        (running,) = [meter for meter in cloud.objects("meters") if not meter["until"]]
        assert str(running["price"]) == cloud.get("products", productName="4090")["data"][0]["price"]
        cloud.pass_(61)
    assert len(seen) > 2


def test_scenario_drifted_changes_objects(day: Any) -> None:
    cloud = day("drifted")
    key, storage, network = cloud.running(ports="80/http"), cloud.storage(), cloud.network()
    cloud.pass_(400)
    got = cloud.instance(key)
    assert got["status"] == "exited"
    assert [port["port"] for port in got["portMappings"]] == [9999]
    assert cloud.get("networkstorages/list", storageId=storage)["data"][0]["storageName"] == "renamed"
    assert cloud.get("network", networkId=network)["network"]["name"] == "renamed"


def test_scenario_vanished_deletes_objects(day: Any) -> None:
    cloud = day("vanished")
    key = cloud.machine()
    cloud.endpoint()
    cloud.pass_(700)
    assert cloud.status(key) == "gone"
    assert cloud.get("endpoints")["total"] == 0


def test_scenario_foreign_owner_creates_objects_with_common_names(day: Any) -> None:
    cloud = day("foreign-owner")
    assert cloud.get("gpu/instances")["instances"][0]["name"] == "trainer"
    before = cloud.get("networkstorages/list", storageName="data")["total"]
    cloud.pass_(1000)
    assert cloud.get("networkstorages/list", storageName="data")["total"] > before


def test_scenario_orphans_has_running_machines_that_cost(day: Any) -> None:
    cloud = day("orphans")
    assert cloud.get("gpu/instances")["total"] == 3
    assert cloud.get("endpoints")["total"] == 1
    cloud.pass_(3600)
    assert cloud.get("/_sim/state")["money"]["spent"] > 0


def test_scenario_populated_has_more_than_a_page_of_each_type(day: Any) -> None:
    cloud = day("populated")
    assert cloud.get("gpu/instances")["total"] == 250
    assert cloud.get("networkstorages/list")["total"] == 120
    assert cloud.get("templates", channel="private")["total"] == 120
    assert cloud.get("networks")["total"] == "120"
    assert len(cloud.get("repository/auths")["data"]) == 120
    assert cloud.get("image/prewarm")["total"] == 30
    assert cloud.get("endpoints")["total"] == 60


def test_scenario_quota_reached_refuses_creates(day: Any, a_machine: Any) -> None:
    cloud = day("quota-reached")
    assert cloud.refuses("gpu/instance/create", a_machine()) == "CREATE_INSTANCE_LIMIT"
    assert cloud.refuses("network/create", {"clusterId": "us-ca-nas-2", "name": "n"}) == "NETWORK_MAX_LIMIT"
    assert cloud.refuses("networkstorage/create", WISH | {"storageSize": 11}) == "NETWORK_STORAGE_TOO_LARGE"
    assert cloud.refuses("image/prewarm", {"imageUrl": "a", "clusterId": "us-ca-nas-2"}) == "OPERATION_LIMIT"


def test_scenario_broke_freezes_machines(day: Any, a_machine: Any) -> None:
    cloud = day("broke")
    key = cloud.running()
    cloud.pass_(200)
    assert cloud.status(key) in {"freezing", "exited"}
    assert cloud.refuses("gpu/instance/create", a_machine()) == "BALANCE_NOT_ENOUGH"


def test_scenario_small_purse_is_soon_empty(day: Any, a_machine: Any) -> None:
    cloud = day("small-purse")
    assert cloud.get("/openapi/v1/billing/balance/detail")["availableBalance"] == "10000"
    assert cloud.refuses("gpu/instance/create", a_machine(month=1)) == "BALANCE_NOT_ENOUGH"


def test_scenario_revoked_key_refuses_the_key(day: Any) -> None:
    cloud = day("revoked-key")
    for _ in range(5):
        cloud.post("networkstorage/create", WISH)
    assert cloud.refused("GET", "networkstorages/list") == (401, "UNAUTHORIZED")


def test_scenario_new_status_has_unknown_words(day: Any) -> None:
    cloud = day("new-status")
    key = cloud.machine()
    cloud.pass_(3)
    assert cloud.status(key) == "provisioning"
    assert cloud.get("gpu/instances", status="provisioning")["total"] == 1
    cloud.pass_(100)
    assert cloud.status(key) == "running"


def test_scenario_chaos_repeats_with_its_seed(day: Any) -> None:
    def run(seed: int) -> tuple[list[int | str], Any]:
        cloud = day("chaos", seed=seed)
        seen = statuses(cloud, 100)
        cloud.pass_(500)
        return seen, world_state(cloud.world)

    first, again, other = run(1), run(1), run(2)
    assert first == again
    assert first[0] != other[0]
    assert len(set(first[0])) >= 4


def test_scenario_events_happen_once_in_an_account_and_settings_always(make_cloud: Any, tmp_path: Path) -> None:
    first = make_cloud(tmp_path / "a.db", scenario=scenario_named("orphans"))
    first.world.close()
    again = make_cloud(tmp_path / "a.db", scenario=scenario_named("orphans"))
    assert again.get("gpu/instances")["total"] == 3
    slow = make_cloud(tmp_path / "b.db", scenario=scenario_named("slow-pull"))
    slow.world.close()
    assert make_cloud(tmp_path / "b.db", scenario=scenario_named("slow-pull")).world.timings.pull == (600, 1200)


def test_effects_of_scenario_events_survive_reopening(make_cloud: Any, tmp_path: Path, a_machine: Any) -> None:
    happenings = [
        {"do": "revoke"},
        {"do": "limits", "set": {"networks": 3}},
        {"do": "stock", "product": "26", "places": 1},
        {"do": "price", "product": "26", "perCent": 200},
    ]
    scenario = scenario_of({"name": "mine", "says": "Mine.", "events": happenings})
    make_cloud(tmp_path / "a.db", scenario=scenario, limits=Limits(stock_scale=1)).world.close()
    again = make_cloud(tmp_path / "a.db")
    assert again.refused("GET", "clusters") == (401, "UNAUTHORIZED")
    assert again.world.limits.networks == 3
    again.world.keys.all_revoked = False
    (product,) = again.get("products", productName="a6000", clusterId="5")["data"]
    assert (product["price"], product["inventoryState"]) == ("90000", "high")
    again.post("gpu/instance/create", a_machine(productId="26"))
    assert again.refuses("gpu/instance/create", a_machine(productId="26")) == "INSUFFICIENT_RESOURCE"


def test_a_refused_scenario_event_is_recorded_and_the_others_happen(make_cloud: Any) -> None:
    caught = {
        "do": "call",
        "operation": "storages.create",
        "body": {"clusterId": "no", "storageName": "x", "storageSize": 10},
    }
    top_up = {"at": 5, "do": "topUp", "amount": 100}
    fault = {"at": 5, "do": "fault", "fault": {"status": 500}}
    cloud = make_cloud(scenario=scenario_of({"name": "mine", "says": "Mine.", "events": [caught, top_up, fault]}))
    cloud.pass_(6)
    assert cloud.get("/_sim/state")["objects"]["happenings"][0]["refusals"] == [
        "RESOURCE_NOT_FOUND: cluster 'no' not found"
    ]
    assert len(cloud.objects("payments")) == 2
    assert cloud.send("GET", "clusters").status_code == 500


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "body"),
        ({"name": "x"}, "says"),
        ({"name": "x", "says": "y", "more": 1}, "more"),
        ({"name": "x", "says": "y", "limits": {"cheese": 1}}, "limits"),
        ({"name": "x", "says": "y", "timings": []}, "timings"),
        ({"name": "x", "says": "y", "timings": {"pending": "long"}}, "timings.pending"),
        ({"name": "x", "says": "y", "statusWords": {"creating": 1}}, "statusWords.creating"),
        ({"name": "x", "says": "y", "events": [{"do": "price", "perCent": "half"}]}, "perCent"),
        ({"name": "x", "says": "y", "events": [{"do": "stick", "kind": "cheese"}]}, "kind"),
        ({"name": "x", "says": "y", "faults": [{"kind": "odd"}]}, "kind"),
        ({"name": "x", "says": "y", "events": [{"do": "dance"}]}, "do"),
        ({"name": "x", "says": "y", "events": [{"do": "call"}]}, "operation"),
        ({"name": "x", "says": "y", "events": [{"do": "call", "operation": "no.such"}]}, "operation"),
        ({"name": "x", "says": "y", "events": [{"do": "limits", "set": {"cheese": 1}}]}, "set"),
        ({"name": "x", "says": "y", "events": [{"do": "fault", "fault": {"status": 1}}]}, "status"),
    ],
)
def test_a_wrong_scenario_is_refused_with_its_field(data: Any, message: str) -> None:
    with pytest.raises(BadScenario, match=message):
        scenario_of(data)


def test_an_unknown_scenario_name_lists_the_known_ones() -> None:
    with pytest.raises(BadScenario, match="calm, flaky"):
        scenario_named("sunny")
