"""Answers that do not arrive. Over a socket the connection is closed; inside the process LostAnswer is raised."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

DROP: Final = "novita_infra.simulator.drop"
"""The scope extension by which a server offers to close the connection."""


class LostAnswer(Exception):
    """The connection closed before the answer came. The request may have had its effect.

    The application raises it when no server runs. A transport of a test turns it into its own read error.
    """


class LostResponse(Response):
    """A response that sends nothing, or the first half of `answer`.

    It replaces `Response.__call__`, the ASGI interface, and reads `body` and `raw_headers` of starlette >=1.3.1,<2 (the
    range in pyproject.toml).
    """

    def __init__(self, answer: Response | None = None) -> None:
        super().__init__()
        self._answer = answer

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        drop = (scope.get("extensions") or {}).get(DROP)
        if self._answer is not None:
            await self._half(send, whole_length=drop is not None)
        if drop is not None:
            drop()
            await asyncio.sleep(0)  # lets the server notice the closed connection
            await asyncio.sleep(0)
        elif self._answer is None:
            raise LostAnswer("a fault lost the answer")

    async def _half(self, send: Send, *, whole_length: bool) -> None:
        """Sends half of the body.

        Under a server the length header keeps the full length. Inside the process it is the half, so that only the
        JSON breaks.
        """
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
