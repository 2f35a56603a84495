"""All operations, in the order of the reference.

A new resource of the cloud touches six files: its record and table in `world.engine.cloud_records`, its behaviour in
`world.cloud`, its events in `opening`, its operations in `routes.cloud` and in this module, its answers and reasons in
`answers.resources`. Scenarios, verdicts, the OpenAPI document and `/_sim` read these.
"""

from __future__ import annotations

from typing import Final

from novita_infra.simulator.operations import Operation
from novita_infra.simulator.routes.cloud import (
    endpoints,
    instances,
    jobs,
    networks,
    prewarms,
    registry_auths,
    storages,
    templates,
)
from novita_infra.simulator.routes.llm import api_keys, batches, chat, dialects, embeddings, files, models, tasks
from novita_infra.simulator.routes.market import account, catalogue

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
    *api_keys.OPERATIONS,
    *models.OPERATIONS,
    *files.OPERATIONS,
    *batches.OPERATIONS,
    *chat.OPERATIONS,
    *embeddings.OPERATIONS,
    *dialects.OPERATIONS,
    *tasks.OPERATIONS,
)
