"""The entries of a log that is read as it comes: their text and their time. Pure.

No page documents the format of a log, so no format is an error: plain lines, JSON lines, and event streams are known.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from novita_infra.api.credentials import without_credentials
from novita_infra.api.logs.lines import TERMINAL, entries_of, json_of
from novita_infra.api.redaction import HIDDEN, redact, without_secrets
from novita_infra.model.clock import LAST_MOMENT
from novita_infra.model.frozen import dataclass

LONGEST: Final = 65_536
"""Characters of a line that are kept."""
_TIMES: Final = ("time", "timestamp", "ts", "@timestamp", "datetime", "date")
"""The keys that hold the time of an entry of a structured log."""
_TIME: Final = re.compile(
    r"[\[(]?(?P<day>\d{4}-\d\d-\d\d)[T ](?P<time>\d\d:\d\d:\d\d)(?:[.,](?P<part>\d{1,9}))?(?P<zone>Z|[+-]\d\d:?\d\d)?"
)
"""The time at the beginning of a line."""
_EVENT_FIELD: Final = re.compile(r"(?:event|id|retry)?:")
_MILLISECONDS: Final = 1e11
"""A number beyond it is in milliseconds: as seconds it would be in the year 5138."""
_LAST: Final = LAST_MOMENT * 1000.0


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of a log, without secrets."""

    text: str
    """Its text, fit for a terminal, on one line."""
    raw: str
    """The same as it was written, with its terminal codes."""
    at: float | None = None
    """Its time in Unix seconds; None if it holds none."""


class LineSplitter:
    """Whole lines of bytes that come in pieces. A line longer than `LONGEST` is cut."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""

    def split(self, data: bytes, *, final: bool = False) -> list[str]:
        """The lines that the data ends; with `final`, the last one, too, if anything is left."""
        *lines, self._rest = (self._rest + self._decoder.decode(data, final)).split("\n")
        if len(self._rest) > LONGEST:  # a progress bar writes over its line: its end counts
            drawn = self._rest.rpartition("\r")[2]
            self._rest = drawn if len(drawn) < LONGEST else self._rest[:LONGEST]
        if final and self._rest:
            lines.append(self._rest)
            self._rest = ""
        return [line[:LONGEST] for line in lines]


def entries_in(line: str, secrets: Iterable[str], *, events: bool = False) -> Iterator[LogEntry]:
    """The entries of a line; several for one JSON document with many. `events` says that the log is an event stream."""
    known = frozenset(secrets)
    line = line.removesuffix("\r")
    if events:
        if _EVENT_FIELD.match(line) or not line:
            return
        line = line.removeprefix("data:").removeprefix(" ")
    data = json_of(line)
    if isinstance(data, (Mapping, list)):
        at = _time_of(data) if isinstance(data, Mapping) else None
        for text in entries_of(data):
            yield _entry(text, text, known, at if at is not None else time_in(text))
        return
    shown = _shown(line)
    yield _entry(shown, line, known, time_in(shown))


def time_in(text: str) -> float | None:
    """The time at the beginning of a line in Unix seconds; in UTC where it names no zone. None without one."""
    match = _TIME.match(text.lstrip())
    if match is None:
        return None
    zone = (match["zone"] or "Z").replace("Z", "+00:00")
    zone = zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    try:
        whole = datetime.fromisoformat(f"{match['day']}T{match['time']}{zone}").timestamp()
    except (ValueError, OverflowError):
        return None
    return whole + float(f"0.{match['part'] or 0}")


def _time_of(entry: Mapping[str, Any]) -> float | None:
    value = next((entry[key] for key in _TIMES if key in entry), None)
    match value:
        case str():
            return time_in(value)
        case bool():
            return None
        case int() | float() if 0 < value < _LAST:
            return value / 1000 if value > _MILLISECONDS else float(value)
        case _:
            return None


def _shown(line: str) -> str:
    """The line as a terminal shows it at the end: without codes, and without what a progress bar wrote over."""
    return TERMINAL.sub("", line).rstrip("\r").rpartition("\r")[2].expandtabs().rstrip()


def _entry(text: str, raw: str, secrets: frozenset[str], at: float | None) -> LogEntry:
    shown = _clean(_shown(text), secrets)
    safe = _clean(raw, secrets)
    # A code of the terminal may split a secret: then the text without codes is all that may be shown.
    return LogEntry(shown, safe if shown.count(HIDDEN) == safe.count(HIDDEN) else shown, at)


def _clean(text: str, secrets: frozenset[str]) -> str:
    """The text without secrets; with its blanks, unless a secret is spelled with other ones."""
    flat = " ".join(text.split())
    safe = without_secrets(text, secrets)
    if redact(text, secrets).count(HIDDEN) > safe.count(HIDDEN):
        safe = without_secrets(flat, secrets)
    return without_credentials(safe)
