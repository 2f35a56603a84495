"""Clients of the API: any call, with the retries, the limits and the errors of the command."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from novita_infra.api.protocol import ApiClient
from novita_infra.api.request import Request
from novita_infra.library.threads import WorkThread
from novita_infra.library.wording import problems_for_programs
from novita_infra.library.work import ProjectPlace
from novita_infra.model.diagnostics import Problems
from novita_infra.operations.account.api_call import call_api, every_item
from novita_infra.operations.opening.account import account_opener
from novita_infra.operations.session import ProjectOptions

T = TypeVar("T")
Query = Mapping[str, str | int]
Body = Mapping[str, Any]


class AsyncClient:
    """A client of the API in asynchronous code, as an asynchronous context manager. One loop uses it at a time.

    Answers are JSON data as the service sends them, secrets included. Errors are `ApiError`.
    """

    def __init__(
        self, path: str | os.PathLike[str] = ".", *, key: str = "", url: str = "", simulated: bool = False
    ) -> None:
        """`key` and `url` are by default NOVITA_API_KEY and NOVITA_API_URL.

        `simulated` uses the built-in simulator, whose account lies in the folder `path`: for one program at a time.
        """
        self._place = ProjectPlace(ProjectOptions(path=Path(path), sim=simulated), key, url)
        self._stack = AsyncExitStack()
        self._client: ApiClient | None = None

    def __repr__(self) -> str:
        return f"AsyncClient({self._place!r})"

    async def __aenter__(self) -> Self:
        place = self._place
        async with AsyncExitStack() as stack:
            try:
                opening = account_opener(place.environ, sim=place.where.sim, in_flight=None)
                opener = await stack.enter_async_context(opening)
                self._client = (await opener.open(place.where.path)).client
            except Problems as problems:
                raise problems_for_programs(problems) from None
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client = None
        await self._stack.aclose()

    async def call(
        self, method: str, path: str, *, query: Query | None = None, body: Body | None = None, repeatable: bool = False
    ) -> Any:
        """The answer to any call: JSON data, a str for plain text, None for an empty one. Raises ApiError.

        `path` begins at the host: `/gpu-instance/openapi/v1/gpu/instances`. A call whose answer is lost is sent again
        only if it is `repeatable`: if sending it twice has the effect of sending it once.
        """
        return await call_api(self._open(), Request(method.upper(), path, query or {}, body, repeatable))

    async def get(self, path: str, query: Query | None = None) -> Any:
        """The answer to a read. Raises ApiError."""
        return await self.call("GET", path, query=query, repeatable=True)

    async def post(self, path: str, body: Body | None = None, *, repeatable: bool = False) -> Any:
        """The answer to a POST. Raises ApiError."""
        return await self.call("POST", path, body=body or {}, repeatable=repeatable)

    async def put(self, path: str, body: Body | None = None, *, repeatable: bool = False) -> Any:
        """The answer to a PUT. Raises ApiError."""
        return await self.call("PUT", path, body=body, repeatable=repeatable)

    async def delete(self, path: str, *, repeatable: bool = False) -> Any:
        """The answer to a DELETE. Raises ApiError."""
        return await self.call("DELETE", path, repeatable=repeatable)

    async def items(self, path: str, query: Query | None = None) -> list[Any]:
        """Every item of a list, of all its pages. Raises ApiError."""
        return await every_item(self._open(), Request("GET", path, query or {}, repeatable=True))

    def _open(self) -> ApiClient:
        if self._client is None:
            raise RuntimeError("the client is not open: use `async with AsyncClient() as client:`")
        return self._client


class Client:
    """A client of the API: a context manager, or opened by the first call and closed by `close`.

    Answers are JSON data as the service sends them, secrets included. Errors are `ApiError`. Several threads may use
    one client. It works in a notebook, too; in asynchronous code use `AsyncClient`.
    """

    def __init__(
        self, path: str | os.PathLike[str] = ".", *, key: str = "", url: str = "", simulated: bool = False
    ) -> None:
        """As `AsyncClient`."""
        self._place = ProjectPlace(ProjectOptions(path=Path(path), sim=simulated), key, url)
        self._lock = threading.Lock()
        self._session: _ClientThread | None = None

    def __repr__(self) -> str:
        return f"Client({self._place!r})"

    def __enter__(self) -> Self:
        self._opened()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections, and lets go of the simulated account. Another call opens it again."""
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.close()

    def call(
        self, method: str, path: str, *, query: Query | None = None, body: Body | None = None, repeatable: bool = False
    ) -> Any:
        """The answer to any call; see `AsyncClient.call`. Raises ApiError."""
        return self._opened().run(
            lambda client: client.call(method, path, query=query, body=body, repeatable=repeatable)
        )

    def get(self, path: str, query: Query | None = None) -> Any:
        """The answer to a read. Raises ApiError."""
        return self._opened().run(lambda client: client.get(path, query))

    def post(self, path: str, body: Body | None = None, *, repeatable: bool = False) -> Any:
        """The answer to a POST. Raises ApiError."""
        return self._opened().run(lambda client: client.post(path, body, repeatable=repeatable))

    def put(self, path: str, body: Body | None = None, *, repeatable: bool = False) -> Any:
        """The answer to a PUT. Raises ApiError."""
        return self._opened().run(lambda client: client.put(path, body, repeatable=repeatable))

    def delete(self, path: str, *, repeatable: bool = False) -> Any:
        """The answer to a DELETE. Raises ApiError."""
        return self._opened().run(lambda client: client.delete(path, repeatable=repeatable))

    def items(self, path: str, query: Query | None = None) -> list[Any]:
        """Every item of a list, of all its pages. Raises ApiError."""
        return self._opened().run(lambda client: client.items(path, query))

    def _opened(self) -> _ClientThread:
        with self._lock:
            if self._session is None:
                place = self._place
                client = AsyncClient(place.where.path, key=place.key, url=place.url, simulated=place.where.sim)
                self._session = _ClientThread(client)
            return self._session


class _ClientThread:
    """An open AsyncClient on a thread of its own."""

    def __init__(self, client: AsyncClient) -> None:
        """Raises Problems if it cannot be opened."""
        self._client = client
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()
        self._is_open = threading.Event()
        self._thread = WorkThread(self._live)
        self._thread.future.add_done_callback(lambda _: self._is_open.set())
        self._is_open.wait()
        if self._thread.future.done():
            self._thread.wait()

    async def _live(self) -> None:
        async with self._client:
            self._loop = asyncio.get_running_loop()
            self._is_open.set()
            await self._closing.wait()

    def run(self, call: Callable[[AsyncClient], Coroutine[Any, Any, T]]) -> T:
        """The result of the call. An interruption cancels it."""
        if self._loop is None or self._thread.future.done():
            raise RuntimeError("the client is closed")
        future = asyncio.run_coroutine_threadsafe(call(self._client), self._loop)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise

    def close(self) -> None:
        """Closes the client and waits for that."""
        self._thread.soon(self._closing.set)
        with suppress(asyncio.CancelledError):
            self._thread.wait()
