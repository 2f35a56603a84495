"""When a machine runs and when it ends: `schedule`, `ttl` and `idle` of an instance."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from plan_files import apply_saved, save
from rig import Rig

from novita_infra.model.diagnostics import Problems
from novita_infra.model.identity import moments_of
from novita_infra.planning.options import Refresh
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.review import Review

DAY = 86_400.0
MACHINE = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
SCHEDULE = {"schedule": {"running": "daily 08:00-20:00 UTC"}}


def up(folder: Path, **spec: Any) -> Rig:
    rig = Rig(folder)
    declare(rig, **spec)
    rig.apply()
    return rig


def declare(rig: Rig, **spec: Any) -> None:
    rig.declare(("Instance", "a", {**MACHINE, **spec}))


def until(rig: Rig, hour: int) -> None:
    """Lets time pass until the next such hour of UTC."""
    passed = rig.clock.now() % DAY
    wait(rig, (hour * 3600 - passed) % DAY)


def wait(rig: Rig, seconds: float) -> None:
    rig.clock.run(rig.clock.sleep(seconds))
    rig.world.advance()


def status(rig: Rig) -> str:
    rig.world.advance()
    return next(iter(rig.world.instances)).status


def says(review: Review) -> list[str]:
    return [text for rule in review.times for text in rule.says]


def hour(rig: Rig) -> str:
    return f"{datetime.fromtimestamp(rig.clock.now(), UTC):%a %Y-%m-%d}"


# --- schedule -----------------------------------------------------------------------------------------------------


def test_each_apply_starts_and_stops_a_machine_by_its_schedule(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    declare(rig, **SCHEDULE)
    until(rig, 12)
    rig.apply()
    assert status(rig) == "running"
    assert says(rig.plan()) == [f"the schedule runs it until {hour(rig)} 20:00 UTC"]
    rig.assert_converged()
    until(rig, 21)
    plan = rig.plan()
    (change,) = plan.plan.changes
    assert [(item.name, item.before, item.after) for item in change.fields] == [("power", "running", "stopped")]
    assert plan.plan.drift == ()
    rig.apply()
    assert status(rig) == "exited"
    rig.assert_converged()
    until(rig, 9)
    rig.apply()
    assert status(rig) == "running"
    rig.assert_converged()


def test_the_plan_names_the_next_change_of_a_schedule(tmp_path: Path) -> None:
    rig = up(tmp_path, **SCHEDULE)
    until(rig, 7)
    (rule,) = rig.plan().times
    assert (str(rule.address), rule.next) == ("instance.a", rig.clock.now() + 3600)


def test_a_machine_that_somebody_stopped_within_its_schedule_is_drift(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    declare(rig, **SCHEDULE)
    until(rig, 12)
    rig.apply()
    (machine,) = rig.world.instances
    rig.world.expect(rig.world.instances, machine, [(0.0, "exited")])
    plan = rig.plan()
    assert [drift.cause.value for drift in plan.plan.drift] == ["edited"]
    rig.apply()
    assert status(rig) == "running"


def test_a_schedule_that_is_no_longer_declared_leaves_the_machine_running(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    declare(rig, **SCHEDULE)
    until(rig, 21)
    rig.apply()
    assert status(rig) == "exited"
    declare(rig)
    rig.apply()
    assert status(rig) == "running"
    rig.assert_converged()


def test_a_schedule_of_a_machine_that_somebody_stopped_before_starts_it(tmp_path: Path) -> None:
    rig = up(tmp_path)
    (machine,) = rig.world.instances
    rig.world.expect(rig.world.instances, machine, [(0.0, "exited")])
    declare(rig, **SCHEDULE)
    until(rig, 12)
    assert rig.plan().plan.drift == ()
    rig.apply()
    assert status(rig) == "running"


# --- ttl ----------------------------------------------------------------------------------------------------------


def test_a_machine_past_its_ttl_is_deleted_and_not_created_again(tmp_path: Path) -> None:
    rig = up(tmp_path, ttl="3d")
    wait(rig, 2 * DAY)
    assert rig.plan().empty
    wait(rig, DAY)
    plan = rig.plan()
    (change,) = plan.plan.changes
    assert change.action is Action.DELETE
    assert change.why.startswith("the ttl of 3 d ended at ")
    assert not plan.plan.drift_only
    rig.apply()
    assert rig.live_ids() == []
    plan = rig.plan()
    assert plan.empty, plan.plan.changes
    assert plan.plan.drift == ()
    assert [change.action for change in plan.plan.changes] == [Action.NONE]
    assert rig.plan(refresh=Refresh.ONLY).plan.steps == ()
    rig.destroy()
    assert rig.state().records == {}


def test_a_machine_that_is_gone_after_its_ttl_is_not_created_again(tmp_path: Path) -> None:
    rig = up(tmp_path, ttl={"after": "1h", "hard": True})
    wait(rig, 7200)
    rig.world.instances.remove(next(iter(rig.world.instances)))
    plan = rig.plan()
    assert plan.empty
    assert plan.plan.drift == ()


@pytest.mark.parametrize("spec", [{}, {"ttl": "9d"}], ids=["without", "longer"])
def test_a_machine_is_created_again_when_its_ttl_is_longer_or_gone(spec: dict[str, Any], tmp_path: Path) -> None:
    rig = up(tmp_path, ttl="1h")
    wait(rig, 7200)
    rig.apply()
    declare(rig, **spec)
    rig.apply()
    assert len(rig.live_ids()) == 1
    rig.assert_converged()


def test_a_replacement_begins_a_new_ttl(tmp_path: Path) -> None:
    rig = up(tmp_path, ttl="1h")
    wait(rig, 7200)
    rig.apply(replaces=("instance.a",))
    assert len(rig.live_ids()) == 1
    rig.assert_converged()


def test_the_ttl_of_a_deleted_machine_ends_with_its_replacement(tmp_path: Path) -> None:
    rig = up(tmp_path, ttl="1h")
    wait(rig, 7200)
    rig.apply()
    rig.apply(replaces=("instance.a",))
    assert len(rig.live_ids()) == 1
    rig.assert_converged()


def test_a_protected_machine_is_not_deleted_at_the_end_of_its_ttl(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.declare(("Instance", "a", {**MACHINE, "ttl": "1h"}), a={"protect": True})
    rig.apply()
    wait(rig, 7200)
    assert [item.summary for item in rig.plan().problems] == ["delete is refused: the resource is protected"]


def test_a_ttl_that_comes_later_counts_from_the_creation(tmp_path: Path) -> None:
    rig = up(tmp_path)
    wait(rig, 7200)
    declare(rig, ttl="1h")
    (change,) = rig.plan().plan.changes
    assert change.action is Action.DELETE
    rig.apply()
    assert rig.plan().empty


def test_the_mark_holds_a_hard_deadline_and_a_changed_one_is_reported(tmp_path: Path) -> None:
    rig = up(tmp_path, ttl={"after": "3d", "hard": True})
    mark = next(iter(rig.see().world.existing.values())).live
    assert mark is not None
    moments = moments_of(mark.mark)
    assert moments.deadline == moments.created + 3 * DAY
    declare(rig, ttl={"after": "4d", "hard": True})
    (note,) = rig.plan().notes
    assert note.summary.startswith("sweep ends it at ")
    assert note.summary.endswith(", as its owner mark says, whatever ttl is now")
    assert rig.plan().empty


def test_an_upgrade_keeps_the_deadline(tmp_path: Path) -> None:
    rig = up(tmp_path, ttl={"after": "3d", "hard": True})
    (machine,) = rig.world.instances
    before = machine.envs
    declare(rig, ttl={"after": "3d", "hard": True}, image="ubuntu:24.04")
    rig.apply()
    assert machine.envs == before


# --- idle ---------------------------------------------------------------------------------------------------------


def test_a_machine_whose_gpus_rest_is_stopped_and_stays_so(tmp_path: Path) -> None:
    rig = up(tmp_path, idle={"after": "2h", "do": "stop"})
    (machine,) = rig.world.instances
    wait(rig, 3600)
    machine.idle = rig.clock.now()
    wait(rig, 3600)
    assert rig.plan().empty
    wait(rig, 7200)
    rig.apply()
    assert status(rig) == "exited"
    rig.assert_converged()
    assert says(rig.plan()) == ["it is stopped, and idle does not start it"]


def test_a_machine_that_somebody_started_again_is_not_stopped_at_once(tmp_path: Path) -> None:
    rig = up(tmp_path, idle={"after": "2h", "do": "stop"})
    (machine,) = rig.world.instances
    machine.idle = rig.clock.now()
    wait(rig, 3 * 3600)
    rig.apply()
    rig.world.expect(rig.world.instances, machine, [(0.0, "running")])
    wait(rig, 1800)
    assert rig.plan().empty
    wait(rig, 7200)
    rig.apply()
    assert status(rig) == "exited"


# --- manifests that are wrong -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({**SCHEDULE, "power": "running"}, "schedule is declared too, and decides it"),
        ({"idle": {"after": "2h", "do": "stop"}, "power": "running"}, "idle is declared too, and decides it"),
        ({**SCHEDULE, "idle": {"after": "2h", "do": "stop"}}, "schedule is declared too, and would start what rests"),
        ({"schedule": {"running": "mon 08:00-20:00 Europe/Berln"}}, '"Europe/Berln" is no time zone: did you mean'),
        ({"schedule": {"running": ["mon 08:00-20:00 UTC", "night"]}}, '"night" is no window: write days, times and'),
        ({"idle": {"after": "10m", "do": "stop"}}, "10m is too short: the use is measured every 15 min"),
        ({"ttl": "3d", "billingMode": "monthly", "months": 1}, "a monthly instance cannot be deleted before its"),
    ],
)
def test_a_spec_that_contradicts_itself_is_an_error(spec: dict[str, Any], message: str, tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    declare(rig, **spec)
    with pytest.raises(Problems) as failure:
        rig.plan()
    (diagnostic,) = failure.value.diagnostics
    assert message in f"{diagnostic.summary}: {diagnostic.hint}"
    assert diagnostic.origin is not None
    assert diagnostic.origin.line


# --- saved plans --------------------------------------------------------------------------------------------------


def test_a_saved_plan_is_refused_where_the_schedule_asks_for_something_else_now(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    declare(rig, **SCHEDULE)
    until(rig, 12)
    rig.apply()
    declare(rig, **SCHEDULE, ports=["80/http"])
    path = save(rig)
    until(rig, 21)
    with pytest.raises(Problems) as failure:
        apply_saved(rig, path)
    assert 'power was to be "running", and would now be "stopped"' in str(failure.value)


def test_a_saved_plan_is_refused_where_the_schedule_was_edited(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    declare(rig, **SCHEDULE)
    until(rig, 12)
    rig.apply()
    declare(rig, **SCHEDULE, ports=["80/http"])
    path = save(rig)
    declare(rig, schedule={"running": "daily 08:00-22:00 UTC"}, ports=["80/http"])
    with pytest.raises(Problems) as failure:
        apply_saved(rig, path)
    assert "its manifest is not what it was" in str(failure.value) or "schedule" in str(failure.value)
