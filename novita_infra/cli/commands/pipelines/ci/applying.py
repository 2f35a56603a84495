"""`ci apply`: applies exactly the plan of the request that was merged, in a job of the pipeline after the merge."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import click

from novita_infra.cli.command import Command, explained
from novita_infra.cli.commands.main.apply import apply_saved
from novita_infra.cli.commands.pipelines.ci.jobs import CommandJob, after_failure, approvers_option, on_forge
from novita_infra.cli.notifying.options import with_notifications
from novita_infra.cli.options import lock_timeout_option, path_argument
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.forges.forge import ChangeRequest, Role
from novita_infra.library.judging import judged
from novita_infra.model.diagnostics import EXIT_REFUSED, naming_file, problem
from novita_infra.operations.ci.permissions import is_permission, needs_permission, permission_label, permission_of
from novita_infra.operations.ci.remarks import comment_with, put_comment, record_in
from novita_infra.operations.plans.planning import plan_project
from novita_infra.operations.session import ProjectOptions, open_session
from novita_infra.planning.options import NO_LIMITS, PlanOptions
from novita_infra.planning.saved.plan_file import SavedPlan, check_free, read_plan
from novita_infra.state.encryption.settings import encryption_of
from novita_infra.state.private_files import open_output
from novita_infra.views.content.plan import PlanContent
from novita_infra.views.formats.markdown.remarks import applied_document
from novita_infra.views.renderer import Renderer

_AGAIN = "open another request: its plan shows what is left to do"


@click.command("apply", cls=Command)
@path_argument
@with_project_options
@lock_timeout_option
@approvers_option
@format_options()
@with_renderer
@with_notifications("ci apply")
def ci_apply(*, project_options: ProjectOptions, approvers: Role | None, renderer: Renderer) -> int:
    """Apply the plan of the request that was merged: exactly what its comment shows, or nothing.

    Finds the request of the commit, the digest in its comment, and the plan that its job kept. The plan must have this
    digest and the seal of the state; what it loses must still be permitted by the label. A second run finishes what is
    left. A commit that was pushed without a request is planned; if there is something to do, it is refused.

    \b
    Examples:
      novita-infra ci apply --lock-timeout 1h
      novita-infra ci apply fleet --env prod --approvers admin

    \b
    Exit codes: those of `apply`; 5 also where nobody has seen the plan.
    """
    job = CommandJob(project_options, "apply", approvers=approvers)
    if not job.job.branch:
        raise problem("this is no job of a push to a branch", "run it where requests are merged to, such as main")
    request = job.forge.merged_as(job.job.commit, job.job.branch)
    if request is None:
        return carried_out(_pushed(job, project_options, renderer))
    return carried_out(_merged(job, request, project_options, renderer))


async def _pushed(job: CommandJob, project_options: ProjectOptions, renderer: Renderer) -> int:
    async with open_session(project_options, os.environ, report=renderer.note) as session:
        review = await judged(session, await plan_project(session, PlanOptions()), PlanOptions(), os.environ)
    renderer.result(PlanContent(review, warnings=session.project.warnings, declared=session.project.declared))
    if not review.empty:
        _refuse(f"{job.job.commit[:12]} was pushed without a request, so nobody has seen this plan")
    renderer.message("Pushed without a request; there is nothing to do.")
    return 0


async def _merged(job: CommandJob, request: ChangeRequest, project_options: ProjectOptions, renderer: Renderer) -> int:
    try:
        saved = await on_forge(_approved_plan, job, request)
        renderer.message(f"Applying the plan of {request.url}.")
        code = await apply_saved(
            Path(job.kept.file),
            replace(project_options, path=project_options.path, environment=job.place.environment),
            renderer,
            plan_options=PlanOptions(),
            expect=saved.digest,
            limits=NO_LIMITS,
            later=True,
        )
    except Exception as failure:
        body = job.text(job.failure(explained(failure)[0]))
        await after_failure(renderer, put_comment, job.forge, request.number, body)
        raise
    await on_forge(_report, job, request, saved, code)
    return code


def _approved_plan(job: CommandJob, request: ChangeRequest) -> SavedPlan:
    """The plan that the request shows, in its file. Raises Problems unless it is one, and is permitted."""
    shown = comment_with(job.forge, request.number, job.mark("plan"))
    record = record_in(shown.body) if shown else None
    if record is None or record.head != request.head:
        _refuse(f"the last commit of {request.url} was not planned for {job.where}")
    if not record.is_ready:
        _refuse(f"the plan that {request.url} shows could not be applied: it was refused")
    data = job.forge.kept_plan(request, job.kept)
    if data is None:
        _refuse(f"the plan of {request.url} is not kept any more, or its job has not ended")
    file = Path(job.kept.file)
    check_free(file)
    with naming_file(file), os.fdopen(open_output(file), "wb") as output:
        output.write(data)
    saved = read_plan(file, lambda: encryption_of(job.place.state.revealed()))
    if saved.digest != record.digest:
        _refuse(f"the plan that was kept is not the one that {request.url} shows: {saved.digest}, not {record.digest}")
    asked = saved.setting.asked
    if not is_permission(asked):
        _refuse(f"the plan that was kept was made with options that no job of {request.url} gives")
    if needs_permission(asked):
        answer = permission_of(job.forge, request, saved.digest, job.approvers, label_id=record.label)
        if not answer.by:
            why = f": {answer.why_not}" if answer.why_not else ""
            _refuse(f"the loss is not permitted by the label {permission_label(saved.digest)!r} any more{why}")
    return saved


def _report(job: CommandJob, request: ChangeRequest, saved: SavedPlan, code: int) -> None:
    """Writes what became of the plan, and takes the permission away that was used."""
    put_comment(job.forge, request.number, job.text(applied_document(job.where, job.job.commit, exit_code=code)))
    if code == 0 and needs_permission(saved.setting.asked):
        job.forge.withdraw_label(permission_label(saved.digest))


def _refuse(summary: str) -> NoReturn:
    raise problem(summary, _AGAIN, code=EXIT_REFUSED)
