"""`drift`: what was changed outside of the manifests. Reads only."""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import replace
from typing import Final

import click

from novita_infra.cli.commands.plan import EXIT_DRIFT
from novita_infra.cli.console import Console
from novita_infra.cli.options import Command, json_option, path_argument, target_option, with_console
from novita_infra.cli.project_options import again, located
from novita_infra.operations.planning import plan_project
from novita_infra.operations.session import ProjectOptions, open_session
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.review import Remarks, Review
from novita_infra.views.json.drift import drift_report
from novita_infra.views.json.plan import plan_json
from novita_infra.views.text.plan import plan_lines

_OPTION: Final = re.compile(r"(?P<whole>`novita-infra [^`]*`)|(run it again with )?(?<=\s)--(?=[a-z])")
"""A whole command in an advice, or where an option begins that is meant for who plans or applies."""


@click.command(cls=Command)
@path_argument
@located
@target_option
@json_option
@with_console
def drift(*, where: ProjectOptions, targets: tuple[str, ...], screen: Console) -> int:
    """Tell what was changed outside of the manifests, and why.

    Compares what is live with the books and the manifests, in the fields that are declared; reads only. Drift comes
    first, each with its cause and what becomes of it (lifecycle.onDrift), then what a plan would do.

    \b
    Examples:
      novita-infra drift --sim
      novita-infra drift --env prod --json | jq '.resource_drift[].novita.causes[].cause'

    \b
    Exit codes: 0 no drift; 1 error; 3 drift.
    """
    return asyncio.run(_drift(where, screen, PlanOptions(targets=targets)))


async def _drift(where: ProjectOptions, screen: Console, asked: PlanOptions) -> int:
    async with open_session(where, os.environ) as session:
        session.tell = screen.say
        made = await plan_project(session, asked)
    made = _advising(made, again("apply", where, asked))
    if screen.json:
        warnings = screen.placed(session.project.warnings)
        screen.show_json(drift_report(plan_json(made, warnings=warnings)))
    else:
        screen.tell(session.project.warnings)
        screen.show(plan_lines(made))
        screen.tell((*made.notes, *made.problems))
    return EXIT_DRIFT if made.plan.drift else 0


def _advising(review: Review, apply: str) -> Review:
    """The review with hints for a person who does not apply yet: the command that takes an option is named."""
    return replace(
        review, checks=_advised(review.checks, apply=apply), preflight=_advised(review.preflight, apply=apply)
    )


def _advised(remarks: Remarks, *, apply: str) -> Remarks:
    findings = [
        replace(item, diagnostic=replace(item.diagnostic, hint=_hint(item.diagnostic.hint, apply=apply)))
        for item in remarks.findings
    ]
    return replace(remarks, findings=tuple(findings))


def _hint(text: str, *, apply: str) -> str:
    return _OPTION.sub(lambda match: match["whole"] or f"{apply} --", text)
