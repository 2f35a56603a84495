"""A log that was changed in any way does not fit the state, and the message says where."""

from __future__ import annotations

from dataclasses import replace

import pytest
from draws import draws
from hypothesis import given, settings
from hypothesis import strategies as st

from novita_infra.model.diagnostics import Severity
from novita_infra.state.audit.checking import AuditCheck, check_log
from novita_infra.state.audit.entries import AuditedCall, AuditEntry, chained, log_lines
from novita_infra.state.state import AuditHead

COUNT = 6
LINEAGE = "5f8e"


def entry(number: int) -> AuditEntry:
    return AuditEntry(
        at=float(number), call=AuditedCall(method="POST", path=f"/create/{number}", outcome="done", attempts=1)
    )


HEAD, DATA = chained(AuditHead(), map(entry, range(1, COUNT + 1)), LINEAGE)
LINES = DATA.splitlines(keepends=True)


def check(data: bytes, *, head: AuditHead = HEAD, unsaved: bool = False) -> AuditCheck:
    return check_log(log_lines([("dev.audit", data)]), head, LINEAGE, unsaved=unsaved)


def message(data: bytes, **options: object) -> str:
    found = check(data, **options)  # type: ignore[arg-type]
    return "; ".join(item.summary for item in found.faults if item.severity is Severity.ERROR)


def test_a_whole_log_has_every_entry_in_its_order() -> None:
    found = check(DATA)
    assert (found.is_whole, found.faults) == (True, ())
    assert [item.call.path for item in found.entries] == [f"/create/{number}" for number in range(1, COUNT + 1)]
    assert check(b"", head=AuditHead()).is_whole


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (LINES[:-1], "entry 6 is missing"),
        (LINES[:2], "entries 3 to 6 are missing"),
        (LINES[2:], "entries 1 to 2 are missing"),
        ([*LINES[:2], *LINES[4:]], "entries 3 to 4 are missing"),
        ([], "entries 1 to 6 are missing"),
        ([LINES[0], LINES[2], LINES[1], *LINES[3:]], "entry 2 stands after entry 3: line 3 of dev.audit"),
        ([*LINES[:2], LINES[2].replace(b"/create/3", b"/create/9"), *LINES[3:]], "entry 3 was changed: line 3 of "),
        ([*LINES[:2], b"{\n", *LINES[3:]], "entry 3 is missing; damaged: line 3 of dev.audit"),
    ],
    ids=["tail", "half", "begin", "middle", "all", "order", "changed", "damaged"],
)
def test_what_was_done_to_a_log_is_named_with_its_position(lines: list[bytes], wanted: str) -> None:
    assert wanted in message(b"".join(lines))
    kept = {item.number for item in check(b"".join(lines)).entries}
    assert kept >= {number for number, line in enumerate(LINES, start=1) if line in lines}


def test_the_log_of_another_state_is_none_of_this_one() -> None:
    _, other = chained(AuditHead(), map(entry, range(1, COUNT + 1)), "other")
    assert message(other) == "the log is of another state, other"


def test_entries_after_those_of_the_state_are_no_part_of_it() -> None:
    head = AuditHead(4, log_lines([("", LINES[3])])[0].digest)
    assert message(DATA, head=head) == "the log goes on with entries 5 to 6, which the state does not know"
    assert check(DATA, head=head, unsaved=True).is_whole, "the next command writes them again"


def test_what_a_save_left_that_was_cut_off_is_a_warning() -> None:
    _, again = chained(AuditHead(), [replace(entry(1), call=AuditedCall(outcome="unknown"))], LINEAGE)
    for rest in (again, LINES[0][:20] + b"\n"):
        found = check(rest + DATA)
        assert (found.is_whole, len(found.faults), len(found.entries)) == (True, 1, COUNT)


@settings(max_examples=draws(150))
@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_a_changed_byte_anywhere_is_noticed(place: int, change: int) -> None:
    data = DATA[:place] + bytes([DATA[place] ^ change]) + DATA[place + 1 :]
    last = place == len(DATA) - 1
    assert not check(data).is_whole or (last and check(data).entries == check(DATA).entries)


@settings(max_examples=draws(60))
@given(st.lists(st.integers(0, COUNT - 1), max_size=COUNT + 1))
def test_any_other_choice_of_lines_is_noticed(order: list[int]) -> None:
    is_same = [number for number in order if order.count(number) == 1] == list(range(COUNT))
    found = check(b"".join(LINES[number] for number in order))
    places = [len(order) - 1 - order[::-1].index(number) for number in range(COUNT) if number in order]
    in_order = len(places) == COUNT and places == sorted(places)
    assert found.is_whole == (is_same or in_order)
