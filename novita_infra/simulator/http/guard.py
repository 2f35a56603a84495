"""Refuses what web pages of other sites send to the server: foreign names of the host (DNS rebinding), and writes.

A page can send requests to this machine without a key, and the routes below `/_sim` need none.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN: Final = frozenset({b"same-origin", b"none"})
"""Values of `Sec-Fetch-Site` that no page of another site can cause."""


def guarded_app(app: ASGIApp, hosts: Collection[str] = ()) -> ASGIApp:
    """The application for requests to this machine's own names and to `hosts`, and without writes of other sites."""
    names = _LOOPBACK | {_name(host) for host in hosts}

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        problem = _problem(scope, names) if scope["type"] == "http" else None
        if problem is None:
            await app(scope, receive, send)
        else:
            await PlainTextResponse(problem[1], problem[0])(scope, receive, send)

    return serve


def _problem(scope: Scope, names: Collection[str]) -> tuple[int, str] | None:
    """The status and the text of a refusal, if there is one."""
    host, sites, origins = b"", set(), set()
    for header, value in scope["headers"]:
        match header:
            case b"host":
                host = value
            case b"sec-fetch-site":
                sites.add(value)
            case b"origin":
                origins.add(value.lower())
            case _:
                pass
    name = _name(host.decode("latin-1"))
    if name not in names and not name.endswith(".localhost"):
        return 421, "the simulator does not answer to this host name; `--allow-host NAME` adds one\n"
    if scope["method"] in _READS:
        return None
    if sites <= _OWN and origins <= {b"http://" + host.lower(), b"https://" + host.lower()}:
        return None
    return 403, "the simulator takes no writes from pages of other sites\n"


def _name(host: str) -> str:
    """The name in a `Host` header, without the port."""
    text = host.strip().lower()
    name = text if text.endswith("]") else text.rpartition(":")[0] or text
    return name.rstrip(".")
