"""`task`: the group of the commands about generation tasks."""

from __future__ import annotations

import click

from novita_infra.cli.lazy import LazyGroup

SUMMARY = "Make images, videos and audios, and fetch them"


@click.group(
    "task",
    cls=LazyGroup,
    table={
        "Tasks": {
            "submit": (f"{__package__}.tasks:submit_one", "Begin a task"),
            "get": (f"{__package__}.tasks:get_one", "Show a task as it is now"),
            "wait": (f"{__package__}.tasks:wait_one", "Wait for the end of a task, and fetch its results"),
        }
    },
)
def task() -> None:
    """Tasks that make images, videos and audios. There is no list of them: keep the id.

    Links to results expire soon, an hour after the answer at most: fetch with --into what is to remain.

    \b
    Examples:
      novita-infra task submit txt2img --data @fox.json --wait --into pictures
      novita-infra task wait 5f8e7d6c --into pictures
    """
