"""Opens a world: a new one, or the one in an account file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from novita_infra.simulator.profiles import LIVE, Quirks
from novita_infra.simulator.scenarios import events
from novita_infra.simulator.scenarios.model import Scenario, start_scenario
from novita_infra.simulator.world.cloud import arrears, endpoints
from novita_infra.simulator.world.engine.account_file import AccountFile, UnknownFormat
from novita_infra.simulator.world.engine.account_records import Payment
from novita_infra.simulator.world.engine.settings import Limits, Timings
from novita_infra.simulator.world.engine.world import OnEvent, World
from novita_infra.simulator.world.llm import batches, files, tasks
from novita_infra.simulator.world.market import money
from novita_infra.simulator.world.resources import ON_EVENT, OWN_RECORDS

_ARRIVE: Final[dict[str, OnEvent]] = {
    **ON_EVENT,
    "happenings": events.on_event,
    "terms": arrears.on_term_event,
    "accounts": arrears.on_event,
    "budgets": arrears.on_budget_event,
    "files": files.on_event,
    "batches": batches.on_event,
    "tasks": tasks.on_event,
    "deliveries": tasks.next_attempt,
}


def open_world(
    path: Path | str | None = None,
    *,
    now: Callable[[], float],
    seed: int = 0,
    quirks: Quirks = LIVE,
    limits: Limits | None = None,
    timings: Timings | None = None,
    scenario: Scenario | None = None,
) -> World:
    """A world on a clock of Unix seconds. With a path it is the account in this file, which is created if it is absent.

    An account file keeps its seed, and its time never goes back. The events of a scenario happen once in an account;
    its settings and faults apply whenever the account is opened with it.

    Raises AccountInUse, UnknownFormat, ForeignLink, and OSError where there is no room for the file.
    """
    book = None if path is None else AccountFile(Path(path))
    world = World(
        now=now,
        seed=seed,
        quirks=quirks,
        limits=limits,
        timings=timings or replace(Timings(), **quirks.timings),
        records=OWN_RECORDS,
        arrive=_ARRIVE,
        book=book,
    )
    try:
        if book is not None:
            world.load(book)
        _count(world)
    except (sqlite3.DatabaseError, LookupError, TypeError, ValueError, OverflowError, RecursionError) as error:
        if book is None:
            raise
        book.close()
        raise UnknownFormat(f"{path} is damaged ({type(error).__name__})") from error
    if not len(world.payments):
        money.pay(world, Payment(id="", kind="recharge", amount=world.limits.balance, note="first top-up"))
    if scenario is not None:
        start_scenario(world, scenario)
    world.advance()
    world.save()
    if world.unsaved is not None:
        world.close()
        raise world.unsaved
    return world


def _count(world: World) -> None:
    """Computes the sums that the file does not hold: places taken, and money."""
    for instance in world.instances:
        if instance.holds:
            world.used[instance.product, instance.cluster] += instance.gpus
    for endpoint in world.endpoints:
        for worker in endpoint.workers:
            if worker.state in endpoints.LIVE_WORKERS:
                world.used[worker.product or endpoint.product, ""] += worker.gpus
    for meter in world.meters:
        money.count_meter(world, meter)
    world.sums.settled += sum(payment.amount for payment in world.payments)
    world.sums.settled -= sum(used.cost for used in world.usages)
    world.keys.all_revoked = world.account.revoked
    world.limits = replace(world.limits, **world.account.limits)
