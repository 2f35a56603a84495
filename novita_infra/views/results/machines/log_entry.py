"""One entry of a log. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from novita_infra.model.clock import timestamp
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.lines import Line, line
from novita_infra.views.content.listing import Facts, fact


@dataclass(frozen=True, slots=True)
class LogEntryFacts(Facts):
    """An entry of a log, as `logs --json` prints one on each line."""

    name: ClassVar[str] = "log_entry"
    is_line: ClassVar[bool] = True

    time: str | None = fact("Its time, if it holds one.")
    text: str = fact("Its text, without secrets and without codes for a terminal.")

    def lines(self) -> Iterator[Line]:
        """The text."""
        yield line(self.text)


def log_entry_facts(text: str, at: float | None) -> LogEntryFacts:
    """The facts of an entry; `at` in Unix seconds."""
    return LogEntryFacts(None if at is None else timestamp(at), text)
