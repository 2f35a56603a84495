"""Malformed requests get a refusal, never a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest
from draws import draws
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trees import trees

from novita_infra.simulator.operations import Family, Operation
from novita_infra.simulator.routes.registry import OPERATIONS

WRITES = [operation for operation in OPERATIONS if operation.body is not None]
READS = [operation for operation in OPERATIONS if operation.query.parts]


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Bearer sk_", "Bearer key", "sk_test", "Basic sk_x"])
def test_a_wrong_key_is_unauthorized(cloud: Any, header: str | None) -> None:
    headers = {"Authorization": header if header is not None else ""}
    assert cloud.refused("GET", "clusters", headers=headers) == (401, "UNAUTHORIZED")
    assert cloud.refused("POST", "gpu/instance/create", json={}, headers=headers) == (401, "UNAUTHORIZED")


def test_the_key_is_checked_before_the_body(cloud: Any) -> None:
    headers = {"Authorization": "Bearer wrong"}
    assert cloud.refused("POST", "gpu/instance/create", content=b"{", headers=headers) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    "path", ["/", "/v1/models/x", "nope", "gpu/instance/create/more", "clusters/", "/gpu-instance/openapi/v2/clusters"]
)
def test_a_missing_route_is_plain_text(cloud: Any, path: str) -> None:
    answer = cloud.send("GET", path)
    assert (answer.status_code, answer.text) == (404, "404 page not found")
    assert answer.headers["content-type"].startswith("text/plain")


def test_a_wrong_method_is_answered_with_the_right_ones(cloud: Any) -> None:
    answer = cloud.send("DELETE", "gpu/instance", params={"instanceId": "x"})
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert set(cloud.send("PUT", "image/prewarm").headers["allow"].split(", ")) >= {"GET", "POST"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b"\xff\xfe{}",
        b'{"instanceId": NaN}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"gpuNum": ' + b"9" * 5000 + b"}",
        "{}".encode("utf-16"),
        b"\x00",
    ],
)
@pytest.mark.parametrize("operation", WRITES[:3], ids=lambda operation: operation.name)
def test_a_body_that_is_not_json_is_refused(cloud: Any, operation: Operation, body: bytes) -> None:
    assert cloud.refused("POST", operation.path, content=body)[0] == 400


@pytest.mark.parametrize("operation", WRITES, ids=lambda operation: operation.name)
def test_a_json_body_of_the_wrong_type_is_refused(cloud: Any, operation: Operation) -> None:
    reason = "INVALID_REQUEST_BODY" if operation.family in {Family.LLM, Family.MODEL} else "VALIDATOR_PARAM"
    assert operation.body is not None
    asks = any(part.required for part in operation.body.parts.values())
    for body in [[], "text", 5, True, [{}], *([{}] if asks else [])]:
        assert (body, *cloud.refused(operation.method, operation.path, json=body)) == (body, 400, reason)


def test_a_huge_body_is_not_read_to_its_end(cloud: Any) -> None:
    body = json.dumps({"instanceId": "x" * 3_000_000}).encode()
    assert cloud.refused("POST", "gpu/instance/delete", content=body) == (400, "REQUEST")


JSON = trees(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    st.text(max_size=8),
)


@settings(max_examples=draws(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_reading_any_body_gets_no_500(cloud: Any, data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(WRITES))
    assert operation.body is not None
    names = list(operation.body.parts)
    body = data.draw(st.dictionaries(st.sampled_from(names), JSON, max_size=len(names)))
    answer = cloud.send(operation.method, operation.path, content=json.dumps(body))
    assert answer.status_code < 500


@settings(max_examples=draws(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_reading_any_query_gets_no_500(cloud: Any, data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(READS))
    query = data.draw(st.dictionaries(st.sampled_from(list(operation.query.parts)), st.text(max_size=12)))
    assert cloud.send("GET", operation.path, params=query).status_code < 500


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_reading_a_body_with_one_change_accepts_or_refuses_it(
    cloud: Any, a_machine: Any, an_endpoint: Any, data: st.DataObject
) -> None:
    changes, path = data.draw(
        st.sampled_from([(a_machine(), "gpu/instance/create"), ({"endpoint": an_endpoint()}, "endpoint/create")])
    )
    changes = json.loads(json.dumps(changes))
    inner = changes.get("endpoint", changes)
    inner[data.draw(st.sampled_from(list(inner)))] = data.draw(JSON)
    cloud.pass_(2)  # creates of endpoints have a pace
    answer = cloud.send("POST", path, json=changes)
    assert answer.status_code in {200, 400}
    assert cloud.get("gpu/instances")["instances"] is not None
    assert cloud.get("endpoints")["endpoints"] is not None
