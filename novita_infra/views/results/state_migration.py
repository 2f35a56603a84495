"""The states that a migration moves. Pure."""

from __future__ import annotations

from typing import ClassVar

from novita_infra.model.frozen import dataclass
from novita_infra.views.content.listing import Listing, fact


@dataclass(frozen=True, slots=True)
class MigrationRow:
    """The state of one environment."""

    environment: str = fact("The environment.", title="ENVIRONMENT")
    source: str = fact("The old place.", title="FROM")
    target: str = fact("The new place.", title="TO")
    serial: int = fact("The version of the state.", title="SERIAL")
    resources: int = fact("How many resources it records.", title="RESOURCES")
    versions: int = fact("How many earlier versions go with it.", title="VERSIONS")
    journal: bool = fact("Whether the journal of a killed run goes with it.", title="JOURNAL")
    moved: bool = fact("Whether the state is in the new place now, and a note in the old one says so.", title="MOVED")


@dataclass(frozen=True, slots=True)
class StateMigration(Listing):
    """The states that are moved to another backend, as `state migrate --json` prints them."""

    name: ClassVar[str] = "state_migration"
    row: ClassVar[type] = MigrationRow
    empty: ClassVar[str] = "No state is moved."

    rows: tuple[MigrationRow, ...]
