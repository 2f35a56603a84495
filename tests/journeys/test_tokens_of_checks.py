"""The token of a check: it goes to the program of the endpoint alone, and nothing shows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import yaml
from plan_shapes import checked_json
from rig import Rig

from novita_infra.model.diagnostics import Problems
from novita_infra.schema.resources import manifest_schema
from novita_infra.views.content.lines import plain
from novita_infra.views.plan_lines.plan import plan_lines

TOKEN = "tok3n-of-the-pr0gram"
SPEC: dict[str, Any] = {
    "product": {"gpu": "RTX 4090"},
    "image": "vllm/vllm-openai:v0.6",
    "ports": ["80/http"],
    "healthPath": "/ready",
    "workers": {"min": 1, "max": 2, "idleTimeout": 60, "maxConcurrency": 8, "requestTimeout": 600},
    "scaling": {"type": "queue", "value": 10},
}
POINTER = {"fromEnv": "VLLM_KEY"}


class Guarded(httpx.AsyncBaseTransport):
    """A way to a service whose programs take only calls with the token, and quote what they were sent."""

    def __init__(self, transport: httpx.AsyncBaseTransport, keys: dict[str, set[str]]) -> None:
        self._transport, self._keys = transport, keys

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        sent = request.headers.get("authorization", "")
        self._keys.setdefault(request.url.host, set()).add(sent)
        if "runsync" in request.url.host and sent != f"Bearer {TOKEN}":
            return httpx.Response(401, text=f"wrong key: {sent}")
        if request.url.path == "/quote":
            return httpx.Response(500, text=f"you sent {sent} and {TOKEN[:12]}")
        return await self._transport.handle_async_request(request)


class GuardedRig(Rig):
    """A rig whose endpoints ask for a token."""

    def transport(self) -> httpx.AsyncBaseTransport:
        self.keys: dict[str, set[str]] = {}
        return Guarded(super().transport(), self.keys)


def declare(rig: Rig, check: dict[str, Any], **token: Any) -> None:
    rig.declare()
    head = {"apiVersion": "novita-infra/v1", "kind": "Endpoint", "metadata": {"name": "api"}}
    rig.write("main.yaml", {**head, "check": {**check, "retries": 0, **token}, "spec": SPEC})


@pytest.fixture
def rig(tmp_path: Path) -> GuardedRig:
    return GuardedRig(tmp_path, environ={"VLLM_KEY": TOKEN})


@pytest.mark.parametrize("check", [{"http": {"path": "/ready"}}, {"chat": {"model": "model"}}])
def test_the_program_gets_the_token_and_the_api_its_key(rig: GuardedRig, check: dict[str, Any]) -> None:
    declare(rig, check, token=POINTER)
    rig.apply()
    programs = {sent for host, keys in rig.keys.items() if "runsync" in host for sent in keys}
    assert programs == {f"Bearer {TOKEN}"}
    others = {sent for host, keys in rig.keys.items() if "runsync" not in host for sent in keys}
    assert not any(TOKEN in sent for sent in others)
    rig.assert_converged()
    rig.environ["VLLM_KEY"] = "another"
    assert rig.plan().empty, "another token is no change of the check"


def test_a_token_may_be_a_sensitive_variable_also_by_the_published_schema(rig: GuardedRig) -> None:
    head = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "lab"}}
    rig.write("novita-infra.yaml", {**head, "variables": {"token": {"type": "string", "sensitive": True}}})
    rig.variables["token"] = TOKEN
    declare(rig, {"http": {"path": "/ready"}}, token="${var.token}")
    (document,) = yaml.safe_load_all((rig.folder / "main.yaml").read_text("utf-8"))
    jsonschema.validate(document, manifest_schema())
    jsonschema.validate({**document, "check": {**document["check"], "token": POINTER}}, manifest_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "check": {**document["check"], "token": "in-clear"}}, manifest_schema())
    rig.apply()
    assert {sent for host, keys in rig.keys.items() if "runsync" in host for sent in keys} == {f"Bearer {TOKEN}"}
    files = [path for path in rig.folder.rglob("*") if path.is_file()]
    assert not [path for path in files if TOKEN.encode() in path.read_bytes()]


def test_without_a_token_the_program_gets_none(rig: GuardedRig) -> None:
    declare(rig, {"http": {"path": "/ready"}})
    (end,) = rig.apply(expect_success=False).ends
    assert "GET /ready answered 401" in end.reason
    assert {sent for host, keys in rig.keys.items() if "runsync" in host for sent in keys} == {""}


def test_a_token_that_the_program_quotes_is_not_shown(rig: GuardedRig) -> None:
    declare(rig, {"http": {"path": "/quote"}}, token=POINTER)
    review = rig.plan()
    shown = plain(plan_lines(review)) + json.dumps(checked_json(review)) + repr(review.plan)
    (end,) = rig.apply(expect_success=False).ends
    assert "GET /quote answered 500" in end.reason
    shown += "\n".join(map(repr, rig.events)) + end.reason
    assert TOKEN not in shown
    files = [path for path in rig.folder.rglob("*") if path.is_file()]
    assert not [path for path in files if TOKEN.encode() in path.read_bytes()]


def test_a_token_that_is_not_set_is_an_error(rig: GuardedRig) -> None:
    declare(rig, {"http": {"path": "/ready"}}, token={"fromEnv": "NOT_SET"})
    with pytest.raises(Problems, match="NOT_SET"):
        rig.project()


@pytest.mark.parametrize("token", [TOKEN, {"fromEnv": {"name": TOKEN}}, [TOKEN], {"clear": TOKEN}])
def test_a_token_in_clear_is_an_error_that_does_not_show_it(rig: GuardedRig, token: Any) -> None:
    declare(rig, {"http": {"path": "/ready"}}, token=token)
    with pytest.raises(Problems, match="token") as caught:
        rig.project()
    assert TOKEN not in "".join(f"{item}{item.hint}" for item in caught.value.diagnostics)
