"""A project: plan, apply, destroy, drift, state and outputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Unpack

from novita_infra.library.clients import Client
from novita_infra.library.options import PlanChoices, plan_options_of, refuse_unknown
from novita_infra.library.results import DriftedResource, PlanSummary, ProjectState, RunEvent, RunResult
from novita_infra.library.runs import ApplyRun
from novita_infra.library.threads import blocking
from novita_infra.library.work import (
    carried_out_plan,
    declared_in,
    drifted_in,
    options_to_apply,
    planned,
    project_place,
    state_read,
)
from novita_infra.planning.options import RunLimits


class Project:
    """A project: a folder of manifests, or one manifest file, in one environment.

    Nothing is read before a method is called, and every call reads again. It may be used by several threads; what
    changes a state takes its lock. It works in a notebook, too; in asynchronous code use `AsyncProject`. Ctrl-C during
    an apply stops it in order: no new step starts, the state is saved, and KeyboardInterrupt is raised then.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] = ".",
        *,
        environment: str = "",
        variables: Mapping[str, str | float | bool] | None = None,
        var_files: Sequence[str | os.PathLike[str]] = (),
        simulated: bool = False,
        key: str = "",
        url: str = "",
        lock_timeout: float = 0.0,
    ) -> None:
        """`simulated` uses the built-in simulator; its account lies in the folder `.novita-infra` of the project.

        `key` and `url` are by default NOVITA_API_KEY and NOVITA_API_URL; other variables are those of the process.
        `lock_timeout` are the seconds to wait for another run.
        """
        self._place = project_place(
            path,
            environment=environment,
            variables=variables,
            var_files=var_files,
            simulated=simulated,
            key=key,
            url=url,
            lock_timeout=lock_timeout,
        )

    def __repr__(self) -> str:
        return f"Project({self._place!r})"

    def validate(self) -> tuple[str, ...]:
        """The addresses of the declared resources. Offline. Raises Problems with every error of the manifests."""
        return blocking(partial(declared_in, self._place))

    def plan(self, *, destroy: bool = False, **choices: Unpack[PlanChoices]) -> PlanSummary:
        """What an apply would do, or a `destroy`. Reads only. Raises Problems and ApiError."""
        refuse_unknown(choices, self.plan)
        return blocking(partial(planned, self._place, plan_options_of(choices, destroys=destroy)))

    def applying(
        self,
        plan: PlanSummary | None = None,
        *,
        destroy: bool = False,
        parallelism: int | None = None,
        max_calls: int | None = None,
        **choices: Unpack[PlanChoices],
    ) -> ApplyRun:
        """An apply as a context manager and an iterator over its events; see `ApplyRun`.

        `parallelism` is the most steps under way, `max_calls` the most calls in flight.
        """
        refuse_unknown(choices, self.applying)
        asked, limits = options_to_apply(plan, choices, destroys=destroy), RunLimits(parallelism, max_calls)
        return ApplyRun(
            lambda emit, control: carried_out_plan(
                self._place, asked, approved=plan, limits=limits, emit=emit, control=control
            )
        )

    def apply(
        self,
        plan: PlanSummary | None = None,
        *,
        on_event: Callable[[RunEvent], Any] | None = None,
        parallelism: int | None = None,
        max_calls: int | None = None,
        **choices: Unpack[PlanChoices],
    ) -> RunResult:
        """Applies the plan, or without one whatever is to be done. Asks nobody.

        `on_event` is called for each event, by the thread that called this; if it raises, the run is stopped. Raises
        Problems if the plan cannot be applied or things have changed since it was made, ApplyFailed if a step failed,
        and ApiError.
        """
        refuse_unknown(choices, self.apply)
        with self.applying(plan, parallelism=parallelism, max_calls=max_calls, **choices) as run:
            for event in run:
                if on_event is not None:
                    on_event(event)
            return run.result

    def destroy(
        self,
        *,
        on_event: Callable[[RunEvent], Any] | None = None,
        parallelism: int | None = None,
        max_calls: int | None = None,
        **choices: Unpack[PlanChoices],
    ) -> RunResult:
        """Deletes all resources of the environment. Asks nobody. Raises as `apply`."""
        refuse_unknown(choices, self.destroy)
        with self.applying(destroy=True, parallelism=parallelism, max_calls=max_calls, **choices) as run:
            for event in run:
                if on_event is not None:
                    on_event(event)
            return run.result

    def drift(self, **choices: Unpack[PlanChoices]) -> tuple[DriftedResource, ...]:
        """The changes made outside of novita-infra. Reads only. Raises Problems and ApiError."""
        refuse_unknown(choices, self.drift)
        return blocking(partial(drifted_in, self._place, plan_options_of(choices)))

    def state(self) -> ProjectState:
        """The state of the environment. Offline, unless the state is. Raises Problems."""
        return blocking(partial(state_read, self._place))

    def outputs(self) -> Mapping[str, Any]:
        """The outputs of the last apply; a secret is SECRET. Raises Problems."""
        return self.state().outputs

    def client(self) -> Client:
        """A client of the account of the project."""
        return Client(self._place.where.path, key=self._place.key, url=self._place.url, simulated=self._place.where.sim)
