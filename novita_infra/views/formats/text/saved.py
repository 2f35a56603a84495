"""The origin of a saved plan as text: its time, project, state, variables and digest. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from novita_infra.model.clock import timestamp
from novita_infra.model.durations import in_words
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.values import inline

if TYPE_CHECKING:
    from novita_infra.planning.saved.plan_file import SavedPlan


def saved_lines(saved: SavedPlan, *, now: float) -> Iterator[Line]:
    """The origin of the plan. `now` is in Unix seconds."""
    setting, basis = saved.setting, saved.review.plan.basis
    state = f"{setting.state}, serial {basis.serial}" if basis.serial else f"{setting.state}, not yet written"
    yield line(
        (f"Saved plan of {timestamp(setting.created)}", Tone.STRONG),
        f" ({in_words(now - setting.created)} ago) by novita-infra {saved.program}",
    )
    yield line(f"    project: {setting.root}")
    yield line(f"    state: {state}")
    if setting.variables:
        yield line(f"    variables: {inline(dict(setting.variables))}")
    yield line(f"    digest: {saved.digest}")
    yield line("    seal: not checked here; `apply` checks it with the state of the project")
    yield line()
