"""How long the calls of a run took, by its journal."""

from __future__ import annotations

from novita_infra.model.addresses import Address
from novita_infra.model.records import PendingCall, Record
from novita_infra.state.format.journal import drop_line, header_line, put_line
from novita_infra.state.recovery.past import Past, RunTimes, StepTime, step_times
from novita_infra.state.state import State

HEAD = header_line(State(lineage="l", key="k"))
WEB = Address("instance", "web")
NET = Address("vpc", "net")


def _pending(call: str, since: float, *, ended: str = "") -> PendingCall:
    return PendingCall(f"{call}-{since}", call, since, ended=ended)


def _put(address: Address, at: float, *, id: str = "", pending: PendingCall | None = None, event: str = "x") -> bytes:
    return put_line(Record(address, id, pending=pending, seen_at=at), event)


def test_a_create_is_answered_and_then_waited_for() -> None:
    create = _pending("create", 10.0)
    lines = (
        _put(WEB, 10.1, pending=create),
        _put(WEB, 12.0, id="i-1", pending=create),
        _put(WEB, 40.0, id="i-1"),
        _put(WEB, 41.0, id="i-1", event="read"),
    )
    assert step_times(HEAD + b"".join(lines)) == (StepTime(WEB, "create", 10.0, 40.0, 12.0),)


def test_a_delete_ends_before_the_next_line_that_has_a_time() -> None:
    lines = (
        _put(WEB, 10.0, id="i-1", pending=_pending("delete", 10.0)),
        drop_line(WEB, "deleted"),
        _put(NET, 15.0, id="v-1", pending=_pending("delete", 14.0)),
        drop_line(NET, "deleted"),
    )
    assert step_times(HEAD + b"".join(lines)) == (
        StepTime(WEB, "delete", 10.0, 15.0),
        StepTime(NET, "delete", 14.0, 15.0),
    )


def test_a_replacement_is_two_calls() -> None:
    lines = (
        _put(WEB, 10.0, id="i-1", pending=_pending("delete", 10.0)),
        _put(WEB, 20.0, pending=_pending("create", 19.0)),
        _put(WEB, 30.0, id="i-2"),
    )
    assert [(step.call, step.begin, step.end) for step in step_times(HEAD + b"".join(lines))] == [
        ("delete", 10.0, 20.0),
        ("create", 19.0, 30.0),
    ]


def test_a_call_without_a_recorded_end_has_none_and_says_why() -> None:
    ended = _pending("create", 10.0, ended="interrupted")
    lines = (_put(WEB, 10.0, pending=_pending("create", 10.0)), _put(WEB, 25.0, pending=ended))
    (step,) = step_times(HEAD + b"".join(lines))
    assert (step.end, step.ended) == (None, "interrupted")
    times = RunTimes(None, (step, StepTime(NET, "create", 8.0, 9.0)))
    assert (times.begin, times.end) == (8.0, 10.0)


def test_what_a_save_or_a_read_changed_is_no_call() -> None:
    lines = (_put(WEB, 5.0, id="i-1", event="read"), _put(NET, 6.0, pending=_pending("create", 6.0), event="saved"))
    assert step_times(HEAD + b"".join(lines)) == ()
    assert step_times(b"") == ()
    assert Past().last is None


def test_damaged_lines_are_left_out() -> None:
    whole = _put(WEB, 10.0, pending=_pending("create", 10.0))
    end = _put(WEB, 20.0, id="i-1")
    data = HEAD + whole + b'{"put": 7, "event": "x"}\n' + end[:-9] + b"\n" + _put(WEB, 30.0, id="i-1")
    assert step_times(data) == (StepTime(WEB, "create", 10.0, 30.0),)
