"""A reverse proxy as an ASGI application: it forwards each request to another server and streams the answer back.

It adds no key and repeats nothing: the caller's own headers are forwarded.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final, TypeAlias

import httpx

from novita_infra.api.transport.proxies import ProxiedTransport

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

_OF_ONE_CONNECTION: Final = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade".split()
)
_REPLACED: Final = frozenset({b"host", b"content-length", b"accept-encoding"})
_PATIENCE: Final = httpx.Timeout(30.0, read=600.0)
"""Seconds; a streamed answer may have long pauses."""


class ReverseProxy:
    """The application. `target` is scheme and host, such as `https://api.novita.ai`."""

    def __init__(self, target: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._target = target.rstrip("/")
        transport = transport or ProxiedTransport(httpx.Limits())
        self._client = httpx.AsyncClient(transport=transport, timeout=_PATIENCE, follow_redirects=False)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        headers = [*_passed_on(scope["headers"], but=_REPLACED), (b"accept-encoding", b"identity")]
        url = f"{self._target}{path}" + (f"?{query}" if query else "")
        begun = False
        try:
            content = await _whole(receive)
            async with self._client.stream(scope["method"], url, headers=headers, content=content) as answer:
                start = {"type": "http.response.start", "status": answer.status_code}
                await send({**start, "headers": _passed_on(answer.headers.raw)})
                begun = True
                async for piece in answer.aiter_raw():
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except httpx.HTTPError as trouble:
            if begun:
                raise
            await _refuse(send, f"{self._target} does not answer: {type(trouble).__name__}")

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()


def _passed_on(
    headers: Iterable[tuple[bytes, bytes]], *, but: frozenset[bytes] = frozenset()
) -> list[tuple[bytes, bytes]]:
    return [
        (name.lower(), value)
        for name, value in headers
        if name.lower() not in _OF_ONE_CONNECTION and name.lower() not in but
    ]


async def _whole(receive: Receive) -> bytes:
    pieces: list[bytes] = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)


async def _refuse(send: Send, text: str) -> None:
    body = json.dumps({"code": 502, "reason": "BAD_GATEWAY", "message": text, "metadata": {}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 502, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
