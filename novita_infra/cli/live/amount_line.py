"""How far a transfer or a long reading is: a line that changes on a terminal, and a line now and then elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from novita_infra.api.heartbeat import SILENCE
from novita_infra.batches.transfers import unmoved
from novita_infra.model.clock import Clock, RealClock
from novita_infra.views.renderer import Renderer

_REDRAW: Final = 0.2
"""Seconds between two changes of the line."""
_CLEAR: Final = "\r\x1b[K"


class AmountLines:
    """The progress of one command, part by part. Without a terminal, a line every SILENCE seconds."""

    def __init__(self, renderer: Renderer, *, clock: Clock | None = None) -> None:
        self._renderer = renderer
        self._now = (clock or RealClock()).now
        self._live = not renderer.for_programs and sys.stderr is not None and sys.stderr.isatty()
        self._last = self._now()
        self._shown = False

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Takes the line away at the end of the block, also after an error, which begins on a line of its own."""
        try:
            yield
        finally:
            if self._shown:
                self._write(_CLEAR)
                self._shown = False

    def part(self, what: str, size: int, *, unit: str = "MB") -> Callable[[int], None]:
        """Gets how far a part is. `unit` is `MB` for bytes, else a word for what is counted; `size` is 0 if unknown."""

        def moved(done: int) -> None:
            now = self._now()
            if now - self._last < (_REDRAW if self._live else SILENCE):
                return
            self._last = now
            text = f"{what}: {_amount(done, unit)}{f' of {_amount(size, unit)}' if size else ''} {unit}"
            if self._live:
                self._write(f"{_CLEAR}{text}")
                self._shown = True
            else:
                self._renderer.note(text)

        return moved

    def transfer(self, what: str, size: int) -> Callable[[int], None]:
        """The same for bytes from or to the API: without a terminal, the sign of life of the account says it."""
        return self.part(what, size) if self._live else unmoved

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def _amount(value: int, unit: str) -> str:
    return f"{value / 1e6:.1f}" if unit == "MB" else f"{value:,}"
