"""The resources of an account: their records by table, and the functions that handle their events.

A module of `world.cloud` or `world.llm` has the name of its table. It handles the events of its records in `on_event`,
and gives the class of a record of its own as `RECORD`. The records that several packages read are in
`engine.cloud_records`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from novita_infra.simulator.discovery import modules_of
from novita_infra.simulator.world import cloud, llm
from novita_infra.simulator.world.engine.cloud_records import CLOUD_RECORDS
from novita_infra.simulator.world.engine.records import WorldRecord
from novita_infra.simulator.world.engine.world import OnEvent

_MODULES: Final = {**dict(modules_of(cloud)), **dict(modules_of(llm))}

OWN_RECORDS: Final[Mapping[str, type[WorldRecord]]] = {
    name: module.RECORD for name, module in _MODULES.items() if hasattr(module, "RECORD")
}
"""The records that stand in these modules, by the names of their tables."""

RECORDS: Final[Mapping[str, type[WorldRecord]]] = {**CLOUD_RECORDS, **OWN_RECORDS}
"""All records of resources by the names of their tables. Scenarios can name them and verdicts look at them."""

ON_EVENT: Final[Mapping[str, OnEvent]] = {
    name: module.on_event for name, module in _MODULES.items() if name in RECORDS and hasattr(module, "on_event")
}
"""The functions that handle the events of these records, by table."""
