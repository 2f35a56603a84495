"""`endpoint`: the group of the commands about the queues of asynchronous endpoints."""

from __future__ import annotations

import click

from novita_infra.cli.lazy import LazyGroup

SUMMARY = "Run jobs on asynchronous endpoints, and look at their queues"


@click.group(
    "endpoint",
    cls=LazyGroup,
    table={
        "Jobs": {
            "run": (f"{__package__}.jobs:run_one", "Add a job to the queue"),
            "status": (f"{__package__}.jobs:show_one", "Show a job, and its output"),
            "cancel": (f"{__package__}.jobs:cancel_one", "Cancel a job"),
        },
        "Queues": {
            "health": (f"{__package__}.jobs:show_health", "Show the numbers of jobs and workers"),
            "purge": (f"{__package__}.jobs:purge_one", "Remove all jobs that wait"),
        },
    },
)
def endpoint() -> None:
    """The queue of an asynchronous endpoint: a job waits for a worker, and its result is kept for six hours.

    A synchronous endpoint has no queue: `chat` asks it, and `output` shows its URL.

    \b
    Examples:
      novita-infra endpoint run endpoint.render --data @job.json --wait
      novita-infra endpoint health endpoint.render
    """
