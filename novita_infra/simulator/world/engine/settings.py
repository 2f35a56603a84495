"""The numbers of this world: quotas, limits and how long things take. Seconds are simulated ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DAY: Final = 86_400
MONTH: Final = 30 * DAY
"""A month that was bought, in seconds."""
UNPULLABLE: Final = "does-not-exist"
"""An image whose name holds these words cannot be pulled; a task whose request holds them fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the account may have. Where the reference gives a figure it stands here."""

    prewarm_tasks: int = 5
    """Prewarm tasks that may exist (gpu-image-prewarm)."""
    prewarm_gb: int = 100
    storage_gb: int = 10_240
    """The largest network storage; the reference only says that the account has one."""
    networks: int = 50
    instances: int = 100_000
    balance: int = 10_000_000_000
    """What a new account has been topped up with, in 1/100000 USD."""
    stock_scale: float = 1.0
    """Multiplies what every product has free in every cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """How long the steps of a life take."""

    pending: float = 1
    to_create: float = 1
    creating: float = 5
    pull: tuple[int, int] = (20, 60)
    pull_prewarmed: float = 3
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
    """A worker's start besides the pull."""
    endpoint_removing: float = 6
    worker_kept: float = 600
    """How long a removed worker stays in the answers."""
    storage_kept: float = 3 * DAY
    """How long an account in arrears keeps its storages."""
    data_kept: float = 7 * DAY
    """How long a machine that has expired is kept (`keepDataDay`)."""
    job_wait: float = 2
    saving: float = 30
    input_kept: float = 15 * DAY
    """How long an uploaded file is kept (llm-batch-api)."""
    output_kept: float = 30 * DAY
    """How long the files of a batch are kept after its end (llm-batch-api)."""
    batch_window: float = 2 * DAY
    validating: float = 5
    batch_line: float = 0.2
    """What every request of a batch takes; they are answered one after the other."""
    finalizing: float = 2
    cancelling: float = 3
    task_wait: float = 2
    picture: tuple[int, int] = (5, 15)
    clip: tuple[int, int] = (40, 120)
    """How long the making of a picture, of a video or of sound takes."""
    task_kept: float = 7 * DAY
    """How long a finished task can be asked for."""
    webhook_waits: tuple[float, ...] = (10, 20, 40, 80, 160)
    """Before each retry of a webhook; there are five (model-apis-webhook), their spacing is not documented."""
