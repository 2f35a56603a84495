"""A journal that keeps nothing, for a run whose objects are not recorded in any state."""

from __future__ import annotations

from collections.abc import Mapping

from novita_infra.model.addresses import Address
from novita_infra.model.records import Record
from novita_infra.model.values import Value
from novita_infra.state.state import UsedPlan


class NullJournal:
    """Implements Journal; every method returns at once."""

    async def put(self, record: Record, event: str) -> None:
        """Keeps nothing."""

    async def drop(self, address: Address, event: str) -> None:
        """Keeps nothing."""

    async def snapshot(self, name: str, ids: tuple[str, ...]) -> None:
        """Keeps nothing."""

    async def roll(self, members: Mapping[Address, float | None]) -> None:
        """Keeps nothing."""

    async def use_plan(self, plan: UsedPlan) -> None:
        """Keeps nothing."""

    def note(self, note: Mapping[str, Value]) -> None:
        """Keeps nothing."""

    async def write_notes(self) -> None:
        """Keeps nothing."""
