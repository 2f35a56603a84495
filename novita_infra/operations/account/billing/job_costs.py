"""What the jobs of a project have cost by their records: a bill names the key that asked a model, and no batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from novita_infra.account.billing import BilledLine
from novita_infra.account.spans import TimeSpan
from novita_infra.kinds import KINDS
from novita_infra.model.concurrency import together
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Live
from novita_infra.operations.account.billing.owners import Owners
from novita_infra.operations.account.view import AccountView
from novita_infra.refresh.objects import read_all

Jobs: TypeAlias = Mapping[str, Live]
"""Jobs that cost, by their ids."""


@dataclass(frozen=True, slots=True)
class JobCosts:
    """What jobs have cost in a range of time."""

    lines: tuple[BilledLine, ...]
    """One for each job whose cost is known."""
    unknown: tuple[str, ...]
    """The others, each by its address and id."""


async def read_costly_jobs(view: AccountView) -> Jobs:
    """The jobs of the account whose records say what they cost. Raises ApiError."""
    kinds = [kind for kind in KINDS.values() if kind.api.job and kind.api.job.spent]
    lists = await together(*(read_all(view.client, kind) for kind in kinds))
    return {id: live for lives in lists for id, live in lives.items()}


def costs_of_jobs(jobs: Jobs, owners: Owners, span: TimeSpan) -> JobCosts:
    """What the jobs of the owners have cost that ended in the range; one that still runs counts by its beginning.

    A job that no list shows may have ended at any time: its cost in the range is not known.
    """
    lines, unknown = [], []
    for id in sorted(owners.ids):
        owner = owners.of(id)
        kind = KINDS[owner.address.type] if owner else None
        spent = kind.api.job.spent if kind and kind.api.job else None
        if owner is None or kind is None or spent is None:
            continue
        live = jobs.get(id)
        at = int(live.stopped or live.created) if live else 0
        if at and not span.start <= at < span.end:
            continue
        amount = spent(owner.outputs) if at and live and kind.is_over(live) else None
        if amount is None:
            unknown.append(f"{owners.title(id)} ({id})")
            continue
        lines.append(
            BilledLine(
                start=at, end=at, category=kind.type, product="", owner=id, amount=amount, voucher=None, exact=True
            )
        )
    return JobCosts(tuple(lines), tuple(unknown))
