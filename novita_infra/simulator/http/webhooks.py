"""Sends the events of finished tasks to webhooks on this machine.

Under a server it runs as long as there are events to send. For a world inside a process, tests call `deliver`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any, Final, TypeAlias
from urllib.parse import quote, urlsplit

from novita_infra.simulator.routes.llm.tasks import task_row
from novita_infra.simulator.world.engine.llm_records import Delivery
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import tasks

PATIENCE: Final = 5.0
"""Real seconds within which a webhook must answer (model-apis-webhook)."""
_PAUSE: Final = 0.1
_OPEN: Final = frozenset({"due", "waiting"})
Post: TypeAlias = Callable[[str, bytes], Awaitable[int]]
"""Sends a JSON body to an address and returns the HTTP status. Raises OSError or ValueError."""


async def post_event(url: str, body: bytes) -> int:
    """Sends a JSON body to an address of this machine. Redirects are not followed. Raises OSError, ValueError."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    reader, writer = await asyncio.open_connection(host, parts.port or (443 if secure else 80), ssl=secure)
    try:
        if not ip_address(writer.get_extra_info("peername")[0]).is_loopback:
            raise OSError(f"{host} is another machine")
        target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~") + (f"?{parts.query}" if parts.query else "")
        head = (
            f"POST {target} HTTP/1.1\r\nHost: {parts.netloc.rpartition('@')[2]}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode("ascii") + body)
        await writer.drain()
        line = (await reader.readline()).split()
        if len(line) < 2 or not line[0].startswith(b"HTTP/"):
            raise ValueError("no HTTP answer")
        return int(line[1])
    finally:
        writer.close()


class WebhookSender:
    """Sends the webhook events of one world."""

    def __init__(self, world: World, *, post: Post = post_event, patience: float = PATIENCE) -> None:
        self._world = world
        self._post = post
        self._patience = patience
        self._round: asyncio.Task[None] | None = None
        self._flying: dict[str, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """Starts the background task that sends events, if there is anything to send or to wait for."""
        if (self._round is None or self._round.done()) and self._expects():
            self._round = asyncio.get_running_loop().create_task(self._go_round())

    async def deliver(self) -> None:
        """Sends all due events, and returns when each has an outcome."""
        self._world.advance()
        self._start()
        await asyncio.gather(*self._flying.values())

    async def _go_round(self) -> None:
        while self._expects():
            self._world.advance()
            self._start()
            self._world.save()
            await asyncio.sleep(_PAUSE)

    def _expects(self) -> bool:
        return any(delivery.state in _OPEN for delivery in self._world.deliveries) or any(
            task.webhook and task.status not in tasks.OVER for task in self._world.tasks
        )

    def _start(self) -> None:
        for delivery in self._world.deliveries:
            if delivery.state == "due" and delivery.id not in self._flying:
                self._flying[delivery.id] = asyncio.get_running_loop().create_task(self._send(delivery))

    async def _send(self, delivery: Delivery) -> None:
        success, outcome = False, ""
        try:
            async with asyncio.timeout(self._patience):
                status = await self._post(delivery.url, self._body(delivery))
            success, outcome = 200 <= status < 300, f"HTTP {status}"
        except TimeoutError:
            outcome = f"no answer within {self._patience:g} s"
        except (OSError, ValueError) as error:
            outcome = str(error) or type(error).__name__
        finally:
            self._flying.pop(delivery.id, None)
        self._world.advance()
        if self._world.deliveries.get(delivery.id) is delivery:
            tasks.attempted(self._world, delivery, success=success, outcome=outcome)
            self._world.save()

    def _body(self, delivery: Delivery) -> bytes:
        task = tasks.task_of(self._world, delivery.id)
        payload: Any = task_row(self._world, task, base=task.base, signed_at=task.ends)
        return json.dumps({"event_type": "ASYNC_TASK_RESULT", "payload": payload}).encode()
