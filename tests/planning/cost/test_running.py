"""What exists costs, step by step."""

from __future__ import annotations

import pytest

from novita_infra.catalogue.prices import Cost
from novita_infra.model.addresses import Address
from novita_infra.planning.cost.running import Outlook, RunningCost
from novita_infra.planning.plan.costs import Money, Row
from novita_infra.planning.plan.steps import Step, StepKind, action_named

A = Address("instance", "a")
OLD, NEW = Cost("old", 100), Cost("new", 700)


def step(call: str, *, undoes: bool = False) -> Step:
    return Step(f"{A}/{call}{undoes}", A, action_named(call), undoes=undoes)


CREATE, DELETE, STOP, UPGRADE, START = map(step, ("create", "delete", "stop", "upgrade", "start"))


def running(*steps: Step, before: tuple[Cost, ...] = (), after: tuple[Cost, ...] = (NEW,)) -> RunningCost:
    return RunningCost(Outlook(steps, cost=Money((Row(A, before, after),))))


def sums(cost: RunningCost, *events: tuple[str, Step]) -> list[int]:
    """The cost at first, and after each event."""
    seen = [int(cost.amount.most)]
    for what, one in events:
        getattr(cost, what)(one)
        seen.append(int(cost.amount.most))
    return seen


def test_a_created_object_costs_once_it_has_an_id() -> None:
    assert sums(running(CREATE), ("exists", CREATE), ("done", CREATE)) == [0, 700, 700]


def test_a_replacement_that_creates_first_costs_twice_between() -> None:
    cost = running(CREATE, DELETE, before=(OLD,))
    assert sums(cost, ("exists", CREATE), ("done", CREATE), ("done", DELETE)) == [100, 800, 800, 700]


def test_a_replacement_that_deletes_first_costs_nothing_between() -> None:
    cost = running(DELETE, CREATE, before=(OLD,))
    assert sums(cost, ("done", DELETE), ("done", CREATE)) == [100, 0, 700]


def test_an_update_costs_as_before_until_its_last_call_is_done() -> None:
    cost = running(UPGRADE, START, before=(OLD,))
    assert sums(cost, ("done", UPGRADE), ("done", START)) == [100, 100, 700]


def test_a_machine_that_is_stopped_for_an_update_costs_nothing_until_the_update_is_done() -> None:
    cost = running(STOP, UPGRADE, START, before=(OLD,))
    assert sums(cost, ("done", STOP), ("done", UPGRADE), ("done", START)) == [100, 0, 0, 700]


def test_what_the_rollback_deletes_costs_nothing_any_more() -> None:
    undone = step("delete", undoes=True)
    assert sums(running(CREATE), ("exists", CREATE), ("done", undone)) == [0, 700, 0]


def test_an_object_of_an_earlier_run_that_is_waited_for_costs_once() -> None:
    wait = Step(f"{A}/wait", A, StepKind.WAIT)
    assert sums(running(wait, before=(NEW,)), ("exists", wait), ("done", wait)) == [700, 700, 700]


@pytest.mark.parametrize("known", [True, False])
def test_an_unknown_price_is_said(known: bool) -> None:
    cost = running(CREATE, after=(NEW, Cost("disk", 5 if known else None)))
    assert cost.is_known
    cost.exists(CREATE)
    assert cost.is_known == known
