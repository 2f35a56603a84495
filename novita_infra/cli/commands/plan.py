"""`plan`: what `apply` would do."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import click

from novita_infra.cli.console import Console
from novita_infra.cli.options import Command, json_option, path_argument, plan_options, with_console
from novita_infra.cli.project_options import located
from novita_infra.kinds import KINDS
from novita_infra.model.clock import RealClock
from novita_infra.model.diagnostics import EXIT_ERROR, Diagnostic
from novita_infra.operations.planning import plan_project
from novita_infra.operations.saved_plans import save_plan
from novita_infra.operations.session import ProjectOptions, open_session
from novita_infra.planning.cost.durations import Estimate, estimate
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.review import Review
from novita_infra.planning.saved.plan_file import SavedPlan, check_free, digest_of
from novita_infra.policies.running import judge_plan
from novita_infra.views.json.plan import plan_json
from novita_infra.views.text.estimate import estimate_lines
from novita_infra.views.text.plan import plan_lines

EXIT_CHANGES = 2
EXIT_DRIFT = 3
"""Something was changed outside, and the manifests ask for nothing."""


@click.command(cls=Command)
@path_argument
@located
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Save the plan, to apply it as it was shown. Only an older plan is overwritten.",
)
@click.option("--destroy", "destroys", is_flag=True, help="Plan to delete all that this environment owns.")
@plan_options
@click.option("--estimate", "estimated", is_flag=True, help="Tell how long it will take, and what takes longest.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where there are changes, 3 for drift only.")
@json_option
@with_console
def plan(
    *,
    where: ProjectOptions,
    out: Path | None,
    destroys: bool,
    asked: PlanOptions,
    estimated: bool,
    detailed_exitcode: bool,
    screen: Console,
) -> int:
    """Show what apply would do; nothing is changed.

    Each change says by what means it is made, and what it costs in data. Reads the cloud, so it needs NOVITA_API_KEY
    or --sim. PATH is a project folder or one manifest file.

    \b
    Examples:
      novita-infra plan --sim
      novita-infra plan --env prod --out prod.niplan && novita-infra apply prod.niplan
      novita-infra plan --target instance.trainer
      novita-infra plan --replace instance.trainer --allow-data-loss instance.trainer
      novita-infra plan --json | jq '.resource_changes[].change.actions'

    \b
    Exit codes: 0 fine; 1 error; 2 changes, 3 drift only (both with --detailed-exitcode);
                4 blocked by capacity or limits; 5 refused by a protection or a policy;
                6 over a budget.
    """
    asked = replace(asked, destroys=destroys)
    run = _plan(where, screen, out=out, asked=asked, estimated=estimated, detailed=detailed_exitcode)
    return asyncio.run(run)


async def _plan(
    where: ProjectOptions, screen: Console, *, out: Path | None, asked: PlanOptions, estimated: bool, detailed: bool
) -> int:
    if out is not None:
        check_free(out)
    async with open_session(where, os.environ, destroys=asked.destroys) as session:
        session.tell = screen.say
        made = await plan_project(session, asked)
        made = await judge_plan(session.project, made, asked=asked, environ=os.environ, shown=plan_json)
        if out is not None and not made.problems:
            save_plan(session, made, out, asked=asked)
        if not screen.json:
            screen.tell(session.project.warnings)
        digest = digest_of(made) if out is not None or screen.json else ""
        time = estimate(made.plan, session.state.durations, KINDS) if estimated else None
        show_plan(made, screen, digest=digest, time=time, warnings=session.project.warnings)
        if made.problems:
            return made.code or EXIT_ERROR
        if out is not None:
            screen.say(
                f"Saved. To do exactly this: novita-infra apply {shlex.quote(str(out))}",
                f"Its digest, for who approves it: {digest}",
            )
    if not detailed or (made.empty and not made.plan.drift):
        return 0
    return EXIT_DRIFT if made.plan.drift_only else EXIT_CHANGES


def show_plan(
    made: Review,
    screen: Console,
    *,
    digest: str = "",
    saved: SavedPlan | None = None,
    time: Estimate | None = None,
    warnings: Iterable[Diagnostic] = (),
) -> None:
    """Shows a plan, and tells why it cannot be applied where it cannot. `saved` is the file that it was read from.

    JSON tells the `warnings` of the manifests, too; a person was told them before.
    """
    if screen.json:
        screen.show_json(plan_json(made, digest=digest, saved=saved, time=time, warnings=screen.placed(warnings)))
        return
    screen.show(plan_lines(made, now=RealClock().now() if saved else None))
    if time is not None:
        screen.show(estimate_lines(time))
    screen.tell(made.notes)
    if made.problems:
        screen.tell(made.problems)
