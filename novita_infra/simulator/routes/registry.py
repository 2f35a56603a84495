"""Every operation that is served, in the order of the reference."""

from __future__ import annotations

from typing import Final

from novita_infra.simulator.operations import Operation
from novita_infra.simulator.routes import (
    account,
    batches,
    catalogue,
    chat,
    dialects,
    embeddings,
    endpoints,
    files,
    instances,
    jobs,
    keys,
    models,
    networks,
    prewarms,
    registry_auths,
    storages,
    tasks,
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
    *keys.OPERATIONS,
    *models.OPERATIONS,
    *files.OPERATIONS,
    *batches.OPERATIONS,
    *chat.OPERATIONS,
    *embeddings.OPERATIONS,
    *dialects.OPERATIONS,
    *tasks.OPERATIONS,
)
