"""Files: their upload as a form, their list, their content, and their expiry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from draws import draws
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from novita_infra.simulator import PROFILES
from novita_infra.simulator.http.control import world_state

FILES = "/openai/v1/files"
LINE = json.dumps({"custom_id": "a", "body": {"model": "m"}}).encode()
DAY = 86_400


def upload(cloud: Any, content: bytes = LINE, *, name: str = "in.jsonl", purpose: str = "batch") -> Any:
    return cloud.send("POST", FILES, files={"file": (name, content)}, data={"purpose": purpose})


def refused(cloud: Any, **options: Any) -> tuple[int, str]:
    found: tuple[int, str] = cloud.refused("POST", FILES, **options)
    return found


@pytest.mark.parametrize("profile", PROFILES)
def test_a_file_is_read_as_uploaded(make_cloud: Any, profile: str) -> None:
    cloud = make_cloud(quirks=PROFILES[profile])
    content = b"\n" + LINE + b"\r\n\r\n" + json.dumps({"x": "--boundary é"}).encode() + b"\n"
    file = upload(cloud, content, name="in put é.jsonl").json()
    assert file["id"].startswith("file_")
    assert file == {
        "id": file["id"],
        "object": "file",
        "bytes": len(content),
        "filename": "in put é.jsonl",
        "created_at": int(cloud.clock()),
        "purpose": "batch",
        "metadata": {"total_requests": 2},
    }
    assert cloud.get(f"{FILES}/{file['id']}") == file
    listed = cloud.get(FILES)
    assert set(listed) == {"code", "message", "data"} | ({"has_more"} if profile == "live" else set())
    assert listed["data"] == [file]
    assert cloud.send("GET", f"{FILES}/{file['id']}/content").content == content


def test_files_of_one_name_are_two_files(cloud: Any) -> None:
    assert upload(cloud).json()["id"] != upload(cloud).json()["id"]
    assert len(cloud.get(FILES)["data"]) == 2


def test_a_deleted_file_is_gone(cloud: Any) -> None:
    key = upload(cloud).json()["id"]
    assert cloud.send("DELETE", f"{FILES}/{key}").json() == {"id": key, "object": "file", "deleted": True}
    for method, path in (("GET", key), ("GET", f"{key}/content"), ("DELETE", key)):
        assert cloud.refused(method, f"{FILES}/{path}")[0] == 404
    assert cloud.get(FILES)["data"] == []


def test_an_input_file_expires_after_fifteen_days(cloud: Any) -> None:
    key = upload(cloud).json()["id"]
    cloud.pass_(15 * DAY - 1)
    assert cloud.get(f"{FILES}/{key}")["id"] == key
    cloud.pass_(2)
    assert cloud.refused("GET", f"{FILES}/{key}")[0] == 404
    assert cloud.world.contents.get(key) == b""


def test_contents_of_files_survive_reopening_until_deleted(make_cloud: Any, tmp_path: Path) -> None:
    first = make_cloud(tmp_path / "sim.db")
    kept, dropped = (upload(first, LINE + b"\n" + bytes(str(n), "ascii")).json()["id"] for n in range(2))
    first.send("DELETE", f"{FILES}/{dropped}")
    before = world_state(first.world)["objects"]
    first.world.close()
    second = make_cloud(tmp_path / "sim.db")
    assert world_state(second.world)["objects"] == before
    assert second.send("GET", f"{FILES}/{kept}/content").content == LINE + b"\n0"
    assert second.world.contents.get(dropped) == b""


@pytest.mark.parametrize("purpose", ["", "batch_output", "fine-tune"])
def test_only_batch_input_files_are_accepted(cloud: Any, purpose: str) -> None:
    options = {"files": {"file": ("a.jsonl", LINE)}, "data": {"purpose": purpose}}
    assert refused(cloud, **options) == (400, "INVALID_REQUEST_BODY")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", LINE),
        ("a.jsonl", b""),
        ("a.jsonl", b"\n \n"),
        ("a.jsonl", b"{"),
        ("a.jsonl", LINE + b"\nnonsense\n"),
        ("a.jsonl", b"\xff\xfe"),
        ("a.jsonl", b"[" * 100_000),
        ("a.jsonl", b"9" * 10_000),
        ("a.jsonl", b"{}\n" * 50_001),
    ],
)
def test_a_file_that_is_no_batch_input_is_refused(cloud: Any, name: str, content: bytes) -> None:
    options = {"files": {"file": (name, content)}, "data": {"purpose": "batch"}}
    assert refused(cloud, **options) == (400, "INVALID_REQUEST_BODY")
    assert cloud.get(FILES)["data"] == []


def test_a_file_with_fifty_thousand_requests_is_accepted(cloud: Any) -> None:
    assert upload(cloud, b"{}\n" * 50_000).json()["metadata"] == {"total_requests": 50_000}


@pytest.mark.slow
def test_a_file_over_a_hundred_megabytes_is_refused(cloud: Any) -> None:
    line = b'"' + b"x" * (100 * 1024 * 1024 - 2) + b'"'
    options: dict[str, Any] = {"data": {"purpose": "batch"}}
    assert refused(cloud, files={"file": ("a.jsonl", line + b"\n")}, **options) == (400, "INVALID_REQUEST_BODY")


def form(*parts: tuple[str, bytes], end: bytes = b"--B--\r\n") -> bytes:
    heads = [f"--B\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + body for head, body in parts]
    return b"\r\n".join([*heads, end])


FILE = ('name="file"; filename="a.jsonl"', LINE)
PURPOSE = ('name="purpose"', b"batch")
FORM = "multipart/form-data; boundary=B"


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/json", b"{}"),
        ("application/json", form(FILE, PURPOSE)),
        ("multipart/form-data", form(FILE, PURPOSE)),
        ("multipart/form-data; boundary=", form(FILE, PURPOSE)),
        ("multipart/form-data; boundary=C", form(FILE, PURPOSE)),
        ("multipart/mixed; boundary=B", form(FILE, PURPOSE)),
        ("", form(FILE, PURPOSE)),
        (FORM, b""),
        (FORM, b"nonsense"),
        (FORM, b"--B"),
        (FORM, form(FILE)),
        (FORM, form(PURPOSE)),
        (FORM, form(FILE, PURPOSE, end=b"")),
        (FORM, form(FILE, PURPOSE)[:60]),
        (FORM, b"--B\r\nno colon\r\n\r\nx\r\n--B--\r\n"),
        (FORM, b"--B\r\n\r\nx\r\n--B--\r\n"),
        (FORM, form(*[FILE] * 30)),
    ],
)
def test_a_file_body_that_is_no_form_is_refused(cloud: Any, media: str, body: bytes) -> None:
    assert refused(cloud, content=body, headers={"Content-Type": media}) == (400, "INVALID_REQUEST_BODY")


def test_a_file_form_is_read_with_text_around_its_parts(cloud: Any) -> None:
    headers = {"Content-Type": 'Multipart/Form-Data; charset=utf-8; boundary="B"'}
    body = form(("name=extra", b"x"), FILE, ("name=purpose", b" batch ")) + b"an epilogue"
    assert cloud.send("POST", FILES, content=body, headers=headers).status_code == 200


@settings(max_examples=draws(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80), st.integers(0, 150), st.integers(0, 20))
def test_reading_any_file_form_gets_no_500(cloud: Any, noise: bytes, at: int, gone: int) -> None:
    whole = form(FILE, PURPOSE)
    body = whole[:at] + noise + whole[at + gone :]
    assert cloud.send("POST", FILES, content=body, headers={"Content-Type": FORM}).status_code in {200, 400}
