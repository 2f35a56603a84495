"""The messages for the events of a run. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, assert_never

from novita_infra.applying.events import Ended, Event, Identified, Outcome, Progressed, Started
from novita_infra.model.addresses import Address
from novita_infra.model.durations import elapsed_text
from novita_infra.views.content.lines import Line, Tone, line

COMMON: Final = "the commonest errors:"


def reason_lines(end: Ended) -> Iterator[str]:
    """The reason of a step's end, the commonest errors of a job, then the last lines of the object's log."""
    if end.reason:
        yield end.reason
    if end.errors:
        yield COMMON
    yield from (f"  {text}" for text in end.errors)
    if end.log:
        yield "last log lines:"
    yield from (f"  {text}" for text in end.log)


def address_and_call(address: Address, call: str) -> str:
    """The name of a step: `instance.trainer: upgrade`."""
    return f"{address}: {call}"


def event_line(event: Event) -> Line:
    """One event as a line."""
    named = address_and_call(event.step.address, event.step.call_name)
    match event:
        case Started(step=step):
            what = step.says.removeprefix(f"{step.call_name}: ")
            return line(("start    ", Tone.NEUTRAL), named, (f": {what}" if what else "", Tone.FAINT))
        case Identified(id=id_):
            return line(f"         {named}: its id is {id_}")
        case Progressed(status=status, elapsed=elapsed, note=note):
            text = f"{status or event.phase.value} after {elapsed_text(elapsed)}{f'; {note}' if note else ''}"
            return line(f"         {named}: {text}")
        case Ended():
            return _ended_line(event, named)
        case _:
            assert_never(event)


def next_line(again: str) -> Line:
    """The command that continues a run that did not finish."""
    return line("Next: ", (again, Tone.STRONG), "   (it continues from here)")


def _ended_line(event: Ended, named: str) -> Line:
    known_as = f" ({event.id})" if event.id else ""
    after = f" after {elapsed_text(event.elapsed)}" if event.elapsed else ""
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
