"""Reads what is free instead of stock that is not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, TypeAlias

from novita_infra.api.errors import ApiError, Refused
from novita_infra.api.protocol import ApiClient
from novita_infra.catalogue.products import MEMORY, Catalogue
from novita_infra.catalogue.stock import Stock, StockNeed
from novita_infra.kinds.kind import Kind
from novita_infra.kinds.toolkit.market import (
    alternative_parts,
    alternative_queries,
    alternatives,
    alternatives_in_words,
)
from novita_infra.model.clock import Clock
from novita_infra.model.concurrency import start_task, together
from novita_infra.model.values import Spec
from novita_infra.refresh.catalogue import read_catalogue, read_stock

_FRESH: Final = 20.0
"""Seconds for which what was read serves other creates, too: many may be refused at once."""
_NOTHING: Final = Catalogue()
_NO_STOCK: Final[Stock] = {}

_Reading: TypeAlias = "asyncio.Task[tuple[Catalogue, Stock]]"


async def read_alternatives(
    client: ApiClient, needs: Sequence[StockNeed], *, known: Catalogue = _NOTHING, stock: Stock = _NO_STOCK
) -> tuple[Catalogue, Stock]:
    """The catalogue and the stock that show what is free instead; see `kinds.toolkit.market.alternatives`.

    `known` and `stock` were read before, and are completed. Without an answer they are returned as they are.
    """
    here, anywhere = alternative_queries(needs)
    parts = {part for part in alternative_parts(needs) if not getattr(known, part)}
    if not known.lacks_memory:
        parts.discard(MEMORY)
    asks = [query for query in (*here, *anywhere) if query not in stock and not query.in_catalogue]
    try:
        read, answers = await together(read_catalogue(client, parts), read_stock(client, asks))
    except ApiError:
        return known, stock
    found = {query: products for query, products in answers.items() if not isinstance(products, Refused)}
    return known.filled_from(read), {**stock, **found}


class FreeAlternatives:
    """The alternatives to the creates of one run that were refused."""

    def __init__(self, client: ApiClient, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._readings: dict[tuple[StockNeed, ...], tuple[float, _Reading]] = {}

    async def to_spec(self, kind: Kind, spec: Spec) -> str:
        """What is free now instead of what an object of this spec needs, as lines of a manifest.

        Empty where nothing is, and where it cannot be read.
        """
        needs = kind.market.stock_needed(spec, _NOTHING) if kind.market.stock_needed else ()
        if not needs:
            return ""
        catalogue, stock = await self._read(needs)
        return alternatives_in_words(alternatives(needs, stock, catalogue), kind, catalogue)

    async def _read(self, needs: tuple[StockNeed, ...]) -> tuple[Catalogue, Stock]:
        now = self._clock.now()
        since, reading = self._readings.get(needs, (0.0, None))
        if reading is None or now - since > _FRESH:
            reading = start_task(read_alternatives(self._client, needs))
            self._readings[needs] = (now, reading)
        return await asyncio.shield(reading)
