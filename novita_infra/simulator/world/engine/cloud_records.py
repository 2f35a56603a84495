"""The records of what is rented and set up: machines, endpoints, and what they need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from novita_infra.simulator.world.engine.records import Record


@dataclass(slots=True, kw_only=True)
class Instance(Record):
    """A machine."""

    name: str
    kind: str
    product: str
    gpus: int
    cluster: str
    image: str
    auth: str = ""
    login: str = ""
    """The `username:password` that came with the create; no answer shows it."""
    command: str = ""
    entrypoint: str = ""
    envs: list[dict[str, str]] = field(default_factory=list)
    ports: list[dict[str, Any]] = field(default_factory=list)
    tools: list[dict[str, Any]] = field(default_factory=list)
    rootfs: int = 0
    local: str = ""
    mounts: list[dict[str, str]] = field(default_factory=list)
    """`id` and `path` of the mounted network storages."""
    network: str = ""
    ip: str = ""
    billing: str = "onDemand"
    ends: int = -1
    """Unix seconds at which a monthly machine ends; -1 for pay as you go."""
    renews: int = 0
    """Months of every automatic renewal; 0 is off."""
    migrates: bool = False
    migrates_disk: bool = False
    cuda: str = ""
    status: str = "pending"
    error: str = ""
    error_text: str = ""
    spot: str = ""
    reclaim: int = 0
    started: float = 0.0
    stopped: float = 0.0
    holds: bool = False
    """Whether it holds its place in the stock."""
    node: int = 0
    container: int = 1
    """Counts the containers it has had: an upgrade without `save` and a migration begin a new one."""
    used_gb: int = 0
    """What its container has written to the system disk."""
    meter: str = ""
    idle: float = 0.0
    """Since when its GPUs have nothing to do, in Unix seconds; 0 for busy ones."""
    disk_meter: str = ""
    """Of what its system disk has beyond the free GB."""


@dataclass(slots=True, kw_only=True)
class Template(Record):
    """A recipe for instances."""

    name: str
    image: str
    readme: str = ""
    type: str = "instance"
    channel: str = "private"
    auth: str = ""
    rootfs: int = 0
    ports: list[dict[str, Any]] = field(default_factory=list)
    envs: list[dict[str, str]] = field(default_factory=list)
    tools: list[dict[str, Any]] = field(default_factory=list)
    cards: list[dict[str, str]] = field(default_factory=list)
    command: str = ""
    entrypoint: str = ""
    cuda: str = ""
    owner: str = ""


@dataclass(slots=True, kw_only=True)
class Storage(Record):
    """A network volume."""

    name: str
    size: int
    cluster: str
    meter: str = ""


@dataclass(slots=True, kw_only=True)
class Network(Record):
    """A private network."""

    name: str
    cluster: str
    segment: str
    state: str = "creating"
    error: str = ""
    next_ip: int = 2


@dataclass(slots=True, kw_only=True)
class RegistryAuth(Record):
    """A credential of a container registry."""

    name: str
    username: str
    password: str


@dataclass(slots=True, kw_only=True)
class Prewarm(Record):
    """A task that brings an image to a cluster."""

    image: str
    cluster: str
    auth: str = ""
    products: list[str] = field(default_factory=list)
    note: str = ""
    size: int = 0
    state: str = "Pending"
    reasons: list[str] = field(default_factory=list)
    done: int = 0


@dataclass(slots=True, kw_only=True)
class Worker:
    """A container of an endpoint."""

    id: str
    generation: int
    gpus: int = 0
    state: str = "creating"
    error: str = ""
    message: str = ""
    healthy: bool = False
    created: int = 0
    ready: int = 0
    deleted: int = 0
    meter: str = ""


@dataclass(slots=True, kw_only=True)
class Endpoint(Record):
    """A pool of workers behind one URL."""

    name: str
    app_name: str
    product: str
    workers_min: int
    workers_max: int
    free_timeout: int
    concurrency: int
    gpus: int
    request_timeout: int
    cuda: str
    port: int
    policy: str
    policy_value: int
    image: str
    auth: str
    command: str
    rootfs: int
    mounts: list[dict[str, Any]]
    cluster: str
    envs: list[dict[str, str]]
    health: str
    state: str = "creating"
    error: str = ""
    message: str = ""
    updated: float = 0.0
    generation: int = 1
    workers: list[Worker] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Job(Record):
    """Work on an instance: an image being saved, a migration."""

    type: str
    instance: str
    state: str
    image: str = ""
    auth: str = ""
    error: str = ""
    message: str = ""
