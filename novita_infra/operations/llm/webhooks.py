"""The events of generation tasks, which anybody may send: each is checked with the API before it is believed.

An event is nothing but a hint that a task has ended. What is passed on is the answer of the API about the task, never
the event. Every queue has a bound; an event beyond it is refused, and the service sends it again.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

from novita_infra.api.errors import ApiError, NotFound
from novita_infra.api.json_values import object_of, text_of
from novita_infra.api.redaction import HIDDEN
from novita_infra.encoding.json_text import parse_foreign_json
from novita_infra.inference.tasks import GenerationTask, task_in, task_request
from novita_infra.model.concurrency import end_tasks, start_task
from novita_infra.model.diagnostics import Problems
from novita_infra.model.frozen import dataclass
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.llm.seen import SeenTasks

EVENT: Final = "ASYNC_TASK_RESULT"
DECIDED: Final = 4.0
"""Seconds within which an event is answered: the service waits for five (model-apis-webhook)."""
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MOST_OPEN: Final = 256
"""Tasks that are checked, wait for their work, or are worked on."""
_CHECKS: Final = 4
"""Tasks that are checked at the same time."""
_MOST_REFUSED: Final = 10_000
"""Ids of no task that are remembered, so that each costs one call."""
_PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Seconds between the checks of a task while the service does not answer, or has not noted its end yet."""

ACCEPTED: Final = 200
MALFORMED: Final = 400
FULL: Final = 503


@dataclass(frozen=True, slots=True)
class CheckedEvent:
    """The end of a task, as the API confirms it."""

    task: GenerationTask
    event: Mapping[str, Any]
    """As the service sends it, made from the answer of the API; without the secret of the webhook's address."""


Work: TypeAlias = Callable[[CheckedEvent], Awaitable[None]]
"""What is done for an event. It does not raise."""


class WebhookInbox:
    """Takes the bodies of requests, and does the work for each task once."""

    def __init__(self, view: AccountView, seen: SeenTasks, work: Work, *, at_once: int, secret: str) -> None:
        """`at_once` works run at the same time. No event that is passed on holds the `secret` of the address."""
        self._view = view
        self._secret = secret
        self._seen = seen
        self._work = work
        self._checking = asyncio.Semaphore(_CHECKS)
        self._working = asyncio.Semaphore(at_once)
        self._open: dict[str, asyncio.Task[None]] = {}
        """The tasks on their way,"""
        self._decisions: dict[str, asyncio.Future[bool]] = {}
        """and whether their events need not be sent again."""
        self._refused: OrderedDict[str, None] = OrderedDict()
        self.done = 0
        """Works that have ended."""
        self.ended = asyncio.Event()
        """Set when a work has ended."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Takes up what an earlier listener has begun, and ends all that is under way with the block."""
        for id in self._seen.cut_off():
            self._view.report(f"{id}: its work was cut off, and begins again")
            self._begin(id)
        try:
            yield
        finally:
            await end_tasks(*self._open.values())

    async def accept(self, body: bytes) -> int:
        """The status of the answer to a request with this body, within `DECIDED` seconds."""
        id = _task_of(body)
        if id is None:
            return MALFORMED
        if not id or id in self._refused or (id in self._seen and id not in self._open):
            return ACCEPTED  # another event, of no task, or done: to send it again would change nothing
        if id not in self._open:
            if len(self._open) >= _MOST_OPEN:
                return FULL
            self._begin(id)
        decision = self._decisions[id]
        try:
            async with asyncio.timeout(DECIDED):
                return ACCEPTED if await asyncio.shield(decision) else FULL
        except TimeoutError:
            return FULL  # the check goes on, and the event that is sent again finds it

    def _begin(self, id: str) -> None:
        self._decisions[id] = asyncio.get_running_loop().create_future()
        task = start_task(self._handle(id))
        self._open[id] = task
        task.add_done_callback(lambda _: self._forget(id))

    def _forget(self, id: str) -> None:
        self._open.pop(id, None)
        self._decide(self._decisions.pop(id), believed=False)

    @staticmethod
    def _decide(decision: asyncio.Future[bool], *, believed: bool) -> None:
        if not decision.done():
            decision.set_result(believed)

    async def _handle(self, id: str) -> None:
        """Checks a task, and does its work. An event that cannot be checked is left to be sent again."""
        decision = self._decisions[id]
        try:
            checked = await self._checked(id)
        except NotFound:
            self._refused[id] = None
            while len(self._refused) > _MOST_REFUSED:
                self._refused.popitem(last=False)
            self._decide(decision, believed=True)
            return
        except ApiError as error:
            self._view.report(f"The event of {id} cannot be checked: {error}")
            return
        if checked is None:
            return
        try:
            self._seen.begin(id)
            self._decide(decision, believed=True)
            async with self._working:
                await self._work(checked)
            self._seen.end(id)
        except Problems as problems:
            self._view.report(str(problems))
            return
        self.done += 1
        self.ended.set()

    async def _checked(self, id: str) -> CheckedEvent | None:
        """The end of the task, as the API shows it; None if it has not ended in time. Raises NotFound for no task."""
        failed: ApiError | None = None
        for pause in (0.0, *_PAUSES):
            if pause:
                await self._view.clock.sleep(max(pause, failed.wait if failed else 0.0))
            try:
                async with self._checking:
                    request = task_request(id)
                    answer = await self._view.client.send(request)
            except NotFound:
                raise
            except ApiError as error:
                failed = error
                continue
            failed, task = None, task_in(answer)
            if task.id != id:
                raise NotFound(request, text="the answer is about another task")
            if task.is_over:
                return CheckedEvent(task, {"event_type": EVENT, "payload": _hidden(answer, self._secret)})
        if failed:
            raise failed
        return None


def _task_of(body: bytes) -> str | None:
    """The id of the task that an event names; empty for an event of another type, None for what is no event."""
    try:
        data = parse_foreign_json(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or not isinstance(data.get("event_type"), str):
        return None
    if data["event_type"] != EVENT:
        return ""
    id = text_of(object_of(object_of(data.get("payload")).get("task")).get("task_id"))
    return id if _ID.fullmatch(id) else None


def _hidden(value: Any, secret: str) -> Any:
    """The answer without the secret of the address: the API repeats the webhook, and the text of the request."""
    match value:
        case str():
            return value.replace(secret, HIDDEN)
        case dict():
            return {name: _hidden(item, secret) for name, item in value.items()}
        case list():
            return [_hidden(item, secret) for item in value]
        case _:
            return value
