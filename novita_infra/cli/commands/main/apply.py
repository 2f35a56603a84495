"""`apply`: shows the plan, asks, carries it out, and reports the result."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from novita_infra.applying.events import Outcome, Result
from novita_infra.cli.command import Command
from novita_infra.cli.confirmation import approved as approved_by_person
from novita_infra.cli.lazy import EXIT_INTERRUPTED
from novita_infra.cli.notifying.options import with_notifications
from novita_infra.cli.options import (
    auto_approve_option,
    lock_timeout_option,
    with_plan_options,
    with_run_limits,
)
from novita_infra.cli.project_options import again, with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out, stopping
from novita_infra.kinds import KINDS
from novita_infra.library.judging import judged
from novita_infra.manifests.project.locating import Located
from novita_infra.model.clock import moment
from novita_infra.model.diagnostics import EXIT_ERROR, Problems, problem
from novita_infra.operations.applying import apply_plan, is_nothing_to_do
from novita_infra.operations.hooks import after_plan, before_plan, hook_diagnostics, hooks_of_command
from novita_infra.operations.plans.approved_plans import (
    ApprovedRun,
    check_expected,
    run_of_expected,
    run_of_saved,
)
from novita_infra.operations.plans.planning import plan_project
from novita_infra.operations.plans.saved_plans import is_plan, opened_saved, place_of_plan
from novita_infra.operations.session import ProjectOptions, Session, open_session, place_of, state_locked
from novita_infra.planning.cost.durations import expected_seconds
from novita_infra.planning.cost.running import Outlook
from novita_infra.planning.options import PlanOptions, Refresh, RunLimits
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.review import Review
from novita_infra.planning.saved.plan_file import Setting, digest_of
from novita_infra.policies.running import check_named_again
from novita_infra.state.state import UsedPlan
from novita_infra.views.content.events import next_line
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.plan import RunProject
from novita_infra.views.content.values import inline
from novita_infra.views.renderer import Renderer

if TYPE_CHECKING:
    from novita_infra.hooks.of_command import CommandHooks

SUMMARY = "Create, update and delete resources as planned"

_DIGEST: Final = re.compile("sha256:[0-9a-f]{64}")


def _plan_digest(text: str) -> str:
    """The digest of a plan, as `plan --out` prints it."""
    if _DIGEST.fullmatch(text.strip()):
        return text.strip()
    raise click.BadParameter(f"{text!r} is no digest; one is sha256: and 64 hex digits, as `plan --out` prints it")


@click.command(cls=Command)
@click.argument(
    "path",
    metavar="[PATH or PLANFILE]",
    default=".",
    type=click.Path(path_type=Path),
    required=False,
)
@with_project_options
@with_plan_options
@click.option(
    "--expect",
    metavar="DIGEST",
    type=_plan_digest,
    default=None,
    help="Apply without a question if the plan has this digest, which `plan --out` prints; else refuse.",
)
@click.option(
    "--project",
    "folder",
    metavar="PATH",
    type=click.Path(path_type=Path, exists=True),
    default=None,
    help="The project that a PLANFILE is applied to; by default the current folder.",
)
@auto_approve_option
@with_run_limits
@lock_timeout_option
@format_options()
@with_renderer
@with_notifications("apply")
def apply(
    *,
    project_options: ProjectOptions,
    plan_options: PlanOptions,
    expect: str | None,
    folder: Path | None,
    auto_approve: bool,
    limits: RunLimits,
    renderer: Renderer,
) -> int:
    """Create, update and delete resources until they agree with the manifests.

    Shows the plan and asks first. A PLANFILE, which `plan --out` saved, is applied to the project in the current
    folder, without a question and as it was shown, or refused if the state or the cloud has changed. Run it again
    after a failure or an interruption: it finishes what is left.

    \b
    Examples:
      novita-infra apply --sim
      novita-infra apply examples/quickstart --sim --auto-approve
      novita-infra apply prod.niplan
      novita-infra apply plans/prod.niplan --project fleet
      novita-infra apply --env prod --auto-approve --json
      novita-infra apply --env prod --expect sha256:6b1c...

    \b
    Exit codes: 0 done; 1 error, or a batch or another job of the manifests
                has failed, also in an earlier run; 4 blocked by capacity or
                limits; 5 refused by a protection or a policy; 6 over a budget;
                130 interrupted.
    """
    if is_plan(project_options.path):
        plan, project_options = project_options.path, replace(project_options, path=folder or Path())
        saved_run = apply_saved(
            plan, project_options, renderer, plan_options=plan_options, expect=expect, limits=limits
        )
        return carried_out(saved_run)
    if folder is not None:
        raise problem("--project goes with a saved plan", "name the project itself: novita-infra apply PATH")
    run = apply_project(
        project_options,
        renderer,
        plan_options=plan_options,
        approved=auto_approve,
        expect=expect,
        limits=limits,
    )
    return carried_out(run)


async def apply_project(
    project_options: ProjectOptions,
    renderer: Renderer,
    *,
    plan_options: PlanOptions,
    approved: bool,
    expect: str | None = None,
    limits: RunLimits,
) -> int:
    """Plans, asks unless it is approved, and carries the plan out. Returns the exit code."""
    command = "destroy" if plan_options.destroys else "apply"
    approved = approved or expect is not None
    renderer.run_begins(_run_project(place_of(project_options)))
    if renderer.for_programs and not approved:
        raise problem("--json cannot ask", "add --auto-approve, or apply a plan that `plan --out FILE` saved")
    async with (
        open_session(
            project_options,
            os.environ,
            destroys=plan_options.destroys,
            in_flight=limits.max_calls,
            report=renderer.note,
        ) as session,
        state_locked(session, command),
    ):
        hooks = hooks_of_command(session, command, plan_options, os.environ)
        await before_plan(hooks, session)
        review = await plan_project(session, plan_options)
        run = await run_of_expected(session, review, expect, plan_options) if expect is not None else None
        review = run.review if run else review
        review = await judged(session, review, plan_options, os.environ)
        _report_note(run, renderer)
        renderer.run_plan(review, warnings=session.project.warnings)
        await after_plan(hooks, review)
        if review.problems:
            return review.code or EXIT_ERROR
        if expect is not None and run is None:
            check_expected(expect, digest_of(review))
        if (
            not review.empty
            and not approved
            and not _approved(review.plan, renderer, again(command, project_options, plan_options))
        ):
            return EXIT_ERROR
        return await _carry_out(
            session,
            review,
            renderer,
            limits=limits,
            command=_on(command, project_options, plan_options),
            used=run.used if run else None,
            hooks=hooks,
        )


async def apply_saved(
    plan: Path,
    project_options: ProjectOptions,
    renderer: Renderer,
    *,
    plan_options: PlanOptions,
    expect: str | None,
    limits: RunLimits,
    later: bool = False,
) -> int:
    """Carries a saved plan out, or what is left of it. Returns the exit code. `later` is that of `run_of_saved`."""
    renderer.run_begins(_run_project(place_of_plan(plan, project_options)))
    async with opened_saved(
        plan, project_options, os.environ, asked=plan_options, in_flight=limits.max_calls, report=renderer.note
    ) as (session, saved):
        if expect is not None:
            check_expected(expect, saved.digest)
        check_named_again(session.project, plan_options, saved.review)
        _report_setting(plan, saved.setting, renderer)
        operation = "destroy" if saved.review.plan.destroys else "apply"
        async with state_locked(session, operation):
            try:
                run = await run_of_saved(session, saved, later=later)
            except Problems:
                if renderer.for_programs:  # a person who reads a refusal has no use for its plan
                    renderer.run_plan(saved.review)
                raise
            review = await judged(session, run.review, plan_options, os.environ)
            _report_note(run, renderer)
            if review.problems and not renderer.for_programs:
                renderer.diagnostics((*review.notes, *review.problems))
            else:
                renderer.run_plan(review)
            if review.problems:
                return review.code or EXIT_ERROR
            command = again("apply", replace(project_options, path=plan))
            hooks = hooks_of_command(session, operation, plan_options, os.environ)
            return await _carry_out(
                session, review, renderer, limits=limits, command=command, used=run.used, hooks=hooks
            )


def _report_setting(plan: Path, setting: Setting, renderer: Renderer) -> None:
    """What the plan file carries, which nobody gives on this command line."""
    made = again("plan", ProjectOptions(environment=setting.environment), replace(setting.asked, policies=()))
    given = f", variables {inline(dict(setting.variables))}" if setting.variables else ""
    renderer.message(f"Applying {plan}, made at {moment(setting.created)} by `{made}`{given}.")


def _run_project(place: Located | None) -> RunProject | None:
    return RunProject(place.name, str(place.root.resolve()), place.environment) if place else None


def _report_note(run: ApprovedRun | None, renderer: Renderer) -> None:
    if run is not None and run.note:
        renderer.message(run.note)


def _on(command: str, project_options: ProjectOptions, plan_options: PlanOptions) -> str:
    """The command that continues: it reads everything, and the state holds pending replacements."""
    return again(command, project_options, replace(plan_options, refresh=Refresh.ALL, replaces=()))


def _approved(plan: Plan, renderer: Renderer, command: str) -> bool:
    question = "Delete all of this?" if plan.destroys else "Apply this plan?"
    return approved_by_person(question, renderer, otherwise=f"to confirm: {command} --auto-approve")


async def _carry_out(
    session: Session,
    review: Review,
    renderer: Renderer,
    *,
    limits: RunLimits,
    command: str,
    used: UsedPlan | None = None,
    hooks: CommandHooks | None,
) -> int:
    plan = review.plan
    if review.empty and session.store.has_old_key():
        renderer.message("The state is written again: it was not encrypted as state.encryption says now.")
    if is_nothing_to_do(session, review, used):
        result = Result.of(plan, (), cost=review.cost)
        _sum_up(session, result, renderer, command=command)
        return exit_code_of(result)
    outlook = partial(_outlook, review, session.state.durations)
    with (
        stopping(
            lambda text: renderer.message(line((text, Tone.CHANGE))),
            leaving=lambda: renderer.message(*_interrupted_lines(command)),
        ) as stop,
        renderer.progress(steps=len(plan.steps), now=session.clock.now, outlook=outlook) as listener,
    ):
        result = await apply_plan(session, review, limits=limits, emit=listener, stop=stop, used=used, hooks=hooks)
    _sum_up(session, result, renderer, command=command)
    return exit_code_of(result)


def _outlook(review: Review, durations: Mapping[str, tuple[float, ...]]) -> Outlook:
    """What is known about the run: `durations` are the seconds of past steps."""
    steps = review.plan.steps
    return Outlook(steps, expected_seconds(steps, durations, KINDS), review.cost)


def _interrupted_lines(command: str) -> Iterator[Line]:
    """The message of a run that did not wait for the calls in flight."""
    yield line("Interrupted. The calls that were sent are recorded; the next run looks for what they created.")
    yield next_line(command)


def exit_code_of(result: Result) -> int:
    """The exit code of a run: that of its failures if they agree, else 1; 1 also for a job that failed before."""
    if result.interrupted:
        return EXIT_INTERRUPTED
    codes = {end.code or EXIT_ERROR for end in result.ends if end.outcome is Outcome.FAILED}
    if len(codes) == 1:
        return codes.pop()
    stopped = any(hook.stops for hook in result.failed_hooks)
    return 0 if result.succeeded and not result.failed_before and not stopped else EXIT_ERROR


def _sum_up(session: Session, result: Result, renderer: Renderer, *, command: str) -> None:
    destroy = again("destroy", session.where)
    renderer.run_result(result, outputs=session.state.outputs, again=command, destroy=destroy)
    if result.failed_hooks:
        renderer.diagnostics(hook_diagnostics(result))
