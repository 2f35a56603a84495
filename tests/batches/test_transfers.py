"""Inputs that are uploaded once, whatever happens, and contents that are downloaded whole."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rig import Rig

from novita_infra.api.client import Client
from novita_infra.api.errors import NotFound, Unanswered
from novita_infra.batches.files import FRESH, INPUT_KEPT, ApiFile, file_deletion, input_name, same_input
from novita_infra.batches.listing import list_files
from novita_infra.batches.transfers import InputContent, Uploaded, download_content, replaced_file, upload_input
from novita_infra.model.diagnostics import Problems
from novita_infra.simulator.faults.model import Fault, Position, Trouble

T = TypeVar("T")
MODEL = "meta-llama/llama-3.3-70b-instruct"
DIGEST = "ab" * 32


def content_at(path: Path, *, text: str = "hello") -> InputContent:
    body = {"model": MODEL, "messages": [{"role": "user", "content": text}], "max_tokens": 5}
    data = json.dumps({"custom_id": "a", "body": body}).encode() + b"\n"
    path.write_bytes(data)
    return InputContent(path=path, bytes=len(data), digest=hashlib.sha256(data).hexdigest())


def run(rig: Rig, work: Callable[[Client], Awaitable[T]]) -> T:
    async def story() -> T:
        async with rig.client() as client:
            return await work(client)

    return rig.clock.run(story())


def uploaded(rig: Rig, content: InputContent, **more: Any) -> Uploaded:
    return run(rig, lambda client: upload_input(client, rig.clock, content, **more))


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_an_input_is_uploaded_under_its_digest_and_found_again(rig: Rig, tmp_path: Path) -> None:
    content = content_at(tmp_path / "my prompts.jsonl")
    first = uploaded(rig, content)
    again = uploaded(rig, content)
    assert (first.found, again.found) == (False, True)
    assert first.file == again.file
    assert first.file.name == f"my-prompts-sha256-{content.digest}.jsonl"
    assert (first.file.digest, first.file.bytes, first.file.requests) == (content.digest, content.bytes, 1)
    assert first.file.expires == first.file.created + INPUT_KEPT
    assert rig.world.calls["files.upload"] == 1


def test_another_content_under_the_same_path_is_another_file(rig: Rig, tmp_path: Path) -> None:
    first = uploaded(rig, content_at(tmp_path / "in.jsonl"))
    second = uploaded(rig, content_at(tmp_path / "in.jsonl", text="other"))
    assert first.file.id != second.file.id
    assert not second.found


def test_an_input_that_would_expire_during_a_batch_is_uploaded_again(rig: Rig, tmp_path: Path) -> None:
    content = content_at(tmp_path / "in.jsonl")
    first = uploaded(rig, content)
    rig.clock.run(asyncio.sleep(INPUT_KEPT - FRESH + 60))
    second = uploaded(rig, content)
    assert not second.found
    assert first.file.id != second.file.id


@pytest.mark.parametrize("position", list(Position))
def test_a_lost_answer_of_an_upload_is_resolved_by_the_list(rig: Rig, tmp_path: Path, position: Position) -> None:
    rig.world.faults.add(Fault(kind=Trouble.LOST, operation="files.upload", position=position))
    made = uploaded(rig, content_at(tmp_path / "in.jsonl"))
    assert [file.id for file in rig.world.files] == [made.file.id]
    assert not made.found


def test_an_upload_that_takes_effect_after_its_answer_was_lost_is_not_sent_again(rig: Rig, tmp_path: Path) -> None:
    rig.world.faults.add(Fault(kind=Trouble.LATE, operation="files.upload", seconds=40))
    uploaded(rig, content_at(tmp_path / "in.jsonl"))
    assert rig.world.calls["files.upload"] == 1
    assert len(rig.world.files) == 1


def test_an_upload_that_never_arrives_fails_and_says_so(rig: Rig, tmp_path: Path) -> None:
    rig.world.faults.add(Fault(kind=Trouble.LOST, operation="files.upload", count=None))
    with pytest.raises(Unanswered):
        uploaded(rig, content_at(tmp_path / "in.jsonl"))
    assert rig.world.calls["files.upload"] == 3


def test_an_input_that_changed_after_the_check_is_not_uploaded(rig: Rig, tmp_path: Path) -> None:
    content = content_at(tmp_path / "in.jsonl")
    content_at(tmp_path / "in.jsonl", text="HELLO")
    with pytest.raises(Problems, match="was changed while it was sent"):
        uploaded(rig, content)
    assert not len(rig.world.files)


def test_a_content_is_downloaded_whole_or_not_at_all(rig: Rig, tmp_path: Path) -> None:
    content, target, moved = content_at(tmp_path / "in.jsonl"), tmp_path / "out.jsonl", list[int]()
    made = uploaded(rig, content)
    target.write_text("what was there")

    def download(id: str) -> int:
        return run(rig, lambda client: download_content(client, id, target, moved=moved.append))

    with pytest.raises(NotFound):
        download("file_other")
    assert target.read_text() == "what was there"
    assert download(made.file.id) == content.bytes == moved[-1]
    assert target.read_bytes() == content.path.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if "out" in path.name) == ["out.jsonl"]


def test_two_downloads_to_one_file_do_not_mix(rig: Rig, tmp_path: Path) -> None:
    made = uploaded(rig, content_at(tmp_path / "in.jsonl"))
    with (tmp_path / ".out.part").open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Problems, match="another process writes"):
            run(rig, lambda client: download_content(client, made.file.id, tmp_path / "out"))


def test_a_download_into_no_folder_ends_in_a_message(rig: Rig, tmp_path: Path) -> None:
    with pytest.raises(Problems, match="cannot be written: No such file or directory"):
        run(rig, lambda client: download_content(client, "file_1", tmp_path / "no" / "out"))


def test_only_a_file_is_replaced_and_it_keeps_its_mode(tmp_path: Path) -> None:
    for place in (tmp_path, Path("/dev/null")):
        with pytest.raises(Problems, match="is no file"), replaced_file(place):
            pass
    target = tmp_path / "out"
    with replaced_file(target) as file:
        file.write(b"private")
    assert target.stat().st_mode & 0o777 == 0o600
    target.chmod(0o644)
    with replaced_file(target) as file:
        file.write(b"new")
    assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"new", 0o644)


def test_a_deleted_file_is_not_in_the_list(rig: Rig, tmp_path: Path) -> None:
    made = uploaded(rig, content_at(tmp_path / "in.jsonl"))
    assert run(rig, list_files) == [made.file]
    run(rig, lambda client: client.send(file_deletion(made.file.id)))
    assert run(rig, list_files) == []


def test_of_several_copies_of_an_input_the_one_that_is_kept_longest_is_used() -> None:
    def file(id: str, **changes: Any) -> ApiFile:
        usual: dict[str, Any] = {"name": input_name(DIGEST), "bytes": 5, "purpose": "batch", "requests": 1}
        return ApiFile(**{"id": id, **usual, "created": 0.0, "expires": 100.0, **changes})

    files = [
        file("a"),
        file("b", expires=200.0),
        file("c", expires=300.0, bytes=6),
        file("d", expires=300.0, purpose="batch_output"),
        file("e", expires=300.0, name="in.jsonl"),
    ]
    found = same_input(files, digest=DIGEST, bytes=5, until=50.0)
    assert found is not None
    assert found.id == "b"
    assert same_input(files, digest=DIGEST, bytes=5, until=250.0) is None


@given(source=st.text(max_size=100))
def test_the_name_of_an_input_always_gives_its_digest_back(source: str) -> None:
    name = input_name(DIGEST, source=source)
    file = ApiFile(id="a", name=name, bytes=1, purpose="batch", requests=None, created=0, expires=0)
    assert file.digest == DIGEST
    assert name.isascii()
    assert len(name) < 150
    assert "/" not in name


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_answers_are_lost_an_input_is_in_the_account_once(tmp_path: Path, data: st.DataObject) -> None:
    rig = Rig(tmp_path, seed=data.draw(st.integers(0, 5)))
    content = content_at(tmp_path / "in.jsonl")
    for _ in range(data.draw(st.integers(0, 2))):  # fewer than the attempts of an upload
        kind = data.draw(st.sampled_from([Trouble.LOST, Trouble.STATUS, Trouble.LATE, Trouble.TRUNCATED]))
        position = data.draw(st.sampled_from(list(Position)))
        operation = data.draw(st.sampled_from(["files.upload", "files.list"]))
        skip = data.draw(st.integers(0, 2))
        rig.world.faults.add(Fault(kind=kind, operation=operation, position=position, skip=skip, seconds=20))
    made = uploaded(rig, content)
    assert [file.id for file in rig.world.files] == [made.file.id]
