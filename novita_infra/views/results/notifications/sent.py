"""What came of the test messages of notifications. Pure."""

from __future__ import annotations

from typing import ClassVar

from novita_infra.model.frozen import dataclass
from novita_infra.views.content.listing import Listing, cell, fact


@dataclass(frozen=True, slots=True)
class SentRow:
    """What came of one notification."""

    name: str = fact("The name of the notification.", title="NAME")
    channel: str = fact("`webhook`, `slack`, `teams` or `email`.", title="CHANNEL")
    delivered: bool = fact("Whether the receiver took it.")
    result: str = cell("RESULT")
    answer: str = fact("The answer, or why there is none.", title="ANSWER")


@dataclass(frozen=True, slots=True)
class SentListing(Listing):
    """What came of the test messages, as `notifications test --json` prints it."""

    name: ClassVar[str] = "notifications_test"
    row: ClassVar[type] = SentRow
    empty: ClassVar[str] = "The project has no notifications."

    rows: tuple[SentRow, ...]


def sent_row(name: str, channel: str, answer: str, *, delivered: bool) -> SentRow:
    """The row of one notification."""
    return SentRow(name, channel, delivered, "delivered" if delivered else "not delivered", answer)
