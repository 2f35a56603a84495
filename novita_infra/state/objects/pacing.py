"""Fewer, larger writes: what comes while a write is under way, or soon after it, goes out together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_LONGEST: Final = 0.05
"""The most seconds between the end of a write and the next one."""
_SHARE: Final = 5.0
"""How many times as long as a write took the pause after it is."""


class Pacing:
    """The pauses between the writes of one sort. A write that comes alone does not wait."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Both are for tests."""
        self._clock = clock
        self._sleep = sleep
        self._free = 0.0
        """The time of the next write."""

    def pause(self) -> None:
        """Waits for the end of the pause. What goes out is collected after it."""
        wait = self._free - self._clock()
        if wait > 0:
            self._sleep(wait)

    @contextmanager
    def write(self) -> Iterator[None]:
        """The body is the write; one comes after the other."""
        began = self._clock()
        try:
            yield
        finally:
            now = self._clock()
            self._free = now + min(_LONGEST, _SHARE * (now - began))
