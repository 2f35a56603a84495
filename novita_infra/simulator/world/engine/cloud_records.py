"""The records of what an account rents and configures: machines, endpoints, and what these use.

A new resource has its record in its own module of `world.cloud`; see `world.resources`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Final

from novita_infra.simulator.answer_schema import COUNT, PAIR, TEXT, WHOLE, choice, items, obj
from novita_infra.simulator.request_schema import ENVS, PORT, Fields, Items, Text, Whole, may, need, should
from novita_infra.simulator.world.engine.api_fields import ApiFields, api_field
from novita_infra.simulator.world.engine.records import WorldRecord
from novita_infra.simulator.world.engine.tables import NewTable

_NAME: Final = Text(0, 255)
_IMAGE: Final = Text(1, 500)
_COMMAND: Final = Text(0, 2047)


@dataclass(slots=True, kw_only=True)
class Instance(WorldRecord):
    """A machine."""

    LABEL: ClassVar[str] = "name"
    LOOKS: ClassVar[tuple[str, ...]] = ("kind", "product", "gpus", "cluster", "image", "rootfs", "billing")

    name: str = api_field("name", create=may(_NAME, ""), answer=TEXT)
    product: str = api_field("productId", create=need(Text(1, 255)), answer=TEXT)
    gpus: int
    image: str = api_field("imageUrl", create=need(_IMAGE), upgrade=need(_IMAGE), answer=TEXT)
    login: str = api_field("imageAuth", create=may(Text(0, 10_239), ""))
    """A text `username:password`."""
    auth: str = api_field("imageAuthId", create=may(_NAME, ""), upgrade=may(_NAME, ""), answer=TEXT)
    envs: list[dict[str, str]] = api_field("envs", create=may(ENVS, []), upgrade=should(ENVS, []), answer=items(PAIR))
    command: str = api_field("command", create=may(_COMMAND, ""), upgrade=should(_COMMAND, ""), answer=TEXT)
    entrypoint: str = api_field("entrypoint", create=may(_COMMAND, ""), upgrade=should(_COMMAND, ""), answer=TEXT)
    cluster: str = api_field("clusterId", create=may(_NAME, ""), answer=TEXT)
    local: str = api_field("localStorageMountPoint", create=may(Text(0, 4095), ""))
    network: str = api_field("networkId", create=may(_NAME, ""))
    kind: str = api_field("kind", create=should(Text(one_of=("gpu", "cpu")), "gpu"), answer=choice("gpu", "cpu"))
    cuda: str = api_field("minCudaVersion", create=may(_NAME, ""))
    ports: list[dict[str, Any]] = field(default_factory=list)
    tools: list[dict[str, Any]] = field(default_factory=list)
    rootfs: int = 0
    mounts: list[dict[str, str]] = field(default_factory=list)
    """`id` and `path` of the mounted network storages."""
    ip: str = ""
    billing: str = "onDemand"
    ends: int = -1
    """The end of a monthly machine in Unix seconds; -1 for pay as you go."""
    renews: int = 0
    """Months of every automatic renewal; 0 is off."""
    migrates: bool = False
    migrates_disk: bool = False
    terminal: bool = True
    """Whether its web terminal is switched on."""
    status: str = "pending"
    error: str = ""
    error_text: str = ""
    spot: str = ""
    reclaim: int = 0
    started: float = 0.0
    stopped: float = 0.0
    holds: bool = False
    """Whether it holds its places in the stock."""
    node: int = 0
    container: int = 1
    """The number of its containers so far. An upgrade without `save` and a migration start a new one."""
    used_gb: int = 0
    """GB that its container has written to the system disk."""
    meter: str = ""
    idle: float = 0.0
    """The time since which its GPUs are idle, Unix seconds; 0 for busy ones."""
    disk_meter: str = ""
    """The meter of the system disk beyond the free GB."""


INSTANCE_FIELDS: Final = ApiFields(Instance)


@dataclass(slots=True, kw_only=True)
class Template(WorldRecord):
    """A template of instances."""

    LABEL: ClassVar[str] = "name"
    LOOKS: ClassVar[tuple[str, ...]] = ("image", "rootfs")

    name: str = api_field("name", create=need(Text(1, 255)), answer=TEXT)
    type: str = api_field("type", create=should(Text(one_of=("instance",)), "instance"), answer=choice("instance"))
    channel: str = api_field(
        "channel",
        create=should(Text(one_of=("private", "community")), "private"),
        answer=choice("official", "community", "private"),
    )
    image: str = api_field("image", create=need(_IMAGE), answer=TEXT)
    rootfs: int = api_field("rootfsSize", create=need(Whole(1)), answer=COUNT)
    readme: str = api_field("readme", create=may(Text(0, 102_400), ""), answer=TEXT)
    auth: str = api_field("imageAuth", create=may(_NAME, ""), answer=TEXT)
    command: str = api_field("startCommand", create=may(_COMMAND, ""), answer=TEXT)
    entrypoint: str = api_field("entrypoint", create=may(_COMMAND, ""), answer=TEXT)
    ports: list[dict[str, Any]] = api_field(
        "ports",
        create=may(
            Items(Fields({"type": need(Text(one_of=("http", "tcp"))), "ports": need(Items(PORT, high=10))}), high=10),
            [],
        ),
        answer=items(obj(type=choice("http", "tcp"), ports=items(WHOLE))),
    )
    envs: list[dict[str, str]] = api_field("envs", create=may(ENVS, []), answer=items(PAIR))
    cuda: str = api_field("minCudaVersion", create=may(_NAME, ""), answer=TEXT)
    tools: list[dict[str, Any]] = field(default_factory=list)
    cards: list[dict[str, str]] = field(default_factory=list)
    owner: str = ""
    logo: str = ""
    description: str = ""
    author: str = ""
    tags: list[str] = field(default_factory=list)
    updated: float = 0.0


TEMPLATE_FIELDS: Final = ApiFields(Template)


@dataclass(slots=True, kw_only=True)
class Storage(WorldRecord):
    """A network storage."""

    LABEL: ClassVar[str] = "name"
    LOOKS: ClassVar[tuple[str, ...]] = ("cluster", "size")

    name: str
    size: int
    cluster: str
    meter: str = ""


@dataclass(slots=True, kw_only=True)
class Network(WorldRecord):
    """A private network."""

    LABEL: ClassVar[str] = "name"
    LOOKS: ClassVar[tuple[str, ...]] = ("cluster",)

    name: str
    cluster: str
    segment: str
    state: str = "creating"
    error: str = ""
    next_ip: int = 2


@dataclass(slots=True, kw_only=True)
class RegistryAuth(WorldRecord):
    """A credential of a container registry."""

    LABEL: ClassVar[str] = "name"
    LOOKS: ClassVar[tuple[str, ...]] = ("username",)

    name: str
    username: str
    password: str


@dataclass(slots=True, kw_only=True)
class Prewarm(WorldRecord):
    """A task that brings an image to a cluster."""

    LABEL: ClassVar[str] = "image"
    LOOKS: ClassVar[tuple[str, ...]] = ("cluster", "products")

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
    product: str = ""
    """Empty for that of the endpoint, as in account files of version 0.1."""
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
class QueueJob:
    """A job in the queue of an asynchronous endpoint."""

    id: str
    input: Any
    created: float
    begun: float = 0.0
    """When a worker took it, in Unix seconds; 0 while it waits."""
    ends: float = 0.0
    state: str = "PENDING"


@dataclass(slots=True, kw_only=True)
class Endpoint(WorldRecord):
    """A pool of workers behind one URL."""

    LABEL: ClassVar[str] = "name"
    LOOKS: ClassVar[tuple[str, ...]] = ("product", "gpus", "image")

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
    type: str = "sync"
    """`sync` or `async`."""
    health_port: int = 0
    """The port of the health check, where it differs from `port`; else 0."""
    entrypoint: str = ""
    state: str = "creating"
    error: str = ""
    message: str = ""
    updated: float = 0.0
    generation: int = 1
    workers: list[Worker] = field(default_factory=list)
    jobs: list[QueueJob] = field(default_factory=list)
    """The queue of an asynchronous endpoint, with what is done, in the order of arrival."""

    def work_off(self, now: float, *, seconds: float) -> None:
        """Brings the jobs up to date: each running worker takes one after the other, `seconds` for each."""
        free = sorted(float(worker.ready) for worker in self.workers if worker.state == "running")
        for job in self.jobs:
            begins = max(free[0], job.created) if free else now
            if not job.begun and job.state == "PENDING" and free and begins <= now:
                job.begun, job.ends = begins, begins + seconds
            if job.begun and free:
                free = sorted([*free[1:], max(free[0], job.ends)])
            if job.begun and job.state in {"PENDING", "IN_PROGRESS"}:
                job.state = "COMPLETED" if job.ends <= now else "IN_PROGRESS"

    def values(self, _names: Sequence[str]) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_values(cls, values: dict[str, Any]) -> Endpoint:
        workers = [Worker(**worker) for worker in values.pop("workers")]
        jobs = [QueueJob(**job) for job in values.pop("jobs", ())]
        endpoint = super(Endpoint, cls).of_values(values)
        endpoint.workers, endpoint.jobs = workers, jobs
        return endpoint


@dataclass(slots=True, kw_only=True)
class Job(WorldRecord):
    """A job on an instance: saving an image, or a migration."""

    type: str
    instance: str
    state: str
    image: str = ""
    auth: str = ""
    error: str = ""
    message: str = ""


CLOUD_RECORDS: Final[Mapping[str, type[WorldRecord]]] = {
    "instances": Instance,
    "templates": Template,
    "storages": Storage,
    "networks": Network,
    "registry_auths": RegistryAuth,
    "prewarms": Prewarm,
    "endpoints": Endpoint,
    "jobs": Job,
}
"""The records by the names of their tables. `world.resources` adds those that stand in modules of `world.cloud`."""


class CloudTables:
    """The tables of CLOUD_RECORDS, in the same order."""

    def __init__(self, new: NewTable) -> None:
        self.instances = new("instances", Instance)
        self.templates = new("templates", Template)
        self.storages = new("storages", Storage)
        self.networks = new("networks", Network)
        self.registry_auths = new("registry_auths", RegistryAuth)
        self.prewarms = new("prewarms", Prewarm)
        self.endpoints = new("endpoints", Endpoint)
        self.jobs = new("jobs", Job)
