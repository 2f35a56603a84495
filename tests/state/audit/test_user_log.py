"""The log of a user: a call is on disk before it is sent, and several processes share the chain."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from virtual import VirtualClock

from novita_infra.api.errors import Refused, Unanswered, Unreachable
from novita_infra.api.noting.calls import CallNote, may_change
from novita_infra.api.request import Request, get, post
from novita_infra.model.diagnostics import Problems
from novita_infra.state.audit.checking import check_log
from novita_infra.state.audit.entries import AuditEntry
from novita_infra.state.audit.user_log import UserLog, read_user_lines, user_log_path, with_answers

STOP = post("/stop", {"instanceId": "i-1"})


def log_at(path: Path) -> UserLog:
    return UserLog(path, clock=VirtualClock(), environ={"BUILD_URL": "https://ci/7"}, redacted=str)


def begin(log: UserLog, request: Request = STOP) -> CallNote:
    return asyncio.run(log.before(request))


def entries(path: Path) -> list[AuditEntry]:
    lines, head = read_user_lines(path)
    check = check_log(lines, head, "")
    assert check.is_whole, check.faults
    return with_answers(check.entries)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "audit.log"


def test_a_call_is_on_disk_before_it_is_sent_and_its_answer_afterwards(path: Path) -> None:
    log = log_at(path)
    note = begin(log)
    assert [(item.call.path, item.call.outcome, item.cause.run) for item in entries(path)] == [
        ("/stop", "unknown", "https://ci/7")
    ]
    note.answered(200, "r-1")
    log.after(note)
    (entry,) = entries(path)
    assert (entry.number, entry.call.outcome, entry.call.status, entry.call.request) == (1, "done", 200, "r-1")
    assert path.stat().st_mode & 0o777 == 0o600


def test_calls_of_several_processes_at_once_are_one_chain(path: Path) -> None:
    one, two = log_at(path), log_at(path)
    first, second = begin(one), begin(two, post("/start?a=b", {}))
    second.answered(200, "")
    two.after(second)
    first.failed(Refused(STOP, status=403), "r")
    one.after(first)
    assert [(item.call.path, item.call.outcome) for item in entries(path)] == [
        ("/stop", "refused"), ("/start?a=b", "done"),
    ]  # fmt: skip


def test_a_torn_line_is_no_end_of_the_chain(path: Path) -> None:
    begin(log_at(path))
    with path.open("ab") as file:
        file.write(b'{"at":')
    begin(log_at(path))
    assert [item.number for item in entries(path)] == [1, 2]


def test_a_folder_that_cannot_be_written_keeps_nobody_from_a_call_and_a_link_does(path: Path) -> None:
    path.parent.write_text("a file in the place of the folder")
    log = log_at(path)
    log.after(begin(log))
    path.parent.unlink()
    path.parent.mkdir()
    path.symlink_to(path.parent / "elsewhere")
    with pytest.raises(Problems, match="is a link"):
        begin(log_at(path))


def test_only_attempts_that_may_have_arrived_count() -> None:
    note = CallNote(1)
    note.failed(Unreachable(STOP), "")
    assert (note.attempts, note.outcome) == (0, "not sent")
    note.failed(Unanswered(STOP), "")
    note.failed(Unreachable(STOP), "")
    assert (note.attempts, note.outcome) == (1, "unknown")
    assert (may_change(get("/list")), may_change(STOP), may_change(Request("delete", "/x"))) == (False, True, True)


def test_the_file_is_in_the_folder_of_the_users_states() -> None:
    assert user_log_path({"HOME": "/h"}) == Path("/h/.local/state/novita-infra/audit.log")
    assert user_log_path({"HOME": "/h", "XDG_STATE_HOME": "/s"}) == Path("/s/novita-infra/audit.log")
    assert user_log_path({"XDG_STATE_HOME": "s"}) is None
