"""`apply`: shows the plan, asks, carries it out, and reports the result."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from novita_infra.applying.events import Outcome, Result
from novita_infra.cli.command import Command
from novita_infra.cli.confirmation import approved as approved_by_person
from novita_infra.cli.lazy import EXIT_INTERRUPTED
from novita_infra.cli.options import (
    auto_approve_option,
    lock_timeout_option,
    parallelism_option,
    with_plan_options,
)
from novita_infra.cli.project_options import again, with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out, stopping
from novita_infra.model.diagnostics import EXIT_ERROR, EXIT_REFUSED, problem
from novita_infra.model.durations import in_words
from novita_infra.operations.applying import apply_plan
from novita_infra.operations.plans.planning import plan_project
from novita_infra.operations.plans.saved_plans import check_saved, is_plan, opened_saved
from novita_infra.operations.session import ProjectOptions, Session, open_session, state_locked
from novita_infra.planning.options import PlanOptions, Refresh
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.review import Review
from novita_infra.planning.saved.plan_file import digest_of
from novita_infra.policies.running import judge_plan
from novita_infra.views.content.events import next_line
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.formats.json.plan import plan_json
from novita_infra.views.renderer import Renderer

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
@auto_approve_option
@parallelism_option
@lock_timeout_option
@format_options()
@with_renderer
def apply(
    *,
    project_options: ProjectOptions,
    plan_options: PlanOptions,
    expect: str | None,
    auto_approve: bool,
    parallelism: int | None,
    renderer: Renderer,
) -> int:
    """Create, update and delete resources until they agree with the manifests.

    Shows the plan and asks first. A plan that `plan --out` saved is applied as it was shown, without a question, or
    refused if the state or the cloud has changed. Run it again after a failure or an interruption: it continues.

    \b
    Examples:
      novita-infra apply --sim
      novita-infra apply examples/quickstart --sim --auto-approve
      novita-infra apply prod.niplan
      novita-infra apply --env prod --auto-approve --json
      novita-infra apply --env prod --expect sha256:6b1c...

    \b
    Exit codes: 0 done; 1 error; 4 blocked by capacity or limits;
                5 refused by a protection or a policy; 6 over a budget; 130 interrupted.
    """
    if is_plan(project_options.path):
        return carried_out(
            _apply_saved(project_options, renderer, plan_options=plan_options, expect=expect, parallelism=parallelism)
        )
    run = apply_project(
        project_options,
        renderer,
        plan_options=plan_options,
        approved=auto_approve,
        expect=expect,
        parallelism=parallelism,
    )
    return carried_out(run)


async def apply_project(
    project_options: ProjectOptions,
    renderer: Renderer,
    *,
    plan_options: PlanOptions,
    approved: bool,
    expect: str | None = None,
    parallelism: int | None,
) -> int:
    """Plans, asks unless it is approved, and carries the plan out. Returns the exit code."""
    command = "destroy" if plan_options.destroys else "apply"
    approved = approved or expect is not None
    renderer.run_begins()
    if renderer.for_programs and not approved:
        raise problem("--json cannot ask", "add --auto-approve, or apply a plan that `plan --out FILE` saved")
    async with open_session(
        project_options,
        os.environ,
        destroys=plan_options.destroys,
        in_flight=parallelism,
        report=renderer.message,
    ) as session:
        _report_lock_wait(project_options, renderer)
        async with state_locked(session, command):
            review = await plan_project(session, plan_options)
            review = await judge_plan(session.project, review, asked=plan_options, environ=os.environ, shown=plan_json)
            renderer.run_plan(review, warnings=session.project.warnings)
            if review.problems:
                return review.code or EXIT_ERROR
            if expect is not None:
                _check_expected(expect, digest_of(review))
            if (
                not review.empty
                and not approved
                and not _approved(review.plan, renderer, again(command, project_options, plan_options))
            ):
                return EXIT_ERROR
            return await _carry_out(
                session, review, renderer, parallelism=parallelism, command=_on(command, project_options, plan_options)
            )


async def _apply_saved(
    project_options: ProjectOptions,
    renderer: Renderer,
    *,
    plan_options: PlanOptions,
    expect: str | None,
    parallelism: int | None,
) -> int:
    renderer.run_begins()
    if (
        project_options.environment
        or project_options.variables
        or project_options.var_files
        or replace(plan_options, policies=()) != PlanOptions()
    ):
        raise problem(
            f"{project_options.path} is a saved plan: it carries its own environment, variables and targets",
            "leave out --env, --var, --var-file and --target, or make a new plan",
        )
    async with opened_saved(project_options, os.environ, in_flight=parallelism, report=renderer.message) as (
        session,
        saved,
    ):
        if expect is not None:
            _check_expected(expect, saved.digest)
        operation = "destroy" if saved.review.plan.destroys else "apply"
        _report_lock_wait(project_options, renderer)
        async with state_locked(session, operation):
            review = await judge_plan(
                session.project, saved.review, asked=plan_options, environ=os.environ, shown=plan_json
            )
            if renderer.for_programs:
                renderer.run_plan(review)
            elif review.problems:
                renderer.diagnostics((*review.notes, *review.problems))
            if review.problems:
                return review.code or EXIT_ERROR
            await check_saved(session, saved)
            if not renderer.for_programs:  # a person who reads a refusal has no use for its plan
                renderer.run_plan(review)
            command = _on(operation, session.where, saved.setting.asked)
            return await _carry_out(
                session, review, renderer, parallelism=parallelism, command=command, seal=saved.seal
            )


def _on(command: str, project_options: ProjectOptions, plan_options: PlanOptions) -> str:
    """The command that continues: it reads everything, and the state holds pending replacements."""
    return again(command, project_options, replace(plan_options, refresh=Refresh.ALL, replaces=()))


def _check_expected(expect: str, digest: str) -> None:
    """Raises Problems if the plan is not the approved one."""
    if expect != digest:
        raise problem(
            f"this is not the plan that was approved: its digest is {digest}",
            "look at it with `plan`, and have it approved again",
            code=EXIT_REFUSED,
        )


def _report_lock_wait(project_options: ProjectOptions, renderer: Renderer) -> None:
    if project_options.lock_timeout:
        renderer.message(
            f"If another run holds the lock, this one waits for it, at most {in_words(project_options.lock_timeout)}."
        )


def _approved(plan: Plan, renderer: Renderer, command: str) -> bool:
    question = "Delete all of this?" if plan.destroys else "Apply this plan?"
    return approved_by_person(question, renderer, otherwise=f"to confirm: {command} --auto-approve")


async def _carry_out(
    session: Session, review: Review, renderer: Renderer, *, parallelism: int | None, command: str, seal: str = ""
) -> int:
    plan = review.plan
    if review.empty and not plan.record_updates:
        _sum_up(session, Result.of(plan, (), cost=review.cost), renderer, command=command)
        return 0
    with (
        stopping(
            lambda text: renderer.message(line((text, Tone.CHANGE))),
            leaving=lambda: renderer.message(*_interrupted_lines(command)),
        ) as stop,
        renderer.progress(steps=len(plan.steps), now=session.clock.now) as listener,
    ):
        result = await apply_plan(session, review, parallelism=parallelism, emit=listener, stop=stop, seal=seal)
    _sum_up(session, result, renderer, command=command)
    return exit_code_of(result)


def _interrupted_lines(command: str) -> Iterator[Line]:
    """The message of a run that did not wait for the calls in flight."""
    yield line("Interrupted. The calls that were sent are recorded; the next run looks for what they created.")
    yield next_line(command)


def exit_code_of(result: Result) -> int:
    """The exit code of a run: that of its failures if they agree, else 1."""
    if result.interrupted:
        return EXIT_INTERRUPTED
    codes = {end.code or EXIT_ERROR for end in result.ends if end.outcome is Outcome.FAILED}
    if len(codes) == 1:
        return codes.pop()
    return 0 if result.succeeded else EXIT_ERROR


def _sum_up(session: Session, result: Result, renderer: Renderer, *, command: str) -> None:
    destroy = again("destroy", session.where)
    renderer.run_result(result, outputs=session.state.outputs, again=command, destroy=destroy)
