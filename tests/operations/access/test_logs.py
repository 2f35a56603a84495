"""Which entries of a log a question asks for."""

from __future__ import annotations

import pytest

from novita_infra.api.logs.entries import LogEntry
from novita_infra.operations.access.logs import EntryChoice, LogQuery


def _shown(query: LogQuery, *texts: str, live: str = "") -> str:
    """The texts that are shown: of each word, a digit is its time."""
    choice = EntryChoice(query)
    found: list[LogEntry] = []
    entries = [LogEntry(text, text, float(text) if text.isdigit() else None) for text in texts]
    for entry in entries:
        found += choice.take(entry)
    found += choice.caught_up()
    for text in live.split():
        found += choice.take(LogEntry(text, text, float(text) if text.isdigit() else None))
    return " ".join(entry.text for entry in found)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        (LogQuery(), "a 1 b 5 c 9 d"),
        (LogQuery(last=2), "9 d"),
        (LogQuery(last=0), ""),
        (LogQuery(since=5), "5 c 9 d"),
        (LogQuery(since=1), "a 1 b 5 c 9 d"),
        (LogQuery(since=5, last=2), "9 d"),
        (LogQuery(since=99), ""),
    ],
)
def test_an_entry_without_a_time_is_as_old_as_the_one_before_it(query: LogQuery, shown: str) -> None:
    assert _shown(query, "a", "1", "b", "5", "c", "9", "d") == shown


def test_without_any_time_all_are_shown() -> None:
    choice = EntryChoice(LogQuery(since=5))
    entry = LogEntry("a", "a")
    assert choice.take(entry) == []
    assert choice.caught_up() == [entry]
    assert choice.lacks_times


def test_what_comes_later_is_shown_at_once() -> None:
    assert _shown(LogQuery(last=1), "a", "b", live="c d") == "b c d"
    assert _shown(LogQuery(since=5), "a", live="b 1 c 7 d") == "a b 7 d"
