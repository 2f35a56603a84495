"""`webhook listen`: takes events, checks each with the API, and runs a command or prints it."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import threading
from pathlib import Path
from typing import Any, Final

import click

from novita_infra.api.listener.server import EventListener
from novita_infra.cli.account_options import bare_account
from novita_infra.cli.command import Command
from novita_infra.cli.options import WholeNumber, duration_option, sim_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out, stopping
from novita_infra.cli.streams import output_is_lost
from novita_infra.model.concurrency import in_stoppable_thread, racing
from novita_infra.model.diagnostics import problem, reason
from novita_infra.model.frozen import dataclass
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.llm.seen import SeenTasks
from novita_infra.operations.llm.webhooks import CheckedEvent, WebhookInbox
from novita_infra.operations.opening.simulated import for_several
from novita_infra.programs.environment import given_environment
from novita_infra.programs.processes import run_process
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.llm.webhooks import webhook_event

_PATH: Final = re.compile(r"/?[A-Za-z0-9._~-]{16,200}")
_SECRET: Final = "NOVITA_INFRA_WEBHOOK_PATH"  # noqa: S105 -- the name of a variable
_SEEN: Final = ".novita-infra/webhooks.seen"
_MOST_SHOWN: Final = 2000
"""Characters of the errors of a command that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    """The command that is run for an event."""

    words: tuple[str, ...]
    seconds: float
    """After which it is killed."""


def _secret_path(_ctx: click.Context, _option: click.Parameter, text: str | None) -> str:
    """The path, of which nobody has a chance to guess one; a new one by default."""
    if text and not _PATH.fullmatch(text):
        raise click.BadParameter("it is 16 to 200 letters, digits, dots, dashes, underscores or tildes")
    return f"/{text.lstrip('/')}" if text else f"/{secrets.token_urlsafe(32)}"


@click.command("listen", cls=Command)
@click.argument("run", nargs=-1, metavar="[-- COMMAND...]", type=click.UNPROCESSED)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen on.")
@click.option(
    "--port",
    type=WholeNumber(min=0, max=65_535),
    default=8321,
    show_default=True,
    metavar="N",
    help="The port; 0 takes a free one.",
)
@click.option(
    "--secret-path",
    "secret",
    envvar=_SECRET,
    show_envvar=True,
    callback=_secret_path,
    metavar="TEXT",
    help="The path to listen on; a new one by default, which is printed once.",
)
@click.option(
    "--seen",
    type=click.Path(dir_okay=False, path_type=Path),
    default=_SEEN,
    show_default=True,
    metavar="FILE",
    help="The file of the tasks that were taken, for the next start.",
)
@click.option(
    "--parallel", type=WholeNumber(min=1, max=64), default=1, show_default=True, metavar="N", help="Commands at once."
)
@click.option(
    "--timeout",
    type=duration_option,
    default="10m",
    show_default=True,
    metavar="T",
    help="How long a command may run before it is killed.",
)
@click.option("--max-events", type=WholeNumber(min=1), metavar="N", help="End after this many events.")
@sim_option
@format_options("webhook_event")
@with_renderer
def listen(  # noqa: PLR0913 -- the options of a server
    *,
    run: tuple[str, ...],
    host: str,
    port: int,
    secret: str,
    seen: Path,
    parallel: int,
    timeout: float,
    max_events: int | None,
    sim: bool,
    renderer: Renderer,
) -> int:
    """Take the events of tasks that have ended, until Ctrl-C: print each, or run COMMAND with the event on its stdin.

    Anybody can send an event. It counts only if it comes to the secret path, and the API confirms the end of the task;
    what is passed on is what the API answers. A task counts once, also after a restart. It listens with plain HTTP on
    this machine: what Novita calls is a tunnel or a proxy with TLS in front of it.

    \b
    Examples:
      novita-infra webhook listen --json
      novita-infra webhook listen --port 9000 --parallel 4 -- ./publish.sh
    """
    program = _Program(words=_found(run), seconds=timeout) if run else None

    async def work() -> int:
        async with bare_account(renderer, sim=sim) as view:
            if view.sim:
                root = view.place.root if view.place else Path()
                renderer.note(f"No other command can use the simulator's account meanwhile; {for_several(root)}")
            view.client.hide(lambda: [secret.lstrip("/")])
            with SeenTasks(seen) as tasks, stopping(lambda _: None, leaving=lambda: None) as stop:
                inbox = WebhookInbox(
                    view, tasks, _Worker(view, program, renderer).do, at_once=parallel, secret=secret.lstrip("/")
                )
                listener = EventListener(secret, inbox.accept)
                try:
                    async with inbox.open(), listener.listening(host, port) as bound:
                        shown = f"[{host}]" if ":" in host else host
                        renderer.note(f"Listening on http://{shown}:{bound}{secret}")
                        with view.client.awaited.wait("events of tasks"):
                            async with racing(stop.wait(), _enough(inbox, max_events)):
                                pass
                except OSError as error:
                    raise problem(
                        f"{host}:{port} cannot be listened on: {reason(error)}", "choose another --port or --host"
                    ) from None
        return 0

    return carried_out(work())


def _found(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words of the command, the first as a whole path. Raises Problems if there is no such program."""
    program = shutil.which(words[0])
    if program is None:
        raise problem(
            f"there is no program {words[0]}", "the words behind -- are a program and its arguments; no shell"
        )
    return (str(Path(program).absolute()), *words[1:])


async def _enough(inbox: WebhookInbox, most: int | None) -> None:
    """Returns when so many works have ended, or nobody reads what is printed."""
    while (most is None or inbox.done < most) and not output_is_lost():
        inbox.ended.clear()
        await inbox.ended.wait()


class _Worker:
    """What is done for an event: it is printed, or a command gets it on its stdin."""

    def __init__(self, view: AccountView, program: _Program | None, renderer: Renderer) -> None:
        self._view = view
        self._program = program
        self._renderer = renderer

    async def do(self, checked: CheckedEvent) -> None:
        code, trouble = (None, "") if self._program is None else await self._run(self._program, checked.event)
        self._renderer.result(webhook_event(checked.task, checked.event, exit_code=code, trouble=trouble))

    async def _run(self, program: _Program, event: Any) -> tuple[int | None, str]:
        """The exit code of the command, and what is wrong with its end. Its output goes to our stderr."""
        off = threading.Event()
        given = json.dumps(event, ensure_ascii=False).encode() + b"\n"
        environ = given_environment(os.environ)
        environ.pop(_SECRET, None)

        def work() -> Any:
            return run_process(
                program.words, given, folder=Path.cwd(), environ=environ, timeout=program.seconds, off=off
            )

        try:
            ended = await in_stoppable_thread(work, off)
        except OSError as error:
            return None, f"the command cannot be started: {reason(error)}"
        output = ended.output.decode("utf-8", "replace").rstrip("\n")
        if output:
            self._renderer.message(*output.split("\n"))
        if ended.trouble:
            return None, f"the command was killed: {ended.trouble}"
        if ended.code:
            said = self._view.client.redacted(ended.complaints.decode("utf-8", "replace"))[-_MOST_SHOWN:]
            return ended.code, said
        return 0, ""
