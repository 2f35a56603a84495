"""The sweep ends what is past its deadline, whatever the lists say; it touches nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from account_views import viewed
from machines_account import running
from rig import Rig

from novita_infra.operations.account.sweep import Overdue, end_overdue, find_overdue
from novita_infra.operations.account.view import AccountView
from novita_infra.planning.overdue import OverdueObject, SweepOutcome
from novita_infra.simulator.faults.parsing import fault_of
from novita_infra.simulator.profiles import PROFILES

MACHINE = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
HARD = {**MACHINE, "ttl": {"after": "2h", "hard": True}}
HOUR = 3600.0


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    found = Rig(tmp_path)
    found.declare(
        ("Instance", "hard", HARD),
        ("Instance", "soft", {**MACHINE, "ttl": "2h"}),
        ("Instance", "plain", MACHINE),
        ("NetworkStorage", "data", {"cluster": "us-ca-nas-2", "sizeGb": 20}),
    )
    found.apply()
    return found


def wait(rig: Rig, seconds: float) -> None:
    rig.clock.run(rig.clock.sleep(seconds))
    rig.world.advance()


def found(rig: Rig) -> Overdue:
    return viewed(rig, find_overdue)


def swept(rig: Rig, *, stops: bool = False) -> dict[str, SweepOutcome]:
    """By name, what became of each object past its deadline."""

    async def work(view: AccountView) -> Sequence[OverdueObject]:
        return await end_overdue(view, (await find_overdue(view)).items, stops=stops)

    return {item.live.name: item.outcome for item in viewed(rig, work)}


def names(rig: Rig) -> list[str]:
    rig.world.advance()
    return sorted(machine.name for machine in rig.world.instances if "emov" not in machine.status)


def test_nothing_is_ended_before_its_deadline(rig: Rig) -> None:
    wait(rig, HOUR)
    assert swept(rig) == {}
    assert names(rig) == ["hard", "plain", "soft"]


def test_what_is_past_its_deadline_is_deleted_and_nothing_else(rig: Rig) -> None:
    wait(rig, 2 * HOUR)
    assert swept(rig) == {"hard": SweepOutcome.DELETED}
    assert names(rig) == ["plain", "soft"]
    assert len(list(rig.world.storages)) == 1
    assert swept(rig) == {}
    wait(rig, 60)
    assert {step.key.partition(":")[0] for step in rig.plan().plan.steps} == {"instance.soft/delete"}


def test_it_may_stop_instead(rig: Rig) -> None:
    wait(rig, 2 * HOUR)
    assert swept(rig, stops=True) == {"hard": SweepOutcome.STOPPED}
    wait(rig, 60)
    assert swept(rig, stops=True) == {"hard": SweepOutcome.KEPT}
    assert names(rig) == ["hard", "plain", "soft"]


def test_a_list_that_lags_ends_nothing_twice(rig: Rig) -> None:
    wait(rig, 2 * HOUR)
    assert swept(rig) == {"hard": SweepOutcome.DELETED}
    wait(rig, HOUR)
    rig.world.faults.add(fault_of({"kind": "stale", "operation": "instances.list", "seconds": 7000, "count": 0}))
    assert set(swept(rig).values()) <= {SweepOutcome.GONE}


def test_an_object_whose_mark_changed_since_the_list_is_kept(rig: Rig) -> None:
    wait(rig, 2 * HOUR)

    async def work(view: AccountView) -> Sequence[OverdueObject]:
        items = (await find_overdue(view)).items
        for machine in rig.world.instances:
            machine.envs = []
        return await end_overdue(view, items, stops=False)

    assert [item.outcome for item in viewed(rig, work)] == [SweepOutcome.KEPT]
    assert names(rig) == ["hard", "plain", "soft"]


def test_a_monthly_machine_is_kept(rig: Rig) -> None:
    machine = next(item for item in rig.world.instances if item.name == "hard")
    wait(rig, 2 * HOUR)
    machine.billing, machine.ends = "monthly", int(rig.clock.now() + 1000 * HOUR)
    assert swept(rig) == {"hard": SweepOutcome.KEPT}
    assert names(rig) == ["hard", "plain", "soft"]


def test_a_refused_delete_is_a_failure_and_the_next_sweep_succeeds(rig: Rig) -> None:
    wait(rig, 2 * HOUR)
    rig.world.faults.add(fault_of({"kind": "status", "operation": "instances.delete", "status": 400}))
    assert swept(rig) == {"hard": SweepOutcome.FAILED}
    assert swept(rig) == {"hard": SweepOutcome.DELETED}


def test_a_list_without_environments_is_completed_by_gets(rig: Rig) -> None:
    wait(rig, 2 * HOUR)

    class Bare:
        """A client whose lists leave out the environments."""

        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

        async def walk(self, pages: Any) -> Any:
            items = await self._inner.walk(pages)
            for item in items:
                item.pop("envs", None)
            return items

    async def work(view: AccountView) -> list[str]:
        view.client = Bare(view.client)
        return [item.live.name for item in (await find_overdue(view)).items]

    assert viewed(rig, work) == ["hard"]


def test_a_list_of_many_costs_its_pages_and_nothing_more(rig: Rig) -> None:
    before = Counter(rig.world.calls)
    assert found(rig).items == ()
    calls = Counter(rig.world.calls) - before
    assert dict(calls) == {"instances.list": 1, "instances_v2.list": 1}


@pytest.mark.parametrize(("profile", "pages_of_v2"), [("live", 2), ("strict", 1 + 13)])
def test_the_pages_of_both_lists_of_a_large_account_are_read_at_once(
    tmp_path: Path, profile: str, pages_of_v2: int
) -> None:
    rig = Rig(tmp_path, quirks=PROFILES[profile])
    for number in range(1250):
        rig.world.instances.add(running(f"{number:016x}", rig.world.moment, f"m{number}"))
    for name in ("instances.list", "instances_v2.list"):
        rig.world.faults.add(fault_of({"kind": "slow", "operation": name, "seconds": 0.5, "count": 0}))
    began = rig.clock.now()  # a call takes 1 s: a half before its effect and one after it
    assert found(rig).items == ()
    pages_of_v1 = 13 + (profile == "strict")  # it counts from 1, so that the first page is looked for twice
    assert rig.world.calls["instances.list"] == pages_of_v1
    assert rig.world.calls["instances_v2.list"] == pages_of_v2
    assert rig.clock.now() - began < max(pages_of_v2, 3) + 1
