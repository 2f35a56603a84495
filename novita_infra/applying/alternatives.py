"""What is free instead of what a create was refused, read when it was refused."""

from __future__ import annotations

import asyncio
from typing import Final, TypeAlias

from novita_infra.applying.run import Run
from novita_infra.catalogue.products import Catalogue
from novita_infra.catalogue.stock import Stock, StockNeed
from novita_infra.kinds.kind import Kind
from novita_infra.kinds.toolkit.market import alternatives, alternatives_in_words
from novita_infra.model.concurrency import start_task
from novita_infra.model.values import Spec
from novita_infra.refresh.catalogue import read_alternatives

_FRESH: Final = 20.0
"""Seconds for which what was read serves other creates, too: many may be refused at once."""

_Reading: TypeAlias = "asyncio.Task[tuple[Catalogue, Stock]]"


class FreeAlternatives:
    """The alternatives to the refused creates of one run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._readings: dict[tuple[StockNeed, ...], tuple[float, _Reading]] = {}

    async def to_spec(self, kind: Kind, spec: Spec) -> str:
        """What is free instead of what an object of this spec needs, as lines of a manifest.

        Empty where nothing is, where it cannot be read, and in a run that was asked to stop.
        """
        if kind.market.stock_needed is None or self._run.stop.is_set():
            return ""
        needs = kind.market.stock_needed(spec, Catalogue())
        if not needs:
            return ""
        catalogue, stock = await self._read(needs)
        return alternatives_in_words(alternatives(needs, stock, catalogue), kind, catalogue)

    async def _read(self, needs: tuple[StockNeed, ...]) -> tuple[Catalogue, Stock]:
        now = self._run.clock.now()
        since, reading = self._readings.get(needs, (0.0, None))
        if reading is None or now - since > _FRESH:
            reading = start_task(read_alternatives(self._run.client, needs))
            self._readings[needs] = (now, reading)
        return await asyncio.shield(reading)
