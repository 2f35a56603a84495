"""`sim scenarios`: lists the built-in scenarios."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import click

from novita_infra.cli.command import Command
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.simulator import SCENARIOS
from novita_infra.views.content.lines import Tone, line
from novita_infra.views.renderer import Renderer

_TIMING: Final = frozenset({"at", "upon", "nth", "after", "every"})


@click.command(cls=Command)
@format_options()
@with_renderer
def scenarios(*, renderer: Renderer) -> int:
    """List the built-in scenarios of faults and changes.

    With --json, each is printed in full, in the form of a scenario file.

    \b
    Examples:
      novita-infra sim scenarios
      novita-infra sim run --scenario flaky -- novita-infra apply --auto-approve
    """
    width = max(map(len, SCENARIOS))
    lines = (line((name.ljust(width), Tone.STRONG), f"  {one.says}") for name, one in SCENARIOS.items())
    renderer.show(lines, {"scenarios": [_full(asdict(scenario)) for scenario in SCENARIOS.values()]})
    return 0


def _full(values: dict[str, Any]) -> dict[str, Any]:
    """The form of a scenario file: without empty values."""
    data = {"statusWords" if name == "status_words" else name: value for name, value in values.items() if value}
    if "events" in data:
        data["events"] = [
            {name: value for name, value in event.items() if value or (name not in _TIMING and value is not None)}
            for event in data["events"]
        ]
    return data
