"""A fuzzer for HTTP APIs finds no answer that contradicts the OpenAPI document of the simulator.

Every operation gets requests that the document allows and requests that it forbids, over a world with one object of
each type. For the fuzzer the document is narrowed (to existing ids, so that requests pass the first look-up) and closed
(no answer may have a field that is not in the document).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import cache, partial
from itertools import chain
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator
from kind_facts import FACTS
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from novita_infra.simulator import PROFILES, Limits
from novita_infra.simulator.http.control import world_state
from novita_infra.simulator.http.openapi import document
from novita_infra.simulator.routes.registry import OPERATIONS

pytestmark = pytest.mark.fuzz

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
CLUSTERS = ["us-ca-nas-2"] * 3 + ["us-dallas-nas-2", "5", "nowhere"]
SERVERLESS = ["SL-serverless-1", "SL-serverless-2", "none"]
PRODUCTS = ["4090.16c62g", "4090.16c96g.v2", "26", "none"]
IMAGES = {"enum": ["docker.io/team/train:1", "docker.io/team/does-not-exist:1"]}
SMALL = {"type": "integer", "minimum": 1, "maximum": 8}
MIDDLE = {"type": "integer", "minimum": 10, "maximum": 200}
EASY: dict[str, Any] = {
    **{name: {"enum": CLUSTERS} for name in ("clusterId", "clusterID", "region_id", "candidate_regions")},
    **{name: {"enum": PRODUCTS} for name in ("productId", "productIds", "product_id", "product_ids")},
    **{name: {"enum": SERVERLESS} for name in ("products.id", "endpoints_v2.product_id")},
    **dict.fromkeys(("minNum", "maxNum", "gpuNum", "maxConcurrent", "month", "autoRenewMonth"), SMALL),
    **dict.fromkeys(("min_replicas", "max_replicas", "gpu_num", "max_concurrent_per_worker", "months"), SMALL),
    **dict.fromkeys(("rootfs_size_gb", "idle_timeout", "request_timeout", "rootfs_size_expand_gb"), MIDDLE),
    "min_cuda_version": {"enum": ["", "12.4"]},
    "network.ip": {"enum": ["", "", "10.0.0.9"]},
    **dict.fromkeys(("rootfsSize", "storageSize", "volumeMounts.size", "freeTimeout", "requestTimeout"), MIDDLE),
    "policy.value": MIDDLE,
    **dict.fromkeys(("imageUrl", "instances_v2.image", "endpoints_v2.image", "prewarms_v2.image"), IMAGES),
    "budget_limit": {"enum": [0, 10_000, 50_000, 90_000]},
    "instances.imageAuth": {"enum": ["", "user:password"]},
    "instances.ports": {"enum": ["", "8888/http", "80/http, 22/tcp"]},
    **{name: {"type": "integer", "minimum": 0, "maximum": 8} for name in ("cpu", "memory_gb", "rootfs_size", "limit")},
    "cursor": {"enum": ["", "", "nope"]},
    "region_ids": {"enum": ["", "us-ca-nas-2,5"]},
    "cudaVersion": {"enum": ["", "12.4", "any"]},
    **{f"{tag}.model": {"enum": ["qwen/qwen3-max", "none"]} for tag in ("models", "chat", "completions")},
    **{f"{tag}.model": {"enum": ["openai/gpt-oss-120b"]} for tag in ("responses", "messages")},
    **{f"{tag}.id": {"enum": ["openai/gpt-oss-120b"]} for tag in ("allowedModels", "excludedModels")},
    "embeddings.model": {"enum": ["baai/bge-m3"]},
    "rerank.model": {"enum": ["baai/bge-reranker-v2-m3"]},
    **dict.fromkeys(("max_tokens", "max_output_tokens"), SMALL),
    "tool_choice": {"enum": ["auto", "none"]},
    "tasks.operation": {"enum": ["txt2img", "txt2video"]},
    "webhook.url": {"enum": ["http://127.0.0.1:9/"]},
}
"""Narrower schemas for some fields, so that more requests succeed."""
NEEDED = {
    "instances": ["gpuNum", "rootfsSize", "clusterId"],
    "resource": ["gpu_num", "rootfs_size_gb"],
    "instances_v2": ["candidate_regions"],
    "billing": ["prepaid"],
    "budgets": ["budget_limit"],
    **{tag: ["model"] for tag in ("chat", "completions", "responses", "messages", "embeddings", "rerank")},
}
"""Fields that other fields require. The schema of one field cannot express that."""


def populated(make_cloud: Any, profile: str) -> Any:
    """A cloud of that profile with one object of each type, and machines in several statuses."""
    cloud = make_cloud(quirks=PROFILES[profile], limits=Limits(prewarm_tasks=100))
    cloud.post("networkstorage/create", {"clusterId": "us-ca-nas-2", "storageName": "data", "storageSize": 50})
    cloud.post("network/create", {"clusterId": "us-ca-nas-2", "name": "net"})
    cloud.auth()
    template = {"name": "t", "type": "instance", "channel": "private", "image": "docker.io/a/b:1", "rootfsSize": 20}
    cloud.post("template/create", {"template": template})
    cloud.prewarm()
    cloud.endpoint()
    running, stopped, _ = cloud.machine(), cloud.machine(), cloud.machine(billingMode="monthly", month=1)
    cloud.pass_(200)
    cloud.post("gpu/instance/stop", {"instanceId": stopped})
    for wait in (40, 0):
        cloud.post("job/save/image", {"instanceId": running, "image": "docker.io/a/saved:1"})
        cloud.pass_(wait)
    cloud.post(f"/v1/{cloud.endpoint(type='async')}/run", {"input": 1})
    cloud.machine(ports="8888/http", envs=[{"key": "A", "value": "b"}])
    cloud.pass_(10)
    line = {"custom_id": "a", "body": {"model": "openai/gpt-oss-120b", "messages": [{"role": "user", "content": "?"}]}}
    form = {"files": {"file": ("in.jsonl", json.dumps(line))}, "data": {"purpose": "batch"}}
    file = cloud.send("POST", "/openai/v1/files", **form).json()["id"]
    cloud.post("/openai/v1/batches", {"input_file_id": file, "endpoint": "/v1/chat/completions"})
    cloud.post("/v3/async/txt2img", {"request": {"prompt": "a cat"}})
    for facts in FACTS.values():
        if not len(cloud.world.tables[facts.table]):
            assert facts.given, f"write `given` of the kind {facts.kind} in tests/support/kind_facts/"
            path, body, seconds, _ = next(iter(facts.given.values()))
            if path.startswith("/openapi"):  # a policy is put in its place
                assert cloud.send("PUT", path, json=body).status_code == 200
            else:
                cloud.post(path.removeprefix("/"), body)
            cloud.pass_(seconds)
    return cloud


def ids_of(cloud: Any) -> dict[str, Any]:
    """The ids that a field may hold, by its name. Some names have another meaning under each resource."""
    objects = world_state(cloud.world)["objects"]
    ids = {kind: {"enum": [str(one["id"]) for one in objects[kind]] + ["nope"]} for kind in objects}
    return {
        **dict.fromkeys(("instanceId", "instanceIds", "instance_id"), ids["instances"]),
        **dict.fromkeys(
            ("imageAuthId", "imageAuth", "authId", "repositoryAuth", "registryAuthId", "registry_auth_id"),
            ids["registry_auths"],
        ),
        **dict.fromkeys(("storageId", "networkStorages.Id", "volumeMounts.id", "volumes.id"), ids["storages"]),
        **dict.fromkeys(("templateId", "template.Id", "template_id"), ids["templates"]),
        **{f"{facts.table}.id": ids[facts.table] for facts in FACTS.values()},
        "endpoints.name": ids["endpoints"],
        "prewarms.ids": ids["prewarms"],
        **dict.fromkeys(("networkId", "network_id", "network.id"), ids["networks"]),
        **dict.fromkeys(("jobId", "job_id"), ids["jobs"]),
        **dict.fromkeys(("prewarms_v2.task_id", "task_ids"), ids["prewarms"]),
        "endpoint_id": ids["endpoints"],
        "queues.endpoint": {"enum": [one["id"] for one in objects["endpoints"] if one["type"] == "async"]},
        "queues.job_id": {"enum": [job["id"] for one in objects["endpoints"] for job in one["jobs"]] + ["nope"]},
        "image_id": ids["images"],
        **dict.fromkeys(("file_id", "input_file_id"), ids["files"]),
        "batch_id": ids["batches"],
        "task_id": ids["tasks"],
        **dict.fromkeys(("string_id", "key_id"), ids["api_keys"]),
        "member_id": {"enum": [cloud.world.owner, cloud.world.owner, "nope"]},
    }


def narrowed(schema: Any, at: tuple[str, ...], easy: Mapping[str, Any]) -> Any:
    """The schema of a request, limited to existing objects and reachable values."""
    if schema.get("type") == "array":
        return schema | {"items": narrowed(schema["items"], at, easy), "maxItems": min(schema["maxItems"], 2)}
    if schema.get("type") == "object":
        inner = {name: narrowed(part, (*at, name), easy) for name, part in schema.get("properties", {}).items()}
        needed = [name for name in NEEDED.get(at[-1], ()) if name in inner]
        return schema | {"properties": inner, "required": sorted({*schema.get("required", ()), *needed})}
    if "enum" in schema:
        return schema
    known = easy.get(".".join(at[-2:])) or easy.get(at[-1])
    return schema if known is None else known


def closed(schema: Any) -> Any:
    """The schema of an answer, closed against other fields."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(value) for name, value in schema.items()}
    return inner | ({"additionalProperties": False} if "properties" in inner else {})


@cache
def whole_document(profile: str, ids: str) -> Mapping[str, tuple[Any, Draft202012Validator]]:
    """Every operation of the document of a profile, narrowed and closed, and what it allows as a body before that.

    `ids` are the ids that fields may hold, as JSON; they are the same in each populated cloud.
    """
    openapi = document(PROFILES[profile], OPERATIONS)
    easy, allowed = EASY | json.loads(ids), {}
    for described in chain.from_iterable(methods.values() for methods in openapi["paths"].values()):
        contents, tag = described.get("requestBody", {}).get("content", {}), described["tags"][0]
        body = contents.get("application/json", {}).get("schema", {})
        allowed[described["operationId"]] = Draft202012Validator(body)
        for parameter in described["parameters"]:
            parameter["schema"] = narrowed(parameter["schema"], (tag, parameter["name"]), easy)
        for media, content in contents.items():
            contents[media] = {"schema": narrowed(content["schema"], (tag,), easy)}
        for content in described["responses"]["200"].get("content", {}).values():
            content["schema"] = closed(content["schema"])
    parsed = [one.ok() for one in schemathesis.openapi.from_dict(openapi).get_all_operations() if isinstance(one, Ok)]
    return {one.definition.raw["operationId"]: (one, allowed[one.definition.raw["operationId"]]) for one in parsed}


class Target:
    """One operation under one profile, and a populated cloud that answers."""

    def __init__(self, cloud: Any, profile: str, name: str) -> None:
        self.cloud = cloud
        self.operation, self.allowed = whole_document(profile, json.dumps(ids_of(cloud)))[name]

    def draw(self, mode: GenerationMode, count: int) -> list[Any]:
        """Generated requests: such as the document allows, or such as it forbids."""
        cases: list[Any] = []

        @settings(
            max_examples=count,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(self.operation.as_strategy(generation_mode=mode))
        def each(case: Any) -> None:
            cases.append(case)

        with suppress(Unsatisfiable):  # nothing is forbidden where nothing can be sent
            each()
        return cases

    def send(self, drawn: Any) -> int:
        """Sends a request that this or another target has drawn; returns the status.

        Fails if the answer contradicts the document, or if the request is granted that the document forbids.
        """
        parts = ("path_parameters", "headers", "cookies", "query", "body", "media_type", "multipart_content_types")
        case = self.operation.Case(**{part: getattr(drawn, part) for part in parts})
        sent: Any = requests.Request(**case.as_transport_kwargs(base_url="http://sim")).prepare()
        headers = {"Authorization": "Bearer sk_fuzz", "Content-Type": sent.headers.get("Content-Type", "")}
        try:
            request = httpx.Request(sent.method, sent.url, headers=headers, content=sent.body or b"")
        except httpx.InvalidURL:  # a query longer than the client takes
            return 0
        answer: httpx.Response = self.cloud.answer(request)
        answer.elapsed = timedelta()  # which only a client of httpx measures
        case.validate_response(answer, checks=CHECKS)
        if answer.status_code == 200 and isinstance(case.body, dict | list) and not self.cloud.world.quirks.forgiving:
            assert self.allowed.is_valid(given_fields(case.body)), f"it grants what the document forbids: {case.body}"
        self.cloud.pass_(1)
        return answer.status_code


def given_fields(body: Any) -> Any:
    """A body without null values, which count as absent."""
    if isinstance(body, list):
        return [given_fields(one) for one in body]
    if not isinstance(body, dict):
        return body
    return {name: given_fields(value) for name, value in body.items() if value is not None}


def targets_of(make_cloud: Any, name: str) -> dict[str, Target]:
    """An operation under each profile."""
    return {profile: Target(populated(make_cloud, profile), profile, name) for profile in PROFILES}


ALLOWED = 5
FORBIDDEN = 4
"""How many requests are drawn of each sort."""


def fuzz(targets: Mapping[str, Target], *, factor: int = 1, forbidden: int = FORBIDDEN) -> set[int]:
    """Sends requests to an operation under each profile; returns the statuses of the live profile.

    Drawing a request costs ten times as much as sending it. So those that the strictest document allows, and those that
    it forbids, go to all profiles; only what the live document alone allows is drawn for the live profile.
    """
    live, strict = targets["live"], targets["strict"]
    statuses = {live.send(case) for case in live.draw(GenerationMode.POSITIVE, ALLOWED * factor)}
    drawn = strict.draw(GenerationMode.POSITIVE, ALLOWED * factor) + strict.draw(GenerationMode.NEGATIVE, forbidden)
    for case in drawn:
        statuses.add(live.send(case))
        for profile in targets.keys() - {"live"}:
            targets[profile].send(case)
    return statuses


NAMES = [operation.name for operation in OPERATIONS]
RARE = {"endpoints.create": 6}
"""Factors for operations that rarely succeed. The draw depends on the imported modules."""
SELDOM = {"endpoints.update", "account.key_bills", "files.upload"}
"""Operations whose fields must agree with each other, which the schema of each field does not express."""


@pytest.mark.parametrize("name", NAMES)
def test_every_request_gets_a_documented_answer(make_cloud: Any, name: str) -> None:
    statuses = fuzz(targets_of(make_cloud, name), factor=RARE.get(name, 1))
    if name not in SELDOM:
        assert 200 in statuses, "not one of the requests was granted"


Answers = Callable[[httpx.Request], httpx.Response]


def changed(change: Callable[[Any], Any]) -> Callable[[Answers, httpx.Request], httpx.Response]:
    """Answers with a change in the JSON of what is granted."""

    def answer(ask: Answers, request: httpx.Request) -> httpx.Response:
        right = ask(request)
        return right if right.status_code != 200 else httpx.Response(200, json=change(right.json()), request=request)

    return answer


def refusing(**wrong: Any) -> Callable[[Answers, httpx.Request], httpx.Response]:
    """Answers with the given response instead of a refusal."""

    def answer(ask: Answers, request: httpx.Request) -> httpx.Response:
        right = ask(request)
        return right if right.status_code == 200 else httpx.Response(request=request, **wrong)

    return answer


def unchecked(ask: Answers, request: httpx.Request) -> httpx.Response:
    """The answer of an operation that takes any body."""
    body = json.dumps({"clusterId": "us-ca-nas-2", "name": "n"})
    return ask(httpx.Request(request.method, request.url, headers={**request.headers}, content=body))


PLANTED: dict[str, tuple[str, Callable[[Answers, httpx.Request], httpx.Response]]] = {
    "an unknown field": ("networks.get", changed(lambda body: body | {"more": 1})),
    "a missing field": ("templates_v2.get", changed(lambda body: {name: body[name] for name in body if name != "id"})),
    "a wrong type": ("instances.list", changed(lambda body: body | {"total": str(body["total"])})),
    "a wrong type deep inside": ("instances_v2.get", changed(lambda body: body | {"network": {"id": 1, "ip": ""}})),
    "another content type": ("prewarms.quota", lambda _, request: httpx.Response(200, text="[]", request=request)),
    "an undocumented status": ("jobs_v2.list", lambda _, request: httpx.Response(418, json={}, request=request)),
    "a server error": ("instances.renew", refusing(status_code=500, text="")),
    "a refusal of another shape": ("instances.start", refusing(status_code=400, json={"error": "no"})),
    "a request that is granted and forbidden": ("networks.create", unchecked),
}
"""Faults of a simulator, by kind: an operation, and how it answers."""


@pytest.mark.parametrize("fault", PLANTED)
def test_the_fuzzer_finds_a_planted_fault_of_one_profile(make_cloud: Any, fault: str) -> None:
    name, answer = PLANTED[fault]
    for profile in PROFILES:
        targets = targets_of(make_cloud, name)
        cloud = targets[profile].cloud
        cloud.answer = partial(answer, cloud.answer)
        if profile == "live" and answer is unchecked:
            continue  # the live profile takes more than the document tells
        with pytest.raises((FailureGroup, AssertionError)):
            fuzz(targets, forbidden=50 if answer is unchecked else FORBIDDEN)  # few have a body of the right type
