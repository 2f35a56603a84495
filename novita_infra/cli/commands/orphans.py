"""`orphans`: live objects that no books know, and what becomes of them."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import click

from novita_infra.applying.events import Result
from novita_infra.cli.confirmation import approved
from novita_infra.cli.console import Console
from novita_infra.cli.lazy import EXIT_INTERRUPTED
from novita_infra.cli.options import (
    Command,
    address,
    auto_approve_option,
    json_option,
    lock_timeout_option,
    path_argument,
    with_console,
)
from novita_infra.cli.project_options import again, located
from novita_infra.cli.signals import carried_out, locked, stopping
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_ERROR, problem
from novita_infra.operations.importing import import_object
from novita_infra.operations.orphans import find_orphans, orphan_for, orphans_named, terminate
from novita_infra.operations.session import ProjectOptions, open_session
from novita_infra.views.content.lines import Tone, line
from novita_infra.views.json.orphans import orphans_json
from novita_infra.views.json.state import record_json
from novita_infra.views.text.orphans import orphan_lines, termination_lines
from novita_infra.views.text.progress import listening_plainly
from novita_infra.views.text.result import result_lines

EXIT_FOUND = 2


def _id(text: str) -> str:
    """An id. What begins as an option does is one, whose own place was taken for the id."""
    if text.startswith("-"):
        raise click.BadParameter(f"{text} is an option, and no ID")
    return text


@click.command(cls=Command)
@path_argument
@located
@click.option(
    "--state",
    "beside",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Other books of this account: a state file, a folder of them, or another project; repeatable.",
)
@click.option("--adopt", "adopted", type=address, metavar="ADDR", help="Take one into the books, as `import` does.")
@click.option(
    "--id", "id_", default="", type=_id, metavar="ID", help="With --adopt: which one, where several may be meant."
)
@click.option(
    "--terminate",
    "terminated",
    multiple=True,
    type=_id,
    metavar="ID",
    help="Delete this one, after a question; repeatable.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where there are orphans.")
@auto_approve_option
@lock_timeout_option
@json_option
@with_console
def orphans(
    *,
    where: ProjectOptions,
    beside: tuple[Path, ...],
    adopted: Address | None,
    id_: str,
    terminated: tuple[str, ...],
    detailed_exitcode: bool,
    auto_approve: bool,
    screen: Console,
) -> int:
    """List the live objects of the account that no state knows, with their price per hour.

    The books of every environment of the project count, and those named with --state: name those of every project that
    shares the account. The last use of GPUs is that of the last 7 days.

    \b
    Examples:
      novita-infra orphans
      novita-infra orphans --state ../other-project --json | jq '.[].per_hour.most'
      novita-infra orphans --adopt instance.trainer --id 7a1b2c
      novita-infra orphans --terminate 7a1b2c

    \b
    Exit codes: 0 fine; 1 error; 2 there are orphans (with --detailed-exitcode); 130 interrupted.
    """
    if adopted and terminated:
        raise problem("--adopt and --terminate are two commands", "do one after the other")
    if id_ and not adopted:
        raise problem("--id says which orphan to adopt", "add --adopt ADDR")
    if auto_approve and not terminated:
        raise problem("--auto-approve answers the question that --terminate asks", "add --terminate ID")
    if detailed_exitcode and (adopted or terminated):
        raise problem("--detailed-exitcode is for the list", "leave it out")
    if where.lock_timeout and not adopted:
        raise problem("--lock-timeout is for --adopt: nothing else here writes books", "leave it out")
    if adopted is not None:
        return carried_out(_adopt(where, screen, beside=beside, address=adopted, id_=id_))
    if terminated:
        if screen.json and not auto_approve:
            raise problem("--json cannot ask", "add --auto-approve")
        return carried_out(_terminate(where, screen, beside=beside, ids=terminated, approve=auto_approve))
    return carried_out(_list(where, screen, beside=beside, detailed=detailed_exitcode))


async def _list(where: ProjectOptions, screen: Console, *, beside: tuple[Path, ...], detailed: bool) -> int:
    async with open_session(where, os.environ, destroys=True, empty=True) as session:
        found, now = await find_orphans(session, beside=beside), session.clock.now()
    if screen.json:
        screen.show_json(orphans_json(found, now=now))
    else:
        screen.show(orphan_lines(found, now=now))
    return EXIT_FOUND if detailed and found else 0


async def _adopt(
    where: ProjectOptions, screen: Console, *, beside: tuple[Path, ...], address: Address, id_: str
) -> int:
    async with open_session(where, os.environ, empty=True) as session, locked(session, "orphans --adopt"):
        found = await find_orphans(session, beside=beside)
        orphan = orphan_for(found, address, id=id_)
        record = await import_object(session, address, orphan.live.id)
    if screen.json:
        screen.show_json(record_json(record))
    else:
        screen.show([line(("Adopted: ", Tone.GOOD), f"{record.address} is {record.id}, declared in {record.source}.")])
    screen.say(f"To see what differs from its manifest: {again('plan', where)}")
    return 0


async def _terminate(
    where: ProjectOptions, screen: Console, *, beside: tuple[Path, ...], ids: tuple[str, ...], approve: bool
) -> int:
    async with open_session(where, os.environ, destroys=True, empty=True) as session:
        chosen = orphans_named(await find_orphans(session, beside=beside), ids)
        screen.say(*termination_lines(chosen))
        otherwise = "if this is wanted, add --auto-approve"
        if not approve and not approved("Delete all of this?", screen, otherwise=otherwise):
            return EXIT_ERROR
        with stopping(
            lambda text: screen.say(line((text, Tone.CHANGE))),
            leaving=lambda: screen.say(f"Left at once. To see what is still there: {listed_again(where, beside)}"),
        ) as stop:
            listener = screen.messages().listener() if screen.json else listening_plainly(sys.stderr)
            result = await terminate(session, chosen, beside=beside, emit=listener, stop=stop)
    return _told(result, screen, command=listed_again(where, beside))


def listed_again(where: ProjectOptions, beside: tuple[Path, ...]) -> str:
    """The list as it is now; without the other books, what they own would count as nobody's."""
    return shlex.join(
        [*shlex.split(again("orphans", where)), *(word for path in beside for word in ("--state", str(path)))]
    )


def _told(result: Result, screen: Console, *, command: str) -> int:
    if screen.json:
        screen.messages().result(result, outputs={})
    else:
        screen.say("", *result_lines(result, again=command))
    if result.interrupted:
        return EXIT_INTERRUPTED
    return 0 if result.succeeded else EXIT_ERROR
