"""A run while it happens: rows that move on a terminal, one plain line per event elsewhere. It only listens.

Output that nobody can take any more (a closed pipe) must not disturb the run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO, assert_never

from novita_infra.applying.events import Ended, Event, Identified, Listener, Outcome, Progressed, Started
from novita_infra.planning.plan.steps import Step
from novita_infra.views.text.lines import Line, Tone, line, painted, plain
from novita_infra.views.text.plan import address_and_call

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

_HEAD_ROOM = 4
"""Rows of the terminal that the running steps leave free."""


def duration_text(seconds: float) -> str:
    """`8s`, `2m 05s`, `1h 03m`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    return f"{whole // 3600}h {whole // 60 % 60:02}m"


def event_line(event: Event) -> Line:
    """One event as a line of its own."""
    named = address_and_call(event.step.address, event.step.call)
    match event:
        case Started(step=step):
            what = step.says.removeprefix(f"{step.call}: ")
            return line(("start    ", Tone.NEUTRAL), named, (f": {what}" if what else "", Tone.FAINT))
        case Identified(id=id_):
            return line(f"         {named}: its id is {id_}")
        case Progressed(status=status, elapsed=elapsed, note=note):
            told = f"{status or event.phase.value} after {duration_text(elapsed)}{f'; {note}' if note else ''}"
            return line(f"         {named}: {told}")
        case Ended():
            return _ended_line(event, named)
        case _:
            assert_never(event)


def listening_plainly(stream: TextIO) -> Listener:
    """Writes one line per event."""

    def listen(event: Event) -> None:
        stream.write(plain([event_line(event)]))
        stream.flush()

    return undisturbed(listen)


@contextmanager
def listening_live(stream: TextIO, *, now: Callable[[], float], total: int) -> Iterator[Listener]:
    """Shows a row for each running step on a terminal; what has ended scrolls away above. `now` gives seconds."""
    from rich.console import Console  # noqa: PLC0415 -- only a terminal pays for rich
    from rich.live import Live  # noqa: PLC0415

    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    rows = _Rows(now, total)
    with Live(rows, console=console, refresh_per_second=8, transient=True) as live:

        def listen(event: Event) -> None:
            rows.take(event)
            if isinstance(event, Ended) or (isinstance(event, Progressed) and event.note):
                live.console.print(painted(event_line(event)), soft_wrap=True)

        yield undisturbed(listen)


def undisturbed(listener: Listener) -> Listener:
    """The listener, silent for good once its stream is closed."""
    closed = False

    def listen(event: Event) -> None:
        nonlocal closed
        if closed:
            return
        try:
            listener(event)
        except (BrokenPipeError, ValueError):  # ValueError: write to a closed file
            closed = True

    return listen


@dataclass(slots=True)
class _Running:
    step: Step
    since: float
    status: str = "starting"
    id: str = ""


class _Rows:
    """What rich draws, several times a second and from a thread of its own."""

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
        names = [address_and_call(row.step.address, row.step.call) for row in running[:room]]
        width = max(map(len, names), default=0)
        shown = [
            line(
                ("  > ", Tone.NEUTRAL),
                f"{name:<{width}}  {row.status:<12} {duration_text(now - row.since):>8}  ",
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


def _ended_line(event: Ended, named: str) -> Line:
    known_as = f" ({event.id})" if event.id else ""
    after = f" after {duration_text(event.elapsed)}" if event.elapsed else ""
    reason = f": {event.reason}" if event.reason else ""
    match event.outcome:
        case Outcome.DONE:
            return line(("done     ", Tone.GOOD), f"{named}{known_as}{after}{reason}")
        case Outcome.FAILED:
            return line(("FAILED   ", Tone.BAD), f"{named}{known_as}{after}{reason}")
        case Outcome.SKIPPED:
            return line(("skipped  ", Tone.CHANGE), f"{named}{reason}")
        case Outcome.MOVING:
            return line(("moving   ", Tone.NEUTRAL), f"{named}{known_as}{after}{reason}")
