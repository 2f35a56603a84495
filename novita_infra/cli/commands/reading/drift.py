"""`drift`: changes made outside of novita-infra. Reads only."""

from __future__ import annotations

import os
from dataclasses import replace

import click

from novita_infra.cli.command import Command
from novita_infra.cli.commands.main.plan import EXIT_DRIFT
from novita_infra.cli.notifying.options import with_notifications
from novita_infra.cli.options import path_argument, target_option
from novita_infra.cli.project_options import again, with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.model.diagnostics import EXIT_REFUSED, hint_elsewhere
from novita_infra.operations.plans.planning import plan_project
from novita_infra.operations.session import ProjectOptions, open_session, report_other_run
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.review import Remarks, Review
from novita_infra.views.content.plan import DriftContent
from novita_infra.views.renderer import Renderer

SUMMARY = "Show changes made outside of novita-infra"


@click.command(cls=Command)
@path_argument
@with_project_options
@target_option
@format_options("drift")
@with_renderer
@with_notifications("drift")
def drift(*, project_options: ProjectOptions, targets: tuple[str, ...], renderer: Renderer) -> int:
    """Show changes made outside of novita-infra, and their causes.

    Compares live objects with the state and the manifests, in the declared fields; reads only. Drift comes first, with
    its cause and the response (lifecycle.onDrift), then the changes that a plan would make.

    \b
    Examples:
      novita-infra drift --sim
      novita-infra drift --env prod --json | jq '.resource_drift[].novita.causes[].cause'

    \b
    Exit codes: 0 no drift; 1 error; 3 drift; 5 the state is lost.
    """
    return carried_out(_drift(project_options, renderer, PlanOptions(targets=targets)))


async def _drift(project_options: ProjectOptions, renderer: Renderer, plan_options: PlanOptions) -> int:
    async with open_session(project_options, os.environ, lenient=True, report=renderer.note) as session:
        report_other_run(session)
        review = await plan_project(session, plan_options)
    refused = review.code if not session.state.searched else 0  # without its state there is nothing to compare with
    review = with_advice(review, again("apply", project_options, plan_options))
    renderer.result(DriftContent(review, warnings=session.project.warnings, declared=session.project.declared))
    if refused == EXIT_REFUSED:
        return refused
    return EXIT_DRIFT if review.plan.drift else 0


def with_advice(review: Review, apply: str) -> Review:
    """The review with hints for a person who does not apply yet: the command that takes an option is named."""
    return replace(
        review, checks=_advised(review.checks, apply=apply), preflight=_advised(review.preflight, apply=apply)
    )


def _advised(remarks: Remarks, *, apply: str) -> Remarks:
    findings = [
        replace(item, diagnostic=replace(item.diagnostic, hint=hint_elsewhere(item.diagnostic, apply)))
        for item in remarks.findings
    ]
    return replace(remarks, findings=tuple(findings))
