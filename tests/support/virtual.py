"""An event loop whose time is made up: when nothing is ready it jumps to the next timer instead of waiting."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
START = 1_790_000_000.0
"""The Unix second at which virtual time begins."""


class _Selector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.jump: Callable[[float], None] = lambda _: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events and timeout is None:
            raise RuntimeError("everything waits and no timer is set: a deadlock")
        if not events and timeout is not None and timeout > 0:
            self.jump(timeout)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs at full speed; `time()` moves only when everyone waits. Threads run inline: nothing real is waited for."""

    def __init__(self) -> None:
        self._virtual = 0.0
        selector = _Selector()
        super().__init__(selector)
        selector.jump = self._jump

    def _jump(self, seconds: float) -> None:
        self._virtual += seconds

    def time(self) -> float:
        return self._virtual

    def run_in_executor(self, _executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]  # typeshed's is generic over the arguments
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 -- whatever it is belongs to who awaits the future
            future.set_exception(error)
        return future


class VirtualClock:
    """The clock of a virtual loop; it keeps its time between loops."""

    def __init__(self, start: float = START) -> None:
        self._start = start

    def now(self) -> float:
        try:
            return self._start + asyncio.get_running_loop().time()
        except RuntimeError:
            return self._start

    def advance(self, seconds: float) -> None:
        """Lets time pass while no loop runs."""
        self._start += seconds

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs the coroutine on a loop of its own and keeps the time that passed in it."""
        loop = VirtualLoop()
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                return runner.get_loop().run_until_complete(work)  # `run` would set a handler of SIGINT: 0.5 ms
        finally:
            self._start += loop._virtual
