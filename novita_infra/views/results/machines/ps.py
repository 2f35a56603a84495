"""The machines of an account: what runs, what it costs, why something does not run. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from novita_infra.catalogue.prices import Amount
from novita_infra.model.durations import in_words
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Phase
from novita_infra.planning.priced import RentedMachine
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Listing, cell, fact
from novita_infra.views.results.machines.cells import (
    MeasuredUse,
    counted,
    measured_use,
    price_cell,
    sum_text,
    time_or_none,
    use_cell,
)


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker of an endpoint."""

    id: str = fact("The id of the worker.")
    status: str = fact("The status, as the API words it.")
    ready: bool = fact("Whether it answers requests.")
    trouble: str | None = fact("What is wrong with it, as the API words it; null for nothing.")


@dataclass(frozen=True, slots=True)
class ListedMachine:
    """What a machine is, and where."""

    title: str = cell("NAME")
    address: str | None = fact("The address, with the environment where several are meant; null where no state has it.")
    environment: str | None = fact("The environment of the state that records it; null where none does.")
    kind: str = fact("The type of the resource, as in an address.")
    id: str = fact("The id of the object.")
    name: str = fact("The name of the object in the account.")
    phase: Phase = fact("What the status means.", title="PHASE")
    status: str = fact("The status, as the API words it.", title="STATUS")
    place: str = fact("Where it is: the name of the cluster, else its id; empty if not known.", title="WHERE")
    product: str = fact("What is rented; empty if not known.", title="PRODUCT")


@dataclass(frozen=True, slots=True)
class MachineRow(ListedMachine):
    """An object that runs programs."""

    price: str = cell("PER HOUR")
    per_hour: Amount = fact("The known part of the price of an hour, as it is now.")
    price_unknown: tuple[str, ...] = fact("What has no known price.")
    details_read: bool = fact(
        "Whether what `--details` reads is read; if not, a null of `created`, `started` or `gpu_use` says nothing."
    )
    created: str | None = fact("When it was created, in UTC; null if it is not known, or not read.")
    started: str | None = fact("When it last started, in UTC; null if it is not known, or not read.")
    stopped: str | None = fact("When it last stopped, in UTC; null if it never did, is not known, or not read.")
    uptime_seconds: int | None = fact("For how long it runs; null if it does not, is not known, or not read.")
    up: str = cell("UP")
    gpu_use: MeasuredUse | None = fact("The use of the GPUs; null where nothing is measured, or not read.")
    last_use: str = cell("LAST GPU USE")
    workers: tuple[WorkerRow, ...] = fact("The workers of an endpoint.")
    reason: str | None = fact("Why it does not run, or what is wrong with it; null for nothing.")
    note: str = cell("NOTE")


@dataclass(frozen=True, slots=True)
class MachineListing(Listing):
    """The objects of an account that run programs, as `ps --json` prints them."""

    name: ClassVar[str] = "ps"
    row: ClassVar[type] = MachineRow
    empty: ClassVar[str] = "Nothing runs in this account."

    rows: tuple[MachineRow, ...]
    hidden: int = 0
    """How many that do not run are left out."""

    def table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """The rows; below an endpoint its workers."""
        heads, cells = Listing.table(self)
        lines = []
        for row, shown in zip(self.rows, cells, strict=True):
            lines.append(shown)
            for worker in row.workers:
                texts = {"NAME": f"  {worker.id}", "PHASE": "ready" if worker.ready else "-", "STATUS": worker.status}
                lines.append(tuple({**texts, "NOTE": worker.trouble or ""}.get(head, "") for head in heads))
        return heads, lines

    def lines(self) -> Iterator[Line]:
        """The table; how many are not shown."""
        yield from Listing.lines(self)
        if not self.rows:
            yield from self._hidden()

    def closing(self) -> Iterator[Line]:
        yield line()
        prices = ((row.per_hour, bool(row.price_unknown)) for row in self.rows)
        yield line((sum_text(counted(len(self.rows), "object"), prices), Tone.STRONG))
        yield from self._hidden()

    def _hidden(self) -> Iterator[Line]:
        if self.hidden:
            verb = "does not run and is" if self.hidden == 1 else "do not run and are"
            yield line(f"{counted(self.hidden, 'object')} {verb} not shown: --all shows why.")


def machine_listing(machines: Iterable[RentedMachine], *, now: float, hidden: int = 0) -> MachineListing:
    """The machines in their order. `now` is in Unix seconds; `hidden` is how many are left out."""
    return MachineListing(tuple(_row(item, now) for item in machines), hidden)


def _row(item: RentedMachine, now: float) -> MachineRow:
    live = item.live
    since = live.started or live.created
    uptime = max(0, round(now - since)) if live.phase is Phase.READY and since else None
    return MachineRow(
        title=item.title,
        address=item.address or None,
        environment=item.environment or None,
        kind=item.kind,
        id=live.id,
        name=live.name,
        phase=live.phase,
        status=live.status,
        place=item.place,
        product=item.product,
        price="-" if live.phase is Phase.GONE else price_cell(item),
        per_hour=item.per_hour,
        price_unknown=item.unknown,
        details_read=not item.unread,
        created=time_or_none(live.created),
        started=time_or_none(live.started),
        stopped=time_or_none(live.stopped),
        uptime_seconds=uptime,
        up=in_words(uptime)
        if uptime is not None
        else ("not read" if item.unread and live.phase is Phase.READY else "-"),
        gpu_use=measured_use(item),
        last_use=use_cell(item, now),
        workers=tuple(WorkerRow(it.id, it.status, it.ready, it.trouble or None) for it in live.workers),
        reason=item.reason or None,
        note=_note(item, now),
    )


def _note(item: RentedMachine, now: float) -> str:
    stopped = item.live.stopped if item.live.phase is Phase.STOPPED else 0
    ago = f"{in_words(max(0.0, now - stopped))} ago: " if stopped and item.reason else ""
    return ago + item.reason
