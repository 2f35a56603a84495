"""Machines that run and whose GPUs rest, with the command that stops them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import ClassVar, Final

from novita_infra.catalogue.prices import Amount, usd
from novita_infra.model.durations import in_words
from novita_infra.model.frozen import dataclass
from novita_infra.planning.priced import RentedMachine
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Listing, cell, fact
from novita_infra.views.results.machines.cells import MeasuredUse, counted, measured_use, price_cell, sum_text

_HOUR: Final = 3600
_NAMED: Final = 5
"""So many machines without figures are named."""


@dataclass(frozen=True, slots=True)
class IdleRow:
    """A machine that runs and whose GPUs rest."""

    title: str = cell("NAME")
    address: str | None = fact("The address, with the environment where several are meant; null where no state has it.")
    kind: str = fact("The type of the resource, as in an address.")
    id: str = fact("The id of the object.")
    name: str = fact("The name of the object in the account.")
    product: str = fact("What is rented; empty if not known.", title="PRODUCT")
    price: str = cell("PER HOUR")
    per_hour: Amount = fact("The known part of the price of an hour.")
    price_unknown: tuple[str, ...] = fact("What has no known price.")
    gpu_use: MeasuredUse | None = fact("The use of the GPUs.")
    idle_seconds: int = fact("For how long the GPUs rest; at least so long where no use was measured.")
    rests: str = cell("RESTS SINCE")
    paid: Fraction = fact("What that time has cost, in USD, at the price of now.")
    cost: str = cell("PAID FOR NOTHING")


@dataclass(frozen=True, slots=True)
class IdleListing(Listing):
    """The machines that run and whose GPUs rest, as `idle --json` prints them."""

    name: ClassVar[str] = "idle"
    row: ClassVar[type] = IdleRow
    empty: ClassVar[str] = "No GPU rests."

    rows: tuple[IdleRow, ...]
    command: str = ""
    """The command that stops them all."""
    unmeasured: tuple[str, ...] = ()
    """The machines without figures, as a table calls them."""

    def lines(self) -> Iterator[Line]:
        """The table; which machines have no figures."""
        yield from Listing.lines(self)
        if self.unmeasured:
            verb = "has" if len(self.unmeasured) == 1 else "have"
            named = ", ".join(self.unmeasured[:_NAMED])
            more = f" and {counted(len(self.unmeasured) - _NAMED, 'other')}" if len(self.unmeasured) > _NAMED else ""
            yield line(f"{counted(len(self.unmeasured), 'machine')} {verb} no figures for so long: {named}{more}.")

    def closing(self) -> Iterator[Line]:
        yield line()
        prices = ((row.per_hour, bool(row.price_unknown)) for row in self.rows)
        yield line((sum_text(counted(len(self.rows), "machine"), prices), Tone.STRONG))
        yield line("To stop: ", (self.command, Tone.STRONG))


def idle_listing(
    machines: Iterable[RentedMachine],
    *,
    now: float,
    command: str = "",
    unmeasured: Iterable[RentedMachine] = (),
) -> IdleListing:
    """The machines in their order. `now` is in Unix seconds; `command` stops them."""
    return IdleListing(tuple(_row(item, now) for item in machines), command, tuple(item.title for item in unmeasured))


def _row(item: RentedMachine, now: float) -> IdleRow:
    use = item.use
    seconds = max(0, round(now - (use.last or use.since))) if use else 0
    paid = item.per_hour.most * seconds / _HOUR
    return IdleRow(
        title=item.title,
        address=item.address or None,
        kind=item.kind,
        id=item.live.id,
        name=item.live.name,
        product=item.product,
        price=price_cell(item),
        per_hour=item.per_hour,
        price_unknown=item.unknown,
        gpu_use=measured_use(item),
        idle_seconds=seconds,
        rests=in_words(seconds) if use and use.last else f"{in_words(seconds)} or more",
        paid=paid,
        cost=usd(paid, digits=2),
    )
