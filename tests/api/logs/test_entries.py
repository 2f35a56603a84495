"""The entries of a log: lines however the bytes are cut, their times, and the forms that logs have."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.api.logs.entries import LONGEST, LineSplitter, entries_in, time_in


@given(st.lists(st.text(alphabet="aé😀\r\n", max_size=8)), st.lists(st.integers(0, 40), max_size=5))
def test_lines_are_the_same_wherever_the_bytes_are_cut(texts: list[str], cuts: list[int]) -> None:
    data = "".join(texts).encode()
    splitter, found = LineSplitter(), []
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in pairwise(places):
        found += splitter.split(data[start:end])
    found += splitter.split(b"", final=True)
    lines = data.decode().split("\n")
    assert found == (lines if lines[-1] else lines[:-1])


def test_a_line_without_end_is_cut_and_a_progress_bar_keeps_its_last_state() -> None:
    splitter = LineSplitter()
    assert splitter.split(b"x" * 100_000) == []
    assert splitter.split(b"y\nnext\n") == ["x" * LONGEST, "next"]
    for percent in range(9000):
        assert splitter.split(f"\r{percent:>20} %".encode()) == []
    assert splitter.split(b"\n")[0].endswith("8999 %")


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("2026-11-30T12:00:00Z started", 1796040000),
        ("2026-11-30 12:00:00,250 INFO x", 1796040000.25),
        ("[2026-11-30T14:00:00.5+02:00] x", 1796040000.5),
        ("2026-11-30T06:30:00-0530 x", 1796040000),
        ("2026-13-30T12:00:00 x", None),
        ("12:00:00 x", None),
        ("started at 2026-11-30T12:00:00Z", None),
        ("", None),
    ],
)
def test_a_time_counts_at_the_beginning_of_a_line(line: str, seconds: float | None) -> None:
    assert time_in(line) == seconds


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("plain\r", [("plain", None)]),
        ("  two blanks  and\ta tab", [("  two blanks  and       a tab", None)]),
        ("10 %\r50 %\r100 %", [("100 %", None)]),
        ('{"time": "2026-11-30T12:00:00Z", "level": "info", "msg": "ready"}', [("ready", 1796040000)]),
        ('{"ts": 1796040000.5, "message": "ready"}', [("ready", 1796040000.5)]),
        ('{"ts": 1796040000500, "message": "ready"}', [("ready", 1796040000.5)]),
        ('{"ts": true, "a": 1}', [('{"ts": true, "a": 1}', None)]),
        ('{"ts": 1e300, "msg": "x"}', [("x", None)]),
        ('[{"msg": "a"}, {"msg": "2026-11-30T12:00:00Z b"}]', [("a", None), ("2026-11-30T12:00:00Z b", 1796040000)]),
        ("[not json", [("[not json", None)]),
        ("data: x", [("data: x", None)]),
    ],
)
def test_an_entry_is_a_line_or_the_message_of_a_document(line: str, found: list[tuple[str, float | None]]) -> None:
    assert [(entry.text, entry.at) for entry in entries_in(line, ())] == found


def test_of_a_stream_of_events_only_the_data_counts() -> None:
    lines = ["event: log", "id: 1", 'data: {"msg": "one"}', "data:two", "", ": ping"]
    assert [entry.text for line in lines for entry in entries_in(line, (), events=True)] == ["one", "two"]


@pytest.mark.parametrize("secret", ["pepper", "two  blanks", "tab\there", 'quo"te'])
@pytest.mark.parametrize("form", ["x {} y", "{}", '{{"msg": "{}"}}'])
def test_no_entry_holds_a_secret(secret: str, form: str) -> None:
    for entry in entries_in(form.format(secret.replace('"', '\\"')), [secret]):
        assert "(secret)" in entry.text
        assert secret not in entry.text
        assert secret not in entry.raw
