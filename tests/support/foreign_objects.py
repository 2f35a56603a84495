"""Objects that somebody else made through the API, valid there whatever our schemas say of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from kind_facts import FACTS
from kind_facts.model_access_policy import NOTEBOOK, SMALL
from rig import Rig

from novita_infra.simulator.scenarios.events import on_event
from novita_infra.simulator.world.engine.records import ScenarioEvent
from novita_infra.simulator.world.llm import files

_OF_A_MACHINE: Final = "the id of a machine"
BODIES: Final[Mapping[str, tuple[str, dict[str, Any]]]] = {
    "instance": (
        "instances.create",
        {
            "name": "w",
            "kind": "gpu",
            "productId": "L40S.16c96g",
            "gpuNum": 1,
            "rootfsSize": 60,
            "imageUrl": "ubuntu:22.04",
            "clusterId": "us-dallas-nas-2",
        },
    ),
    "endpoint": (
        "endpoints.create",
        {
            "name": "api",
            "rootfsSize": 100,
            "workerConfig": {"minNum": 0, "maxNum": 2, "freeTimeout": 60, "maxConcurrent": 1, "gpuNum": 1},
            "ports": [{"port": 80}],
            "policy": {"type": "queue", "value": 1},
            "image": {"image": "ubuntu:22.04"},
            "products": [{"id": "SL-serverless-1"}],
            "volumeMounts": [],
            "healthy": {"path": "/"},
            "envs": [],
        },
    ),
    "template": (
        "templates.create",
        {"name": "t", "type": "instance", "channel": "private", "image": "ubuntu:22.04", "rootfsSize": 60},
    ),
    "image_prewarm": (
        "prewarms.create",
        {"imageUrl": "ubuntu:22.04", "clusterId": "us-dallas-nas-2", "note": "n"},
    ),
    "vpc": ("networks.create", {"clusterId": "us-dallas-nas-2", "name": "n"}),
    "network_storage": ("storages.create", {"clusterId": "us-dallas-nas-2", "storageName": "s", "storageSize": 10}),
    "saved_image": ("jobs.save_image", {"instanceId": _OF_A_MACHINE, "image": "docker.io/team/model:1"}),
    "batch": ("batches.create", {"endpoint": "/v1/chat/completions"}),
    "model_access_policy": (
        "model_access_policies.set",
        {"string_id": NOTEBOOK, "mode": "selected", "allowedModels": [{"id": SMALL}]},
    ),
    "registry_auth": ("registry_auths.save", {"name": "hub", "username": "robot", "password": "hunter2"}),
}
"""By type, the operation and the body that make a plain object."""
_WRAPPED: Final = {"endpoint": "endpoint", "template": "template"}
_SETTLED: Final = 1000.0
"""Seconds after which a new object is up."""


def make_foreign(
    rig: Rig, kind_type: str, body: Mapping[str, Any] | None = None, by_hand: Mapping[str, Any] | None = None
) -> str:
    """Makes an object with these parts of the body, waits until it is up, then sets fields of the world's record.

    Returns its id.
    """
    operation, plain = BODIES[kind_type]
    plain = {key: make_foreign(rig, "instance") if value == _OF_A_MACHINE else value for key, value in plain.items()}
    table = rig.world.tables[FACTS[kind_type].table]
    known = {record.id for record in table}
    sent: dict[str, Any] = {**plain, **(_input(rig) if kind_type == "batch" else {}), **(body or {})}
    sent = {_WRAPPED[kind_type]: sent} if kind_type in _WRAPPED else sent
    act = {"do": "call", "operation": operation, "body": sent}
    on_event(rig.world, ScenarioEvent(id="", scenario="", act=act), "")
    (id,) = ({record.id for record in table} - known) or {""}
    assert id, f"the service refuses {sent}"
    rig.clock.run(rig.clock.sleep(_SETTLED))
    rig.world.advance()
    record: Any = table.get(id)
    for name, value in (by_hand or {}).items():
        setattr(record, name, value)
    table.touch(record)
    return str(id)


def _input(rig: Rig) -> dict[str, str]:
    """The part of a body that names an uploaded input: no event can upload one."""
    request = {"custom_id": "1", "body": {"model": "deepseek/deepseek-v3-0324", "messages": [], "max_tokens": 5}}
    file = files.upload(rig.world, name="it.jsonl", purpose="batch", content=json.dumps(request).encode())
    return {"input_file_id": file.id}
