"""An applied project whose account in the simulator has bills of the past."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bill_records import moment_of, recorded_id, storage_meter
from click.testing import Result

from novita_infra.simulator import open_world
from novita_infra.simulator.world.engine.account_records import Meter, Payment, Usage

Invoke = Callable[..., Result]


@pytest.fixture
def billed(run: Invoke, project: Path) -> Path:
    """The project, applied. In March it cost: its storage 2 days, another object 1 hour, a purchase, and a model."""
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    world = open_world(project / ".novita-infra" / "sim.db", now=time.time)
    begun = moment_of("2026-03-01")
    world.meters.add(storage_meter(recorded_id(project)))
    world.meters.add(
        Meter(
            id="m1",
            created=begun,
            category="gpu",
            owner="0123456789abcdef",
            product="RTX 4090 24GB",
            units=1,
            price=35_000,
            since=begun + 1800,
            until=begun + 5400,
        )
    )
    world.payments.add(
        Payment(
            id="p1",
            created=moment_of("2026-03-02"),
            kind="monthly_new_buy",
            amount=-22_680_000,
            owner="0123456789abcdef",
            product="RTX 4090 24GB",
            price=22_680_000,
            months=1,
        )
    )
    key = [*world.api_keys][-1].id if len(world.api_keys) else "key_1"
    world.usages.add(
        Usage(
            id="u1",
            created=begun,
            category="llm",
            key=key,
            product="deepseek/deepseek-v3",
            since=begun,
            price_in=27_000,
            price_out=110_000,
            units_in=1_000_000,
            units_out=100_000,
            requests=3,
        )
    )
    world.save()
    world.close()
    return project
