"""What a plan file tells of itself: when and from what it was made, and by which digest it is approved. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from novita_infra.model.clock import timestamp
from novita_infra.model.durations import in_words
from novita_infra.planning.saved.plan_file import SavedPlan
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.values import inline


def saved_lines(saved: SavedPlan, *, now: float) -> Iterator[Line]:
    """Where the plan comes from. `now` is in Unix seconds."""
    setting, basis = saved.setting, saved.review.plan.basis
    books = f"{setting.state}, version {basis.serial}" if basis.serial else f"{setting.state}, not there yet"
    yield line(
        (f"Saved plan of {timestamp(setting.created)}", Tone.STRONG),
        f" ({in_words(now - setting.created)} ago) by novita-infra {saved.program}",
    )
    yield line(f"    project: {setting.root}")
    yield line(f"    books: {books}")
    if setting.variables:
        yield line(f"    variables: {inline(dict(setting.variables))}")
    yield line(f"    digest: {saved.digest}")
    yield line()
