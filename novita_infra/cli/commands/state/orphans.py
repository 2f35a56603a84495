"""`orphans`: live objects that are in no state; lists, adopts or deletes them."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from novita_infra.cli.command import Command
from novita_infra.cli.completing.offers import addresses
from novita_infra.cli.confirmation import approved
from novita_infra.cli.lazy import EXIT_INTERRUPTED
from novita_infra.cli.options import address, auto_approve_option, lock_timeout_option, path_argument, steal_option
from novita_infra.cli.project_options import again, with_project_options
from novita_infra.cli.rendering import format_options, warn, with_renderer
from novita_infra.cli.signals import carried_out, stopping
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_ERROR, Diagnostic, Severity, problem
from novita_infra.operations.account.beyond_v1 import beyond_v1, beyond_warnings
from novita_infra.operations.importing import import_object, writes_manifest
from novita_infra.operations.orphans import find_orphans, orphan_for, orphans_to_terminate, terminate
from novita_infra.operations.session import ProjectOptions, open_session, state_locked, unset_in
from novita_infra.views.content.lines import Tone, line
from novita_infra.views.content.state import RecordContent
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.imports import import_lines
from novita_infra.views.results.orphans import orphan_listing, termination_lines

SUMMARY = "List live objects that are in no state"

EXIT_FOUND = 2


def _id(text: str) -> str:
    """An id. A word that begins with a dash is an option in the place of an id."""
    if text.startswith("-"):
        raise click.BadParameter(f"{text} is an option, not an ID")
    return text


@click.command(cls=Command)
@path_argument
@with_project_options
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Another state of this account: a state file, a folder of them, or another project; repeatable.",
)
@click.option(
    "--details",
    is_flag=True,
    help="Read the age and the last GPU use of every machine, with two calls for each. Without it: of up to 20.",
)
@click.option(
    "--adopt",
    "adopted",
    type=address,
    metavar="ADDR",
    shell_complete=addresses,
    help="Adopt one into the state, like `import`.",
)
@click.option("--id", "id_", default="", type=_id, metavar="ID", help="With --adopt: the id, if several objects match.")
@click.option(
    "--terminate",
    "terminated",
    multiple=True,
    type=_id,
    metavar="ID",
    help="Delete this object after a question; repeatable.",
)
@steal_option
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 if there are orphans.")
@auto_approve_option
@lock_timeout_option
@format_options("orphans")
@with_renderer
def orphans(  # noqa: PLR0913 -- each is an option
    *,
    project_options: ProjectOptions,
    states: tuple[Path, ...],
    details: bool,
    adopted: Address | None,
    id_: str,
    terminated: tuple[str, ...],
    detailed_exitcode: bool,
    auto_approve: bool,
    renderer: Renderer,
) -> int:
    """List the live objects of the account that are in no state, with their price per hour.

    Reads the states of all environments of the project, and those named with --state: name the states of every project
    that shares the account. The last use of GPUs covers the last 7 days.

    \b
    Examples:
      novita-infra orphans
      novita-infra orphans --state ../other-project --json | jq '.[].per_hour.most'
      novita-infra orphans --adopt instance.trainer --id 7a1b2c
      novita-infra orphans --terminate 7a1b2c

    \b
    Exit codes: 0 done; 1 error; 2 there are orphans (with --detailed-exitcode);
                5 the object belongs to others; 130 interrupted.
    """
    if adopted and terminated:
        raise problem("--adopt and --terminate are two commands", "do one after the other")
    if id_ and not adopted:
        raise problem("--id selects the orphan to adopt", "add --adopt ADDR")
    if auto_approve and not terminated:
        raise problem("--auto-approve answers the question that --terminate asks", "add --terminate ID")
    if project_options.steal and not (adopted or terminated):
        raise problem("--steal insists on --adopt or --terminate", "add --adopt ADDR or --terminate ID")
    if detailed_exitcode and (adopted or terminated):
        raise problem("--detailed-exitcode is for the list", "leave it out")
    if details and (adopted or terminated):
        raise problem("--details is for the list", "leave it out")
    if project_options.lock_timeout and not adopted:
        raise problem("--lock-timeout is for --adopt: nothing else here writes the state", "leave it out")
    if adopted is not None:
        return carried_out(_adopt(project_options, renderer, states=states, address=adopted, id_=id_))
    if terminated:
        if renderer.for_programs and not auto_approve:
            raise problem("--json cannot ask", "add --auto-approve")
        return carried_out(_terminate(project_options, renderer, states=states, ids=terminated, approve=auto_approve))
    return carried_out(_list(project_options, renderer, states=states, details=details, exits=detailed_exitcode))


async def _list(
    project_options: ProjectOptions, renderer: Renderer, *, states: tuple[Path, ...], details: bool, exits: bool
) -> int:
    async with open_session(project_options, os.environ, destroys=True, empty=True, report=renderer.note) as session:
        search, now = await find_orphans(session, beside=states, detailed=details or None), session.clock.now()
        beyond = await beyond_v1(session.client, search.known)
    items = search.items
    renderer.result(orphan_listing(items, now=now, unlisted=(*search.unlisted, *beyond.types)))
    if search.unlisted:
        names = ", ".join(search.unlisted)
        summary, hint = f"the API answered without a list of {names}", "nobody knows whether any exist; run it again"
        warn(renderer, [Diagnostic(summary, hint, severity=Severity.WARNING)])
    warn(renderer, beyond_warnings(beyond, what="no state records it, and its price is not known here"))
    if unread := sum(item.unread for item in items):
        renderer.message(f"The age and the last GPU use of {unread:,} machines were not read; to read them: --details")
    return EXIT_FOUND if exits and (items or beyond.items) else 0


async def _adopt(
    project_options: ProjectOptions,
    renderer: Renderer,
    *,
    states: tuple[Path, ...],
    address: Address,
    id_: str,
) -> int:
    async with (
        open_session(project_options, os.environ, empty=True, lenient=True, report=renderer.note) as session,
        state_locked(session, "orphans --adopt"),
    ):
        items = (await find_orphans(session, beside=states, detailed=False)).items
        orphan = orphan_for(items, address, id=id_, steal=project_options.steal)
        warn(renderer, unset_in(session.project))
        written = writes_manifest(session, address)
        record = await import_object(session, address, orphan.live.id, steal=project_options.steal)
    renderer.result(RecordContent(record, imported="Adopted"))
    plan = again("plan", project_options)
    renderer.message(
        *import_lines(record.source, written=written, plan=plan, environment=session.project.one_of_several)
    )
    return 0


async def _terminate(
    project_options: ProjectOptions,
    renderer: Renderer,
    *,
    states: tuple[Path, ...],
    ids: tuple[str, ...],
    approve: bool,
) -> int:
    async with open_session(project_options, os.environ, destroys=True, empty=True, report=renderer.note) as session:
        chosen = await orphans_to_terminate(session, ids, beside=states)
        renderer.message(*termination_lines(chosen))
        otherwise = "to confirm, add --auto-approve"
        if not approve and not approved("Delete all of this?", renderer, otherwise=otherwise):
            return EXIT_ERROR
        again_listed = listed_again(project_options, states)
        with (
            stopping(
                lambda text: renderer.message(line((text, Tone.CHANGE))),
                leaving=lambda: renderer.message(f"Interrupted. To see what still exists: {again_listed}"),
            ) as stop,
            renderer.progress(steps=None, now=session.clock.now) as listener,
        ):
            result = await terminate(
                session, chosen, beside=states, steal=project_options.steal, emit=listener, stop=stop
            )
    renderer.run_result(result, outputs={}, again=again_listed, destroy=again("destroy", project_options))
    if result.interrupted:
        return EXIT_INTERRUPTED
    return 0 if result.succeeded else EXIT_ERROR


def listed_again(project_options: ProjectOptions, states: tuple[Path, ...]) -> str:
    """The command that lists the orphans again, with the same other states."""
    return shlex.join(
        [*shlex.split(again("orphans", project_options)), *(word for path in states for word in ("--state", str(path)))]
    )
