"""Every operation that is served, in the order of the reference."""

from __future__ import annotations

from typing import Final

from novita_infra.simulator.operations import Operation
from novita_infra.simulator.routes import (
    account,
    catalogue,
    endpoints,
    instances,
    jobs,
    networks,
    prewarms,
    registry_auths,
    storages,
    templates,
)

OPERATIONS: Final[tuple[Operation, ...]] = (
    *catalogue.OPERATIONS,
    *instances.OPERATIONS,
    *jobs.OPERATIONS,
    *templates.OPERATIONS,
    *storages.OPERATIONS,
    *prewarms.OPERATIONS,
    *networks.OPERATIONS,
    *registry_auths.OPERATIONS,
    *endpoints.OPERATIONS,
    *account.OPERATIONS,
)
