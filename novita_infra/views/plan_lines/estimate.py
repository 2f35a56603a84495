"""The estimated duration of a plan as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from novita_infra.model.durations import in_words
from novita_infra.views.content.lines import Line, Tone, line

if TYPE_CHECKING:
    from novita_infra.planning.cost.durations import Estimate


def estimate_lines(estimate: Estimate) -> Iterator[Line]:
    """`about 4 min`, the critical path, and what it is judged by."""
    if not estimate.steps:
        return
    some = f"{estimate.known} of {estimate.steps} steps by past runs, the others by built-in figures"
    by = {0: "by built-in figures", estimate.steps: "by past runs"}.get(estimate.known, some)
    yield line(("Estimate: ", Tone.STRONG), f"about {in_words(estimate.seconds)} ({by})")
    legs = (f"{leg.address} {leg.call} {in_words(leg.seconds)}" for leg in estimate.path)
    yield line(f"    critical path: {' -> '.join(legs)}")
