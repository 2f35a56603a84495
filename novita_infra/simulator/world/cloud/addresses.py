"""The addresses of machines and of logs that answers give, the same in both versions of the API.

The service behind the addresses of logs is `http.links`. No document describes their form: a log of a machine is at an
address with a token in it; a log of a worker is at a path that needs the API key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from novita_infra.simulator.world.engine.cloud_records import Endpoint, Instance, Worker
from novita_infra.simulator.world.engine.world import World

_HOST: Final = "gpu-instance.novita.ai"
PROGRAM_HOST: Final = ".runsync.novita.dev"
"""What the hosts of endpoints end with."""
PROGRAMS: Final = "/endpoints"
"""The path before the names of endpoints of a served simulator."""
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class MachineAccess:
    """How to reach a running machine: by SSH, web terminal and Jupyter. A text is empty where this is not possible."""

    ssh: str
    """The command."""
    password: str
    terminal: str
    """The address of the web terminal."""
    jupyter: str
    """The address of Jupyter."""
    jupyter_port: int
    """0 if the machine has no Jupyter."""


def access_of(world: World, instance: Instance) -> MachineAccess:
    """How to reach a machine, which is possible while it runs."""
    running = instance.status == "running"
    site = f"{instance.cluster}.{_HOST}"
    port = next((tool["port"] for tool in instance.tools if tool["name"] == "Jupyter"), 0)
    return MachineAccess(
        ssh=f"ssh -p {_outer_port(world, instance, 22)} root@proxy.{site}" if running else "",
        password=world.draw("password", instance.id, length=20) if running else "",
        terminal=f"https://{instance.id}-2223.{site}" if running and instance.terminal else "",
        jupyter=f"https://{instance.id}-{port}.{site}" if running and port else "",
        jupyter_port=port,
    )


def port_address(world: World, instance: Instance, port: Mapping[str, Any]) -> str:
    """The address of a port of a machine; empty before its first start."""
    if not instance.started:
        return ""
    if port["type"] == "http":
        return f"https://{instance.id}-{port['port']}.{instance.cluster}.{_HOST}"
    return f"proxy.{instance.cluster}.{_HOST}:{_outer_port(world, instance, port['port'])}"


def _outer_port(world: World, instance: Instance, port: int) -> int:
    return 30_000 + world.dice(30_000, "outer", instance.id, str(port))


def log_token(world: World, instance: Instance) -> str:
    """The token that opens the logs of a machine."""
    return world.draw("log", instance.id, length=24)


def instance_log_address(world: World, instance: Instance, *, base: str, which: str) -> str:
    """The address of one log of a machine, `instance` or `system`; `base` is scheme and host of the service."""
    return f"{base}/logs/{instance.id}/{which}?token={log_token(world, instance)}" if world.quirks.tells_logs else ""


def endpoint_url(endpoint: Endpoint, *, base: str) -> str:
    """The address of an endpoint: on the host of the service; a served simulator answers for its programs itself.

    `base` is scheme and host of the simulator. `http.links` is the service behind both forms.
    """
    name = f"{endpoint.id}-{endpoint.app_name}"
    served = urlsplit(base).hostname in _LOOPBACK
    return f"{base}{PROGRAMS}/{name}" if served else f"https://{name}{PROGRAM_HOST}"


def endpoint_log_path(world: World, endpoint: Endpoint) -> str:
    """The path of the logs of all workers of an endpoint."""
    return f"/serverless/log/{endpoint.id}" if world.quirks.tells_logs else ""


def worker_log_path(world: World, endpoint: Endpoint, worker: Worker) -> str:
    """The path of the log of one worker."""
    path = endpoint_log_path(world, endpoint)
    return path and f"{path}/{worker.id}"
