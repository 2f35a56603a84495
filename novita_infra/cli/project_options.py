"""The options that name the project, the environment and the account of a command."""

from __future__ import annotations

import functools
import os
import shlex
from pathlib import Path
from typing import Any, Final

import click

from novita_infra.cli.completing.offers import environments
from novita_infra.cli.options import sim_option
from novita_infra.cli.rendering import Callback, renderer_of
from novita_infra.manifests.project.discovery import project_above
from novita_infra.operations.session import ProjectOptions
from novita_infra.planning.options import PlanOptions, Refresh

ENVIRONMENT: Final = "NOVITA_INFRA_ENV"
"""The variable that chooses the environment."""


def with_project_options(function: Callback) -> Callback:
    """Adds the options and passes them on as `project_options`."""

    @sim_option
    @click.option(
        "-e",
        "--env",
        "environment",
        shell_complete=environments,
        default="",
        envvar=ENVIRONMENT,
        show_envvar=True,
        metavar="NAME",
        help="The environment of the project.",
    )
    @click.option(
        "--var", "variables", multiple=True, type=assignment, metavar="NAME=VALUE", help="Set a variable; repeatable."
    )
    @click.option(
        "--var-file",
        "var_files",
        multiple=True,
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Set variables from a YAML, JSON or dotenv file; repeatable.",
    )
    @functools.wraps(function)
    def inner(
        *,
        path: Path = Path(),
        sim: bool,
        environment: str,
        variables: tuple[tuple[str, str], ...],
        var_files: tuple[Path, ...],
        **rest: Any,
    ) -> Any:
        preset = os.environ.get(ENVIRONMENT)
        if preset and preset != environment:
            renderer = renderer_of(click.get_current_context().params)
            renderer.note(f"--env {environment} is used, not {preset} ({ENVIRONMENT}).")
        if "path" in click.get_current_context().params:  # else the command finds it among its words
            note_project_above(path, "PATH")
        project_options = ProjectOptions(
            path=path,
            environment=environment,
            variables=dict(variables),
            var_files=var_files,
            sim=sim,
            lock_timeout=rest.pop("lock_timeout", 0.0),
            steal=rest.pop("steal", False),
        )
        return function(project_options=project_options, **rest)

    return inner


def note_project_above(path: Path, argument: str) -> None:
    """Names the project that a command takes because the folder lies in it: it may not be the one that is meant."""
    if above := project_above(path):
        renderer = renderer_of(click.get_current_context().params)
        renderer.note(f"{path.resolve().name} lies in the project in {above}, which is used; {argument} names another.")


def again(command: str, project_options: ProjectOptions, plan_options: PlanOptions = PlanOptions()) -> str:
    """A command line for the same project. It omits the values of variables, which may be secret."""
    words = ["novita-infra", command]
    if project_options.sim:
        words.append("--sim")
    if project_options.environment:
        words += ["--env", project_options.environment]
    for name in project_options.variables:
        words += ["--var", f"{name}=..."]
    for target in plan_options.targets:
        words += ["--target", target]
    for excluded in plan_options.excludes:
        words += ["--exclude", excluded]
    for old in plan_options.replaces:
        words += ["--replace", old]
    for pattern in plan_options.allow_data_loss:
        words += ["--allow-data-loss", pattern]
    for pattern in plan_options.create_anyway:
        words += ["--create-anyway", pattern]
    words += ["--allow-large-change"] if plan_options.allow_large_change else []
    words += ["--check"] if plan_options.checks else []
    words += [] if plan_options.hooks else ["--no-hooks"]
    words += [] if plan_options.refresh is Refresh.ALL else [f"--refresh={plan_options.refresh.value}"]
    words += ["--runway", f"{plan_options.runway / 60:g}"] if plan_options.runway != PlanOptions().runway else []
    words += ["--new-state"] if plan_options.new_state else []
    for policy in plan_options.policies:
        words += ["--policy", policy.words[0]]
    for file in project_options.var_files:
        words += ["--var-file", str(file)]
    if project_options.path != Path():
        words.append(str(project_options.path))
    return shlex.join(words)


def assignment(text: str) -> tuple[str, str]:
    """`name=value`. The value may be secret, so it is not repeated."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise click.BadParameter("write NAME=VALUE")
    return name.strip(), value
