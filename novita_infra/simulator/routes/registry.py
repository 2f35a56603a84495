"""All operations.

A new resource of the cloud is two modules, which are found by their folders: its record and its behaviour in
`world.cloud`, its operations in `routes.cloud`, and those of v2 in `routes.cloud_v2`. Scenarios, verdicts, the OpenAPI
document and `/_sim` read these.
"""

from __future__ import annotations

from typing import Final

from novita_infra.simulator.discovery import modules_of
from novita_infra.simulator.operations import Operation
from novita_infra.simulator.routes import cloud, cloud_v2
from novita_infra.simulator.routes.llm import (
    api_keys,
    batches,
    chat,
    dialects,
    embeddings,
    files,
    model_access_policies,
    models,
    tasks,
)
from novita_infra.simulator.routes.market import account, budgets, catalogue

OPERATIONS: Final[tuple[Operation, ...]] = (
    *catalogue.OPERATIONS,
    *(
        one
        for package in (cloud, cloud_v2)
        for _, module in modules_of(package)
        for one in getattr(module, "OPERATIONS", ())
    ),
    *account.OPERATIONS,
    *budgets.OPERATIONS,
    *api_keys.OPERATIONS,
    *model_access_policies.OPERATIONS,
    *models.OPERATIONS,
    *files.OPERATIONS,
    *batches.OPERATIONS,
    *chat.OPERATIONS,
    *embeddings.OPERATIONS,
    *dialects.OPERATIONS,
    *tasks.OPERATIONS,
)
"""In the order of the reference; those of the cloud in the order of their modules."""
