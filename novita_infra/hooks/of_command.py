"""The hooks of one command: those of the project, and those of the resources that it changes."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from novita_infra.hooks.failures import FailedHook, HookStopped
from novita_infra.hooks.running import HookRunner
from novita_infra.model.addresses import Address
from novita_infra.model.lifecycle import Hook, HookEvent
from novita_infra.notices.document import (
    Notice,
    NoticeOutcome,
    ResourceNotice,
    RunNotice,
    action_counts,
)
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.review import Review
from novita_infra.planning.saved.plan_file import digest_of


class CommandHooks:
    """The hooks of one command. `now` returns Unix seconds; `of_project` are the hooks of the project."""

    def __init__(
        self, runner: HookRunner, of_project: tuple[Hook, ...], run: RunNotice, *, now: Callable[[], float]
    ) -> None:
        self.failures: list[FailedHook] = []
        """The hooks that failed and only warn, and those after an apply."""
        self._runner = runner
        self._of_project = of_project
        self._run = run
        self._now = now
        self._actions: Mapping[Address, Action] = {}
        self._due: Mapping[Address, tuple[str, ...]] = {}

    def take_plan(self, review: Review) -> None:
        """Takes the plan, of which later notices say the digest and the counts."""
        plan = review.plan
        due: dict[Address, dict[str, None]] = defaultdict(dict)
        for step in plan.steps:
            for hook in step.conditions.hooks:
                if hook.event is not HookEvent.ON_DELETE:
                    due[step.address][hook.event.value] = None
        self._due = {address: tuple(events) for address, events in due.items()}
        self._actions = {change.address: change.action for change in plan.changes}
        if self._of_project or any(step.conditions.hooks for step in plan.steps):
            self._run = replace(self._run, plan_digest=digest_of(review), summary=action_counts(plan.changes))

    def missing(self, hook: Hook) -> str:
        """Why the program of the hook cannot be run; empty if it can."""
        return self._runner.missing(hook)

    def due(self, address: Address) -> tuple[str, ...]:
        """The events of the resource whose hooks are due when its object is created or started."""
        return self._due.get(address, ())

    async def at(
        self,
        event: HookEvent,
        *,
        outcome: NoticeOutcome | None = None,
        errors: tuple[str, ...] = (),
        stop: asyncio.Event | None = None,
    ) -> None:
        """Runs the hooks of the project at the event. Raises HookStopped and HookInterrupted."""
        hooks = [hook for hook in self._of_project if hook.event is event]
        await self._run_hooks(hooks, self._notice(event, outcome=outcome, errors=errors), stop)

    async def of_resource(
        self, hooks: Iterable[Hook], event: HookEvent, resource: tuple[Address, str, str], stop: asyncio.Event
    ) -> None:
        """Runs these hooks at the event of the resource: its address, its kind and its id.

        Raises HookStopped and HookInterrupted.
        """
        action = self._actions.get(resource[0], Action.NONE)
        await self._run_hooks(hooks, self._notice(event, resource=ResourceNotice(*resource, action)), stop)

    async def _run_hooks(self, hooks: Iterable[Hook], notice: Notice, stop: asyncio.Event | None) -> None:
        for hook in hooks:
            failed = await self._runner.run(hook, notice, stop)
            if failed is not None and failed.stops:
                raise HookStopped(failed)
            self.failures += [failed] if failed is not None else []

    def _notice(
        self,
        event: HookEvent,
        *,
        outcome: NoticeOutcome | None = None,
        errors: tuple[str, ...] = (),
        resource: ResourceNotice | None = None,
    ) -> Notice:
        return Notice(
            event=event,
            run=self._run,
            time=self._now(),
            outcome=outcome,
            errors=errors,
            resource=resource,
        )
