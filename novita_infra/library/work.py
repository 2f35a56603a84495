"""What the projects of the library do: coroutines, each of which opens the project and closes it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from novita_infra.api.transport.quiet_import import import_httpx
from novita_infra.applying.events import Event, Result
from novita_infra.library.judging import judged
from novita_infra.library.options import PlanChoices, plan_options_of
from novita_infra.library.results import DriftedResource, PlanSummary, ProjectState, RunEvent, RunResult
from novita_infra.library.shaping import drift_of, event_of, plan_summary, result_of, state_of
from novita_infra.model.diagnostics import Problems, problem
from novita_infra.model.frozen import dataclass
from novita_infra.operations.applying import apply_plan, is_nothing_to_do
from novita_infra.operations.hooks import after_plan, before_plan, hook_diagnostics, hooks_of_command
from novita_infra.operations.plans.approved_plans import check_expected, run_of_expected
from novita_infra.operations.plans.planning import plan_project
from novita_infra.operations.session import ProjectOptions, open_session, state_locked, validate_project
from novita_infra.operations.state.edits import load_state
from novita_infra.planning.options import PlanOptions, RunLimits
from novita_infra.planning.saved.plan_file import digest_of

import_httpx()
LOG: Final = logging.getLogger("novita_infra.library")
"""Messages about waits."""


@dataclass(frozen=True, slots=True)
class ProjectPlace:
    """Where a project is, with whose account it works, and how."""

    where: ProjectOptions
    key: str
    url: str

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables of the process, with the key and the address that were given."""
        given = {"NOVITA_API_KEY": self.key, "NOVITA_API_URL": self.url}
        return {**os.environ, **{name: value for name, value in given.items() if value}}

    def __repr__(self) -> str:
        """Without the key, and without variables, which may be secret."""
        environment = f", environment={self.where.environment!r}" if self.where.environment else ""
        return f"{str(self.where.path)!r}{environment}{', simulated=True' if self.where.sim else ''}"


def project_place(
    path: str | os.PathLike[str],
    *,
    environment: str,
    variables: Mapping[str, str | float | bool] | None,
    var_files: Sequence[str | os.PathLike[str]],
    simulated: bool,
    key: str,
    url: str,
    lock_timeout: float,
) -> ProjectPlace:
    """The place of a project. Nothing is read. Raises TypeError for a variable that is no text, number or boolean."""
    where = ProjectOptions(
        path=Path(path),
        environment=environment,
        variables={name: _text_of(name, value) for name, value in (variables or {}).items()},
        var_files=tuple(map(Path, var_files)),
        sim=simulated,
        lock_timeout=lock_timeout,
    )
    return ProjectPlace(where, key, url)


def _text_of(name: str, value: object) -> str:
    """The value as `--var` gives it. A message does not show it: it may be secret."""
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
    raise TypeError(
        f"variables[{name!r}] is of the type {type(value).__name__}; give a str, a number or a bool. "
        "The text of a list or a map is JSON: json.dumps(value)"
    )


async def declared_in(place: ProjectPlace) -> tuple[str, ...]:
    """The addresses of the declared resources, sorted. Offline. Raises Problems with every error of the manifests."""
    project = validate_project(place.where, place.environ, lenient=True)
    return tuple(str(item.address) for item in sorted(project.declared, key=lambda item: item.address))


async def planned(place: ProjectPlace, asked: PlanOptions) -> PlanSummary:
    """The plan. Raises Problems and ApiError."""
    environ = place.environ
    async with open_session(place.where, environ, destroys=asked.destroys, report=LOG.info) as session:
        hooks = hooks_of_command(session, "plan", asked, environ)
        await before_plan(hooks, session)
        review = await judged(session, await plan_project(session, asked), asked, environ)
        await after_plan(hooks, review)
        return plan_summary(session, review, asked)


async def drifted_in(place: ProjectPlace, asked: PlanOptions) -> tuple[DriftedResource, ...]:
    """The drift. Raises Problems and ApiError."""
    async with open_session(place.where, place.environ, lenient=True, report=LOG.info) as session:
        review = await plan_project(session, asked)
        if not session.state.searched and review.problems:  # the state is lost: there is nothing to compare with
            raise Problems(review.problems, code=review.code)
        return drift_of(review)


async def state_read(place: ProjectPlace) -> ProjectState:
    """The state. Raises Problems."""
    return state_of(load_state(place.where, report=LOG.info))


def options_to_apply(plan: PlanSummary | None, choices: PlanChoices, *, destroys: bool) -> PlanOptions:
    """The options of an apply: those of its plan, or the choices. Raises Problems where both are given."""
    if plan is None:
        return plan_options_of(choices, destroys=destroys)
    if choices or destroys:
        given = ", ".join((*choices, *(["destroy"] if destroys else [])))
        raise problem(f"a plan and {given} are given", "a plan has its options: give them to plan()")
    options = plan.choices
    if not isinstance(options, PlanOptions):
        raise problem("this plan was not made by plan()", "make a new plan")
    return options


class RunControl:
    """The control of a run from another thread, by calls on the thread of the run."""

    def __init__(self) -> None:
        self._stop: asyncio.Event | None = None
        self._task: asyncio.Task[object] | None = None
        self._asked = False

    def stop(self) -> None:
        """No new step starts, and calls in flight finish. A run that has not begun its steps is cancelled."""
        self._asked = True
        if self._stop is not None:
            self._stop.set()
        elif self._task is not None:
            self._task.cancel()

    def begins(self) -> None:
        """The run begins to plan."""
        self._task = asyncio.current_task()
        if self._asked:
            raise asyncio.CancelledError

    def steps_begin(self) -> asyncio.Event:
        """The steps begin. Returns the event that stops them."""
        self._stop = asyncio.Event()
        return self._stop


async def carried_out_plan(
    place: ProjectPlace,
    asked: PlanOptions,
    *,
    approved: PlanSummary | None,
    limits: RunLimits,
    emit: Callable[[RunEvent], None],
    control: RunControl,
) -> RunResult:
    """Plans under the lock of the state, and carries the plan out.

    Raises Problems if it cannot be applied, or is neither the approved plan nor what an earlier run left of it; and
    ApiError.
    """
    control.begins()
    environ, operation = place.environ, "destroy" if asked.destroys else "apply"
    async with (
        open_session(
            place.where, environ, destroys=asked.destroys, in_flight=limits.max_calls, report=LOG.info
        ) as session,
        state_locked(session, operation),
    ):
        hooks = hooks_of_command(session, operation, asked, environ)
        await before_plan(hooks, session)
        review = await plan_project(session, asked)
        run = await run_of_expected(session, review, approved.digest, asked) if approved else None
        review = await judged(session, run.review if run else review, asked, environ)
        await after_plan(hooks, review)
        if review.problems:
            raise Problems(review.problems, code=review.code)
        if approved and run is None:
            _check_same(approved, session.project.name)
            check_expected(approved.digest, digest_of(review))
        used = run.used if run else None
        if is_nothing_to_do(session, review, used):
            return result_of(Result.of(review.plan, ()), session.state)
        stop = control.steps_begin()

        def listen(event: Event) -> None:
            emit(event_of(event))

        result = await apply_plan(session, review, limits=limits, emit=listen, stop=stop, used=used, hooks=hooks)
        for item in hook_diagnostics(result):
            LOG.warning(item)
        return result_of(result, session.state)


def _check_same(approved: PlanSummary, project: str) -> None:
    if approved.project != project:
        raise problem(f"this is a plan of {approved.project}, not of {project}", "apply it to its own project")
