"""A service in the same process instead of the network: an ASGI application as the client's transport."""

from __future__ import annotations

from typing import Any

import httpx


class InProcess(httpx.AsyncBaseTransport):
    """Sends requests to the application; an exception of the type `lost` means a lost answer."""

    def __init__(self, app: Any, *, lost: type[Exception]) -> None:
        self._transport = httpx.ASGITransport(app=app)
        self._lost = lost

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._transport.handle_async_request(request)
        except self._lost as error:
            raise httpx.ReadError("the connection was reset", request=request) from error
