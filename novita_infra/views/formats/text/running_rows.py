"""The rows of a live display: what runs, how long it has taken and may still take, and the sums below. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from novita_infra.applying.events import Ended, Event, Identified, Outcome, Progressed, Started
from novita_infra.model.durations import elapsed_text
from novita_infra.planning.cost.running import Outlook, RunningCost
from novita_infra.planning.plan.steps import Step
from novita_infra.views.content.costs import rate_text
from novita_infra.views.content.events import address_and_call
from novita_infra.views.content.lines import Line, Tone, cut_to, line, padded, text_width

_HEAD_ROOM: Final = 2
"""Rows of the terminal that the display leaves free."""
_NAME: Final = 18
"""Columns of a name below which other columns are left out first."""
_WIDEST_STATUS: Final = 14
_GAP: Final = 2


@dataclass(slots=True)
class _Running:
    step: Step
    since: float
    status: str = "starting"
    id: str = ""


class _Cells(NamedTuple):
    """A row, its last columns first to be left out where there is no room."""

    name: str
    elapsed: str
    status: str
    rest: str
    id: str


_ORDER: Final = (0, 2, 1, 3, 4)
"""The columns as they stand, by their places in `_Cells`."""


class RunRows:
    """The rows of a run. `now` gives seconds; `total` is the number of steps that the run begins with."""

    def __init__(self, now: Callable[[], float], total: int, outlook: Outlook) -> None:
        self._now = now
        self._total = total
        self._began = now()
        self._expected = outlook.expected
        self._cost = RunningCost(outlook)
        self._ended = self._failed = 0
        self._running: dict[str, _Running] = {}

    def take(self, event: Event) -> None:
        """Takes the event into account."""
        row = self._running.get(event.step.key)
        match event:
            case Started(step=step):
                self._running[step.key] = _Running(step, self._now(), id=step.id)
            case Identified(step=step, id=id_):
                self._cost.exists(step)
                if row:
                    row.id = id_
            case Progressed(status=status, phase=phase, id=id_) if row:
                row.status, row.id = status or phase.value, id_
            case Ended(step=step, outcome=outcome, id=id_):
                self._running.pop(step.key, None)
                self._ended += 1
                self._failed += outcome is Outcome.FAILED
                if outcome is Outcome.DONE:
                    self._cost.done(step)
                elif id_ and outcome is not Outcome.SKIPPED:
                    self._cost.exists(step)

    def lines(self, width: int, height: int) -> list[Line]:
        """The running steps, oldest first, and the sums: never more or wider than the terminal has room for."""
        now, running = self._now(), list(self._running.values())
        sums = list(_wrapped(self._sums(now), width))
        room = max(1, height - _HEAD_ROOM - len(sums))
        shown = running if len(running) <= room else running[: room - 1]
        rows = list(_rows([self._cells(row, now) for row in shown], width))
        if len(running) > len(shown):
            rows.append(line((cut_to(f"  and {len(running) - len(shown)} more", width), Tone.FAINT)))
        return [*rows, *sums]

    def _cells(self, row: _Running, now: float) -> _Cells:
        name = address_and_call(row.step.address, row.step.call_name)
        return _Cells(name, elapsed_text(now - row.since), row.status, self._rest(row, now), row.id)

    def _rest(self, row: _Running, now: float) -> str:
        """How long the step still takes, by what it is expected to take."""
        expected = self._expected.get(row.step.key)
        if expected is None:
            return "rest unknown"
        left = expected - (now - row.since)
        return f"{elapsed_text(left)} left" if left >= 1 else "takes longer" if left < -expected / 10 else "nearly done"

    def _sums(self, now: float) -> list[str]:
        waiting = max(0, self._total - self._ended - len(self._running))
        texts = [f"{self._ended} of {max(self._total, self._ended + len(self._running))} ended"]
        texts += [f"{self._failed} failed"] if self._failed else []
        texts += [f"{len(self._running)} running", f"{waiting} to come", f"{elapsed_text(now - self._began)} so far"]
        texts += [f"{rate_text(self._cost.amount, more=not self._cost.is_known)} now"] if self._cost else []
        return texts


def _rows(table: list[_Cells], width: int) -> Iterator[Line]:
    """The table with as many columns as there is room for; names are cut last."""
    if not table:
        return
    widths = [max(map(text_width, column)) for column in zip(*table, strict=True)]
    widths[2] = min(widths[2], _WIDEST_STATUS)
    mark = "  > " if width > 40 else ""
    least = min(widths[0], _NAME)

    def others(count: int) -> int:
        """The columns of a row of so many cells, without the name."""
        return len(mark) + sum(widths[1:count]) + _GAP * (count - 1)

    count = next((count for count in (5, 4, 3, 2) if least + others(count) <= width), 1)
    widths[0] = max(4, min(widths[0], width - others(count)))
    columns = [place for place in _ORDER if place < count]
    for cells in table:
        texts = [padded(cut_to(cells[place], widths[place]), widths[place]) for place in columns]
        tail = texts.pop() if count == 5 else ""
        yield line((mark, Tone.NEUTRAL), (" " * _GAP).join(texts), (f"{' ' * _GAP}{tail}" if tail else "", Tone.FAINT))


def _wrapped(texts: list[str], width: int) -> Iterator[Line]:
    """The texts with commas between them, on as many lines as they need."""
    pad = "    " if width > 40 else ""
    held = ""
    for text in texts:
        longer = f"{held}, {text}" if held else pad + text
        if held and text_width(longer) + 1 > width:
            yield line((f"{held},", Tone.FAINT))
            longer = pad + text
        held = longer
    yield line((cut_to(held, width), Tone.FAINT))
