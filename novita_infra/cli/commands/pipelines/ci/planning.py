"""`ci plan`: plans a request in a job of its pipeline, keeps the plan, and writes the one comment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

import click

from novita_infra.cli.command import Command, explained
from novita_infra.cli.commands.pipelines.ci.jobs import CommandJob, after_failure, approvers_option, on_forge
from novita_infra.cli.options import path_argument
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.forges.forge import ChangeRequest, Role
from novita_infra.library.judging import judged
from novita_infra.model.diagnostics import EXIT_ERROR, EXIT_REFUSED, problem
from novita_infra.operations.ci.permissions import (
    PermissionAnswer,
    permission_label,
    permission_of,
    permissions_wanted,
)
from novita_infra.operations.ci.remarks import PlanRecord, comment_with, put_comment, record_in
from novita_infra.operations.plans.planning import plan_project
from novita_infra.operations.plans.saved_plans import save_plan, store_new_state
from novita_infra.operations.session import ProjectOptions, Session, open_session, report_other_run
from novita_infra.operations.validation import validate_environments
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.review import Review
from novita_infra.planning.saved.plan_file import check_free, digest_of
from novita_infra.views.content.diagnostics import ValidationContent
from novita_infra.views.content.plan import PlanContent
from novita_infra.views.documents import document_text
from novita_infra.views.formats.json.configuration import configuration_of
from novita_infra.views.formats.markdown.remarks import permission_text, permitted_text
from novita_infra.views.renderer import Renderer

_SUMMARY: Final = "GITHUB_STEP_SUMMARY"
"""The file whose Markdown GitHub shows on the page of a run."""
_OUTPUT: Final = "GITHUB_OUTPUT"
"""The file of the outputs of a step."""


@click.command("plan", cls=Command)
@path_argument
@with_project_options
@approvers_option
@format_options("plan")
@with_renderer
def ci_plan(*, project_options: ProjectOptions, approvers: Role | None, renderer: Renderer) -> int:
    """Plan a request in a job of its pipeline: keep the plan, and write or update the one comment.

    The plan is saved as PROJECT-ENVIRONMENT.niplan, for the job to keep. A plan that loses data, or changes very much,
    is refused until a person who may merge puts the label that the comment names on the request: it permits this plan
    alone. A request from a fork has no secrets: its manifests are checked, and it is refused.

    \b
    Examples:
      novita-infra ci plan
      novita-infra ci plan fleet --env prod --approvers admin

    \b
    Exit codes: those of `plan`; 5 also for a request from a fork.
    """
    job = CommandJob(project_options, "plan", approvers=approvers)
    if job.job.request is None:
        raise problem("this is no job of a request", "run it for pull_request on GitHub, merge_request_event on GitLab")
    if job.job.is_foreign:
        return _foreign(project_options, renderer)
    return carried_out(_planned(job, job.job.request, project_options, renderer))


def _foreign(project_options: ProjectOptions, renderer: Renderer) -> int:
    found = validate_environments(project_options, os.environ)
    renderer.result(ValidationContent(found.diagnostics, found.resources, found.environments, found.found_in))
    raise problem(
        "this request comes from a fork: its pipeline has no key and no token, so there is no plan and no comment",
        "to have it planned, a member pushes the branch into this repository and opens a request from there",
        code=EXIT_REFUSED,
    )


async def _planned(job: CommandJob, number: int, project_options: ProjectOptions, renderer: Renderer) -> int:
    request = await on_forge(job.forge.request, number)
    file = _free_file(job.kept.file)
    try:
        if request.behind and not job.job.has_base:
            raise problem(
                f"the branch is {request.behind} commits behind {request.base}, whose changes the plan would undo",
                "rebase the branch; on GitLab, the comment /rebase does that",
                code=EXIT_REFUSED,
            )
        planned = await _plan_request(job, request, file, project_options, renderer)
    except Exception as failure:
        failed = _Planned(job.failure(explained(failure)[0]))
        await after_failure(renderer, _write, job, request, failed)
        raise
    await on_forge(_write, job, request, planned)
    _append(_OUTPUT, f"artifact={job.kept.artefact}\nfile={job.kept.file}\n")
    return planned.code


def _append(variable: str, text: str) -> None:
    """Adds the text to the file that the runner names by the variable, if it does."""
    if name := os.environ.get(variable):
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(text)


def _free_file(name: str) -> Path:
    """The file for the plan, without that of an earlier run of the job."""
    file = Path(name)
    check_free(file)
    file.unlink(missing_ok=True)
    return file


class _Planned(NamedTuple):
    """What a job has planned."""

    document: str
    digest: str = ""
    closing: tuple[str, ...] = ()
    """What stands below the document in the comment."""
    code: int = EXIT_ERROR
    label: str = ""
    """The id of the label that was offered for it."""


async def _plan_request(
    job: CommandJob, request: ChangeRequest, file: Path, project_options: ProjectOptions, renderer: Renderer
) -> _Planned:
    async with open_session(project_options, os.environ, report=renderer.note) as session:
        report_other_run(session)
        await store_new_state(session)
        asked = PlanOptions()
        review = await _judged(session, asked)
        digest, wanted, answer, label = digest_of(review), permissions_wanted(review), PermissionAnswer(), ""
        if wanted:
            label, answer = await on_forge(_permission, job, request, digest)
        if wanted and answer.by:
            asked = wanted
            review = await _judged(session, asked)
            if digest_of(review) != digest:
                raise problem("the cloud has changed between two looks at it", "run the job again", code=EXIT_REFUSED)
        configuration = configuration_of(session.project)
        if not review.problems:
            save_plan(session, review, file, asked=asked, configuration=configuration)
        content = PlanContent(
            review,
            digest,
            warnings=session.project.warnings,
            configuration=lambda: configuration,
            declared=session.project.declared,
        )
        renderer.result(content)
        closing = _closing(job, digest, answer) if wanted else ()
        code = (review.code or EXIT_ERROR) if review.problems else 0
        return _Planned(document_text("markdown", content), digest, closing, code, label)


async def _judged(session: Session, asked: PlanOptions) -> Review:
    return await judged(session, await plan_project(session, asked), asked, os.environ)


def _permission(job: CommandJob, request: ChangeRequest, digest: str) -> tuple[str, PermissionAnswer]:
    """The id of the label that permits the plan, and whether somebody has. The label is made: a person only chooses it.

    A label that was there before this plan may have got its name since, so only the one that was offered counts.
    """
    present = comment_with(job.forge, request.number, job.mark())
    before = record_in(present.body) if present else None
    offered = before.label if before and before.digest == digest else ""
    answer = permission_of(job.forge, request, digest, job.approvers, label_id=offered)
    if answer.by:
        return offered, answer
    return job.forge.offer_label(permission_label(digest), f"Permits one plan of {job.where}"[:100], offered), answer


def _closing(job: CommandJob, digest: str, answer: PermissionAnswer) -> tuple[str, ...]:
    """What the comment says about permissions."""
    if answer.by:
        return (permitted_text(answer.by),)
    again = " and runs this job again" if job.forge.name == "GitLab" else ""
    role = job.approvers.name.lower()
    return (permission_text(permission_label(digest), role, why_not=answer.why_not, again=again),)


def _write(job: CommandJob, request: ChangeRequest, planned: _Planned) -> None:
    """Writes the comment, unless a newer commit has one, and takes back the label of the plan before."""
    record = PlanRecord(job.job.head, planned.digest, planned.code == 0, planned.label)
    body = job.text(planned.document, record=record.line(), closing=planned.closing)
    _append(_SUMMARY, body)
    forge = job.forge
    if forge.request(request.number).head != record.head:
        return  # the job of the newer commit writes
    present = comment_with(forge, request.number, job.mark())
    put_comment(forge, request.number, body)
    before = record_in(present.body) if present else None
    if before and before.digest and record.digest not in {"", before.digest}:
        forge.withdraw_label(permission_label(before.digest))
