"""The logs of machines and workers. They are generated from the records at each read; nothing is stored."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from novita_infra.simulator.world.cloud.instances import UNBORN
from novita_infra.simulator.world.cloud.lifecycles import exit_code, image_bytes
from novita_infra.simulator.world.engine.cloud_records import Endpoint, Instance, Worker
from novita_infra.simulator.world.engine.world import World

_PRINTS_ENV: Final = re.compile(r"(?:^|[\s;&|'\"])(?:print)?env(?:$|[\s;&|'\"])")


def system_log(world: World, instance: Instance) -> list[str]:
    """The lines about the start of the container."""
    if instance.status in UNBORN:
        return [f"instance {instance.id} waits for its node"]
    node = f"instance {instance.id} is on node {instance.node}"
    pulled = instance.status not in {"pulling", "toReset", "resetting"}
    return [node, *_bringing_up(world, instance.image, instance.error, pulled=pulled), *_last_word(instance)]


def program_log(instance: Instance) -> list[str]:
    """The lines of the program in the container."""
    if not instance.started and instance.error != "ContainerExited":
        return []
    ports = [int(port["port"]) for port in instance.ports]
    return list(_program((instance.entrypoint, instance.command), instance.envs, ports))


def worker_log(world: World, endpoint: Endpoint, worker: Worker) -> list[str]:
    """Both logs of a worker in one, as JSON lines."""
    pulled = worker.ready > 0 or worker.error == "ContainerExited"
    lines = list(_bringing_up(world, endpoint.image, worker.error, pulled=pulled))
    if pulled:
        lines += _program((endpoint.entrypoint, endpoint.command), endpoint.envs, [endpoint.port])
    at = datetime.fromtimestamp(worker.created, UTC).isoformat()
    level = "error" if worker.error else "info"
    return [json.dumps({"time": at, "level": level, "worker": worker.id, "msg": line}) for line in lines]


def _bringing_up(world: World, image: str, error: str, *, pulled: bool) -> Iterator[str]:
    yield f"Pulling image {image}"
    if error == "ImagePullFailed":
        yield f"Failed to pull image {image}: manifest unknown"
        yield "Back-off: the pull is not tried again"
    elif pulled:
        yield f"Pulled image {image} ({image_bytes(world, image) / 10**9:.1f} GB)"
        yield "Container started"
    else:
        yield "\rlayers: 1 of 7\rlayers: 3 of 7"


def _last_word(instance: Instance) -> list[str]:
    return [f"Stopped: {instance.error_text}"] if instance.error and instance.error != "ImagePullFailed" else []


def _program(commands: Sequence[str], envs: list[dict[str, str]], ports: list[int]) -> Iterator[str]:
    """The command; its environment if it prints it; then its exit, or the port on which it listens."""
    command = " ".join(filter(None, commands))
    yield f"+ {command}" if command else "the image's own program begins"
    if _PRINTS_ENV.search(command):
        yield from (f"{env['key']}={env['value']}" for env in envs)
    code = exit_code(*commands)
    if code:
        yield f"the program ended with exit code {code}"
        return
    yield from (f"listening on 0.0.0.0:{port}" for port in ports)
