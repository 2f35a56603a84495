"""Whatever an answer of the API holds, a plan, a list of orphans and an apply end in a result or in a message."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import httpx
import pytest
from damage import damaged_bytes, damaged_json
from rig import Rig

from novita_infra.api.errors import ApiError
from novita_infra.model.diagnostics import Problems
from novita_infra.operations.orphans import find_orphans
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.json.plan import plan_json
from novita_infra.views.plan_lines.plan import plan_lines

FLEET = (
    ("VPC", "net", {"cluster": "us-dallas-nas-2"}),
    ("NetworkStorage", "data", {"cluster": "us-ca-nas-2", "sizeGb": 20}),
    ("RegistryAuth", "hub", {"username": "me", "password": "hunter2-hunter2"}),
    ("Instance", "worker", {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "cluster": "us-dallas-nas-2"}),
)


class Damaging(httpx.AsyncBaseTransport):
    """Damages every answer of one path; notes all paths."""

    def __init__(self, inner: httpx.AsyncBaseTransport, path: str, random: Random) -> None:
        self.inner, self.path, self.random = inner, path, random
        self.paths: set[str] = set()
        self.damage = ""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self.inner.handle_async_request(request)
        body = await answer.aread()
        self.paths.add(request.url.path)
        if request.url.path == self.path and body:
            self.damage, body = self._damaged(body)
        return httpx.Response(answer.status_code, headers={"content-type": "application/json"}, content=body)

    def _damaged(self, body: bytes) -> tuple[str, bytes]:
        *_, (place, text) = damaged_json(json.loads(body), self.random, self.random.randint(1, 4))
        if self.random.random() < 0.15:
            *_, data = damaged_bytes(body, self.random, self.random.randint(1, 6))
            return "bytes", data
        return place, text.encode("utf-8", "surrogatepass")


def act(rig: Rig, command: str, path: str, random: Random) -> Damaging:
    """The command with damaged answers of that path. Whatever it raises is a message."""
    damaging = Damaging(Rig.transport(rig), path, random)
    rig.transport = lambda: damaging  # type: ignore[method-assign]
    try:
        if command == "plan":
            review = rig.plan()
            assert plain(plan_lines(review))
            assert json.dumps(plan_json(review))
        elif command == "apply":
            rig.apply(expect_success=False, allow_data_loss=("*",))
        else:

            async def list_orphans() -> None:
                async with rig.client() as client:
                    await find_orphans(rig._session(client))

            rig.clock.run(list_orphans())
    except (Problems, ApiError):
        pass
    except AssertionError as error:
        if "Diagnostic(" not in str(error):  # the rig refuses to apply a plan with problems
            raise
    except BaseException as error:
        error.add_note(f"{command}: {path} damaged at {damaging.damage}")
        raise
    finally:
        del rig.transport
    return damaging


def drive(rig: Rig, times: int, seed: int) -> None:
    random = Random(seed)
    for command in ("plan", "orphans"):
        for path in sorted(act(rig, command, "", random).paths):
            for _ in range(times):
                act(rig, command, path, random)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path)
    rig.declare(*FLEET)
    rig.apply()
    return rig


def test_a_damaged_answer_ends_in_a_message(rig: Rig) -> None:
    drive(rig, times=3, seed=0)


def test_a_damaged_answer_to_a_call_of_an_apply_ends_in_a_message(rig: Rig, tmp_path: Path) -> None:
    random = Random(1)
    changed = (*FLEET[1:3], ("Instance", "worker", {**FLEET[3][2], "ports": ["80/http"]}), ("VPC", "new", FLEET[0][2]))
    rig.declare(*changed)
    for path in ("/gpu-instance/openapi/v1/gpu/instance", "/gpu-instance/openapi/v1/network/create"):
        act(rig, "apply", path, random)


@pytest.mark.slow
def test_many_damaged_answers_end_in_messages(rig: Rig) -> None:
    drive(rig, times=20, seed=2)
