"""`state repair`: puts a damaged or lost state together again."""

from __future__ import annotations

import click

from novita_infra.cli.command import Command
from novita_infra.cli.commands.state.state.changing import carried_through
from novita_infra.cli.options import auto_approve_option, dry_run_option, lock_timeout_option, path_argument
from novita_infra.cli.project_options import again, with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.model.diagnostics import EXIT_REFUSED, problem
from novita_infra.operations.session import ProjectOptions
from novita_infra.operations.state.repairing import Repairing, repairing
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.state_change import repair_change


@click.command("repair", cls=Command)
@path_argument
@with_project_options
@dry_run_option
@auto_approve_option
@lock_timeout_option
@format_options("state_change")
@with_renderer
def repair_state(*, project_options: ProjectOptions, dry_run: bool, auto_approve: bool, renderer: Renderer) -> int:
    """Put a damaged or lost state together from its journal and its earlier versions. No object is changed.

    Shows the result and asks. What was stored remains, as the newest earlier version. Both sides of a merge conflict
    are joined where no two objects have one address.

    \b
    Examples:
      novita-infra state repair --dry-run
      novita-infra state repair
    """
    with repairing(project_options, report=renderer.note) as job:
        place = job.store.describe()
        if not job.needed or job.found is None:
            return _nothing_to_do(job, renderer, again("orphans", project_options))
        change = repair_change(place, job.present, job.found, adopt=again("orphans", project_options))
        _refuse_doubtful(job)
        question = f"Store version {job.found.state.serial} as the newest?"
        return carried_through(change, renderer, job.save, question=question, dry_run=dry_run, approve=auto_approve)


def _nothing_to_do(job: Repairing, renderer: Renderer, orphans: str) -> int:
    """Reports a sound state. Raises Problems if there is nothing that could be put together."""
    place = job.store.describe()
    if job.present is not None or job.is_new:
        what = "is sound" if job.present is not None else "holds no state, and never did"
        renderer.message(f"{place} {what}: there is nothing to repair.")
        return 0
    raise problem(
        f"no part of {place} can be read: there is nothing to put it together from",
        "put back a copy of it with its journal; without one, move what is left away, and adopt what exists: "
        f"{orphans}",
        code=EXIT_REFUSED,
    )


def _refuse_doubtful(job: Repairing) -> None:
    """Raises Problems if the two sides of a merge conflict record different objects at one address."""
    if job.found is None or not job.found.doubtful:
        return
    names = ", ".join(map(str, job.found.doubtful))
    raise problem(
        f"the two sides of the merge conflict in {job.store.describe()} record different objects at {names}",
        "put back one side whole, with `git checkout --ours` or `--theirs` for the state and its journal; then adopt "
        "or delete what the other side created: novita-infra orphans",
        code=EXIT_REFUSED,
    )
