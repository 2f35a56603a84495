"""Pairs of request and answer from the API's reference, held against both sides.

The simulator must answer so; the kinds must make these requests and read these answers.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import kind_facts
import pytest
import reference
from jsonschema import Draft202012Validator
from kind_facts import FACTS
from kind_facts.facts import Given
from pairs import Pair, differences, filled, read, sampled

from novita_infra.api.error_mapping import refusal
from novita_infra.api.request import Request
from novita_infra.api.responses import Response
from novita_infra.kinds import KINDS
from novita_infra.kinds.call import Target
from novita_infra.model.resources import Live, Phase
from novita_infra.simulator import PROFILES, HandClock, Timings, World, open_world
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.control import world_state
from novita_infra.simulator.profiles import Quirks
from novita_infra.simulator.routes.registry import OPERATIONS

FOLDER = Path(__file__).parent / "pairs"
PAIRS = [*read(FOLDER), *(pair for name in FACTS for pair in read(kind_facts.HERE / name))]
SERVED = {operation.name: operation for operation in OPERATIONS}


# --- the simulator's side -------------------------------------------------------------------------------------------


class Cloud:
    """One world of a profile, and what was made in it by name."""

    def __init__(self, profile: str) -> None:
        self.clock = HandClock()
        self.world: World = open_world(None, now=self.clock, quirks=PROFILES[profile], timings=Timings())
        self.ids = {"member": self.world.owner}

    def send(self, method: str, path: str, query: Mapping[str, Any] | None = None, body: Any = None) -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(build_app(self.world))
            headers = {"Authorization": "Bearer sk_pairs"}
            async with httpx.AsyncClient(transport=transport, base_url="http://sim", headers=headers) as client:
                form = body if isinstance(body, Mapping) and "form" in body else None
                sent = {"data": form["form"], "files": {"file": ("it.jsonl", form["file"])}} if form else {"json": body}
                return await client.request(method, reference.whole(path), params=query, **sent)

        return asyncio.run(once())

    def give(self, name: str) -> None:
        """Make the thing of that name, and know its id under it."""
        path, body, seconds, objects = GIVEN[name]
        method = "PUT" if path.endswith("/model-access-policy") else "POST" if body else "GET"
        answer = self.send(method, path, body=filled(body, self.ids))
        assert answer.status_code == 200, answer.text
        self.clock.advance(seconds)
        self.ids[name] = world_state(self.world)["objects"][objects][-1]["id"]
        for path, body in AFTERWARDS.get(name, ()):
            assert self.send("POST", path, body=filled(body, self.ids)).status_code == 200
            self.clock.advance(20)


_SAVE = {"instanceId": "$instance", "image": "docker.io/team/saved:1", "registryAuthId": ""}
GIVEN: Mapping[str, Given] = {
    **{name: given for facts in FACTS.values() for name, given in facts.given.items()},
    "key": ("/openapi/v2/user/key", None, 0, "api_keys"),  # an entry for the caller exists at once
    "job": ("/job/save/image", _SAVE, 0, "jobs"),
    "saved": ("/job/save/image", _SAVE, 60, "images"),
}
"""By name: where an object is made, from what, how many seconds it is given, and in which table it is found."""
AFTERWARDS = {name: calls for facts in FACTS.values() for name, calls in facts.afterwards.items()}


@pytest.fixture
def given_cloud() -> Iterator[Callable[[Pair, str], Cloud]]:
    """Makes a cloud of a profile with what the pair says is given."""
    made: list[Cloud] = []

    def make(pair: Pair, profile: str) -> Cloud:
        made.append(Cloud(profile))
        for name in pair.said.get("given", ()):
            made[-1].give(name)
        return made[-1]

    yield make
    for cloud in made:
        cloud.world.close()


@pytest.mark.parametrize(
    ("pair", "profile"),
    [pytest.param(pair, profile, id=f"{pair.where}-{profile}") for pair in PAIRS for profile in pair.profiles],
)
def test_the_simulator_answers_so(given_cloud: Callable[[Pair, str], Cloud], pair: Pair, profile: str) -> None:
    cloud = given_cloud(pair, profile)
    request = filled(pair.said["request"], cloud.ids)
    answer = cloud.send(request["method"], request["path"], request.get("query"), request.get("body"))
    assert answer.status_code == pair.answer.get("status", 200), answer.text
    if "body" in pair.answer:
        assert list(differences(filled(pair.answer["body"], cloud.ids), answer.json())) == []
        if answer.status_code == 200:
            assert _against_its_schema(pair.said["operation"], PROFILES[profile], answer.json()) == []
    else:
        assert answer.content == b""
    cloud.clock.advance(pair.said.get("wait", 0))
    for look in pair.said.get("then", ()):
        _shows(cloud, look)


def _against_its_schema(operation: str, quirks: Quirks, body: Any) -> list[str]:
    """How an answer differs from the schema that the operation declares for it."""
    declared = SERVED[operation].answer
    schema = declared(quirks) if callable(declared) else declared
    errors = Draft202012Validator(schema).iter_errors(body) if schema is not None else ()
    return [f"{error.json_path}: {error.message}" for error in errors]


def _shows(cloud: Cloud, look: Mapping[str, Any]) -> None:
    """A later look at the world tells what the request did."""
    answer = cloud.send("GET", filled(look["get"], cloud.ids), filled(look.get("query", {}), cloud.ids))
    if "status" in look:
        assert answer.status_code in look["status"], answer.text
        return
    assert list(differences(filled(look["shows"], cloud.ids), answer.json())) == []


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_a_pair_names_an_operation_that_is_served_and_its_page(pair: Pair) -> None:
    operation, request = SERVED[pair.said["operation"]], pair.said["request"]
    assert request["method"] == operation.method
    assert pair.said["source"] == operation.source or pair.said["operation"] == "instances.create"
    named = re.sub(r"{\w+}", lambda _: "[^/]+", operation.path)
    assert re.fullmatch(named, reference.whole(request["path"]))


@pytest.mark.parametrize("one", reference.operations(), ids=lambda one: reference.place(one["method"], one["path"]))
def test_every_operation_of_the_reference_has_a_pair_that_is_granted(one: dict[str, str]) -> None:
    granted = {pair.said["operation"] for pair in PAIRS if pair.answer.get("status", 200) == 200}
    served = {reference.place(known.method, known.path): known.name for known in OPERATIONS}
    assert served.get(reference.place(one["method"], one["path"])) in granted


# --- the client's side ----------------------------------------------------------------------------------------------

IDS = {name: f"{name}-1" for name in GIVEN}
OF_CLIENT = [pair for pair in PAIRS if "client" in pair.said]


@pytest.mark.parametrize("pair", OF_CLIENT, ids=str)
def test_the_client_makes_the_request(pair: Pair) -> None:
    client, wanted = filled(pair.said["client"], IDS), filled(pair.said["request"], IDS)
    made = _request(client)
    assert (made.method, made.path) == (wanted["method"], reference.whole(wanted["path"]))
    assert dict(made.query) == wanted.get("query", {})
    assert made.body == wanted.get("body"), f"the request, or tests/support/kind_facts/{client['kind']}/pairs.yaml"


def _request(client: Mapping[str, Any]) -> Request:
    kind = KINDS[client["kind"]]
    match client["call"]:
        case "list":
            pages = kind.api.read.pages
            paging = {pages.size: pages.page_size, pages.number: pages.first} if pages.number else {}
            return Request("GET", pages.path, {**pages.query, **paging})
        case "get":
            assert kind.api.read.get is not None
            return kind.api.read.get(client["id"])
        case name:
            live = client.get("live")
            found = Live(client["id"], "", Phase.READY, "", live) if live is not None else None
            target = Target(client.get("id", ""), client.get("spec", {}), found, client.get("before", {}))
            return kind.call(name).request(target)


@pytest.mark.parametrize("pair", [pair for pair in OF_CLIENT if "reads" in pair.said["client"]], ids=str)
def test_the_client_reads_the_answer(pair: Pair) -> None:
    client = filled(pair.said["client"], IDS)
    answer = sampled(filled(pair.answer.get("body"), IDS))
    wanted = client["reads"] | filled(pair.answer.get("reads", {}), IDS)
    assert list(differences(wanted | {"<more>": True}, _read(client, answer))) == []


def _read(client: Mapping[str, Any], answer: Any) -> dict[str, Any]:
    kind = KINDS[client["kind"]]
    if client["call"] == "create":
        return {"id": kind.api.new_id(answer)}
    if client["call"] == "get":
        item = kind.api.read.unwrap(answer) if kind.api.read.unwrap else answer
        return _told(kind.api.read.parse(item)) if item is not None else {"id": ""}
    found: list[Any] = next((answer[key] for key in kind.api.read.pages.items if answer.get(key) is not None), [])
    return {"items": [_told(kind.api.read.parse(item)) for item in found]}


def _told(live: Live) -> dict[str, Any]:
    """What was read, as data."""
    return {
        "id": live.id,
        "name": live.name,
        "phase": live.phase.name,
        "values": dict(live.values),
        "outputs": dict(live.outputs),
        "trouble": live.trouble,
    }


MEANINGS = {
    "RESOURCE_NOT_FOUND": "NotFound",
    "NETWORK_STORAGE_IN_USE": "InUse",
    "NETWORK_IN_USE": "InUse",
    "IMAGE_AUTH_IN_USE": "InUse",
    "OPERATION_LIMIT": "Busy",
    "NETWORK_STORAGE_TOO_LARGE": "AtLimit",
}
REFUSED = [pair for pair in PAIRS if pair.answer.get("status", 200) >= 400]


@pytest.mark.parametrize("pair", REFUSED, ids=str)
def test_the_client_understands_the_refusal(pair: Pair) -> None:
    body = sampled(filled(pair.answer["body"], IDS))
    request = Request(pair.said["request"]["method"], pair.said["request"]["path"])
    error = refusal(request, Response(pair.answer["status"], body=json.dumps(body).encode()), now=0.0)
    assert error.reason == body["reason"]
    ending = "NotFound" if body["reason"].endswith("_NOT_FOUND") else "Refused"
    assert type(error).__name__ == MEANINGS.get(body["reason"], ending)
