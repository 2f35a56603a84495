"""Pages of a list by the id of the last item, as OpenAI's clients ask for them: `after` and `limit`.

Ids sort by creation. So a page continues where the one before ended, also if items are created or deleted meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from novita_infra.simulator.operations import IncomingCall
from novita_infra.simulator.request_schema import Fields, Text, Whole, may
from novita_infra.simulator.world.engine.records import WorldRecord

R = TypeVar("R", bound=WorldRecord)
PAGE_AFTER: Final = Fields({"after": may(Text(0, 255), ""), "limit": may(Whole(0, 10_000), 0)})
"""The query. No limit is the whole rest."""


_SHORT: Final = 20
"""The length of the page that a list which ignores `after` shows."""


def page_after(
    records: Sequence[R], call: IncomingCall, *, newest_first: bool = False, deaf: bool = False
) -> tuple[list[R], bool]:
    """The records of one page, and whether there are more. A `deaf` list ignores `after`."""
    after, limit = call.query["after"], call.query["limit"]
    if deaf:
        after, limit = "", min(limit or _SHORT, _SHORT)
    ordered = sorted(records, key=lambda record: record.id, reverse=newest_first)
    rest = [record for record in ordered if not after or (record.id < after if newest_first else record.id > after)]
    page = rest[:limit] if limit else rest
    return page, len(page) < len(rest)
