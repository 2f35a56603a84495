"""The running costs of everything that is live on the account, at today's prices. One list is read for each kind."""

from __future__ import annotations

from novita_infra.catalogue.prices import Cost, PriceList
from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Kind
from novita_infra.model.concurrency import together
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import PRESENT, Live
from novita_infra.operations.account.view import AccountView
from novita_infra.refresh.catalogue import read_price_list
from novita_infra.refresh.objects import read_all


@dataclass(frozen=True, slots=True)
class PricedObject:
    """A live object with its running costs."""

    kind: Kind
    live: Live
    costs: tuple[Cost, ...]


@dataclass(frozen=True, slots=True)
class LiveCosts:
    """What the live objects of the account cost."""

    objects: tuple[PricedObject, ...]
    unlisted: tuple[str, ...]
    """The types of which the API answered without a list: nobody knows what there is."""

    @property
    def costs(self) -> tuple[Cost, ...]:
        """The costs of all."""
        return tuple(cost for item in self.objects for cost in item.costs)


def live_costs(kind: Kind, live: Live, prices: PriceList) -> tuple[Cost, ...]:
    """What a live object costs now: an endpoint by the workers that it has, not by those that it may have."""
    spec = kind.machine.charged(live) if kind.machine else live.values
    return kind.market.costs(spec, prices) if kind.market.costs else ()


async def read_live_costs(view: AccountView) -> LiveCosts:
    """The live objects of every kind that costs something. A price that cannot be read is unknown. Raises ApiError."""
    kinds = [kind for kind in KINDS.values() if kind.market.costs]
    lists = await together(*(read_all(view.client, kind) for kind in kinds))
    prices = await read_price_list(view.client, (kind for kind, lives in zip(kinds, lists, strict=True) if lives))
    return LiveCosts(
        tuple(
            PricedObject(kind, live, live_costs(kind, live, prices))
            for kind, lives in zip(kinds, lists, strict=True)
            for live in lives.values()
            if live.phase in PRESENT
        ),
        tuple(kind.type for kind, lives in zip(kinds, lists, strict=True) if not lives.is_certain),
    )
