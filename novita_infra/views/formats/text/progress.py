"""The progress of a run: live rows on a terminal, one line per event elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from novita_infra.applying.events import Ended, Event, Identified, Listener, Progressed, Started
from novita_infra.model.durations import elapsed_text
from novita_infra.planning.plan.steps import Step
from novita_infra.views.content.events import address_and_call, event_line
from novita_infra.views.content.lines import Line, Tone, line, padded, plain, text_width
from novita_infra.views.formats.text.terminal import painted

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

_HEAD_ROOM = 4
"""Rows of the terminal that the running steps leave free."""


def listening_plainly(stream: TextIO) -> Listener:
    """Writes one line per event."""

    def listen(event: Event) -> None:
        stream.write(plain([event_line(event)]))
        stream.flush()

    return listen


@contextmanager
def listening_live(stream: TextIO, *, now: Callable[[], float], total: int) -> Iterator[Listener]:
    """Shows a row for each running step on a terminal; ended steps scroll away above. `now` gives seconds."""
    from rich.console import Console  # noqa: PLC0415 -- only a terminal pays for rich
    from rich.live import Live  # noqa: PLC0415

    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    rows = _Rows(now, total)
    with Live(rows, console=console, refresh_per_second=8, transient=True) as live:

        def listen(event: Event) -> None:
            rows.take(event)
            if isinstance(event, Ended) or (isinstance(event, Progressed) and event.note):
                live.console.print(painted(event_line(event)), soft_wrap=True)

        yield listen


@dataclass(slots=True)
class _Running:
    step: Step
    since: float
    status: str = "starting"
    id: str = ""


class _Rows:
    """The rows that rich draws, several times a second, in its own thread."""

    def __init__(self, now: Callable[[], float], total: int) -> None:
        self._now = now
        self._total = total
        self._ended = 0
        self._running: dict[str, _Running] = {}
        self._guard = threading.Lock()

    def take(self, event: Event) -> None:
        with self._guard:
            match event:
                case Started(step=step):
                    self._running[step.key] = _Running(step, self._now(), id=step.id)
                case Identified(step=step, id=id_) if step.key in self._running:
                    self._running[step.key].id = id_
                case Progressed(step=step, id=id_, status=status, phase=phase) if step.key in self._running:
                    row = self._running[step.key]
                    row.status, row.id = status or phase.value, id_
                case Ended(step=step):
                    self._running.pop(step.key, None)
                    self._ended += 1

    def lines(self, height: int) -> list[Line]:
        """The running steps, oldest first, as many as the height has room for."""
        with self._guard:
            running, ended = list(self._running.values()), self._ended
        now, room = self._now(), max(1, height - _HEAD_ROOM)
        names = [address_and_call(row.step.address, row.step.call_name) for row in running[:room]]
        width = max(map(text_width, names), default=0)
        shown = [
            line(
                ("  > ", Tone.NEUTRAL),
                f"{padded(name, width)}  {padded(row.status, 12)} {elapsed_text(now - row.since):>8}  ",
                (row.id, Tone.FAINT),
            )
            for name, row in zip(names, running, strict=False)
        ]
        more = f", {len(running) - room} more not shown" if len(running) > room else ""
        waiting = self._total - ended - len(running)
        return [*shown, line((f"    {ended} ended, {len(running)} running, {waiting} to come{more}", Tone.FAINT))]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text  # noqa: PLC0415

        for item in self.lines(options.max_height):
            text = painted(item)
            text.no_wrap, text.overflow = True, "ellipsis"
            yield text
        yield Text(end="")
