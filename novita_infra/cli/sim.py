"""`sim`: the built-in simulator. Here the group and `reset`; serving has a file of its own for the sake of imports."""

from __future__ import annotations

from pathlib import Path

import click

from novita_infra import workflows
from novita_infra.cli.command import Command, path_argument, screened
from novita_infra.cli.lazy import LazyGroup
from novita_infra.cli.screen import Screen
from novita_infra.views.lines import line
from novita_infra.workflows import Where


@click.group(
    "sim",
    cls=LazyGroup,
    table={
        "Commands": {
            "serve": ("novita_infra.cli.sim_serve:serve", "Serve the simulator over HTTP on this machine"),
            "reset": (f"{__name__}:reset", "Empty the simulator's account of a project"),
        }
    },
)
def sim() -> None:
    """Run or reset the built-in simulator: a pretend Novita without an account, a key or a bill."""


@click.command(cls=Command)
@path_argument
@screened
def reset(*, path: Path, screen: Screen) -> int:
    """Empty the simulator's account of a project.

    The books stay: the next plan finds that everything was deleted. `novita-infra destroy --sim` does it in order.

    \b
    Example:
      novita-infra sim reset examples/quickstart
    """
    file = workflows.reset_sim(Where(path=path))
    screen.show([line(f"The simulator's account is empty: {file}")])
    return 0
