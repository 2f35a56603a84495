"""The addresses of logs that answers give; the service behind them is `http.logs`. No document tells their form.

A log of a machine is at an address with a token in it; a log of a worker is at a path that needs the API key.
"""

from __future__ import annotations

from novita_infra.simulator.world.engine.cloud_records import Endpoint, Instance, Worker
from novita_infra.simulator.world.engine.world import World


def log_token(world: World, instance: Instance) -> str:
    """The token that opens the logs of a machine."""
    return world.draw("log", instance.id, length=24)


def instance_log_address(world: World, instance: Instance, *, base: str, which: str) -> str:
    """The address of one log of a machine, `instance` or `system`; `base` is scheme and host of the service."""
    return f"{base}/logs/{instance.id}/{which}?token={log_token(world, instance)}" if world.quirks.tells_logs else ""


def endpoint_log_path(world: World, endpoint: Endpoint) -> str:
    """The path of the logs of all workers of an endpoint."""
    return f"/serverless/log/{endpoint.id}" if world.quirks.tells_logs else ""


def worker_log_path(world: World, endpoint: Endpoint, worker: Worker) -> str:
    """The path of the log of one worker."""
    path = endpoint_log_path(world, endpoint)
    return path and f"{path}/{worker.id}"
