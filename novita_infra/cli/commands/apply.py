"""`apply` and `destroy`: show the plan, ask, do it, and say what was done."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from novita_infra import __version__
from novita_infra.applying.events import Listener, Outcome, Result
from novita_infra.cli.commands.plan import show_plan
from novita_infra.cli.confirmation import approved as approved_by_person
from novita_infra.cli.console import Console
from novita_infra.cli.lazy import EXIT_INTERRUPTED
from novita_infra.cli.options import (
    Command,
    auto_approve_option,
    json_option,
    lock_timeout_option,
    parallelism_option,
    path_argument,
    plan_options,
    with_console,
)
from novita_infra.cli.project_options import again, located
from novita_infra.cli.signals import carried_out, locked, stopping
from novita_infra.model.diagnostics import EXIT_ERROR, EXIT_REFUSED, problem
from novita_infra.operations.applying import apply_plan
from novita_infra.operations.planning import plan_project
from novita_infra.operations.saved_plans import check_saved, is_plan, opened_saved
from novita_infra.operations.session import ProjectOptions, Session, open_session
from novita_infra.planning.options import PlanOptions, Refresh
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.review import Review
from novita_infra.planning.saved.plan_file import digest_of
from novita_infra.policies.running import judge_plan
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.json.plan import plan_json
from novita_infra.views.text.progress import listening_live, listening_plainly
from novita_infra.views.text.result import next_line, result_lines
from novita_infra.views.text.state import output_lines

_DIGEST: Final = re.compile("sha256:[0-9a-f]{64}")


def _plan_digest(text: str) -> str:
    """A digest as `plan` tells it; what is none could never be that of the plan."""
    if _DIGEST.fullmatch(text.strip()):
        return text.strip()
    raise click.BadParameter(f"{text!r} is no digest; one is sha256: and 64 hex digits, as `plan --out` tells it")


@click.command(cls=Command)
@click.argument(
    "path",
    metavar="[PATH or PLANFILE]",
    default=".",
    type=click.Path(path_type=Path),
    required=False,
)
@located
@plan_options
@click.option(
    "--expect",
    metavar="DIGEST",
    type=_plan_digest,
    default=None,
    help="Do it, without a question, if this is the digest that `plan` told; else refuse.",
)
@auto_approve_option
@parallelism_option
@lock_timeout_option
@json_option
@with_console
def apply(
    *,
    where: ProjectOptions,
    asked: PlanOptions,
    expect: str | None,
    auto_approve: bool,
    parallelism: int | None,
    screen: Console,
) -> int:
    """Make the cloud be what the manifests say.

    Shows the plan and asks first. A plan that `plan --out` saved is done as it was shown, without a question, or
    refused where the world has moved. Run it again after a failure or an interruption: it goes on from there.

    \b
    Examples:
      novita-infra apply --sim
      novita-infra apply examples/quickstart --sim --auto-approve
      novita-infra apply prod.niplan
      novita-infra apply --env prod --auto-approve --json
      novita-infra apply --env prod --expect sha256:6b1c...

    \b
    Exit codes: 0 done; 1 error; 4 blocked by capacity or limits;
                5 refused by a protection or a policy; 6 over a budget; 130 interrupted.
    """
    if is_plan(where.path):
        return carried_out(_apply_saved(where, screen, asked=asked, expect=expect, parallelism=parallelism))
    run = _apply(where, screen, asked=asked, approved=auto_approve, expect=expect, parallelism=parallelism)
    return carried_out(run)


@click.command(cls=Command)
@path_argument
@located
@plan_options
@auto_approve_option
@parallelism_option
@lock_timeout_option
@json_option
@with_console
def destroy(
    *, where: ProjectOptions, asked: PlanOptions, auto_approve: bool, parallelism: int | None, screen: Console
) -> int:
    """Delete all that this environment owns.

    Shows the plan, with the data that vanishes, and asks first. What is protected is refused, and so are network
    storages whose data --allow-data-loss does not name.

    \b
    Examples:
      novita-infra destroy --sim
      novita-infra destroy --env dev --allow-data-loss 'network_storage.*'
      novita-infra destroy --env dev --target instance.trainer
    """
    asked = replace(asked, destroys=True)
    run = _apply(where, screen, asked=asked, approved=auto_approve, parallelism=parallelism)
    return carried_out(run)


async def _apply(
    where: ProjectOptions,
    screen: Console,
    *,
    asked: PlanOptions,
    approved: bool,
    expect: str | None = None,
    parallelism: int | None,
) -> int:
    command = "destroy" if asked.destroys else "apply"
    approved = approved or expect is not None
    _greet(screen)
    if screen.json and not approved:
        raise problem("--json cannot ask", "add --auto-approve, or apply a plan that `plan --out FILE` saved")
    async with open_session(where, os.environ, destroys=asked.destroys, in_flight=parallelism) as session:
        session.tell = screen.say
        _tell_of_waiting(where, screen)
        async with locked(session, command):
            review = await plan_project(session, asked)
            review = await judge_plan(session.project, review, asked=asked, environ=os.environ, shown=plan_json)
            screen.tell(session.project.warnings)
            _show(review, screen)
            if review.problems:
                return review.code or EXIT_ERROR
            if expect is not None:
                _check_expected(expect, digest_of(review))
            if not review.empty and not approved and not _approved(review.plan, screen, again(command, where, asked)):
                return EXIT_ERROR
            return await _carry_out(
                session, review, screen, parallelism=parallelism, command=_on(command, where, asked)
            )


async def _apply_saved(
    where: ProjectOptions, screen: Console, *, asked: PlanOptions, expect: str | None, parallelism: int | None
) -> int:
    _greet(screen)
    if where.environment or where.variables or where.var_files or replace(asked, policies=()) != PlanOptions():
        raise problem(
            f"{where.path} is a saved plan: it carries its own environment, variables and targets",
            "leave out --env, --var, --var-file and --target, or make a new plan",
        )
    async with opened_saved(where, os.environ, in_flight=parallelism) as (session, saved):
        session.tell = screen.say
        if expect is not None:
            _check_expected(expect, saved.digest)
        operation = "destroy" if saved.review.plan.destroys else "apply"
        _tell_of_waiting(where, screen)
        async with locked(session, operation):
            review = await judge_plan(session.project, saved.review, asked=asked, environ=os.environ, shown=plan_json)
            if screen.json:
                _show(review, screen)
            elif review.problems:
                screen.tell((*review.notes, *review.problems))
            if review.problems:
                return review.code or EXIT_ERROR
            await check_saved(session, saved)
            if not screen.json:  # a person who reads a refusal has no use for the plan that it is about
                _show(review, screen)
            command = _on(operation, session.where, saved.setting.asked)
            return await _carry_out(session, review, screen, parallelism=parallelism, command=command, seal=saved.seal)


def _on(command: str, where: ProjectOptions, asked: PlanOptions) -> str:
    """The command that goes on from here: it reads everything, and the books know what was to be made anew."""
    return again(command, where, replace(asked, refresh=Refresh.ALL, replaces=()))


def _check_expected(expect: str, digest: str) -> None:
    """Raises Problems where the plan is not the one that was approved."""
    if expect != digest:
        raise problem(
            f"this is not the plan that was approved: its digest is {digest}",
            "look at it with `plan`, and have it approved anew",
            code=EXIT_REFUSED,
        )


def _greet(screen: Console) -> None:
    if screen.json:
        screen.messages().version(__version__)


def _tell_of_waiting(where: ProjectOptions, screen: Console) -> None:
    if where.lock_timeout and not screen.json:
        screen.say(f"If another run has the lock, this one waits for it, at most {where.lock_timeout:g} s.")


def _show(review: Review, screen: Console) -> None:
    if screen.json:
        screen.messages().plan(review.plan)
        screen.tell((*review.notes, *review.problems))
    else:
        show_plan(review, screen)


def _approved(plan: Plan, screen: Console, command: str) -> bool:
    question = "Delete all of this?" if plan.destroys else "Do this?"
    return approved_by_person(question, screen, otherwise=f"if this is wanted: {command} --auto-approve")


async def _carry_out(
    session: Session, review: Review, screen: Console, *, parallelism: int | None, command: str, seal: str = ""
) -> int:
    plan = review.plan
    if review.empty and not plan.record_updates:
        if screen.json:
            screen.messages().result(Result(plan, ()), outputs=session.state.outputs)
        return 0
    with (
        stopping(
            lambda text: screen.say(line((text, Tone.CHANGE))), leaving=lambda: screen.say(*_left(command))
        ) as stop,
        _listening(session, plan, screen) as listener,
    ):
        result = await apply_plan(session, review, parallelism=parallelism, emit=listener, stop=stop, seal=seal)
    _sum_up(session, review, result, screen, command=command)
    return _exit_code(result)


def _left(command: str) -> Iterator[Line]:
    """What a run that did not wait for the calls in flight says at its end."""
    yield line("Left at once. What was asked for is on record; the next run looks for what it made.")
    yield next_line(command)


def _exit_code(result: Result) -> int:
    """Failures that all ask for the same code get it."""
    if result.interrupted:
        return EXIT_INTERRUPTED
    codes = {end.code or EXIT_ERROR for end in result.ends if end.outcome is Outcome.FAILED}
    if len(codes) == 1:
        return codes.pop()
    return 0 if result.succeeded else EXIT_ERROR


@contextmanager
def _listening(session: Session, plan: Plan, screen: Console) -> Iterator[Listener]:
    if screen.json:
        yield screen.messages().listener()
    elif screen.live:
        with listening_live(sys.stderr, now=session.clock.now, total=len(plan.steps)) as listener:
            yield listener
    else:
        yield listening_plainly(sys.stderr)


def _sum_up(session: Session, review: Review, result: Result, screen: Console, *, command: str) -> None:
    outputs = session.state.outputs
    if screen.json:
        screen.messages().result(result, outputs=outputs)
        return
    if result.succeeded and result.plan.empty:
        return
    screen.say("", *result_lines(result, again=command, destroy=again("destroy", session.where), cost=review.cost))
    if result.succeeded and outputs and not result.plan.destroys:
        screen.show([line(), line(("Outputs", Tone.STRONG)), *output_lines(outputs)])
