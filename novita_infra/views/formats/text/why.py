"""Why a plan does to a resource what it does: from its steps to its fields, and from those to the manifest line, the
variable, the environment or the live event that caused it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.plan import heading
from novita_infra.views.content.why import Reasons, WhyReason


def why_lines(reasons: Reasons) -> Iterator[Line]:
    """The reasons as a tree, the effect first."""
    sign, tone, sentence = heading(reasons.change)
    known_as = f" ({reasons.change.id})" if reasons.change.id else ""
    yield line((f"{sign} ".lstrip(), tone), (str(reasons.change.address), Tone.STRONG), f"{known_as} {sentence}")
    for text in reasons.steps:
        yield line((f"    step: {text}", Tone.FAINT))
    for reason in reasons.because:
        yield from _reason_lines(reason, depth=1)


def _reason_lines(reason: WhyReason, *, depth: int) -> Iterator[Line]:
    place = f"   {reason.origin}" if reason.origin else ""
    yield line(f"{'    ' * depth}<- {reason.what}", (place, Tone.NEUTRAL))
    for inner in reason.because:
        yield from _reason_lines(inner, depth=depth + 1)
