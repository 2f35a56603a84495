"""The details of an object that a list does not tell: its times, and the last use of its GPUs."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from novita_infra.account.metrics import WINDOW, GpuUse
from novita_infra.api.errors import ApiError
from novita_infra.api.protocol import ApiClient
from novita_infra.kinds.kind import Kind
from novita_infra.model.clock import Clock
from novita_infra.model.concurrency import together
from novita_infra.model.resources import Live
from novita_infra.refresh.objects import only_listed, read_one

FEW: Final = 20
"""Up to so many machines, the details of each are read without being asked for: that takes two calls each."""


def has_details(kind: Kind, live: Live) -> bool:
    """Whether calls of its own give its times or its use."""
    return _lacks_times(kind, live) or bool(kind.market.use and kind.market.use.measured(live))


async def read_details(client: ApiClient, clock: Clock, kind: Kind, live: Live) -> tuple[Live, GpuUse | None]:
    """The object with its times, and its use, where the service tells them. What cannot be had is no failure."""
    timed, use = await together(_with_times(client, kind, live), last_use_of(client, clock, kind, live))
    return timed, use


def _lacks_times(kind: Kind, live: Live) -> bool:
    return not live.created and not only_listed(kind)


async def _with_times(client: ApiClient, kind: Kind, live: Live) -> Live:
    """A list of machines does not tell when they were made; a get does (gpu-instance-get-instance, live: createdAt)."""
    if not _lacks_times(kind, live):
        return live
    try:
        found = await read_one(client, kind, live.id)
    except ApiError:
        return live
    return replace(live, created=found.created, started=found.started, stopped=found.stopped) if found else live


async def last_use_of(
    client: ApiClient, clock: Clock, kind: Kind, live: Live, *, back: float = WINDOW
) -> GpuUse | None:
    """The last use within `back` seconds, where the kind measures it. Missing figures are no failure."""
    metrics = kind.market.use
    if metrics is None or not metrics.measured(live):
        return None
    now = clock.now()
    try:
        answer = await client.send(metrics.request(live.id, now, back))
    except ApiError:
        return None
    return metrics.read(answer, now)
