"""`endpoint run`, `status`, `cancel`, `health` and `purge`."""

from __future__ import annotations

import os
from typing import Any

import click

from novita_infra.cli.account_options import with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.commands.account.api import given_body
from novita_infra.cli.completing.offers import addresses
from novita_infra.cli.confirmation import approved
from novita_infra.cli.options import auto_approve_option, duration_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.inference.queues import SUCCESS, EndpointJob
from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_ERROR, problem
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.operations.llm.queues import (
    cancel_job,
    purge_queue,
    queue_of_endpoint,
    read_health,
    read_job,
    run_job,
    wait_for_job,
)
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.llm.queues import PurgedQueue, endpoint_job_facts, queue_health_facts


@click.command("run", cls=Command)
@click.argument("target", metavar="ADDR", shell_complete=addresses)
@click.option(
    "--data",
    required=True,
    metavar="JSON",
    help="The input of the job, a JSON object; @FILE reads a file, and - stdin.",
)
@click.option("--wait", "waits", is_flag=True, help="Wait for the end of the job, and show its output.")
@click.option(
    "--timeout",
    type=duration_option,
    default="30m",
    show_default=True,
    metavar="T",
    help="How long --wait waits, such as 30s or 5m. The job goes on.",
)
@with_account_options
@format_options("endpoint_job")
@with_renderer
def run_one(
    *,
    target: str,
    data: str,
    waits: bool,
    timeout: float,
    account_options: AccountOptions,
    renderer: Renderer,
) -> int:
    """Add a job to the queue of the endpoint at ADDR, an address or an id. Each run adds another job.

    \b
    Examples:
      novita-infra endpoint run endpoint.render --data '{"prompt": "a red fox"}' --wait
      novita-infra endpoint run endpoint.render --data @job.json --json --query id

    \b
    Exit codes: 0 added, or with --wait completed; 1 the job has failed;
                4 the time is over; 130 interrupted.
    """
    payload = given_body(data)

    async def work() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            queue = await queue_of_endpoint(view, target)
            job = await run_job(view, queue, payload)
            if waits:
                renderer.note(f"The job is {job.id}.")
                job = await wait_for_job(view, queue, job.id, most=timeout)
            renderer.result(endpoint_job_facts(job))
        return _exit_code(job) if waits else 0

    return carried_out(work())


@click.command("status", cls=Command)
@click.argument("target", metavar="ADDR", shell_complete=addresses)
@click.argument("job", metavar="JOB")
@with_account_options
@format_options("endpoint_job")
@with_renderer
def show_one(*, target: str, job: str, account_options: AccountOptions, renderer: Renderer) -> int:
    """Show a job of the endpoint at ADDR, and its output.

    \b
    Examples:
      novita-infra endpoint status endpoint.render 1a2b3c --json --query output
    """
    return carried_out(_on_job(read_job, target, job, account_options, renderer))


@click.command("cancel", cls=Command)
@click.argument("target", metavar="ADDR", shell_complete=addresses)
@click.argument("job", metavar="JOB")
@with_account_options
@format_options("endpoint_job")
@with_renderer
def cancel_one(*, target: str, job: str, account_options: AccountOptions, renderer: Renderer) -> int:
    """Cancel a job of the endpoint at ADDR. A job that is over is left alone.

    \b
    Examples:
      novita-infra endpoint cancel endpoint.render 1a2b3c
    """
    return carried_out(_on_job(cancel_job, target, job, account_options, renderer))


@click.command("health", cls=Command)
@click.argument("target", metavar="ADDR", shell_complete=addresses)
@with_account_options
@format_options("queue_health")
@with_renderer
def show_health(*, target: str, account_options: AccountOptions, renderer: Renderer) -> int:
    """Show how many jobs wait and run, and how many workers there are.

    \b
    Examples:
      novita-infra endpoint health endpoint.render
    """

    async def work() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            queue = await queue_of_endpoint(view, target)
            renderer.result(queue_health_facts(await read_health(view, queue)))
        return 0

    return carried_out(work())


@click.command("purge", cls=Command)
@click.argument("target", metavar="ADDR", shell_complete=addresses)
@auto_approve_option
@with_account_options
@format_options("purged_queue")
@with_renderer
def purge_one(*, target: str, auto_approve: bool, account_options: AccountOptions, renderer: Renderer) -> int:
    """Remove all jobs of the endpoint at ADDR that wait. Jobs that run go on.

    \b
    Examples:
      novita-infra endpoint purge endpoint.render
    """

    async def work() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            queue = await queue_of_endpoint(view, target)
            if renderer.for_programs and not auto_approve:
                raise problem("--json cannot ask", "add --auto-approve")
            if not auto_approve:
                waiting = (await read_health(view, queue)).waiting
                many = "all jobs" if waiting is None else f"{waiting} job{'' if waiting == 1 else 's'}"
                question = f"Remove {many} that wait for {queue.title}?"
                if not approved(question, renderer, otherwise="to confirm, add --auto-approve"):
                    return EXIT_ERROR
            renderer.result(PurgedQueue(queue.title, await purge_queue(view, queue)))
        return 0

    return carried_out(work())


async def _on_job(act: Any, target: str, id: str, account_options: AccountOptions, renderer: Renderer) -> int:
    async with open_account_view(account_options, os.environ, report=renderer.note) as view:
        queue = await queue_of_endpoint(view, target)
        renderer.result(endpoint_job_facts(await act(view, queue, id)))
    return 0


def _exit_code(job: EndpointJob) -> int:
    if job.state == SUCCESS:
        return 0
    return EXIT_ERROR if job.is_over else EXIT_BLOCKED
