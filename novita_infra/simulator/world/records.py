"""What the world is made of: one record per kind of object, flat and plain so that each is one row of JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Ahead = list[tuple[float, str]]
"""What will happen to an object: the time (Unix seconds) and the event, the next one first."""
GONE = frozenset({"removed", "gone"})


@dataclass(slots=True, kw_only=True)
class Record:
    """Anything that has an id and a future."""

    id: str
    created: float = 0.0
    ahead: Ahead = field(default_factory=list)


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


@dataclass(slots=True, kw_only=True)
class Meter(Record):
    """What one thing costs while it runs. Money: 1/100000 USD."""

    category: str
    """`gpu`, `serverless` or `cloud_storage`, as the bills name it."""
    owner: str
    """The id of the instance, endpoint or storage."""
    product: str
    units: int
    """GPUs, machines or GB."""
    price: int
    """Of one unit and hour."""
    period: int = 3600
    """Seconds that the price is for."""
    since: int = 0
    until: int = 0
    """Unix seconds; 0 while it runs."""


@dataclass(slots=True, kw_only=True)
class Term(Record):
    """The end of what was paid for in advance; its id is the machine's."""


@dataclass(slots=True, kw_only=True)
class Account(Record):
    """What is true of the account as a whole. There is one."""

    arrears: float = 0.0
    """Since when the account cannot pay, Unix seconds; 0 while it can."""
    revoked: bool = False
    """Whether its keys were revoked."""
    limits: dict[str, int] = field(default_factory=dict)
    """Limits that were changed in the course of things."""


@dataclass(slots=True, kw_only=True)
class Stock(Record):
    """How many places of a product a cluster has, where that is no longer as in the catalogue; the id is
    `product@cluster`.
    """

    places: int


@dataclass(slots=True, kw_only=True)
class Price(Record):
    """What a product costs, where that is no longer as in the catalogue; the id is the product's."""

    price: int
    spot: int


@dataclass(slots=True, kw_only=True)
class Happening(Record):
    """Something that a scenario lets happen, at a time or upon a call."""

    scenario: str
    act: dict[str, Any]
    upon: str = ""
    """A pattern over the operations whose success sets it off; empty where it comes at a time."""
    nth: int = 0
    """Which of those calls; 0 is each."""
    after: float = 0.0
    every: float = 0.0
    """Seconds between repetitions; 0 is once."""
    seen: int = 0
    told: list[str] = field(default_factory=list)
    """What was refused on the way."""


@dataclass(slots=True, kw_only=True)
class Payment(Record):
    """Money that moved at once: a top-up, or months bought for a machine. Money: 1/100000 USD."""

    kind: str
    """`recharge`, `monthly_new_buy` or `monthly_re_buy`."""
    amount: int
    owner: str = ""
    product: str = ""
    price: int = 0
    months: int = 0
    note: str = ""


@dataclass(slots=True, kw_only=True)
class File(Record):
    """A file of the account; its bytes are in the world's contents."""

    name: str
    purpose: str
    """`batch` for input, `batch_output` for results."""
    bytes: int
    requests: int = 0
    """Lines of a batch input."""
    expires: float = 0.0
    """When an output file goes, Unix seconds; 0 for input files, which do not tell."""


@dataclass(slots=True, kw_only=True)
class Batch(Record):
    """Requests from a file, answered in the course of time."""

    input: str
    endpoint: str
    window: str
    key: str
    status: str = "VALIDATING"
    errors: str = ""
    model: str = ""
    output: str = ""
    failures: str = ""
    """The ids of the output file and of the error file."""
    total: int = 0
    done: int = 0
    wrong: list[int] = field(default_factory=list)
    """The lines that will fail, counted from 0, in order."""
    times: dict[str, float] = field(default_factory=dict)
    """When it entered which state, Unix seconds, by the name of the field that shows it."""
    version: int = 0
    metadata: dict[str, Any] | None = None


@dataclass(slots=True, kw_only=True)
class Task(Record):
    """Something being generated: images, a video, sound."""

    operation: str
    media: str
    key: str
    status: str = "TASK_STATUS_QUEUED"
    reason: str = ""
    units: int = 1
    """How many pictures or clips are wanted."""
    seed: str = ""
    format: str = ""
    asked: str = ""
    """The body of the request, as text."""
    text: str = ""
    detects: bool = False
    """Whether unsafe pictures are looked for."""
    webhook: dict[str, Any] = field(default_factory=dict)
    mock: bool = False
    begun: float = 0.0
    ends: float = 0.0
    """Unix seconds."""


@dataclass(slots=True, kw_only=True)
class Delivery(Record):
    """The event of a finished task on its way to a webhook; its id is the task's."""

    url: str
    state: str = "due"
    """`due` to be sent now, `waiting` for its next attempt, `delivered`, `failed`, `withheld` from other machines."""
    told: list[str] = field(default_factory=list)
    """What came of each attempt."""


@dataclass(slots=True, kw_only=True)
class Usage(Record):
    """What one key used of one model within one hour. Money: 1/100000 USD."""

    category: str
    """`llm` or `gen_api`, as the bills name it."""
    key: str
    product: str
    since: int
    """The beginning of the hour, Unix seconds."""
    price_in: int
    price_out: int
    """Of a million units."""
    units_in: int = 0
    units_out: int = 0
    """Tokens of an LLM; pictures or clips as the first."""
    requests: int = 0


@dataclass(slots=True, kw_only=True)
class ApiKey(Record):
    """A key that was used, as the account lists it, with the policy of the models it may call."""

    name: str
    masked: str
    digest: str
    used: int = 0
    """When it last called a model, Unix seconds."""
    mode: str = "all_enabled"
    allowed: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    own: bool = False
    """Whether a policy was ever set."""
    updated: int = 0
