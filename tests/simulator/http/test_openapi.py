"""The OpenAPI document: a public validator accepts it, and it describes each profile."""

from __future__ import annotations

import ast
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

import kind_facts
import pytest
from kind_facts import FACTS
from pairs import read

import novita_infra.simulator
from novita_infra.simulator import PROFILES
from novita_infra.simulator.http.error_reasons import REASONS, reasons_by_status
from novita_infra.simulator.http.openapi import document
from novita_infra.simulator.operations import Family
from novita_infra.simulator.routes.registry import OPERATIONS

V1 = "/gpu-instance/openapi/v1"
ROOT = Path(__file__).parents[3]
SOURCES = Path(novita_infra.simulator.__file__).parent


def body_of(openapi: Any, path: str) -> Any:
    return openapi["paths"][f"{V1}{path}"]["post"]["requestBody"]["content"]["application/json"]["schema"]


def answer_of(openapi: Any, path: str, method: str = "get") -> Any:
    return openapi["paths"][f"{V1}{path}"][method]["responses"]["200"]["content"]["application/json"]["schema"]


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_the_openapi_document_is_valid(profile: str) -> None:
    validator = import_module("openapi_spec_validator")  # dear, and every worker collects this file
    errors = validator.OpenAPIV31SpecValidator(document(PROFILES[profile], OPERATIONS)).iter_errors()
    assert [error.message for error in errors] == []


@pytest.mark.parametrize("profile", PROFILES)
def test_the_openapi_document_of_the_profile_is_served(make_cloud: Any, profile: str) -> None:
    cloud = make_cloud(quirks=PROFILES[profile])
    served = cloud.send("GET", "/_sim/openapi.json", headers={"Authorization": ""}).json()
    assert served["openapi"] == "3.1.0"
    assert profile in served["info"]["description"]
    described = {method["operationId"] for path in served["paths"].values() for method in path.values()}
    assert described == {operation.name for operation in OPERATIONS}


def test_openapi_describes_every_json_answer() -> None:
    families = {Family.GPU, Family.ACCOUNT}
    answers = {
        one.name: one.answer(PROFILES["documented"]) if callable(one.answer) else one.answer
        for one in OPERATIONS
        if one.family in families
    }
    silent = {name for name, answer in answers.items() if answer is None}
    assert {one.name for one in OPERATIONS if one.name in silent and one.method == "GET"} == set()
    folders = [ROOT / "tests" / "contract" / "pairs", *(kind_facts.HERE / kind_type for kind_type in FACTS)]
    pairs = [pair for folder in folders for pair in read(folder)]
    assert silent == {
        pair.said["operation"]
        for pair in pairs
        if pair.answer.get("status", 200) == 200 and "body" not in pair.answer and "documented" in pair.profiles
    }


def test_openapi_describes_the_answers_of_each_profile() -> None:
    live, documented, strict = (document(PROFILES[name], OPERATIONS) for name in ("live", "documented", "strict"))
    assert answer_of(live, "/networkstorage/create", "post")["type"] == "string"
    assert answer_of(strict, "/networkstorage/create", "post")["type"] == "object"
    assert set(answer_of(live, "/networks")["properties"]) == {"networks", "total"}
    assert set(answer_of(documented, "/networks")["properties"]) == {"network", "total"}
    assert "kind" not in body_of(live, "/gpu/instance/create")["required"]
    assert "kind" in body_of(documented, "/gpu/instance/create")["required"]
    assert body_of(strict, "/gpu/instance/create")["additionalProperties"] is False
    assert "404" in strict["paths"][f"{V1}/gpu/instance"]["get"]["responses"]


def test_openapi_requires_a_key_except_for_public_operations() -> None:
    openapi = document(PROFILES["live"], OPERATIONS)
    assert openapi["security"] == [{"key": []}]
    open_to_all = {
        method["operationId"]
        for path in openapi["paths"].values()
        for method in path.values()
        if method.get("security") == []
    }
    assert open_to_all == {operation.name for operation in OPERATIONS if operation.public}


def reasons_in_the_code() -> set[str]:
    """The literal reasons of all refusals in the code of the simulator."""
    calls = chain.from_iterable(
        (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
        for path in SOURCES.rglob("*.py")
    )
    made = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "ApiRefusal" and call.args]
    return {str(call.args[0].value) for call in made if isinstance(call.args[0], ast.Constant)}


def test_openapi_lists_every_reason_in_the_code() -> None:
    described = {name for table in REASONS.values() for names in table.values() for name in names}
    reasons = reasons_in_the_code()
    assert "INSUFFICIENT_RESOURCE" in reasons
    assert reasons - described == set()


def test_error_reasons_move_absent_objects_to_the_status_of_the_profile() -> None:
    assert "NETWORK_NOT_FOUND" in reasons_by_status(Family.GPU, PROFILES["documented"])[400]
    assert reasons_by_status(Family.GPU, PROFILES["live"])[404] == ("RESOURCE_NOT_FOUND",)
    moved = reasons_by_status(Family.GPU, PROFILES["strict"])
    assert "NETWORK_NOT_FOUND" in moved[404]
    assert not any(name.endswith("_NOT_FOUND") for name in moved[400])
