"""Histories after which nobody comes back: all processes are killed for good, and only `sweep` runs, once an hour.

`python bounded_loss.py COUNT [SEED]` plays so many. What is spent after the last plan must not exceed the bound that it
printed, and nothing without a deadline in its mark, or before it, may be touched.
"""

# ruff: noqa: T201 -- a command prints

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx
from account_views import viewed
from death import Death
from foreign_objects import make_foreign
from rig import Rig

from novita_infra.api.errors import ApiError
from novita_infra.encoding import digests
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems
from novita_infra.model.identity import in_mark, moments_of, owner_of
from novita_infra.operations.account.sweep import end_overdue, find_overdue
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.applying import apply_plan
from novita_infra.operations.plans.planning import plan_project
from novita_infra.operations.session import state_locked
from novita_infra.planning.options import PlanOptions, RunLimits
from novita_infra.planning.plan.costs import Bound
from novita_infra.simulator.faults.parsing import fault_of
from novita_infra.simulator.world.market import money

HOUR: Final = 3600
_MARK: Final = "NOVITA_INFRA_OWNER"
_DELETE: Final = "/gpu/instance/delete"
_FAULTS: Final[tuple[Mapping[str, Any], ...]] = (
    {"kind": "lost", "method": "POST", "position": "before"},
    {"kind": "lost", "method": "POST", "position": "after"},
    {"kind": "truncated", "method": "POST", "position": "after"},
    {"kind": "status", "method": "POST", "position": "before", "status": 503},
    {"kind": "late", "operation": "*.create", "seconds": 40},
)


class BoundExceeded(AssertionError):
    """Raised where a history ends badly; the message tells the history."""


@dataclass(frozen=True)
class PrintedPlan:
    """The last plan that was printed."""

    bound: Bound
    spent: Mapping[str, int]
    """What each meter had cost when reading for it began, by the id of the meter, in 1/100000 USD."""


def play_unattended(seed: int, folder: Path) -> None:
    """Plays the history of the seed. Raises BoundExceeded."""
    course = _Course(folder, seed)
    try:
        course.run()
    except Exception as error:
        trace = "\n".join(course.trace)
        raise BoundExceeded(f"seed {seed}: {type(error).__name__}: {error}\n{trace}") from error


class _Course(Rig):
    """One history: some runs, the last of which is killed or done, and then the sweeps."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(folder, seed=seed, environ={})
        self.dice = Random(seed)
        self.trace: list[str] = []
        self.plan_printed: PrintedPlan | None = None
        self.marks: dict[str, str] = {}
        """The mark of each object that there ever was, by its id; empty for none."""
        self._wire: _Wire | None = None
        self._next_sweep = self.clock.now() + self.dice.randrange(HOUR)

    def run(self) -> None:
        self._others()
        for _ in range(self.dice.choice((1, 1, 2, 3))):
            self._chapter()
        self._sweep_until_all_is_over()
        self._check()

    def transport(self) -> httpx.AsyncBaseTransport:
        inner = super().transport()
        return self._wire.around(inner) if self._wire else inner

    def look(self) -> None:
        """Notes the marks of the objects that exist."""
        self.world.advance()
        for item in self.world.instances:
            envs = {pair["key"]: pair["value"] for pair in item.envs}
            self.marks.setdefault(item.id, envs.get(_MARK, ""))
        for storage in self.world.storages:
            self.marks.setdefault(storage.id, "")

    def spent(self) -> dict[str, int]:
        """What each meter has cost, by its id."""
        self.world.advance()
        return {meter.id: money.meter_cost(meter, self.world.moment) for meter in self.world.meters}

    # --- the runs ---

    def _others(self) -> None:
        """Objects of other people: without a mark, and with marks without a deadline or one far away."""
        now = int(self.clock.now())
        marks = ("", "other:p1/default/instance.x/op", f"other:p1/default/instance.y/op;at={now};until={now + 10**8}")
        for mark in self.dice.sample(marks, self.dice.randrange(3)):
            id = make_foreign(self, "instance")
            item = self.world.instances.get(id)
            assert item is not None
            item.envs = [{"key": _MARK, "value": mark}] if mark else []
        self.look()

    def _chapter(self) -> None:
        dice = self.dice
        fleet = list(self._fleet())
        self.declare(*fleet, **({"a": {"createBeforeDestroy": True}} if dice.random() < 0.2 else {}))
        self.trace.append(f"declared: {fleet}")
        self._pass(dice.choice((0.0, 0.0, 60.0, 1800.0, 2 * HOUR)))
        faults = dice.sample(_FAULTS, dice.choice((0, 0, 0, 1)))
        for fault in faults:
            self.world.faults.add(fault_of({**fault, "skip": dice.randrange(4), "count": dice.randrange(1, 3)}))
        how = dice.choice(("done", "plan", "kill", "kill", "kill"))
        kill_at = dice.randrange(1, 60) if how == "kill" else 0
        wire = self._wire = _Wire(self, kill_at, after_effect=dice.random() < 0.5)
        destroys = dice.random() < 0.1
        self.trace.append(f"  run: {how} at request {kill_at}, destroys {destroys}, faults {faults}")
        try:
            self.clock.run(self._work(destroys=destroys, applies=how != "plan"))
        except (ApiError, Problems) as error:
            self.trace.append(f"    ended with {type(error).__name__}: {error}")
        except asyncio.CancelledError:
            wire.death.restore()
            self.trace.append("    killed")
        finally:
            self._wire = None
            self.world.faults.clear()
            self.look()

    async def _work(self, *, destroys: bool, applies: bool) -> None:
        async with self.client() as client:
            session = self._session(client)
            async with state_locked(session, "apply"):
                spent = self.spent()
                asked = PlanOptions(
                    destroys=destroys, allow_data_loss=("*",), allow_large_change=True, create_anyway=("*",)
                )
                review = await plan_project(session, asked)
                assert review.cost is not None
                assert review.cost.bound is not None
                self.plan_printed = PrintedPlan(review.cost.bound, spent)
                steps = [step.key for step in review.plan.steps]
                self.trace.append(f"    {self.clock.now():.0f} plan: {steps} {review.cost.bound}")
                if review.problems:
                    raise Problems(review.problems, code=review.code)
                if applies:
                    parallelism = self.dice.choice((10, 1))
                    await apply_plan(
                        session,
                        review,
                        limits=RunLimits(max_calls=parallelism),
                        emit=lambda _: None,
                        stop=asyncio.Event(),
                    )

    def _fleet(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        dice = self.dice
        for name in "abc"[: dice.randrange(1, 4)]:
            ttl: Any = {"after": dice.choice(("30m", "1h", "3h", "5h")), "hard": True}
            times = dice.choice(({"ttl": ttl}, {"ttl": ttl}, {"ttl": ttl}, {"ttl": ttl}, {"ttl": ttl["after"]}, {}))
            power = dice.choice(({}, {}, {"power": "stopped"}, {"schedule": {"running": "daily 08:00-16:00 UTC"}}))
            yield (
                "Instance",
                name,
                {
                    "product": dice.choice(({"gpu": "RTX 4090"}, {"gpu": "RTX 4090"}, {"cpu": "CPU 2C 4GB"})),
                    "image": dice.choice(("ubuntu:22.04", "ubuntu:24.04")),
                    **dice.choice(({}, {"cluster": "us-ca-nas-2"})),
                    **times,
                    **power,
                },
            )
        if dice.random() < 0.3:
            yield "NetworkStorage", "data", {"cluster": "us-ca-nas-2", "sizeGb": dice.choice((10, 50))}

    # --- after all our processes are dead ---

    def _sweep_until_all_is_over(self) -> None:
        """Only the sweep runs."""
        ours = [mark for mark in self.marks.values() if (owner := owner_of(mark)) and owner.project == "rig"]
        last = max((moments_of(mark).deadline for mark in ours), default=0.0)
        self._pass(max(last - self.clock.now(), 0.0) + 2 * HOUR)

    def _pass(self, seconds: float) -> None:
        """Lets time pass, in which the sweep runs at the same minute of each hour."""
        end = self.clock.now() + seconds
        while self._next_sweep <= end:
            self._sleep_until(self._next_sweep)
            self._next_sweep += HOUR
            self._sweep_once()
        self._sleep_until(end)

    def _sleep_until(self, at: float) -> None:
        self.clock.run(self.clock.sleep(max(0.0, at - self.clock.now())))

    def _sweep_once(self) -> None:
        calls = _Calls(self.clock.now)
        self._wire = calls
        viewed(self, self._sweep)
        self._wire = None
        self.look()  # a late create may have had its effect when the sweep listed the account
        for at, path, id in calls.writes:
            deadline = moments_of(self.marks.get(id, "")).deadline
            assert path.endswith(_DELETE), f"sweep called {path}"
            assert 0 < deadline <= at, f"sweep deleted {id} at {at}, and its deadline is {deadline}"
            self.trace.append(f"    {at:.0f} swept {id}")

    async def _sweep(self, view: AccountView) -> None:
        found = await find_overdue(view)
        assert not found.unlisted
        assert not found.unread
        await end_overdue(view, found.items, stops=False)

    def _check(self) -> None:
        self.look()
        live = {item.id for item in self.world.instances if item.status not in {"toRemove", "removing", "removed"}}
        now = self.clock.now()
        left = [id for id in live if 0 < moments_of(self.marks[id]).deadline < now - HOUR]
        assert not left, f"past their deadlines, and not swept: {left}"
        plan = self.plan_printed
        if plan is None:
            return
        costs: dict[str, int] = {}
        owners = {meter.id: meter.owner for meter in self.world.meters}
        for meter, cost in self.spent().items():
            costs[owners[meter]] = costs.get(owners[meter], 0) + cost - plan.spent.get(meter, 0)
        ours = {id: cost for id, cost in costs.items() if cost and not self._is_foreign(id)}
        open_ended = {in_mark(item.address) for item in plan.bound.unbounded}
        bounded = sum(
            cost
            for id, cost in ours.items()
            if moments_of(self.marks[id]).deadline or self._address(id) not in open_ended
        )
        assert bounded <= plan.bound.amount, f"spent {bounded}, and the bound is {plan.bound.amount}: {ours}"

    def _is_foreign(self, id: str) -> bool:
        owner = owner_of(self.marks[id])
        if id in {item.id for item in self.world.instances} or owner is not None:
            return owner is None or owner.project != "rig"
        return False

    def _address(self, id: str) -> str:
        owner = owner_of(self.marks[id])
        return owner.address if owner else str(Address("network_storage", "data"))


class _Wire(httpx.AsyncBaseTransport):
    """The network of a run, which dies at a request; 0 for never."""

    def __init__(self, course: _Course, kill_at: int, *, after_effect: bool) -> None:
        self.death = Death(course.folder / "state")
        self._course = course
        self._kill_at = kill_at
        self._after_effect = after_effect
        self._count = 0
        self._inner: httpx.AsyncBaseTransport | None = None

    def around(self, inner: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        self._inner = inner
        self.death.awaits_this_task()
        return self

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert self._inner is not None
        self._count += 1
        dies = self._count == self._kill_at
        if dies and not self._after_effect:
            self.death.strike()
        if self.death.dead:
            raise httpx.ConnectError("this process is dead", request=request)
        response = await self._inner.handle_async_request(request)
        self._course.look()
        if dies:
            self.death.strike()
            raise httpx.ReadError("this process is dead", request=request)
        return response


class _Calls(_Wire):
    """The network of a sweep; it keeps what the sweep changes."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.writes: list[tuple[float, str, str]] = []
        """Of each call that changes something: when, the path, and the id of the object."""

    def around(self, inner: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        self._inner = inner
        return self

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert self._inner is not None
        if request.method != "GET":
            id = json.loads(await request.aread()).get("instanceId", "")
            self.writes.append((self._now(), request.url.path, id))
        return await self._inner.handle_async_request(request)


def _block(seeds: range) -> list[str]:
    digests.COST = 1  # as in the suite
    bad = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            try:
                play_unattended(seed, Path(folder))
            except BoundExceeded as error:
                bad.append(str(error))
    return bad


def _main(count: int, start: int) -> int:
    """Plays so many histories on all processors; the number of those that ended badly."""
    blocks = [range(first, min(first + 50, start + count)) for first in range(start, start + count, 50)]
    began, bad, played = time.monotonic(), 0, 0
    with multiprocessing.Pool(int(os.environ.get("PROCESSES", os.cpu_count() or 1))) as pool:
        for block, failures in zip(blocks, pool.imap(_block, blocks), strict=True):
            played, bad = played + len(block), bad + len(failures)
            print(
                "\n".join([*failures, f"{played} histories in {time.monotonic() - began:.0f} s, {bad} bad"]), flush=True
            )
    return bad


if __name__ == "__main__":
    sys.exit(bool(_main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)))
