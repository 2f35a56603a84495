"""The end of a run as text: what is done, what is not, and what still costs after a failure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Final

from novita_infra.applying.events import Ended, Outcome, Result
from novita_infra.views.content.events import COMMON, address_and_call, next_line, reason_lines
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.run_summary import ends_by_outcome, leftovers, outcome_sentence

_MANY: Final = 20
"""Steps that are done and listed one by one; what is not done is always listed in full."""


def result_lines(result: Result, *, again: str, destroy: str = "novita-infra destroy") -> Iterator[Line]:
    """The end of the run.

    `again` is the command that continues, empty if there is none; `destroy` is the one that deletes.
    """
    yield line((outcome_sentence(result), Tone.GOOD if result.succeeded else Tone.BAD))
    for change in result.failed_before:
        text = f"{change.address} ({change.id}) failed in an earlier run, so this one ends with 1, too"
        yield line((text, Tone.BAD), f"; to run all of it again: --replace {shlex.quote(str(change.address))}")
    if result.succeeded:
        for end in result.ends:
            if end.errors:
                yield line()
                yield line((f"Failed requests of {end.step.address}, {COMMON}", Tone.CHANGE))
                yield from (line(f"  {text}") for text in end.errors)
        return
    for title, outcome, ends in ends_by_outcome(result):
        yield line()
        yield line((title, Tone.STRONG))
        for end in ends[:_MANY] if outcome is Outcome.DONE else ends:
            yield from _end_lines(end)
        if outcome is Outcome.DONE and len(ends) > _MANY:
            yield line((f"  and {len(ends) - _MANY} more", Tone.FAINT))
    yield from _leftover_lines(result, destroy=destroy)
    if again and not result.settled:
        yield line()
        yield next_line(again)


def _end_lines(end: Ended) -> Iterator[Line]:
    known_as = f" ({end.id})" if end.id else ""
    tone = Tone.REMOVE if end.outcome is Outcome.FAILED else None
    yield line((f"  {address_and_call(end.step.address, end.step.call_name)}{known_as}", tone))
    for text in reason_lines(end):
        yield line(f"      {text}")


def _leftover_lines(result: Result, *, destroy: str) -> Iterator[Line]:
    """Objects that still cost after a failed run, and the command that deletes those that the run created."""
    items = [*leftovers(result)]
    if not items:
        return
    yield line()
    yield line(("Still exists and costs:", Tone.STRONG))
    for item in items:
        yield line(f"  {item.address}: {item.price} ({item.why})")
    targets = [
        word for item in items if item.deleted_by_destroy for word in ("--target", shlex.quote(str(item.address)))
    ]
    if targets:
        yield line("  To delete what this run created: ", (" ".join((destroy, *targets)), Tone.STRONG))
