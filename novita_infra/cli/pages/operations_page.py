"""The reference page of the operations of the API: the resource, command or lookup that reaches each.

`python -m novita_infra.cli.pages.operations_page FILE` writes it. The operations are those that the simulator serves.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from novita_infra.kinds import by_name
from novita_infra.simulator.operations import PAGES, Operation
from novita_infra.simulator.routes.registry import OPERATIONS

AS_V1: Final = "as v1: "
"""The beginning of what reaches the operation of v1 that has the same effect."""
LOOKUP: Final = "lookup "
"""The beginning of a lookup."""

REACHED: Final[Mapping[str, tuple[str, ...]]] = {
    "clusters.list": ("clusters", "offers", "lookup cluster"),
    "products.list": ("offers", "products", "lookup product"),
    "cpu_products.list": ("offers", "products", "lookup product"),
    "products_v2.*": ("offers", "products", "lookup product"),
    "regions_v2.*": (f"{AS_V1}clusters", f"{AS_V1}lookup cluster"),
    "endpoints_v2.list": ("v2", "ps", "orphans"),
    "instances_v2.list": ("v2", "ps", "orphans", "sweep"),
    "instances_v2.get": ("instance web-terminal",),
    "instances_v2.set_web_terminal": ("instance web-terminal",),
    "jobs_v2.list": ("v2",),
    "jobs_v2.get": ("job break",),
    "networks_v2.list": ("v2", "orphans"),
    "prewarms_v2.list": ("v2", "orphans"),
    "prewarms_v2.*": (f"{AS_V1}ImagePrewarm",),
    "templates_v2.list": ("v2", "orphans"),
    "endpoints.limit": ("quota",),
    "endpoints.list": ("Endpoint", "ps"),
    "endpoints.*": ("Endpoint",),
    "instances.restart": ("instance restart",),
    "instances.migrate": ("instance migrate",),
    "instances.start": ("Instance", "instance start"),
    "instances.stop": ("Instance", "instance stop"),
    "instances.renew": ("Instance", "instance renew"),
    "instances.metrics": ("metrics", "idle"),
    "instances.list": ("Instance", "ps", "sweep"),
    "instances.get": ("Instance", "logs", "ssh"),
    "instances.*": ("Instance",),
    "jobs.save_image": ("SavedImage", "instance save-image"),
    "jobs.list": ("jobs",),
    "jobs.break": ("job break",),
    "jobs_v2.stop": ("job break",),
    "images_v2.list": ("images list",),
    "images_v2.delete": ("images delete",),
    "networks.list": ("VPC", "lookup vpc"),
    "networks.*": ("VPC",),
    "prewarms.quota": ("quota",),
    "prewarms.*": ("ImagePrewarm",),
    "queues.run": ("endpoint run",),
    "queues.status": ("endpoint status", "endpoint run"),
    "queues.cancel": ("endpoint cancel",),
    "queues.health": ("endpoint health",),
    "queues.purge": ("endpoint purge",),
    "registry_auths.list": ("RegistryAuth", "lookup registryAuth"),
    "registry_auths.*": ("RegistryAuth",),
    "storages.list": ("NetworkStorage", "lookup networkStorage"),
    "storages.*": ("NetworkStorage",),
    "templates.list": ("Template", "templates", "lookup template"),
    "templates.get": ("Template", "templates"),
    "templates.*": ("Template",),
    "account.balance": ("balance",),
    "account.user": ("api",),
    "account.usage_bills": ("billing usage", "spend"),
    "account.fixed_bills": ("billing fixed-term",),
    "account.monthly_bill": ("billing monthly",),
    "account.key_bills": ("billing keys",),
    "account.transactions": ("billing transactions",),
    "account.quotas": ("quota",),
    "budgets.members": ("budgets list",),
    "budgets.keys": ("budgets list",),
    "budgets.set_member": ("budgets set",),
    "budgets.set_key": ("budgets set",),
    "budgets.*": ("budgets check",),
    "keys.list": ("keys", "whoami", "ModelAccessPolicy"),
    "model_access_policies.*": ("ModelAccessPolicy", "keys"),
    "models.*": ("models", "lookup llmModel"),
    "image_models.*": ("image-models",),
    "chat.*": ("chat",),
    "completions.*": ("complete",),
    "embeddings.*": ("embed",),
    "rerank.*": ("rerank",),
    "responses.*": ("api",),
    "messages.*": ("api",),
    "tasks.submit": ("task submit",),
    "tasks.result": ("task get", "task wait", "webhook listen"),
    "files.upload": ("files upload",),
    "files.list": ("files list",),
    "files.get": ("files get",),
    "files.content": ("files content",),
    "files.delete": ("files delete",),
    "batches.create": ("Batch",),
    "batches.list": ("Batch", "batches list"),
    "batches.get": ("Batch", "batches get", "batches results"),
    "batches.cancel": ("Batch", "batches cancel"),
}
"""By operation, or by `GROUP.*` for the others of a group: kinds, commands and lookups."""

_HEAD: Final = """\
# Operations

Generated from the code by `make schemas`. Each operation of the API, and what reaches it: a [kind](index.md#the-kinds)
of resource, a [command](commands.md) or a [lookup](lookups.md). `api` stands where a command would add nothing: the two
other dialects of chat are for programs that speak them. Many operations of `/gpus/v2` do what one of v1 does, which is
used here instead: *as v1* is what reaches that one. `novita-infra api METHOD PATH` makes
[any call](commands.md#novita-infra-api) beside these.
"""


def reached_by(operation: str) -> tuple[str, ...]:
    """The kinds, commands and lookups that reach an operation. Raises KeyError for an unknown one."""
    others = f"{operation.partition('.')[0]}.*"
    counterpart = _COUNTERPARTS.get(operation)
    if counterpart is None:
        return REACHED[operation] if operation in REACHED else REACHED[others]
    return (*REACHED.get(operation, ()), *(f"{AS_V1}{word}" for word in reached_by(counterpart)))


_COUNTERPARTS: Final = {one.name: one.counterpart for one in OPERATIONS if one.counterpart}
"""By operation of v2: that of v1 with the same effect."""


def operations_table(operations: Sequence[Operation]) -> str:
    """The page as Markdown, one table for each group."""
    return "\n".join(_table_lines(operations)).rstrip() + "\n"


def _table_lines(operations: Sequence[Operation]) -> Iterator[str]:
    yield _HEAD
    for group, members in groupby(operations, lambda operation: operation.name.partition(".")[0]):
        yield f"## {group}\n\n| Method | Path | Source | Reached by |\n| --- | --- | --- | --- |"
        for one in members:
            words = ", ".join(map(_linked, reached_by(one.name)))
            yield f"| {one.method} | `{one.path}` | [{one.source}]({PAGES}{one.source}) | {words} |"
        yield ""


def _linked(reach: str) -> str:
    if reach.startswith(AS_V1):
        return f"{AS_V1}{_linked(reach.removeprefix(AS_V1))}"
    if reach.startswith(LOOKUP):
        return f"[{LOOKUP}`{reach.removeprefix(LOOKUP)}`](lookups.md)"
    if kind := by_name(reach):
        return f"[`{reach}`]({kind.type}.md)"
    return f"[`{reach}`](commands.md#novita-infra-{reach.replace(' ', '-')})"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(operations_table(OPERATIONS), encoding="utf-8")
