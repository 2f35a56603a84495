"""`task submit`, `get` and `wait`."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

import click

from novita_infra.cli.account_options import bare_account
from novita_infra.cli.command import Command
from novita_infra.cli.commands.account.api import given_body
from novita_infra.cli.options import WholeNumber, duration_option, sim_option
from novita_infra.cli.rendering import Callback, format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.inference.tasks import SUCCEEDED
from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_ERROR, problem
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.llm.tasks import DownloadOptions, download_results, read_task, submit_task, wait_for_task
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.llm.tasks import SubmittedTask, task_facts

_MEGABYTE: Final = 2**20


def _fetching(function: Callback) -> Callback:
    """Adds where results go, as `fetching`: None without a folder."""

    @click.option(
        "--into",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Fetch the results into this folder.",
    )
    @click.option("--overwrite", is_flag=True, help="Replace files that exist.")
    @click.option(
        "--max-size",
        type=WholeNumber(min=1),
        default=2048,
        show_default=True,
        metavar="MB",
        help="The largest file that is fetched.",
    )
    @functools.wraps(function)
    def inner(*, into: Path | None, overwrite: bool, max_size: int, **rest: Any) -> Any:
        if overwrite and into is None:
            raise problem("--overwrite is about files that are fetched", "add --into DIR")
        fetching = DownloadOptions(folder=into, most=max_size * _MEGABYTE, overwrites=overwrite) if into else None
        return function(fetching=fetching, **rest)

    return inner


_timeout = click.option(
    "--timeout",
    type=duration_option,
    default="30m",
    show_default=True,
    metavar="T",
    help="How long to wait, such as 30s or 5m. The task goes on.",
)


@click.command("submit", cls=Command)
@click.argument("operation", metavar="OPERATION")
@click.option("--data", required=True, metavar="JSON", help="The body, a JSON object; @FILE reads a file, and - stdin.")
@click.option("--wait", "waits", is_flag=True, help="Wait for the end, as `task wait` does.")
@_timeout
@_fetching
@sim_option
@format_options("submitted_task", "task")
@with_renderer
def submit_one(
    *,
    operation: str,
    data: str,
    waits: bool,
    timeout: float,
    fetching: DownloadOptions | None,
    sim: bool,
    renderer: Renderer,
) -> int:
    """Begin a task. Each run begins another one, which is charged.

    OPERATION is the last part of the path in the API's reference: txt2img, txt2video, txt2speech, ...

    \b
    Examples:
      novita-infra task submit txt2img --data @fox.json --wait --into pictures
    """
    body = given_body(data)

    async def work() -> int:
        async with bare_account(renderer, sim=sim) as view:
            id = await submit_task(view, operation, body)
            if not (waits or fetching):
                renderer.result(SubmittedTask(id))
                return 0
            renderer.note(f"The task is {id}.")
            return await _wait(view, id, timeout, fetching, renderer)

    return carried_out(work())


@click.command("get", cls=Command)
@click.argument("task_id", metavar="ID")
@sim_option
@format_options("task")
@with_renderer
def get_one(*, task_id: str, sim: bool, renderer: Renderer) -> int:
    """Show a task as it is now, with fresh links to its results.

    \b
    Examples:
      novita-infra task get 5f8e7d6c --json --query 'results[].url'
    """

    async def work() -> int:
        async with bare_account(renderer, sim=sim) as view:
            renderer.result(task_facts(await read_task(view, task_id)))
        return 0

    return carried_out(work())


@click.command("wait", cls=Command)
@click.argument("task_id", metavar="ID")
@_timeout
@_fetching
@sim_option
@format_options("task")
@with_renderer
def wait_one(*, task_id: str, timeout: float, fetching: DownloadOptions | None, sim: bool, renderer: Renderer) -> int:
    """Wait for the end of a task, and fetch its results with --into.

    A file is named by the task, a number and its type, and appears when it is whole.

    \b
    Examples:
      novita-infra task wait 5f8e7d6c --into pictures

    \b
    Exit codes: 0 it has succeeded; 1 it has failed, or a result cannot be
                fetched; 4 the time is over; 130 interrupted.
    """

    async def work() -> int:
        async with bare_account(renderer, sim=sim) as view:
            return await _wait(view, task_id, timeout, fetching, renderer)

    return carried_out(work())


async def _wait(view: AccountView, id: str, most: float, fetching: DownloadOptions | None, renderer: Renderer) -> int:
    """Waits, fetches, and shows the task. Returns the exit code."""
    ended = await wait_for_task(view, id, most=most)
    succeeded = ended.status == SUCCEEDED
    files = await download_results(view, ended, fetching) if fetching and succeeded else []
    renderer.result(task_facts(ended, files))
    if succeeded:
        return 0
    return EXIT_ERROR if ended.is_over else EXIT_BLOCKED
