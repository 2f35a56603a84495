"""`sim scenarios`: the days that ship, each with one sentence."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import click

from novita_infra.cli.console import Console
from novita_infra.cli.options import Command, json_option, with_console
from novita_infra.simulator import SCENARIOS
from novita_infra.views.content.lines import Tone, line

_TIMING: Final = frozenset({"at", "upon", "nth", "after", "every"})


@click.command(cls=Command)
@json_option
@with_console
def scenarios(*, screen: Console) -> int:
    """List the scenarios that ship: the bad days that the simulator can be told to have.

    With --json, each comes in full, as a scenario file would say it.

    \b
    Examples:
      novita-infra sim scenarios
      novita-infra sim run --scenario flaky -- novita-infra apply --auto-approve
    """
    if screen.json:
        screen.show_json({"scenarios": [_full(asdict(scenario)) for scenario in SCENARIOS.values()]})
        return 0
    width = max(map(len, SCENARIOS))
    screen.show(line((name.ljust(width), Tone.STRONG), f"  {one.says}") for name, one in SCENARIOS.items())
    return 0


def _full(values: dict[str, Any]) -> dict[str, Any]:
    """As a scenario file says it: without what is left unsaid."""
    said = {"statusWords" if name == "status_words" else name: value for name, value in values.items() if value}
    if "events" in said:
        said["events"] = [
            {name: value for name, value in event.items() if value or (name not in _TIMING and value is not None)}
            for event in said["events"]
        ]
    return said
