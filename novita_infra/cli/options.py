"""What commands share: options, and what becomes of a problem (a message and an exit code, never a traceback)."""

from __future__ import annotations

import asyncio
import functools
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import click

from novita_infra.api.errors import BLOCKING, ApiError
from novita_infra.cli.console import Console
from novita_infra.cli.lazy import EXIT_ERROR, EXIT_INTERRUPTED
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_BLOCKED, Diagnostic, Problems
from novita_infra.model.rules import Policy
from novita_infra.planning.options import PlanOptions, Refresh, is_pattern

Callback: TypeAlias = Callable[..., Any]

_DURATION: Final = re.compile(r"(?P<amount>\d+(?:\.\d+)?)\s*(?P<unit>s|m|h|)")
_HOURS: Final = re.compile(r"(?P<amount>\d{1,6}(?:\.\d+)?)\s*h?")
_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}


class Command(click.Command):
    """A command whose problems are told in the way it was asked to speak, and become its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except asyncio.CancelledError:
            return EXIT_INTERRUPTED
        except Exception as failure:  # noqa: BLE001 -- the last place before the terminal: nobody shall meet a traceback
            screen = _screen(ctx.params)
            code = EXIT_ERROR
            for leaf in _leaves(failure):
                diagnostics, leaf_code = _explained(leaf)
                screen.tell(diagnostics)
                code = max(code, leaf_code)
            return code


def duration_option(text: str) -> float:
    """Seconds from `30s`, `5m`, `1h` or a bare number."""
    match = _DURATION.fullmatch(str(text).strip())
    if match is None:
        raise click.BadParameter(f"{text!r} is not a duration; one looks like 30s, 5m or 1h")
    return float(match["amount"]) * _SECONDS[match["unit"]]


def hours(text: str) -> int:
    """Minutes from a number of hours such as `8` or `0.5`."""
    match = _HOURS.fullmatch(str(text).strip())
    if match is None:
        raise click.BadParameter(f"{text!r} is not a number of hours; one looks like 8 or 0.5")
    return round(float(match["amount"]) * 60)


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
    type=hours,
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


def plan_options(function: Callback) -> Callback:
    """Adds the options that shape a plan, and hands them on as `asked`."""

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
        asked = {name: rest.pop(name) for name in _ASKED}
        return function(asked=PlanOptions(policies=_policies(policies), **asked), **rest)

    return inner


_ASKED: Final = ("targets", "excludes", "replaces", "allow_data_loss", "allow_large_change", "runway", "refresh")
"""The options that are called as what they fill in Asked."""


def _policies(paths: tuple[Path, ...]) -> tuple[Policy, ...]:
    from novita_infra.policies.running import policy_at  # noqa: PLC0415 -- not every command makes a plan

    return tuple(map(policy_at, paths))


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else on stdout.")
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


def with_console(function: Callback) -> Callback:
    """Adds `--no-color`, and hands on the `screen` to speak on."""

    @click.option("--no-color", is_flag=True, help="No colours and no moving display; NO_COLOR does the same.")
    @click.pass_context
    @functools.wraps(function)
    def inner(ctx: click.Context, /, *, no_color: bool, **rest: Any) -> Any:  # noqa: ARG001 -- read by _screen
        rest.pop("as_json", None)
        return function(screen=_screen(ctx.params), **rest)

    return inner


def _screen(params: dict[str, Any]) -> Console:
    path = params.get("path") or Path()
    return Console(
        colours=not params.get("no_color", False),
        json=bool(params.get("as_json", False)),
        root=path if path.is_dir() else path.parent,
    )


def _leaves(failure: BaseException) -> Iterator[BaseException]:
    if isinstance(failure, BaseExceptionGroup):
        for inner in failure.exceptions:
            yield from _leaves(inner)
    else:
        yield failure


def _explained(failure: BaseException) -> tuple[tuple[Diagnostic, ...], int]:
    match failure:
        case Problems():
            return failure.diagnostics, failure.code
        case ApiError():
            code = EXIT_BLOCKED if isinstance(failure, BLOCKING) else EXIT_ERROR
            return (Diagnostic(str(failure), failure.advice),), code
        case OSError(filename=str() | bytes() as name, strerror=str() as reason):
            return (Diagnostic(f"{os.fsdecode(name)}: {reason}"),), EXIT_ERROR
        case _:
            return (Diagnostic(f"internal error: {_bug(failure)}", _report()),), EXIT_ERROR


def _bug(failure: BaseException) -> str:
    """The exception by its type and place alone: its words may hold what nobody shall read."""
    if os.environ.get("NOVITA_INFRA_DEBUG"):
        sys.stderr.write("".join(traceback.format_exception(failure)))
    frames = traceback.extract_tb(failure.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(failure).__name__}{place}"


def _report() -> str:
    return "please report it with what NOVITA_INFRA_DEBUG=1 prints"
