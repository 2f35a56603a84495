"""Options that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from novita_infra.cli.rendering import Callback
from novita_infra.model.addresses import Address
from novita_infra.model.durations import parse_duration
from novita_infra.model.rules import Policy
from novita_infra.planning.options import PlanOptions, Refresh, is_pattern


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


def _naming(flag: str, name: str, *, help: str) -> Callable[[Callback], Callback]:  # noqa: A002 -- click's own word
    """An option that names resources, one by one or by patterns."""
    return click.option(flag, name, multiple=True, type=address_or_pattern, metavar="ADDR", help=help)


def address_or_pattern(text: str) -> str:
    """An address, or a text that stands for several, such as `instance.*`."""
    return text if is_pattern(text) else str(address(text))


target_option = _naming(
    "--target",
    "targets",
    help="Only this resource, what it needs, and what cannot stay without it; repeatable. In ADDR, * stands for "
    "anything: instance.worker*.",
)
exclude_option = _naming(
    "--exclude", "excludes", help="Not this resource, nor what cannot be done without it; repeatable."
)
replace_option = _naming("--replace", "replaces", help="Make this resource anew, though it could stay; repeatable.")
allow_data_loss_option = click.option(
    "--allow-data-loss",
    multiple=True,
    type=address_or_pattern,
    metavar="ADDR",
    help="The data of this resource may be lost; repeatable, and instance.* stands for all instances.",
)
allow_large_change_option = click.option(
    "--allow-large-change",
    is_flag=True,
    help="More resources may be deleted and replaced than the project's changeLimit.",
)
runway_option = click.option(
    "--runway",
    type=runway_minutes,
    default="1",
    show_default=True,
    metavar="HOURS",
    help="How long the balance must pay for what the plan adds.",
)
policy_option = click.option(
    "--policy",
    "policies",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Let this Python file, JSON Schema or program judge the plan too; repeatable.",
)


refresh_option = click.option(
    "--refresh",
    type=click.Choice([mode.value for mode in Refresh]),
    default=Refresh.ALL.value,
    show_default=True,
    callback=lambda _ctx, _option, word: Refresh(word),
    help="What is read first: all objects; only the kinds of which a manifest differs from the books; none; or all, "
    "and only to bring the books up to date.",
)


def with_plan_options(function: Callback) -> Callback:
    """Adds the options that shape a plan, and passes them on as `plan_options`."""

    @target_option
    @exclude_option
    @replace_option
    @allow_data_loss_option
    @allow_large_change_option
    @runway_option
    @refresh_option
    @policy_option
    @functools.wraps(function)
    def inner(*, policies: tuple[Path, ...], **rest: Any) -> Any:
        values = {name: rest.pop(name) for name in _FIELDS}
        return function(plan_options=PlanOptions(policies=_policies(policies), **values), **rest)

    return inner


_FIELDS: Final = ("targets", "excludes", "replaces", "allow_data_loss", "allow_large_change", "runway", "refresh")
"""The options that have the name of a field of PlanOptions."""


def _policies(paths: tuple[Path, ...]) -> tuple[Policy, ...]:
    from novita_infra.policies.running import policy_at  # noqa: PLC0415 -- not every command makes a plan

    return tuple(map(policy_at, paths))


auto_approve_option = click.option("--auto-approve", is_flag=True, help="Do not ask.")
parallelism_option = click.option(
    "--parallelism",
    type=click.IntRange(min=1),
    metavar="N",
    help="The most calls at a time. Without it, as many as the service answers well.",
)
lock_timeout_option = click.option(
    "--lock-timeout",
    type=duration_option,
    default="0s",
    show_default=True,
    metavar="T",
    help="How long to wait for another run to end, such as 30s or 5m.",
)
