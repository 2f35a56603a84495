"""The world remains consistent after any calls in any order under any scenario."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from novita_infra.simulator import SCENARIOS, Limits
from novita_infra.simulator.http.control import world_state
from novita_infra.simulator.http.lost_answers import LostAnswer

ACTS = st.sampled_from(
    [
        "machine",
        "mounted",
        "monthly",
        "convert",
        "leave months",
        "address",
        "stop",
        "start",
        "upgrade",
        "migrate",
        "delete",
        "storage",
        "network",
        "auth",
        "endpoint",
        "roll",
        "another product",
        "unserve",
        "delete storage",
        "delete network",
        "delete auth",
    ]
)


def act(cloud: Any, what: str, a_machine: Any, an_endpoint: Any) -> None:
    """One call about the first existing objects. It may be refused."""
    objects = world_state(cloud.world)["objects"]
    first = {kind: rows[0]["id"] if rows else "none" for kind, rows in objects.items()}
    here = {"clusterId": "us-ca-nas-2"}
    mounted = {
        "networkId": first["networks"],
        "imageAuthId": first["registry_auths"],
        "networkStorages": [{"Id": first["storages"], "mountPoint": "/d"}],
    }
    rolled = {"image": {"image": "a:2"}, "id": first["endpoints"]}
    upgraded = {"imageUrl": "a:2", "envs": [], "command": "", "entrypoint": "", "save": False}
    address = next((one["segment"].replace("0/24", "3") for one in objects["networks"]), "")
    named = {
        "name": "m",
        "product_id": "4090.16c62g",
        "image": "a:1",
        "billing": {"mode": "spot"},
        "resource": {"gpu_num": 1, "rootfs_size_gb": 60},
        "candidate_regions": ["us-ca-nas-2"],
    }
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "machine": ("gpu/instance/create", a_machine()),
        "mounted": ("gpu/instance/create", a_machine(**mounted)),
        "monthly": ("gpu/instance/create", a_machine(billingMode="monthly", month=1)),
        "convert": ("gpu/instance/transToMonthlyInstance", {"instanceId": first["instances"], "month": 1}),
        "leave months": (f"/gpus/v2/instances/{first['instances']}/billing-mode", {"type": "postpaid"}),
        "address": ("/gpus/v2/instances", named | {"network": {"id": first["networks"], "ip": address}}),
        "storage": ("networkstorage/create", here | {"storageName": "d", "storageSize": 10}),
        "network": ("network/create", here | {"name": "n"}),
        "auth": ("repository/auth/save", {"name": "a", "username": "u", "password": "p"}),
        "endpoint": ("endpoint/create", {"endpoint": an_endpoint()}),
        "roll": ("endpoint/update", an_endpoint() | rolled),
        "another product": (f"/gpus/v2/endpoints/{first['endpoints']}", {"product_id": "SL-serverless-2"}),
        "unserve": ("endpoint/delete", {"name": first["endpoints"]}),
        "upgrade": ("gpu/instance/upgrade", upgraded | {"instanceId": first["instances"]}),
        "delete storage": ("networkstorage/delete", {"storageId": first["storages"]}),
        "delete network": ("network/delete", {"networkId": first["networks"]}),
        "delete auth": ("repository/auth/delete", {"id": first["registry_auths"]}),
    }
    path, body = calls.get(what) or (f"gpu/instance/{what}", {"instanceId": first["instances"]})
    try:
        answer = cloud.send("PUT" if what in {"leave months", "another product"} else "POST", path, json=body)
    except LostAnswer:
        return
    assert answer.status_code in {200, 400, 401, 404, 429, 500, 503}


def check(cloud: Any) -> None:
    world = cloud.world
    taken: Counter[tuple[str, str]] = Counter()
    for instance in world.instances:
        if instance.holds:
            taken[instance.product, instance.cluster] += instance.gpus
        if instance.status != "removed":
            assert not instance.auth or world.registry_auths.get(instance.auth)
            assert not instance.network or world.networks.get(instance.network)
            if not world.account.arrears:
                assert all(world.storages.get(mount["id"]) for mount in instance.mounts)
        assert bool(instance.meter) <= instance.holds
    for endpoint in world.endpoints:
        living = [worker for worker in endpoint.workers if worker.state != "removed"]
        for worker in living:
            taken[worker.product, ""] += worker.gpus
        assert all(worker.meter for worker in living)
    assert +world.used == +taken
    addresses = [(one.network, one.ip) for one in world.instances if one.network and one.status != "removed"]
    assert len(addresses) == len(set(addresses))
    meters = {one.id for one in world.meters if not one.until}
    metered = {one.meter for one in world.instances} | {one.meter for one in world.storages}
    metered |= {worker.meter for one in world.endpoints for worker in one.workers}
    assert meters == metered - {""}


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(sorted(set(SCENARIOS) - {"populated"})),
    st.sampled_from([1_000, 60_000, 10**10]),
    st.lists(st.tuples(ACTS, st.integers(0, 150)), max_size=25),
)
def test_the_world_remains_consistent_under_any_calls(
    make_cloud: Any, a_machine: Any, an_endpoint: Any, day: str, balance: int, history: list[tuple[str, int]]
) -> None:
    cloud = make_cloud(scenario=SCENARIOS[day], limits=Limits(balance=balance, stock_scale=0.02))
    for what, seconds in history:
        act(cloud, what, a_machine, an_endpoint)
        check(cloud)
        cloud.pass_(seconds)
        cloud.world.advance()
        check(cloud)
