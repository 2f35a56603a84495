"""The hooks of a command: those of its project, with what they get."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from novita_infra.model.diagnostics import EXIT_ERROR, Diagnostic, Problems, Severity
from novita_infra.model.lifecycle import HookEvent
from novita_infra.model.values import secrets_of
from novita_infra.operations.session import Session
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.review import Review

if TYPE_CHECKING:
    from novita_infra.applying.events import Result
    from novita_infra.hooks.failures import FailedHook
    from novita_infra.hooks.of_command import CommandHooks
    from novita_infra.notices.document import NoticeOutcome


def hooks_of_command(
    session: Session, command: str, asked: PlanOptions, environ: Mapping[str, str]
) -> CommandHooks | None:
    """The hooks of the command; None where the project has none, or the options switch them off."""
    project = session.project
    if not asked.hooks or not (project.rules.hooks or any(item.lifecycle.hooks for item in project.declared)):
        return None
    from novita_infra.api.known_secrets import KnownSecrets  # noqa: PLC0415 -- few projects have hooks
    from novita_infra.hooks.of_command import CommandHooks  # noqa: PLC0415 -- likewise
    from novita_infra.hooks.running import HookRunner  # noqa: PLC0415 -- likewise
    from novita_infra.manifests.language.expressions import secrets_of_environment  # noqa: PLC0415 -- likewise
    from novita_infra.notices.document import RunNotice  # noqa: PLC0415 -- likewise
    from novita_infra.programs.environment import given_environment  # noqa: PLC0415 -- likewise
    from novita_infra.programs.privacy import hide_environment  # noqa: PLC0415 -- likewise

    given = given_environment(environ)
    hide_environment(given.keys())
    known = KnownSecrets(environ.get("NOVITA_API_KEY", ""), *secrets_of_environment(environ))
    known.add(project.secrets)
    known.add(lambda: secrets_of(*(item.may_be_secret for item in project.declared)))
    runner = HookRunner(
        folder=project.root.resolve(),
        environ=given,
        known=known,
        awaited=session.client.awaited,
        report=session.report,
    )
    run = RunNotice(project=project.name, environment=session.identity.environment, command=command)
    return CommandHooks(runner, project.rules.hooks, run, now=session.clock.now)


def hook_diagnostics(result: Result) -> list[Diagnostic]:
    """The hooks that failed, for the end of a run: a warning each, or an error for one after the apply that stops."""
    return [_diagnostic_of(failed) for failed in result.failed_hooks]


async def before_plan(hooks: CommandHooks | None, session: Session) -> None:
    """Runs the hooks before a plan is made. A program that does not exist becomes a warning of the project.

    Raises Problems.
    """
    if hooks is None:
        return
    project = session.project
    every = [("", hook) for hook in project.rules.hooks]
    every += [(str(item.address), hook) for item in project.declared for hook in item.lifecycle.hooks]
    missing = [
        Diagnostic(f"the hook {hook} cannot run: {why}", address=address, severity=Severity.WARNING)
        for address, hook in every
        if (why := hooks.missing(hook))
    ]
    session.project = replace(project, warnings=(*project.warnings, *missing))
    await _run_at(hooks, HookEvent.BEFORE_PLAN)


async def after_plan(hooks: CommandHooks | None, review: Review) -> None:
    """Runs the hooks after a plan was made and shown. Raises Problems."""
    if hooks is None:
        return
    from novita_infra.notices.document import NoticeOutcome  # noqa: PLC0415 -- few projects have hooks

    hooks.take_plan(review)
    outcome = NoticeOutcome.REFUSED if review.problems else NoticeOutcome.SUCCEEDED
    await _run_at(hooks, HookEvent.AFTER_PLAN, outcome, tuple(map(str, review.problems)))


async def before_apply(hooks: CommandHooks, review: Review, stop: asyncio.Event) -> None:
    """Runs the hooks before the first step; none goes on when `stop` is set. Raises Problems."""
    from novita_infra.hooks.failures import HookInterrupted  # noqa: PLC0415 -- few projects have hooks

    hooks.take_plan(review)
    with suppress(HookInterrupted):  # the steps end at once, too
        await _run_at(hooks, HookEvent.BEFORE_APPLY, stop=stop)


async def after_apply(hooks: CommandHooks, result: Result) -> None:
    """Runs the hooks after the state was saved. A failure is among those of the hooks."""
    from novita_infra.applying.events import Outcome  # noqa: PLC0415 -- a plan does without
    from novita_infra.hooks.failures import HookStopped  # noqa: PLC0415 -- few projects have hooks
    from novita_infra.notices.document import NoticeOutcome  # noqa: PLC0415 -- likewise

    outcome = NoticeOutcome.SUCCEEDED if result.succeeded else NoticeOutcome.FAILED
    if result.interrupted:
        outcome = NoticeOutcome.INTERRUPTED
    errors = tuple(f"{end.step.address}: {end.reason}" for end in result.ends if end.outcome is Outcome.FAILED)
    try:
        await hooks.at(HookEvent.AFTER_APPLY, outcome=outcome, errors=errors)
    except HookStopped as stopped:
        hooks.failures.append(stopped.failed)


async def _run_at(
    hooks: CommandHooks,
    event: HookEvent,
    outcome: NoticeOutcome | None = None,
    errors: tuple[str, ...] = (),
    stop: asyncio.Event | None = None,
) -> None:
    from novita_infra.hooks.failures import HookStopped  # noqa: PLC0415 -- few projects have hooks

    try:
        await hooks.at(event, outcome=outcome, errors=errors, stop=stop)
    except HookStopped as stopped:
        raise Problems([_diagnostic_of(stopped.failed)], code=EXIT_ERROR) from None


def _diagnostic_of(failed: FailedHook) -> Diagnostic:
    severity = Severity.ERROR if failed.stops else Severity.WARNING
    hint = f"{_MEANING[failed.hook.event]}; to skip the hooks: --no-hooks" if failed.stops else ""
    return Diagnostic(str(failed), hint, address=failed.address, severity=severity)


_MEANING: Final = {
    HookEvent.BEFORE_PLAN: "nothing was planned",
    HookEvent.AFTER_PLAN: "the command ends here, and nothing was applied",
    HookEvent.BEFORE_APPLY: "nothing was applied",
    HookEvent.AFTER_APPLY: "the state is saved",
}
"""What the failure of a hook of the project means, if it stops."""
