"""The service quotes secrets in its texts: no output, state, journal or plan shows one, wherever the text enters."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from rig import Rig

from novita_infra.api.errors import ApiError
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.json.output import whole_output
from novita_infra.views.formats.json.plan import plan_json
from novita_infra.views.formats.json.ui import Messages
from novita_infra.views.formats.text.result import result_lines
from novita_infra.views.formats.text.state import record_lines
from novita_infra.views.plan_lines.plan import plan_lines

ENVIRON = {"CMD_TOKEN": "tok3n/for+cmd", "SALT": "pepper-and-salt", "ACCOUNT": "plain"}
MACHINE: dict[str, Any] = {
    "product": {"gpu": "RTX 4090"},
    "image": "ubuntu:22.04",
    "cluster": "us-dallas-nas-2",
    "command": "run --token ${env.CMD_TOKEN} --mode train",
    "env": {"SALT": {"fromEnv": "SALT"}, "LOGIN": {"fromFile": "login.txt"}, "MODE": "train"},
}
CANARIES = ("tok3n/for+cmd", "pepper-and-salt", "bob7", "hunter2x", "sk_test", "unused-s3cret")
QUOTED = " ".join(
    [
        *CANARIES,
        "tok3n%2Ffor%2Bcmd",
        *(base64.b64encode(f"x:{text}".encode()).decode() for text in CANARIES if len(text) > 5),
        json.dumps("bob7\r\nhunter2x"),
    ]
)


class Quoting(httpx.AsyncBaseTransport):
    """A way to a service whose texts quote every secret."""

    def __init__(self, transport: httpx.AsyncBaseTransport, where: str) -> None:
        self._transport, self._where = transport, where
        self.told = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        creates = request.url.path.endswith("/create")
        match self._where:
            case "a refusal" if creates:
                return self._error(400, "VALIDATOR_PARAM")
            case "a refusal with details" if creates:
                self.told += 1
                return httpx.Response(400, json={"reason": QUOTED[:20], "metadata": {"command": QUOTED}})
            case "a plain text" if creates:
                self.told += 1
                return httpx.Response(422, text=QUOTED)
            case "a note on a busy node" if creates and self.told < 3:
                return self._error(409, "NODE_BUSY")
            case "no capacity" if creates:
                return self._error(400, "INSUFFICIENT_RESOURCE")
            case "a lost answer" if creates and self.told < 1:
                await self._transport.handle_async_request(request)
                return self._error(502, "")
            case "a read" if request.method == "GET" and "/instance" in request.url.path:
                return self._error(400, "VALIDATOR_PARAM")
            case "a redirect" if creates:
                self.told += 1
                return httpx.Response(302, headers={"location": "https://other.example/?key=tok3n%2Ffor%2Bcmd"})
        answer = await self._transport.handle_async_request(request)
        return await self._with_texts(answer) if "/instance" in request.url.path else answer

    async def _with_texts(self, answer: httpx.Response) -> httpx.Response:
        """The answer with another status or error of each object in it."""
        if self._where not in {"an error of the object", "a status", "the outputs"}:
            return answer
        data = json.loads(await answer.aread() or b"null")
        items = data.get("instances", [data]) if isinstance(data, dict) else []
        for item in (item for item in items if "status" in item):
            self.told += 1
            failed = {"statusError": {"state": "ContainerExited", "message": QUOTED}, "status": "toStart"}
            texts: dict[str, Any] = dict.fromkeys(("clusterName", "spotStatus"), QUOTED)
            texts["portMappings"] = [{"port": 80, "type": "http", "endpoint": f"https://{QUOTED}"}]
            status = {"status": f"odd {QUOTED}"}
            item.update({"a status": status, "the outputs": texts}.get(self._where, failed))
        return httpx.Response(answer.status_code, json=data)

    def _error(self, status: int, reason: str) -> httpx.Response:
        self.told += 1
        return httpx.Response(status, json={"code": status, "reason": reason, "message": f"it does not fit: {QUOTED}"})


class QuotingRig(Rig):
    """A rig whose service quotes secrets."""

    where = ""
    told = 0
    counts_calls = False

    def transport(self) -> httpx.AsyncBaseTransport:
        self.quoting = Quoting(super().transport(), self.where)
        return self.quoting


@pytest.mark.parametrize(
    "where",
    [
        "a refusal",
        "a refusal with details",
        "a plain text",
        "a note on a busy node",
        "no capacity",
        "a lost answer",
        "an error of the object",
        "a status",
        "the outputs",
        "a read",
        "a redirect",
    ],
)
def test_no_secret_that_the_service_quotes_is_shown_or_stored(tmp_path: Path, where: str) -> None:
    rig = QuotingRig(tmp_path, environ=ENVIRON)
    (tmp_path / "login.txt").write_bytes(b"bob7\r\nhunter2x\r\n")
    rig.write(
        "novita-infra.yaml",
        {
            "apiVersion": "novita-infra/v1",
            "kind": "Project",
            "metadata": {"name": "rig"},
            "variables": {"unused": {"secret": True, "default": "unused-s3cret"}},
        },
    )
    lifecycle = {"timeouts": {"create": "2m"}, **({"waitForCapacity": "1m"} if where == "no capacity" else {})}
    rig.declare(("Instance", "a", MACHINE), a=lifecycle)
    rig.where = where
    shown: list[str] = []

    def look(_: object) -> bool:
        shown.extend(path.read_text() for path in (tmp_path / "state").rglob("*") if path.is_file())
        return False

    told = 0
    for _ in range(2):
        try:
            shown.append(plain(result_lines(rig.apply(expect_success=False, stop_when=look), again="x")))
        except ApiError as error:
            shown.append(f"{error} {error.advice} {error!r}")
        told += rig.quoting.told
        try:
            review = rig.plan()
            shown += [plain(plan_lines(review)), json.dumps(plan_json(review))]
        except ApiError as error:
            shown.append(f"{error} {error.advice} {error!r}")
    stream = io.StringIO()
    listen = Messages(whole_output(stream), now=rig.clock.now).listener()
    for event in rig.events:
        listen(event)
    look(None)
    shown += [stream.getvalue(), *(plain(record_lines(item)) for item in rig.state().records.values())]
    everything = "\n".join(shown)
    assert told, "the service quoted nothing"
    assert "(secret)" in everything
    assert [text for text in (*CANARIES, *QUOTED.split()) if text in everything.replace("(secret)", "")] == []
