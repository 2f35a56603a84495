"""Answers that do not arrive: over a socket the connection is dropped, in the process an exception says so."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

DROP: Final = "novita_infra.simulator.drop"
"""The scope extension under which a server offers to drop the connection."""


class LostAnswer(Exception):
    """The connection broke before the answer came; the request may have had its effect.

    Raised out of the application where it runs in the process; a test's transport turns it into its own read error.
    """


class LostResponse(Response):
    """No answer at all, or with `answer` the first half of it."""

    def __init__(self, answer: Response | None = None) -> None:
        super().__init__()
        self._answer = answer

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        drop = (scope.get("extensions") or {}).get(DROP)
        if self._answer is not None:
            await self._half(send, whole_length=drop is not None)
        if drop is not None:
            drop()
            await asyncio.sleep(0)  # lets the server notice that the connection has gone
            await asyncio.sleep(0)
        elif self._answer is None:
            raise LostAnswer("the answer was lost on order")

    async def _half(self, send: Send, *, whole_length: bool) -> None:
        """Half of the body. A server keeps the true length; in the process it is shortened, so only the JSON breaks."""
        if self._answer is None:
            return
        body = bytes(self._answer.body)
        half = body[: len(body) // 2]
        length = len(body) if whole_length else len(half)
        headers = [(name, value) for name, value in self._answer.raw_headers if name != b"content-length"]
        await send(
            {
                "type": "http.response.start",
                "status": self._answer.status_code,
                "headers": [*headers, (b"content-length", str(length).encode())],
            }
        )
        await send({"type": "http.response.body", "body": half, "more_body": whole_length})
