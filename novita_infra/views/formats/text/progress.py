"""The progress of a run: live rows on a terminal, one line per event elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, TextIO

from novita_infra.applying.events import Ended, Event, Listener, Progressed
from novita_infra.planning.cost.running import Outlook
from novita_infra.views.content.events import event_line
from novita_infra.views.content.lines import Line, plain
from novita_infra.views.formats.text.running_rows import RunRows
from novita_infra.views.formats.text.terminal import painted

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.live import Live

_AT_MOST: Final = 0.5
"""Seconds between two drawings of a display in which something happens."""
_AT_LEAST: Final = 1.0
"""Seconds between two drawings of one in which only the time moves."""


def listening_plainly(stream: TextIO) -> Listener:
    """Writes one line per event."""

    def listen(event: Event) -> None:
        stream.write(plain([event_line(event)]))
        stream.flush()

    return listen


@contextmanager
def listening_live(
    stream: TextIO, *, now: Callable[[], float], total: int, outlook: Outlook | None = None
) -> Iterator[Listener]:
    """Shows a row for each running step on a terminal; ended steps scroll away above. `now` gives seconds.

    A listener only takes note: a thread draws, at most twice a second, so that neither many events nor a terminal that
    accepts nothing slow the run.
    """
    from rich.console import Console  # noqa: PLC0415 -- only a terminal pays for rich
    from rich.live import Live  # noqa: PLC0415

    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    display = _Display(RunRows(now, total, outlook or Outlook()))
    with Live(display, console=console, auto_refresh=False, transient=True, vertical_overflow="crop") as live:
        console.show_cursor()  # no end of the process, however sudden, leaves a terminal without one
        with display.drawn(live):
            yield display.take


class _Display:
    """What rich draws, and the thread that has it drawn."""

    def __init__(self, rows: RunRows) -> None:
        self._rows = rows
        self._ended: list[Line] = []
        """What is to be written above the rows."""
        self._guard = threading.Lock()
        self._changed, self._over = threading.Event(), threading.Event()

    def take(self, event: Event) -> None:
        """Takes the event; it is shown a moment later."""
        with self._guard:
            self._rows.take(event)
            if isinstance(event, Ended) or (isinstance(event, Progressed) and event.note):
                self._ended.append(event_line(event))
        self._changed.set()

    @contextmanager
    def drawn(self, live: Live) -> Iterator[None]:
        """Draws while the block runs, and what is left at its end."""
        thread = threading.Thread(target=self._draw_often, args=[live], daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._changed.set()
            thread.join()
            self._draw(live)

    def _draw_often(self, live: Live) -> None:
        while not self._over.is_set():
            self._draw(live)
            self._over.wait(_AT_MOST)
            self._changed.wait(_AT_LEAST - _AT_MOST)

    def _draw(self, live: Live) -> None:
        self._changed.clear()
        with self._guard:
            ended, self._ended = self._ended, []
        from rich.text import Text  # noqa: PLC0415

        with suppress(OSError, ValueError):  # a terminal that is gone
            if ended:
                live.console.print(Text("\n").join(map(painted, ended)), soft_wrap=True)
            live.refresh()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text  # noqa: PLC0415

        with self._guard:
            lines = self._rows.lines(options.max_width, options.max_height)
        text = Text("\n").join(map(painted, lines))
        text.no_wrap, text.overflow = True, "crop"
        yield text
