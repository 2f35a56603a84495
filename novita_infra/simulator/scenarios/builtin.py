"""The named scenarios, as the plain data that a scenario file holds. Times are simulated, latencies real seconds."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.simulator.scenarios.model import BadScenario, Scenario, scenario_of

_WRITES: Final = {"method": "[PD]*"}
_FLAKY: Final = [
    {"kind": "status", "status": 503, "perCent": 6, "count": 0},
    {"kind": "status", "status": 500, "position": "after", "perCent": 3, "count": 0},
    {"kind": "lost", "position": "before", "perCent": 3, "count": 0},
    {"kind": "lost", "position": "after", "perCent": 3, "count": 0},
]


def _instance(name: str, **more: Any) -> dict[str, Any]:
    """The body of a create request for a machine of another user."""
    return {
        "name": name,
        "kind": "gpu",
        "productId": "3090.16c92g",
        "gpuNum": 1,
        "rootfsSize": 60,
        "imageUrl": "docker.io/someone/else:1",
        "clusterId": "us-dallas-nas-2",
    } | more


def _endpoint(name: str) -> dict[str, Any]:
    return {
        "endpoint": {
            "name": name,
            "rootfsSize": 100,
            "workerConfig": {"minNum": 1, "maxNum": 2, "freeTimeout": 60, "maxConcurrent": 1, "gpuNum": 1},
            "ports": [{"port": 8000}],
            "policy": {"type": "queue", "value": 30},
            "image": {"image": "docker.io/someone/serve:1"},
            "products": [{"id": "SL-serverless-1"}],
            "volumeMounts": [],
            "healthy": {"path": "/health"},
        }
    }


def _template(name: str) -> dict[str, Any]:
    return {
        "template": {
            "name": name,
            "type": "instance",
            "channel": "private",
            "image": "docker.io/someone/else:1",
            "rootfsSize": 60,
        }
    }


def _storage(name: str) -> dict[str, Any]:
    return {"clusterId": "us-dallas-nas-2", "storageName": name, "storageSize": 50}


def _makes(operation: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"do": "call", "operation": operation, "body": body} | more


def _uses(operation: str, kind: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"do": "call", "operation": operation, "each": {"kind": kind}, "body": body} | more


_DAYS: Final[tuple[dict[str, Any], ...]] = (
    {"name": "calm", "says": "Nothing goes wrong."},
    {"name": "flaky", "says": "One call in seven fails, before or after its effect.", "faults": _FLAKY},
    {
        "name": "server-errors",
        "says": "Every other write fails with 500 after its effect.",
        "faults": [{"kind": "status", "status": 500, "position": "after", "perCent": 50, "count": 0, **_WRITES}],
    },
    {
        "name": "rate-limited",
        "says": "Every third call is refused with 429, half of them with a Retry-After header.",
        "faults": [
            {"kind": "status", "status": 429, "retryAfter": "1", "perCent": 17, "count": 0},
            {"kind": "status", "status": 429, "perCent": 17, "count": 0},
        ],
    },
    {
        "name": "lost-answers",
        "says": "One write in three has its effect, but no answer comes.",
        "faults": [{"kind": "lost", "position": "after", "perCent": 33, "count": 0, **_WRITES}],
    },
    {
        "name": "broken-answers",
        "says": "One answer in five ends in the middle.",
        "faults": [{"kind": "truncated", "perCent": 20, "count": 0}],
    },
    {
        "name": "slow-network",
        "says": "Every answer takes from a tenth of a second to a second, and now and then five.",
        "faults": [
            {"kind": "slow", "seconds": 0.1, "upTo": 1, "count": 0},
            {"kind": "slow", "seconds": 5, "perCent": 2, "count": 0},
        ],
    },
    {
        "name": "stale-reads",
        "says": "Lists show the state of twenty seconds ago.",
        "faults": [{"kind": "stale", "operation": "*.list", "seconds": 20, "count": 0}],
    },
    {"name": "no-stock", "says": "No product is free in any cluster.", "events": [{"do": "stock", "places": 0}]},
    {
        "name": "stock-later",
        "says": "No product is free for ten minutes, then all are.",
        "events": [{"do": "stock", "places": 0}, {"at": 600, "do": "stock"}],
    },
    {
        "name": "first-choice-gone",
        "says": "The cheapest RTX 4090 is listed as free, but is taken when an instance is created.",
        "events": [{"upon": "products.list", "nth": 1, "do": "stock", "product": "4090.16c62g", "places": 0}],
    },
    {
        "name": "lost-place",
        "says": "The place of a stopped machine is taken by others.",
        "events": [{"upon": "instances.stop", "after": 10, "do": "stock", "places": 0}],
    },
    {"name": "slow-pull", "says": "Image pulls take ten to twenty minutes.", "timings": {"pull": [600, 1200]}},
    {"name": "pull-fails", "says": "No image can be pulled.", "unpullable": ["*"]},
    {
        "name": "stuck",
        "says": "The first machine remains in creation.",
        "events": [{"upon": "instances.create", "nth": 1, "after": 4, "do": "stick", "status": "creating"}],
    },
    {
        "name": "spot-reclaim",
        "says": "Spot machines are reclaimed five minutes after their creation, with two minutes' notice.",
        "events": [{"upon": "instances.create", "after": 300, "do": "reclaim"}],
    },
    {
        "name": "node-failure",
        "says": "The hardware of all machines fails ten minutes after the first was created.",
        "events": [{"upon": "instances.create", "nth": 1, "after": 600, "do": "breakNode"}],
    },
    {
        "name": "price-flap",
        "says": "Prices change every minute, between 70 and 200 per cent.",
        "events": [{"at": 1, "every": 60, "do": "price", "perCent": [70, 85, 100, 120, 150, 200]}],
    },
    {
        "name": "drifted",
        "says": "Others change ports and names and stop machines, five minutes after the first was created.",
        "events": [
            _uses(
                "instances.edit",
                "instances",
                {"instanceId": "$id", "ports": [{"port": 9999, "type": "tcp"}]},
                upon="instances.create",
                nth=1,
                after=300,
            ),
            _uses("instances.stop", "instances", {"instanceId": "$id"}, upon="instances.create", nth=1, after=300),
            _uses(
                "storages.update",
                "storages",
                {"storageId": "$id", "storageName": "renamed"},
                upon="storages.create",
                nth=1,
                after=300,
            ),
            _uses(
                "networks.update",
                "networks",
                {"networkId": "$id", "name": "renamed"},
                upon="networks.create",
                nth=1,
                after=300,
            ),
        ],
    },
    {
        "name": "vanished",
        "says": "Others delete every machine and endpoint, ten minutes after the first was created.",
        "events": [
            _uses("instances.delete", "instances", {"instanceId": "$id"}, upon="instances.create", nth=1, after=600),
            _uses("endpoints.delete", "endpoints", {"name": "$id"}, upon="endpoints.create", nth=1, after=600),
        ],
    },
    {
        "name": "foreign-owner",
        "says": "Others use the account: they create objects with common names, and more every five minutes.",
        "events": [
            _makes("storages.create", _storage("data")),
            _makes("templates.create", _template("base")),
            _makes("instances.create", _instance("trainer")),
            _makes("networks.create", {"clusterId": "us-dallas-nas-2", "name": "net"}),
            _makes("registry_auths.save", {"name": "hub", "username": "someone", "password": "else"}),
            _makes("storages.create", _storage("data"), at=30, every=300),
        ],
    },
    {
        "name": "orphans",
        "says": "Machines, a storage and an endpoint exist that no state records; one machine is idle after an hour.",
        "events": [
            _makes("instances.create", _instance("left-behind-$n"), times=3),
            _makes("storages.create", _storage("left-behind")),
            _makes("endpoints.create", _endpoint("left-behind")),
            {"at": 3600, "do": "idle", "name": "left-behind-2"},
        ],
    },
    {
        "name": "populated",
        "says": "The account is full of objects of others: more than a page of each type.",
        "limits": {"networks": 200, "prewarm_tasks": 40},
        "events": [
            _makes("instances.create", _instance("worker-$n"), times=250),
            _makes("storages.create", _storage("data-$n"), times=120),
            _makes("templates.create", _template("template-$n"), times=120),
            _makes("networks.create", {"clusterId": "us-dallas-nas-2", "name": "net-$n"}, times=120),
            _makes("registry_auths.save", {"name": "hub-$n", "username": "u", "password": "p"}, times=120),
            _makes(
                "prewarms.create", {"imageUrl": "docker.io/someone/else:$n", "clusterId": "us-dallas-nas-2"}, times=30
            ),
            _makes("endpoints.create", _endpoint("api-$n"), times=60),
        ],
    },
    {
        "name": "quota-reached",
        "says": "No network, prewarm task or machine can be created, and storages have at most 10 GB.",
        "limits": {"networks": 0, "prewarm_tasks": 0, "instances": 0, "storage_gb": 10},
    },
    {
        "name": "broke",
        "says": "The balance is empty after five minutes.",
        "events": [{"at": 300, "do": "balance", "left": 0}],
    },
    {"name": "small-purse", "says": "The account holds one dollar.", "events": [{"do": "balance", "left": 100_000}]},
    {
        "name": "revoked-key",
        "says": "The key is revoked after the fifth create.",
        "events": [{"upon": "*.create", "nth": 5, "do": "revoke"}],
    },
    {
        "name": "new-status",
        "says": "Machines have statuses that no document has.",
        "statusWords": {"creating": "provisioning", "starting": "warmingUp", "resetting": "reimaging"},
    },
    {
        "name": "chaos",
        "says": "All at once: failing and stale answers, changing prices and stock, reclaims and failed nodes.",
        "faults": [
            *_FLAKY,
            {"kind": "status", "status": 429, "retryAfter": "1", "perCent": 5, "count": 0},
            {"kind": "truncated", "perCent": 3, "count": 0},
            {"kind": "stale", "operation": "*.list", "seconds": 10, "perCent": 30, "count": 0},
        ],
        "statusWords": {"creating": "provisioning"},
        "events": [
            {"at": 1, "every": 60, "do": "price", "perCent": [80, 100, 130]},
            {"at": 20, "every": 120, "do": "stock", "product": "4090.16c62g", "places": 0},
            {"at": 80, "every": 120, "do": "stock", "product": "4090.16c62g"},
            {"upon": "instances.create", "after": 240, "do": "reclaim"},
            {"upon": "instances.create", "nth": 3, "after": 400, "do": "breakNode"},
            _makes("instances.create", _instance("not-yours-$n"), at=30, times=2),
        ],
    },
)
SCENARIOS: Final[dict[str, Scenario]] = {day["name"]: scenario_of(day) for day in _DAYS}


def scenario_named(name: str) -> Scenario:
    """The named scenario that ships with the simulator. Raises BadScenario, which lists all names."""
    scenario = SCENARIOS.get(name)
    if scenario is None:
        raise BadScenario(f"no scenario {name!r}; there are {', '.join(SCENARIOS)}")
    return scenario
