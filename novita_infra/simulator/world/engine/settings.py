"""The settings of a world: quotas, limits and durations. Seconds are simulated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DAY: Final = 86_400
MONTH: Final = 30 * DAY
"""A month that a machine buys, in seconds."""
UNPULLABLE: Final = "does-not-exist"
"""An image whose name holds these words cannot be pulled; a task whose request holds them fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of the account. Figures of the reference are used where it has them."""

    prewarm_tasks: int = 5
    """The number of prewarm tasks (gpu-image-prewarm)."""
    prewarm_gb: int = 100
    storage_gb: int = 10_240
    """The largest network storage in GB. The reference says only that the account has a limit."""
    networks: int = 50
    instances: int = 100_000
    balance: int = 10_000_000_000
    """The top-up of a new account, in 1/100000 USD."""
    stock_scale: float = 1.0
    """Multiplies the stock of every product in every cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """The durations of the steps of lifecycles, in simulated seconds."""

    pending: float = 1
    to_create: float = 1
    creating: float = 5
    pull: tuple[int, int] = (20, 60)
    pull_prewarmed: float = 3
    cold_start: float = 0
    """The pull of the largest image (25 GB) by a worker of an endpoint, whose other images take less by their sizes.
    No worker pulls faster than a machine."""
    pull_trouble: float = 10
    """Until an image that cannot be pulled is reported."""
    turning: float = 1
    """In a `to...` status."""
    starting: float = 6
    stopping: float = 5
    restarting: float = 6
    resetting: float = 5
    migrating: float = 45
    freezing: float = 60
    spot_notice: float = 120
    """Between the notice and the reclaim of a spot machine."""
    removing: float = 4
    removed: float = 5
    """How long a removed object can still be read."""
    network: float = 3
    prewarm_wait: float = 2
    scaling: float = 8
    """The start of a worker, without the pull."""
    endpoint_removing: float = 6
    worker_kept: float = 600
    """How long a removed worker remains in the answers."""
    storage_kept: float = 3 * DAY
    """How long an account in arrears keeps its storages."""
    data_kept: float = 7 * DAY
    """How long an expired machine is kept (`keepDataDay`)."""
    job_wait: float = 2
    saving: float = 30
    job_kept: float = 30 * DAY
    """How long the lists show a job that is over. No page says it."""
    input_kept: float = 15 * DAY
    """How long an uploaded file is kept (llm-batch-api)."""
    output_kept: float = 30 * DAY
    """How long the files of a batch are kept after its end (llm-batch-api)."""
    batch_window: float = 2 * DAY
    validating: float = 5
    batch_line: float = 0.2
    """The duration of each request of a batch. They are answered one after the other."""
    finalizing: float = 2
    cancelling: float = 3
    task_wait: float = 2
    picture: tuple[int, int] = (5, 15)
    clip: tuple[int, int] = (40, 120)
    """The generation of a picture, and that of a video or of sound."""
    task_kept: float = 7 * DAY
    """How long a finished task can be read."""
    link_kept: float = 3600
    """How long the address of a result can be read (model-apis-task-result: `image_url_ttl`)."""
    webhook_waits: tuple[float, ...] = (10, 20, 40, 80, 160)
    """Before each retry of a webhook. There are five (model-apis-webhook); their spacing is not documented."""
