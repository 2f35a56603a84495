"""An applied project whose account in the simulator has bills of the past."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result

from novita_infra.simulator import open_world
from novita_infra.simulator.world.engine.account_records import Meter, Payment, Usage

Invoke = Callable[..., Result]
DAY = 86_400


def at(text: str) -> int:
    """The Unix seconds of a date."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.fixture
def billed(run: Invoke, project: Path) -> Path:
    """The project, applied. In March it cost: its storage 2 days, another object 1 hour, a purchase, and a model."""
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    state = json.loads((project / "state" / "default.json").read_text())
    (record,) = state["records"].values() if isinstance(state["records"], dict) else state["records"]
    world = open_world(project / ".novita-infra" / "sim.db", now=time.time)
    begun = at("2026-03-01")
    meters = [
        ("cloud_storage", record["id"], "Network Volume", 20, 200, DAY, begun, begun + 2 * DAY),
        ("gpu", "0123456789abcdef", "RTX 4090 24GB", 1, 35_000, 3600, begun + 1800, begun + 5400),
    ]
    for number, (category, owner, product, units, price, period, since, until) in enumerate(meters):
        world.meters.add(
            Meter(
                id=f"m{number}",
                created=since,
                category=category,
                owner=owner,
                product=product,
                units=units,
                price=price,
                period=period,
                since=since,
                until=until,
            )
        )
    world.payments.add(
        Payment(
            id="p1",
            created=begun + DAY,
            kind="monthly_new_buy",
            amount=-22_680_000,
            owner="0123456789abcdef",
            product="RTX 4090 24GB",
            price=22_680_000,
            months=1,
        )
    )
    key = next(iter(world.api_keys)).id if len(world.api_keys) else "key_1"
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
