"""The figures of a machine that has run for hours, as text and JSON, and the interval between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from account_views import viewed
from rig import Rig

from novita_infra.operations.access.metrics import interval_for, read_metrics
from novita_infra.operations.account.view import AccountView
from novita_infra.views.content.lines import plain
from novita_infra.views.results.machines.metrics import MetricsFacts, metrics_facts

SPEC = {"product": {"gpu": "RTX 4090"}, "gpuCount": 2, "image": "ubuntu:22.04"}


@pytest.fixture
def machine(tmp_path: Path) -> Rig:
    """A machine with two GPUs, which has run for two hours."""
    rig = Rig(tmp_path)
    rig.declare(("Instance", "web", SPEC))
    rig.apply()
    rig.clock.run(rig.clock.sleep(7200))
    return rig


def _facts(rig: Rig, *, span: int, interval: int | None = None, is_table: bool = False) -> MetricsFacts:
    async def work(view: AccountView) -> MetricsFacts:
        since = int(view.clock.now()) - span
        found = await read_metrics(view, "instance.web", since=since, interval=interval)
        return metrics_facts(
            found.title,
            found.id,
            found.status,
            span=(found.start, found.end),
            interval=found.interval,
            series=found.series,
            is_table=is_table,
        )

    return viewed(rig, work)


def test_each_metric_is_a_row_with_its_course(machine: Rig) -> None:
    first, heads, *rows = plain(_facts(machine, span=3600).lines()).splitlines()
    assert first.startswith("instance.web, percent from 20")
    assert heads.split() == ["METRIC", "LAST", "AVERAGE", "MOST"]
    titles = ["cpu", "memory", "disk", "gpu", "gpu 0", "gpu 1", "gpu memory", "gpu memory 0", "gpu memory 1"]
    assert [row[:12].strip() for row in rows] == titles
    for row in rows:
        course = row.split()[-1]
        assert (set(course) <= set("▁▂▃▄▅▆▇█"), len(course)) == (True, 40)
        assert len(row) <= 80


def test_every_figure_is_in_the_json_and_in_the_table(machine: Rig) -> None:
    found: Any = _facts(machine, span=300, interval=15).data()
    assert (found["machine"], found["status"], found["interval"]) == ("instance.web", "running", 15)
    cpu, *_, gpu = found["series"]
    assert (cpu["metric"], cpu["gpu"], gpu["metric"], gpu["gpu"]) == ("cpu", None, "gpu memory", "1")
    values = [point["value"] for point in cpu["points"]]
    assert len(values) == 20
    assert cpu["most"] == max(values)
    assert cpu["average"] == pytest.approx(sum(values) / len(values), abs=0.01)
    table = plain(_facts(machine, span=300, interval=15, is_table=True).lines()).splitlines()
    assert table[1].split()[:4] == ["TIME", "CPU", "MEMORY", "DISK"]
    assert len(table) == 2 + 20
    assert [f"{value:.1f}" for value in values] == [row.split()[3] for row in table[2:]]


@pytest.mark.parametrize(
    ("span", "interval"), [(60, 15), (900, 15), (901, 30), (3600, 60), (86_400, 1800), (30 * 86_400, 43_200)]
)
def test_the_interval_gives_up_to_sixty_figures(span: int, interval: int) -> None:
    assert interval_for(span) == interval


def test_years_have_an_interval_too() -> None:
    assert interval_for(10 * 365 * 86_400) == 5_256_000


def test_a_recorded_machine_is_found_without_the_list_of_all(machine: Rig) -> None:
    machine.world.calls.clear()
    _facts(machine, span=3600)
    assert dict(machine.world.calls) == {"instances.get": 1, "instances.metrics": 1}
