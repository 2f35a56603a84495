"""A project in asynchronous code."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Unpack

from novita_infra.library.clients import AsyncClient
from novita_infra.library.options import PlanChoices, plan_options_of, refuse_unknown
from novita_infra.library.results import DriftedResource, PlanSummary, ProjectState, RunEvent, RunResult
from novita_infra.library.runs import AsyncApplyRun
from novita_infra.library.threads import on_other_thread
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


class AsyncProject:
    """A project from asynchronous code: the methods of `Project`, to be awaited.

    The work is done on a thread of its own, so the loop never waits for disks, locks or git. A cancellation stops the
    work in order and waits until the state is sound.
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
        return f"AsyncProject({self._place!r})"

    async def validate(self) -> tuple[str, ...]:
        """The addresses of the declared resources. Offline. Raises Problems with every error of the manifests."""
        return await on_other_thread(partial(declared_in, self._place))

    async def plan(self, *, destroy: bool = False, **choices: Unpack[PlanChoices]) -> PlanSummary:
        """What an apply would do, or a `destroy`. Reads only. Raises Problems and ApiError."""
        refuse_unknown(choices, self.plan)
        return await on_other_thread(partial(planned, self._place, plan_options_of(choices, destroys=destroy)))

    def applying(
        self,
        plan: PlanSummary | None = None,
        *,
        destroy: bool = False,
        parallelism: int | None = None,
        max_calls: int | None = None,
        **choices: Unpack[PlanChoices],
    ) -> AsyncApplyRun:
        """An apply as a context manager and an iterator over its events; see `AsyncApplyRun`.

        `parallelism` is the most steps under way, `max_calls` the most calls in flight.
        """
        refuse_unknown(choices, self.applying)
        asked, limits = options_to_apply(plan, choices, destroys=destroy), RunLimits(parallelism, max_calls)
        return AsyncApplyRun(
            lambda emit, control: carried_out_plan(
                self._place, asked, approved=plan, limits=limits, emit=emit, control=control
            )
        )

    async def apply(
        self,
        plan: PlanSummary | None = None,
        *,
        on_event: Callable[[RunEvent], Any] | None = None,
        parallelism: int | None = None,
        max_calls: int | None = None,
        **choices: Unpack[PlanChoices],
    ) -> RunResult:
        """Applies the plan, or without one whatever is to be done. Asks nobody.

        `on_event` is called for each event, by the task that called this; if it raises, the run is stopped. Raises
        Problems if the plan cannot be applied or things have changed since it was made, ApplyFailed if a step failed,
        and ApiError.
        """
        refuse_unknown(choices, self.apply)
        async with self.applying(plan, parallelism=parallelism, max_calls=max_calls, **choices) as run:
            async for event in run:
                if on_event is not None:
                    on_event(event)
            return await run.result()

    async def destroy(
        self,
        *,
        on_event: Callable[[RunEvent], Any] | None = None,
        parallelism: int | None = None,
        max_calls: int | None = None,
        **choices: Unpack[PlanChoices],
    ) -> RunResult:
        """Deletes all resources of the environment. Asks nobody. Raises as `apply`."""
        refuse_unknown(choices, self.destroy)
        async with self.applying(destroy=True, parallelism=parallelism, max_calls=max_calls, **choices) as run:
            async for event in run:
                if on_event is not None:
                    on_event(event)
            return await run.result()

    async def drift(self, **choices: Unpack[PlanChoices]) -> tuple[DriftedResource, ...]:
        """The changes made outside of novita-infra. Reads only. Raises Problems and ApiError."""
        refuse_unknown(choices, self.drift)
        return await on_other_thread(partial(drifted_in, self._place, plan_options_of(choices)))

    async def state(self) -> ProjectState:
        """The state of the environment. Offline, unless the state is. Raises Problems."""
        return await on_other_thread(partial(state_read, self._place))

    async def outputs(self) -> Mapping[str, Any]:
        """The outputs of the last apply; a secret is SECRET. Raises Problems."""
        return (await self.state()).outputs

    def client(self) -> AsyncClient:
        """A client of the account of the project."""
        return AsyncClient(
            self._place.where.path, key=self._place.key, url=self._place.url, simulated=self._place.where.sim
        )
