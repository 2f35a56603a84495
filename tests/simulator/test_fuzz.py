"""A fuzzer for HTTP APIs finds no answer that contradicts the OpenAPI document of the simulator.

Every operation gets requests that the document allows and requests that it forbids, over a world with one object of
each type. For the fuzzer the document is narrowed (to existing ids, so that requests pass the first look-up) and closed
(no answer may have a field that is not in the document).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from functools import cache
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, reject, settings
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
PRODUCTS = ["4090.16c62g", "4090.16c96g.v2", "26", "none"]
SMALL = {"type": "integer", "minimum": 1, "maximum": 8}
MIDDLE = {"type": "integer", "minimum": 10, "maximum": 200}
EASY: dict[str, Any] = {
    **{name: {"enum": CLUSTERS} for name in ("clusterId", "clusterID")},
    **{name: {"enum": PRODUCTS} for name in ("productId", "productIds")},
    **dict.fromkeys(("minNum", "maxNum", "gpuNum", "maxConcurrent", "month", "autoRenewMonth"), SMALL),
    **dict.fromkeys(("rootfsSize", "storageSize", "volumeMounts.size", "freeTimeout", "requestTimeout"), MIDDLE),
    "policy.value": MIDDLE,
    "products.id": {"enum": ["SL-serverless-1", "SL-serverless-2", "none"]},
    "imageUrl": {"enum": ["docker.io/team/train:1", "docker.io/team/does-not-exist:1"]},
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
    cloud.post("job/save/image", {"instanceId": running, "image": "docker.io/a/saved:1"})
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
            cloud.post(path.removeprefix("/"), body)
            cloud.pass_(seconds)
    return cloud


def ids_of(cloud: Any) -> dict[str, Any]:
    """The ids that a field may hold, by its name. Some names have another meaning under each resource."""
    objects = world_state(cloud.world)["objects"]
    ids = {kind: {"enum": [str(one["id"]) for one in objects[kind]] + ["nope"]} for kind in objects}
    return {
        **dict.fromkeys(("instanceId", "instanceIds"), ids["instances"]),
        **dict.fromkeys(
            ("imageAuthId", "imageAuth", "authId", "repositoryAuth", "registryAuthId"), ids["registry_auths"]
        ),
        **dict.fromkeys(("storageId", "networkStorages.Id", "volumeMounts.id"), ids["storages"]),
        **dict.fromkeys(("templateId", "template.Id"), ids["templates"]),
        **{f"{facts.table}.id": ids[facts.table] for facts in FACTS.values()},
        "endpoints.name": ids["endpoints"],
        "prewarms.ids": ids["prewarms"],
        "networkId": ids["networks"],
        "jobId": ids["jobs"],
        **dict.fromkeys(("file_id", "input_file_id"), ids["files"]),
        "batch_id": ids["batches"],
        "task_id": ids["tasks"],
        "string_id": ids["api_keys"],
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


def prepared(cloud: Any, profile: str, name: str) -> Any:
    """One operation of the document of the profile, narrowed and closed."""
    openapi = document(PROFILES[profile], [one for one in OPERATIONS if one.name == name])
    operation = next(one for methods in openapi["paths"].values() for one in methods.values())
    tag, easy = operation["tags"][0], EASY | ids_of(cloud)
    for parameter in operation["parameters"]:
        parameter["schema"] = narrowed(parameter["schema"], (tag, parameter["name"]), easy)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        content["schema"] = narrowed(content["schema"], (tag,), easy)
    for content in operation["responses"]["200"].get("content", {}).values():
        content["schema"] = closed(content["schema"])
    (parsed,) = schemathesis.openapi.from_dict(openapi).get_all_operations()
    assert isinstance(parsed, Ok)
    return parsed.ok()


def send(cloud: Any, case: Any) -> httpx.Response:
    """Sends the generated request to the application."""
    sent: Any = requests.Request(**case.as_transport_kwargs(base_url="http://sim")).prepare()
    headers = {"Authorization": "Bearer sk_fuzz", "Content-Type": sent.headers.get("Content-Type", "")}

    request = httpx.Request(sent.method, sent.url, headers=headers, content=sent.body or b"")
    answer: httpx.Response = cloud.answer(request)
    answer.elapsed = timedelta()  # which only a client of httpx measures
    return answer


def fuzz(cloud: Any, operation: Any, mode: GenerationMode, *, examples: int) -> list[tuple[Any, int]]:
    """Sends the generated requests; returns them with their statuses. Fails if an answer contradicts the document."""
    seen: list[tuple[Any, int]] = []

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def each(case: Any) -> None:
        try:
            answer = send(cloud, case)
        except httpx.InvalidURL:  # a query longer than the client takes
            reject()
        case.validate_response(answer, checks=CHECKS)
        seen.append((case, answer.status_code))
        cloud.pass_(1)

    with suppress(Unsatisfiable):  # nothing is forbidden where nothing can be sent
        each()
    return seen


@cache
def whole_document(profile: str) -> dict[str, Any]:
    """The unchanged document of a profile."""
    return document(PROFILES[profile], OPERATIONS)


def said_of(operation: str, profile: str) -> Any:
    """The description of an operation in the unchanged document."""
    paths = whole_document(profile)["paths"].values()
    return next(one for methods in paths for one in methods.values() if one["operationId"] == operation)


def given_fields(body: Any) -> Any:
    """A body without null values, which count as absent."""
    if isinstance(body, list):
        return [given_fields(one) for one in body]
    if not isinstance(body, dict):
        return body
    return {name: given_fields(value) for name, value in body.items() if value is not None}


NAMES = [operation.name for operation in OPERATIONS]
EXAMPLES = {"live": (16, 8), "documented": (6, 4), "strict": (6, 4)}
"""The numbers of allowed and of forbidden requests, by profile."""
RARE = 5
"""The factor for operations that rarely succeed. The draw depends on the imported modules."""
SELDOM = {"endpoints.update", "account.key_bills", "files.upload"}
"""Operations whose fields must agree with each other, which the schema of each field does not express."""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("profile", PROFILES)
def test_allowed_requests_get_the_documented_answers(make_cloud: Any, profile: str, name: str) -> None:
    cloud = populated(make_cloud, profile)
    examples = EXAMPLES[profile][0] * (RARE if name == "endpoints.create" else 1)
    seen = fuzz(cloud, prepared(cloud, profile, name), GenerationMode.POSITIVE, examples=examples)
    if profile == "live" and name not in SELDOM:
        assert 200 in {status for _, status in seen}, "not one of the requests was granted"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("profile", PROFILES)
def test_forbidden_requests_get_the_documented_refusals(make_cloud: Any, profile: str, name: str) -> None:
    if name == "models.list":
        return  # it takes nothing and asks for no key, so nothing is forbidden
    cloud = populated(make_cloud, profile)
    seen = fuzz(cloud, prepared(cloud, profile, name), GenerationMode.NEGATIVE, examples=EXAMPLES[profile][1])
    contents = said_of(name, profile).get("requestBody", {}).get("content", {})
    if profile == "live" or "application/json" not in contents:
        return  # the live profile takes more than the document tells
    allowed = Draft202012Validator(contents["application/json"]["schema"])
    granted = [case.body for case, status in seen if status == 200 and isinstance(case.body, dict | list)]
    assert [body for body in granted if not allowed.is_valid(given_fields(body))] == []


def test_the_fuzzer_reports_an_undocumented_answer(make_cloud: Any) -> None:
    cloud = populated(make_cloud, "live")
    operation = prepared(cloud, "live", "instances.get")
    content = operation.definition.raw["responses"]["200"]["content"]["application/json"]
    content["schema"]["properties"]["keepDataDay"] = {"type": "string"}
    with pytest.raises(FailureGroup):
        fuzz(cloud, operation, GenerationMode.POSITIVE, examples=10)
