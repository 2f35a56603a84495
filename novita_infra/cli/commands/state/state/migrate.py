"""`state migrate`: moves the states of a project to another backend."""

from __future__ import annotations

import click

from novita_infra.cli.command import Command
from novita_infra.cli.confirmation import approved
from novita_infra.cli.lazy import EXIT_ERROR
from novita_infra.cli.options import auto_approve_option, dry_run_option, lock_timeout_option, path_argument
from novita_infra.cli.project_options import assignment, with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.model.diagnostics import problem
from novita_infra.operations.session import ProjectOptions
from novita_infra.operations.state.migrating import Migration, migrating
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.state_migration import MigrationRow, StateMigration


@click.command("migrate", cls=Command)
@click.option("--to", "backend", required=True, metavar="BACKEND", help="The backend, as in the project file.")
@click.option(
    "--set",
    "given",
    multiple=True,
    type=assignment,
    metavar="NAME=VALUE",
    help="A setting of the backend, as in the project file: bucket=states, 'url={fromEnv: NAME}'; repeatable.",
)
@path_argument
@with_project_options
@dry_run_option
@auto_approve_option
@lock_timeout_option
@format_options("state_migration")
@with_renderer
def migrate_state(
    *,
    backend: str,
    given: tuple[tuple[str, str], ...],
    project_options: ProjectOptions,
    dry_run: bool,
    auto_approve: bool,
    renderer: Renderer,
) -> int:
    """Move the states of all environments, or of the one of --env, to another backend, with journals and history.

    Takes the locks of both places, copies, reads back, and leaves a note in the old place: a project that still uses it
    learns where the state is. Then write the new place into the project file. A migration that was interrupted is run
    again.

    \b
    Examples:
      novita-infra state migrate --to s3 --set bucket=team-states --dry-run
      novita-infra state migrate --to postgres --set 'url={fromEnv: STATE_URL}'
    """
    if renderer.for_programs and not (auto_approve or dry_run):
        raise problem("--json cannot ask", "add --auto-approve, or --dry-run")
    with migrating(project_options, backend, dict(given), report=renderer.note) as job:
        if dry_run or not renderer.for_programs:
            renderer.result(_rows(job, moved=False))
        if dry_run:
            return 0
        question = f"Move the state from {job.source} to {job.target}?"
        if not auto_approve and not approved(question, renderer, otherwise="to confirm, add --auto-approve"):
            return EXIT_ERROR
        job.carry_out()
        if renderer.for_programs:
            renderer.result(_rows(job, moved=True))
        renderer.message(
            f"The state is in {job.target}. Write this into novita-infra.yaml, in place of `state:`, and commit it:",
            f"  {job.setting()}",
        )
        if job.in_files:
            renderer.message(f"Commit the note in {job.source}, too: it tells other clones where the state is.")
    return 0


def _rows(job: Migration, *, moved: bool) -> StateMigration:
    return StateMigration(
        tuple(
            MigrationRow(
                environment=move.environment,
                source=move.source.describe(),
                target=move.target.describe(),
                serial=move.state.serial,
                resources=len(move.state.records),
                versions=max(0, len(move.kept) - 1),
                journal=bool(move.kept) and move.kept[-1].stored.journal is not None,
                moved=moved or move.already,
            )
            for move in job.moves
        )
    )
