"""`sim`: the group of the simulator's commands, and `reset`."""

from __future__ import annotations

from pathlib import Path

import click

from novita_infra.cli.command import Command
from novita_infra.cli.lazy import LazyGroup
from novita_infra.cli.options import path_argument
from novita_infra.cli.rendering import with_renderer
from novita_infra.operations.session import ProjectOptions
from novita_infra.operations.state.edits import reset_sim
from novita_infra.views.content.lines import line
from novita_infra.views.renderer import Renderer

SUMMARY = "Run or reset the built-in simulator"


@click.group(
    "sim",
    cls=LazyGroup,
    table={
        "Commands": {
            "serve": (f"{__package__}.serve:serve", "Serve the simulator over HTTP on this machine"),
            "run": (f"{__package__}.run:run", "Run a command against the simulator and report its effects"),
            "record": (f"{__package__}.serve:record", "Log all requests and answers, of the simulator or an API"),
            "scenarios": (f"{__package__}.scenarios:scenarios", "List the built-in scenarios"),
            "reset": (f"{__name__}:reset", "Empty the simulator's account of a project"),
        }
    },
)
def sim() -> None:
    """The built-in simulator of Novita AI: no account, no key, no bill.

    \b
    Examples:
      novita-infra sim serve --port 8081 --time-scale 60
      novita-infra sim run --scenario flaky -- novita-infra apply --auto-approve
    """


@click.command(cls=Command)
@path_argument
@with_renderer
def reset(*, path: Path, renderer: Renderer) -> int:
    """Empty the simulator's account of a project.

    The state remains: the next plan reports every object as deleted. `novita-infra destroy --sim` deletes in order.

    \b
    Example:
      novita-infra sim reset examples/quickstart
    """
    file = reset_sim(ProjectOptions(path=path))
    renderer.show([line(f"The simulator's account is empty: {file}")])
    return 0
