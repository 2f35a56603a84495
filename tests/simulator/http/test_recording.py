"""Recordings of requests and answers: their format, their redaction, and their state after a killed process."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from novita_infra.simulator import Fault, HandClock, Trouble, open_world
from novita_infra.simulator.http import redaction
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.lost_answers import LostAnswer
from novita_infra.simulator.http.recording import KEPT, HarLog, JsonLinesLog, Log, Recorder, open_log

V1 = "/gpu-instance/openapi/v1"
PAIRS = {"type": "array", "items": {"type": "object", "required": ["name", "value"]}}
BODY = {"type": "object", "required": ["mimeType", "text"]}
MESSAGE = ["httpVersion", "cookies", "headers", "headersSize", "bodySize"]
HAR = {
    "type": "object",
    "required": ["log"],
    "properties": {
        "log": {
            "type": "object",
            "required": ["version", "creator", "entries"],
            "properties": {
                "version": {"const": "1.2"},
                "creator": {"type": "object", "required": ["name", "version"]},
                "entries": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["startedDateTime", "time", "request", "response", "cache", "timings"],
                        "properties": {
                            "startedDateTime": {"type": "string", "format": "date-time"},
                            "time": {"type": "number", "minimum": 0},
                            "request": {
                                "type": "object",
                                "required": ["method", "url", "queryString", *MESSAGE],
                                "properties": {"headers": PAIRS, "queryString": PAIRS, "postData": BODY},
                            },
                            "response": {
                                "type": "object",
                                "required": ["status", "statusText", "content", "redirectURL", *MESSAGE],
                                "properties": {
                                    "status": {"type": "integer"},
                                    "headers": PAIRS,
                                    "content": {"type": "object", "required": ["size", "mimeType"]},
                                },
                            },
                            "timings": {"type": "object", "required": ["send", "wait", "receive"]},
                        },
                    },
                },
            },
        }
    },
}
"""The schema of HAR 1.2, as far as it is written."""

MACHINE = {
    "name": "m",
    "productId": "4090.16c62g",
    "gpuNum": 1,
    "rootfsSize": 60,
    "imageUrl": "docker.io/team/train:1",
    "imageAuth": "bot:hunter2",
    "kind": "gpu",
    "envs": [{"key": "WANDB", "value": "hunter3"}],
}


class Recorded:
    """A client of a world with a recorder."""

    def __init__(self, path: Path) -> None:
        self.clock = HandClock()
        self.world = open_world(None, now=self.clock)
        self.log = open_log(path, creator=("tests", "1"))
        self.app = Recorder(build_app(self.world), self.log, now=self.clock)

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def once() -> httpx.Response:
            headers = {"Authorization": "Bearer sk_hunter1"}
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://sim", headers=headers) as client:
                return await client.request(method, path, **options)

        return asyncio.run(once())


@pytest.fixture
def record() -> Iterator[Callable[[Path], Recorded]]:
    """Records into a file."""
    with ExitStack() as stack:

        def begin(path: Path) -> Recorded:
            recorded = Recorded(path)
            stack.callback(recorded.log.close)
            return recorded

        yield begin


def test_a_recording_in_har_has_the_calls_in_order(tmp_path: Path, record: Any) -> None:
    recorded = record(tmp_path / "log.har")
    recorded.send("GET", f"{V1}/clusters", params={"a": "1"})
    recorded.send("POST", f"{V1}/gpu/instance/create", json=MACHINE)
    recorded.send("GET", "/no/such/path")
    recorded.send("GET", "/_sim/state")
    har = json.loads((tmp_path / "log.har").read_text(encoding="utf-8"))
    checker = jsonschema.FormatChecker()
    jsonschema.Draft202012Validator(HAR, format_checker=checker).validate(har)
    entries = har["log"]["entries"]
    assert [(one["request"]["method"], one["response"]["status"]) for one in entries] == [
        ("GET", 200),
        ("POST", 200),
        ("GET", 404),
    ]
    assert entries[0]["request"]["url"] == f"http://sim{V1}/clusters?a=1"
    assert entries[0]["startedDateTime"] == "2026-01-01T00:00:00.000+00:00"
    assert json.loads(entries[1]["response"]["content"]["text"])["id"]


def test_a_recording_in_json_lines_has_one_exchange_on_each_line(tmp_path: Path, record: Any) -> None:
    recorded = record(tmp_path / "log.jsonl")
    for _ in range(3):
        recorded.send("GET", f"{V1}/clusters")
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    har = {"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": lines}}
    jsonschema.Draft202012Validator(HAR).validate(har)
    assert len(lines) == 3


def test_a_recording_has_no_key_password_or_variable(tmp_path: Path, record: Any) -> None:
    recorded = record(tmp_path / "log.har")
    key = recorded.send("POST", f"{V1}/gpu/instance/create", json=MACHINE).json()["id"]
    recorded.send("GET", f"{V1}/gpu/instance", params={"instanceId": key, "token": "hunter4"})
    recorded.send("POST", f"{V1}/repository/auth/save", json={"name": "h", "username": "u", "password": "hunter5"})
    recorded.send("GET", f"{V1}/repository/auths")
    recorded.send("POST", f"{V1}/gpu/instance/create", content=b'{"imageAuth": "a:hunter6", ')
    text = (tmp_path / "log.har").read_text(encoding="utf-8")
    assert '\\"key\\":\\"WANDB\\"' in text  # which variables there are is no secret
    assert "hunter" not in text


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("name", ["calls.har", "calls.jsonl"])
def test_a_recording_is_for_its_owner_alone(name: str, exists: bool, tmp_path: Path) -> None:
    path = tmp_path / name
    if exists:
        path.touch(mode=0o644)
    open_log(path, creator=("tests", "1")).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_recording_has_exchanges_without_an_answer(tmp_path: Path, record: Any) -> None:
    recorded = record(tmp_path / "log.jsonl")
    recorded.world.faults.add(Fault(kind=Trouble.LOST))
    with pytest.raises(LostAnswer):
        recorded.send("GET", f"{V1}/clusters")
    (entry,) = map(json.loads, (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines())
    assert (entry["response"]["status"], entry["comment"]) == (0, "no answer came")


def test_a_killed_process_leaves_a_valid_recording() -> None:
    file = io.BytesIO()
    log = HarLog(file, creator=("tests", "1"))
    for number in range(3):
        assert len(json.loads(file.getvalue())["log"]["entries"]) == number
        log.write({"number": number})


class FullDisk(io.BytesIO):
    """A file on a disk with room for `room` bytes. It takes what fits, as a disk does."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def write(self, data: Any, /) -> int:
        fits = self.room - self.tell()
        if data and fits <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data[:fits])


@pytest.mark.parametrize("room", [100, 150, 151, 170, 199, 230])
def test_a_recording_on_a_full_disk_holds_whole_entries(room: int) -> None:
    for make in (lambda file: HarLog(file, creator=("tests", "1")), JsonLinesLog):
        file = FullDisk(room)
        log: Log = make(file)
        written = 0
        with suppress(OSError):
            for _ in range(9):
                log.write({"number": written, "text": "x" * 30})
                written += 1
        assert written < 9
        text = file.getvalue().decode()
        entries = (
            json.loads(text)["log"]["entries"]
            if isinstance(log, HarLog)
            else [json.loads(line) for line in text.splitlines()]
        )
        assert [entry["number"] for entry in entries] == list(range(written))
        log.close()


def test_a_recording_that_cannot_be_written_ends_and_the_server_goes_on() -> None:
    world, failures = open_world(None, now=HandClock()), list[OSError]()
    log = JsonLinesLog(FullDisk(4000))
    app = Recorder(build_app(world), log, on_failure=failures.append)

    async def calls() -> list[int]:
        headers = {"Authorization": "Bearer sk_hunter1"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sim") as client:
            return [(await client.get(f"{V1}/clusters", headers=headers)).status_code for _ in range(9)]

    assert asyncio.run(calls()) == [200] * 9
    assert [error.errno for error in failures] == [errno.ENOSPC]


def test_a_recording_has_only_the_size_of_files_and_long_bodies(tmp_path: Path, record: Any) -> None:
    recorded = record(tmp_path / "log.jsonl")
    recorded.send("POST", f"{V1}/networkstorage/create", content=b" " * (KEPT + 1))
    recorded.send("POST", "/openai/v1/files", files={"file": ("a.jsonl", b"{}")}, data={"purpose": "batch"})
    recorded.send("POST", f"{V1}/networkstorage/create", content=b"\xff\xfe")
    long, upload, odd = map(json.loads, (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines())
    assert (long["request"]["bodySize"], long["request"]["postData"]["text"]) == (KEPT + 1, "")
    assert upload["request"]["postData"]["comment"] == "left out: a file"
    assert odd["request"]["postData"]["comment"] == "left out: not text"


@pytest.mark.parametrize(
    ("body", "redacted"),
    [
        ('{"max_tokens": 5, "imageAuthId": "7"}', '{"max_tokens":5,"imageAuthId":"7"}'),
        ('{"authToken": "x", "password": ""}', '{"authToken":"[redacted]","password":""}'),
        ('{"env": {"A": "x"}}', '{"env":{"A":"[redacted]"}}'),
        ('[{"envs": [{"key": "A", "value": "x"}]}]', '[{"envs":[{"key":"A","value":"[redacted]"}]}]'),
        ('{"a": {"apiKey": "x"}}\n{"secret": "y"}\n', '{"a":{"apiKey":"[redacted]"}}\n{"secret":"[redacted]"}'),
        ("key sk_abc-1 of me", "key sk_[redacted] of me"),
        ('{"url": "https://h/p?a=1&token=x&b=2"}', '{"url":"https://h/p?a=1&token=[redacted]&b=2"}'),
        ("plain", "plain"),
    ],
)
def test_redaction_removes_secrets_and_nothing_else(body: str, redacted: str) -> None:
    assert redaction.redact_body(body) == redacted


def test_a_line_of_a_file_ends_only_at_a_line_feed() -> None:
    body = '{"password": "a\u2028b", "note": "c\x85d\u2028"}\n{"token": "e\u2029f"}\n'
    clean = redaction.redact_body(body)
    assert clean == '{"password":"[redacted]","note":"c\x85d\u2028"}\n{"token":"[redacted]"}'
