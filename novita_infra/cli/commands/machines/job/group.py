"""`job`: the group of the commands about single jobs."""

from __future__ import annotations

import click

from novita_infra.cli.lazy import LazyGroup

SUMMARY = "Interrupt jobs on machines"


@click.group(
    "job",
    cls=LazyGroup,
    table={"Jobs": {"break": (f"{__package__}.breaking:break_running_jobs", "Interrupt jobs that run")}},
)
def job() -> None:
    """Interrupt jobs of the service on machines; `jobs` lists them.

    \b
    Example:
      novita-infra job break 1a2b3c4d5e6f7a8b
    """
