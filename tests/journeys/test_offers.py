"""Several products that would do: tried in order, the winner kept, and capacity waited for within its deadline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.applying.events import Outcome, Progressed
from novita_infra.model.diagnostics import EXIT_BLOCKED
from novita_infra.simulator import Fault, Trouble
from novita_infra.simulator.world.market.catalogue import set_stock
from novita_infra.views.content.events import event_line
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.text.state import record_lines

WISHES = [
    {"gpu": "H100", "cluster": "us-dallas-nas-2", "billingMode": "spot"},
    {"gpu": "L40S", "cluster": "us-ca-6"},
    {"gpu": "RTX 4090"},
]


def machine(**more: Any) -> tuple[str, str, dict[str, Any]]:
    return ("Instance", "a", {"product": {"anyOf": WISHES}, "image": "ubuntu:22.04", **more})


ONE = ("Instance", "a", {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"})


def no_stock(rig: Rig, count: int | None) -> None:
    rig.world.faults.add(
        Fault(
            kind=Trouble.STATUS, operation="instances.create", status=400, reason="INSUFFICIENT_RESOURCE", count=count
        )
    )


def test_the_first_wish_is_taken_where_it_can_be_had(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine())
    rig.apply()
    (live,) = rig.world.instances
    assert (live.product, live.cluster, live.billing) == ("H100-80GB.20c240g", "us-dallas-nas-2", "spot")
    rig.assert_converged()


def test_each_refused_offer_leads_to_the_next_and_the_choice_is_recorded(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine())
    no_stock(rig, 1)
    rig.apply()
    (live,) = rig.world.instances
    assert (live.product, live.cluster, live.billing) == ("L40S.16c96g", "us-ca-6", "onDemand")
    choice = rig.record("instance.a").choice
    assert choice["took"] == {"product": "L40S.16c96g", "cluster": "us-ca-6"}
    assert [passed["reason"] for passed in choice["passed"]] == ["INSUFFICIENT_RESOURCE: a fault of the simulator"]
    message = plain(record_lines(rig.record("instance.a")))
    assert 'chosen from several offers: {cluster: "us-ca-6", product: "L40S.16c96g"}' in message
    assert 'product: "H100-80GB.20c240g"}: INSUFFICIENT_RESOURCE' in message
    rig.assert_converged()


def test_the_choice_sticks_though_the_first_wish_is_there_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine())
    no_stock(rig, 2)
    rig.apply()
    before = rig.record("instance.a").id
    assert rig.plan().empty
    rig.declare(machine(command="sleep infinity"))
    rig.apply()
    assert rig.record("instance.a").id == before


def test_a_wish_that_the_machine_no_longer_satisfies_replaces_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine())
    rig.apply()
    rig.declare(("Instance", "a", {"product": {"anyOf": WISHES[1:]}, "image": "ubuntu:22.04"}))
    (change,) = rig.plan().plan.changes
    assert change.action.value == "replace"


def test_nothing_free_is_blocked_and_leaves_nothing_behind(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine())
    no_stock(rig, None)
    result = rig.apply(expect_success=False)
    (end,) = result.ends
    assert end.code == EXIT_BLOCKED
    assert "INSUFFICIENT_RESOURCE" in end.reason
    assert rig.state().records == {}


def test_capacity_is_waited_for_while_the_rest_goes_on(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    storage = ("NetworkStorage", "data", {"cluster": "us-dallas-nas-2", "sizeGb": 10})
    rig.declare(machine(), storage, a={"waitForCapacity": "30m"})
    no_stock(rig, 60)
    began = rig.clock.now()
    result = rig.apply()
    took = {str(end.step.address): end.elapsed for end in result.ends}
    assert took["network_storage.data"] < 20
    assert took["instance.a"] > 180
    assert rig.clock.now() - began < 1800
    rig.assert_converged()


def test_the_wait_for_capacity_has_an_end(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine(), a={"waitForCapacity": "10m"})
    no_stock(rig, None)
    began = rig.clock.now()
    (end,) = rig.apply(expect_success=False).ends
    assert end.code == EXIT_BLOCKED
    assert 540 < rig.clock.now() - began <= 600


@pytest.mark.parametrize(("wait", "pauses"), [("15s", [15]), ("20s", [20]), ("45s", [20, 20, 5])])
def test_the_last_attempt_is_made_at_the_end_of_the_wait(wait: str, pauses: list[float], tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(ONE, a={"waitForCapacity": wait})
    no_stock(rig, None)
    (end,) = rig.apply(expect_success=False).ends
    assert (rig.world.calls["instances.create"], round(end.elapsed)) == (1 + len(pauses), sum(pauses))
    assert end.code == EXIT_BLOCKED
    assert f"nothing came free in {sum(pauses)} s; try again later" in end.reason
    assert rig.state().records == {}


def test_what_comes_free_within_a_short_wait_is_bought(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(ONE, a={"waitForCapacity": "5s"})
    no_stock(rig, 1)
    rig.apply()
    rig.assert_converged()


def test_a_wait_for_capacity_is_reported_each_minute_with_its_length(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine(), a={"waitForCapacity": "30m"})
    no_stock(rig, 60)
    rig.apply()
    message = [plain([event_line(event)]) for event in rig.events if isinstance(event, Progressed) and event.note]
    first, *later = message
    assert (
        first == "         instance.a: create: waiting after 0s; INSUFFICIENT_RESOURCE: tried again for up to 30 min\n"
    )
    assert len(later) == 6  # about one a minute, with the last refusal
    assert all("tried again for up to 30 min; POST " in line and "INSUFFICIENT_RESOURCE" in line for line in later)


def test_an_interrupted_wait_for_capacity_is_reported_as_begun(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(ONE, a={"waitForCapacity": "30m"})
    no_stock(rig, None)
    began = rig.clock.now()
    result = rig.apply(
        expect_success=False, stop_when=lambda event: isinstance(event, Progressed) and event.status == "waiting"
    )
    (end,) = result.ends
    assert (result.interrupted, end.outcome) == (True, Outcome.SKIPPED)
    assert end.reason == "interrupted while it waited for capacity; nothing was made"
    assert rig.clock.now() - began < 20
    assert rig.state().records == {}


@pytest.mark.parametrize(("limit", "product"), [("0.40", "4090.16c62g"), (0.6, "L40S.16c96g")])
def test_an_offer_over_its_price_is_passed_over(limit: Any, product: str, tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    wishes = [{"gpu": "L40S", "maxPricePerHour": limit}, {"gpu": "RTX 4090", "maxPricePerHour": limit}]
    rig.declare(("Instance", "a", {"product": {"anyOf": wishes}, "image": "ubuntu:22.04"}))
    rig.apply()
    assert [live.product for live in rig.world.instances] == [product]
    rig.assert_converged()


def test_offers_passed_over_by_the_plan_are_recorded_with_the_reason(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    wishes = [
        {"gpu": "H100", "maxPricePerHour": 1},
        {"gpu": "H100", "cluster": "us-ca-6", "billingMode": "spot"},
        {"gpu": "L40S"},
        {"gpu": "RTX 4090"},
    ]
    set_stock(rig.world, products="L40S*", clusters="*", places=0)
    rig.declare(("Instance", "a", {"product": {"anyOf": wishes}, "image": "ubuntu:22.04"}))
    rig.apply()
    choice = rig.record("instance.a").choice
    assert choice["took"] == {"product": "4090.16c62g"}
    assert choice["passed"] == [
        {"offer": {"product": "H100-80GB.20c240g"}, "reason": "it costs $2.35/h, over maxPricePerHour"},
        {
            "offer": {"product": "H100", "cluster": "us-ca-6", "billingMode": "spot"},
            "reason": "it is not in us-ca-6 (US-CA-06 (California))",
        },
        {"offer": {"product": "L40S.16c96g"}, "reason": "none was free"},
    ]
    rig.assert_converged()


def test_offers_above_the_price_limit_are_reported_with_their_prices(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    wishes = [{"gpu": "H100", "maxPricePerHour": 1}]
    rig.declare(("Instance", "a", {"product": {"anyOf": wishes}, "image": "ubuntu:22.04"}))
    (message,) = rig.plan().problems
    assert "$2.35/h" in message.summary
