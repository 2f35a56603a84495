"""Options that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from novita_infra.cli.completing.offers import addresses
from novita_infra.cli.rendering import Callback
from novita_infra.model.addresses import Address
from novita_infra.model.durations import parse_duration
from novita_infra.model.rules import Policy
from novita_infra.planning.options import LABEL, PlanOptions, Refresh, RunLimits, is_pattern


class WholeNumber(click.IntRange):
    """A whole number in a range. Its name stands in messages."""

    name = "whole number"


def duration_option(text: str) -> float:
    """Seconds from `30s`, `5m`, `1h`, `1d` or a bare number of seconds."""
    return _duration(text, unit="s")


def runway_minutes(text: str) -> int:
    """Minutes from `8h`, `90m`, `1d` or a bare number of hours."""
    return round(_duration(text, unit="h") / 60)


def _duration(text: str, *, unit: str) -> float:
    try:
        return parse_duration(text, unit=unit)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def address(text: str) -> Address:
    """An address such as `instance.trainer`."""
    try:
        return Address.parse(text)
    except ValueError as wrong:
        raise click.BadParameter(str(wrong)) from wrong


path_argument = click.argument("path", metavar="[PATH]", default=".", type=click.Path(path_type=Path), required=False)


def folder_option(help: str) -> Callable[[Callback], Callback]:  # noqa: A002 -- click's own word
    """`--project FOLDER`, for a command whose argument is something else."""
    folder = click.Path(file_okay=False, path_type=Path)
    return click.option("--project", "folder", type=folder, default=".", metavar="FOLDER", help=help)


def _naming(*flags: str, name: str, help: str) -> Callable[[Callback], Callback]:  # noqa: A002 -- click's own word
    """An option that takes addresses or patterns."""
    return click.option(
        *flags, name, multiple=True, type=address_or_pattern, metavar="ADDR", shell_complete=addresses, help=help
    )


def address_or_pattern(text: str) -> str:
    """An address, a pattern such as `instance.*`, or a label such as `label:team=research`."""
    if text.startswith(LABEL):
        if not text.removeprefix(LABEL).partition("=")[0] or "=" not in text:
            raise click.BadParameter(f"{text!r} is no label; one looks like label:team=research")
        return text
    return text if is_pattern(text) else str(address(text))


target_option = _naming(
    "-t",
    "--target",
    name="targets",
    help="Limit the plan to this resource, those that it needs, and those that cannot remain without it; "
    "repeatable. In ADDR, * matches anything: instance.worker*; label:team=research means all with that label.",
)
exclude_option = _naming(
    "--exclude",
    name="excludes",
    help="Leave out this resource and those that depend on it, also of the targets; repeatable.",
)
replace_option = _naming(
    "--replace", name="replaces", help="Replace this resource even if no change requires it; repeatable."
)
allow_data_loss_option = _naming(
    "--allow-data-loss",
    name="allow_data_loss",
    help="Allow the loss of this resource's data; repeatable. instance.* matches all instances.",
)
create_anyway_option = _naming(
    "--create-anyway",
    name="create_anyway",
    help="Create this resource though an object of its name and place exists that no state has; repeatable.",
)
allow_large_change_option = click.option(
    "--allow-large-change",
    is_flag=True,
    help="Allow more deletions and replacements than the project's changeLimit.",
)
check_option = click.option(
    "--check", "checks", is_flag=True, help="Make the `check` of every resource, even if nothing has changed."
)
no_hooks_option = click.option(
    "--no-hooks",
    "hooks",
    is_flag=True,
    flag_value=False,
    default=True,
    help="Run no hooks of the project and of its resources.",
)
runway_option = click.option(
    "--runway",
    type=runway_minutes,
    default="1",
    show_default=True,
    metavar="HOURS",
    help="Hours of added cost that the balance must cover; 90m and 1d work too.",
)
new_state_option = click.option(
    "--new-state",
    is_flag=True,
    help="Start with a new state even if objects exist that a lost state may have recorded; they are left running.",
)
policy_option = click.option(
    "--policy",
    "policies",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Check the plan with this policy, too: a Python file, JSON Schema or program; repeatable.",
)


refresh_option = click.option(
    "--refresh",
    type=click.Choice([mode.value for mode in Refresh]),
    default=Refresh.ALL.value,
    show_default=True,
    callback=lambda _ctx, _option, word: Refresh(word),
    help="Which resources to read first: all, only types with changed manifests, none, or all to refresh the state "
    "only.",
)


def with_plan_options(function: Callback) -> Callback:
    """Adds the options that shape a plan, and passes them on as `plan_options`."""

    @target_option
    @exclude_option
    @replace_option
    @allow_data_loss_option
    @create_anyway_option
    @allow_large_change_option
    @check_option
    @no_hooks_option
    @runway_option
    @refresh_option
    @new_state_option
    @policy_option
    @functools.wraps(function)
    def inner(*, policies: tuple[Path, ...], **rest: Any) -> Any:
        values = {name: rest.pop(name) for name in _FIELDS}
        return function(plan_options=PlanOptions(policies=_policies(policies), **values), **rest)

    return inner


_FIELDS: Final = (
    "targets",
    "excludes",
    "replaces",
    "allow_data_loss",
    "create_anyway",
    "allow_large_change",
    "checks",
    "hooks",
    "runway",
    "refresh",
    "new_state",
)
"""The options that have the name of a field of PlanOptions."""


def _policies(paths: tuple[Path, ...]) -> tuple[Policy, ...]:
    if not paths:
        return ()
    from novita_infra.policies.running import policy_at  # noqa: PLC0415 -- few plans have policies

    return tuple(map(policy_at, paths))


steal_option = click.option(
    "--steal", is_flag=True, help="Insist on an object that belongs to another project, environment or address."
)
sim_option = click.option(
    "--sim",
    is_flag=True,
    envvar="NOVITA_INFRA_SIM",
    show_envvar=True,
    help="Use the built-in simulator instead of the cloud.",
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Show what would be done, and change nothing.")
auto_approve_option = click.option("-y", "--auto-approve", is_flag=True, help="Skip the confirmation.")
_parallelism_option = click.option(
    "--parallelism",
    type=WholeNumber(min=1),
    envvar="NOVITA_INFRA_PARALLELISM",
    show_envvar=True,
    metavar="N",
    help="The most steps at a time, each until its object is ready; by default all that can begin.",
)
_max_calls_option = click.option(
    "--max-calls",
    type=WholeNumber(min=1),
    envvar="NOVITA_INFRA_MAX_CALLS",
    show_envvar=True,
    metavar="N",
    help="The most calls at a time; by default as many as the service answers well.",
)


def with_run_limits(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that limit a run, and passes a `RunLimits` as `limits`."""

    @_parallelism_option
    @_max_calls_option
    @functools.wraps(function)
    def inner(*, parallelism: int | None, max_calls: int | None, **rest: Any) -> Any:
        return function(limits=RunLimits(parallelism, max_calls), **rest)

    return inner


lock_timeout_option = click.option(
    "--lock-timeout",
    type=duration_option,
    default="0s",
    show_default=True,
    metavar="T",
    help="How long to wait for the lock of another run, such as 30s, 5m or 1d.",
)
