"""Generation tasks for pictures, videos and sound, and the delivery of their events to webhooks."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from novita_infra.simulator.errors import ApiRefusal, invalid
from novita_infra.simulator.world.engine.llm_records import Delivery, Task
from novita_infra.simulator.world.engine.settings import UNPULLABLE
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import usage
from novita_infra.simulator.world.market import budgets, money

SUCCEED: Final = "TASK_STATUS_SUCCEED"
FAILED: Final = "TASK_STATUS_FAILED"
OVER: Final = frozenset({SUCCEED, FAILED})
DETECTION: Final = 150
"""The price of detecting unsafe content in each picture, 1/100000 USD (model-apis-task-result)."""


@dataclass(frozen=True, slots=True)
class TaskKind:
    """A generation operation. `minute` is its limit per minute, 0 if none is documented."""

    type: str
    media: str
    price: int
    """The price of one picture or clip, in 1/100000 USD; made up."""
    minute: int = 0
    steady: bool = False
    """Whether answers show its progress."""


TASK_KINDS: Final[Mapping[str, TaskKind]] = {
    "txt2img": TaskKind("TXT_TO_IMG", "image", 150, 20, steady=True),
    "img2img": TaskKind("IMG_TO_IMG", "image", 150, 10, steady=True),
    "inpainting": TaskKind("INPAINTING", "image", 250, 10),
    "upscale": TaskKind("UPSCALE", "image", 250, 20),
    "remove-background": TaskKind("REMOVE_BACKGROUND", "image", 1700, 10),
    "replace-background": TaskKind("REPLACE_BACKGROUND", "image", 1700, 10),
    "remove-text": TaskKind("REMOVE_TEXT", "image", 1700, 10),
    "cleanup": TaskKind("CLEANUP", "image", 1700, 10),
    "merge-face": TaskKind("MERGE_FACE", "image", 1200, 10),
    "video-merge-face": TaskKind("VIDEO_MERGE_FACE", "video", 20_000, 10, steady=True),
    "txt2video": TaskKind("TXT_TO_VIDEO", "video", 10_000, 2, steady=True),
    "img2video": TaskKind("IMG_TO_VIDEO", "video", 10_000, 2, steady=True),
    "wan-t2v": TaskKind("WAN_T2V", "video", 30_000, 20, steady=True),
    "wan-i2v": TaskKind("WAN_I2V", "video", 30_000, 20, steady=True),
    "hunyuan-video-fast": TaskKind("HUNYUAN_VIDEO_FAST", "video", 40_000, 20, steady=True),
    "kling-v1.6-t2v": TaskKind("KLING_V1.6_T2V", "video", 32_000, 20, steady=True),
    "kling-v1.6-i2v": TaskKind("KLING_V1.6_I2V", "video", 32_000, 20, steady=True),
    "minimax-video-01": TaskKind("MINIMAX_VIDEO_01", "video", 43_000, 20, steady=True),
    "txt2speech": TaskKind("TXT_TO_SPEECH", "audio", 500),
}
"""The operations below `/v3/async` (model-apis-rate-limits)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequest:
    """The content of a submitted request."""

    units: int
    seed: int
    format: str
    text: str
    asked: str
    detects: bool
    webhook: dict[str, Any]
    mock: str
    """The status of a mock event; empty for a real task."""
    base: str
    """Scheme and host of the service, as the request names them."""


def task_kind(operation: str) -> TaskKind:
    """The kind of task of an operation. Raises API_NOT_FOUND."""
    found = TASK_KINDS.get(operation)
    if found is None:
        raise ApiRefusal("API_NOT_FOUND", f"there is no operation {operation!r}")
    return found


def task_of(world: World, key: str) -> Task:
    """The task with this id. Raises TASK_NOT_FOUND."""
    found = world.tasks.get(key)
    if found is None:
        raise ApiRefusal("TASK_NOT_FOUND", "task not found")
    return found


def submit(world: World, *, operation: str, request: TaskRequest, key: str) -> Task:
    """Creates a task. Raises API_NOT_FOUND, BILLING_BALANCE_NOT_ENOUGH, RATE_LIMIT_EXCEEDED, INVALID_REQUEST_BODY."""
    kind = task_kind(operation)
    if request.webhook:
        check_address(str(request.webhook["url"]))
    if not request.mock:
        if money.funds_left(world) < kind.price * request.units:
            raise ApiRefusal("BILLING_BALANCE_NOT_ENOUGH", "the balance is not enough")
        if not budgets.is_enough(world, world.owner):
            raise ApiRefusal("BILLING_BALANCE_NOT_ENOUGH", "the budget of the member is exhausted")
    if kind.minute and world.rates.used(f"task {operation}", at=world.moment) + request.units > kind.minute:
        raise ApiRefusal("RATE_LIMIT_EXCEEDED", f"more than {kind.minute} a minute of {operation}")
    world.rates.add(f"task {operation}", request.units, at=world.moment)
    word = world.new_uuid("task")
    task = Task(
        id=word,
        created=world.moment,
        operation=operation,
        media=kind.media,
        key=key,
        units=request.units,
        seed=str(request.seed if request.seed >= 0 else world.dice(2**32, "seed", word)),
        format=request.format,
        asked=request.asked,
        text=request.text,
        detects=request.detects,
        webhook=request.webhook,
        mock=bool(request.mock),
        base=request.base,
    )
    world.tasks.add(task)
    end = request.mock or (FAILED if UNPULLABLE in request.asked else SUCCEED)
    lasting = 1.0 if request.mock else _seconds(world, task)
    task.ends = world.moment + world.timings.task_wait + lasting
    wait, kept_for = world.timings.task_wait, world.timings.task_kept
    world.expect(world.tasks, task, [(wait, "TASK_STATUS_PROCESSING"), (lasting, end), (kept_for, "!forgotten")])
    return task


def check_address(url: str) -> None:
    """Refuses a webhook address to which no request could be sent."""
    try:
        parts = urlsplit(url)
        success = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        success = False
    if not success or any(character <= " " for character in url):
        raise invalid("extra.webhook.url", "must be an http or https address")


def at_home(url: str) -> bool:
    """Whether the address is of this machine. Events are sent to no other machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _seconds(world: World, task: Task) -> float:
    low, high = world.timings.picture if task.media == "image" else world.timings.clip
    return low + world.dice(high - low + 1, "task", task.id)


def on_event(world: World, task: Task, event: str) -> None:
    """Handles the next event of a task. A successful task is charged; a finished one is reported to its webhook."""
    if event == "!forgotten":
        world.tasks.remove(task)
        delivery = world.deliveries.get(task.id)
        if delivery is not None:
            world.deliveries.remove(delivery)
        return
    task.status = event
    if event not in OVER:
        task.begun = world.moment
        return
    if event == FAILED:
        task.reason = "mock failure" if task.mock else "the task could not be done"
    elif not task.mock:
        _charge(world, task)
    if task.webhook:
        url = str(task.webhook["url"])
        state = "due" if at_home(url) else "withheld"
        world.deliveries.add(Delivery(id=task.id, created=world.moment, url=url, state=state))


def _charge(world: World, task: Task) -> None:
    price = TASK_KINDS[task.operation].price + (DETECTION if task.detects else 0)
    usage.charge(
        world,
        key=task.key,
        product=task.operation,
        prices=(price * usage.MILLION, 0),
        units=(task.units, 0),
        category="gen_api",
    )


def attempted(world: World, delivery: Delivery, *, success: bool, outcome: str) -> None:
    """Records the outcome of an attempt: the end, or a retry after a wait, five times at most."""
    delivery.outcomes.append(outcome)
    waits = world.timings.webhook_waits
    if success:
        delivery.state = "delivered"
    elif len(delivery.outcomes) > len(waits):
        delivery.state = "failed"
    else:
        delivery.state = "waiting"
        world.expect(world.deliveries, delivery, [(waits[len(delivery.outcomes) - 1], "due")])
    world.deliveries.touch(delivery)


def next_attempt(world: World, delivery: Delivery, event: str) -> None:
    """Makes a delivery due again."""
    delivery.state = event
    world.deliveries.touch(delivery)


def progress(world: World, task: Task) -> int:
    """The progress in per cent."""
    if task.status == SUCCEED:
        return 100
    if not task.begun or task.status == FAILED or not TASK_KINDS[task.operation].steady:
        return 0
    return min(99, int(100 * (world.moment - task.begun) / max(task.ends - task.begun, 1)))
