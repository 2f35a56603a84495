"""`ci`: the group of the commands that write pipelines, and that pipelines run."""

from __future__ import annotations

import click

from novita_infra.cli.lazy import LazyGroup

SUMMARY = "Write pipelines that plan requests and apply what was reviewed"


@click.group(
    "ci",
    cls=LazyGroup,
    table={
        "Set up": {"init": (f"{__package__}.init:ci_init", "Write the pipeline of a project")},
        "In a job": {
            "plan": (f"{__package__}.planning:ci_plan", "Plan a request, and comment on it"),
            "apply": (f"{__package__}.applying:ci_apply", "Apply the plan of the request that was merged"),
            "drift": (f"{__package__}.drift:ci_drift", "Open, update or close the issue about drift"),
        },
    },
)
def ci() -> None:
    """Pipelines of GitHub Actions and GitLab CI: a plan on a request, its apply after the merge, a look for drift.

    \b
    Examples:
      novita-infra ci init github
      novita-infra ci plan --env prod
    """
